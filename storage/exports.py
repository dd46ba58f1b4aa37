"""Refused exports: all that was wrong with a file of the watched folder, kept for the message that tells it."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from storage.connection import Connection
from storage.tables import refused_exports


class RefusedExports:
    """Refused files by number; the refusals are JSON values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, file_name: str, refusals: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
        """Keep what is wrong with a file and return its number."""
        written = zlib.compress(json.dumps(refusals, ensure_ascii=False).encode())
        row = {"file_name": file_name, "refusals": written, "at": at}
        kept: int = (await self._connection.execute(_KEEP, row)).scalar_one()
        return kept

    async def refusals_of(self, number: int) -> tuple[str, list[dict[str, Any]]] | None:
        """Give the name of a refused file and all that was wrong with it; None when it is forgotten."""
        row = (await self._connection.execute(_BY_ID, {"id": number})).first()
        return (row.file_name, json.loads(zlib.decompress(row.refusals))) if row else None

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget files refused before this instant; return how many."""
        return (await self._connection.execute(_DROP_OLDER, {"before": instant})).rowcount


_KEEP = refused_exports.insert().returning(refused_exports.c.id)
_BY_ID = select(refused_exports).where(refused_exports.c.id == bindparam("id"))
_DROP_OLDER = refused_exports.delete().where(refused_exports.c.at < bindparam("before"))
