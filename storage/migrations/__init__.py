"""How the tables came to be what they are, step by step (Alembic); there is no way down but a backup."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.database import is_sqlite, tell_sqlite, understood
from storage.migrations.compare import configuration
from storage.trouble import WATCHED

_LOCK = 5_306_005  # any number nobody else locks in a PostgreSQL database


def migrate(url: str) -> None:
    """Bring the tables up to date, making a new SQLite file readable to its owner only; no event loop may run here.

    Two processes that start at once take turns. Raises ValueError as `Database.open` does, TroubleError.
    """
    parsed = understood(url)
    with WATCHED:
        make_room(parsed)
        asyncio.run(_migrate(parsed))


def make_room(url: URL) -> None:
    """Make the file of a SQLite database, readable to its owner only, where there is none."""
    if is_sqlite(url):
        file = Path(url.database or "")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)


def is_there(url: str) -> bool:
    """Tell whether there is a database that can be asked; a server's counts as there."""
    parsed = understood(url)
    return not is_sqlite(parsed) or Path(parsed.database or "").exists()


def is_current(url: str) -> bool:
    """Tell whether the tables are up to date, changing nothing; no event loop may run here. Raises TroubleError."""
    parsed = understood(url)
    if not is_there(url):
        return False
    with WATCHED:
        return asyncio.run(_is_current(parsed))


async def _migrate(url: URL) -> None:
    async with changing(url) as connection:
        await connection.run_sync(lambda sync: take_steps(sync, "head"))


@asynccontextmanager
async def changing(url: URL) -> AsyncIterator[AsyncConnection]:
    """Lend a connection to change tables with, in one transaction, kept when nothing is raised; processes take turns.

    Raises RuntimeError, and keeps nothing, when rows of SQLite would refer to nothing.
    """
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
    try:
        async with engine.begin() as connection:
            if not is_sqlite(url):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection
            if is_sqlite(url) and (orphans := (await connection.execute(text("PRAGMA foreign_key_check"))).all()):
                raise RuntimeError(f"the migration would leave rows that refer to nothing, in {orphans[0][0]}")
    finally:
        await engine.dispose()


def take_steps(connection: Connection, revision: str) -> None:
    """Take the steps that are missing up to a revision."""
    command.upgrade(configuration(connection), revision)


def head() -> str:
    """Return the last revision this program knows."""
    return _script().get_heads()[0]


def knows(revision: str) -> bool:
    """Tell whether this program knows a revision."""
    return any(step.revision == revision for step in _script().walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """Return the revision a database stands at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def forget_tables(connection: Connection, names: Iterable[str]) -> None:
    """Drop these tables, those that refer to others first, and all that the steps made besides tables."""
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in (*names, "alembic_version"):
        connection.execute(text(f'DROP TABLE IF EXISTS "{name}"{cascade}'))
    if cascade:
        connection.execute(text("DROP FUNCTION IF EXISTS refuse_to_alter_history()"))


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration(None))


async def _is_current(url: URL) -> bool:
    def compare(connection: Connection) -> bool:
        return revision_of(connection) == head()

    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()
