"""Files sent in the sandbox: bytes on disk, known by file_id as on Telegram; links that live an hour."""

import hashlib
import re
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.refusal import ApiRefusal, bad_request

PHOTO_BYTES = 10 * 1024 * 1024
SENT_BYTES = 50 * 1024 * 1024
FETCHED_BYTES = 20 * 1024 * 1024
LINK_SECONDS = 3600
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Upload:
    """A file as it comes in a request."""

    content: bytes
    name: str
    mime_type: str


@dataclass(frozen=True)
class StoredFile:
    """One file; `width` and `height` (pixels) only of a photo."""

    id: str
    unique_id: str
    name: str
    mime_type: str
    size: int
    path: Path
    width: int | None = None
    height: int | None = None

    @property
    def is_photo(self) -> bool:
        """Whether it was sent as a photo."""
        return self.width is not None

    def reference(self) -> dict[str, Any]:
        """Return what every Bot API object of a file carries."""
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}

    def content(self) -> dict[str, Any]:
        """Return the field of a Bot API Message that shows this file; a photo comes in its own size only."""
        if self.is_photo:
            return {"photo": [{**self.reference(), "width": self.width, "height": self.height}]}
        return {"document": {"file_name": self.name, "mime_type": self.mime_type, **self.reference()}}


class FileStore:
    """Files under a temporary folder that goes when the sandbox does."""

    def __init__(self) -> None:
        """Begin with none."""
        self._folder = TemporaryDirectory(prefix="kenes-sandbox-")
        self._files: dict[str, StoredFile] = {}
        self._links: dict[str, tuple[str, float]] = {}

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file, if there is one."""
        return self._files.get(file_id)

    def keep_photo(self, upload: Upload) -> StoredFile:
        """Store a photo; raises ApiRefusal when Telegram would not take it for one."""
        _check_size(upload)
        size = len(upload.content)
        if size > PHOTO_BYTES:
            raise bad_request(
                f"file of size {size} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
            )
        sides = image_size(upload.content)
        if sides is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        if not min(sides) or sum(sides) > 10_000 or max(sides) > 20 * min(sides):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        mime_type = "image/png" if upload.content.startswith(PNG) else "image/jpeg"
        return self._keep(Upload(upload.content, "photo", mime_type), sides)

    def keep_document(self, upload: Upload) -> StoredFile:
        """Store a document; raises ApiRefusal when it is empty or too big."""
        _check_size(upload)
        return self._keep(upload, None)

    def _keep(self, upload: Upload, sides: tuple[int, int] | None) -> StoredFile:
        """Store bytes; the same bytes under the same name are the same file, as Telegram's unique ids tell."""
        name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", upload.name)[:120] or "file"
        kind = "AgAC" if sides else "BQAC"
        digest = hashlib.sha256(f"{kind}\0{name}\0{upload.mime_type}\0".encode() + upload.content)
        unique_id = digest.hexdigest()[:24]
        file_id = f"{kind}-{unique_id}"
        if file_id not in self._files:
            path = Path(self._folder.name) / unique_id
            path.write_bytes(upload.content)
            width, height = sides or (None, None)
            stored = StoredFile(file_id, unique_id, name, upload.mime_type, len(upload.content), path, width, height)
            self._files[file_id] = stored
        return self._files[file_id]

    def link(self, stored: StoredFile, now: float) -> str:
        """Return a path to fetch the file by, good for an hour of the sandbox's clock; `now` in Unix seconds."""
        self._links = {path: (one, until) for path, (one, until) in self._links.items() if until > now}
        folder = "photos" if stored.is_photo else "documents"
        suffix = re.search(r"\.[A-Za-z0-9]{1,8}$", stored.name)
        path = f"{folder}/{secrets.token_hex(6)}/file{suffix[0].lower() if suffix else ''}"
        self._links[path] = (stored.id, now + LINK_SECONDS)
        return path

    def linked(self, path: str, now: float) -> StoredFile | None:
        """Return the file behind a link that still lives."""
        file_id, until = self._links.get(path, ("", 0.0))
        return self._files[file_id] if now < until else None

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()


def _check_size(upload: Upload) -> None:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > SENT_BYTES:
        raise ApiRefusal(413, "Request Entity Too Large")


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG or JPEG; None when it is neither."""
    if content.startswith(PNG) and len(content) >= 24:
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
