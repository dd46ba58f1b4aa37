"""Words that a profile adds to the labels of columns: read like all others, and checked before anything starts."""

from dataclasses import replace

import pytest

from policy.profile import OwnColumn, Profile, ProfileError
from services.importing import Kind, kind_of, opened, preview
from services.importing.columns import check_columns
from storage.database import Database
from tests.services.importing_cases import NOW, PROFILE, load

OWN = replace(
    PROFILE,
    columns=(
        OwnColumn("marks", "exam", ("Балл финального теста",)),
        OwnColumn("marks", "student_id", ("Шифр студента",)),
        OwnColumn("marks", "rating1", ("РК1",)),
    ),
)
FILE = (
    "Шифр студента,Кезең,Пән коды,Кредит,{},Р2,Балл финального теста\n02500000,2025-2026/1,NEW1,5,70,80,92\n"
).format


def kind_by(profile: Profile, data: bytes) -> Kind | None:
    with opened(data, profile) as reading:
        return kind_of(reading, profile)


async def test_own_words_name_columns_beside_the_known_ones(database: Database) -> None:
    await load(database, "students", "students.csv")
    data = FILE("Р1").encode()

    async with database.read() as storage:
        shown = await preview(storage, kind=Kind.MARKS, source=data, file_name="file", profile=OWN, now=NOW)

    (attempt,) = (step.after for step in shown.plan.steps if step.object == "attempt")
    assert (shown.refusals, str(attempt.rating1), str(attempt.exam)) == ((), "70", "92")
    assert kind_by(OWN, data) is Kind.MARKS
    assert kind_by(PROFILE, data) is None


async def test_a_word_that_was_the_weaker_one_counts_where_a_profile_gives_it(database: Database) -> None:
    await load(database, "students", "students.csv")

    async with database.read() as storage:
        both = await preview(
            storage, kind=Kind.MARKS, source=FILE("РК1,Р1").replace("5,70", "5,70,60").encode(), file_name="file",
            profile=OWN, now=NOW,
        )  # fmt: skip

    assert [refusal.reason for refusal in both.refusals] == ["column_twice"]


@pytest.mark.parametrize(
    ("own", "key", "says"),
    [
        (OwnColumn("mark", "exam", ("Тест",)), "columns.mark", "did you mean marks?"),
        (OwnColumn("marks", "exams", ("Тест",)), "columns.marks.exams", "did you mean exam?"),
        (OwnColumn("marks", "exam", ("Тест", "P1")), "columns.marks.exam[1]", "rating1"),
        (OwnColumn("marks", "exam", ("№ п/п",)), "columns.marks.exam[0]", "number"),
        (OwnColumn("marks", "student_id", ("ИИН",)), "columns.marks.student_id[0]", "national identity numbers"),
        (OwnColumn("marks", "exam", ("---",)), "columns.marks.exam[0]", "letters or digits"),
    ],
)
def test_a_word_that_cannot_be_added_is_told_with_what_is_allowed(own: OwnColumn, key: str, says: str) -> None:
    with pytest.raises(ProfileError) as raised:
        check_columns((own,))
    assert raised.value.key == key
    assert says in raised.value.allowed


def test_one_word_for_two_columns_is_refused() -> None:
    with pytest.raises(ProfileError) as raised:
        check_columns((OwnColumn("marks", "exam", ("Тест",)), OwnColumn("marks", "rating1", ("тест",))))
    assert raised.value.key == "columns.marks.rating1[0]"


def test_the_same_word_again_or_a_known_one_of_the_same_column_changes_nothing() -> None:
    check_columns((OwnColumn("marks", "exam", ("Емтихан", "Тест")), OwnColumn("exams", "room", ("Тест",))))
