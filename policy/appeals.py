"""Appeals: who may dispute an exam mark, and until when (AP 8)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, DayCounting, ExamSlot, Window
from policy.citation import HOUSE, Citation, Cites, encodes
from policy.dated import Chapter
from policy.decision import Allowed, Decision, Refused
from policy.instant import FilingInstant
from policy.marks import Attempt, ExamForm, Outcome
from policy.values import choice, hour_or_end_of_day, whole

_APPEALS: Final = Citation("AP", "8")
_COMPLAINTS: Final = (_APPEALS, HOUSE)
_BEST_MARK: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRules(Chapter):
    """The time limits of an appeal on one day; ``window_closes_at`` None is the end of the day."""

    window_days: Annotated[int, whole(1, 30)]
    window_counting: Annotated[DayCounting, choice(DayCounting)]
    window_closes_at: Annotated[time | None, hour_or_end_of_day]
    state_exam_days: Annotated[int, whole(1, 30)]


class AppealBasis(StrEnum):
    """By which rule the window closes."""

    AFTER_POSTING = "after_posting"
    AFTER_CORRECTION = "after_correction"
    WHILE_RUNNING = "while_running"
    AFTER_STATE_EXAM = "after_state_exam"
    AFTER_EXAM = "after_exam"


class AppealRefusal(StrEnum):
    """Why there is no window, no appeal, or no complaint of how the exam was held."""

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


class UpholdRefusal(StrEnum):
    """Why an appeal may not be upheld with these points."""

    NO_MARK = "no_mark"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    SHEET_LOCKED = "sheet_locked"


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
    """Return the timetable's line for an attempt, out of those of its period, course and group.

    That is the one on the day of the exam; while that day is not known, the first sitting's is the earliest line.
    """
    earliest_first = sorted(slots, key=lambda slot: slot.starts)
    if attempt.exam_date is not None:
        earliest_first = [slot for slot in earliest_first if calendar.local_day(slot.starts) == attempt.exam_date]
    elif attempt.number > 1:
        return None
    return next(iter(earliest_first), None)


@encodes("AP 8")
def appeal_window(exam: Exam, calendar: Calendar, rules: AppealRules) -> Window | Refused[AppealRefusal]:
    """Return when this exam may be appealed, or why that cannot be said (A1-A3, M9)."""
    attempt = exam.attempt
    if attempt.corrected_at is not None:
        return _after_posting(attempt.corrected_at, AppealBasis.AFTER_CORRECTION, (HOUSE,), calendar, rules)
    if attempt.outcome is Outcome.REMOVED:
        return Refused(AppealRefusal.REMOVED, (_APPEALS,))
    if attempt.outcome in (Outcome.DID_NOT_COME, Outcome.NOT_ADMITTED):
        return Refused(AppealRefusal.DID_NOT_SIT, (_APPEALS,))
    match exam.form:
        case None:
            return Refused(AppealRefusal.FORM_UNKNOWN, (_APPEALS,))
        case ExamForm.COMPUTER_TEST:
            return _while_running(exam.slot, calendar)
        case ExamForm.STATE:
            return _after_state_exam(exam, calendar, rules)
    if attempt.posted_at is None or not attempt.concluded:
        return Refused(AppealRefusal.NOT_POSTED, rules.cited("window_days"))
    cites = rules.cited("window_days", "window_counting", "window_closes_at")
    return _after_posting(attempt.posted_at, AppealBasis.AFTER_POSTING, cites, calendar, rules)


@encodes("AP 8")
def may_appeal(exam: Exam, filed: FilingInstant, calendar: Calendar, rules: AppealRules) -> Decision[AppealRefusal]:
    """Tell whether the owner may appeal this exam's mark at this instant.

    One open appeal per exam (A4); after a decision no second one, unless the mark was corrected since.
    """
    window = appeal_window(exam, calendar, rules)
    if isinstance(window, Refused):
        return window
    if exam.open_appeal:
        return Refused(AppealRefusal.ALREADY_FILED, (HOUSE,))
    corrected_at = exam.attempt.corrected_at
    decided_at = exam.appeal_decided_at
    if decided_at is not None and (corrected_at is None or corrected_at <= decided_at):
        return Refused(AppealRefusal.ALREADY_DECIDED, (HOUSE,))
    if exam.sheet_locked:
        return Refused(AppealRefusal.SHEET_LOCKED, (_APPEALS,), until=window.closes)
    if filed.at < window.opens:
        return Refused(AppealRefusal.NOT_OPEN_YET, window.cites)
    if filed not in window:
        return Refused(AppealRefusal.WINDOW_CLOSED, window.cites, until=window.closes)
    return Allowed(window.cites, until=window.closes)


@encodes("AP 8")
def complaint_window(exam: Exam, calendar: Calendar, rules: AppealRules) -> Window | Refused[AppealRefusal]:
    """Return when one may complain of how this exam was held, whatever came of it (A8; the times are ours).

    That is from its start (from the posting where no record has it) to the hour an appeal closes at, counted from the
    day of the exam or of the posting, whichever is later.
    """
    posted_at = exam.attempt.posted_at if exam.attempt.concluded else None
    starts = exam.slot.starts if exam.slot else None
    if starts is None and exam.attempt.exam_date is not None:
        starts = calendar.instant(exam.attempt.exam_date, time.min)
    known = [at for at in (starts, posted_at) if at is not None]
    if not known:
        return Refused(AppealRefusal.EXAM_DATE_UNKNOWN, _COMPLAINTS)
    opens, counted_from = known[0], calendar.local_day(max(known))
    days = calendar.days_after(counted_from, rules.window_days, rules.window_counting)
    closes = _close(days[-1].day, rules.window_closes_at, calendar)
    return Window(opens.astimezone(calendar.zone), closes, _COMPLAINTS, days, AppealBasis.AFTER_EXAM, counted_from)


@encodes("AP 8")
def may_complain(
    exam: Exam,
    filed: FilingInstant,
    calendar: Calendar,
    rules: AppealRules,
    *,
    open_complaint: bool,
    decided: bool,
) -> Decision[AppealRefusal]:
    """Tell whether the student may complain at this instant of how an exam was held: once, beside any appeal (A8)."""
    window = complaint_window(exam, calendar, rules)
    if isinstance(window, Refused):
        return window
    if open_complaint:
        return Refused(AppealRefusal.ALREADY_FILED, (HOUSE,))
    if decided:
        return Refused(AppealRefusal.ALREADY_DECIDED, (HOUSE,))
    if filed.at < window.opens:
        return Refused(AppealRefusal.NOT_OPEN_YET, window.cites)
    if filed not in window:
        return Refused(AppealRefusal.WINDOW_CLOSED, window.cites, until=window.closes)
    return Allowed(window.cites, until=window.closes)


@encodes("AP 8")
def may_uphold(points: int, attempt: Attempt, *, sheet_locked: bool) -> Decision[UpholdRefusal]:
    """Tell whether an appeal may be upheld with these points: at least 1, to 100 at most, before the lock (A5, M9)."""
    if sheet_locked:
        return Refused(UpholdRefusal.SHEET_LOCKED, (_APPEALS,))
    if attempt.exam is None or attempt.outcome not in (None, Outcome.TOOK):
        return Refused(UpholdRefusal.NO_MARK, (_APPEALS,))
    if points < 1:
        return Refused(UpholdRefusal.TOO_FEW, (_APPEALS,))
    if points > most_points(attempt):
        return Refused(UpholdRefusal.TOO_MANY, (HOUSE,))
    return Allowed((_APPEALS,))


def most_points(attempt: Attempt) -> int:
    """Return how many whole points can be added to an exam mark as posted: 10 to 89.5; none without a mark (ours)."""
    return 0 if attempt.exam is None else int(_BEST_MARK - attempt.exam)


def upheld(attempt: Attempt, points: int) -> Attempt:
    """Return the attempt with these points on its exam mark; raises ValueError unless `may_uphold` allows them."""
    if attempt.exam is None or isinstance(may_uphold(points, attempt, sheet_locked=False), Refused):
        raise ValueError(f"{points} points cannot be added to {attempt.exam}")
    return replace(attempt, exam=attempt.exam + points)


def _after_posting(event: datetime, basis: AppealBasis, cites: Cites, calendar: Calendar, rules: AppealRules) -> Window:
    """From the instant the mark is known, to an hour of a day after it (A1)."""
    known_on = calendar.local_day(event)
    days = calendar.days_after(known_on, rules.window_days, rules.window_counting)
    closes = _close(days[-1].day, rules.window_closes_at, calendar)
    return Window(event.astimezone(calendar.zone), closes, cites, days, basis, known_on)


def _close(day: date, hour: time | None, calendar: Calendar) -> datetime:
    return calendar.end_of(day) if hour is None else calendar.instant(day, hour)


def _while_running(slot: ExamSlot | None, calendar: Calendar) -> Window | Refused[AppealRefusal]:
    """A computer test: while it runs, whether or not a mark exists yet (A2)."""
    if slot is None:
        return Refused(AppealRefusal.TIMETABLE_UNKNOWN, (_APPEALS,))
    opens, closes = slot.starts.astimezone(calendar.zone), slot.ends.astimezone(calendar.zone)
    return Window(opens, closes, (_APPEALS,), (), AppealBasis.WHILE_RUNNING, opens.date())


def _after_state_exam(exam: Exam, calendar: Calendar, rules: AppealRules) -> Window | Refused[AppealRefusal]:
    """A state exam: from the exam on, however late its mark is posted, to the end of a day after it (A3)."""
    day = exam.attempt.exam_date
    if day is None and exam.slot is not None:
        day = calendar.local_day(exam.slot.starts)
    if day is None:
        return Refused(AppealRefusal.EXAM_DATE_UNKNOWN, (_APPEALS,))
    opens = exam.slot.ends.astimezone(calendar.zone) if exam.slot else calendar.instant(day, time.min)
    days = calendar.days_after(day, rules.state_exam_days, DayCounting.CALENDAR)
    closes = calendar.end_of(days[-1].day)
    return Window(opens, closes, rules.cited("state_exam_days"), days, AppealBasis.AFTER_STATE_EXAM, day)
