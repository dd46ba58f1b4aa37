"""Files in the shapes offices send them, as far as it is about how a file is read: what a cell shows is what counts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from services.importing import Preview
from storage.database import Database
from tests.services.importing_cases import load, look

PERIOD, COURSE = "2025-2026/1", "INF2304"


@pytest.fixture
async def students(database: Database) -> Database:
    await load(database, "students", "field/students.csv")
    await load(database, "calendar", "calendar.csv")
    return database


async def facts(database: Database) -> Mapping[str, tuple[Decimal | None, ...]]:
    """Return by student the ratings, the exam mark and the classes missed, as they were loaded."""
    async with database.read() as storage:
        students = await storage.students.all_ids()
        found = await storage.marks.by_keys((each, PERIOD, COURSE) for each in students)
    return {
        each.student_id: (taken.rating1, taken.rating2, taken.exam, each.missed_percent)
        for each in found.values()
        for taken in each.attempts
    }


def refused(shown: Preview) -> list[tuple[int | None, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.reason) for refusal in shown.refusals]


def numbers(*written: Any) -> tuple[Decimal | None, ...]:
    return tuple(None if each is None else Decimal(each) for each in written)


async def test_a_number_shown_as_percent_is_the_number_that_is_shown(students: Database) -> None:
    await load(students, "marks", "field/percent-cells.xlsx")

    assert await facts(students) == {
        "02600101": numbers(85, 75, 92, 12),
        "02600102": numbers(55, 62, 100, 60),
        "02600103": numbers(96, 93, 49, 0),
    }


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("prefixed-formula.xlsx", "formula_without_value"),
        ("prefixed-error.xlsx", "error_value"),
        ("no-cell-references.xlsx", "formula_without_value"),
    ],
)
async def test_a_value_that_is_not_there_is_refused_however_the_xml_is_written(
    students: Database, file: str, reason: str
) -> None:
    assert refused(await look(students, "marks", f"field/{file}")) == [(3, "Емтихан", reason)]


@pytest.mark.parametrize("file", ["web-table.xls", "office.ods", "binary.xls"])
async def test_one_table_says_the_same_in_every_kind_of_file(students: Database, file: str) -> None:
    await load(students, "marks", f"field/{file}")

    assert await facts(students) == {
        "02600101": numbers(85, 75, 92, None),
        "02600102": numbers(55, 62, 41, None),
        "02600103": numbers(96, 93, 90, None),
    }


async def test_text_cells_without_a_value_are_empty(students: Database) -> None:
    await load(students, "marks", "field/empty-text-cells.xlsx")

    assert await facts(students) == {
        "02600101": numbers(85, 75, 92, None),
        "02600102": numbers(55, 62, None, None),
        "02600103": numbers(96, 93, None, None),
    }


@pytest.mark.parametrize("file", ["page-cp866.csv", "page-mac_cyrillic.csv"])
async def test_a_code_page_that_cannot_be_told_for_certain_is_refused(students: Database, file: str) -> None:
    assert refused(await look(students, "students", f"field/{file}")) == [(None, None, "unknown_encoding")]
