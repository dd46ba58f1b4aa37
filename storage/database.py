"""The database: how it is opened, and the two ways of talking to it, reading and writing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, Self

from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.columns import to_json
from storage.connection import SENDERS, Awaited, Immediate, finished
from storage.place import Place
from storage.trouble import READING, WATCHED, TroubleError, Watched
from storage.turns import PATIENCE_SECONDS, Turn, Writer
from storage.unit import Storage
from storage.waiting import waits

CONNECTING_SECONDS = 10
_READERS = 3
_WAIT_FOR_A_CONNECTION = 120  # seconds


class _Readers(Protocol):
    """Connections that only read."""

    def connect(self) -> AbstractAsyncContextManager[Immediate | Awaited]:
        """Lend one."""

    async def close(self) -> None:
        """Close them all."""


class _Writers(Protocol):
    """Connections that write."""

    dialect: Dialect

    def turn(self, *, briefly: bool) -> AbstractAsyncContextManager[Turn | Awaited]:
        """Lend one."""

    async def live_as(self, name: str) -> None:
        """Show that a sender of this name lives."""

    async def close(self) -> None:
        """Close them all."""


class Database:
    """An open database. SQLite: one connection writes, three read. PostgreSQL: one pool for both.

    Every call raises TroubleError when storage does not work, and may be made again.
    """

    def __init__(self, readers: _Readers, writers: _Writers) -> None:
        self._readers = readers
        self._writers = writers

    @classmethod
    def open(cls, url: str) -> Self:
        """Open what `url` names (`sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://...`); connects when first used.

        Raises ValueError for any other kind of database, and for SQLite in memory (readers could not see it).
        """
        parsed = understood(url)
        if not is_sqlite(parsed):
            pool = create_async_engine(
                parsed,
                pool_pre_ping=True,
                pool_timeout=_WAIT_FOR_A_CONNECTION,
                connect_args={"timeout": CONNECTING_SECONDS},
                **_OPTIONS,
            )
            return cls(_PostgresReaders(pool), _PostgresWriters(pool))
        place = Place(Path(parsed.database or ""))
        engine = create_engine("sqlite://", creator=place.connect, poolclass=NullPool, **_OPTIONS)
        _on_connecting(
            engine,
            f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}",
            "PRAGMA journal_mode = WAL",
            "PRAGMA foreign_keys = ON",
            "PRAGMA synchronous = FULL",
            "PRAGMA cache_size = -16000",
            "PRAGMA busy_timeout = 0",
        )
        return cls(_SqliteReaders(place), Writer(engine, place))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Storage]:
        """Read one moment's state; writing fails."""
        async with self._readers.connect() as connection:
            yield Storage(connection)

    @asynccontextmanager
    async def write(self, *, briefly: bool = False) -> AsyncIterator[Storage]:
        """Read and write in one transaction; nothing is kept without `await storage.commit()`.

        `briefly`: a few rows, and nothing else is waited for meanwhile. SQLite then does it several times as fast.
        """
        async with self._writers.turn(briefly=briefly) as connection:
            yield Storage(connection)

    @property
    def shared(self) -> bool:
        """Whether several bots may work on it at once: on PostgreSQL they may."""
        return self._writers.dialect.name != "sqlite"

    async def live_as(self, name: str) -> None:
        """Show other processes that a sender of this name lives, until this one ends.

        A connection that breaks shows it no longer: to be called every few seconds. Raises what the database raises.
        """
        await self._writers.live_as(name)

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.close()
        await self._writers.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()


_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_serializer": to_json}


class _SqliteReaders:
    """A few connections with small caches: each keeps its own, and a pool of many took gigabytes."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._engine = create_engine(
            "sqlite://",
            creator=place.connect,
            poolclass=QueuePool,
            pool_size=_READERS,
            max_overflow=0,
            **_OPTIONS,
        )
        tell_sqlite(
            self._engine,
            "BEGIN",
            "PRAGMA busy_timeout = 5000",
            "PRAGMA query_only = ON",
            "PRAGMA cache_size = -4000",
        )
        self._free = asyncio.Semaphore(_READERS)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Immediate]:
        with waits(lasts=True):
            await self._free.acquire()
        try:
            self._place.look()
            with READING:
                connection = self._idle.pop() if self._idle else self._engine.connect()
            try:
                yield Immediate(connection)
            except TroubleError:
                self._let_go(connection)  # something may be wrong with it
                raise
            except BaseException:
                self._put_back(connection)
                raise
            self._put_back(connection)
        finally:
            self._free.release()

    def _put_back(self, connection: Connection) -> None:
        with READING:
            connection.rollback()
        self._idle.append(connection)

    def _let_go(self, connection: Connection) -> None:
        connection.invalidate()
        with suppress(SQLAlchemyError):
            connection.close()

    async def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._engine.dispose()


class _PostgresReaders:
    """Read-only transactions that see one moment, over the common pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Awaited]:
        async with _lent(self._engine, READING) as connection:
            yield connection

    async def close(self) -> None:
        """Leave it to the writers, whose pool it is."""


class _PostgresWriters:
    """Transactions over the common pool, all of them alike."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.dialect = engine.dialect
        self._engine = engine
        self._life: AsyncConnection | None = None
        self._names: set[str] = set()  # whose locks it holds
        self._living = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, *, briefly: bool) -> AsyncIterator[Awaited]:  # noqa: ARG002
        async with _lent(self._engine, WATCHED) as connection:
            yield connection

    async def live_as(self, name: str) -> None:
        async with self._living:
            try:
                with WATCHED:
                    await self._show(name)
            except BaseException:
                await self._die()
                raise

    async def _show(self, name: str) -> None:
        if self._life is None:
            self._life = await self._engine.connect()
            await self._life.execution_options(isolation_level="AUTOCOMMIT")
        if name in self._names:
            await self._life.execute(text("SELECT 1"))
        else:
            await self._life.execute(_LIVE, {"name": name})
            self._names.add(name)

    async def _die(self) -> None:
        life, self._life = self._life, None
        self._names.clear()
        if life is not None:
            with suppress(SQLAlchemyError, OSError):
                await life.invalidate()  # a lock belongs to the connection, which is not to go back to the pool
                await life.close()

    async def close(self) -> None:
        await self._die()
        await self._engine.dispose()


@asynccontextmanager
async def _lent(engine: AsyncEngine, watched: Watched) -> AsyncIterator[Awaited]:
    """Lend a connection of the pool; one that broke does not come back to it."""
    with waits(lasts=True), watched:
        connection = await engine.connect()
    try:
        yield Awaited(connection, watched)
    finally:
        with waits(lasts=True), suppress(SQLAlchemyError, OSError):
            await finished(asyncio.ensure_future(connection.close()))


_LIVE = text("SELECT pg_advisory_lock(:senders, hashtext(:name))").bindparams(senders=SENDERS)


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
    _on_connecting(engine, *pragmas)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(begin)
        cursor.close()


def _on_connecting(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
