"""Corrections: clerical errors in posted marks, put right by two people and never silently (M9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.marks import Attempt, Outcome
from policy.people import Role
from policy.profile import Profile
from services.importing.objects import written
from services.roles import holds
from storage.records import Change, Correction, CorrectionState
from storage.unit import Storage


class CorrectionRefusal(StrEnum):
    """Why a correction was not proposed, confirmed or refused."""

    NOT_ALLOWED = "not_allowed"  # the person holds no role that corrects this student's marks
    OWN_MARK = "own_mark"  # nobody corrects their own marks, or confirms it
    NO_REASON = "no_reason"
    NO_SUCH_ATTEMPT = "no_such_attempt"
    NOT_POSTED = "not_posted"  # nothing posted yet: an import may still set it
    OUT_OF_RANGE = "out_of_range"  # not 0 to 100
    MARK_WITHOUT_EXAM = "mark_without_exam"  # an exam mark for somebody who did not take it, or none for who did
    NOTHING_CHANGES = "nothing_changes"
    ONE_IS_WAITING = "one_is_waiting"  # the same attempt has a correction that waits for confirmation
    UNKNOWN = "unknown"  # no correction with this number
    SAME_PERSON = "same_person"  # the one who proposed it cannot confirm it
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"  # `Refused.until` is when the time for it was over
    CHANGED_SINCE = "changed_since"  # the mark is no longer what the proposal saw


@dataclass(frozen=True, slots=True)
class Values:
    """What a correction changes; None leaves a value as it is. Marks are 0 to 100.

    An exam mark alone also says that the exam was taken; an outcome other than `took` takes the exam mark away.
    """

    rating1: Decimal | None = None
    rating2: Decimal | None = None
    exam: Decimal | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A correction that waits for a second person, with the attempt as it is and as it would be."""

    correction_id: int
    before: Attempt
    after: Attempt
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction that has taken effect, with what is owed: the student is told that a new appeal window is open."""

    correction_id: int
    student_id: str
    period: str
    course_code: str
    before: Attempt
    after: Attempt  # its `corrected_at` starts A1's window, whatever the exam's form
    reason: str


async def propose_correction(
    storage: Storage,
    *,
    student_id: str,
    period: str,
    course_code: str,
    attempt: int | None,
    values: Values,
    reason: str,
    by: str,
    now: datetime,
    profile: Profile,
) -> Proposed | Refused[CorrectionRefusal]:
    """Propose to correct an attempt (None: the latest), on behalf of a registrar. Commits."""
    if not reason.strip():
        return _refused(CorrectionRefusal.NO_REASON)
    if refused := await _stranger(
        storage, by, roles=(Role.REGISTRAR,), student_id=student_id, now=now, profile=profile
    ):
        return refused
    enrolment = await storage.marks.by_key(student_id, period, course_code)
    taken = enrolment.attempts if enrolment else ()
    before = next((each for each in reversed(taken) if attempt in {None, each.number}), None)
    if before is None:
        return _refused(CorrectionRefusal.NO_SUCH_ATTEMPT)
    after = _corrected(before, values)
    if isinstance(after, Refused):
        return after
    key = (student_id, period, course_code, before.number)
    waiting = await storage.corrections.waiting_for(key)
    if waiting and now < _expires_at(waiting, profile):
        return _refused(CorrectionRefusal.ONE_IS_WAITING)
    if waiting:
        await storage.corrections.decide(waiting.id, CorrectionState.EXPIRED, by=None, at=now)
    differing = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    number = await storage.corrections.propose(
        key,
        before=_differing(before, differing),
        after=_differing(after, differing),
        reason=reason.strip(),
        by=by,
        at=now,
    )
    if number is None:
        return _refused(CorrectionRefusal.ONE_IS_WAITING)
    await storage.commit()
    return Proposed(number, before, after, now + timedelta(days=profile.service.correction_days))


async def confirm_correction(
    storage: Storage, *, correction_id: int, by: str, now: datetime, profile: Profile
) -> Applied | Refused[CorrectionRefusal]:
    """Let a second person confirm: the mark changes, its old value stays in the history. Commits."""
    correction = await _open(storage, correction_id, now, profile)
    if isinstance(correction, Refused):
        return correction
    if by == correction.proposed_by:
        return _refused(CorrectionRefusal.SAME_PERSON)
    roles = profile.service.correction_confirmed_by
    if refused := await _stranger(storage, by, roles=roles, student_id=correction.student_id, now=now, profile=profile):
        return refused
    if not await storage.corrections.decide(correction_id, CorrectionState.CONFIRMED, by=by, at=now):
        return _refused(CorrectionRefusal.ALREADY_DECIDED)
    enrolment = await storage.marks.by_key(correction.student_id, correction.period, correction.course_code)
    taken = enrolment.attempts if enrolment else ()
    before = next((each for each in taken if each.number == correction.attempt), None)
    if enrolment is None or before is None or _differing(before, correction.before) != _read(correction.before):
        await storage.rollback()
        return _refused(CorrectionRefusal.CHANGED_SINCE)
    after = replace(before, **_read(correction.after), corrected_at=now)
    await storage.marks.save([replace(enrolment, attempts=(after,))])
    await storage.changes.record(
        [
            Change(
                object="attempt",
                key=(correction.student_id, correction.period, correction.course_code, str(correction.attempt)),
                before=written(before),
                after=written(after),
                cause="correction",
                cause_id=correction_id,
                at=now,
                about=correction.student_id,
                actor=by,
                why=correction.reason,
            )
        ]
    )
    await storage.commit()
    return Applied(
        correction_id,
        correction.student_id,
        correction.period,
        correction.course_code,
        before,
        after,
        correction.reason,
    )


async def refuse_correction(
    storage: Storage, *, correction_id: int, by: str, reason: str, now: datetime, profile: Profile
) -> Correction | Refused[CorrectionRefusal]:
    """Let a second person refuse, or the proposer take it back, with a reason; the mark stays. Commits."""
    if not reason.strip():
        return _refused(CorrectionRefusal.NO_REASON)
    correction = await _open(storage, correction_id, now, profile)
    if isinstance(correction, Refused):
        return correction
    roles = profile.service.correction_confirmed_by
    if by != correction.proposed_by and (
        refused := await _stranger(storage, by, roles=roles, student_id=correction.student_id, now=now, profile=profile)
    ):
        return refused
    if not await storage.corrections.decide(
        correction_id, CorrectionState.REFUSED, by=by, at=now, reason=reason.strip()
    ):
        return _refused(CorrectionRefusal.ALREADY_DECIDED)
    await storage.commit()
    return correction


_FIELDS = tuple(field.name for field in fields(Values))


def _refused(reason: CorrectionRefusal, until: datetime | None = None) -> Refused[CorrectionRefusal]:
    return Refused(reason, (HOUSE,), until)


def _expires_at(correction: Correction, profile: Profile) -> datetime:
    return correction.proposed_at + timedelta(days=profile.service.correction_days)


async def _stranger(
    storage: Storage, person_id: str, *, roles: tuple[Role, ...], student_id: str, now: datetime, profile: Profile
) -> Refused[CorrectionRefusal] | None:
    """Refuse somebody who holds none of these roles for this student's institute today, or is the student."""
    student = await storage.students.by_id(student_id)
    if student is None:
        return _refused(CorrectionRefusal.NO_SUCH_ATTEMPT)
    if person_id == student_id:
        return _refused(CorrectionRefusal.OWN_MARK)
    held = await storage.roles.of_person(person_id)
    today = now.astimezone(profile.university.zone).date()
    if any(holds(held, role, on=today, scope=student.institute) for role in roles):
        return None
    return _refused(CorrectionRefusal.NOT_ALLOWED)


async def _open(
    storage: Storage, correction_id: int, now: datetime, profile: Profile
) -> Correction | Refused[CorrectionRefusal]:
    correction = await storage.corrections.by_id(correction_id)
    if correction is None:
        return _refused(CorrectionRefusal.UNKNOWN)
    expires_at = _expires_at(correction, profile)
    if correction.state is CorrectionState.EXPIRED:
        return _refused(CorrectionRefusal.EXPIRED, expires_at)
    if correction.state is not CorrectionState.PROPOSED:
        return _refused(CorrectionRefusal.ALREADY_DECIDED)
    if now >= expires_at:
        await storage.corrections.decide(correction_id, CorrectionState.EXPIRED, by=None, at=now)
        await storage.commit()
        return _refused(CorrectionRefusal.EXPIRED, expires_at)
    return correction


def _corrected(before: Attempt, values: Values) -> Attempt | Refused[CorrectionRefusal]:
    """Return the attempt with these values, or why they cannot be."""
    given = {name: getattr(values, name) for name in _FIELDS if getattr(values, name) is not None}
    for value in (values.rating1, values.rating2, values.exam):
        if value is not None and not (value.is_finite() and 0 <= value <= 100):
            return _refused(CorrectionRefusal.OUT_OF_RANGE)
    if before.posted_at is None and any(getattr(before, name) is None for name in given):
        return _refused(CorrectionRefusal.NOT_POSTED)
    if values.outcome in {None, Outcome.TOOK}:
        if values.exam is not None:
            given["outcome"] = Outcome.TOOK
        elif values.outcome is Outcome.TOOK and before.outcome is not Outcome.TOOK:
            return _refused(CorrectionRefusal.MARK_WITHOUT_EXAM)
    elif values.exam is not None:
        return _refused(CorrectionRefusal.MARK_WITHOUT_EXAM)
    else:
        given["exam"] = None
    after = replace(before, **given)
    return _refused(CorrectionRefusal.NOTHING_CHANGES) if after == before else after


def _differing(attempt: Attempt, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in names}


def _read(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a stored correction holds of an attempt."""
    types: Mapping[str, type[Any]] = {"outcome": Outcome}
    return {name: None if value is None else types.get(name, Decimal)(value) for name, value in kept.items()}
