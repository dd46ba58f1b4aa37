"""Marks that were posted and taken back with their import: another value is no file's to post alone (M9)."""

from typing import Any

import pytest

from policy.decision import Refused
from policy.marks import Attempt, Outcome
from policy.people import Language, Name, Role, RoleGrant
from services.importing import Kind, Preview, apply, undo
from services.importing.loading import propose_load
from services.importing.uploads import fingerprint
from services.motions.deciding import carry
from storage.database import Database
from storage.records import Motion, Person
from tests.services.importing_cases import NOW, PROFILE, load, look

AIGERIM, DMITRY = "02500000", "02500001"
PERIOD, COURSE = "2025-2026/1", "NEW1"
HEADER = "student_id,period,course_code,credits,rating1,rating2,exam\n"
POSTED = f"{HEADER}{AIGERIM},{PERIOD},{COURSE},5,70,60,74\n{DMITRY},{PERIOD},{COURSE},5,90,80,88\n".encode()
LOWER = f"{HEADER}{AIGERIM},{PERIOD},{COURSE},5,70,60,44\n{DMITRY},{PERIOD},{COURSE},5,90,80,88\n".encode()
FIRST, SECOND = "T0001", "T0002"


async def take_back(database: Database, number: int) -> None:
    async with database.write() as storage:
        await undo(storage, number, now=NOW, actor=None, reason="басқа топтың бағалары", profile=PROFILE)


async def attempt(database: Database, student_id: str = AIGERIM) -> Attempt | None:
    async with database.read() as storage:
        found = await storage.marks.by_keys([(student_id, PERIOD, COURSE)])
    return found[student_id, PERIOD, COURSE].attempts[0] if found else None


@pytest.fixture
async def withdrawn(database: Database) -> Database:
    await load(database, "students", "students.csv")
    await take_back(database, await load(database, "marks", POSTED))
    assert await attempt(database) is None
    return database


def said(shown: Preview) -> list[tuple[str, int | None, str | None, str, str]]:
    return [(each.reason, each.row, each.column, each.value, each.arguments["posted"]) for each in shown.refusals]


async def test_another_value_than_was_withdrawn_is_refused_as_if_it_stood(withdrawn: Database) -> None:
    shown = await look(withdrawn, "marks", LOWER)

    assert said(shown) == [("withdrawn_otherwise", 2, "exam", "44", "74")]
    assert shown.by_two.marks == (AIGERIM,)
    for actor in (None, FIRST):
        async with withdrawn.write() as storage:
            with pytest.raises(ValueError, match=r"nothing to apply|takes two"):
                await apply(storage, shown, now=NOW, actor=actor)
    assert await attempt(withdrawn) is None


async def test_the_values_that_were_withdrawn_may_be_posted_anew(withdrawn: Database) -> None:
    await load(withdrawn, "marks", POSTED)

    found = await attempt(withdrawn)
    assert found
    assert (str(found.exam), found.posted_at) == ("74", NOW)


@pytest.mark.parametrize(
    ("row", "column", "told", "before"),
    [
        ("5,70,60,75", "exam", "75", "74"),  # a higher one too
        ("5,69,60,74", "rating1", "69", "70"),
        ("5,70,61,74", "rating2", "61", "60"),
        ("5,70,60,н/я", "exam", "did_not_come", "74"),
    ],
)
async def test_every_posted_value_is_compared(
    withdrawn: Database, row: str, column: str, told: str, before: str
) -> None:
    shown = await look(withdrawn, "marks", f"{HEADER}{AIGERIM},{PERIOD},{COURSE},{row}\n".encode())

    assert said(shown) == [("withdrawn_otherwise", 2, column, told, before)]


async def test_ratings_that_come_before_the_exam_are_compared_when_it_is_posted(withdrawn: Database) -> None:
    await load(withdrawn, "marks", f"{HEADER}{AIGERIM},{PERIOD},{COURSE},5,50,60,\n".encode())

    shown = await look(withdrawn, "marks", f"{HEADER}{AIGERIM},{PERIOD},{COURSE},5,50,60,74\n".encode())

    assert said(shown) == [("withdrawn_otherwise", 2, "rating1", "50", "70")]


async def test_what_was_never_posted_may_come_back_as_anything(database: Database) -> None:
    await load(database, "students", "students.csv")
    pending = f"{HEADER}{AIGERIM},{PERIOD},{COURSE},5,70,60,\n".encode()
    await take_back(database, await load(database, "marks", pending))

    await load(database, "marks", LOWER)

    found = await attempt(database)
    assert found
    assert str(found.exam) == "44"


async def test_of_several_withdrawals_the_last_one_counts(withdrawn: Database) -> None:
    await staff(withdrawn)
    motion = await propose(withdrawn, LOWER)
    assert isinstance(motion, Motion)
    await confirm(withdrawn, motion, SECOND)
    async with withdrawn.read() as storage:
        (latest, *_) = await storage.imports.latest()
    await take_back(withdrawn, latest.id)

    shown = await look(withdrawn, "marks", POSTED)

    assert said(shown) == [("withdrawn_otherwise", 2, "exam", "74", "44")]


async def test_a_file_refused_for_something_else_too_is_nobodys_to_load(withdrawn: Database) -> None:
    content = LOWER + f"{AIGERIM},{PERIOD},OTHER,,70,60,74\n".encode()

    shown = await look(withdrawn, "marks", content)

    assert {each.reason for each in shown.refusals} == {"withdrawn_otherwise", "needed_when_new"}
    assert not shown.by_two
    assert not shown.plan.steps


async def staff(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([Person(each, Name("Ли", each), Language.RU) for each in (FIRST, SECOND)])
        grants = [RoleGrant(each, Role.REGISTRAR) for each in (FIRST, SECOND)]
        await storage.roles.grant([*grants, RoleGrant(AIGERIM, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()


async def propose(database: Database, content: bytes) -> Motion | Refused[Any]:
    shown = await look(database, "marks", content)
    async with database.write() as storage:
        kept = await storage.uploads.keep(
            user_id=1, person_id=FIRST, kind=Kind.MARKS, file_name="marks.csv", content=content, sent_at=NOW
        )
        upload = await storage.uploads.by_id(kept)
        assert upload
        return await propose_load(
            storage, upload, shown, fingerprint(shown), by=FIRST, reason="Ведомость № 12", now=NOW, profile=PROFILE
        )


async def confirm(database: Database, motion: Motion, by: str) -> object:
    async with database.write() as storage:
        return await carry(storage, number=motion.id, by=by, now=NOW, profile=PROFILE)


async def test_two_people_post_it_and_then_it_stands(withdrawn: Database) -> None:
    await staff(withdrawn)
    motion = await propose(withdrawn, LOWER)
    assert isinstance(motion, Motion)

    for alone in (FIRST, AIGERIM):  # who proposed it; whose mark it is
        assert isinstance(await confirm(withdrawn, motion, alone), Refused)
    assert await attempt(withdrawn) is None
    await confirm(withdrawn, motion, SECOND)

    found = await attempt(withdrawn)
    assert found
    assert (str(found.exam), found.outcome) == ("44", Outcome.TOOK)
    shown = await look(withdrawn, "marks", POSTED)
    assert [each.reason for each in shown.refusals] == ["already_posted"]
