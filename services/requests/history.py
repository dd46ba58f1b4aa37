"""The history of a request: one line for every step, with what it was before and after."""

from datetime import datetime
from typing import Any

from storage.records import Change
from storage.requests import Request

OBJECT = "request"
DOCUMENT = "request_document"  # what came with one
MARK = "request_mark"  # what became of the mark it is about; `after` names the change of the marks
_TOLD = (
    "kind",
    "choice",
    "reason",
    "filed_at",
    "registered_by",
    "due_at",
    "paused_at",
    "state",
    "taken_by",
    "substitute",
    "entered_at",
)


def recorded(
    before: Request | None, after: Request, *, by: str | None, now: datetime, why: str | None = None
) -> Change:
    """Return a step as a line of the history; `by` is a person's id, None where nobody acted."""
    return Change(
        object=OBJECT,
        key=(str(after.id),),
        before=None if before is None else _facts(before),
        after=_facts(after),
        cause="request",
        cause_id=after.id,
        at=now,
        about=after.student_id,
        actor=by,
        why=why,
    )


def added(
    request: Request,
    what: str,
    told: dict[str, Any],
    *,
    by: str | None,
    now: datetime,
    before: dict[str, Any] | None = None,
    why: str | None = None,
) -> Change:
    """Return what came to a request (a document, a decision) as a line of the history; `before`: what became of it."""
    return Change(
        object=what,
        key=(str(request.id),),
        before=before,
        after=told,
        cause="request",
        cause_id=request.id,
        at=now,
        about=request.student_id,
        actor=by,
        why=why,
    )


def _facts(request: Request) -> dict[str, Any]:
    """Return what is worth comparing between two steps, as JSON values."""
    facts: dict[str, Any] = {name: _plain(getattr(request, name)) for name in _TOLD}
    facts["exam"] = list(request.exam)
    proposal = request.proposal
    facts["proposal"] = proposal and {
        "outcome": proposal.outcome,
        "points": proposal.points,
        "reason": proposal.reason,
        "prepared_by": proposal.by,
    }
    facts["seat"] = request.seat and [request.seat.starts_at.isoformat(), request.seat.room]
    facts["inquiries"] = [
        {"question": each.question, "asked_by": each.asked_by, "answer": each.answer} for each in request.inquiries
    ]
    return facts


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
