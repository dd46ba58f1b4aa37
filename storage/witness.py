"""What the two files of SQLite know of each other, and whether that is still true when a process begins.

The database and its inbox are written one after the other, and each notes how far the other had come: the inbox which
updates the database keeps the effects of, and how long its history was; the database which update the inbox had stored.
A file whose log ("-wal") was deleted, or that comes out of a copy of running files, is whole and older than the other
says. That cannot be mended here. It is said, and what would happen twice because of it is held.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.dialects import sqlite

from storage.columns import Instant, to_json
from storage.database import is_sqlite, understood
from storage.inbox import FORGOTTEN, HISTORY
from storage.outbox import OwedState
from storage.trouble import WATCHED

STORED = "inbox"  # in the pulse: the last update that the inbox had stored
LOST = "lost:"  # and the name of a file, when something was missing in it


@dataclass(frozen=True, slots=True)
class Loss:
    """A file that is older than it was, and the last update it knows, if any."""

    file: str
    update_id: int | None
    at: datetime | None


def damage(path: Path, *, closely: bool) -> str | None:
    """Say what is wrong inside a file; None: nothing, or there is none. `closely`: also whether its indexes fit."""
    if not path.exists():
        return None
    try:
        with _opened(path) as file:
            (found,) = file.execute(f"PRAGMA {'integrity_check' if closely else 'quick_check'}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise
        found = str(error)
    return None if found == "ok" else " ".join(str(found).split())


def last_known(path: Path) -> tuple[int | None, datetime | None]:
    """Return the last update a file knows, however little of it can be read."""
    try:
        with _opened(path) as file:
            return _last(file)
    except (sqlite3.Error, OSError):
        return None, None


def losses(url: str) -> tuple[Loss, ...]:
    """Find what the files of a SQLite database have lost; raises TroubleError."""
    parsed = understood(url)
    if not is_sqlite(parsed):
        return ()
    path = Path(parsed.database or "")
    beside = Path(f"{path}-inbox")
    with WATCHED, _opened(path) as database:
        stored = _note_of_database(database)
        if not beside.exists():
            return (Loss(beside.name, None, None),) if stored else ()
        with _opened(beside) as inbox:
            if not _has(inbox, "inbox"):
                return (Loss(beside.name, None, None),) if stored else ()
            found = []
            if _database_is_behind(database, inbox):
                found.append(Loss(path.name, *_last(database)))
            if stored and _inbox_is_behind(inbox, *stored):
                found.append(Loss(beside.name, *_last(inbox)))
            return tuple(found)


def settle(url: str, lost: tuple[Loss, ...], *, at: datetime) -> None:
    """Note what was lost and go on from there: nothing is sent that the lost part may say was sent.

    Raises TroubleError.
    """
    path = Path(understood(url).database or "")
    with WATCHED:
        for loss in lost:
            with _opened(path, write=True) as database, database:
                _keep(database, f"{LOST}{loss.file}", at, _detail(loss))
                database.execute("DELETE FROM pulse WHERE name = ?", (STORED,))
                if loss.file == path.name:
                    held = "UPDATE outbox SET state = ?, leased_by = NULL, leased_until = NULL WHERE state = 'waiting'"
                    database.execute(held, (OwedState.HELD,))
        forget(path)


def forget(path: Path) -> None:
    """Let the inbox beside a database say nothing more of it: it is another one now."""
    beside = Path(f"{path}-inbox")
    if beside.exists():
        with _opened(beside, write=True) as inbox, inbox:
            if _has(inbox, "inbox"):
                inbox.execute("UPDATE inbox SET state = 'done' WHERE state = 'kept'")
            if _has(inbox, "beside"):
                inbox.execute("DELETE FROM beside WHERE name = ?", (HISTORY,))


@contextmanager
def _opened(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "rw" if write else "ro"
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=10)) as connection:
        yield connection


def _has(file: sqlite3.Connection, table: str) -> bool:
    found = file.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return found.fetchone() is not None


def _last(file: sqlite3.Connection) -> tuple[int | None, datetime | None]:
    query = "SELECT update_id, coalesce(handled_at, received_at) FROM inbox ORDER BY 2 DESC LIMIT 1"
    row = file.execute(query).fetchone() if _has(file, "inbox") else None
    return (row[0], datetime.fromisoformat(row[1])) if row else (None, None)


def _note_of_database(database: sqlite3.Connection) -> tuple[int, str] | None:
    """Return the last update that the inbox is said to have stored, and when that was noted."""
    query = "SELECT json_extract(detail, '$.update'), at FROM pulse WHERE name = ?"
    row = database.execute(query, (STORED,)).fetchone() if _has(database, "pulse") else None
    return (row[0], row[1]) if row and row[0] is not None else None


def _inbox_is_behind(inbox: sqlite3.Connection, update_id: int, noted: str) -> bool:
    if inbox.execute("SELECT 1 FROM inbox WHERE update_id = ?", (update_id,)).fetchone():
        return False
    forgotten = _note(inbox, FORGOTTEN)
    return forgotten is None or str(forgotten) < noted  # what it does not know any more it may have forgotten


def _database_is_behind(database: sqlite3.Connection, inbox: sqlite3.Connection) -> bool:
    length = _note(inbox, HISTORY)
    if length is not None:
        there = database.execute("SELECT max(id) FROM changes").fetchone()[0] if _has(database, "changes") else None
        if int(length) > (there or 0):
            return True
    kept = [row[0] for row in inbox.execute("SELECT update_id FROM inbox WHERE state = 'kept'")]
    marked = {row[0] for row in database.execute("SELECT update_id FROM inbox WHERE state = 'done'")}
    return not marked.issuperset(kept)


def _note(inbox: sqlite3.Connection, name: str) -> Any:
    if not _has(inbox, "beside"):
        return None
    row = inbox.execute("SELECT value FROM beside WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def _keep(database: sqlite3.Connection, name: str, at: datetime, detail: str) -> None:
    insert = "INSERT INTO pulse (name, at, detail) VALUES (?, ?, ?)"
    over = " ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail"
    database.execute(insert + over, (name, _stored(at), detail))


def _detail(loss: Loss) -> str:
    return to_json({"file": loss.file, "update": loss.update_id, "at": loss.at and loss.at.isoformat()})


def _stored(instant: datetime) -> Any:
    return Instant().process_bind_param(instant, sqlite.dialect())
