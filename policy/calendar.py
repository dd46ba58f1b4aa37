"""The university's calendar: which days count, and how a deadline explains itself day by day."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from policy.citation import Cites, encodes
from policy.decision import Allowed, Refused
from policy.instant import FilingInstant
from policy.marks import ExamForm

_Reason = TypeVar("_Reason", bound=StrEnum)
_NO_DAY, _DAY, _WEEK = timedelta(), timedelta(days=1), timedelta(days=7)
_LONGEST_CLOSURE = timedelta(days=366)


class DaySource(StrEnum):
    """Who says that a day is special; the university overrules the state."""

    STATE = "state"
    UNIVERSITY = "university"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says: off, or worked."""

    day: date
    working: bool
    name_kk: str
    name_ru: str
    source: DaySource


class DayReason(StrEnum):
    """Why a day was counted or skipped."""

    WORKING_DAY = "working_day"
    WORKED_BY_ORDER = "worked_by_order"
    CALENDAR_DAY = "calendar_day"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    SAME_DATE = "same_date"
    LAST_OF_MONTH = "last_of_month"


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A line of an explanation; ``number`` is None where the day was skipped, the names are those of a special day."""

    day: date
    number: int | None
    reason: DayReason
    name_kk: str | None = None
    name_ru: str | None = None


class DayCounting(StrEnum):
    """Which days a time limit counts."""

    CALENDAR = "calendar"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which something may be done: from ``opens``, and no longer at ``closes`` (T2).

    ``basis`` says by which rule it closes, ``counted_from`` the day of the event that started the clock, ``days`` the
    days after it, each counted or skipped. Raises ValueError when it would end before it starts.
    """

    opens: datetime
    closes: datetime
    cites: Cites
    days: tuple[CountedDay, ...]
    basis: StrEnum
    counted_from: date

    def __post_init__(self) -> None:
        """Refuse a window nobody could ever be inside of by mistake of a rule."""
        if self.opens.utcoffset() is None or self.closes.utcoffset() is None:
            raise ValueError("a window needs time zones")
        if self.closes < self.opens:
            raise ValueError(f"a window cannot close at {self.closes} before it opens at {self.opens}")

    def __contains__(self, instant: datetime | FilingInstant) -> bool:
        """Tell whether an instant is in time."""
        at = instant if isinstance(instant, datetime) else instant.at
        return self.opens <= at < self.closes


@dataclass(frozen=True, slots=True)
class Windows:
    """One or more windows in which the same thing may be done; they may overlap, and there may be time between them.

    Raises ValueError without any.
    """

    each: tuple[Window, ...]

    def __post_init__(self) -> None:
        """Refuse none at all: whoever has no window has a refusal."""
        if not self.each:
            raise ValueError("no window")

    def __contains__(self, instant: datetime | FilingInstant) -> bool:
        """Tell whether an instant is inside any of them."""
        return any(instant in window for window in self.each)

    def at(self, instant: datetime) -> Window:
        """Return the window an instant is in (of several the last to close), else the next to open, else the last."""
        inside = [window for window in self.each if instant in window]
        ahead = [window for window in self.each if window.opens > instant]
        if inside or not ahead:
            return max(inside or self.each, key=lambda window: window.closes)
        return min(ahead, key=lambda window: window.opens)

    @property
    def closes(self) -> datetime:
        """From when on nothing can be done any more."""
        return max(window.closes for window in self.each)


def in_time(windows: Windows, filed: FilingInstant, *, early: _Reason, late: _Reason) -> Allowed | Refused[_Reason]:
    """Tell whether something was filed inside a window, else whether before the next opens or after the last (T2)."""
    window = windows.at(filed.at)
    if filed.at < window.opens:
        return Refused(early, window.cites)
    if filed not in window:
        return Refused(late, window.cites, until=window.closes)
    return Allowed(window.cites, until=window.closes)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """First and last day, both inclusive; raises ValueError when the last comes before the first."""

    starts: date
    ends: date

    def __post_init__(self) -> None:
        """Refuse days in the wrong order."""
        if self.ends < self.starts:
            raise ValueError(f"{self.ends} comes before {self.starts}")


class PeriodEvent(StrEnum):
    """What the academic calendar fixes within a period."""

    TEACHING = "teaching"
    RATING1 = "rating1"
    RATING2 = "rating2"
    SESSION = "session"
    ADDITIONAL = "additional"
    HOLIDAYS = "holidays"
    DROP_OFF = "drop_off"
    PRACTICE = "practice"
    SUMMER = "summer"


@dataclass(frozen=True, slots=True)
class PeriodDates:
    """What happens in a period, and when; what the calendar does not give is absent.

    ``period`` reads ``2025-2026/1``.
    """

    period: str
    spans: Mapping[PeriodEvent, DateSpan]


def academic_year(period: str) -> str:
    """Return the academic year of a period: ``2025-2026`` of ``2025-2026/1``."""
    return period.partition("/")[0]


@dataclass(frozen=True, slots=True)
class ExamSlot:
    """A line of the exam timetable; ``starts`` and ``ends`` are aware instants, ValueError when in the wrong order."""

    period: str
    course_code: str
    group: str
    exam_form: ExamForm
    starts: datetime
    ends: datetime
    room: str | None = None
    lecturer_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse an exam that ends before it starts."""
        if self.ends < self.starts:
            raise ValueError(f"an exam cannot end at {self.ends} before it starts at {self.starts}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a university.

    ``working_week`` is 5 (Monday to Friday) or 6. ``days`` overrule the weekday; where the state and the university
    both say something about a day, they hold what the university says.
    """

    zone: ZoneInfo
    working_week: int
    days: Mapping[date, SpecialDay]

    def is_working(self, day: date) -> bool:
        """Tell whether a day counts as a working day."""
        special = self.days.get(day)
        return day.weekday() < self.working_week if special is None else special.working

    def working_days_after(self, day: date, n: int) -> tuple[CountedDay, ...]:
        """Return the days after ``day`` up to the n-th working day (n >= 1), each counted or skipped and why (T4).

        Raises ValueError for n below 1, and where the calendar stays closed for a year.
        """
        return self._working_days(day, n, _DAY)

    def working_days_before(self, day: date, n: int) -> tuple[CountedDay, ...]:
        """Return the days before ``day`` back to the n-th working day (n >= 1), each counted or skipped and why (T6).

        Raises ValueError as `working_days_after` does.
        """
        return self._working_days(day, n, -_DAY)

    def days_after(self, day: date, n: int, counting: DayCounting) -> tuple[CountedDay, ...]:
        """Return the days after ``day`` up to the n-th (n >= 1) that counts."""
        return self.working_days_after(day, n) if counting is DayCounting.WORKING else _calendar_days(day, n, _DAY)

    def days_before(self, day: date, n: int, counting: DayCounting) -> tuple[CountedDay, ...]:
        """Return the days before ``day`` back to the n-th (n >= 1) that counts."""
        return self.working_days_before(day, n) if counting is DayCounting.WORKING else _calendar_days(day, n, -_DAY)

    def instant(self, day: date, hour: time) -> datetime:
        """Return an hour of a day in the university's zone."""
        return datetime.combine(day, hour, self.zone)

    def end_of(self, day: date) -> datetime:
        """Return the first instant after a day: what "to the end of the day" means (T3)."""
        return self.instant(day + timedelta(days=1), time.min)

    def local_day(self, instant: datetime) -> date:
        """Return the university's date at an instant."""
        return instant.astimezone(self.zone).date()

    def _working_days(self, day: date, n: int, step: timedelta) -> tuple[CountedDay, ...]:
        if n < 1:
            raise ValueError(f"cannot count {n} working days")
        counted: list[CountedDay] = []
        number = 0
        current = day
        while number < n:
            current += step
            if abs(current - day) > n * _WEEK + _LONGEST_CLOSURE:
                raise ValueError(
                    f"the calendar has no {n} working days {'after' if step > _NO_DAY else 'before'} {day}"
                )
            working = self.is_working(current)
            number += working
            counted.append(self._explained(current, number if working else None))
        return tuple(counted)

    def _explained(self, day: date, number: int | None) -> CountedDay:
        special = self.days.get(day)
        if number is None:
            if special is None:
                return CountedDay(day, None, DayReason.WEEKEND)
            return CountedDay(day, None, DayReason.DAY_OFF, special.name_kk, special.name_ru)
        if special is None or day.weekday() < self.working_week:
            return CountedDay(day, number, DayReason.WORKING_DAY)
        return CountedDay(day, number, DayReason.WORKED_BY_ORDER, special.name_kk, special.name_ru)


class LimitUnit(StrEnum):
    """What a limit before a day is counted in."""

    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class LimitBefore:
    """A limit that is counted back from a day: an act is in time before ``closes``, the end of the last day in time.

    ``days`` are those before the day, the nearest first, each counted or skipped; of months, the last day alone.
    """

    last: date
    closes: datetime
    days: tuple[CountedDay, ...]


@encodes("HOUSE")
def limit_before(day: date, n: int, unit: LimitUnit, calendar: Calendar) -> LimitBefore:
    """Return until when something is to be done that is due n days, working days or months before a day (T6).

    A month before is the same date of the month before, or that month's last day. Raises ValueError for n below 1.
    """
    if n < 1:
        raise ValueError(f"cannot count {n} {unit}")
    match unit:
        case LimitUnit.DAYS:
            days = calendar.days_before(day, n, DayCounting.CALENDAR)
        case LimitUnit.WORKING_DAYS:
            days = calendar.working_days_before(day, n)
        case LimitUnit.MONTHS:
            days = (_months_before(day, n),)
    return LimitBefore(days[-1].day, calendar.end_of(days[-1].day), days)


def _months_before(day: date, n: int) -> CountedDay:
    year, month = divmod(day.year * 12 + day.month - 1 - n, 12)
    last = monthrange(year, month + 1)[1]
    reason = DayReason.SAME_DATE if day.day <= last else DayReason.LAST_OF_MONTH
    return CountedDay(date(year, month + 1, min(day.day, last)), n, reason)


def _calendar_days(day: date, n: int, step: timedelta) -> tuple[CountedDay, ...]:
    return tuple(CountedDay(day + number * step, number, DayReason.CALENDAR_DAY) for number in range(1, n + 1))
