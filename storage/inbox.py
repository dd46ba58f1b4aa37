"""The inbox: updates as Telegram gave them, kept before Telegram is told that they arrived, until they are handled.

On SQLite they wait in a file of their own beside the database ("kenes.db-inbox"), written by plain sqlite3 in its own
thread: neither a long import nor a busy handler then holds up what comes in. On PostgreSQL they wait in the table
`inbox`, which several processes share: a chat belongs to the process that claimed it, for as long as that lives.

That the effects of an update are kept is marked in the same transaction as they are, in the database itself
(storage.handled). Callers who write at the same time share a commit.
"""

import asyncio
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any, ClassVar

from sqlalchemy import URL, NullPool, Row, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.columns import Instant
from storage.database import is_sqlite, understood
from storage.tables import inbox

_SPACE = 5_306  # of our advisory locks in a PostgreSQL database: a chat's lock is (this, a hash of the chat)
_LATE = timedelta(seconds=10)  # what waits longer has perhaps been tried before, by a process that is gone
_ROWS_AT_ONCE = 100
_SWITCH_TRIES, _SWITCH_PAUSE_SECONDS = 500, 0.02


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


@dataclass(frozen=True, slots=True)
class _Begin:
    update_id: int


_Step = _Keep | _Finish | _Begin


@dataclass(slots=True)
class _Queue:
    """What is to be written next, and who waits for it."""

    steps: list[tuple[_Step, asyncio.Future[Any]]] = field(default_factory=list)
    writing: asyncio.Task[None] | None = None


class Inbox(ABC):
    """Stored updates. Every method raises what the database raises, and may then be called again."""

    shared: ClassVar[bool]  # whether other processes take from it too

    def __init__(self) -> None:
        self._queue = _Queue()

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
        return new

    async def begin(self, update_id: int) -> int | None:
        """Count one more try of an update and return how many there were; None when it waits no longer."""
        tries: int | None = await self._written(_Begin(update_id))
        return tries

    async def finish(self, update_id: int, *, at: datetime, error: str | None = None) -> None:
        """Mark an update as done, or as failed by an error of this type; what it said is forgotten."""
        await self._written(_Finish(update_id, at, error))

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
    async def release(self, chat_id: int) -> None:
        """Let other processes take a chat."""

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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox")
        self._connection: sqlite3.Connection | None = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._file.touch(mode=0o600)  # it holds what people write
            connection = sqlite3.connect(self._file, isolation_level=None, timeout=60)
            _log_ahead(connection)
            dialect = sqlite.dialect()
            connection.execute(str(CreateTable(inbox, if_not_exists=True).compile(dialect=dialect)))
            for index in inbox.indexes:
                connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
            self._connection = connection
        return self._connection

    async def _write(self, steps: Sequence[_Step]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write_now, steps)

    def _write_now(self, steps: Sequence[_Step]) -> list[Any]:
        connection = self._connected()
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

    async def release(self, chat_id: int) -> None:
        """Keep it: nobody else wants it."""

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget what was handled long ago."""

        def drop() -> int:
            dropped = self._connected().execute(
                "DELETE FROM inbox WHERE state <> 'waiting' AND handled_at < ?", (_stored(instant),)
            )
            return dropped.rowcount

        return await asyncio.get_running_loop().run_in_executor(self._thread, drop)

    async def _read(self, query: str, *parameters: object) -> list[Any]:
        def read() -> list[Any]:
            return self._connected().execute(query, parameters).fetchall()

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def close(self) -> None:
        """Write what is asked for and close the file."""
        await super().close()

        def close() -> None:
            if self._connection is not None:
                self._connection.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown()


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
            connection.execute(
                "UPDATE inbox SET state = ?, handled_at = ?, error = ?, body = '' WHERE update_id = ?",
                ("failed" if step.error else "done", _stored(step.at), step.error, step.update_id),
            )
            return None
        case _Begin():
            counted = connection.execute(
                "UPDATE inbox SET tries = tries + 1 WHERE update_id = ? AND state = 'waiting' RETURNING tries",
                (step.update_id,),
            ).fetchone()
            return counted[0] if counted else None


def _stored(instant: datetime) -> Any:
    return Instant().process_bind_param(instant, sqlite.dialect())


class _PostgresInbox(Inbox):
    """A table that several processes share, over one connection, whose locks end with it.

    A connection that breaks loses the chats it claimed. What is in flight then may be begun by another process too;
    only one of the two can mark it handled, so nothing is written twice.
    """

    shared = True

    def __init__(self, url: URL) -> None:
        super().__init__()
        self._engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
        self._connection: AsyncConnection | None = None
        self._busy = asyncio.Lock()

    async def _ask(self, statement: str, **parameters: Any) -> Sequence[Row[Any]]:
        async with self._busy:
            if self._connection is None:
                self._connection = await self._engine.connect()
            asking = asyncio.ensure_future(self._connection.execute(text(statement), parameters))
            try:
                rows: Sequence[Row[Any]] = (await _uncancelled(asking)).all()
            except DBAPIError as error:
                if error.connection_invalidated:
                    connection, self._connection = self._connection, None
                    with suppress(DBAPIError):
                        await connection.close()
                raise
            return rows

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
                    "UPDATE inbox SET tries = tries + 1 WHERE update_id = :id AND state = 'waiting' RETURNING tries",
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
            "SELECT update_id, chat_id, body, received_at < :late AS late FROM inbox WHERE state = 'waiting'"
            " AND (CAST(:chat AS bigint) IS NULL OR chat_id = :chat) ORDER BY update_id LIMIT :limit",
            chat=chat_id,
            limit=_ROWS_AT_ONCE,
            late=at - _LATE,
        )
        return [Waiting(row.update_id, row.chat_id, json.loads(row.body), row.late) for row in rows]

    async def addresses(self) -> list[tuple[int, int]]:
        """Name what waits."""
        rows = await self._ask("SELECT update_id, chat_id FROM inbox WHERE state = 'waiting' ORDER BY update_id")
        return [(row.update_id, row.chat_id) for row in rows]

    async def claim(self, chat_id: int) -> bool:
        """Lock a chat."""
        (row,) = await self._ask(f"SELECT pg_try_advisory_lock({_SPACE}, hashint8(:chat)) AS ours", chat=chat_id)
        return bool(row.ours)

    async def release(self, chat_id: int) -> None:
        """Unlock a chat."""
        await self._ask(f"SELECT pg_advisory_unlock({_SPACE}, hashint8(:chat))", chat=chat_id)

    async def drop_older_than(self, instant: datetime) -> int:  # noqa: ARG002
        """Leave it to storage.handled, which has the same table."""
        return 0

    async def close(self) -> None:
        """Write what is asked for and close the connection, with its locks."""
        await super().close()
        if self._connection is not None:
            await self._connection.close()
        await self._engine.dispose()


async def _uncancelled(step: "asyncio.Future[Any]") -> Any:
    """Wait for a step to its end even when cancelled: a connection left in the middle of one is of no use."""
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait([step])
        raise
