"""Files that wait for Confirm: what was shown is what is loaded, once."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from services.importing.applying import apply
from services.importing.plan import Progress
from services.importing.previews import Imported, Preview, Stale
from storage.unit import Storage

OF_ONE = 100 * 1024**2  # bytes that one person's files may take while they wait
OF_ALL = 1024**3


class NoRoom(StrEnum):
    """Why a file is not kept."""

    YOURS = "yours"  # the files of this person take too much
    ALL = "all"  # everybody's do


async def no_room(storage: Storage, *, person_id: str | None, size: int) -> NoRoom | None:
    """Tell why there is no room for one more waiting file of so many bytes; None when there is.

    `person_id` None: a file of the watched folder.
    """
    if person_id is not None and await storage.uploads.size(person_id) + size > OF_ONE:
        return NoRoom.YOURS
    return NoRoom.ALL if await storage.uploads.size() + size > OF_ALL else None


def fingerprint(preview: Preview) -> str:
    """Return what tells one preview from another: 16 hexadecimal digits of its file, refusals and steps.

    Not for an event loop: 100,000 steps take a second.
    """
    digest = sha256(f"{preview.kind} {preview.sha256} {preview.refusals}".encode())
    for step in preview.plan.steps:
        digest.update(repr(step).encode())
    return digest.hexdigest()[:16]


async def load_upload(
    storage: Storage,
    upload_id: int,
    preview: Preview,
    *,
    now: datetime,
    actor: str,
    progress: Progress | None = None,
) -> Imported | Stale | None:
    """Apply the preview of a waiting file, and forget the file, in one transaction; commits.

    None, and nothing changes, when the file no longer waits: somebody answered, or pressed twice. Stale as for `apply`.
    """
    if not await storage.uploads.drop(upload_id):
        return None
    done = await apply(storage, preview, now=now, actor=actor, progress=progress)
    if isinstance(done, Stale):
        await storage.rollback()
    return done
