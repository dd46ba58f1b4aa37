"""The database: how it is brought up to date and opened, and the two ways of talking to it, reading and writing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, NullPool, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.columns import to_json
from storage.unit import Storage

_READERS = 3
_KEYS = "PRAGMA foreign_keys = ON"
_MIGRATION_LOCK = 5_306_005  # any number nobody else locks in this database
_WAIT_FOR_A_CONNECTION = 120  # seconds; a large import is one transaction and holds the writer


class Database:
    """An open database. SQLite: one connection writes, three read. PostgreSQL: one pool for both."""

    def __init__(self, readers: AsyncEngine, writer: AsyncEngine) -> None:
        self._readers = readers
        self._writer = writer

    @classmethod
    def open(cls, url: str) -> Self:
        """Open what `url` names (`sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://...`); connects when first used.

        Raises ValueError for any other kind of database, and for SQLite in memory (readers could not see it).
        """
        parsed = _understood(url)
        options: dict[str, Any] = {
            "hide_parameters": True,
            "json_serializer": to_json,
            "pool_timeout": _WAIT_FOR_A_CONNECTION,
        }
        if not _is_sqlite(parsed):
            writer = create_async_engine(parsed, pool_pre_ping=True, **options)
            readers = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return cls(readers, writer)
        writer = create_async_engine(parsed, pool_size=1, max_overflow=0, **options)
        _tell_sqlite(writer, "BEGIN IMMEDIATE", _KEYS, "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16000")
        readers = create_async_engine(parsed, pool_size=_READERS, max_overflow=0, **options)
        _tell_sqlite(readers, "BEGIN", "PRAGMA query_only = ON", "PRAGMA cache_size = -4000")
        return cls(readers, writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Storage]:
        """Read one moment's state; writing fails."""
        async with self._readers.connect() as connection:
            yield Storage(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Storage]:
        """Read and write in one transaction; nothing is kept without `await storage.commit()`."""
        async with self._writer.connect() as connection:
            yield Storage(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        await self._writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()


def migrate(url: str) -> None:
    """Bring the tables up to date, making a new SQLite file readable to its owner only; no event loop may run here.

    Two processes that start at once take turns. Raises ValueError as `Database.open` does.
    """
    asyncio.run(_migrate(_understood(url)))


def is_current(url: str) -> bool:
    """Tell whether the tables are up to date, changing nothing; no event loop may run here."""
    parsed = _understood(url)
    if _is_sqlite(parsed) and not Path(parsed.database or "").exists():
        return False
    return asyncio.run(_is_current(parsed))


async def _migrate(url: URL) -> None:
    from alembic import command

    from storage.migrations.compare import configuration

    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    if _is_sqlite(url):
        file = Path(url.database or "")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        # Foreign keys stay off: rebuilding a table would empty those that refer to it.
        _tell_sqlite(engine, "BEGIN IMMEDIATE", "PRAGMA synchronous = FULL")
    async with engine.begin() as connection:
        if not _is_sqlite(url):
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), "head"))
        if _is_sqlite(url) and (orphans := (await connection.execute(text("PRAGMA foreign_key_check"))).all()):
            raise RuntimeError(f"the migration would leave rows that refer to nothing, in {orphans[0][0]}")
    await engine.dispose()


async def _is_current(url: URL) -> bool:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from storage.migrations.compare import configuration

    def compare(connection: Connection) -> bool:
        heads = ScriptDirectory.from_config(configuration(connection)).get_heads()
        return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)

    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


def _understood(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
        raise ValueError(f"{parsed.drivername} is not sqlite+aiosqlite or postgresql+asyncpg")
    if _is_sqlite(parsed) and parsed.database in {None, "", ":memory:"}:
        raise ValueError("SQLite must be a file")
    return parsed


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _tell_sqlite(engine: AsyncEngine, begin: str, *pragmas: str) -> None:
    """Make SQLite keep its promises on every connection, and let us say how a transaction begins."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin on its own, and too late
        cursor = connection.cursor()
        for pragma in (
            "PRAGMA busy_timeout = 60000",
            "PRAGMA journal_mode = WAL",
            *pragmas,
        ):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
