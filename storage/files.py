"""Files: documents outside the database, each under the SHA-256 of its content, so that the same one is kept once."""

import hashlib
import time
from pathlib import Path

from storage.written import written_whole

_FORGOTTEN_SECONDS = 24 * 3600  # a file that was begun so long ago nobody goes on writing


class Files:
    """A folder of files that never change: `ab/abcdef...` for the content whose SHA-256 is abcdef... (64 digits).

    All of it waits for the disk: call it in a thread.
    """

    def __init__(self, folder: Path) -> None:
        """Keep files in `folder`, which need not be there yet."""
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the file with this content is, or would be."""
        return self.folder / sha256[:2] / sha256

    def keep(self, content: bytes) -> str:
        """Keep a content and return its SHA-256; it is whole on the disk then. Raises OSError."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            for folder in (self.folder, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with written_whole(path) as draft:
                draft.write(content)
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return the content of a file; raises OSError where it is missing."""
        return self.path(sha256).read_bytes()

    def forget(self, sha256: str) -> None:
        """Remove a file that nothing speaks of."""
        self.path(sha256).unlink(missing_ok=True)

    def has(self, sha256: str) -> bool:
        """Tell whether a file is there."""
        return self.path(sha256).is_file()

    def clear(self) -> int:
        """Remove what processes that were killed had begun to write, and return how many files that were."""
        begun = [path for path in self.folder.glob("??/.*") if time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS]
        for path in begun:
            path.unlink(missing_ok=True)
        return len(begun)
