"""The inbox: updates as Telegram gave them, kept before Telegram is told that they arrived, until they are handled.

On SQLite they wait in a file of their own beside the database ("kenes.db-inbox"), written by plain sqlite3 in its own
thread: neither a long import nor a busy handler then holds up what comes in. On PostgreSQL they wait in the table
`inbox`, which several processes share: a chat belongs to the process that claimed it, for as long as that lives.

That the effects of an update are kept is marked in the same transaction as they are, in the database itself
(storage.handled). Callers who write at the same time share a commit. What SQLite's two files know of each other is
compared when a process begins (storage.witness).
"""

import asyncio
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any, ClassVar, TypeVar

from sqlalchemy import URL, NullPool, Row, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.columns import Instant
from storage.database import CONNECTING_SECONDS, is_sqlite, understood
from storage.place import Place
from storage.tables import inbox
from storage.trouble import WATCHED, Trouble, TroubleError

HISTORY, FORGOTTEN = "history", "forgotten"  # in SQLite's file: how long the history was; until when it forgot all
_SPACE = 5_306  # of our advisory locks in a PostgreSQL database: a chat's lock is (this, a hash of the chat)
_LATE = timedelta(seconds=10)  # what waits longer has perhaps been tried before, by a process that is gone
_ROWS_AT_ONCE = 100
_STATEMENT_SECONDS = 60  # a server that is gone without a word is noticed then
_PATIENCE_SECONDS = 10  # with another process that writes to the file
_SWITCH_TRIES, _SWITCH_PAUSE_SECONDS = 500, 0.02

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that waits: `body` is what Telegram gave. `late`: somebody may have begun with it before us."""

    update_id: int
    chat_id: int
    body: dict[str, Any]
    late: bool = False


@dataclass(frozen=True, slots=True)
class _Keep:
    updates: Sequence[Waiting]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Finish:
    update_id: int
    at: datetime
    error: str | None
    kept: bool


@dataclass(frozen=True, slots=True)
class _Begin:
    """One more try of an update, or one less."""

    update_id: int
    by: int = 1


_Step = _Keep | _Finish | _Begin


@dataclass(slots=True)
class _Queue:
    """What is to be written next, and who waits for it."""

    steps: list[tuple[_Step, asyncio.Future[Any]]] = field(default_factory=list)
    writing: asyncio.Task[None] | None = None


class Inbox(ABC):
    """Stored updates. Every method raises TroubleError when storage does not work, and may then be called again."""

    shared: ClassVar[bool]  # whether other processes take from it too

    def __init__(self) -> None:
        self._queue = _Queue()
        self.latest: int | None = None  # the last update that was stored

    @staticmethod
    def open(url: str) -> "Inbox":
        """Open the inbox that belongs to the database `url` names; connects when first used.

        Raises ValueError as `Database.open` does.
        """
        parsed = understood(url)
        return _SqliteInbox(Path(f"{parsed.database}-inbox")) if is_sqlite(parsed) else _PostgresInbox(parsed)

    async def keep(self, updates: Sequence[Waiting], *, at: datetime) -> set[int]:
        """Store updates, safe from a loss of power; return the ids of those that were not there yet."""
        new: set[int] = await self._written(_Keep(updates, at))
        if updates:
            self.latest = updates[-1].update_id
        return new

    async def begin(self, update_id: int) -> int | None:
        """Count one more try of an update and return how many there were; None when it waits no longer."""
        tries: int | None = await self._written(_Begin(update_id))
        return tries

    async def not_begun(self, update_id: int) -> None:
        """Take one try back: it was not the update that failed."""
        await self._written(_Begin(update_id, -1))

    async def finish(self, update_id: int, *, at: datetime, error: str | None = None, kept: bool = False) -> None:
        """Mark an update as done, or as failed by an error of this type; what it said is forgotten.

        `kept`: the database holds what it did.
        """
        await self._written(_Finish(update_id, at, error, kept))

    @abstractmethod
    async def waiting(self, *, at: datetime, chat_id: int | None = None) -> list[Waiting]:
        """Give what waits at this instant, of a chat or of all, in order."""

    @abstractmethod
    async def addresses(self) -> list[tuple[int, int]]:
        """Name the id and the chat of everything that waits, in order."""

    @abstractmethod
    async def claim(self, chat_id: int) -> bool:
        """Take a chat for this process alone, until `release` or its end; False while another has it."""

    @abstractmethod
    def holds(self, chat_id: int) -> bool:
        """Tell whether a chat that was claimed is still this process's, as far as it knows."""

    @abstractmethod
    async def ours(self, chat_id: int, update_id: int) -> bool:
        """Tell for sure whether a chat is still this process's and the update in it not at its end."""

    @abstractmethod
    async def release(self, chat_id: int) -> None:
        """Let other processes take a chat."""

    @abstractmethod
    async def witness(self, history: int) -> None:
        """Note how long the history of the database is."""

    @abstractmethod
    async def drop_older_than(self, instant: datetime) -> int:
        """Forget updates handled before this instant; return how many. Until then they are known when sent again."""

    async def close(self) -> None:
        """Write what is asked for already and let go of the database."""
        while self._queue.writing:
            await asyncio.wait([self._queue.writing])

    async def __aenter__(self) -> "Inbox":
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def _written(self, step: _Step) -> Any:
        """Have a step written together with whatever else waits to be; a caller who gives up changes nothing."""
        written: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.steps.append((step, written))
        if self._queue.writing is None:
            self._queue.writing = asyncio.create_task(self._write_all())
        return await written

    async def _write_all(self) -> None:
        try:
            while group := self._queue.steps:
                self._queue.steps = []
                try:
                    results = await self._write([step for step, _ in group])
                except Exception as error:
                    for _, written in group:
                        if not written.done():
                            written.set_exception(error)
                else:
                    for (_, written), result in zip(group, results, strict=True):
                        if not written.done():
                            written.set_result(result)
        finally:
            self._queue.writing = None

    @abstractmethod
    async def _write(self, steps: Sequence[_Step]) -> list[Any]:
        """Take steps in this order, all or none, and return what each gives."""


class _SqliteInbox(Inbox):
    """A file that one process has to itself."""

    shared = False

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._place: Place | None = None  # of the file that was opened first
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox")
        self._connection: sqlite3.Connection | None = None

    def _connected(self) -> sqlite3.Connection:
        """Return the connection; made anew after a trouble, and with it the file where there never was one."""
        if self._connection is None:
            place = self._place or self._new_place()
            place.look()
            self._connection, self._place = _prepared(place.connect()), place
        elif self._place and self._place.gone:
            self._rescue(self._connection)
        elif self._place:
            self._place.look()
        return self._connection

    def _new_place(self) -> Place:
        self._file.touch(mode=0o600)  # it holds what people write
        return Place(self._file)

    def _rescue(self, connection: sqlite3.Connection) -> None:
        """Put the file back that somebody took away: as long as it is open, all of it is there."""
        place = self._new_place()
        place.look()
        rescued = place.connect()
        connection.backup(rescued)
        self._connection, self._place = _prepared(rescued), place
        connection.close()

    def _do(self, step: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do something with the connection, and let go of it when storage does not work."""
        try:
            with WATCHED:
                return step(self._connected())
        except TroubleError as error:
            if error.trouble is not Trouble.LOST and self._connection is not None:
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None
            raise

    async def _write(self, steps: Sequence[_Step]) -> list[Any]:
        return await self._in_thread(lambda connection: _write(connection, steps))

    async def _in_thread(self, step: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, step)

    async def waiting(self, *, at: datetime, chat_id: int | None = None) -> list[Waiting]:  # noqa: ARG002
        """Give what waits, in order; all of it may have been begun before."""
        rows = await self._read(
            "SELECT update_id, chat_id, body FROM inbox WHERE state = 'waiting' AND (?1 IS NULL OR chat_id = ?1)"
            " ORDER BY update_id",
            chat_id,
        )
        return [Waiting(row[0], row[1], json.loads(row[2]), late=True) for row in rows]

    async def addresses(self) -> list[tuple[int, int]]:
        """Name what waits."""
        return await self._read("SELECT update_id, chat_id FROM inbox WHERE state = 'waiting' ORDER BY update_id")

    async def claim(self, chat_id: int) -> bool:  # noqa: ARG002
        """Take a chat: there is nobody else."""
        return True

    def holds(self, chat_id: int) -> bool:  # noqa: ARG002
        """Have every chat."""
        return True

    async def ours(self, chat_id: int, update_id: int) -> bool:  # noqa: ARG002
        """Have every update that came here."""
        return True

    async def release(self, chat_id: int) -> None:
        """Keep it: nobody else wants it."""

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget what was handled long ago."""

        def drop(connection: sqlite3.Connection) -> int:
            _note(connection, FORGOTTEN, _stored(instant))  # first: what is gone is then known to have been here
            gone = "DELETE FROM inbox WHERE state <> 'waiting' AND handled_at < ?"
            return connection.execute(gone, (_stored(instant),)).rowcount

        return await self._in_thread(drop)

    async def witness(self, history: int) -> None:
        """Note how long the history of the database is."""
        await self._in_thread(lambda connection: _note(connection, HISTORY, str(history)))

    async def _read(self, query: str, *parameters: object) -> list[Any]:
        return await self._in_thread(lambda connection: connection.execute(query, parameters).fetchall())

    async def close(self) -> None:
        """Write what is asked for and close the file."""
        await super().close()

        def close() -> None:
            if self._connection is not None:
                with suppress(sqlite3.Error):
                    self._connection.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown()


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return a connection to a file that has its table."""
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_SECONDS * 1000}")
    _log_ahead(connection)
    dialect = sqlite.dialect()
    connection.execute(str(CreateTable(inbox, if_not_exists=True).compile(dialect=dialect)))
    for index in inbox.indexes:
        connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
    connection.execute("CREATE TABLE IF NOT EXISTS beside (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    return connection


def _note(connection: sqlite3.Connection, name: str, value: str) -> None:
    insert = "INSERT INTO beside (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    connection.execute(insert, (name, value))


def _write(connection: sqlite3.Connection, steps: Sequence[_Step]) -> list[Any]:
    # A mark that is lost with the power makes an answer come twice; an update that is lost never comes again.
    synced = any(isinstance(step, _Keep) for step in steps)
    connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [_take(connection, step) for step in steps]
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return results


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch a file to WAL; of two that switch a new one at once SQLite refuses one, whatever the timeout."""
    for tries_left in reversed(range(_SWITCH_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            sleep(_SWITCH_PAUSE_SECONDS)
        else:
            return


def _take(connection: sqlite3.Connection, step: _Step) -> Any:
    match step:
        case _Keep():
            insert = (
                "INSERT OR IGNORE INTO inbox (update_id, chat_id, received_at, body, state, tries)"
                " VALUES (?, ?, ?, ?, 'waiting', 0)"
            )
            at = _stored(step.at)
            return {
                update.update_id
                for update in step.updates
                if connection.execute(insert, (update.update_id, update.chat_id, at, json.dumps(update.body))).rowcount
            }
        case _Finish():
            state = "failed" if step.error else "kept" if step.kept else "done"
            connection.execute(
                "UPDATE inbox SET state = ?, handled_at = ?, error = ?, body = '' WHERE update_id = ?",
                (state, _stored(step.at), step.error, step.update_id),
            )
            return None
        case _Begin():
            counted = connection.execute(
                "UPDATE inbox SET tries = tries + ? WHERE update_id = ? AND state = 'waiting' RETURNING tries",
                (step.by, step.update_id),
            ).fetchone()
            return counted[0] if counted else None


def _stored(instant: datetime) -> Any:
    return Instant().process_bind_param(instant, sqlite.dialect())


class _PostgresInbox(Inbox):
    """A table that several processes share, over one connection, whose locks end with it.

    A connection that breaks loses the chats it claimed. What is in flight then may be begun by another process too:
    only one of the two can mark it handled, so nothing is written twice, and `ours` tells who may answer.
    """

    shared = True

    def __init__(self, url: URL) -> None:
        super().__init__()
        self._engine = create_async_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args={"timeout": CONNECTING_SECONDS, "command_timeout": _STATEMENT_SECONDS},
        )
        self._connection: AsyncConnection | None = None
        self._claimed: set[int] = set()  # by this connection
        self._busy = asyncio.Lock()

    async def _ask(self, statement: str, **parameters: Any) -> Sequence[Row[Any]]:
        async with self._busy:
            with WATCHED:
                if self._connection is None:
                    self._connection = await self._engine.connect()
                asking = asyncio.ensure_future(self._connection.execute(text(statement), parameters))
                try:
                    rows: Sequence[Row[Any]] = (await _uncancelled(asking)).all()
                except (SQLAlchemyError, OSError) as error:
                    if not isinstance(error, DBAPIError) or error.connection_invalidated:
                        await self._disconnect()
                    raise
                return rows

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._claimed.clear()
        if connection is not None:
            with suppress(SQLAlchemyError, OSError):
                await connection.close()

    async def _write(self, steps: Sequence[_Step]) -> list[Any]:
        """Take the steps; each is kept by itself, so an error may leave the first of them done."""
        if finished := [step for step in steps if isinstance(step, _Finish)]:
            await self._ask(
                "UPDATE inbox SET state = CASE WHEN new.error IS NULL THEN 'done' ELSE 'failed' END,"
                " handled_at = :at, error = new.error, body = ''"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:errors AS text[])) AS new (id, error)"
                " WHERE update_id = new.id AND state = 'waiting' RETURNING update_id",
                ids=[step.update_id for step in finished],
                errors=[step.error for step in finished],
                at=finished[0].at,
            )
        return [await self._result(step) for step in steps]

    async def _result(self, step: _Step) -> Any:
        match step:
            case _Keep():
                return await self._keep(step)
            case _Begin():
                tries = await self._ask(
                    "UPDATE inbox SET tries = tries + :by WHERE update_id = :id AND state = 'waiting' RETURNING tries",
                    by=step.by,
                    id=step.update_id,
                )
                return tries[0].tries if tries else None
            case _Finish():
                return None

    async def _keep(self, step: _Keep) -> set[int]:
        ordered = sorted(step.updates, key=lambda update: update.update_id)  # two processes never wait for each other
        kept = await self._ask(
            "INSERT INTO inbox (update_id, chat_id, received_at, body, state, tries)"
            " SELECT id, chat, CAST(:at AS timestamptz), body, 'waiting', 0 FROM"
            " unnest(CAST(:ids AS bigint[]), CAST(:chats AS bigint[]), CAST(:bodies AS text[])) AS new (id, chat, body)"
            " ON CONFLICT DO NOTHING RETURNING update_id",
            at=step.at,
            ids=[update.update_id for update in ordered],
            chats=[update.chat_id for update in ordered],
            bodies=[json.dumps(update.body) for update in ordered],
        )
        return {row.update_id for row in kept}

    async def waiting(self, *, at: datetime, chat_id: int | None = None) -> list[Waiting]:
        """Give what has waited longest, some of it at a time."""
        rows = await self._ask(
            "SELECT update_id, chat_id, body, received_at NOT BETWEEN :late AND :early AS late FROM inbox"
            " WHERE state = 'waiting' AND (CAST(:chat AS bigint) IS NULL OR chat_id = :chat)"
            " ORDER BY update_id LIMIT :limit",
            chat=chat_id,
            limit=_ROWS_AT_ONCE,
            late=at - _LATE,
            early=at + _LATE,  # what came later than now came before the clock was set back
        )
        return [Waiting(row.update_id, row.chat_id, json.loads(row.body), row.late) for row in rows]

    async def addresses(self) -> list[tuple[int, int]]:
        """Name what waits."""
        rows = await self._ask("SELECT update_id, chat_id FROM inbox WHERE state = 'waiting' ORDER BY update_id")
        return [(row.update_id, row.chat_id) for row in rows]

    async def claim(self, chat_id: int) -> bool:
        """Lock a chat."""
        if chat_id not in self._claimed:
            (row,) = await self._ask(f"SELECT pg_try_advisory_lock({_SPACE}, hashint8(:chat)) AS ours", chat=chat_id)
            if row.ours:
                self._claimed.add(chat_id)
        return chat_id in self._claimed

    def holds(self, chat_id: int) -> bool:
        """Look at what the connection holds."""
        return chat_id in self._claimed

    async def ours(self, chat_id: int, update_id: int) -> bool:
        """Ask the connection that holds the lock whether the update still waits; a lost lock is asked for again."""
        if not await self.claim(chat_id):
            return False
        waits = await self._ask("SELECT 1 FROM inbox WHERE update_id = :id AND state = 'waiting'", id=update_id)
        return bool(waits) and self.holds(chat_id)

    async def release(self, chat_id: int) -> None:
        """Unlock a chat."""
        if chat_id not in self._claimed:
            return
        self._claimed.discard(chat_id)
        await self._ask(f"SELECT pg_advisory_unlock({_SPACE}, hashint8(:chat))", chat=chat_id)

    async def witness(self, history: int) -> None:
        """Note nothing: both are one database."""

    async def drop_older_than(self, instant: datetime) -> int:  # noqa: ARG002
        """Leave it to storage.handled, which has the same table."""
        return 0

    async def close(self) -> None:
        """Write what is asked for and close the connection, with its locks."""
        await super().close()
        await self._disconnect()
        await self._engine.dispose()


async def _uncancelled(step: "asyncio.Future[Any]") -> Any:
    """Wait for a step to its end even when cancelled: a connection left in the middle of one is of no use."""
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait([step])
        raise
