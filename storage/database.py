"""The database: how it is opened, and the two ways of talking to it, reading and writing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.columns import to_json
from storage.unit import Storage

_READERS = 3
_KEYS = "PRAGMA foreign_keys = ON"
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
        parsed = understood(url)
        options: dict[str, Any] = {
            "hide_parameters": True,
            "json_serializer": to_json,
            "pool_timeout": _WAIT_FOR_A_CONNECTION,
        }
        if not is_sqlite(parsed):
            writer = create_async_engine(parsed, pool_pre_ping=True, **options)
            readers = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return cls(readers, writer)
        writer = create_async_engine(parsed, pool_size=1, max_overflow=0, **options)
        tell_sqlite(writer, "BEGIN IMMEDIATE", _KEYS, "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16000")
        readers = create_async_engine(parsed, pool_size=_READERS, max_overflow=0, **options)
        tell_sqlite(readers, "BEGIN", "PRAGMA query_only = ON", "PRAGMA cache_size = -4000")
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


def understood(url: str) -> URL:
    """Read a `DATABASE_URL`; raises ValueError unless it is a SQLite file or PostgreSQL, with the drivers we use."""
    parsed = make_url(url)
    if parsed.drivername not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
        raise ValueError(f"{parsed.drivername} is not sqlite+aiosqlite or postgresql+asyncpg")
    if is_sqlite(parsed) and parsed.database in {None, "", ":memory:"}:
        raise ValueError("SQLite must be a file")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Tell SQLite from PostgreSQL."""
    return url.get_backend_name() == "sqlite"


def tell_sqlite(engine: AsyncEngine, begin: str, *pragmas: str) -> None:
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
