"""Files against the records: samples load, twice is nothing, the broken are refused by row, what is posted stays."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policy.marks import Attempt, Enrolment, ExamForm, Outcome
from policy.people import Role, RoleGrant
from services.importing import Stale, apply, describe, refused_csv
from storage.database import Database
from tests.services.importing_cases import NOW, SAMPLES, dump, load, look
from tests.services.workbooks import workbook

PLAIN = [
    ("students", "students.csv", 120),
    ("staff", "staff.csv", 22),
    ("calendar", "calendar.csv", 17),
    ("days", "days.csv", 2),
    ("exams", "exams.csv", 46),
    ("components", "components.csv", 115),
    ("marks", "marks.csv", 440),
    ("marks", "marks.retakes.csv", 6),
    ("marks", "ratings.csv", 46),
]
HEADER = "student_id,period,course_code,credits,exam_form,rating1,rating2,exam,outcome,posted_at,attempt"
POSTED = "2026-01-09 11:06"


def marks(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


async def enrolment(database: Database, student_id: str = "02500000", course: str = "NEW1") -> Enrolment:
    async with database.read() as storage:
        found = await storage.marks.by_key(student_id, "2025-2026/1", course)
    assert found is not None
    return found


async def attempt(database: Database, number: int = 1, **of: str) -> Attempt:
    return (await enrolment(database, **of)).attempts[number - 1]


def reasons(shown: Any) -> list[tuple[int | None, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.reason) for refusal in shown.refusals]


def told(shown: Any) -> set[str]:
    return {notice.reason for notice in shown.notices}


async def test_every_sample_loads_and_the_second_time_there_is_nothing_to_do(database: Database) -> None:
    for kind, file, rows in PLAIN:
        shown = await look(database, kind, file)
        assert (shown.rows.new, shown.rows.changed, shown.rows.same, shown.rows.refused) == (rows, 0, 0, 0), file
        await load(database, kind, file)
    before = await dump(database)

    for kind, file, rows in PLAIN:
        again = await look(database, kind, file)
        assert again.nothing_to_do, file
        assert again.rows.same == rows, file
    assert await dump(database) == before


@pytest.mark.parametrize("file", ["students.kk.csv", "students.kz1048.csv", "students.kk.utf16.tsv"])
async def test_students_are_the_same_people_in_every_code_page(database: Database, file: str) -> None:
    await load(database, "students", file)

    shown = await look(database, "students", "students.csv")

    assert shown.rows.same == 120


@pytest.mark.parametrize(
    ("file", "rows"),
    [("marks.ru.cp1251.csv", 440), ("marks.xlsx", 440), ("mark-sheet.kk.xlsx", 10), ("mark-sheet.ru.xlsx", 10)],
)
async def test_marks_are_the_same_facts_in_every_shape(database: Database, file: str, rows: int) -> None:
    await load(database, "students", "students.csv")
    await load(database, "marks", "marks.csv")

    shown = await look(database, "marks", file)

    assert (shown.nothing_to_do, shown.rows.same) == (True, rows)


@pytest.mark.parametrize(("file", "course"), [("mark-sheet.kk.xlsx", "MAT1201"), ("mark-sheet.ru.xlsx", "ALG2202")])
async def test_a_mark_sheet_alone_brings_the_facts_of_the_flat_export(
    database: Database, file: str, course: str
) -> None:
    await load(database, "students", "students.csv")
    shown = await look(database, "marks", file)
    assert "posted_on_confirmation" in told(shown)
    await load(database, "marks", file)

    flat = await look(database, "marks", "marks.csv")

    assert flat.refusals == ()
    assert flat.rows.new == 430
    async with database.read() as storage:
        students = await storage.students.all_ids()
        found = await storage.marks.by_keys((each, "2025-2026/1", course) for each in students)
    sheet = {each.student_id: each for each in found.values()}
    assert len(sheet) == 10
    assert {each.attempts[0].posted_at for each in sheet.values()} == {NOW}
    if file == "mark-sheet.kk.xlsx":
        outcomes = {student: (each.attempts[0].exam, each.attempts[0].outcome) for student, each in sheet.items()}
        assert outcomes["02500036"] == (Decimal(0), Outcome.REMOVED)
        assert outcomes["02500060"] == (None, Outcome.NOT_ADMITTED)
        assert outcomes["02500072"] == (Decimal("49.5"), Outcome.TOOK)


async def test_a_sheet_without_ids_finds_students_by_name_and_group(database: Database) -> None:
    await load(database, "students", "students.csv")
    title = [
        ["Емтихан: жазбаша"],
        ["Академиялық кезең: 2025-2026/1"],
        ["Пән: Математика 1 (MAT1201)"],
        ["Топ:", "АЖ-25-1"],
        ["Кредит саны: 5"],
        [],
    ]
    table = [
        ["№", "Аты-жөні", "Р1", "Р2", "Емтихан"],
        [1, "Кузнецов Қуаныш", 62, 71, 92],
        [2, "Ибраев Мирас", 68, 89, 92],
    ]

    await load(database, "marks", workbook(title + table + [[], [None, "Тіркеуші: ____"]]))

    assert (await attempt(database, student_id="02500012", course="MAT1201")).exam == 92
    nobody = workbook([*title, *table[:1], [1, "Белгісіз Студент", 62, 71, 92]])
    assert reasons(await look(database, "marks", nobody)) == [(8, "Аты-жөні", "no_such_student_in_group")]


BROKEN = {
    ("students", "broken/students.csv"): [
        (3, "year", "not_a_number"),
        (5, "student_id", "value_missing"),
        (7, "level", "unknown_word"),
        (8, "surname", "letters_lost"),
    ],
    ("staff", "broken/staff.csv"): [(2, "role", "unknown_word"), (3, "until", "no_such_date")],
    ("marks", "broken/marks.csv"): [
        (4, "exam", "out_of_range"),
        (6, "rating1", "out_of_range"),
        (8, "exam", "not_a_number"),
        (10, "student_id", "no_such_student"),
        (12, "posted_at", "no_such_date"),
        (14, "student_id", "repeated"),
        (16, "credits", "not_a_number"),
        (18, "outcome", "unknown_word"),
    ],
    ("marks", "broken/mark-sheet.xlsx"): [
        (13, "Емтихан бағасы", "out_of_range"),
        (15, "Студент ID", "no_such_student"),
    ],
    ("marks", "broken/marks-no-student-column.csv"): [(1, "student_id", "column_missing")],
    ("marks", "broken/marks-changes-a-posted-mark.csv"): [(row, "exam", "already_posted") for row in (2, 3, 4)],
    ("marks", "broken/empty.csv"): [(None, None, "empty")],
    ("marks", "broken/not-a-workbook.xlsx"): [(None, None, "pdf")],
}


async def test_every_broken_twin_is_refused_with_the_right_rows_and_nothing_changes(database: Database) -> None:
    for kind, file, _ in PLAIN:
        await load(database, kind, file)
    before = await dump(database)

    for (kind, file), expected in BROKEN.items():
        shown = await look(database, kind, file)
        assert reasons(shown) == expected, file
        assert not shown.plan.steps
        async with database.write() as storage:
            with pytest.raises(ValueError, match="nothing to apply"):
                await apply(storage, shown, now=NOW, actor=None)

    assert await dump(database) == before


@pytest.fixture
async def university(database: Database) -> Database:
    """A database with the sample students."""
    await load(database, "students", "students.csv")
    return database


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("02500000,2025-2026/1,NEW1,5,written,70,70,101,,,1", "exam", "out_of_range"),
        ("02500000,2025-2026/1,NEW1,5,written,-1,70,90,,,1", "rating1", "out_of_range"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,n/a,,,1", "exam", "not_a_number"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,=1+1,,,1", "exam", "not_a_number"),
        ("99999999,2025-2026/1,NEW1,5,written,70,70,90,,,1", "student_id", "no_such_student"),
        (",2025-2026/1,NEW1,5,written,70,70,90,,,1", "student_id", "value_missing"),
        ("02500000,,NEW1,5,written,70,70,90,,,1", "period", "value_missing"),
        ("02500000,2025-2026/1,,5,written,70,70,90,,,1", "course_code", "value_missing"),
        ("02500000,2025-2026/1,NEW1,,written,70,70,90,,,1", "credits", "needed_when_new"),
        ("02500000,2025-2026/1,NEW1,0,written,70,70,90,,,1", "credits", "out_of_range"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,,took,,1", "exam", "mark_missing"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,55,removed,,1", "exam", "mark_and_outcome"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,90,,06.01.2026,1", "posted_at", "no_time_of_day"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,90,,,2", "attempt", "earlier_attempt_missing"),
        ("02500000,2025-2026/1,NEW1,5,written,70,70,90", None, "cells_unequal"),
    ],
)
async def test_a_wrong_row_of_marks_is_named(university: Database, row: str, column: str | None, reason: str) -> None:
    assert reasons(await look(university, "marks", marks(row))) == [(2, column, reason)]


async def test_one_wrong_row_keeps_all_others_out(university: Database) -> None:
    good, bad = "02500000,2025-2026/1,NEW1,5,written,70,70,90,,,1", "02500012,2025-2026/1,NEW1,5,written,70,70,101,,,1"

    shown = await look(university, "marks", marks(good, bad))

    assert (shown.rows.new, shown.rows.refused, shown.plan.steps) == (1, 1, ())


async def test_the_same_student_twice_is_refused_and_the_first_row_is_named(university: Database) -> None:
    row = "02500000,2025-2026/1,NEW1,5,written,70,70,90,,,1"

    shown = await look(university, "marks", marks(row, row))

    assert reasons(shown) == [(3, "student_id", "repeated")]
    assert "2" in describe(shown.refusals[0], "kk")


async def test_a_formula_cell_without_a_value_is_refused_and_not_taken_for_pending(university: Database) -> None:
    table = [HEADER.split(","), ["02500000", "2025-2026/1", "NEW1", 5, "written", 70, 70, "=F2+G2", None, None, 1]]

    assert reasons(await look(university, "marks", workbook(table))) == [(2, "exam", "formula_without_value")]


async def test_dates_as_text_and_dates_as_dates_are_one(university: Database) -> None:
    header = ["student_id", "period", "course_code", "credits", "exam", "exam_date", "posted_at"]
    text = ["02500000", "2025-2026/1", "NEW1", "5", "90", "05.01.2026", "06.01.2026 10:00"]
    real = ["02500000", "2025-2026/1", "NEW1", 5, 90, date(2026, 1, 5), datetime(2026, 1, 6, 10)]  # noqa: DTZ001

    await load(university, "marks", workbook([header, text]))
    again = await look(university, "marks", workbook([header, real]))

    assert again.nothing_to_do
    assert "posting_time_kept" not in told(again)
    assert (await attempt(university)).posted_at == datetime(2026, 1, 6, 5, tzinfo=UTC)


async def test_an_id_that_lost_its_leading_zero_in_a_spreadsheet_is_recognised(university: Database) -> None:
    table = [["student_id", "period", "course_code", "credits", "exam"], [2500000, "2025-2026/1", "NEW1", 5, 90]]

    shown = await look(university, "marks", workbook(table))

    assert "leading_zeros" in told(shown)
    assert {step.key[0] for step in shown.plan.steps if step.object == "attempt"} == {"02500000"}


async def test_a_period_the_calendar_has_no_dates_for_is_pointed_out(university: Database) -> None:
    row = "02500000,2025-2026/1,NEW1,5,written,70,70,90,,,1"
    assert "period_without_dates" in told(await look(university, "marks", marks(row)))

    await load(university, "calendar", "calendar.csv")

    assert "period_without_dates" not in told(await look(university, "marks", marks(row)))


@pytest.mark.parametrize(
    ("rating", "exam", "outcome", "kept"),
    [
        ("49", "0", "жіберілмеді", (None, Outcome.NOT_ADMITTED)),
        ("90", "0", "жіберілмеді", (None, Outcome.NOT_ADMITTED)),
        ("49", "0", "келген жоқ", (None, Outcome.NOT_ADMITTED)),
        ("50", "0", "келген жоқ", (None, Outcome.DID_NOT_COME)),
        ("49.5", "", "келген жоқ", (None, Outcome.NOT_ADMITTED)),
        ("70", "0", "жойылды", (0, Outcome.REMOVED)),
        ("70", "", "жойылды", (0, Outcome.REMOVED)),
        ("70", "0", "", (0, Outcome.TOOK)),
        ("70", "келген жоқ", "", (None, Outcome.DID_NOT_COME)),
        ("70", "", "", (None, None)),
    ],
)
async def test_outcomes_are_kept_as_what_they_are(
    university: Database, rating: str, exam: str, outcome: str, kept: tuple[int | None, Outcome | None]
) -> None:
    await load(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,written,{rating},{rating},{exam},{outcome},,1"))

    first = await attempt(university)

    assert (first.exam, first.outcome) == kept
    assert first.posted_at == (None if kept == (None, None) else NOW)


async def test_the_posting_time_is_the_file_s_or_the_moment_of_confirmation(university: Database) -> None:
    rows = [
        f"02500000,2025-2026/1,NEW1,5,written,70,70,90,,{POSTED},1",
        "02500012,2025-2026/1,NEW1,5,written,70,70,90,,,1",
    ]
    shown = await look(university, "marks", marks(*rows))
    notice = next(notice for notice in shown.notices if notice.reason == "posted_on_confirmation")
    assert notice.arguments["rows"] == "1"
    confirmed = NOW + timedelta(minutes=7, microseconds=5)

    async with university.write() as storage:
        await apply(storage, shown, now=confirmed, actor="T0001")

    assert (await attempt(university)).posted_at == datetime(2026, 1, 9, 6, 6, tzinfo=UTC)
    assert (await attempt(university, student_id="02500012")).posted_at == NOW + timedelta(minutes=7)


async def test_what_is_pending_may_change_and_be_emptied(university: Database) -> None:
    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,60,,,,1"))

    shown = await look(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,75,,,,,1"))
    assert (shown.rows.changed, shown.objects["attempt"].changed) == (1, 1)
    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,75,,,,,1"))

    first = await attempt(university)
    assert (first.rating1, first.rating2, first.posted_at) == (Decimal(75), None, None)


async def test_an_absent_column_keeps_what_is_stored(university: Database) -> None:
    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,60,,,,1"))

    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,88", header="student_id,period,course_code,exam"))

    kept = await enrolment(university)
    assert (kept.credits, kept.exam_form) == (Decimal(5), ExamForm.WRITTEN)
    assert (kept.attempts[0].rating2, kept.attempts[0].exam) == (Decimal(60), Decimal(88))


async def test_an_empty_cell_does_not_empty_what_is_posted(university: Database) -> None:
    await load(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,written,70,60,88,,{POSTED},1"))

    again = await look(university, "marks", marks("02500000,2025-2026/1,NEW1,5,,,,,,,1"))

    assert (again.nothing_to_do, again.rows.same) == (True, 1)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("70,60,89,,", "exam"),
        ("71,60,88,,", "rating1"),
        ("70,61,88,,", "rating2"),
        ("70,60,,did_not_come,", "exam"),
        ("70,60,0,removed,", "exam"),
    ],
)
async def test_a_posted_value_that_would_change_refuses_the_whole_file(
    university: Database, row: str, column: str
) -> None:
    await load(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,written,70,60,88,,{POSTED},1"))
    before = await dump(university)
    other = "02500012,2025-2026/1,NEW1,5,written,70,60,88,,,1"

    shown = await look(university, "marks", marks(other, f"02500000,2025-2026/1,NEW1,5,written,{row},1"))

    assert reasons(shown) == [(3, column, "already_posted")]
    assert shown.rows.new == 1
    assert await dump(university) == before


async def test_a_posting_time_once_kept_does_not_move(university: Database) -> None:
    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,60,88,,,1"))

    again = await look(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,written,70,60,88,,{POSTED},1"))

    assert again.nothing_to_do
    assert "posting_time_kept" in told(again)


async def test_a_second_attempt_carries_the_ratings_over_where_the_file_has_none(university: Database) -> None:
    await load(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,written,70,60,30,,{POSTED},1"))

    await load(
        university,
        "marks",
        marks("02500000,2025-2026/1,NEW1,66,2", header="student_id,period,course_code,exam,attempt"),
    )

    second = await attempt(university, 2)
    assert (second.rating1, second.rating2, second.exam) == (Decimal(70), Decimal(60), Decimal(66))
    assert (await attempt(university, 1)).exam == 30


async def test_both_attempts_may_come_in_one_file_in_any_order(university: Database) -> None:
    rows = ["02500000,2025-2026/1,NEW1,5,written,70,60,66,,,2", "02500000,2025-2026/1,NEW1,5,written,70,60,30,,,1"]

    await load(university, "marks", marks(*rows))

    assert [each.exam for each in (await enrolment(university)).attempts] == [30, 66]


async def test_signatures_below_a_table_end_it_and_rows_below_them_are_not_lost_silently(university: Database) -> None:
    row = ["02500000", "2025-2026/1", "NEW1", 5, 90]
    table = [["student_id", "period", "course_code", "credits", "exam"], row, [], ["Регистратор: ________"]]
    assert (await look(university, "marks", workbook(table))).rows.new == 1

    hidden = await look(university, "marks", workbook([*table, ["02500012", *row[1:]]]))

    assert reasons(hidden) == [(5, None, "row_after_end")]


async def test_an_unknown_column_is_left_out_and_named_a_known_one_twice_is_refused(university: Database) -> None:
    row = "02500000,2025-2026/1,NEW1,5,90,x"
    unknown = await look(university, "marks", marks(row, header="student_id,period,course_code,credits,exam,Кураторы"))
    twice = await look(university, "marks", marks(row, header="student_id,period,course_code,credits,exam,Емтихан"))

    assert [notice.arguments for notice in unknown.notices if notice.reason == "unknown_columns"] == [
        {"columns": "Кураторы"}
    ]
    assert reasons(twice) == [(1, "Емтихан", "column_twice")]


async def test_a_student_s_year_is_kept_for_each_academic_year(university: Database) -> None:
    people = list(csv.reader(io.StringIO((SAMPLES / "students.csv").read_text(encoding="utf-8"))))
    people[1][people[0].index("year")] = "2"
    next_year = "\n".join(",".join(row) for row in people[:2]).encode()

    await load(university, "students", next_year, now=datetime(2026, 9, 2, tzinfo=UTC))

    async with university.read() as storage:
        assert await storage.students.years_of("02500000") == {"2025-2026": 1, "2026-2027": 2}
        assert len(await storage.students.all_ids()) == 120


async def test_a_new_student_needs_what_a_known_one_may_leave_out(university: Database) -> None:
    known = await look(
        university, "students", "student_id,surname,given_name,dormitory\n02500000,Кузнецов,Қуаныш,\n".encode()
    )
    new = await look(university, "students", "student_id,surname,given_name\n77,Жаңа,Студент\n".encode())

    assert known.objects["student"].changed == 1  # moved out of the dormitory
    assert {column for _, column, reason in reasons(new) if reason == "needed_when_new"} >= {"level", "year", "group"}


async def test_staff_who_are_students_get_the_role_and_keep_their_own_name_and_phone(university: Database) -> None:
    async with university.read() as storage:
        before = await storage.students.by_id("02200009")

    await load(university, "staff", "staff.csv")

    async with university.read() as storage:
        assert await storage.students.by_id("02200009") == before
        assert await storage.roles.of_person("02200009") == (
            RoleGrant("02200009", Role.OFFICER, None, date(2027, 8, 31)),
        )
    assert (await look(university, "students", "students.csv")).nothing_to_do


async def test_a_role_for_an_institute_nobody_studies_in_is_refused(university: Database) -> None:
    data = "person_id,surname,given_name,role,scope,language\nT1,А,Б,dean_office,Жоқ мектеп,kk\n".encode()

    assert reasons(await look(university, "staff", data)) == [(2, "scope", "no_such_institute")]


@pytest.mark.parametrize(
    ("kind", "text", "column", "reason"),
    [
        ("calendar", "period,kind,starts,ends\n2025-2026/1,session,,2026-01-17\n", "starts", "value_missing"),
        (
            "calendar",
            "period,kind,starts,ends\n2025-2026/1,session,2026-01-17,2026-01-02\n",
            "ends",
            "ends_before_it_starts",
        ),
        ("calendar", "period,kind,starts,ends\n2025-2026/1,party,2026-01-02,2026-01-17\n", "kind", "unknown_word"),
        ("days", "date,working,name\n2026-01-24,maybe,x\n", "working", "unknown_word"),
        ("components", "student_id,academic_year,ssci\n02500000,2025-2026,4.01\n", "ssci", "out_of_range"),
        ("components", "student_id,academic_year,ssci\n02500000,2025,3\n", "academic_year", "not_an_academic_year"),
        (
            "exams",
            "period,course_code,group,exam_form,date,starts,ends\n2025-2026/1,A1,Г,oral,2026-01-05,11:00,10:00\n",
            "ends",
            "ends_before_it_starts",
        ),
    ],
)
async def test_a_wrong_row_of_another_kind_is_named(
    university: Database, kind: str, text: str, column: str, reason: str
) -> None:
    assert reasons(await look(university, kind, text.encode())) == [(2, column, reason)]


async def test_a_component_once_known_is_not_emptied(university: Database) -> None:
    await load(university, "components", b"student_id,academic_year,research,ssci\n02500000,2025-2026,1.5,\n")

    await load(university, "components", b"student_id,academic_year,research,ssci\n02500000,2025-2026,,2\n")

    async with university.read() as storage:
        known = (await storage.components.of_student("02500000"))["2025-2026"]
    assert (known.research, known.iros, known.ssci) == (Decimal("1.5"), None, Decimal(2))


async def test_an_exam_still_ahead_is_moved_and_one_that_is_over_is_another(university: Database) -> None:
    def exam(day: str) -> bytes:
        header = "period,course_code,group,exam_form,date,starts,ends,room"
        return f"{header}\n2025-2026/1,MAT1201,АЖ-25-1,written,{day},09:00,10:30,101\n".encode()

    async def days() -> list[int]:
        async with university.read() as storage:
            return [slot.starts.day for slot in await storage.calendar.exams_in(["2025-2026/1"])]

    await load(university, "exams", exam("2026-01-22"))
    moved = await look(university, "exams", exam("2026-01-23"))
    assert moved.rows.changed == 1
    await load(university, "exams", exam("2026-01-23"))
    assert await days() == [23]

    await load(university, "exams", exam("2026-01-28"), now=datetime(2026, 1, 24, tzinfo=UTC))

    assert await days() == [23, 28]


async def test_a_preview_the_records_have_left_behind_is_not_applied(university: Database) -> None:
    row = "02500000,2025-2026/1,NEW1,5,written,70,{},,,,1"
    old = await look(university, "marks", marks(row.format(60)))
    await load(university, "marks", marks(row.format(61)))
    before = await dump(university)

    async with university.write() as storage:
        outcome = await apply(storage, old, now=NOW, actor=None)

    assert isinstance(outcome, Stale)
    assert await dump(university) == before


async def test_a_preview_is_applied_when_only_other_things_have_changed(university: Database) -> None:
    shown = await look(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,60,,,,1"))
    await load(university, "days", "days.csv")

    async with university.write() as storage:
        outcome = await apply(storage, shown, now=NOW, actor=None)

    assert not isinstance(outcome, Stale)


async def test_the_history_tells_who_changed_what_and_by_which_file(university: Database) -> None:
    await load(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,60,,,,1"))
    shown = await look(university, "marks", marks("02500000,2025-2026/1,NEW1,5,written,70,65,,,,1"))
    async with university.write() as storage:
        done = await apply(storage, shown, now=NOW, actor="T0001")
    assert not isinstance(done, Stale)

    async with university.read() as storage:
        history = await storage.changes.of("attempt", ("02500000", "2025-2026/1", "NEW1", "1"))
        kept = await storage.imports.by_id(done.import_id)

    made, changed = history
    assert (made.before, changed.about, changed.actor, changed.cause_id) == (None, "02500000", "T0001", done.import_id)
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before["rating2"], changed.after["rating2"]) == ("60", "65")
    assert kept is not None
    assert (kept.sha256, kept.counts["changed"]) == (shown.sha256, 1)


async def test_all_that_is_wrong_is_written_for_a_spreadsheet_and_nothing_in_it_is_computed(
    university: Database,
) -> None:
    shown = await look(university, "marks", marks("=cmd|x,2025-2026/1,NEW1,5,written,-1,70,90,,,1"))

    rows = list(csv.reader(io.StringIO(refused_csv(shown.refusals, "ru").decode("utf-8-sig")), delimiter=";"))

    assert rows[0] == ["строка", "столбец", "значение", "причина", "код"]
    assert [(row[0], row[1], row[2], row[4]) for row in rows[1:]] == [
        ("2", "student_id", "'=cmd|x", "not_an_id"),
        ("2", "rating1", "-1", "out_of_range"),
    ]


async def test_a_file_that_is_not_there_is_a_refusal_too(database: Database, tmp_path: Path) -> None:
    shown = await look(database, "marks", str(tmp_path / "none.csv"))

    assert reasons(shown) == [(None, None, "missing")]
