"""Documents: what came with a request becomes a file of ours, or is lost, and then its student hears of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from services.owing import owe
from services.requests.history import DOCUMENT, added
from services.requests.telling import news_group, rewrite_cards
from storage.outbox import Priority
from storage.requests import Document
from storage.unit import Storage

LOST_DOCUMENT = "lost document"  # to the student; `content` names the request, the file and why


class Loss(StrEnum):
    """Why a document cannot be stored."""

    GONE = "gone"  # Telegram does not give it
    TOO_LARGE = "too_large"


async def keep_stored(storage: Storage, document: Document, *, sha256: str, size: int, now: datetime) -> None:
    """Keep that a document is stored under the SHA-256 of its content, of `size` bytes. Commits."""
    request = await storage.requests.by_id(document.request_id)
    if request and await storage.requests.mark_stored(document.id, sha256=sha256, size=size, at=now):
        told = {"document": document.id, "sha256": sha256, "size": size}
        await storage.changes.record([added(request, DOCUMENT, told, by=None, now=now, before=_sent(document))])
        await storage.commit()


def _sent(document: Document) -> dict[str, Any]:
    """Return what the history has of a document that was added and not fetched yet."""
    return {"document": document.id, "size": document.file.size}


async def keep_lost(storage: Storage, document: Document, why: Loss, *, now: datetime) -> None:
    """Keep that a document cannot be stored; the student is owed the news, the cards say so. Commits."""
    request = await storage.requests.by_id(document.request_id)
    if request is None or not await storage.requests.mark_lost(document.id, error=why):
        return
    told = {"document": document.id, "error": why}
    await storage.changes.record([added(request, DOCUMENT, told, by=None, now=now, before=_sent(document))])
    await owe(
        storage,
        to=request.student_id,
        kind=LOST_DOCUMENT,
        content={"request": request.id, "file_name": document.file.file_name, "why": why},
        now=now,
        priority=Priority.DEADLINE,
        group_key=f"{news_group(request.id)}:document",
    )
    await rewrite_cards(storage, request, now=now)
    await storage.commit()
