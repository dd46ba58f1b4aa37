"""Storage that fails as it does in life, and works again: for tests in this process."""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from storage.place import Place

NO_LIMIT = 1_073_741_823  # SQLite's own
NOBODY = 65_534


class Disk:
    """The disk of SQLite's files, as large as it is told to be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._full = False
        connect = Place.connect

        def counted(place: Place) -> sqlite3.Connection:
            connection = connect(place)
            self._connections.append(connection)
            self._limit(connection)
            return connection

        monkeypatch.setattr(Place, "connect", counted)

    def fill(self) -> None:
        """Let no file grow from now on."""
        self._change(full=True)

    def clear(self) -> None:
        """Make room."""
        self._change(full=False)

    def _change(self, *, full: bool) -> None:
        self._full = full
        for connection in [*self._connections]:
            try:
                self._limit(connection)
            except sqlite3.ProgrammingError:  # closed
                self._connections.remove(connection)

    def _limit(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {1 if self._full else NO_LIMIT}")  # no less than there are


def file_of(database_url: str) -> Path:
    """Return the file of a SQLite database."""
    return Path(database_url.partition("///")[2])


async def on_postgres(database_url: str, command: str) -> Any:
    """Run a command past everything."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), timeout=10)
    try:
        return await connection.fetchval(command)
    finally:
        await connection.close()


async def end_connections(database_url: str) -> int:
    """End every connection to a PostgreSQL database, as a failover does; return how many there were."""
    ended: int = await on_postgres(
        database_url,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return ended


@contextmanager
def read_only(file: Path, *, folder: bool = False) -> Iterator[None]:
    """Let a file be read and not written to, nor its folder if that is meant, by somebody who is not root."""
    was = os.geteuid()
    file.parent.chmod(0o755 if folder else 0o777)
    file.chmod(0o644)
    if was == 0:
        os.seteuid(NOBODY)
    else:
        file.chmod(0o444)
        file.parent.chmod(0o555 if folder else 0o777)
    try:
        yield
    finally:
        os.seteuid(was)
        file.parent.chmod(0o700)
        file.chmod(0o600)


@asynccontextmanager
async def held(database_url: str) -> AsyncIterator[None]:
    """Hold the lock that whoever writes needs: of the file, or of the table of changes."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(file_of(database_url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE changes IN SHARE MODE")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def unwritable(database_url: str) -> AsyncIterator[None]:
    """Let nothing be written: a file is put away, for what is open stays writable; a server becomes as a standby is."""
    if database_url.startswith("sqlite"):
        file = file_of(database_url)
        away = file.rename(file.with_suffix(".away"))
        yield
        away.rename(file)
        return
    server, _, name = database_url.rpartition("/")
    await on_postgres(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await end_connections(database_url)
    try:
        yield
    finally:
        await on_postgres(f"{server}/postgres", f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await end_connections(database_url)
