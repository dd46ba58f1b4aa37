"""Where a student stands, put together from real storage on both engines."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from policy.appeals import AppealBasis, AppealRefusal
from policy.calendar import DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay, Windows
from policy.decision import Refused
from policy.gpa import Components, Formula, Igpa, IgpaRefusal
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome, Standing
from policy.people import Level, Status, Student
from policy.profile import Profile, load_profile
from policy.retakes import RetakeBasis, RetakeRefusal
from services.standing import Study, study_of, years_of
from storage.database import Database
from storage.records import Change
from tests.storage.examples import student

ALMATY = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 1, 12, 10, tzinfo=ALMATY)
WINTER, LAST = "2025-2026/1", "2024-2025/1"
SESSION = PeriodDates(WINTER, {PeriodEvent.SESSION: DateSpan(date(2025, 12, 29), date(2026, 1, 17))})
LAST_SESSION = PeriodDates(LAST, {PeriodEvent.SESSION: DateSpan(date(2024, 12, 30), date(2025, 1, 18))})
STUDENT = student()


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(None)


def sat(code: str = "MAT1", exam: str | None = "80", *, period: str = WINTER, year: int = 2026) -> Enrolment:
    """Make an enrolment examined on 8 January and posted on the 11th at 19:00; pending without a mark."""
    attempt = Attempt(1, Decimal(80), Decimal(70))
    if exam is not None:
        posted = datetime(year, 1, 11, 19, tzinfo=ALMATY)
        attempt = Attempt(1, Decimal(80), Decimal(70), Decimal(exam), Outcome.TOOK, date(year, 1, 8), posted)
    course = Course(code, code, None)
    form, group = ExamForm.WRITTEN, STUDENT.group
    return Enrolment(STUDENT.person_id, period, course, Decimal(5), form, group, attempts=(attempt,))


def missed(code: str, outcome: Outcome, *, period: str = WINTER) -> Enrolment:
    """Make an enrolment that ended without a mark."""
    made = sat(code, None, period=period)
    return replace(made, attempts=(replace(made.attempts[0], outcome=outcome, posted_at=NOW),))


async def fill(
    database: Database,
    *enrolments: Enrolment,
    who: Student = STUDENT,
    dates: Iterable[PeriodDates] = (SESSION, LAST_SESSION),
    slots: Iterable[ExamSlot] = (),
) -> None:
    async with database.write() as storage:
        await storage.students.save([who])
        await storage.courses.save(each.course for each in enrolments)
        await storage.marks.save(enrolments)
        await storage.calendar.save_dates(dates)
        await storage.calendar.save_exams(slots)
        await storage.commit()


async def study(database: Database, profile: Profile, *, now: datetime = NOW, who: Student = STUDENT) -> Study:
    async with database.read() as storage:
        return await study_of(storage, student=who, now=now, profile=profile)


async def test_a_course_is_laid_open_with_its_windows(database: Database, profile: Profile) -> None:
    await fill(database, sat(exam="40"))
    found = await study(database, profile)
    standing = found.standing(found.enrolments[0])
    assert standing.result.standing is Standing.FX
    assert (standing.weighted, standing.result.computed) == (Decimal(61), 61)
    assert isinstance(standing.appeal, Windows)
    assert standing.appeal.at(NOW).basis is AppealBasis.AFTER_POSTING
    assert standing.appeal.closes == datetime(2026, 1, 12, 13, tzinfo=ALMATY)
    assert isinstance(standing.retake, Windows)
    assert standing.retake.at(NOW).basis is RetakeBasis.WORKING_DAYS
    assert standing.retake.closes == datetime(2026, 1, 31, tzinfo=ALMATY)


async def test_the_universitys_own_days_move_the_deadline(database: Database, profile: Profile) -> None:
    await fill(database, sat(exam="40"))
    async with database.write() as storage:
        off = SpecialDay(date(2026, 1, 30), False, "демалыс", "выходной", DaySource.UNIVERSITY)
        await storage.calendar.save_days([off])
        await storage.commit()
    found = await study(database, profile)
    retake = found.standing(found.enrolments[0]).retake
    assert isinstance(retake, Windows)
    assert retake.closes == datetime(2026, 2, 3, tzinfo=ALMATY)


async def test_a_printed_sheet_leaves_nothing_to_appeal(database: Database, profile: Profile) -> None:
    await fill(database, sat(), sat("PHY1"))
    async with database.write() as storage:
        await storage.sheets.lock("MAT1", WINTER, STUDENT.group, at=NOW, by=None)
        await storage.commit()
    found = await study(database, profile)
    locked, open_ = (found.standing(each).appeal for each in found.enrolments)
    assert isinstance(locked, Refused)
    assert locked.reason is AppealRefusal.SHEET_LOCKED
    assert locked.until == datetime(2026, 1, 12, 13, tzinfo=ALMATY)
    assert isinstance(open_, Windows)


async def test_only_the_line_of_the_timetable_of_the_students_group_counts(
    database: Database, profile: Profile
) -> None:
    starts = datetime(2026, 1, 13, 9, tzinfo=ALMATY)
    others = ExamSlot(WINTER, "MAT1", "ЭН-25-2", ExamForm.WRITTEN, starts, starts + timedelta(hours=2))
    own = replace(others, group=STUDENT.group, starts=starts + timedelta(hours=1))
    await fill(database, sat(exam=None), slots=[others, own])
    found = await study(database, profile)
    slot = found.standing(found.enrolments[0]).slot
    assert slot
    assert slot.starts == starts + timedelta(hours=1)


async def test_a_course_enrolled_again_knows_its_other_time(database: Database, profile: Profile) -> None:
    await fill(database, sat(exam="10", period=LAST, year=2025), sat(exam="90"))
    found = await study(database, profile)
    old, new = map(found.standing, found.enrolments)
    assert old.taken_again == (new.enrolment, new.result)
    assert new.taken_again is None
    assert new.elsewhere == ((old.enrolment, old.result),)
    assert found.gpa.value == Decimal(3)
    assert found.gpa_of(LAST).value == 0


async def test_an_fx_of_an_earlier_enrolment_uses_the_retake_up(database: Database, profile: Profile) -> None:
    await fill(database, sat(exam="40", period=LAST, year=2025), sat(exam="45"))
    found = await study(database, profile)
    retake = found.standing(found.enrolments[1]).retake
    assert isinstance(retake, Refused)
    assert retake.reason is RetakeRefusal.SECOND_FX


@pytest.mark.parametrize(
    ("now", "codes"),
    [
        (NOW, ["FX", "MISSED", "OPEN"]),
        (datetime(2026, 1, 30, 23, 59, 59, tzinfo=ALMATY), ["FX", "MISSED", "OPEN"]),
        (datetime(2026, 1, 31, tzinfo=ALMATY), ["OPEN"]),
    ],
)
async def test_exams_whose_mark_may_still_come_are_open_until_the_additional_period_ends(
    database: Database, profile: Profile, now: datetime, codes: list[str]
) -> None:
    await fill(
        database,
        sat("DONE", "90"),
        sat("FAILED", "10"),
        sat("FX", "40"),
        missed("MISSED", Outcome.DID_NOT_COME),
        missed("REMOVED", Outcome.REMOVED),
        sat("OPEN", None),
        sat("NEVER", None, period=LAST),
    )
    found = await study(database, profile, now=now)
    assert [exam.enrolment.course.code for exam in found.open_exams] == codes


async def test_an_exam_without_both_ratings_is_open_with_nothing_to_compute(
    database: Database, profile: Profile
) -> None:
    made = sat(exam=None)
    await fill(database, replace(made, attempts=(Attempt(1, Decimal(80)),)))
    (exam,) = (await study(database, profile)).open_exams
    assert exam.needed is None


async def test_not_coming_counts_zero_when_the_additional_period_is_over(database: Database, profile: Profile) -> None:
    await fill(database, sat("A1", "80"), missed("B1", Outcome.DID_NOT_COME))
    assert (await study(database, profile)).gpa.value == Decimal("2.67")
    later = await study(database, profile, now=datetime(2026, 1, 31, tzinfo=ALMATY))
    assert later.gpa.value == Decimal("2.67") / 2
    await fill(database, missed("C1", Outcome.DID_NOT_COME, period="2023-2024/1"))
    undated = await study(database, profile)
    assert [one.course_code for one in undated.gpa.left_out] == ["C1", "B1"]


async def test_the_summer_semester_is_known_by_its_dates(database: Database, profile: Profile) -> None:
    summer = PeriodDates("2024-2025/3", {PeriodEvent.SUMMER: DateSpan(date(2025, 6, 23), date(2025, 7, 26))})
    await fill(
        database, sat(), sat("B1", period="2024-2025/3"), sat("C1", period="2023-2024/3"), dates=[SESSION, summer]
    )
    found = await study(database, profile)
    assert [found.is_summer(period) for period in found.periods] == [False, True, None]


async def test_each_year_has_the_formula_of_the_year_of_study_it_was(database: Database, profile: Profile) -> None:
    who = replace(STUDENT, year=3)
    await fill(
        database, sat("A1", "80"), sat("B1", "70", period=LAST, year=2025), sat("C1", period="2023-2024/1"), who=who
    )
    async with database.write() as storage:
        await storage.students.set_years("2024-2025", {who.person_id: 2})
        parts = Components(research=Decimal(3), iros=Decimal(2), ssci=Decimal(4))
        await storage.components.save({(who.person_id, year): parts for year in ("2025-2026", "2024-2025")})
        await storage.commit()
    async with database.read() as storage:
        found = await study_of(storage, student=who, now=NOW, profile=profile)
        years = await years_of(storage, found)
    assert [(one.academic_year, one.year) for one in years] == [("2025-2026", 3), ("2024-2025", 2), ("2023-2024", None)]
    senior, junior, unknown = (one.igpa for one in years)
    assert isinstance(senior, Igpa)
    assert (senior.formula, senior.value) == (Formula.SENIOR, Decimal("0.5") * Decimal("2.67") + Decimal("1.3"))
    assert isinstance(junior, Igpa)
    assert junior.formula is Formula.JUNIOR
    assert junior.inputs != senior.inputs
    assert unknown is None


async def test_a_master_has_a_gpa_and_no_igpa(database: Database, profile: Profile) -> None:
    who = replace(STUDENT, level=Level.MASTER)
    await fill(database, sat(), who=who)
    async with database.read() as storage:
        found = await study_of(storage, student=who, now=NOW, profile=profile)
        (year,) = await years_of(storage, found)
    assert year.gpa.value == Decimal("2.67")
    assert isinstance(year.igpa, Refused)
    assert year.igpa.reason is IgpaRefusal.NOT_THIS_LEVEL


def told(before: Status | None, after: Status, at: datetime) -> Change:
    """Make a line of the history: the records told of a student's status."""
    facts = None if before is None else {"status": before.value}
    key = (STUDENT.person_id,)
    return Change("student", key, facts, {"status": after.value}, "import", at, about=STUDENT.person_id)


@pytest.mark.parametrize(
    ("history", "left_on"),
    [
        ([(None, Status.ACTIVE, 3), (Status.ACTIVE, Status.EXPELLED, 5)], 5),
        ([(None, Status.GRADUATED, 3), (Status.GRADUATED, Status.GRADUATED, 7)], 3),
        (
            [
                (Status.ACTIVE, Status.EXPELLED, 3),
                (Status.EXPELLED, Status.ACTIVE, 4),
                (Status.ACTIVE, Status.EXPELLED, 9),
            ],
            9,
        ),
        ([], None),
    ],
)
async def test_who_has_left_reads_for_a_term_from_the_day_the_records_told_so(
    database: Database,
    profile: Profile,
    history: list[tuple[Status | None, Status, int]],
    left_on: int | None,
) -> None:
    who = replace(STUDENT, status=Status.EXPELLED)
    await fill(database, sat(), who=who)
    async with database.write() as storage:
        changes = [told(before, after, datetime(2025, 1, day, 20, tzinfo=UTC)) for before, after, day in history]
        await storage.changes.record(changes)
        await storage.commit()
    found = await study(database, profile, who=who)
    if left_on is None:
        assert (found.readable_until, found.readable) == (None, True)
        return
    last = date(2025, 1, left_on + 1) + timedelta(days=365)  # 20:00 UTC is the next day in Almaty
    assert found.readable_until == last
    before_midnight = datetime.combine(last, datetime.min.time(), ALMATY) + timedelta(hours=23, minutes=59)
    assert (await study(database, profile, who=who, now=before_midnight)).readable
    assert not (await study(database, profile, who=who, now=before_midnight + timedelta(minutes=1))).readable


async def test_a_student_who_studies_is_not_asked_when_they_left(database: Database, profile: Profile) -> None:
    await fill(database, sat())
    async with database.write() as storage:
        await storage.changes.record([told(Status.ACTIVE, Status.EXPELLED, datetime(2020, 1, 1, tzinfo=UTC))])
        await storage.commit()
    assert (await study(database, profile)).readable


async def test_letters_go_by_the_day_of_the_exam_though_the_rules_have_changed_since(
    database: Database, tmp_path: Path
) -> None:
    """From February on the exam no longer decides failure: what was an FX in January stays one."""
    file = tmp_path / "university.toml"
    file.write_text("[marks]\nexam_decides_failure = [{ from = 2026-02-01, value = false }]\n", encoding="utf-8")
    changed = load_profile(file)
    undated = sat("PHY1", "40")
    by_posting = replace(undated, attempts=(replace(undated.attempts[0], exam_date=None),))
    later = sat("CHE1", "40")
    february = replace(later.attempts[0], exam_date=date(2026, 2, 3))
    await fill(database, sat(exam="40"), by_posting, replace(later, attempts=(february,)))
    found = await study(database, changed, now=datetime(2026, 3, 1, tzinfo=ALMATY))
    standings = {each.course.code: found.result(each).standing for each in found.enrolments}
    assert standings == {"MAT1": Standing.FX, "PHY1": Standing.FX, "CHE1": Standing.PASSED}


async def test_what_is_needed_goes_by_the_rules_of_the_day_the_exam_is_on(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "university.toml"
    file.write_text("[marks]\nadmission_rating_minimum = [{ from = 2026-01-14, value = 80 }]\n", encoding="utf-8")
    starts = datetime(2026, 1, 14, 9, tzinfo=ALMATY)
    line = ExamSlot(WINTER, "MAT1", STUDENT.group, ExamForm.WRITTEN, starts, starts + timedelta(hours=2))
    await fill(database, sat(exam=None), sat("PHY1", exam=None), slots=[line])
    found = await study(database, load_profile(file))
    admitted = {each.enrolment.course.code: each.needed and each.needed.admitted for each in found.open_exams}
    assert admitted == {"MAT1": False, "PHY1": True}


async def test_nothing_loaded_is_an_empty_study(database: Database, profile: Profile) -> None:
    await fill(database)
    found = await study(database, profile)
    assert (found.periods, found.open_exams, found.gpa.value, dict(found.gpa_by_period)) == ((), (), None, {})
