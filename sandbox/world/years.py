"""The academic years the records reach back over: when each period teaches, examines and rests.

The year 2025-2026 is the pattern; the years before it are the same weeks, 52 weeks earlier each.
"""

from datetime import date, timedelta

from sandbox.world.records import CalendarRow, DayRow

CURRENT_YEAR = 2025
FIRST_YEAR = 2022
WINTER = "2025-2026/1"

SESSION_ENDS = {1: date(2026, 1, 17), 2: date(2026, 6, 6), 3: date(2026, 8, 1)}
"""The last day of each period's session in the pattern year."""

EXAM_DAYS = {
    1: tuple(date(2026, 1, day) for day in (5, 8, 9, 12, 13, 14, 15)),
    2: tuple(date(2026, 5, day) for day in (19, 21, 22, 25, 27, 28, 29)),
    3: tuple(date(2026, 7, day) for day in (27, 28, 29, 30, 31)),
}
"""Days to examine on in the pattern year that are no holidays in the earlier years either."""

_PATTERN = (
    (1, "teaching", date(2025, 9, 1), date(2025, 12, 13)),
    (1, "rating1", date(2025, 10, 20), date(2025, 10, 25)),
    (1, "rating2", date(2025, 12, 8), date(2025, 12, 13)),
    (1, "session", date(2025, 12, 29), date(2026, 1, 17)),
    (1, "additional", date(2026, 1, 19), date(2026, 1, 30)),
    (1, "holidays", date(2026, 1, 19), date(2026, 1, 31)),
    (2, "teaching", date(2026, 2, 2), date(2026, 5, 16)),
    (2, "drop_off", date(2026, 2, 2), date(2026, 2, 7)),
    (2, "rating1", date(2026, 3, 16), date(2026, 3, 20)),
    (2, "rating2", date(2026, 5, 11), date(2026, 5, 16)),
    (2, "session", date(2026, 5, 18), date(2026, 6, 6)),
    (2, "additional", date(2026, 6, 8), date(2026, 6, 17)),
    (2, "practice", date(2026, 6, 8), date(2026, 7, 4)),
    (3, "summer", date(2026, 6, 22), date(2026, 7, 25)),
    (3, "session", date(2026, 7, 27), date(2026, 8, 1)),
    (3, "holidays", date(2026, 8, 3), date(2026, 8, 29)),
)


def period(year: int, term: int) -> str:
    """Return the name of a period: `period(2025, 1)` is "2025-2026/1"."""
    return f"{year}-{year + 1}/{term}"


def moved(day: date, year: int) -> date:
    """Return the day of the academic year that begins in `year` that answers to this day of the pattern year."""
    return day - timedelta(weeks=52 * (CURRENT_YEAR - year))


def calendar() -> tuple[CalendarRow, ...]:
    """Return the academic calendar; this winter's period gives no additional period: ten working days then."""
    return tuple(
        CalendarRow(period(year, term), kind, moved(starts, year), moved(ends, year))
        for year in range(FIRST_YEAR, CURRENT_YEAR + 1)
        for term, kind, starts, ends in _PATTERN
        if (year, term, kind) != (CURRENT_YEAR, 1, "additional")
    )


def days() -> tuple[DayRow, ...]:
    """Return the university's own working days and days off."""
    return (
        DayRow(date(2026, 1, 11), True, "мемлекеттік емтихан күні / день государственного экзамена"),
        DayRow(date(2026, 1, 24), True, "университет бұйрығы / приказ университета"),
        DayRow(date(2026, 1, 30), False, "университет күні / день университета"),
    )
