"""Corrections: clerical errors in posted marks, put right by two people and never silently (M9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from policy.citation import HOUSE
from policy.decision import Decision, Refused
from policy.marks import Attempt, Enrolment, Outcome
from policy.people import Role, Student
from policy.profile import Profile
from policy.reading import Affair, ReadingRefusal, may_see
from policy.two_people import Matter, MotionKind
from services.attempts import note
from services.motions.moving import MotionRefusal, MotionType, Second, expires_at, move, today, unreasoned
from services.news import owe_correction
from services.objects import written
from services.requests.events import tell_of_changes
from services.requests.kinds import AFTER_FX
from services.requests.voiding import void_retakes
from services.standing import CourseStanding, study_of
from services.teaching import lecturers_of, taught_by
from storage.records import Change, Motion
from storage.requests import ExamKey
from storage.unit import Storage


class CorrectionRefusal(StrEnum):
    """Why a correction was not proposed."""

    NOT_ALLOWED = "not_allowed"  # the person holds no role that corrects this student's marks
    OWN_MARK = "own_mark"  # nobody corrects their own marks
    LECTURER = "lecturer"  # nor those of a sheet they teach
    NO_SUCH_ATTEMPT = "no_such_attempt"
    NOT_POSTED = "not_posted"  # nothing posted yet: an import may still set it
    OUT_OF_RANGE = "out_of_range"  # not 0 to 100
    MARK_WITHOUT_EXAM = "mark_without_exam"  # an exam mark for somebody who did not take it, or none for who did
    NOTHING_CHANGES = "nothing_changes"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a motion wants corrected: `before` and `after` hold the fields of the attempt that differ."""

    student_id: str
    period: str
    course_code: str
    attempt: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def of(cls, motion: Motion) -> Self:
        """Read what a motion is about."""
        told = motion.content
        return cls(
            motion.student_id or "", told["period"], told["course_code"], told["attempt"], told["before"], told["after"]
        )


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

    motion: Motion
    before: Attempt
    after: Attempt
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction that has taken effect."""

    number: int
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
    compared: Comparison


async def would_correct(
    storage: Storage,
    *,
    student_id: str,
    period: str,
    course_code: str,
    attempt: int | None,
    values: Values,
    by: str | None,
    now: datetime,
    profile: Profile,
) -> WouldBe | Refused[Any]:
    """Tell what correcting an attempt (None: the latest) would change, or why it cannot be proposed; changes nothing.

    `by` is a registrar's id, None for the command line. A reason is asked for later, by `propose_correction`.
    """
    sheet = (period, course_code)
    if refused := await _stranger(storage, by, student_id=student_id, now=now, profile=profile, sheet=sheet):
        return refused
    enrolment = await storage.marks.by_key(student_id, period, course_code)
    taken = enrolment.attempts if enrolment else ()
    before = next((each for each in reversed(taken) if attempt in {None, each.number}), None)
    if before is None:
        return _refused(CorrectionRefusal.NO_SUCH_ATTEMPT)
    after = _corrected(before, values)
    if isinstance(after, Refused):
        return after
    waiting = await storage.motions.open_about(about_attempt(student_id, ExamKey(period, course_code, before.number)))
    if waiting and now < expires_at(waiting, profile):
        return Refused(MotionRefusal.ONE_IS_WAITING, (HOUSE,))
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
    by: str | None,
    now: datetime,
    profile: Profile,
) -> Proposed | Refused[Any]:
    """Move to correct an attempt (None: the latest), for a registrar or (None) the command line. Commits."""
    if refused := unreasoned(reason):
        return refused
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
    exam = ExamKey(period, course_code, before.number)
    differing = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    motion = await move(
        storage,
        CORRECTION,
        about=about_attempt(student_id, exam),
        content={
            **exam._asdict(),
            "before": _differing(before, differing),
            "after": _differing(after, differing),
        },
        reason=reason,
        by=by,
        now=now,
        profile=profile,
        student_id=student_id,
    )
    if isinstance(motion, Refused):
        return motion
    return Proposed(motion, before, after, expires_at(motion, profile))


async def _matter(storage: Storage, motion: Motion, profile: Profile) -> Matter:
    """Say who may carry a correction: a second person of this student's institute, no lecturer, not the student."""
    student = await storage.students.by_id(motion.student_id or "")
    exam = ExamKey(motion.content["period"], motion.content["course_code"], motion.content["attempt"])
    return Matter(
        roles=profile.service.correction_confirmed_by,
        scopes=frozenset({student.institute if student else None}),
        gains=frozenset({motion.student_id or ""}),
        lecturers=await lecturers_of(storage, motion.student_id or "", exam),
    )


async def _carry(storage: Storage, motion: Motion, second: Second) -> Applied | Refused[MotionRefusal]:
    """Change the mark; its old value stays in the history, the student is owed the news.

    A retake of an exam that is no FX any more is taken away, an appeal goes on against the new mark: its commission
    is told.
    """
    correction, now = Correction.of(motion), second.now
    enrolment = await storage.marks.by_key(correction.student_id, correction.period, correction.course_code)
    taken = enrolment.attempts if enrolment else ()
    before = next((each for each in taken if each.number == correction.attempt), None)
    if enrolment is None or before is None or _differing(before, correction.before) != _read(correction.before):
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
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
                cause_id=motion.id,
                at=now,
                about=correction.student_id,
                actor=second.by,
                why=motion.reason,
            )
        ]
    )
    exam = ExamKey(correction.period, correction.course_code, correction.attempt)
    await void_retakes(
        storage,
        correction.student_id,
        exam,
        kinds=AFTER_FX,
        by=second.by,
        why=motion.reason,
        now=now,
        profile=second.profile,
    )
    await tell_of_changes(storage, now=now, profile=second.profile, student_id=correction.student_id)
    await owe_correction(storage, correction_id=motion.id, student_id=correction.student_id, by=second.by, now=now)
    names = correction.student_id, correction.period, correction.course_code
    return Applied(motion.id, *names, before, after, motion.reason)


CORRECTION = MotionType(MotionKind.CORRECTION, matter=_matter, carry=_carry)


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


async def case_of(storage: Storage, *, motion: Motion, now: datetime, profile: Profile) -> Case:
    """Return a correction with all that its reader needs to decide; raises LookupError when its course is gone."""
    correction = Correction.of(motion)
    student = await storage.students.by_id(correction.student_id)
    enrolment = await storage.marks.by_key(correction.student_id, correction.period, correction.course_code)
    taken = enrolment.attempts if enrolment else ()
    attempt = next((each for each in taken if each.number == correction.attempt), None)
    if student is None or attempt is None:
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
    return Case(correction, student, compared)


async def applied_of(
    storage: Storage, number: int, *, now: datetime, profile: Profile
) -> tuple[Applied, Comparison] | None:
    """Return a carried correction as its student reads it; None when what it corrected is gone."""
    motion = await storage.motions.by_id(number)
    if motion is None:
        return None
    try:
        case = await case_of(storage, motion=motion, now=now, profile=profile)
    except LookupError:
        return None
    before, after = (each.enrolment.attempts[-1] for each in (case.compared.before, case.compared.after))
    names = case.correction.student_id, case.correction.period, case.correction.course_code
    return Applied(number, *names, before, after, motion.reason), case.compared


_FIELDS = tuple(field.name for field in fields(Values))


def about_attempt(student_id: str, exam: ExamKey) -> str:
    """Return what a motion about one attempt is about."""
    return f"attempt:{student_id}:{exam.period}:{exam.course_code}:{exam.attempt}"


def _refused(reason: CorrectionRefusal) -> Refused[CorrectionRefusal]:
    return Refused(reason, (HOUSE,))


async def _stranger(
    storage: Storage,
    by: str | None,
    *,
    student_id: str,
    now: datetime,
    profile: Profile,
    sheet: tuple[str, str] | None = None,
) -> Refused[CorrectionRefusal] | None:
    """Refuse whoever is no registrar of this student's institute today, is the student, or teaches the sheet."""
    student = await storage.students.by_id(student_id)
    if student is None:
        return _refused(CorrectionRefusal.NO_SUCH_ATTEMPT)
    if by is None:
        return None
    lecturers = frozenset[str]()
    if sheet is not None:
        lecturers = await lecturers_of(storage, student_id, ExamKey(*sheet, 1))
    seen = await _seen(storage, student, by=by, lecturers=lecturers, now=now, profile=profile)
    if not isinstance(seen, Refused):
        return None
    note(seen, "marks", student_id, by=by, cause="correction", now=now, about=student_id)
    return _refused(_UNSEEN.get(seen.reason, CorrectionRefusal.NOT_ALLOWED))


async def may_correct(
    storage: Storage, student_id: str, *, by: str, now: datetime, profile: Profile
) -> Student | Refused[CorrectionRefusal]:
    """Return a student whose marks somebody of the office may see to correct them; who may not is noted."""
    refused = await _stranger(storage, by, student_id=student_id, now=now, profile=profile)
    student = await storage.students.by_id(student_id)
    return refused or student or _refused(CorrectionRefusal.NO_SUCH_ATTEMPT)


async def correctable(storage: Storage, student_id: str, *, by: str) -> tuple[Enrolment, ...]:
    """Return a student's enrolments but those on sheets that whoever corrects teaches."""
    enrolments = await storage.marks.of_student(student_id)
    sittings = {each: (student_id, ExamKey(each.period, each.course.code, 1)) for each in enrolments}
    taught = await taught_by(storage, by, sittings.values())
    return tuple(each for each in enrolments if sittings[each] not in taught)


async def _seen(
    storage: Storage, student: Student, *, by: str, lecturers: frozenset[str], now: datetime, profile: Profile
) -> Decision[ReadingRefusal]:
    affair = Affair(scopes=frozenset({student.institute}), owners=frozenset({student.person_id}), lecturers=lecturers)
    grants = await storage.roles.of_person(by)
    return may_see(affair, {Role.REGISTRAR}, by=by, grants=grants, on=today(now, profile))


_UNSEEN = {ReadingRefusal.OWN: CorrectionRefusal.OWN_MARK, ReadingRefusal.LECTURER: CorrectionRefusal.LECTURER}


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
