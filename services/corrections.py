"""Corrections: clerical errors in posted marks, put right by two people and never silently (M9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.marks import Attempt, Outcome
from policy.people import Name, Role, Student, holds
from policy.profile import Profile
from services.importing.objects import written
from services.news import owe_correction
from services.requests.voiding import void_retakes
from services.standing import CourseStanding, study_of
from storage.records import Account, Change, Correction, CorrectionState
from storage.requests import ExamKey
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
class WouldBe:
    """An attempt as it is, and as a correction would make it."""

    before: Attempt
    after: Attempt


@dataclass(frozen=True, slots=True)
class Proposed:
    """A correction that waits for a second person, with the attempt as it is and as it would be."""

    correction_id: int
    before: Attempt
    after: Attempt
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction that has taken effect."""

    correction_id: int
    student_id: str
    period: str
    course_code: str
    before: Attempt
    after: Attempt  # its `corrected_at` starts A1's window, whatever the exam's form
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A course up to one attempt: with the attempt as it is, and as a correction makes it."""

    before: CourseStanding
    after: CourseStanding


@dataclass(frozen=True, slots=True)
class Case:
    """A correction as those who decide it read it."""

    correction: Correction
    student: Student
    proposed_by: Name
    expires_at: datetime
    compared: Comparison


async def would_correct(
    storage: Storage,
    *,
    student_id: str,
    period: str,
    course_code: str,
    attempt: int | None,
    values: Values,
    by: str,
    now: datetime,
    profile: Profile,
) -> WouldBe | Refused[CorrectionRefusal]:
    """Tell what correcting an attempt (None: the latest) would change, or why it cannot be proposed; changes nothing.

    A reason is asked for later, by `propose_correction`.
    """
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
    waiting = await storage.corrections.waiting_for((student_id, period, course_code, before.number))
    if waiting and now < expires_at(waiting, profile):
        return _refused(CorrectionRefusal.ONE_IS_WAITING)
    return WouldBe(before, after)


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
    wanted = await would_correct(
        storage,
        student_id=student_id,
        period=period,
        course_code=course_code,
        attempt=attempt,
        values=values,
        by=by,
        now=now,
        profile=profile,
    )
    if isinstance(wanted, Refused):
        return wanted
    before, after = wanted.before, wanted.after
    key = (student_id, period, course_code, before.number)
    if expired := await storage.corrections.waiting_for(key):
        await _decide(storage, expired, CorrectionState.EXPIRED, by=None, now=now)
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
    proposed = {"state": CorrectionState.PROPOSED, "key": [str(part) for part in key]}
    await storage.changes.record([_change(number, student_id, None, proposed, by=by, now=now, why=reason.strip())])
    await storage.commit()
    return Proposed(number, before, after, now + timedelta(days=profile.service.correction_days))


async def confirm_correction(
    storage: Storage, *, correction_id: int, by: str, now: datetime, profile: Profile
) -> Applied | Refused[CorrectionRefusal]:
    """Let a second person confirm: the mark changes, its old value stays in the history, the student is owed the news.

    A retake of an exam that is no FX any more is taken away, an appeal goes on against the new mark. Commits.
    """
    correction = await _open(storage, correction_id, now, profile)
    if isinstance(correction, Refused):
        return correction
    if by == correction.proposed_by:
        return _refused(CorrectionRefusal.SAME_PERSON)
    roles = profile.service.correction_confirmed_by
    if refused := await _stranger(storage, by, roles=roles, student_id=correction.student_id, now=now, profile=profile):
        return refused
    if not await _decide(storage, correction, CorrectionState.CONFIRMED, by=by, now=now):
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
    exam = ExamKey(correction.period, correction.course_code, correction.attempt)
    await void_retakes(storage, correction.student_id, exam, by=by, why=correction.reason, now=now, profile=profile)
    await owe_correction(storage, correction_id=correction_id, student_id=correction.student_id, by=by, now=now)
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
    if not await _decide(storage, correction, CorrectionState.REFUSED, by=by, now=now, reason=reason.strip()):
        return _refused(CorrectionRefusal.ALREADY_DECIDED)
    await storage.commit()
    return correction


async def compare(
    storage: Storage,
    *,
    student: Student,
    period: str,
    course_code: str,
    before: Attempt,
    after: Attempt,
    now: datetime,
    profile: Profile,
) -> Comparison:
    """Work out what a student's course comes to with either of two versions of an attempt; raises LookupError."""
    study = await study_of(storage, student=student, now=now, profile=profile)
    taken = (each for each in study.of_period(period) if each.course.code == course_code)
    enrolment = next(taken, None)
    if enrolment is None:
        raise LookupError("the student is not enrolled in this course")
    earlier = tuple(each for each in enrolment.attempts if each.number < before.number)
    return Comparison(
        study.standing(replace(enrolment, attempts=(*earlier, before))),
        study.standing(replace(enrolment, attempts=(*earlier, after))),
    )


async def case_of(storage: Storage, *, correction: Correction, now: datetime, profile: Profile) -> Case:
    """Return a correction with all that its reader needs to decide; raises LookupError when its course is gone."""
    student = await storage.students.by_id(correction.student_id)
    proposer = await storage.people.by_id(correction.proposed_by)
    enrolment = await storage.marks.by_key(correction.student_id, correction.period, correction.course_code)
    taken = enrolment.attempts if enrolment else ()
    attempt = next((each for each in taken if each.number == correction.attempt), None)
    if student is None or proposer is None or attempt is None:
        raise LookupError("a correction names what is not in the records")
    compared = await compare(
        storage,
        student=student,
        period=correction.period,
        course_code=correction.course_code,
        before=replace(attempt, **_read(correction.before)),
        after=replace(attempt, **_read(correction.after)),
        now=now,
        profile=profile,
    )
    return Case(correction, student, proposer.name, expires_at(correction, profile), compared)


async def applied_of(
    storage: Storage, correction_id: int, *, now: datetime, profile: Profile
) -> tuple[Applied, Comparison] | None:
    """Return a confirmed correction as its student reads it; None when what it corrected is gone."""
    correction = await storage.corrections.by_id(correction_id)
    if correction is None:
        return None
    try:
        case = await case_of(storage, correction=correction, now=now, profile=profile)
    except LookupError:
        return None
    before, after = (each.enrolment.attempts[-1] for each in (case.compared.before, case.compared.after))
    names = correction.student_id, correction.period, correction.course_code
    return Applied(correction_id, *names, before, after, correction.reason), case.compared


async def waiting_corrections(storage: Storage, *, by: str, now: datetime, profile: Profile) -> tuple[Correction, ...]:
    """Return the corrections that wait and that this person proposed or may decide, oldest first."""
    roles = profile.service.correction_confirmed_by
    return tuple(
        [
            each
            for each in await storage.corrections.waiting()
            if now < expires_at(each, profile)
            and (
                each.proposed_by == by
                or not await _stranger(storage, by, roles=roles, student_id=each.student_id, now=now, profile=profile)
            )
        ]
    )


async def second_people(
    storage: Storage, *, student: Student, proposed_by: str, today: date, profile: Profile
) -> tuple[Account, ...]:
    """Return the Telegram accounts of those who may decide what somebody proposed for a student, by person id."""
    grants = [grant for role in profile.service.correction_confirmed_by for grant in await storage.roles.holders(role)]
    people = {grant.person_id for grant in grants if grant.holds_on(today) and grant.scope in {None, student.institute}}
    accounts = await storage.accounts.of_people(sorted(people - {proposed_by, student.person_id}))
    return tuple(accounts.values())


_FIELDS = tuple(field.name for field in fields(Values))


def _refused(reason: CorrectionRefusal, until: datetime | None = None) -> Refused[CorrectionRefusal]:
    return Refused(reason, (HOUSE,), until)


def expires_at(correction: Correction, profile: Profile) -> datetime:
    """Return the instant from which a correction that nobody decided no longer can be."""
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
    over = expires_at(correction, profile)
    if correction.state is CorrectionState.EXPIRED:
        return _refused(CorrectionRefusal.EXPIRED, over)
    if correction.state is not CorrectionState.PROPOSED:
        return _refused(CorrectionRefusal.ALREADY_DECIDED)
    if now >= over:
        await _decide(storage, correction, CorrectionState.EXPIRED, by=None, now=now)
        await storage.commit()
        return _refused(CorrectionRefusal.EXPIRED, over)
    return correction


async def _decide(
    storage: Storage,
    correction: Correction,
    state: CorrectionState,
    *,
    by: str | None,
    now: datetime,
    reason: str | None = None,
) -> bool:
    """End a correction's waiting, and keep who did; False when somebody did before."""
    if not await storage.corrections.decide(correction.id, state, by=by, at=now, reason=reason):
        return False
    before, after = {"state": CorrectionState.PROPOSED}, {"state": state}
    await storage.changes.record(
        [_change(correction.id, correction.student_id, before, after, by=by, now=now, why=reason)]
    )
    return True


def _change(
    number: int,
    student_id: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    by: str | None,
    now: datetime,
    why: str | None,
) -> Change:
    return Change("correction", (str(number),), before, after, "correction", now, student_id, number, actor=by, why=why)


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
