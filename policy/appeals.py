"""Appeals: who may dispute an exam mark, and until when (AP 8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, DayCounting, ExamSlot, Window, Windows, in_time
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
class Stood:
    """What stood posted of a sitting until an instant, when it was corrected, or withdrawn with the file it came in."""

    attempt: Attempt
    until: datetime
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class DecidedAppeal:
    """An appeal that was decided, and on which posting of the mark.

    ``posting`` is when that mark was posted and corrected last (None each where it was not), None where nobody kept it;
    ``marks`` are the exam marks before and after the decision, none where there was no mark.
    """

    at: datetime
    posting: tuple[datetime | None, datetime | None] | None
    marks: frozenset[Decimal] = frozenset()


@dataclass(frozen=True, slots=True)
class Exam:
    """What an appeal is about: one sitting, and what became of earlier appeals against it.

    ``lines`` are those of the timetable it may have been, as two shifts of a group on one day; ``stood`` is what was
    posted of it before what is now, oldest first.
    """

    form: ExamForm | None
    attempt: Attempt
    lines: tuple[ExamSlot, ...] = ()
    stood: tuple[Stood, ...] = ()
    open_appeal: bool = False
    decided: tuple[DecidedAppeal, ...] = ()
    sheet_locked: bool = False

    def as_of(self, instant: datetime) -> Attempt:
        """Return what stood posted at an instant."""
        return next((each.attempt for each in self.stood if instant < each.until), self.attempt)


def lines_of(
    attempts: Sequence[Attempt], slots: Iterable[ExamSlot], calendar: Calendar
) -> tuple[tuple[ExamSlot, ...], ...]:
    """Return the lines of the timetable each attempt may have been, then those left for one nothing is posted of yet.

    ``slots`` are those of the period, course and group. An attempt's lines are those of the day of its exam. While that
    is not known they come after the attempt before, and begin no later than its mark was posted: of a first sitting
    that has none yet, that is every line.
    """
    left = sorted(slots, key=lambda slot: slot.starts)
    found = []
    for attempt in attempts:
        mine = _lines_of(attempt, left, calendar)
        found.append(tuple(mine))
        last = mine[-1].starts if mine else attempt.posted_at
        day = None if mine else attempt.exam_date
        day = calendar.local_day(last) if day is None and last else day
        left = left if day is None else [slot for slot in left if calendar.local_day(slot.starts) > day]
    return (*found, tuple(left))


def _lines_of(attempt: Attempt, left: Sequence[ExamSlot], calendar: Calendar) -> list[ExamSlot]:
    on_its_day = [slot for slot in left if calendar.local_day(slot.starts) == attempt.exam_date]
    if not attempt.concluded:
        return on_its_day or list(left)
    if attempt.exam_date is not None:
        return on_its_day
    if attempt.posted_at is not None:
        return [slot for slot in left if slot.starts <= attempt.posted_at]
    first = calendar.local_day(left[0].starts) if left else None
    return [slot for slot in left if calendar.local_day(slot.starts) == first]


def line_at(lines: Sequence[ExamSlot], now: datetime) -> ExamSlot | None:
    """Return the line of a sitting to speak of: the first that is not over, else the last."""
    return next((slot for slot in lines if now < slot.ends), lines[-1] if lines else None)


@encodes("AP 8")
def appeal_windows(
    exam: Exam, calendar: Calendar, rules: AppealRules, *, at: datetime | None = None
) -> Windows | Refused[AppealRefusal]:
    """Return when this sitting may be appealed, or why that cannot be said (A1-A3, M9).

    Whether there is a mark to appeal is asked of what stands now, or stood ``at`` an instant. A correction adds its
    window to the others and shortens none; without a mark it opens none.
    """
    refusal = _nothing_to_appeal(exam.attempt if at is None else exam.as_of(at))
    if refusal is not None:
        return Refused(refusal, (_APPEALS,))
    found: list[Window] = []
    refused = None
    for attempt in dict.fromkeys((*(each.attempt for each in exam.stood), exam.attempt)):
        if _nothing_to_appeal(attempt) is not None:
            continue
        windows = _of_form(exam, attempt, calendar, rules)
        refused = windows if isinstance(windows, Refused) else refused
        found += () if isinstance(windows, Refused) else windows
        if attempt.corrected_at is not None and attempt.exam is not None:
            found.append(_after_posting(attempt.corrected_at, AppealBasis.AFTER_CORRECTION, (HOUSE,), calendar, rules))
    if found:
        return Windows(tuple(dict.fromkeys(found)))
    return refused or Refused(AppealRefusal.NOT_POSTED, rules.cited("window_days"))


@encodes("AP 8")
def may_appeal(exam: Exam, filed: FilingInstant, calendar: Calendar, rules: AppealRules) -> Decision[AppealRefusal]:
    """Tell whether the owner may appeal this sitting's mark at this instant, as it stood then.

    One open appeal per sitting (A4); after a decision no second one on the same posting of the mark.
    """
    windows = appeal_windows(exam, calendar, rules, at=filed.at)
    if isinstance(windows, Refused):
        return windows
    if exam.open_appeal:
        return Refused(AppealRefusal.ALREADY_FILED, (HOUSE,))
    if any(_bars(decided, exam, filed.at) for decided in exam.decided):
        return Refused(AppealRefusal.ALREADY_DECIDED, (HOUSE,))
    if exam.sheet_locked:
        return Refused(AppealRefusal.SHEET_LOCKED, (_APPEALS,), until=windows.closes)
    return in_time(windows, filed, early=AppealRefusal.NOT_OPEN_YET, late=AppealRefusal.WINDOW_CLOSED)


@encodes("AP 8")
def complaint_window(exam: Exam, calendar: Calendar, rules: AppealRules) -> Window | Refused[AppealRefusal]:
    """Return when a complaint of how this exam was held is in time, whatever came of it (A8; the times are ours).

    That is from its start (from the posting where no record has it) to the hour an appeal closes at, counted from the
    day of the exam or of the posting, whichever is later. Afterwards it is late, not refused.
    """
    posted_at = exam.attempt.posted_at if exam.attempt.concluded else None
    starts = [slot.starts for slot in exam.lines]
    if not starts and exam.attempt.exam_date is not None:
        starts = [calendar.instant(exam.attempt.exam_date, time.min)]
    known = [*starts, *(() if posted_at is None else (posted_at,))]
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
    """Tell whether the student may complain at this instant of how an exam was held: once, beside any appeal (A8).

    No regulation sets a limit: one that is late is allowed too, without an ``until``, and marked late.
    """
    window = complaint_window(exam, calendar, rules)
    if isinstance(window, Refused):
        return window
    if open_complaint:
        return Refused(AppealRefusal.ALREADY_FILED, (HOUSE,))
    if decided:
        return Refused(AppealRefusal.ALREADY_DECIDED, (HOUSE,))
    if filed.at < window.opens:
        return Refused(AppealRefusal.NOT_OPEN_YET, window.cites)
    return Allowed(window.cites, until=window.closes if filed in window else None)


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


def _nothing_to_appeal(attempt: Attempt) -> AppealRefusal | None:
    """Say why a sitting that ended without a mark cannot be appealed; None for one with a mark, or still to come."""
    if attempt.outcome is Outcome.REMOVED:
        return AppealRefusal.REMOVED
    missed = attempt.outcome in (Outcome.DID_NOT_COME, Outcome.NOT_ADMITTED)
    return AppealRefusal.DID_NOT_SIT if missed else None


def _bars(decided: DecidedAppeal, exam: Exam, at: datetime) -> bool:
    """Tell whether a decided appeal was on the posting that stood at an instant.

    One with another mark is another posting, and so is one after the mark was withdrawn.
    """
    attempt = exam.as_of(at)
    if any(each.withdrawn and decided.at < each.until <= at for each in exam.stood):
        return False
    if decided.marks and attempt.exam is not None and attempt.exam not in decided.marks:
        return False
    posting = attempt.posted_at, attempt.corrected_at
    if decided.posting is not None:
        return decided.posting == posting
    return all(at is None or at <= decided.at for at in posting)


def _of_form(
    exam: Exam, attempt: Attempt, calendar: Calendar, rules: AppealRules
) -> tuple[Window, ...] | Refused[AppealRefusal]:
    """Return the windows that a posting, or the exam itself, opens; without those of corrections."""
    match exam.form:
        case None:
            return Refused(AppealRefusal.FORM_UNKNOWN, (_APPEALS,))
        case ExamForm.COMPUTER_TEST:
            return _while_running(exam.lines, calendar)
        case ExamForm.STATE:
            return _after_state_exam(exam, attempt, calendar, rules)
    if attempt.posted_at is None or attempt.exam is None:
        return Refused(AppealRefusal.NOT_POSTED, rules.cited("window_days"))
    cites = rules.cited("window_days", "window_counting", "window_closes_at")
    return (_after_posting(attempt.posted_at, AppealBasis.AFTER_POSTING, cites, calendar, rules),)


def _after_posting(event: datetime, basis: AppealBasis, cites: Cites, calendar: Calendar, rules: AppealRules) -> Window:
    """From the instant the mark is known, to an hour of a day after it (A1)."""
    known_on = calendar.local_day(event)
    days = calendar.days_after(known_on, rules.window_days, rules.window_counting)
    closes = _close(days[-1].day, rules.window_closes_at, calendar)
    return Window(event.astimezone(calendar.zone), closes, cites, days, basis, known_on)


def _close(day: date, hour: time | None, calendar: Calendar) -> datetime:
    return calendar.end_of(day) if hour is None else calendar.instant(day, hour)


def _while_running(lines: Sequence[ExamSlot], calendar: Calendar) -> tuple[Window, ...] | Refused[AppealRefusal]:
    """A computer test: while it runs, whether or not a mark exists yet (A2); inside any of its shifts, not between."""
    if not lines:
        return Refused(AppealRefusal.TIMETABLE_UNKNOWN, (_APPEALS,))
    times = [(slot.starts.astimezone(calendar.zone), slot.ends.astimezone(calendar.zone)) for slot in lines]
    return tuple(
        Window(opens, closes, (_APPEALS,), (), AppealBasis.WHILE_RUNNING, opens.date()) for opens, closes in times
    )


def _after_state_exam(
    exam: Exam, attempt: Attempt, calendar: Calendar, rules: AppealRules
) -> tuple[Window, ...] | Refused[AppealRefusal]:
    """A state exam: from the exam to the end of a day after it (A3), and A1's time from the posting if that is longer.

    One cannot dispute what is not known (ours).
    """
    ends: dict[date, datetime] = {}
    for slot in exam.lines:
        ends.setdefault(calendar.local_day(slot.starts), slot.ends.astimezone(calendar.zone))
    if attempt.exam_date is not None:
        ends = {attempt.exam_date: ends.get(attempt.exam_date, calendar.instant(attempt.exam_date, time.min))}
    found = []
    for day, opens in ends.items():
        days = calendar.days_after(day, rules.state_exam_days, DayCounting.CALENDAR)
        closes = calendar.end_of(days[-1].day)
        cites = rules.cited("state_exam_days")
        found.append(Window(opens, closes, cites, days, AppealBasis.AFTER_STATE_EXAM, day))
    if attempt.posted_at is not None and attempt.exam is not None:
        posted = _after_posting(attempt.posted_at, AppealBasis.AFTER_POSTING, (HOUSE,), calendar, rules)
        if all(window.closes < posted.closes for window in found):
            found.append(posted)
    return tuple(found) or Refused(AppealRefusal.EXAM_DATE_UNKNOWN, (_APPEALS,))
