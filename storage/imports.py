"""Imports: which files were loaded, by whom, and which were undone."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, select

from storage.connection import Connection
from storage.records import Import
from storage.tables import imports


class Imports:
    """Files that were loaded, by their number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take_turn(self) -> None:
        """Wait until no other transaction imports or undoes; held to the end of this one (SQLite has one writer)."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(_TAKE_TURN)

    async def record(
        self, *, kind: str, file_name: str, sha256: str, actor: str | None, at: datetime, counts: Mapping[str, int]
    ) -> int:
        """Keep that a file was loaded and return the import's number, which the history refers to."""
        row = {
            "kind": kind,
            "file_name": file_name,
            "sha256": sha256,
            "actor": actor,
            "at": at,
            "counts": counts,
        }
        made: int = (await self._connection.execute(_RECORD, row)).scalar_one()
        return made

    async def by_id(self, import_id: int) -> Import | None:
        """Give an import by its number."""
        row = (await self._connection.execute(_BY_ID, {"id": import_id})).first()
        return Import(*row) if row else None

    async def latest(self, *, limit: int = 20) -> tuple[Import, ...]:
        """Give the latest imports, newest first."""
        rows = await self._connection.execute(_LATEST, {"limit": limit})
        return tuple(Import(*row) for row in rows)

    async def of_file(self, sha256: str, *, since: datetime) -> Import | None:
        """Give the latest import of exactly this file that was done since an instant."""
        row = (await self._connection.execute(_OF_FILE, {"sha256": sha256, "since": since})).first()
        return Import(*row) if row else None

    async def last_at(self, kind: str) -> datetime | None:
        """Tell when a file of this kind was last loaded that was not taken back."""
        at: datetime | None = await self._connection.scalar(_LAST_AT, {"kind": kind})
        return at

    async def mark_undone(self, import_id: int, *, at: datetime, by: str | None) -> bool:
        """Keep that an import was undone; True once only."""
        changed = await self._connection.execute(_UNDONE, {"of_id": import_id, "new_at": at, "new_by": by})
        return changed.rowcount > 0


_TAKE_TURN = select(func.pg_advisory_xact_lock(0x6B656E6573))  # "kenes"
_RECORD = imports.insert().returning(imports.c.id)
_BY_ID = select(imports).where(imports.c.id == bindparam("id"))
_LATEST = select(imports).order_by(imports.c.id.desc()).limit(bindparam("limit"))
_OF_FILE = (
    select(imports)
    .where(imports.c.sha256 == bindparam("sha256"), imports.c.at >= bindparam("since"))
    .order_by(imports.c.id.desc())
    .limit(1)
)
_LAST_AT = (
    select(imports.c.at)
    .where(imports.c.kind == bindparam("kind"), imports.c.undone_at.is_(None))
    .order_by(imports.c.id.desc())
    .limit(1)
)
_UNDONE = (
    imports.update()
    .where(imports.c.id == bindparam("of_id"), imports.c.undone_at.is_(None))
    .values(undone_at=bindparam("new_at"), undone_by=bindparam("new_by"))
)
