"""Working days, windows and time zones."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendar import (
    Calendar,
    DateSpan,
    DayCounting,
    DayReason,
    DaySource,
    LimitUnit,
    SpecialDay,
    Window,
    academic_year,
    limit_before,
)
from policy.citation import HOUSE
from policy.instant import MessageInstant
from policy.retakes import RetakeBasis
from tests.policy.case import Case, cases
from tests.policy.facts import ALMATY, CALENDAR, SPECIAL_DAYS, slot


def test_working_days_over_the_new_year_skip_holidays_and_weekends() -> None:
    counted = CALENDAR.working_days_after(date(2025, 12, 30), 5)
    assert [day.day for day in counted if day.number] == [
        date(2025, 12, 31),
        date(2026, 1, 5),
        date(2026, 1, 6),
        date(2026, 1, 8),
        date(2026, 1, 9),
    ]
    skipped = {day.day.day: (day.reason, day.name_kk) for day in counted if day.number is None}
    assert skipped == {
        1: (DayReason.DAY_OFF, "Жаңа жыл"),
        2: (DayReason.DAY_OFF, "Жаңа жыл"),
        3: (DayReason.WEEKEND, None),
        4: (DayReason.WEEKEND, None),
        7: (DayReason.DAY_OFF, "Рождество"),
    }


def test_working_days_over_nauryz_skip_three_days() -> None:
    counted = CALENDAR.working_days_after(date(2026, 3, 20), 2)
    assert [(day.day.day, day.number) for day in counted] == [
        (21, None), (22, None), (23, None), (24, None), (25, None), (26, 1), (27, 2),
    ]  # fmt: skip


def test_a_saturday_worked_by_order_counts_and_says_so() -> None:
    counted = CALENDAR.working_days_after(date(2026, 1, 23), 2)
    assert [(day.day.day, day.number, day.reason) for day in counted] == [
        (24, 1, DayReason.WORKED_BY_ORDER),
        (25, None, DayReason.WEEKEND),
        (26, 2, DayReason.WORKING_DAY),
    ]
    assert counted[0].name_kk == "жұмыс сенбісі"


def test_the_starting_day_is_never_counted_whatever_it_is() -> None:
    for day in (date(2026, 1, 16), date(2026, 1, 17), date(2026, 1, 18)):
        assert CALENDAR.working_days_after(day, 1)[-1].day == date(2026, 1, 19)


def test_a_six_day_week_works_on_saturdays_but_not_on_sundays() -> None:
    six = Calendar(ALMATY, 6, SPECIAL_DAYS)
    assert six.is_working(date(2026, 1, 17))
    assert not six.is_working(date(2026, 1, 18))
    assert six.working_days_after(date(2026, 1, 23), 1)[0].reason is DayReason.WORKING_DAY


def test_calendar_days_count_every_day() -> None:
    counted = CALENDAR.days_after(date(2026, 1, 1), 3, DayCounting.CALENDAR)
    assert [(day.day.day, day.number) for day in counted] == [(2, 1), (3, 2), (4, 3)]


@cases("calendar.limit_before")
def test_limit_before(case: Case) -> None:
    got = limit_before(case["day"], case["n"], LimitUnit(case["unit"]), CALENDAR)
    assert (got.last, got.closes) == (case["last"], case["closes"])
    assert got.days[-1].number == case["n"]
    assert "skipped" not in case or [one.day for one in got.days if one.number is None] == case["skipped"]
    assert got.closes - timedelta(seconds=1) < CALENDAR.end_of(got.last) <= CALENDAR.instant(case["day"], time.min)


def test_a_limit_before_a_day_explains_itself_day_by_day() -> None:
    got = limit_before(date(2026, 1, 27), 3, LimitUnit.WORKING_DAYS, CALENDAR)
    assert [(one.day.day, one.number, one.reason) for one in got.days] == [
        (26, 1, DayReason.WORKING_DAY),
        (25, None, DayReason.WEEKEND),
        (24, 2, DayReason.WORKED_BY_ORDER),
        (23, 3, DayReason.WORKING_DAY),
    ]
    month = limit_before(date(2026, 3, 31), 1, LimitUnit.MONTHS, CALENDAR)
    assert [one.reason for one in month.days] == [DayReason.LAST_OF_MONTH]
    assert limit_before(date(2026, 3, 28), 1, LimitUnit.MONTHS, CALENDAR).days[0].reason is DayReason.SAME_DATE


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 40))
def test_working_days_back_and_forth_meet(day: date, n: int) -> None:
    back = CALENDAR.working_days_before(day, n)
    assert [one.day for one in back] == [day - timedelta(days=ago) for ago in range(1, len(back) + 1)]
    assert back[-1].number == n
    forth = CALENDAR.working_days_after(back[-1].day, n)
    assert forth[-1].day >= day
    assert [one.day for one in forth if one.number][:-1] == [one.day for one in reversed(back) if one.number][1:]


@pytest.mark.parametrize("unit", LimitUnit)
def test_there_is_no_limit_zero_days_before(unit: LimitUnit) -> None:
    with pytest.raises(ValueError, match="cannot count"):
        limit_before(date(2026, 1, 1), 0, unit, CALENDAR)


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 40))
def test_an_explanation_lists_every_day_once_and_ends_on_the_last_counted(day: date, n: int) -> None:
    counted = CALENDAR.working_days_after(day, n)
    assert [one.day for one in counted] == [day + timedelta(days=ahead) for ahead in range(1, len(counted) + 1)]
    assert [one.number for one in counted if one.number] == list(range(1, n + 1))
    assert counted[-1].number == n
    assert all(CALENDAR.is_working(one.day) is (one.number is not None) for one in counted)


@pytest.mark.parametrize("n", [0, -1])
def test_there_is_no_working_day_number_zero(n: int) -> None:
    with pytest.raises(ValueError, match="cannot count"):
        CALENDAR.working_days_after(date(2026, 1, 1), n)


def test_a_calendar_that_is_closed_for_ever_is_an_error_not_a_loop() -> None:
    start = date(2026, 1, 1)
    closed = {
        day: SpecialDay(day, False, "", "", DaySource.UNIVERSITY)
        for day in (start + timedelta(days=ahead) for ahead in range(1000))
    }
    with pytest.raises(ValueError, match="has no 1 working days"):
        Calendar(ALMATY, 5, closed).working_days_after(start, 1)


def test_the_end_of_a_day_is_the_first_instant_of_the_next_in_almaty() -> None:
    assert CALENDAR.end_of(date(2026, 1, 15)) == datetime(2026, 1, 15, 19, tzinfo=UTC)
    assert CALENDAR.instant(date(2026, 1, 15), time(13)) == datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert CALENDAR.local_day(datetime(2026, 1, 15, 18, 59, 59, tzinfo=UTC)) == date(2026, 1, 15)
    assert CALENDAR.local_day(datetime(2026, 1, 15, 19, tzinfo=UTC)) == date(2026, 1, 16)


def test_almaty_was_an_hour_further_before_march_2024() -> None:
    assert CALENDAR.instant(date(2024, 2, 29), time(13)) == datetime(2024, 2, 29, 7, tzinfo=UTC)
    assert CALENDAR.instant(date(2024, 3, 1), time(13)) == datetime(2024, 3, 1, 8, tzinfo=UTC)


NOON = datetime(2026, 1, 15, 12, tzinfo=ALMATY)


def window(opens: datetime, closes: datetime) -> Window:
    return Window(opens, closes, (HOUSE,), (), RetakeBasis.GRACE, date(2026, 1, 15))


def test_a_window_is_half_open() -> None:
    hour = window(NOON, NOON + timedelta(hours=1))
    assert MessageInstant(NOON) in hour
    assert NOON + timedelta(minutes=59, seconds=59) in hour
    assert MessageInstant(NOON + timedelta(hours=1)) not in hour
    assert NOON - timedelta(seconds=1) not in hour


def test_a_window_that_ends_before_it_starts_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="cannot close"):
        window(NOON, NOON - timedelta(seconds=1))


def test_a_window_needs_time_zones() -> None:
    with pytest.raises(ValueError, match="time zones"):
        window(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None))


def test_days_in_the_wrong_order_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="comes before"):
        DateSpan(date(2026, 1, 17), date(2026, 1, 16))
    with pytest.raises(ValueError, match="cannot end"):
        slot(NOON, NOON - timedelta(hours=1))


def test_an_act_without_a_time_zone_has_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        MessageInstant(NOON.replace(tzinfo=None))
    assert MessageInstant(NOON) < MessageInstant(NOON + timedelta(seconds=1))


def test_a_period_belongs_to_its_academic_year() -> None:
    assert academic_year("2025-2026/3") == "2025-2026"
