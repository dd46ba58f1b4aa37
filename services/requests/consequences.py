"""What a signed decision does besides being one: to marks, to other requests, to other desks."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from policy.people import Student
from policy.profile import Profile
from policy.requests import ENTERING, Kind
from services.objects import written
from services.requests.events import tell_of_changes
from services.requests.telling import owe_cards
from services.requests.voiding import void_retakes
from storage.records import Change
from storage.requests import Decision, Request
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was just signed, and whom it is about; the transaction is still open."""

    storage: Storage
    request: Request
    decision: Decision
    student: Student
    now: datetime
    profile: Profile
    after_fx: Collection[Kind]  # what falls away once the exam is no FX


Consequence = Callable[[Decided], Awaitable[None]]


async def raise_mark(decided: Decided) -> None:
    """Write the new exam mark; the old one stays in the history (A5, A6). Raises LookupError without a mark.

    What else waits about this exam has it put before its commission.
    """
    request, decision, storage = decided.request, decided.decision, decided.storage
    key = (request.student_id, request.exam.period, request.exam.course_code)
    enrolment = await storage.marks.by_key(*key)
    taken = enrolment.attempts if enrolment else ()
    before = next((each for each in taken if each.number == request.exam.attempt), None)
    if before is None:
        raise LookupError("an upheld appeal needs its mark")
    after = replace(before, exam=decision.mark_after)
    await storage.marks.save_attempts([(key, after)])
    await storage.changes.record(
        [
            Change(
                object="attempt",
                key=(*key, str(before.number)),
                before=written(before),
                after=written(after),
                cause="appeal",
                cause_id=request.id,
                at=decided.now,
                about=request.student_id,
                actor=decision.signed_by,
                why=decision.reason,
            )
        ]
    )
    await tell_of_changes(storage, now=decided.now, profile=decided.profile, student_id=request.student_id)


async def cancel_retakes(decided: Decided) -> None:
    """Take away what a retake of this exam was applied for, once the exam is no FX any more (A6)."""
    request, decision = decided.request, decided.decision
    await void_retakes(
        decided.storage,
        request.student_id,
        request.exam,
        kinds=decided.after_fx,
        by=decision.signed_by,
        why=decision.reason,
        now=decided.now,
        profile=decided.profile,
    )


async def tell_registrar(decided: Decided) -> None:
    """Make the upheld mark a task of the registrar's office, to be entered in the university's system (A5)."""
    await owe_cards(
        decided.storage,
        decided.request,
        decided.student,
        now=decided.now,
        profile=decided.profile,
        queue=ENTERING,
    )
