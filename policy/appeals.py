"""Appeals: who may dispute an exam mark, and until when (AP 8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from policy.calendar import Calendar, DayCounting, ExamSlot, Window
from policy.decision import Decision, Refused
from policy.instant import MessageInstant
from policy.marks import Attempt, ExamForm


@dataclass(frozen=True, slots=True)
class AppealRules:
    """The time limits of an appeal on one day; ``closes_at`` None is the end of the day."""

    window_days: int
    window_counting: DayCounting
    window_closes_at: time | None
    state_exam_days: int


class AppealBasis(StrEnum):
    """By which rule the window closes."""

    AFTER_POSTING = "after_posting"
    AFTER_CORRECTION = "after_correction"
    WHILE_RUNNING = "while_running"
    AFTER_STATE_EXAM = "after_state_exam"


class AppealRefusal(StrEnum):
    """Why there is no window, or no appeal."""

    NOT_POSTED = "not_posted"
    FORM_UNKNOWN = "form_unknown"
    TIMETABLE_UNKNOWN = "timetable_unknown"
    EXAM_DATE_UNKNOWN = "exam_date_unknown"
    DID_NOT_SIT = "did_not_sit"
    REMOVED = "removed"
    NOT_OPEN_YET = "not_open_yet"
    WINDOW_CLOSED = "window_closed"
    SHEET_LOCKED = "sheet_locked"
    ALREADY_FILED = "already_filed"
    ALREADY_DECIDED = "already_decided"


@dataclass(frozen=True, slots=True)
class Exam:
    """What an appeal is about: one sitting, and what became of earlier appeals against it."""

    form: ExamForm | None
    attempt: Attempt
    slot: ExamSlot | None = None
    open_appeal: bool = False
    appeal_decided_at: datetime | None = None
    sheet_locked: bool = False


def slot_of(attempt: Attempt, slots: Iterable[ExamSlot], calendar: Calendar) -> ExamSlot | None:
    """Return the timetable's line for an attempt, out of those of its period, course and group."""
    raise NotImplementedError


def appeal_window(exam: Exam, calendar: Calendar, rules: AppealRules) -> Window | Refused[AppealRefusal]:
    """Return when this exam may be appealed, or why that cannot be said (A1-A3, M9)."""
    raise NotImplementedError


def may_appeal(exam: Exam, filed: MessageInstant, calendar: Calendar, rules: AppealRules) -> Decision[AppealRefusal]:
    """Tell whether the owner may appeal this exam's mark at this instant."""
    raise NotImplementedError
