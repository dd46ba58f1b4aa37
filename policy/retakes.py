"""Retakes after an FX, and the additional period after the session (AP 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, PeriodDates, PeriodEvent, Window
from policy.citation import HOUSE, Citation, encodes
from policy.dated import Chapter
from policy.decision import Allowed, Decision, Refused
from policy.instant import MessageInstant
from policy.marks import Enrolment, ExamForm, MarkRules, Result, Standing, attempt_results
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
def retake_window(
    enrolment: Enrolment,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    dates: PeriodDates | None,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
) -> Window | Refused[RetakeRefusal]:
    """Return when a retake may be applied for, or why there is none (X1, X2, X4, X6).

    ``dates`` are those of the enrolment's period; ``earlier`` the same student's enrolments in the same course in
    earlier periods, whose FX count too; ``decided_at`` is when an appeal against the FX was decided. An FX that is
    posted, corrected or confirmed only after the additional period may be applied for within a few working days (ours).
    """
    results = attempt_results(enrolment, marks)
    refusal = _no_retake(enrolment, results, _count_fx(earlier, marks), rules)
    if refusal is not None:
        return Refused(refusal, (_RETAKES,))
    additional = additional_period(dates, calendar, rules)
    if additional is None or dates is None:
        return Refused(RetakeRefusal.SESSION_UNKNOWN, (_RETAKES,))
    attempt = enrolment.attempts[-1]
    known_at = attempt.posted_at or calendar.instant(dates.spans[PeriodEvent.SESSION].starts, time.min)
    settled_at = max(at for at in (known_at, attempt.corrected_at, decided_at) if at is not None)
    if settled_at < additional.closes:
        return replace(additional, opens=known_at.astimezone(calendar.zone))
    settled_on = calendar.local_day(settled_at)
    days = calendar.working_days_after(settled_on, rules.grace_working_days)
    return Window(
        settled_at.astimezone(calendar.zone),
        calendar.end_of(days[-1].day),
        rules.cited("grace_working_days"),
        days,
        RetakeBasis.GRACE,
        settled_on,
    )


@encodes("AP 8")
def may_retake(
    enrolment: Enrolment,
    filed: MessageInstant,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    dates: PeriodDates | None,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
    open_request: bool = False,
) -> Decision[RetakeRefusal]:
    """Tell whether a retake may be applied for at this instant; the facts are those of `retake_window`."""
    window = retake_window(enrolment, calendar, rules, marks, dates=dates, decided_at=decided_at, earlier=earlier)
    if isinstance(window, Refused):
        return window
    if open_request:
        return Refused(RetakeRefusal.ALREADY_FILED, (HOUSE,))
    if filed.at < window.opens:
        return Refused(RetakeRefusal.NOT_OPEN_YET, window.cites)
    if filed not in window:
        return Refused(RetakeRefusal.WINDOW_CLOSED, window.cites, until=window.closes)
    return Allowed(window.cites, until=window.closes)


def _no_retake(
    enrolment: Enrolment, results: Sequence[Result], earlier_fx: int, rules: RetakeRules
) -> RetakeRefusal | None:
    """Say why the latest result cannot be retaken, whatever the day (X2, X4, X6)."""
    concluded = [one for one in results if one.standing is not Standing.PENDING]
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
    return RetakeRefusal.RETAKE_PENDING if results[-1].standing is Standing.PENDING else None


_NOT_FX: Final = {
    Standing.PASSED: RetakeRefusal.PASSED,
    Standing.F: RetakeRefusal.FAILED_WITH_F,
    Standing.REMOVED: RetakeRefusal.REMOVED,
}


def _count_fx(enrolments: Sequence[Enrolment], marks: MarkRules) -> int:
    return sum(one.standing is Standing.FX for enrolment in enrolments for one in attempt_results(enrolment, marks))
