"""One process to a SQLite file: the lock of who runs the bot over it, and what that process notes for the next.

The lock is on a file of its own beside the database ("kenes.db-run") and ends with the process, however that ends. In
it stands who holds it, and what is to be known where the database cannot be asked: whether the last one ended well,
which file the database was, whom to tell that it is gone. PostgreSQL is shared: there only notes are taken.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from storage.database import is_sqlite, understood
from storage.trouble import WATCHED

_HOW = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_ROOM = 4096  # bytes, always taken: noting something needs no more of a disk that is full


class HeldError(Exception):
    """Another process runs over this file."""

    def __init__(self, file: Path, pid: int | None) -> None:
        """Name the file and the process."""
        super().__init__(f"process {pid} runs over {file}" if pid else f"another process runs over {file}")
        self.pid = pid


class Holding:
    """What this process holds; its notes are JSON values by name."""

    def __init__(self, file: int | None = None) -> None:
        """Take notes in an open file; without one they are forgotten."""
        self._file = file
        self.notes: dict[str, Any] = {} if file is None else _read(file)

    @property
    def lasting(self) -> bool:
        """Whether notes outlast the process."""
        return self._file is not None

    def note(self, **notes: Any) -> None:
        """Keep notes for whoever comes next; raises TroubleError."""
        self.notes |= notes
        if self._file is not None:
            with WATCHED:
                os.pwrite(self._file, json.dumps(self.notes).encode().ljust(_ROOM), 0)


@contextmanager
def holding(url: str, *, notes: Path | None = None) -> Iterator[Holding]:
    """Hold what `url` names for as long as this lasts; `notes` is where they are taken beside PostgreSQL.

    Raises HeldError when another process does, TroubleError when it cannot be held, ValueError as `Database.open` does.
    """
    parsed = understood(url)
    if not is_sqlite(parsed):
        file = _opened(notes)
        try:
            yield Holding(file)
        finally:
            if file is not None:
                os.close(file)
        return
    database = Path(parsed.database or "").resolve()
    with WATCHED:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(f"{database}-run", _HOW, 0o600)
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a child that is forked does not have it
        except BlockingIOError:
            raise HeldError(Path(parsed.database or ""), _read(file).get("pid")) from None
        yield Holding(file)
    finally:
        os.close(file)


def _opened(notes: Path | None) -> int | None:
    """Open a file for notes, where that can be."""
    if notes is not None:
        with suppress(OSError):
            notes.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(notes, _HOW, 0o600)
    return None


def _read(file: int) -> dict[str, Any]:
    with suppress(ValueError):
        read = json.loads(os.pread(file, _ROOM, 0))
        if isinstance(read, dict):
            return read
    return {}
