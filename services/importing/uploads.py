"""Files that wait for Confirm: what was shown is what is loaded, once."""

from datetime import datetime
from hashlib import sha256

from services.importing.applying import apply
from services.importing.plan import Progress
from services.importing.previews import Imported, Preview, Stale
from storage.unit import Storage


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
