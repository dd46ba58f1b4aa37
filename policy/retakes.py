"""Retakes after an FX, and the additional period after the session (AP 8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, PeriodDates, PeriodEvent, Window, Windows, in_time
from policy.citation import HOUSE, Citation, encodes
from policy.dated import Chapter
from policy.decision import Decision, Refused
from policy.instant import FilingInstant
from policy.marks import (
    Enrolment,
    ExamForm,
    MarkRules,
    Requirement,
    Standing,
    admission,
    attempt_results,
    results_until_passed,
)
from policy.people import Level
from policy.values import whole

_RETAKES: Final = Citation("AP", "8")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetakeRules(Chapter):
    """The time limits of a retake on one day; ``retakes_allowed`` is how many FX of a course may be retaken."""

    additional_working_days: Annotated[int, whole(1, 60)]
    grace_working_days: Annotated[int, whole(1, 30)]
    retakes_allowed: Annotated[int, whole(0, 10)]


class RetakeBasis(StrEnum):
    """By which rule the window closes."""

    ACADEMIC_CALENDAR = "academic_calendar"
    WORKING_DAYS = "working_days"
    GRACE = "grace"


class RetakeRefusal(StrEnum):
    """Why there is no retake."""

    NO_RESULT = "no_result"
    PASSED = "passed"
    FAILED_WITH_F = "failed_with_f"
    REMOVED = "removed"
    MISSED_THE_EXAM = "missed_the_exam"
    SECOND_FX = "second_fx"
    RETAKE_USED = "retake_used"
    RETAKE_PENDING = "retake_pending"
    STATE_EXAM = "state_exam"
    SESSION_UNKNOWN = "session_unknown"
    WINDOW_CLOSED = "window_closed"
    NOT_OPEN_YET = "not_open_yet"
    ALREADY_FILED = "already_filed"


class MissedCause(StrEnum):
    """What kept somebody from an exam that may be taken in the additional period."""

    FEES = "fees"
    DID_NOT_COME = "did_not_come"
    RATING = "rating"


class MissedExamRefusal(StrEnum):
    """Why a missed exam may not be taken in the additional period."""

    NO_RESULT = "no_result"
    SAT = "sat"
    RETAKE_USED = "retake_used"
    ATTENDANCE = "attendance"
    COURSE_WORK = "course_work"
    SESSION_UNKNOWN = "session_unknown"
    ALREADY_FILED = "already_filed"
    NOT_OPEN_YET = "not_open_yet"
    WINDOW_CLOSED = "window_closed"
    WRONG_CAUSE = "wrong_cause"
    RATING_STILL_TOO_LOW = "rating_still_too_low"


@encodes("AP 8")
def additional_period(dates: PeriodDates | None, calendar: Calendar, rules: RetakeRules) -> Window | None:
    """Return the additional period after the session (X1), None while the session's dates are not known.

    It ends with the working days the regulation gives at most, or earlier where the academic calendar says so.
    """
    session = None if dates is None else dates.spans.get(PeriodEvent.SESSION)
    if dates is None or session is None:
        return None
    days = calendar.working_days_after(session.ends, rules.additional_working_days)
    closes_on, basis = days[-1].day, RetakeBasis.WORKING_DAYS
    given = dates.spans.get(PeriodEvent.ADDITIONAL)
    if given is not None and session.ends < given.ends <= closes_on:
        closes_on, basis = given.ends, RetakeBasis.ACADEMIC_CALENDAR
    return Window(
        calendar.end_of(session.ends),
        calendar.end_of(closes_on),
        rules.cited("additional_working_days"),
        tuple(counted for counted in days if counted.day <= closes_on),
        basis,
        session.ends,
    )


@encodes("AP 8")
def retake_windows(
    enrolment: Enrolment,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    dates: PeriodDates | None,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
) -> Windows | Refused[RetakeRefusal]:
    """Return when a retake may be applied for, or why there is none (X1, X2, X4, X6).

    ``dates`` are those of the enrolment's period; ``earlier`` the same student's enrolments in the same course in
    earlier periods, whose FX count too; ``decided_at`` is when an appeal against the FX was decided. An FX that is
    posted, corrected or confirmed near the end of the additional period or after it may be applied for until the later
    of that end and a few working days after (ours).
    """
    earlier_fx = sum(_count_fx(each, marks) for each in earlier)
    if refusal := _no_retake(enrolment, earlier_fx, rules, marks):
        return Refused(refusal, (_RETAKES,))
    additional = additional_period(dates, calendar, rules)
    if additional is None or dates is None:
        return Refused(RetakeRefusal.SESSION_UNKNOWN, (_RETAKES,))
    attempt = enrolment.attempts[-1]
    known_at = attempt.posted_at or _session_starts(dates, calendar)
    in_period = (replace(additional, opens=known_at.astimezone(calendar.zone)),) if known_at < additional.closes else ()
    settled = (at for at in (known_at, attempt.corrected_at, decided_at) if at is not None)
    return Windows((*in_period, *_grace(additional, settled, calendar, rules)))


@encodes("AP 8")
def may_retake(
    enrolment: Enrolment,
    filed: FilingInstant,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    dates: PeriodDates | None,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
    open_request: bool = False,
) -> Decision[RetakeRefusal]:
    """Tell whether a retake may be applied for at this instant; the facts are those of `retake_windows`."""
    windows = retake_windows(enrolment, calendar, rules, marks, dates=dates, decided_at=decided_at, earlier=earlier)
    if isinstance(windows, Refused):
        return windows
    if open_request:
        return Refused(RetakeRefusal.ALREADY_FILED, (HOUSE,))
    return in_time(windows, filed, early=RetakeRefusal.NOT_OPEN_YET, late=RetakeRefusal.WINDOW_CLOSED)


@encodes("HOUSE")
def may_be_seated(answered_by: datetime, additional: Window) -> bool:
    """Tell whether an application that is answered by then leaves a day of the additional period for its exam (X1)."""
    return answered_by < additional.closes


@encodes("AP 8")
def missed_causes(
    enrolment: Enrolment, level: Level, marks: MarkRules
) -> tuple[MissedCause, ...] | Refused[MissedExamRefusal]:
    """Return what may have kept the student from the exam, or why the additional period is not for it (X5).

    Sheets print "did not come" for those not admitted too, so that what failed counts for both. Where the records do
    not say what kept somebody out, these are the causes they do not rule out: fees they call paid may have been paid
    since (ours).
    """
    concluded = [one for one in results_until_passed(enrolment, marks) if one.standing is not Standing.PENDING]
    if not concluded:
        return Refused(MissedExamRefusal.NO_RESULT, (_RETAKES,))
    missed = concluded[-1]
    if missed.standing not in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
        return Refused(MissedExamRefusal.SAT, (_RETAKES,))
    if any(one.standing is Standing.FX for one in concluded):
        return Refused(MissedExamRefusal.RETAKE_USED, (HOUSE,))
    failed = {check.requirement for check in admission(enrolment, level, marks).checks if check.met is False}
    if Requirement.ATTENDANCE in failed:
        return Refused(MissedExamRefusal.ATTENDANCE, (_RETAKES,))
    if Requirement.COURSE_WORK in failed:
        return Refused(MissedExamRefusal.COURSE_WORK, (_RETAKES,))
    rating = missed.admission_rating
    causes = {MissedCause.FEES} if Requirement.FEES in failed else set()
    if rating is not None and rating < marks.admission_rating_minimum:
        causes.add(MissedCause.RATING)
    if missed.standing is Standing.DID_NOT_COME:
        causes.add(MissedCause.DID_NOT_COME)
    elif not causes:
        causes = {MissedCause.FEES} if rating is not None else {MissedCause.FEES, MissedCause.RATING}
    return tuple(cause for cause in MissedCause if cause in causes)


@encodes("AP 8")
def missed_exam_windows(
    enrolment: Enrolment,
    level: Level,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    dates: PeriodDates | None,
) -> Windows | Refused[MissedExamRefusal]:
    """Return when the additional period may be applied for, or why it may not be (X1, X5).

    It closes with that period. It opens when the outcome is posted; one posted too late, or without an instant, leaves
    the time from the start of the session, for whoever missed the exam knows it. An outcome posted or corrected near
    the end or after it leaves the same few working days as an FX (ours).
    """
    causes = missed_causes(enrolment, level, marks)
    if isinstance(causes, Refused):
        return causes
    additional = additional_period(dates, calendar, rules)
    if additional is None or dates is None:
        return Refused(MissedExamRefusal.SESSION_UNKNOWN, (_RETAKES,))
    missed = next(attempt for attempt in reversed(enrolment.attempts) if attempt.concluded)
    opens = missed.posted_at
    if opens is None or opens >= additional.closes:
        opens = _session_starts(dates, calendar)
    settled = (at for at in (missed.posted_at, missed.corrected_at) if at is not None)
    in_period = replace(additional, opens=opens.astimezone(calendar.zone))
    return Windows((in_period, *_grace(additional, settled, calendar, rules)))


@encodes("AP 8")
def may_take_missed_exam(
    enrolment: Enrolment,
    level: Level,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    cause: MissedCause,
    filed: FilingInstant,
    dates: PeriodDates | None,
    open_request: bool = False,
) -> Decision[MissedExamRefusal]:
    """Tell whether a missed exam may be applied for at this instant, for this cause (X5).

    Whatever the cause, a rating below the minimum has to be made good first, by new ratings that are entered.
    """
    windows = missed_exam_windows(enrolment, level, calendar, rules, marks, dates=dates)
    if isinstance(windows, Refused):
        return windows
    if open_request:
        return Refused(MissedExamRefusal.ALREADY_FILED, (HOUSE,))
    timely = in_time(windows, filed, early=MissedExamRefusal.NOT_OPEN_YET, late=MissedExamRefusal.WINDOW_CLOSED)
    if isinstance(timely, Refused):
        return timely
    causes = missed_causes(enrolment, level, marks)
    if isinstance(causes, Refused) or cause not in causes:
        return Refused(MissedExamRefusal.WRONG_CAUSE, (_RETAKES,))
    rating = attempt_results(enrolment, marks)[-1].admission_rating
    if cause is MissedCause.RATING if rating is None else rating < marks.admission_rating_minimum:
        return Refused(MissedExamRefusal.RATING_STILL_TOO_LOW, marks.cited("admission_rating_minimum"))
    return timely


def _session_starts(dates: PeriodDates, calendar: Calendar) -> datetime:
    return calendar.instant(dates.spans[PeriodEvent.SESSION].starts, time.min)


def _grace(
    additional: Window, settled: Iterable[datetime], calendar: Calendar, rules: RetakeRules
) -> tuple[Window, ...]:
    """Return the few working days after each instant a result was settled at, where they outlast the period."""
    found = []
    for settled_at in dict.fromkeys(settled):
        settled_on = calendar.local_day(settled_at)
        days = calendar.working_days_after(settled_on, rules.grace_working_days)
        closes = calendar.end_of(days[-1].day)
        if closes > additional.closes:
            opens = settled_at.astimezone(calendar.zone)
            cites = rules.cited("grace_working_days")
            found.append(Window(opens, closes, cites, days, RetakeBasis.GRACE, settled_on))
    return tuple(found)


def _no_retake(enrolment: Enrolment, earlier_fx: int, rules: RetakeRules, marks: MarkRules) -> RetakeRefusal | None:
    """Say why the latest result cannot be retaken, whatever the day (X2, X4, X6)."""
    concluded = [one for one in results_until_passed(enrolment, marks) if one.standing is not Standing.PENDING]
    if not concluded:
        return RetakeRefusal.NO_RESULT
    fx = sum(one.standing is Standing.FX for one in concluded)
    standing = concluded[-1].standing
    if enrolment.exam_form is ExamForm.STATE and standing in (Standing.FX, Standing.F, Standing.REMOVED):
        return RetakeRefusal.STATE_EXAM
    if standing is not Standing.FX:
        if standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
            return RetakeRefusal.RETAKE_USED if fx else RetakeRefusal.MISSED_THE_EXAM
        return _NOT_FX[standing]
    if fx + earlier_fx > rules.retakes_allowed:
        return RetakeRefusal.SECOND_FX
    latest = attempt_results(enrolment, marks)[-1]
    return RetakeRefusal.RETAKE_PENDING if latest.standing is Standing.PENDING else None


_NOT_FX: Final = {
    Standing.PASSED: RetakeRefusal.PASSED,
    Standing.F: RetakeRefusal.FAILED_WITH_F,
    Standing.REMOVED: RetakeRefusal.REMOVED,
}


def _count_fx(enrolment: Enrolment, marks: MarkRules) -> int:
    return sum(one.standing is Standing.FX for one in results_until_passed(enrolment, marks))
