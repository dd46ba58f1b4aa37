"""How the tables came to be what they are, step by step (Alembic); there is no way down but a backup."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import is_sqlite, tell_sqlite, understood
from storage.migrations.compare import configuration

_LOCK = 5_306_005  # any number nobody else locks in a PostgreSQL database


def migrate(url: str) -> None:
    """Bring the tables up to date, making a new SQLite file readable to its owner only; no event loop may run here.

    Two processes that start at once take turns. Raises ValueError as `Database.open` does.
    """
    parsed = understood(url)
    if is_sqlite(parsed):
        file = Path(parsed.database or "")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    asyncio.run(_migrate(parsed))


def is_current(url: str) -> bool:
    """Tell whether the tables are up to date, changing nothing; no event loop may run here."""
    parsed = understood(url)
    if is_sqlite(parsed) and not Path(parsed.database or "").exists():
        return False
    return asyncio.run(_is_current(parsed))


async def _migrate(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    if is_sqlite(url):
        # Foreign keys stay off: rebuilding a table would empty those that refer to it.
        tell_sqlite(
            engine.sync_engine,
            "BEGIN IMMEDIATE",
            "PRAGMA busy_timeout = 60000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
        )
    async with engine.begin() as connection:
        if not is_sqlite(url):
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), "head"))
        if is_sqlite(url) and (orphans := (await connection.execute(text("PRAGMA foreign_key_check"))).all()):
            raise RuntimeError(f"the migration would leave rows that refer to nothing, in {orphans[0][0]}")
    await engine.dispose()


async def _is_current(url: URL) -> bool:
    def compare(connection: Connection) -> bool:
        heads = ScriptDirectory.from_config(configuration(connection)).get_heads()
        return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)

    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()
