"""Retakes after an FX, and the additional period after the session (AP 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policy.calendar import Calendar, PeriodDates, Window
from policy.decision import Decision, Refused
from policy.instant import MessageInstant
from policy.marks import Enrolment, MarkRules


@dataclass(frozen=True, slots=True)
class RetakeRules:
    """The time limits of a retake on one day."""

    additional_working_days: int
    grace_working_days: int
    fx_allowed: int


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


def additional_period(dates: PeriodDates, calendar: Calendar, rules: RetakeRules) -> Window | None:
    """Return the additional period after the session (X1), None while the session's dates are not known."""
    raise NotImplementedError


def retake_window(
    enrolment: Enrolment,
    dates: PeriodDates | None,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
) -> Window | Refused[RetakeRefusal]:
    """Return when a retake may be applied for, or why there is none (X1, X2, X4, X6)."""
    raise NotImplementedError


def may_retake(
    enrolment: Enrolment,
    filed: MessageInstant,
    dates: PeriodDates | None,
    calendar: Calendar,
    rules: RetakeRules,
    marks: MarkRules,
    *,
    decided_at: datetime | None = None,
    earlier: Sequence[Enrolment] = (),
    open_request: bool = False,
) -> Decision[RetakeRefusal]:
    """Tell whether a retake may be applied for at this instant."""
    raise NotImplementedError
