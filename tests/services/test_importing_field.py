"""Files in the shapes offices send them: each is read rightly, or refused with the reason that fits."""

from decimal import Decimal
from typing import Any

import pytest

from policy.marks import Attempt, Outcome
from policy.people import Name
from services.importing import Preview, describe
from storage.database import Database
from tests.services.importing_cases import load, look

ALIYA, ORKEN, DARYA, ULAN = "02600101", "02600102", "02600103", "02600104"
PERIOD = "2025-2026/1"


@pytest.fixture
async def university(database: Database) -> Database:
    """A database with the students these files are about, and the dates of the periods."""
    await load(database, "students", "field/students.csv")
    await load(database, "calendar", "calendar.csv")
    return database


def reasons(shown: Preview) -> list[tuple[int | None, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.reason) for refusal in shown.refusals]


def told(shown: Preview) -> dict[str, Any]:
    return {notice.reason: notice.arguments for notice in shown.notices}


def attempts(shown: Preview) -> dict[str, Attempt]:
    """Return the attempts a file would make or change, by student."""
    return {step.key[0]: step.after for step in shown.plan.steps if step.object == "attempt"}


def sat(shown: Preview) -> dict[str, tuple[Decimal | None, Outcome | None]]:
    return {student: (each.exam, each.outcome) for student, each in attempts(shown).items()}


def took(exam: str) -> tuple[Decimal, Outcome]:
    return Decimal(exam), Outcome.TOOK


async def test_both_kinds_of_ratings_of_a_journal_are_told_apart(university: Database) -> None:
    shown = await look(university, "marks", "field/journal-both-ratings.xlsx")

    assert reasons(shown) == []
    assert told(shown)["weaker_columns"] == {"columns": "РК1, РК2"}
    assert sat(shown) == {
        ALIYA: took("92"),
        ORKEN: took("41"),
        DARYA: (None, Outcome.DID_NOT_COME),
        ULAN: (None, None),
    }
    ratings = {student: (str(each.rating1), str(each.rating2)) for student, each in attempts(shown).items()}
    assert ratings[ALIYA] == ("85", "75")
    assert ratings[ULAN] == ("41", "47")


async def test_an_exam_that_stands_under_its_points_is_read(university: Database) -> None:
    shown = await look(university, "marks", "field/sheet-points-exam.xlsx")

    assert reasons(shown) == []
    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41")}


async def test_every_sheet_of_a_workbook_is_taken(university: Database) -> None:
    shown = await look(university, "marks", "field/marks-sheet-per-group.xlsx")

    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41"), DARYA: took("90"), "02600201": took("30")}
    assert told(shown)["several_sheets"] == {"sheets": "ИТ-25-1, ЭК-24-2"}


async def test_a_printed_sheet_with_digits_and_words_is_read(university: Database) -> None:
    shown = await look(university, "marks", "field/sheet-digits-and-words.xlsx")

    assert reasons(shown) == []
    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41")}
    assert {step.key[1] for step in shown.plan.steps if step.object == "attempt"} == {PERIOD}


async def test_numbers_of_columns_are_no_student(university: Database) -> None:
    shown = await look(university, "marks", "field/sheet-column-numbers.xlsx")

    assert reasons(shown) == []
    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41")}


async def test_a_sheet_of_two_pages_has_four_students(university: Database) -> None:
    shown = await look(university, "marks", "field/sheet-two-pages.xlsx")

    assert reasons(shown) == []
    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41"), DARYA: took("90"), ULAN: took("58")}


async def test_ids_protected_from_a_spreadsheet_are_ids(university: Database) -> None:
    shown = await look(university, "marks", "field/ids-quoted.csv")

    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41")}


async def test_words_that_stand_for_no_mark_are_told_which_do(university: Database) -> None:
    shown = await look(university, "marks", "field/mark-words.csv")

    assert reasons(shown) == [(4, "Емтихан", "unknown_word"), (5, "Емтихан", "unknown_word")]
    assert "не явился, н/я" in describe(shown.refusals[0], "ru")
    assert shown.rows.new == 2


async def test_a_row_that_ends_early_is_not_told_about_separators(university: Database) -> None:
    shown = await look(university, "marks", "field/short-rows.csv")

    assert reasons(shown) == [(3, None, "cells_unequal")]
    assert "separator" not in describe(shown.refusals[0], "en")


async def test_a_name_in_one_column_and_in_capitals_is_taken_apart(university: Database) -> None:
    shown = await look(university, "students", "field/students-one-name.csv")

    assert reasons(shown) == []
    (student,) = (step.after for step in shown.plan.steps if step.object == "student")
    assert student.name == Name("Жұмабек", "Нұрай", "Ержанқызы")


async def test_a_row_of_the_timetable_may_name_several_groups(university: Database) -> None:
    shown = await look(university, "exams", "field/timetable-group-list.csv")

    assert [step.key[:3] for step in shown.plan.steps] == [
        (PERIOD, "INF2304", "ИТ-25-1"),
        (PERIOD, "INF2304", "ЭК-24-2"),
    ]
    assert shown.rows.new == 1
    assert "course_of_nobody" not in told(shown), "who takes what in this period is not known yet"


async def test_a_row_of_the_timetable_nobody_sits_is_said(university: Database) -> None:
    await load(university, "marks", "field/marks-sheet-per-group.xlsx")
    header = "period,course_code,group,exam_form,date,starts,ends"
    rows = [
        f"2025-2026/1,{course},{group},oral,2026-01-22,09:00,11:00"
        for course, group in (("INF2304", "ИТ-25-1"), ("INF2304", "ЖҚ-1"), ("FIZ1", "ЭК-24-2"))
    ]

    shown = await look(university, "exams", "\n".join([header, *rows]).encode())

    assert shown.refusals == ()
    assert told(shown)["group_of_nobody"] == {"what": "ЖҚ-1", "rows": "1"}
    assert told(shown)["course_of_nobody"] == {"what": "FIZ1 ЭК-24-2", "rows": "1"}


# Right before, and to stay so


async def test_odd_spaces_around_numbers_and_ids_are_not_there(university: Database) -> None:
    shown = await look(university, "marks", "field/odd-spaces-ok.csv")

    assert sat(shown) == {ALIYA: took("92"), ORKEN: took("41")}


async def test_ids_a_spreadsheet_turned_into_powers_of_ten_are_refused_row_by_row(university: Database) -> None:
    shown = await look(university, "marks", "field/ids-exponent.csv")

    assert reasons(shown) == [(2, "Студент ID", "not_an_id"), (3, "Студент ID", "not_an_id")]


async def test_a_mark_with_its_letter_behind_it_is_refused_and_percent_and_comma_are_read(university: Database) -> None:
    shown = await look(university, "marks", "field/mark-with-letter.csv")

    assert reasons(shown) == [(2, "Емтихан", "not_a_number"), (5, "Емтихан", "not_a_number")]
    assert shown.rows.new == 2


@pytest.mark.parametrize("file", ["page-cp866.csv", "page-mac_cyrillic.csv"])
async def test_other_code_pages_are_refused(university: Database, file: str) -> None:
    assert reasons(await look(university, "marks", f"field/{file}")) == [(None, None, "unknown_encoding")]


async def test_a_table_with_a_column_for_each_course_is_refused(university: Database) -> None:
    shown = await look(university, "marks", "field/wide-summary.xlsx")

    assert (1, "course_code", "column_missing") in reasons(shown)


async def test_text_cells_without_a_value_are_empty(university: Database) -> None:
    shown = await look(university, "marks", "field/empty-text-cells.xlsx")

    assert sat(shown) == {ALIYA: took("92"), ORKEN: (None, None), DARYA: (None, None)}


async def test_names_in_capitals_are_found_and_initials_are_not_enough(university: Database) -> None:
    shown = await look(university, "marks", "field/sheet-caps.csv")

    assert reasons(shown) == [(9, "Тегі Аты Әкесінің аты", "no_such_student_in_group")]
    assert shown.rows.new == 2
