"""Who loads what is bounded by scope: an office of one institute changes the records of its own students only."""

from collections.abc import Sequence
from datetime import date

import pytest

from policy.people import Language, Name, Role, RoleGrant
from services.importing import Imported, Preview, apply, preview
from services.importing.columns import Kind
from services.importing.scope import Scope, scope_of, within
from storage.database import Database
from storage.records import Person
from tests.services.importing_cases import NOW, PROFILE, load

DIGITAL, ECONOMICS = "Цифрлық технологиялар мектебі", "Экономика мектебі"
OURS, THEIRS = "02600101", "02600201"  # ИТ-25-1, ЭК-24-2
MARKS = "student_id,period,course_code,course_kk,credits,rating1,rating2,exam"
STUDENTS = (
    "student_id,surname,given_name,sex,institute,degree_programme,level,form,year,group,funding,language,credits_total"
)
EXAMS = "period,course_code,group,exam_form,date,starts,ends"
OTHER = "other_institute"


@pytest.fixture
async def university(database: Database) -> Database:
    await load(database, "students", "field/students.csv")
    return database


async def look(database: Database, kind: str, *rows: str, scope: Scope = frozenset({DIGITAL})) -> Preview:
    async with database.read() as storage:
        return await preview(
            storage,
            kind=Kind(kind),
            source="\n".join(rows).encode(),
            file_name="file",
            profile=PROFILE,
            now=NOW,
            scope=scope,
        )


def refused(shown: Preview) -> Sequence[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.reason) for each in shown.refusals]


def student(student_id: str, institute: str, group: str = "ИТ-25-1") -> str:
    return f"{student_id},А,Б,M,{institute},6B06104,bachelor,full_time,1,{group},grant,kk,240"


def mark(student_id: str, course: str = "Физика") -> str:
    return f"{student_id},2025-2026/1,PHY1101,{course},5,70,80,90"


async def test_marks_of_own_students_load_and_those_of_others_are_refused_row_by_row(university: Database) -> None:
    own = await look(university, "marks", MARKS, mark(OURS))
    both = await look(university, "marks", MARKS, mark(OURS), mark(THEIRS), mark("99999999"))

    assert refused(own) == []
    assert refused(both) == [(3, "student_id", OTHER), (4, "student_id", "no_such_student")]
    assert not both.plan.steps


async def test_what_others_have_is_not_told_in_a_refusal(university: Database) -> None:
    async with university.write() as storage:
        done = await apply(
            storage, await look(university, "marks", MARKS, mark(THEIRS), scope=None), now=NOW, actor=None
        )
    assert isinstance(done, Imported)

    shown = await look(university, "marks", MARKS, mark(THEIRS).replace(",90", ",91"))

    assert refused(shown) == [(2, "student_id", OTHER)]
    assert "90" not in str(shown.refusals)


async def test_a_sheet_of_names_is_bounded_too(university: Database) -> None:
    header = "Аты-жөні,Топ,Кезең,Пән коды,Кредит,Емтихан"

    shown = await look(university, "marks", header, "Степанюк Глеб,ЭК-24-2,2025-2026/1,PHY1101,5,90")

    assert refused(shown) == [(2, "Аты-жөні", OTHER)]


async def test_the_name_of_a_course_of_all_stays(university: Database) -> None:
    async with university.write() as storage:
        await apply(storage, await look(university, "marks", MARKS, mark(THEIRS), scope=None), now=NOW, actor=None)

    shown = await look(university, "marks", MARKS, mark(OURS, "Басқа атау"))

    assert refused(shown) == []
    assert "course" not in shown.objects
    assert [notice.arguments["what"] for notice in shown.notices if notice.reason == "course_name_kept"] == ["PHY1101"]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (student(OURS, DIGITAL), []),
        (student("77", DIGITAL), []),
        (student(OURS, DIGITAL.upper()), []),
        (student("77", ECONOMICS), [(2, "student_id", OTHER)]),
        (student(OURS, ECONOMICS), [(2, "student_id", OTHER)]),  # moved away
        (student(THEIRS, DIGITAL), [(2, "student_id", OTHER)]),  # taken over
        (student(THEIRS, ECONOMICS), [(2, "student_id", OTHER)]),
        (student("T0009", DIGITAL), [(2, "student_id", OTHER)]),  # somebody of the staff, whose phone would change
    ],
)
async def test_students_are_neither_moved_nor_taken(
    university: Database, row: str, reasons: list[tuple[int, str, str]]
) -> None:
    async with university.write() as storage:
        await storage.people.save([Person("T0009", Name("Сергазин", "Ержан"), Language.KK)])
        await storage.commit()

    assert refused(await look(university, "students", STUDENTS, row)) == reasons


async def test_components_are_of_own_students(university: Database) -> None:
    rows = [f"{each},2025-2026,3" for each in (OURS, THEIRS)]

    assert refused(await look(university, "components", "student_id,academic_year,ssci", *rows)) == [
        (3, "student_id", OTHER)
    ]


async def test_exams_are_of_groups_that_are_all_one_s_own(university: Database) -> None:
    rows = [
        f"2025-2026/1,PHY1101,{group},oral,2026-01-22,09:00,11:00"
        for group in ("ИТ-25-1", "ЭК-24-2", '"ИТ-25-1, ЭК-24-2"', "ЖҚ-1")
    ]

    assert refused(await look(university, "exams", EXAMS, *rows)) == [
        (3, "group", OTHER),
        (4, "course_code", "repeated"),
        (4, "group", OTHER),
        (5, "group", OTHER),
    ]


async def test_a_group_of_two_institutes_is_of_none_of_them_alone(university: Database) -> None:
    await load(university, "students", f"{STUDENTS}\n{student('77', ECONOMICS)}\n".encode())
    row = "2025-2026/1,PHY1101,ИТ-25-1,oral,2026-01-22,09:00,11:00"

    assert refused(await look(university, "exams", EXAMS, row)) == [(2, "group", OTHER)]
    assert refused(await look(university, "exams", EXAMS, row, scope=frozenset({DIGITAL, ECONOMICS}))) == []


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("calendar", ("period,kind,starts,ends", "2025-2026/1,session,2025-12-29,2026-01-17")),
        ("days", ("date,working,name", "2026-01-24,yes,x")),
        ("staff", ("person_id,surname,given_name,role,language", "T1,А,Б,admin,kk")),
    ],
)
async def test_what_holds_for_all_is_loaded_by_nobody_of_one_institute(
    university: Database, kind: str, rows: tuple[str, ...]
) -> None:
    assert refused(await look(university, kind, *rows)) == [(None, None, "whole_university_only")]
    assert refused(await look(university, kind, *rows, scope=None)) == []


DAY = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("grants", "scope"),
    [
        ([RoleGrant("T", Role.REGISTRAR)], None),
        ([RoleGrant("T", Role.REGISTRAR, "IT")], frozenset({"IT"})),
        ([RoleGrant("T", Role.REGISTRAR, "IT"), RoleGrant("T", Role.ADMIN)], None),
        ([RoleGrant("T", Role.REGISTRAR, "IT"), RoleGrant("T", Role.REGISTRAR, "Заң")], frozenset({"IT", "Заң"})),
        ([RoleGrant("T", Role.REGISTRAR, "IT"), RoleGrant("T", Role.DEAN_OFFICE)], frozenset({"IT"})),
        (
            [RoleGrant("T", Role.REGISTRAR, "IT"), RoleGrant("T", Role.REGISTRAR, None, date(2026, 1, 14))],
            frozenset({"IT"}),
        ),
        ([RoleGrant("T", Role.DEAN_OFFICE)], frozenset()),
        ([], frozenset()),
    ],
)
def test_the_roles_held_on_the_day_bound_what_is_loaded(grants: list[RoleGrant], scope: Scope) -> None:
    assert scope_of(grants, on=DAY) == scope


def test_nobody_s_is_nobody_s_own() -> None:
    assert within([], None)
    assert not within([], frozenset({"IT"}))
    assert not within(["IT", None], frozenset({"IT"}))
    assert not within(["IT"], frozenset())
    assert within(["IТ"], frozenset({"it"})), "in whatever alphabet"
