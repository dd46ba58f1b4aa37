"""What is wrong with the storage itself, told from what is wrong with a statement.

A disk that is full, a server that restarts, a lock that another has: none of it is the fault of who wanted to write,
and all of it passes. A number that is too large, a line that exists already: those are wrong for ever. The first are
raised as `TroubleError` by whatever reads or writes, the second as they come.
"""

import errno
import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionError


class Trouble(StrEnum):
    """What can be wrong, in words for the log."""

    FULL = "the disk of the database is full"
    READ_ONLY = "the database cannot be written to"
    LOST = "the database is not there"
    BUSY = "another has the database to itself"
    SILENT = "the database does not answer"
    BROKEN = "the disk of the database fails"
    DAMAGED = "the database is damaged"


class TroubleError(Exception):
    """Storage does not work now: nothing that was asked for is known to be kept, and it may be asked for again."""

    def __init__(self, trouble: Trouble) -> None:
        """Say what is wrong."""
        super().__init__(trouble.value)
        self.trouble = trouble


class Watched:
    """Raises TroubleError in place of what a database or its driver raises, where that is storage's fault.

    That a reader cannot write is no trouble: who tries to is wrong.
    """

    def __init__(self, *, reading: bool = False) -> None:
        """Watch over what is done inside."""
        self._reading = reading

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, TroubleError):
            return
        trouble = _trouble_of(error)
        if trouble and not (self._reading and _refuses_to_write(error)):
            raise TroubleError(trouble) from error


WATCHED: Final = Watched()
READING: Final = Watched(reading=True)


def trouble_in(error: BaseException | None) -> Trouble | None:
    """Find storage's fault in an error, in what it was raised from or while handling, or in a group of errors."""
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        if isinstance(one, TroubleError):
            return one.trouble
        seen.add(id(one))
        left += [one.__cause__, None if one.__suppress_context__ else one.__context__]
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions
    return None


def _trouble_of(error: Exception) -> Trouble | None:
    """Tell what of storage is wrong; None when it is what was asked of it."""
    if isinstance(error, DBAPIError):
        origin = error.orig
        found = _trouble_of(origin) if isinstance(origin, Exception) else None
        return found or (Trouble.SILENT if error.connection_invalidated else None)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    if isinstance(error, NoConnectionError):  # none was free for long
        return Trouble.BUSY
    if isinstance(error, OSError):
        return _OF_THE_SYSTEM.get(error.errno or 0, Trouble.SILENT)
    if isinstance(error, PendingRollbackError):  # after a connection broke
        return Trouble.SILENT
    return Trouble.SILENT if type(error).__name__ == "InterfaceError" and "closed" in str(error) else None


def _refuses_to_write(error: Exception) -> bool:
    """Tell whether a connection says that it only reads, as one was asked to."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY or (
        getattr(origin, "sqlstate", None) == "25006"
    )


def _of_sqlite(error: sqlite3.Error) -> Trouble | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _SQLITE.get(code) or _SQLITE.get(code & 0xFF)


_OF_THE_SYSTEM: Mapping[int, Trouble] = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
    errno.EIO: Trouble.BROKEN,
}
"""By the system's error numbers; all others are those of a server that is not reached."""

_SQLITE: Mapping[int, Trouble] = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_READONLY_DBMOVED: Trouble.LOST,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,  # it is there, or `storage.place` would have said so
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_PROTOCOL: Trouble.BUSY,
    sqlite3.SQLITE_INTERRUPT: Trouble.BUSY,
    sqlite3.SQLITE_IOERR: Trouble.BROKEN,
    sqlite3.SQLITE_NOMEM: Trouble.BROKEN,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
}
"""By SQLite's result codes, the extended ones first."""

_POSTGRES: Mapping[str, Trouble] = {
    "53100": Trouble.FULL,
    "25006": Trouble.READ_ONLY,  # a server that became a standby
    "08": Trouble.SILENT,
    "25P03": Trouble.SILENT,  # a transaction that was idle for too long
    "53": Trouble.SILENT,  # too many connections, no memory
    "57": Trouble.SILENT,  # shut down, starting up, crashed; a statement that was cancelled
    "40": Trouble.BUSY,  # a deadlock, transactions that got in each other's way
    "55": Trouble.BUSY,  # a lock
    "28": Trouble.LOST,  # it lets us in no more
    "3D": Trouble.LOST,  # there is no such database
    "3F": Trouble.LOST,
    "42501": Trouble.LOST,
    "58": Trouble.BROKEN,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
    "XX000": Trouble.BROKEN,
}
"""By PostgreSQL's error codes, whole or their class."""
