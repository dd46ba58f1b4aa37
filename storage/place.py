"""Where a SQLite file is, and whether it still is the one that was opened there.

A file that was moved away or put out of the way by another one is written to for as long as it is open, and all of that
is lost when it is closed. So whoever writes looks first.
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from storage.trouble import WATCHED, Trouble, TroubleError


class Place:
    """A path, and the file found there first."""

    def __init__(self, path: Path) -> None:
        """Take what is there at the first look for the file."""
        self.path = path
        self._file: tuple[int, int] | None = None

    @property
    def gone(self) -> bool:
        """Whether nothing is there now."""
        return not self.path.exists()

    def look(self) -> None:
        """Raise TroubleError when the file is not there any more, or another is."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise TroubleError(Trouble.LOST) from None
        except OSError:  # nobody lets us in
            raise TroubleError(Trouble.READ_ONLY) from None
        self._file = self._file or (found.st_dev, found.st_ino)
        if (found.st_dev, found.st_ino) != self._file:
            raise TroubleError(Trouble.LOST)

    def connect(self) -> sqlite3.Connection:
        """Open the file, which must be there, for any thread; transactions begin when they are told to."""
        with WATCHED:
            return sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
            )
