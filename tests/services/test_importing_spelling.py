"""Codes and groups typed on two keyboards are one: compared folded, shown as first written, and joined."""

from typing import Any

import pytest

from services.importing import Preview, preview
from services.importing.columns import Kind
from services.importing.spelling import Spellings, compared
from services.standing import study_of
from storage.database import Database
from tests.services.importing_cases import NOW, PROFILE, dump, load, look

ALIYA = "02600101"
LATIN, CYRILLIC = "MAT1105", "МАТ1105"
HEADER = "student_id,period,course_code,credits,rating1,rating2,exam,group"


@pytest.fixture
async def university(database: Database) -> Database:
    await load(database, "students", "field/students.csv")
    return database


def marks(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def told(shown: Preview) -> dict[str, Any]:
    return {notice.reason: notice.arguments for notice in shown.notices}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LATIN, CYRILLIC),
        ("ИТ-25-1", "ит-25-1"),
        ("ИТ-25-1", "ИT-25-1"),  # a Latin T
        ("ИТ-25-1", " ИТ - 25 – 1 "),
        ("ИТ-25-1", "И\u200bТ\u00ad-25‑1\ufeff"),
        ("ҚІӘ-1", "ҚIƏ-1"),
        ("ҮҺ-1", "Yh-1"),
        ("ＭＡＴ１１０５", LATIN),
        ("Й-1", "И\u0306-1"),
    ],
)
def test_what_looks_alike_is_compared_as_one(one: str, other: str) -> None:
    assert one != other
    assert compared(one) == compared(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ИТ-25-1", "ИТ-25-11"),
        ("ИТ-25-1", "ИТ-25-1¹"),  # a note is no digit
        ("ҚИ-1", "КИ-1"),
        ("MAT1105", "MAT11O5"),  # a letter is no digit
        ("А-1", "А1"),
        ("М²", "М2"),
    ],
)
def test_what_can_be_told_apart_is_not_one(one: str, other: str) -> None:
    assert compared(one) != compared(other)


def test_a_spelling_that_stands_in_an_earlier_tier_counts() -> None:
    known = Spellings([["ИТ-1"], ["ИT-1", "ЭК-1"]])

    assert [known.of(each) for each in ("ИT-1", "эк-1", "Ағым", "АҒЫМ")] == ["ИТ-1", "ЭК-1", "Ағым", "Ағым"]


def test_two_spellings_that_stand_already_are_left_apart() -> None:
    known = Spellings([[LATIN, CYRILLIC]])

    assert (known.of(LATIN), known.of(CYRILLIC), known.of("mat1105")) == (LATIN, CYRILLIC, LATIN)
    assert known.twice() == [[LATIN, CYRILLIC]]


@pytest.mark.parametrize("files", [("latin", "cyrillic"), ("cyrillic", "latin")])
async def test_a_course_typed_in_two_alphabets_is_one(university: Database, files: tuple[str, str]) -> None:
    first, second = (f"field/course-{each}.csv" for each in files)
    await load(university, "marks", first)

    shown = await look(university, "marks", second)

    assert (shown.nothing_to_do, shown.rows.same) == (True, 2)
    written = (LATIN, CYRILLIC) if files[0] == "latin" else (CYRILLIC, LATIN)
    assert told(shown)["spelled_otherwise"] == {"what": f"{written[1]} = {written[0]}", "rows": "2"}
    async with university.read() as storage:
        assert set(await storage.courses.by_codes([LATIN, CYRILLIC])) == {written[0]}


async def test_a_course_typed_in_two_alphabets_in_one_file_is_one_as_first_written(university: Database) -> None:
    rows = [f"{ALIYA},2025-2026/1,{CYRILLIC},5,70,80,,", f"02600102,2025-2026/1,{LATIN},5,70,80,,"]

    shown = await look(university, "marks", marks(*rows))

    assert {step.key[2] for step in shown.plan.steps if step.object == "enrolment"} == {CYRILLIC}
    twice = await look(university, "marks", marks(*rows, f"{ALIYA},2025-2026/1,{LATIN},5,70,80,,"))
    assert [(each.row, each.reason) for each in twice.refusals] == [(4, "repeated")]


async def test_a_timetable_in_another_alphabet_joins_its_marks_whichever_comes_first(university: Database) -> None:
    timetable = (
        "period,course_code,group,exam_form,date,starts,ends\n"
        f"2025-2026/1,{CYRILLIC},иT-25-1,written,2026-01-22,09:00,11:00\n"
    ).encode()
    mark = marks(f"{ALIYA},2025-2026/1,{LATIN},5,70,80,,ИТ-25-1")
    for files in ([("exams", timetable), ("marks", mark)], [("marks", mark), ("exams", timetable)]):
        for kind, data in files:
            if not (await look(university, kind, data)).nothing_to_do:
                await load(university, kind, data)

        async with university.read() as storage:
            student = await storage.students.by_id(ALIYA)
            assert student
            study = await study_of(storage, student=student, now=NOW, profile=PROFILE)
        (enrolment,) = study.enrolments
        assert enrolment.course.code == CYRILLIC, "the timetable had it first"
        assert enrolment.group == "ИТ-25-1"
        (line,) = study.lines(enrolment)
        assert line.group == "ИТ-25-1"


async def test_a_group_of_a_past_period_that_nobody_is_in_now_is_written_as_its_sheets_are(
    university: Database,
) -> None:
    old = "2023-2024/1"
    await load(university, "marks", marks(f"{ALIYA},{old},{LATIN},5,70,80,,ИТ-23-9"))

    shown = await look(university, "marks", marks(f"{ALIYA},{old},{LATIN},5,70,80,,иТ-23-9"))

    assert shown.nothing_to_do


async def test_groups_programmes_and_institutes_of_students_keep_their_spelling(university: Database) -> None:
    before = await dump(university)
    written = (
        "student_id,surname,given_name,group,institute,degree_programme\n"
        f"{ALIYA},Тоқсанбаева,Әлия,ИT-25-1,Цифрлық технологиялар  МЕКТЕБІ,6В06104\n"
    ).encode()

    shown = await look(university, "students", written)

    assert shown.nothing_to_do
    assert told(shown)["spelled_otherwise"]["rows"] == "3"
    assert await dump(university) == before


async def test_the_scope_of_a_role_is_written_as_the_institute_is(university: Database) -> None:
    staff = "person_id,surname,given_name,role,scope,language\nT1,А,Б,registrar,экономика мектебi,kk\n".encode()

    shown = await look(university, "staff", staff)

    assert shown.refusals == ()
    assert told(shown)["spelled_otherwise"]["what"] == "экономика мектебi = Экономика мектебі"


async def test_a_sheet_of_names_finds_its_students_though_the_group_is_typed_otherwise(university: Database) -> None:
    header = "Аты-жөні,Топ,Кезең,Пән коды,Кредит,Емтихан"
    data = f"{header}\nТоқсанбаева Әлия,ИТ - 25 - 1,2025-2026/1,{LATIN},5,90\n".encode()

    async with university.read() as storage:
        shown = await preview(storage, kind=Kind.MARKS, source=data, file_name="file", profile=PROFILE, now=NOW)

    assert shown.refusals == ()
    assert shown.rows.new == 1
