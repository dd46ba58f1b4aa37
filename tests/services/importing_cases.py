"""What the tests of importing share: the sample files, a university in a database, a dump of its tables."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from policy.profile import load_profile
from services.importing import Imported, Kind, Preview, apply, preview
from storage.database import Database
from storage.tables import metadata

SAMPLES = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 1, 20, 8, tzinfo=UTC)
PROFILE = load_profile(None)
_NOT_FACTS = {"changes", "imports", "outbox", "alembic_version"}


async def look(database: Database, kind: str, source: bytes | str, *, now: datetime = NOW) -> Preview:
    """Preview a sample file by name, or the bytes of a file."""
    async with database.read() as storage:
        return await preview(
            storage,
            kind=Kind(kind),
            source=SAMPLES / source if isinstance(source, str) else source,
            file_name=source if isinstance(source, str) else "file",
            profile=PROFILE,
            now=now,
        )


async def load(database: Database, kind: str, source: bytes | str, *, now: datetime = NOW) -> int:
    """Load a file that must be fine and new; return the import's number."""
    shown = await look(database, kind, source, now=now)
    assert shown.refusals == ()
    async with database.write() as storage:
        done = await apply(storage, shown, now=now, actor=None)
    assert isinstance(done, Imported)
    return done.import_id


async def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that holds facts."""
    async with database.read() as storage:
        return {
            table.name: [
                tuple(row)
                for row in await storage.marks._connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
            if table.name not in _NOT_FACTS
        }
