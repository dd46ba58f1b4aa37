"""The pulse: when something last happened that is to happen again, a poll, a backup, a sweep, an alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.connection import Connection
from storage.tables import pulse
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Beat:
    """When something last happened, and what there is to say about it (JSON values)."""

    at: datetime
    detail: Mapping[str, Any] | None


class Pulse:
    """The last time of each thing, by its name ("poll", "backup", "import:marks")."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def beat(self, name: str, *, at: datetime, detail: Mapping[str, Any] | None = None) -> None:
        """Keep that something happened, over the time before."""
        await upsert(self._connection, pulse, [{"name": name, "at": at, "detail": detail}])

    async def last(self, name: str) -> Beat | None:
        """Give the last time of something; None when it never happened."""
        row = (await self._connection.execute(_LAST, {"name": name})).first()
        return Beat(row.at, row.detail) if row else None

    async def like(self, prefix: str) -> dict[str, Beat]:
        """Give the last time of everything whose name begins so ("import:"), by name."""
        rows = await self._connection.execute(_LIKE, {"prefix": prefix})
        return {row.name: Beat(row.at, row.detail) for row in rows}

    async def take_turn(self, name: str, *, at: datetime, every: timedelta) -> bool:
        """Let something happen that happens once in `every`: True for the one who is to do it, of all processes.

        A time that lies further ahead than that was written before the clock was set back.
        """
        insert = (sqlite if self._connection.dialect.name == "sqlite" else postgresql).insert(pulse)
        statement = insert.on_conflict_do_update(
            index_elements=[pulse.c.name],
            set_={"at": insert.excluded.at},
            where=or_(pulse.c.at <= bindparam("latest"), pulse.c.at > bindparam("never")),
        )
        given = {"name": name, "at": at, "latest": at - every, "never": at + every}
        taken = await self._connection.execute(statement, given)
        return taken.rowcount > 0


_LAST = select(pulse).where(pulse.c.name == bindparam("name"))
_LIKE = select(pulse).where(pulse.c.name.startswith(bindparam("prefix"))).order_by(pulse.c.name)
