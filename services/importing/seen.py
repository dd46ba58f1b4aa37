"""Who was shown what a file holds, kept in the history beside the changes."""

from datetime import datetime

from services.importing.previews import Preview
from storage.records import READ, Change
from storage.unit import Storage


async def record_preview(storage: Storage, shown: Preview, *, by: str | None, now: datetime) -> None:
    """Keep that somebody was shown what a file holds and how the records differ; the caller commits.

    Whom it names is in the file: its SHA-256 (hexadecimal) tells which one it was.
    """
    of, name = (shown.kind, shown.sha256), {"file_name": shown.file_name}
    change = Change("file", of, None, name, "preview", now, actor=by, act=READ)
    await storage.changes.record([change])
