"""What a row says of its own result: where its marks make another, it is refused with both; nothing is lost unsaid."""

from typing import Any

import pytest

from policy.marks import Outcome
from services.importing import Preview, describe
from storage.database import Database
from tests.services.importing_cases import load, look

HEADER = "student_id,period,course_code,credits,rating1,rating2,exam,outcome,final,letter,exam_date,posted_at,attempt"
FIRST = "2026-01-09 11:00"


@pytest.fixture
async def university(database: Database) -> Database:
    await load(database, "students", "students.csv")
    return database


def marks(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def row(told: str, *, exam_date: str = "", posted_at: str = FIRST, attempt: str = "1") -> str:
    return f"02500000,2025-2026/1,NEW1,5,{told},{exam_date},{posted_at},{attempt}"


def refused(shown: Preview) -> list[tuple[str | None, str, str, Any]]:
    return [(each.column, each.reason, each.value, each.arguments.get("ours")) for each in shown.refusals]


@pytest.mark.parametrize(
    "told",
    [
        "85,75,92,,85,B+",
        "85,75,92,,84.8,B+",  # as it is before it is rounded
        "85,75,92,,,В+",  # in Cyrillic
        "81,81,89.5,,85,B+",  # the exam is rounded first
        "90,90,40,,70,FX",  # computed 70, the exam not passed
        "90,90,40,,40,FX",
        "90,90,40,,,FX",
        "90,90,0,,0,F",
        "70,70,,did_not_come,0,F",
        "70,70,,did_not_come,42,",
        "40,40,0,not_admitted,0,F",
        "70,70,,did_not_come,0,FX",
        "70,70,0,removed,0,F",
        ",,92,,85,B+",  # no total without ratings
        ",,40,,,FX",
        "70,70,,,0,",  # nothing yet
        "70,70,,,,",
        "85,75,92,,хорошо,отлично",
    ],
)
async def test_a_result_that_is_the_row_s_own_is_no_contradiction(university: Database, told: str) -> None:
    assert refused(await look(university, "marks", marks(row(told)))) == []


@pytest.mark.parametrize(
    ("told", "column", "value", "ours"),
    [
        ("85,75,92,,86,B+", "final", "86", "85, B+"),
        ("85,75,92,,85,A-", "letter", "A-", "85, B+"),
        ("90,90,40,,70,C+", "letter", "C+", "70, FX"),
        ("90,90,40,,75,", "final", "75", "70, FX"),
        ("90,90,0,,54,FX", "letter", "FX", "54, F"),
        ("70,70,,did_not_come,82,", "final", "82", "did_not_come"),
        ("70,70,,not_admitted,,B", "letter", "B", "not_admitted"),
        ("70,70,0,removed,42,", "final", "42", "0, F"),
        ("70,70,0,removed,,FX", "letter", "FX", "0, F"),
        (",,40,,,B", "letter", "B", "FX"),
        ("85,75,92,,185,", "final", "185", "85, B+"),
    ],
)
async def test_a_result_the_marks_do_not_make_is_refused_with_both(
    university: Database, told: str, column: str, value: str, ours: str
) -> None:
    shown = await look(university, "marks", marks(row(told)))

    assert refused(shown) == [(column, "result_differs", value, ours)]
    assert ours in describe(shown.refusals[0], "kk")


@pytest.mark.parametrize(("told", "column"), [("70,70,,,,F", "letter"), ("70,70,,,42,", "final")])
async def test_a_result_beside_an_empty_exam_is_no_pending_exam(university: Database, told: str, column: str) -> None:
    shown = await look(university, "marks", marks(row(told)))

    assert [each[:2] for each in refused(shown)] == [(column, "result_without_mark")]


async def test_a_retake_s_total_is_made_with_the_ratings_it_carries_over(university: Database) -> None:
    first, second = row("85,75,41,,64,FX"), row(",,60,,72,C+", posted_at="2026-01-19 11:00", attempt="2")

    assert refused(await look(university, "marks", marks(first, second))) == []
    shown = await look(university, "marks", marks(first, second.replace("72,C+", "73,C+")))
    assert refused(shown) == [("final", "result_differs", "73", "72, C+")]


async def test_a_file_loaded_again_is_compared_with_what_is_posted(university: Database) -> None:
    await load(university, "marks", marks(row("85,75,92,,85,B+")))

    assert (await look(university, "marks", marks(row("85,75,92,,85,B+")))).nothing_to_do
    assert refused(await look(university, "marks", marks(row(",,,,90,A-")))) == [
        ("letter", "result_differs", "A-", "85, B+")
    ]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Студент ID,Кезең,Пән коды,Кредит,Р1,Р2,Всего баллов", "85,75,85"),
        ("Студент ID,Кезең,Пән коды,Кредит,Р1,Р2,Буквенный эквивалент", "85,75,B+"),
        ("Студент ID,Кезең,Пән коды,Кредит,Р1,Р2,Сдал экзамен на", "85,75,92"),
        ("Студент ID,Кезең,Пән коды,Кредит,Р1,Р2,Оценка прописью", "85,75,отлично"),
    ],
)
async def test_a_result_without_a_known_exam_column_is_refused_and_the_columns_are_named(
    university: Database, header: str, rows: str
) -> None:
    shown = await look(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,{rows}", header=header))

    assert [(each.row, each.reason) for each in shown.refusals] == [(1, "no_exam_column")]
    assert header.rpartition(",")[2] in describe(shown.refusals[0], "ru")


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Р1,Р2,Всего баллов", "85,75,"),
        ("Р1,Р2,Всего баллов", "85,75,0"),
        ("Р1,Р2,Форма сдачи экзамена", "85,75,устно"),
        ("Р1,Р2,Всего баллов", "85,75,не явился"),
    ],
)
async def test_ratings_before_the_exam_need_no_exam_column(university: Database, header: str, rows: str) -> None:
    header = f"Студент ID,Кезең,Пән коды,Кредит,{header}"

    assert refused(await look(university, "marks", marks(f"02500000,2025-2026/1,NEW1,5,{rows}", header=header))) == []


async def test_a_word_in_the_column_of_words_is_an_outcome(university: Database) -> None:
    header = "Студент ID,Кезең,Пән коды,Кредит,Р1,Р2,Емтихан,Экзаменационная оценка прописью"

    shown = await look(university, "marks", marks("02500000,2025-2026/1,NEW1,5,85,75,,неявка", header=header))

    (attempt,) = (step.after for step in shown.plan.steps if step.object == "attempt")
    assert (attempt.exam, attempt.outcome) == (None, Outcome.DID_NOT_COME)
