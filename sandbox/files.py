"""Files sent in the sandbox: bytes on disk, known by file_id as on Telegram; links that live an hour."""

import hashlib
import re
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PHOTO_BYTES = 10 * 1024 * 1024
SENT_BYTES = 50 * 1024 * 1024
FETCHED_BYTES = 20 * 1024 * 1024
LINK_SECONDS = 3600


@dataclass(frozen=True)
class StoredFile:
    """One file; `width` and `height` only of a photo."""

    id: str
    unique_id: str
    name: str
    mime_type: str
    size: int
    path: Path
    width: int | None = None
    height: int | None = None


class FileStore:
    """Files under a temporary folder that goes when the sandbox does."""

    def __init__(self) -> None:
        """Begin with none."""
        self._folder = TemporaryDirectory(prefix="kenes-sandbox-")
        self._files: dict[str, StoredFile] = {}
        self._links: dict[str, tuple[str, float]] = {}

    def __getitem__(self, file_id: str) -> StoredFile:
        """Return the file; raises KeyError."""
        return self._files[file_id]

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file, if there is one."""
        return self._files.get(file_id)

    def keep(self, content: bytes, name: str, mime_type: str, size: tuple[int, int] | None = None) -> StoredFile:
        """Store bytes; the same bytes under the same name are the same file, as with Telegram's unique ids."""
        name = re.sub(r"[\x00-\x1f/\\]", "_", name)[:120] or "file"
        kind = b"photo" if size else b"document"
        unique_id = hashlib.sha256(kind + b"\0" + name.encode() + b"\0" + content).hexdigest()[:20]
        file_id = f"{'AgAC' if size else 'BQAC'}-{unique_id}"
        known = self._files.get(file_id)
        if known is not None:
            return known
        path = Path(self._folder.name) / unique_id
        path.write_bytes(content)
        width, height = size or (None, None)
        stored = StoredFile(file_id, unique_id, name, mime_type, len(content), path, width, height)
        self._files[file_id] = stored
        return stored

    def link(self, stored: StoredFile, now: float) -> str:
        """Return a path to fetch the file by, good for an hour of the sandbox's clock; `now` in Unix seconds."""
        self._links = {path: (one, until) for path, (one, until) in self._links.items() if until > now}
        folder = "photos" if stored.width else "documents"
        path = f"{folder}/{secrets.token_hex(6)}/file{Path(stored.name).suffix.lower() if stored.name.isascii() else ''}"
        self._links[path] = (stored.id, now + LINK_SECONDS)
        return path

    def linked(self, path: str, now: float) -> StoredFile | None:
        """Return the file behind a link that still lives."""
        file_id, until = self._links.get(path, ("", 0.0))
        return self._files[file_id] if now < until else None

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG or JPEG; None when it is neither."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        return struct.unpack(">II", content[16:24])
    if not content.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
