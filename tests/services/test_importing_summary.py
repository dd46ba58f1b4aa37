"""What a registrar must check before marks are loaded: which they are, what changes, until when one can appeal."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.appeals import AppealRefusal
from policy.marks import Standing
from policy.profile import load_profile
from services.importing import Kind, describe, preview
from services.importing.differences import differences_csv, name_of
from services.importing.summary import MarksSummary
from storage.database import Database
from tests.services.importing_cases import PROFILE, load, look

ZONE = PROFILE.university.zone
NOW = datetime(2026, 1, 15, 5, tzinfo=UTC)  # a Thursday, 10:00 in Almaty
HEADER = (
    "student_id,period,course_code,credits,exam_form,rating1,rating2,exam,outcome,group,exam_date,posted_at,attempt"
)
SIX = ["02600101", "02600102", "02600103", "02600104", "02600201", "02600202"]


@pytest.fixture
async def university(database: Database) -> Database:
    await load(database, "students", "field/students.csv")
    await load(database, "calendar", "calendar.csv")
    return database


def row(
    student: int,
    told: str = "70,80,90,",
    *,
    form: str = "written",
    course: str = "PHY1101",
    group: str = "ИТ-25-1",
    exam_date: str = "",
    posted_at: str = "",
    attempt: int = 1,
) -> str:
    return f"{SIX[student]},2025-2026/1,{course},5,{form},{told},{group},{exam_date},{posted_at},{attempt}"


def marks(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


async def summary(database: Database, *rows: str, now: datetime = NOW) -> MarksSummary:
    shown = await look(database, "marks", marks(*rows), now=now)
    assert shown.refusals == ()
    assert shown.marks
    return shown.marks


def closes(told: MarksSummary) -> list[tuple[str, str, str, int]]:
    return [
        (
            each.basis,
            f"{each.first.astimezone(ZONE):%d.%m %H:%M}",
            f"{each.last.astimezone(ZONE):%d.%m %H:%M}",
            each.marks,
        )
        for each in told.closings
    ]


async def test_the_marks_of_a_file_are_summed_up(university: Database) -> None:
    told = await summary(
        university,
        row(0, "70,80,92.5,"),
        row(1, "70,80,40,"),
        row(2, "90,90,0,"),
        row(3, "70,80,,did_not_come"),
        row(4, "40,40,,did_not_come", group="ЭК-24-2", course="CHE1102"),
        row(5, "70,80,0,removed", group="ЭК-24-2", course="CHE1102"),
        row(0, "70,80,,", course="HIS1103"),
    )

    assert told.periods == ("2025-2026/1",)
    assert told.courses == {"PHY1101": 4, "CHE1102": 2, "HIS1103": 1}
    assert told.groups == {"ИТ-25-1": 5, "ЭК-24-2": 2}
    assert (told.pending, told.posted, told.zeros) == (1, 6, 1)
    assert told.outcomes == {
        Standing.PASSED: 1, Standing.FX: 1, Standing.F: 1,
        Standing.DID_NOT_COME: 1, Standing.NOT_ADMITTED: 1, Standing.REMOVED: 1,
    }  # fmt: skip
    assert (str(told.lowest), str(told.highest)) == ("0", "92.5")
    said = [describe(fact, "ru") for fact in told.facts(ZONE)]
    assert said[:6] == [
        "Период: 2025-2026/1",
        "Дисциплин: 3 (PHY1101: 4, CHE1102: 2, HIS1103: 1)",
        "Групп: 2 (ИТ-25-1: 5, ЭК-24-2: 2)",
        "Пока без результата: 1",
        "Выставляется результатов: 6",
        "FX: 1",
    ]
    assert "Экзаменационные оценки: наименьшая 0, наибольшая 92.5" in said


async def test_a_passed_exam_whose_total_fails_counts_as_what_the_course_comes_to(university: Database) -> None:
    told = await summary(university, row(0, "20,20,55,"))

    assert told.outcomes == {Standing.FX: 1}


async def test_what_is_there_already_is_not_counted_again(university: Database) -> None:
    await load(university, "marks", marks(row(0)), now=NOW)

    told = await summary(university, row(0), row(1))

    assert (told.posted, told.courses) == (1, {"PHY1101": 1})


# Until when


async def test_marks_posted_now_can_be_appealed_until_the_next_day(university: Database) -> None:
    told = await summary(university, row(0), row(1, posted_at="2026-01-15 09:00"), row(2, posted_at="2026-01-14 18:00"))

    assert closes(told) == [("after_posting", "15.01 13:00", "16.01 13:00", 3)]
    assert told.hurries == (0, 0)
    assert "Апелляция возможна до 15.01.2026 13:00 – 16.01.2026 13:00. Оценок: 3" in [
        describe(fact, "ru") for fact in told.facts(ZONE)
    ]


@pytest.mark.parametrize(
    ("clock", "hurries"),
    [
        ("10:59:59", (0, 0)),
        ("11:00:00", (0, 0)),  # two hours are left
        ("11:00:01", (0, 1)),
        ("12:59:59", (0, 1)),
        ("13:00:00", (1, 0)),
    ],
)
async def test_windows_that_are_over_or_short_when_students_hear_of_them_are_counted(
    university: Database, clock: str, hurries: tuple[int, int]
) -> None:
    now = datetime.fromisoformat(f"2026-01-15T{clock}+05:00")

    told = await summary(university, row(0, posted_at="2026-01-14 18:00"), row(1), now=now)

    assert told.hurries == hurries
    warnings = [describe(each, "ru") for each in told.warnings(ZONE)]
    assert len(warnings) == sum(hurries)
    assert all("PHY1101: 1" in each for each in warnings)
    if hurries == (0, 1):
        assert "у первых до 15.01.2026 13:00" in warnings[0]


async def test_who_sleeps_hears_of_a_mark_in_the_morning(university: Database, tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"
    file.write_text("[appeals]\nwindow_closes_at = 09:59:00\n", encoding="utf-8")
    evening, data = (
        datetime.fromisoformat("2026-01-15T23:00:00+05:00"),
        marks(row(0), row(1, posted_at="2026-01-14 18:00")),
    )

    async with university.read() as storage:
        shown = await preview(
            storage, kind=Kind.MARKS, source=data, file_name="file", profile=load_profile(file), now=evening
        )

    assert shown.marks
    assert shown.marks.hurries == (1, 1), "from eight to one minute to ten is less than two hours"


async def test_marks_of_the_past_are_history_and_no_hurry(university: Database) -> None:
    told = await summary(university, row(0, posted_at="2025-12-31 10:00"), row(1, posted_at="2026-01-05 10:00"))

    assert (told.history, told.hurries) == (1, (1, 0))


async def test_a_computer_test_is_told_apart_and_hurries_nobody(university: Database) -> None:
    header = "period,course_code,group,exam_form,date,starts,ends"
    exam = "2025-2026/1,PHY1101,ИТ-25-1,computer_test,2026-01-14,09:00,11:00"
    await load(university, "exams", f"{header}\n{exam}\n".encode(), now=NOW)

    told = await summary(
        university,
        row(0, form="computer_test", exam_date="2026-01-14"),
        row(1, form="computer_test", exam_date="2026-01-13"),
        row(2, form=""),
    )

    assert closes(told) == [("while_running", "14.01 11:00", "14.01 11:00", 1)]
    assert told.unknown == {AppealRefusal.TIMETABLE_UNKNOWN: 1, AppealRefusal.FORM_UNKNOWN: 1}
    assert told.hurries == (0, 0)
    assert all(describe(fact, tongue) for fact in told.facts(ZONE) for tongue in ("kk", "ru", "en"))


async def test_marks_that_would_stand_on_a_printed_sheet_can_no_longer_be_appealed(university: Database) -> None:
    await load(university, "marks", marks(row(0)), now=NOW - timedelta(days=2))
    async with university.write() as storage:
        await storage.sheets.lock("PHY1101", "2025-2026/1", "ИТ-25-1", at=NOW - timedelta(minutes=30), by=None)
        await storage.commit()

    told = await summary(university, row(1, posted_at="2026-01-15 09:20"), row(2, posted_at="2026-01-15 09:40"))

    assert told.over == {"PHY1101": 1}


async def test_many_courses_are_named_up_to_a_few(university: Database) -> None:
    told = await summary(university, *(row(0, course=f"C{number:02}") for number in range(9)))

    assert "C00: 1, C01: 1, C02: 1, C03: 1, C04: 1, C05: 1 … +3" in describe(told.facts(ZONE)[1], "kk")


# Value by value


async def test_values_that_become_others_come_first_and_what_is_filled_in_follows(university: Database) -> None:
    await load(university, "marks", marks(row(0, "70,80,,"), row(1, "70,,,")), now=NOW)

    shown = await look(university, "marks", marks(row(0, "70,80,90,"), row(1, "75,80,,", group="ИТ-25-2")), now=NOW)

    assert shown.differences.number == 5
    assert [(each.key[0], each.value, each.before, each.after) for each in shown.differences.first] == [
        (SIX[1], "group", "ИТ-25-1", "ИТ-25-2"),
        (SIX[1], "rating1", "70", "75"),
        (SIX[0], "exam", "", "90"),
        (SIX[0], "outcome", "", "took"),
        (SIX[1], "rating2", "", "80"),
    ]


async def test_all_that_changes_is_written_for_a_spreadsheet_and_nothing_in_it_is_computed(
    university: Database,
) -> None:
    shown = await look(
        university, "students", f"student_id,surname,given_name,phone\n{SIX[0]},@Қосу,Әлия,+77010000999\n".encode()
    )

    rows = list(csv.reader(io.StringIO(differences_csv(shown.plan, "ru").decode("utf-8-sig")), delimiter=";"))

    assert rows[0] == ["объект", "какой", "значение", "было", "станет"]
    assert ["student", SIX[0], "фамилия", "Тоқсанбаева", "'@Қосу"] in rows
    assert ["student", SIX[0], "телефон", "+77010000101", "+77010000999"] in rows
    assert ["student", SIX[0], "отчество"] not in [each[:3] for each in rows], "an absent column changes nothing"


async def test_what_is_new_as_a_whole_changes_no_value(university: Database) -> None:
    shown = await look(university, "marks", marks(row(0)), now=NOW)

    assert (shown.differences.number, shown.differences.first) == (0, ())


def test_values_have_names_in_three_languages() -> None:
    assert [name_of("exam", tongue) for tongue in ("en", "kk", "ru")] == [
        "exam mark",
        "емтихан бағасы",
        "экзаменационная оценка",
    ]
    assert name_of("something", "kk") == "something"
