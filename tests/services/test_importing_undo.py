"""An import is taken back whole, or not at all while anything stands on it."""

from datetime import datetime, timedelta
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.profile import load_profile
from policy.two_people import MotionKind
from services.corrections import about_attempt
from services.importing import Undone, UndoRefusal, UndoRefused, undo
from services.motions.moving import MotionRefusal
from storage.database import Database
from storage.requests import ExamKey
from tests.services.importing_cases import NOW, dump, load, look

SOON = NOW + timedelta(minutes=9)
PROFILE = load_profile(None)
FILES = [
    ("students", "students.csv"),
    ("staff", "staff.csv"),
    ("calendar", "calendar.csv"),
    ("days", "days.csv"),
    ("exams", "exams.csv"),
    ("components", "components.csv"),
    ("marks", "marks.csv"),
    ("marks", "marks.retakes.csv"),
    ("marks", "ratings.csv"),
]
HEADER = "student_id,period,course_code,credits,rating1,rating2,exam\n"


async def take_back(
    database: Database,
    import_id: int,
    reason: str = "қате файл жүктелген",
    *,
    by: str | None = None,
    at: datetime = SOON,
) -> Undone | UndoRefused | Refused[Any]:
    async with database.write() as storage:
        return await undo(storage, import_id, now=at, actor=by, reason=reason, profile=PROFILE)


async def test_each_import_taken_back_leaves_what_was_there_before_it(database: Database) -> None:
    states, imports = [], []
    for kind, file in FILES:
        states.append(await dump(database))
        imports.append(await load(database, kind, file))

    for import_id, before in zip(reversed(imports), reversed(states), strict=True):
        assert isinstance(await take_back(database, import_id), Undone)
        after = await dump(database)
        after["degree_programmes"] = before["degree_programmes"]  # codes stay known: names may have been given to them
        assert after == before


async def test_what_an_import_changed_is_changed_back(database: Database) -> None:
    await load(database, "students", "students.csv")
    await load(database, "marks", (HEADER + "02500000,2025-2026/1,NEW1,5,70,60,\n").encode())
    before = await dump(database)
    second = await load(database, "marks", (HEADER + "02500000,2025-2026/1,NEW1,5,75,,\n").encode())
    assert await dump(database) != before

    assert isinstance(await take_back(database, second), Undone)

    assert await dump(database) == before


async def test_the_history_keeps_the_import_and_its_undoing_and_the_file_can_come_again(database: Database) -> None:
    await load(database, "students", "students.csv")
    import_id = await load(database, "marks", "mark-sheet.kk.xlsx")

    outcome = await take_back(database, import_id, "басқа топтың ведомосы")

    assert isinstance(outcome, Undone)
    assert len(outcome.students) == 10
    async with database.read() as storage:
        history = await storage.changes.of("attempt", ("02500000", "2025-2026/1", "MAT1201", "1"))
        kept = await storage.imports.by_id(import_id)
    assert [(each.cause, each.why, each.actor) for each in history] == [
        ("import", None, None),
        ("undo", "басқа топтың ведомосы", None),
    ]
    assert kept is not None
    assert (kept.undone_at, kept.undone_by) == (SOON, None)
    assert (await look(database, "marks", "mark-sheet.kk.xlsx")).rows.new == 10


async def test_an_import_others_stand_on_stays_and_names_them(database: Database) -> None:
    students = await load(database, "students", "students.csv")
    marks = await load(database, "marks", "marks.csv")
    retakes = await load(database, "marks", "marks.retakes.csv")
    before = await dump(database)

    under_marks = await take_back(database, marks)
    under_students = await take_back(database, students)

    assert isinstance(under_marks, UndoRefused)
    assert under_marks.reason is UndoRefusal.CHANGED_SINCE
    assert {(each.object, each.cause, each.cause_id) for each in under_marks.dependents} == {
        ("attempt", "import", retakes)
    }
    assert isinstance(under_students, UndoRefused)
    assert {each.cause for each in under_students.dependents} == {"enrolments"}
    assert await dump(database) == before


async def test_marks_with_a_correction_that_waits_are_not_taken_back_from_under_it(database: Database) -> None:
    await load(database, "students", "students.csv")
    await load(database, "staff", "staff.csv")
    import_id = await load(database, "marks", "mark-sheet.kk.xlsx")
    sitting = "02500000", ExamKey("2025-2026/1", "MAT1201", 1)
    async with database.write() as storage:
        correction = await storage.motions.add(
            MotionKind.CORRECTION, about_attempt(*sitting), {}, reason="қате", by="T0001", at=NOW
        )
        await storage.commit()
    assert correction

    outcome = await take_back(database, import_id)

    assert isinstance(outcome, UndoRefused)
    assert [(each.key, each.cause, each.cause_id) for each in outcome.dependents] == [
        (("02500000", "2025-2026/1", "MAT1201", "1"), "correction", correction.id)
    ]


async def test_an_import_may_be_taken_back_once_what_stood_on_it_is(database: Database) -> None:
    await load(database, "students", "students.csv")
    first = await load(database, "marks", (HEADER + "02500000,2025-2026/1,NEW1,5,70,60,\n").encode())
    second = await load(database, "marks", (HEADER + "02500000,2025-2026/1,NEW1,5,75,60,\n").encode())
    assert isinstance(await take_back(database, first), UndoRefused)

    assert isinstance(await take_back(database, second), Undone)

    assert isinstance(await take_back(database, first), Undone)


async def test_a_course_others_have_since_enrolled_in_stays(database: Database) -> None:
    await load(database, "students", "students.csv")
    first = await load(database, "marks", (HEADER + "02500000,2025-2026/1,NEW1,5,70,60,\n").encode())
    await load(database, "marks", (HEADER + "02500012,2025-2026/1,NEW1,5,70,60,\n").encode())

    assert isinstance(await take_back(database, first), Undone)

    async with database.read() as storage:
        assert set(await storage.courses.by_codes(["NEW1"])) == {"NEW1"}


async def test_marks_on_a_locked_sheet_are_not_taken_back(database: Database) -> None:
    await load(database, "students", "students.csv")
    import_id = await load(database, "marks", "mark-sheet.kk.xlsx")
    async with database.write() as storage:
        await storage.sheets.lock("MAT1201", "2025-2026/1", "АЖ-25-1", at=NOW, by=None)
        await storage.commit()

    outcome = await take_back(database, import_id)

    assert isinstance(outcome, UndoRefused)
    assert outcome.reason is UndoRefusal.SHEET_LOCKED


async def test_an_import_is_taken_back_once_with_a_reason_and_only_if_it_is_there(database: Database) -> None:
    import_id = await load(database, "days", "days.csv")

    assert await take_back(database, import_id, "  ") == Refused(MotionRefusal.NO_REASON, (HOUSE,))
    assert await take_back(database, import_id, "қате файл") == Refused(MotionRefusal.REASON_TOO_SHORT, (HOUSE,))
    assert await take_back(database, import_id + 1) == UndoRefused(UndoRefusal.NO_SUCH_IMPORT)
    assert isinstance(await take_back(database, import_id), Undone)
    assert await take_back(database, import_id) == UndoRefused(UndoRefusal.UNDONE_BEFORE)
