"""A file that is written: readable to its owner only, and there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(file: Path) -> Iterator[IO[bytes]]:
    """Write a file beside where it will stand, and put it there, over what stood there, once it is whole on the disk.

    Mode 0600 from its first byte. Raises OSError; whatever is raised inside leaves what stood there as it was.
    """
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
        path = Path(draft.name)
        try:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
            path.replace(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut could take the name back
    finally:
        os.close(folder)
