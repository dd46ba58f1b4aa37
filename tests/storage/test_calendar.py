"""The calendar keeps what the state, the university and the timetable say; the university has the last word."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from policy.calendar import DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay
from policy.gpa import Components
from policy.marks import ExamForm
from storage.database import Database
from storage.holidays import public_days, seed_public_days
from tests.storage.examples import PERIOD, student

OWN = SpecialDay(date(2026, 1, 24), True, "сенбі, жұмыс күні", "рабочая суббота", DaySource.UNIVERSITY)


def _working(day: date) -> bool:
    """Tell whether a weekday works, as the state alone has it."""
    return {each.day: each.working for each in public_days([day.year])}.get(day, day.weekday() < 5)


def test_thirty_first_august_2026_is_a_working_day() -> None:
    assert _working(date(2026, 8, 31))


def test_fifteenth_march_2027_is_off() -> None:
    assert not _working(date(2027, 3, 15))


def test_a_weekend_the_government_made_a_working_day_is_one_and_the_day_it_was_moved_to_is_off() -> None:
    days = {each.day: each for each in public_days([2024, 2025])}
    assert days[date(2024, 5, 4)].working
    assert not days[date(2024, 5, 8)].working
    assert days[date(2025, 1, 5)].working
    assert not days[date(2025, 1, 3)].working


def six(year: int) -> dict[date, bool]:
    """Give the state's days of a year for who works from Monday to Saturday."""
    return {each.day: each.working for each in public_days([year], working_week=6)}


def test_in_a_week_of_six_days_a_holiday_on_a_sunday_moves_the_day_off() -> None:
    assert six(2026)[date(2026, 3, 8)] is False
    assert six(2026)[date(2026, 3, 9)] is False


def test_in_a_week_of_six_days_a_holiday_on_a_saturday_moves_nothing() -> None:
    """Victory Day 2026 and the day of the Republic 2025 are Saturdays; with five days the Monday is off instead."""
    for holiday, monday in ((date(2026, 5, 9), date(2026, 5, 11)), (date(2025, 10, 25), date(2025, 10, 27))):
        assert six(holiday.year)[holiday] is False
        assert monday not in six(holiday.year)
        assert not _working(monday)


def test_in_a_week_of_six_days_nauryz_gives_one_day_where_five_days_give_two() -> None:
    """In 2026 it is Saturday to Monday."""
    assert [day.day for day in six(2026) if day.month == 3 and day.day > 20] == [21, 22, 23, 24]
    assert not _working(date(2026, 3, 25))


def test_a_saturday_the_government_swapped_is_worked_by_six_days_anyway_and_gives_nothing_off() -> None:
    assert date(2024, 5, 4) not in six(2024)
    assert date(2024, 5, 8) not in six(2024)


def test_a_sunday_the_government_swapped_is_worked_by_six_days_too() -> None:
    assert six(2025)[date(2025, 1, 5)] is True
    assert six(2025)[date(2025, 1, 3)] is False


async def test_the_calendar_follows_the_working_week_of_the_profile(database: Database) -> None:
    async with database.write() as storage:
        await seed_public_days(storage, [2026])
        assert date(2026, 5, 11) in await storage.calendar.days()
        await seed_public_days(storage, [2026], working_week=6)
        assert date(2026, 5, 11) not in await storage.calendar.days()


@pytest.mark.parametrize("working_week", [5, 6])
def test_every_day_the_library_names_has_a_russian_name_of_ours(working_week: int) -> None:
    kazakh_only = set("әғқңөұүһі")
    for each in public_days(range(2015, 2036), working_week=working_week):
        assert each.name_kk
        assert not kazakh_only & set(each.name_ru.lower()), each
        assert "(бағаланған)" not in each.name_ru


def test_an_estimated_date_says_so_in_both_languages() -> None:
    (kurban_ait,) = (each for each in public_days([2027]) if each.name_kk.startswith("Құрбан айт"))
    assert kurban_ait.name_kk == "Құрбан айт (бағаланған)"
    assert kurban_ait.name_ru == "Курбан-айт (дата приблизительная)"


async def test_the_universitys_own_day_overrules_and_survives_a_new_seed(database: Database) -> None:
    holiday = date(2026, 3, 8)
    overruled = SpecialDay(holiday, True, "университет жұмыс істейді", "университет работает", DaySource.UNIVERSITY)
    async with database.write() as storage:
        await seed_public_days(storage, [2026])
        await storage.calendar.save_days([OWN, overruled])
        await seed_public_days(storage, [2026, 2027])
        days = await storage.calendar.days()
        assert days[OWN.day] == OWN
        assert days[holiday] == overruled
        assert not days[date(2027, 3, 15)].working
        assert not (await storage.calendar.days_by(DaySource.STATE))[holiday].working
        await storage.calendar.remove_days([holiday], DaySource.UNIVERSITY)
        assert not (await storage.calendar.days())[holiday].working


async def test_a_new_seed_takes_back_what_the_state_no_longer_says(database: Database) -> None:
    gone = SpecialDay(date(2026, 8, 31), False, "демалыс", "выходной", DaySource.STATE)
    other_year = replace(gone, day=date(2025, 9, 1))
    async with database.write() as storage:
        await storage.calendar.save_days([gone, other_year])
        await seed_public_days(storage, [2026])
        days = await storage.calendar.days()
    assert gone.day not in days
    assert days[other_year.day] == other_year


async def test_dates_of_a_period_are_kept_event_by_event(database: Database) -> None:
    session = DateSpan(date(2025, 12, 29), date(2026, 1, 17))
    teaching = DateSpan(date(2025, 9, 1), date(2025, 12, 13))
    longer = DateSpan(session.starts, date(2026, 1, 20))
    async with database.write() as storage:
        await storage.calendar.save_dates(
            [PeriodDates(PERIOD, {PeriodEvent.SESSION: session, PeriodEvent.TEACHING: teaching})]
        )
        await storage.calendar.save_dates([PeriodDates(PERIOD, {PeriodEvent.SESSION: longer})])
        expected = PeriodDates(PERIOD, {PeriodEvent.SESSION: longer, PeriodEvent.TEACHING: teaching})
        assert await storage.calendar.dates() == {PERIOD: expected}
        assert await storage.calendar.dates_of([PERIOD, "2030-2031/1"]) == {PERIOD: expected}
        await storage.calendar.remove_dates([(PERIOD, PeriodEvent.TEACHING)])
        assert await storage.calendar.dates_of([PERIOD]) == {PERIOD: PeriodDates(PERIOD, {PeriodEvent.SESSION: longer})}


async def test_the_timetable_is_kept_and_an_exam_can_be_moved(database: Database) -> None:
    starts = datetime(2026, 1, 9, 4, tzinfo=UTC)
    slot = ExamSlot(PERIOD, "MAT1201", "ЭН-25-1", ExamForm.WRITTEN, starts, starts.replace(hour=6), None, None)
    moved = replace(slot, starts=starts.replace(day=8), ends=starts.replace(day=8, hour=6), room="Г1-201")
    async with database.write() as storage:
        await storage.calendar.save_exams([slot])
        await storage.calendar.save_exams([replace(slot, lecturer_id="T0007"), moved])
        assert await storage.calendar.exams_in([PERIOD]) == (moved, replace(slot, lecturer_id="T0007"))
        await storage.calendar.remove_exams([slot])
        assert await storage.calendar.exams_in([PERIOD, "2030-2031/1"]) == (moved,)


async def test_a_component_that_is_not_known_is_not_zero(database: Database) -> None:
    known = Components(research=Decimal("1.85"), iros=None, ssci=Decimal(0))
    later = Components(research=Decimal("1.85"), iros=Decimal("3.4"), ssci=None)
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.components.save({("02500000", "2025-2026"): known, ("02500001", "2025-2026"): later})
        await storage.components.save({("02500000", "2024-2025"): later})
        assert await storage.components.of_student("02500000") == {"2024-2025": later, "2025-2026": known}
        await storage.components.remove([("02500000", "2024-2025")])
        assert await storage.components.of_students(["02500000", "02500001"]) == {
            ("02500000", "2025-2026"): known,
            ("02500001", "2025-2026"): later,
        }
