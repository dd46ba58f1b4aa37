"""Marks come back exactly as they went in, one student's and a whole file's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from policy.appeals import Stood
from policy.calendar import ExamSlot
from policy.marks import Attempt, Course, ExamForm, Outcome
from services.objects import written
from storage.database import Database
from storage.marks import key_of
from storage.records import Change
from storage.requests import ExamKey
from tests.storage.examples import NOW, PERIOD, enrolment, student


@pytest.fixture(autouse=True)
async def _a_student(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.commit()


async def test_marks_come_back_as_they_went_in(database: Database) -> None:
    put_in = enrolment()
    async with database.write() as storage:
        await storage.marks.save([put_in])
        await storage.commit()
    async with database.read() as storage:
        assert await storage.marks.of_student("02500000") == (put_in,)
        assert await storage.marks.by_key(*key_of(put_in)) == put_in
        assert await storage.marks.by_keys([key_of(put_in), ("02500000", PERIOD, "ABSENT")]) == {key_of(put_in): put_in}


async def test_a_mark_keeps_every_digit_and_is_no_float(database: Database) -> None:
    mark = Decimal("66.666666666666666667")
    put_in = replace(enrolment(), attempts=(Attempt(1, mark, Decimal("1E+1"), Decimal("0.10")),))
    async with database.write() as storage:
        await storage.marks.save([put_in])
        (attempt,) = (await storage.marks.of_student("02500000"))[0].attempts
    assert attempt.rating1 == mark
    assert str(attempt.rating2) == "10"
    assert attempt.exam == Decimal("0.1")


@pytest.mark.parametrize("wrong", [49.5, Decimal("NaN"), Decimal("Infinity")])
async def test_what_is_no_exact_number_is_refused(database: Database, wrong: Decimal) -> None:
    put_in = replace(enrolment(), attempts=(Attempt(1, exam=wrong),))
    async with database.write() as storage:
        with pytest.raises(Exception, match="exact decimal"):
            await storage.marks.save([put_in])


async def test_an_enrolment_without_attempts_is_there(database: Database) -> None:
    bare = replace(enrolment(), attempts=(), exam_form=None, group=None, fees_cleared=None)
    async with database.write() as storage:
        await storage.marks.save([bare])
        assert await storage.marks.of_student("02500000") == (bare,)


async def test_saving_again_changes_what_is_given_and_leaves_other_attempts(database: Database) -> None:
    first = enrolment()
    retake = replace(first.attempts[1], exam=Decimal(72))
    async with database.write() as storage:
        await storage.marks.save([first])
        await storage.marks.save([replace(first, attempts=(retake,), credits=Decimal(6))])
        (stored,) = await storage.marks.of_student("02500000")
    assert stored == replace(first, credits=Decimal(6), attempts=(first.attempts[0], retake))


async def test_marks_do_not_rename_a_course_that_has_a_name(database: Database) -> None:
    async with database.write() as storage:
        await storage.courses.save([Course("MAT1201", "Математика", "Математика")])
        await storage.marks.save([enrolment()])
        assert await storage.courses.by_codes(["MAT1201"]) == {"MAT1201": Course("MAT1201", "Математика", "Математика")}


async def test_what_an_import_brought_can_be_withdrawn(database: Database) -> None:
    first, second = enrolment(), enrolment(code="PHY1202")
    async with database.write() as storage:
        await storage.marks.save([first, second])
        await storage.marks.remove_attempts([(*key_of(first), 2)])
        await storage.marks.remove([key_of(second)])
        assert await storage.marks.of_student("02500000") == (replace(first, attempts=first.attempts[:1]),)


async def test_one_students_record_brings_timetable_and_locks_of_their_own_group(database: Database) -> None:
    first, second, other = enrolment(), enrolment(code="PHY1202"), enrolment("02500001")
    starts = datetime(2026, 1, 9, 4, tzinfo=UTC)
    slot = ExamSlot(PERIOD, "MAT1201", "ЭН-25-1", ExamForm.WRITTEN, starts, starts.replace(hour=6), "Г1-201", "T0007")
    retake = replace(slot, starts=starts.replace(day=21), ends=starts.replace(day=21, hour=6))
    another_group = replace(slot, group="ЭН-25-2")
    async with database.write() as storage:
        await storage.marks.save([first, second, other])
        await storage.calendar.save_exams([retake, another_group, slot])
        await storage.sheets.lock("PHY1202", PERIOD, "ЭН-25-1", at=NOW, by="T0001")
        await storage.sheets.lock("MAT1201", PERIOD, "ЭН-25-2", at=NOW, by="T0001")
        record = await storage.marks.study_of("02500000")
    assert record.enrolments == (first, second)
    assert record.slots == (slot, retake)
    assert record.printed == {(PERIOD, "PHY1202"): NOW}


async def test_a_sheet_printed_again_is_locked_as_of_then(database: Database) -> None:
    async with database.write() as storage:
        await storage.courses.save([Course("MAT1201", None, None)])
        await storage.sheets.lock("MAT1201", PERIOD, "ЭН-25-1", at=NOW, by="T0001")
        await storage.sheets.lock("MAT1201", PERIOD, "ЭН-25-1", at=NOW.replace(hour=9), by="T0002")
        lock = (await storage.sheets.locked_in(PERIOD))["MAT1201", "ЭН-25-1"]
    assert (lock.locked_at, lock.locked_by) == (NOW.replace(hour=9), "T0002")


async def test_the_sheets_of_a_period_are_counted_by_group(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.marks.save([enrolment(), enrolment(code="PHY1202"), enrolment("02500001")])
        await storage.marks.save([replace(enrolment("02500001", code="ENG1"), group="ЭН-25-2")])
        await storage.marks.save([replace(enrolment("02500001", code="ART1"), group=None)])
        await storage.sheets.lock("PHY1202", PERIOD, "ЭН-25-1", at=NOW, by=None)
        assert await storage.sheets.groups_in(PERIOD) == (("ЭН-25-1", 2, 1), ("ЭН-25-2", 1, 0))
        assert await storage.sheets.periods(limit=3) == (PERIOD,)
        of_group = await storage.marks.of_group(PERIOD, "ЭН-25-1")
    assert [(each.student_id, each.course.code) for each in of_group] == [
        ("02500000", "MAT1201"),
        ("02500000", "PHY1202"),
        ("02500001", "MAT1201"),
    ]


async def test_a_whole_file_is_looked_up_across_chunks(database: Database) -> None:
    students = [student(f"{number:08}") for number in range(1_201)]
    marks = [replace(enrolment(each.person_id), attempts=()) for each in students]
    async with database.write() as storage:
        await storage.students.save(students)
        await storage.marks.save(marks)
        found = await storage.marks.by_keys(map(key_of, marks))
    assert found == {key_of(each): each for each in marks}


def posted(before: Attempt | None, after: Attempt | None, cause: str, at: datetime, code: str = "MAT1201") -> Change:
    """Make a line of the history of the first student's sitting."""
    number = (after or before or Attempt(1)).number
    facts = [None if each is None else written(each) for each in (before, after)]
    key = ("02500000", PERIOD, code, str(number))
    return Change("attempt", key, facts[0], facts[1], cause, at, about="02500000", cause_id=1)


async def test_what_stood_posted_before_is_read_from_the_history(database: Database) -> None:
    """A mark that was posted, corrected, taken back and posted anew, and another that never changed."""
    first = enrolment().attempts[0]
    second = replace(first, exam=Decimal(60), corrected_at=NOW + timedelta(hours=1))
    third = replace(first, outcome=Outcome.DID_NOT_COME, exam=None, posted_at=NOW + timedelta(hours=3))
    pending = Attempt(1, Decimal(81), Decimal(77))
    async with database.write() as storage:
        await storage.changes.record(
            [
                posted(None, pending, "import", NOW - timedelta(days=1)),
                posted(pending, first, "import", NOW),
                posted(None, first, "import", NOW, "PHY1"),
                posted(first, second, "correction", NOW + timedelta(hours=1)),
                posted(second, None, "undo", NOW + timedelta(hours=2)),
                posted(None, third, "import", NOW + timedelta(hours=3)),
            ]
        )
        await storage.commit()
    stood = (Stood(first, NOW + timedelta(hours=1)), Stood(second, NOW + timedelta(hours=2), withdrawn=True))
    exam = ExamKey(PERIOD, "MAT1201", 1)
    async with database.read() as storage:
        assert await storage.marks.stood("02500000") == {exam: stood}
        assert await storage.marks.stood("02500000", since=NOW + timedelta(hours=1)) == {exam: stood[1:]}
        assert await storage.marks.stood("02500000", since=NOW + timedelta(hours=2)) == {}
        assert await storage.marks.stood("02500001") == {}
        since = await storage.marks.changes_of("02500000", exam, since=NOW)
        assert [(each.before, each.after, each.cause, each.cause_id) for each in since] == [
            (first, second, "correction", 1),
            (second, None, "undo", 1),
            (None, third, "import", 1),
        ]
        assert await storage.marks.changes_of("02500000", exam._replace(attempt=2), since=NOW) == ()
