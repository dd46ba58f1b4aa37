"""Writing SQLite: one connection, a turn for each transaction, and one commit for many short ones.

A statement takes SQLite microseconds; handing it to another thread and back takes many times that. So the statements of
a short turn run in the event loop's own thread, and only what waits is done in a thread: taking the lock while another
process has it, and the commit, which waits for the disk. Short turns that queue up behind one another are kept by one
commit: each ends in a savepoint, and nobody is told that anything is kept before the disk has it. All of a long turn
(an import) is done in the thread, and it shares its commit with nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.connection import TURN_SECONDS, Connection, Parameters, Rows, finished
from storage.place import Place
from storage.trouble import WATCHED, Trouble, TroubleError
from storage.waiting import waits

PATIENCE_SECONDS = 60  # with another process that writes, for a long turn
BRIEF_PATIENCE_SECONDS = 5  # and for a short one: whoever asked for it hears then that it waits
BUSY_SECONDS = 1.0  # after one has waited in vain, those who queued up behind do not wait as long each

Result = TypeVar("Result")


class Writer:
    """The one connection of this process that writes; after a trouble it is a new one."""

    def __init__(self, engine: Engine, place: Place) -> None:
        """Write through a connection of `engine` to the file at `place`, made when first used, for any thread."""
        self.dialect = engine.dialect
        self._engine = engine
        self._place = place
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._connection: sqlalchemy.Connection | None = None
        self._turns = asyncio.Lock()  # taken in the order it is asked for
        self._unsynced: asyncio.Future[None] | None = None  # what waits for the next commit
        self._syncing: asyncio.Task[None] | None = None
        self._trouble: Trouble | None = None  # what was wrong last, since the connection was made
        self._in_vain_at = -BUSY_SECONDS  # when somebody had waited in vain for another process

    @asynccontextmanager
    async def turn(self, *, briefly: bool) -> AsyncIterator["Turn"]:
        """Lend the connection for transactions; each begins with its first statement."""
        turn = Turn(self, briefly=briefly)
        try:
            yield turn
        finally:
            await turn.rollback()

    async def live_as(self, name: str) -> None:
        """Show nobody: the file is one sender's."""

    async def close(self) -> None:
        """Commit what is to be kept and close the connection."""
        if self._syncing:
            await asyncio.wait([self._syncing])
        await self._disconnect()
        self._thread.shutdown()
        self._engine.dispose()

    async def in_thread(self, step: Callable[[], Result]) -> Result:
        """Do what may take long, to its end even when cancelled."""
        return await finished(asyncio.get_running_loop().run_in_executor(self._thread, step))

    @property
    def connection(self) -> sqlalchemy.Connection:
        """The connection; for whoever has the turn."""
        if self._connection is None:
            raise RuntimeError("nobody has a turn")
        return self._connection

    async def begin(self, *, briefly: bool) -> bool:
        """Wait for one's turn and begin; True when others' changes wait for their commit, and are not one's own."""
        await self._turns.acquire()
        try:
            if self._unsynced and not briefly:
                await self._sync()
            if self._unsynced:
                self.tell("SAVEPOINT turn")
                return True
            await self._begin(BRIEF_PATIENCE_SECONDS if briefly else PATIENCE_SECONDS)
        except BaseException:
            if self._connection is not None and self.in_transaction and not self._unsynced:
                self.tell("ROLLBACK")  # cancelled, and begun all the same
            self._turns.release()
            raise
        return False

    async def _begin(self, patience: float) -> None:
        if self._trouble:
            await self._disconnect()
        self._place.look()
        if self._connection is None:
            self._connection = await self.in_thread(self._connect)
        try:
            self.tell("BEGIN IMMEDIATE")
        except TroubleError as error:
            if error.trouble is not Trouble.BUSY or perf_counter() - self._in_vain_at < BUSY_SECONDS:
                raise
            try:
                await self.in_thread(lambda: self._begin_patiently(patience))  # another process writes
            finally:
                self._in_vain_at = perf_counter()
            self._trouble, self._in_vain_at = None, -BUSY_SECONDS

    def _connect(self) -> sqlalchemy.Connection:
        with WATCHED:
            return self._engine.connect()

    async def _disconnect(self) -> None:
        """Let go of the connection, and of what may be wrong with it."""
        connection, self._connection, self._trouble = self._connection, None, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                await self.in_thread(connection.close)

    def _begin_patiently(self, patience: float) -> None:
        self.tell(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        try:
            self.tell("BEGIN IMMEDIATE")
        finally:
            self.tell("PRAGMA busy_timeout = 0")

    def tell(self, command: str) -> None:
        """Run a command about transactions."""
        self.do(lambda: self.connection.exec_driver_sql(command))

    def do(self, step: Callable[[], Result]) -> Result:
        """Do something with the connection; raises TroubleError, and is another connection next time, when it fails."""
        try:
            with WATCHED:
                return step()
        except TroubleError as error:
            self._trouble = error.trouble
            raise

    @property
    def in_transaction(self) -> bool:
        """Whether there is a transaction: some errors end it."""
        return bool(getattr(self.connection.connection, "in_transaction", False))

    async def keep(self) -> None:
        """Commit a long turn's transaction, and end the turn."""
        try:
            self._place.look()
            await self.in_thread(lambda: self.tell("COMMIT"))
        except BaseException:
            self.forget(inside=False)
            raise
        self._turns.release()

    async def keep_soon(self, *, inside: bool) -> None:
        """End a short turn, and return when its changes are committed, with those of whoever waits for a turn now."""
        try:
            if inside:
                self.tell("RELEASE turn")
        except BaseException:
            self.forget(inside=inside)
            raise
        if self._unsynced is None:
            self._unsynced = asyncio.get_running_loop().create_future()
            self._syncing = asyncio.create_task(self._sync_in_turn())
        unsynced = self._unsynced
        self._turns.release()
        await finished(unsynced)

    def forget(self, *, inside: bool) -> None:
        """Take one's own changes back, and end the turn."""
        try:
            if not self.in_transaction:  # an error ended it, with what others had done
                self._fail(TroubleError(self._trouble or Trouble.BROKEN))
            elif inside:
                self.tell("ROLLBACK TO turn")
                self.tell("RELEASE turn")
            else:
                self.tell("ROLLBACK")
        finally:
            self._turns.release()

    async def _sync_in_turn(self) -> None:
        try:
            async with self._turns:
                await self._sync()
        finally:
            if self._unsynced:  # this is the end of the process
                self._unsynced.cancel()
                self._unsynced = None

    async def _sync(self) -> None:
        """Commit what short turns changed; the turn is the caller's."""
        if self._unsynced is None:
            return
        try:
            self._place.look()
            await self.in_thread(lambda: self.tell("COMMIT"))
        except Exception as error:
            if self.in_transaction:
                self.tell("ROLLBACK")
            self._fail(TroubleError(self._trouble) if self._trouble else error)
        else:
            self._unsynced.set_result(None)
            self._unsynced = None

    def _fail(self, error: Exception) -> None:
        """Tell those who wait for a commit that nothing is kept."""
        if self._unsynced:
            self._unsynced.set_exception(error)
            self._unsynced = None


class Turn(Connection):
    """A connection for transactions, one after another."""

    def __init__(self, writer: Writer, *, briefly: bool) -> None:
        """Wait for the turn with the first statement."""
        self.dialect = writer.dialect
        self._writer = writer
        self._briefly = briefly
        self._begun = False
        self._inside = False  # a transaction that holds others' changes too
        self._began = 0.0

    async def begin(self) -> None:
        """Wait until nobody else writes."""
        if not self._begun:
            with waits(counted=False, lasts=True):
                self._inside = await self._writer.begin(briefly=self._briefly)
            self._begun = True
            self._began = perf_counter()

    async def execute(self, statement: sqlalchemy.Executable, parameters: Parameters | None = None) -> Rows:
        """Run a statement; whoever runs many lets the other tasks go on in between."""
        return await self._do(lambda: self._writer.do(lambda: self._writer.connection.execute(statement, parameters)))

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Open a savepoint."""
        await self._do(lambda: self._writer.tell("SAVEPOINT step"))
        try:
            yield
        except BaseException:
            await self._do(lambda: self._writer.tell("ROLLBACK TO step"))
            await self._do(lambda: self._writer.tell("RELEASE step"))
            raise
        await self._do(lambda: self._writer.tell("RELEASE step"))

    async def commit(self) -> None:
        """Keep everything done so far; a cancelled commit is finished first, because it may have happened already."""
        if not self._begun:
            return
        self._begun = False
        with waits(lasts=True):
            await (self._writer.keep_soon(inside=self._inside) if self._briefly else self._writer.keep())

    async def rollback(self) -> None:
        """Forget everything since the last commit."""
        if self._begun:
            self._begun = False
            self._writer.forget(inside=self._inside)

    async def _do(self, step: Callable[[], Result]) -> Result:
        await self.begin()
        if not self._briefly:
            return await self._writer.in_thread(step)
        if perf_counter() - self._began > TURN_SECONDS:
            await asyncio.sleep(0)
            self._began = perf_counter()
        return step()
