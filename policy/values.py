"""What a parameter's value may be: readers that take a TOML value, or say what is allowed."""

from collections.abc import Callable, Iterable
from datetime import time
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)

Reader = Callable[[object], _T]
"""Stands in a chapter's fields: ``rating_weight: Annotated[Decimal, share]``."""


class NotAllowedError(ValueError):
    """A value that may not stand where it does; ``path`` leads from the parameter to the part that is wrong."""

    def __init__(self, value: object, allowed: str, path: str = "") -> None:
        """Keep the value, what would be allowed, and where."""
        super().__init__(f"{path or 'value'} = {value!r}; allowed: {allowed}")
        self.value = value
        self.allowed = allowed
        self.path = path


def whole(lowest: int, highest: int) -> Reader[int]:
    """Read a whole number from ``lowest`` to ``highest``, both inclusive."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise NotAllowedError(value, f"a whole number from {lowest} to {highest}")
        return value

    return read


def number(lowest: int, highest: int) -> Reader[Decimal]:
    """Read an exact number from ``lowest`` to ``highest``, both inclusive."""

    def read(value: object) -> Decimal:
        allowed = f"a number from {lowest} to {highest}"
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise NotAllowedError(value, allowed)
        exact = Decimal(value)
        if not exact.is_finite() or not lowest <= exact <= highest:
            raise NotAllowedError(value, allowed)
        return exact

    return read


share: Final = number(0, 1)


def switch(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise NotAllowedError(value, "true or false")
    return value


def text(value: object) -> str:
    """Read a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise NotAllowedError(value, "a text that is not empty")
    return value


def text_or_nothing(value: object) -> str:
    """Read a text; an empty one says that the university has not told."""
    if not isinstance(value, str):
        raise NotAllowedError(value, "a text, or an empty one")
    return value


def choice(options: type[_E]) -> Reader[_E]:
    """Read one of an enumeration's values."""

    def read(value: object) -> _E:
        try:
            return options(str(value))
        except ValueError:
            raise NotAllowedError(value, "one of " + ", ".join(options)) from None

    return read


def several(reader: Reader[_T]) -> Reader[tuple[_T, ...]]:
    """Read a list of at least one, without repetition."""

    def read(value: object) -> tuple[_T, ...]:
        if not isinstance(value, list) or not value:
            raise NotAllowedError(value, "a list of at least one")
        items = tuple(_at(f"[{place}]", reader, item) for place, item in enumerate(value))
        if any(item in items[:place] for place, item in enumerate(items)):
            raise NotAllowedError(value, "a list without repetition")
        return items

    return read


def table(**readers: Reader[Any]) -> Reader[dict[str, Any]]:
    """Read a table that has exactly these keys."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NotAllowedError(value, "a table with " + ", ".join(readers))
        for key in value:
            if key not in readers:
                raise NotAllowedError(value[key], f"no such key{near(key, readers)}", key)
        for key in readers:
            if key not in value:
                raise NotAllowedError(None, "a value: this key is missing", key)
        return {key: _at(key, reader, value[key]) for key, reader in readers.items()}

    return read


def weights(*names: str) -> Reader[dict[str, Decimal]]:
    """Read the weight of each of these; together they are 1."""
    parts = table(**dict.fromkeys(names, share))

    def read(value: object) -> dict[str, Decimal]:
        read_parts = parts(value)
        if sum(read_parts.values()) != 1:
            raise NotAllowedError({name: str(part) for name, part in read_parts.items()}, "weights that sum to 1")
        return read_parts

    return read


def hour(value: object) -> time:
    """Read an hour of the day, local."""
    if not isinstance(value, time) or value.tzinfo is not None:
        raise NotAllowedError(value, "a local time, as 13:00:00")
    return value


def hour_or_end_of_day(value: object) -> time | None:
    """Read an hour, or ``end_of_day`` as None."""
    if value == "end_of_day":
        return None
    if not isinstance(value, time) or value.tzinfo is not None:
        raise NotAllowedError(value, 'a local time, as 13:00:00, or "end_of_day"')
    return value


def zone(value: object) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        names = available_timezones()
        raise NotAllowedError(value, f"a time zone, as Asia/Almaty{near(str(value), names)}") from None


def near(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that is most like this one, or nothing."""
    alike = get_close_matches(word, known, n=1)
    return f" (did you mean {alike[0]}?)" if alike else ""


def _at(path: str, reader: Reader[_T], value: object) -> _T:
    try:
        return reader(value)
    except NotAllowedError as error:
        tail = error.path if not error.path or error.path.startswith("[") else f".{error.path}"
        raise NotAllowedError(error.value, error.allowed, path + tail) from None
