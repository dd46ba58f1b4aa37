"""The database: how it is opened, and the two ways of talking to it, reading and writing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, Self

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.columns import to_json
from storage.connection import Awaited, Immediate
from storage.unit import Storage

DatabaseError = DBAPIError
"""What any call may raise when the database does not answer, or not as it should."""

_READERS = 3
_WAIT_FOR_A_CONNECTION = 120  # seconds; a large import is one transaction and holds the writer


class _Readers(Protocol):
    """Connections that only read."""

    def connect(self) -> AbstractAsyncContextManager[Immediate | Awaited]:
        """Lend one."""

    async def close(self) -> None:
        """Close them all."""


class Database:
    """An open database. SQLite: one connection writes, three read. PostgreSQL: one pool for both."""

    def __init__(self, readers: _Readers, writer: AsyncEngine) -> None:
        self._readers = readers
        self._writer = writer

    @classmethod
    def open(cls, url: str) -> Self:
        """Open what `url` names (`sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://...`); connects when first used.

        Raises ValueError for any other kind of database, and for SQLite in memory (readers could not see it).
        """
        parsed = understood(url)
        if not is_sqlite(parsed):
            writer = create_async_engine(parsed, pool_pre_ping=True, pool_timeout=_WAIT_FOR_A_CONNECTION, **_OPTIONS)
            return cls(_PostgresReaders(writer), writer)
        writer = create_async_engine(
            parsed, pool_size=1, max_overflow=0, pool_timeout=_WAIT_FOR_A_CONNECTION, **_OPTIONS
        )
        tell_sqlite(
            writer.sync_engine,
            "BEGIN IMMEDIATE",
            "PRAGMA busy_timeout = 60000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA foreign_keys = ON",
            "PRAGMA synchronous = FULL",
            "PRAGMA cache_size = -16000",
        )
        return cls(_SqliteReaders(parsed), writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Storage]:
        """Read one moment's state; writing fails."""
        async with self._readers.connect() as connection:
            yield Storage(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Storage]:
        """Read and write in one transaction; nothing is kept without `await storage.commit()`."""
        async with self._writer.connect() as connection:
            yield Storage(Awaited(connection))

    @property
    def shared(self) -> bool:
        """Whether several bots may work on it at once: on PostgreSQL they may."""
        return self._writer.dialect.name != "sqlite"

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.close()
        await self._writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()


_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_serializer": to_json}


class _SqliteReaders:
    """A few connections with small caches: each keeps its own, and a pool of many took gigabytes."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite"), poolclass=QueuePool, pool_size=_READERS, max_overflow=0, **_OPTIONS
        )
        tell_sqlite(
            self._engine,
            "BEGIN",
            "PRAGMA busy_timeout = 5000",
            "PRAGMA query_only = ON",
            "PRAGMA cache_size = -4000",
        )
        self._free = asyncio.Semaphore(_READERS)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Immediate]:
        async with self._free:
            with self._engine.connect() as connection:
                yield Immediate(connection)

    async def close(self) -> None:
        self._engine.dispose()


class _PostgresReaders:
    """Read-only transactions that see one moment, over the common pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Awaited]:
        async with self._engine.connect() as connection:
            yield Awaited(connection)

    async def close(self) -> None:
        """Leave it to the writer, whose pool it is."""


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


def tell_sqlite(engine: Engine, begin: str, *pragmas: str) -> None:
    """Set every connection up, and say how a transaction begins: left alone, the driver begins too late."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(begin)
        cursor.close()
