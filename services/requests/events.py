"""Events: what became of a mark after something was filed about it, put before those who deal with that."""

from datetime import datetime
from typing import Any

from policy.marks import Attempt
from policy.profile import Profile
from services.requests.history import MARK, added
from services.requests.telling import owe_cards, rewrite_cards
from storage.marks import MarkChange
from storage.requests import Request
from storage.unit import Storage


async def events_of(storage: Storage, request: Request) -> tuple[MarkChange, ...]:
    """Return what became of a mark since a request was filed about it, but for what its own decisions did."""
    since = await storage.marks.changes_of(request.student_id, request.exam, since=request.filed_at)
    return tuple(
        each
        for each in since
        if _posted(each.before) != _posted(each.after) and (each.cause, each.cause_id) != ("appeal", request.id)
    )


async def tell_of_changes(storage: Storage, *, now: datetime, profile: Profile, student_id: str | None = None) -> int:
    """Put before the staff, with a new card and once each, what became of marks since something was filed about them.

    It is another step of the request: who had it open looks again before they decide. Of a student, or of everybody;
    returns of how many requests. The caller commits.
    """
    told = 0
    for known in await storage.requests.with_changed_marks(student_id):
        if not (news := await _untold(storage, known)):
            continue
        request = await storage.requests.by_id(known.id, lock=True)
        student = await storage.students.by_id(known.student_id)
        if request is None or student is None or request.version != known.version:
            continue  # somebody was quicker: the next look finds it
        kept = await storage.requests.save(request)
        if kept is None:
            raise LookupError("a request moved under its lock")
        first, latest = news[0], news[-1]
        after = {"change": latest.id, **_written(latest.after)}
        line = added(kept, MARK, after, before=_written(first.before), by=latest.by, now=now, why=latest.why)
        await storage.changes.record([line])
        await rewrite_cards(storage, kept, now=now)
        await owe_cards(storage, kept, student, now=now, profile=profile)
        told += 1
    return told


async def _untold(storage: Storage, request: Request) -> list[MarkChange]:
    events = await events_of(storage, request)
    lines = await storage.changes.of(MARK, (str(request.id),)) if events else ()
    told = max((line.after["change"] for line in lines if line.after), default=0)
    return [each for each in events if each.id > told]


def _posted(attempt: Attempt | None) -> tuple[Any, ...] | None:
    """Return what of an attempt a decision rests on; None while nothing is posted."""
    if attempt is None or not attempt.concluded:
        return None
    return attempt.rating1, attempt.rating2, attempt.exam, attempt.outcome, attempt.posted_at


def _written(attempt: Attempt | None) -> dict[str, Any]:
    return {} if attempt is None else {"exam": attempt.exam, "outcome": attempt.outcome}
