"""Column types that lose nothing: instants keep their zone, marks keep every digit, on SQLite and PostgreSQL alike."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Numeric, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC and returned in UTC; a naive one is refused with ValueError.

    SQLite has no such type: there it is text of one fixed length, so that text order is time order.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(32) if dialect.name == "sqlite" else DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.isoformat(timespec="microseconds") if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], datetime | None] | None:
        return _instant if dialect.name == "sqlite" else None


class Exact(TypeDecorator[Decimal]):
    """An exact decimal (a mark, credits, a percentage), never a float; a float is refused with TypeError.

    SQLite would turn it into a float: there it is text.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(32) if dialect.name == "sqlite" else Numeric()

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, (Decimal, int)):
            raise TypeError(f"an exact decimal cannot be made of a {type(value).__name__}")
        value = Decimal(value)
        if not value.is_finite():
            raise ValueError("an exact decimal must be finite")
        return format(value, "f") if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Decimal | None] | None:
        return _exact if dialect.name == "sqlite" else None


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON")


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)


def to_json(value: object) -> str:
    """Write JSON as it is stored: Kazakh readable, decimals and dates as text."""
    return _JSON.encode(value)


class _Read(dict[str | None, Any]):
    """What was read from a text lately: the same marks and instants come again and again."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__({None: None})
        self._read = read

    def __missing__(self, text: str) -> Any:
        """Read a text for the first time, or for the first time in a while."""
        if len(self) > 20_000:
            self.clear()
            self[None] = None
        value = self[text] = self._read(text)
        return value


_instant = _Read(datetime.fromisoformat).__getitem__
_exact = _Read(Decimal).__getitem__
