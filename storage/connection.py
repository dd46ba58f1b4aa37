"""A connection as the repositories use it: every step awaited, or, for reading SQLite, taken at once.

In WAL mode a reader waits for no writer, and reading one row takes 0.07 ms. Handing each step of that to another
thread, as aiosqlite must, makes it 0.75 ms (measured). So SQLite is read in the event loop's own thread, in small
steps; how it is written stands in `storage/turns.py`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import CursorResult, Dialect, Executable, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.trouble import READING, WATCHED, Watched
from storage.waiting import waits

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Result = TypeVar("Result")
SENDERS = 5_307  # of our advisory locks in a PostgreSQL database: a living sender's is (this, a hash of its name)
TURN_SECONDS = 0.01  # after so long in the event loop's thread others have their turn

Rows = CursorResult[*tuple[Any, ...]]


class Connection(ABC):
    """What a repository may ask of a connection; whoever opened it ends the transaction.

    Every step raises TroubleError when storage does not work, and its time is noted (`storage.waiting`).
    """

    dialect: Dialect

    @abstractmethod
    async def begin(self) -> None:
        """Wait for one's turn, as the first statement would; where there are none, for nothing."""

    @abstractmethod
    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        """Run a statement, once or for each of many sets of parameters; all its rows are there."""

    @abstractmethod
    def begin_nested(self) -> AbstractAsyncContextManager[object]:
        """Take back what is done inside, and only that, when it raises."""

    @abstractmethod
    async def commit(self) -> None:
        """Keep everything done so far."""

    @abstractmethod
    async def rollback(self) -> None:
        """Forget everything since the last commit."""

    async def scalars(self, statement: Executable, parameters: Parameters | None = None) -> ScalarResult[Any]:
        """Give the first column of every row."""
        return (await self.execute(statement, parameters)).scalars()

    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any:
        """Give the first column of the first row; None when there is none."""
        return (await self.execute(statement, parameters)).scalar()


class Awaited(Connection):
    """A connection that waits for its database without holding up anybody else."""

    def __init__(self, connection: AsyncConnection, watched: Watched = WATCHED) -> None:
        self._connection = connection
        self._watched = watched
        self.dialect = connection.dialect

    async def begin(self) -> None:
        """Wait for nothing: several may write."""

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        """Run a statement and wait for its rows."""
        with waits(), self._watched:
            return await self._connection.execute(statement, parameters)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Open a savepoint."""
        with self._watched:
            async with self._connection.begin_nested():
                yield

    async def commit(self) -> None:
        """Keep everything done so far; a cancelled commit is finished first, because it may have happened already."""
        with waits(lasts=True), self._watched:
            await finished(asyncio.ensure_future(self._connection.commit()))

    async def rollback(self) -> None:
        """Forget everything since the last commit."""
        with self._watched:
            await self._connection.rollback()


async def finished(going: asyncio.Future[Result]) -> Result:
    """Wait for a step to its end, even when cancelled meanwhile."""
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        await asyncio.wait([going])
        raise


class Immediate(Connection):
    """A connection that only reads, from a file beside us, and answers at once."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self._turn_began = perf_counter()

    async def begin(self) -> None:
        """Wait for nothing: a reader waits for nobody."""

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        """Run a statement; a task that runs one after another lets the others have their turn in between."""
        if perf_counter() - self._turn_began > TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_began = perf_counter()
        with READING:
            return self._connection.execute(statement, parameters)

    def begin_nested(self) -> AbstractAsyncContextManager[object]:
        """Refuse: there is nothing to take back."""
        raise TypeError("a reader writes nothing")

    async def commit(self) -> None:
        """Refuse: there is nothing to keep."""
        raise TypeError("a reader writes nothing")

    async def rollback(self) -> None:
        """Let go of the moment that was read; the next statement reads a new one."""
        self._connection.rollback()
