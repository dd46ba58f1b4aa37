"""The history is only ever added to; imports, uploads, drafts and motions keep what they are given."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from policy.two_people import MotionKind
from storage.database import Database
from storage.origin import handling
from storage.records import READ, Change, MotionState
from storage.upsert import ROWS_AT_ONCE
from tests.storage.examples import DEAN, NOW, PERIOD, REGISTRAR

ATTEMPT = ("02500000", PERIOD, "MAT1201", 1)
MADE = Change(
    object="attempt",
    key=("02500000", PERIOD, "MAT1201", "1"),
    before=None,
    after={"exam": "49.5", "room": None, "name": "Нұрғалиева"},
    cause="import",
    at=NOW,
    about="02500000",
    cause_id=1,
)
CHANGED = replace(
    MADE, before=MADE.after, after={"exam": "50"}, cause="correction", actor="T0001", why="қате енгізілген"
)


async def test_what_changed_comes_back_in_order(database: Database) -> None:
    other = replace(MADE, key=("02500001", PERIOD, "MAT1201", "1"), about="02500001")
    async with database.write() as storage:
        assert await storage.changes.latest_id() == 0
        await storage.changes.record([MADE, other])
        before = await storage.changes.latest_id()
        await storage.changes.record([CHANGED])
        assert await storage.changes.latest_id() > before
        await storage.commit()
    async with database.read() as storage:
        assert await storage.changes.of("attempt", MADE.key) == (MADE, CHANGED)
        assert await storage.changes.about("02500000") == (MADE, CHANGED)
        assert [each async for each in storage.changes.caused_by("import", 1)] == [other, MADE]


async def test_the_history_is_found_by_person_and_by_object_newest_first(database: Database) -> None:
    key = ("02500001", PERIOD, "MAT1201", "1")
    marked = replace(MADE, key=key, about="02500001", actor="T0001", at=NOW + timedelta(days=1))
    looked = Change("link", ("02500000",), None, None, "link", NOW, about="02500000", actor="T0001", act=READ)
    async with database.write() as storage:
        await storage.changes.record([MADE, marked, CHANGED, looked])
        found = storage.changes.found
        assert [each async for each in found()] == [looked, CHANGED, marked, MADE]
        assert [each async for each in found(limit=2)] == [looked, CHANGED]
        assert [each async for each in found(person_id="T0001")] == [looked, CHANGED, marked]  # as actor
        assert [each async for each in found(person_id="02500000")] == [looked, CHANGED, MADE]  # as who it is about
        assert [each async for each in found(object_="attempt")] == [CHANGED, marked, MADE]
        assert [each async for each in found(object_="attempt", key=("02500001", PERIOD))] == [marked]
        assert [each async for each in found(object_="attempt", key=key)] == [marked]
        assert [each async for each in found(object_="attempt", key=("0250000",))] == []
        assert [each async for each in found(since=NOW + timedelta(seconds=1))] == [marked]


async def test_the_whole_history_is_gone_through_in_pages(database: Database) -> None:
    count = ROWS_AT_ONCE + 3
    async with database.write() as storage:
        await storage.changes.record(replace(MADE, key=(str(number),)) for number in range(count))
        assert len([each async for each in storage.changes.found()]) == count
        assert len([each async for each in storage.changes.found(limit=ROWS_AT_ONCE + 1)]) == ROWS_AT_ONCE + 1


async def test_what_is_written_while_an_update_is_handled_comes_from_it(database: Database) -> None:
    async with database.write() as storage:
        with handling(77):
            await storage.changes.record([MADE])
            await asyncio.create_task(storage.changes.record([CHANGED]))  # work that the handler begins
        await storage.changes.record([MADE])
        assert [each.update_id async for each in storage.changes.found()] == [None, 77, 77]


async def test_reading_is_kept_and_is_no_change(database: Database) -> None:
    async with database.write() as storage:
        await storage.changes.record([MADE])
        latest = await storage.changes.latest_id()
        await storage.changes.record([replace(MADE, object="link", act=READ, after=None)])
        assert await storage.changes.latest_id() == latest


async def test_decimals_and_instants_are_written_as_text(database: Database) -> None:
    typed = replace(MADE, after={"exam": Decimal("49.50"), "posted_at": NOW, "exam_date": NOW.date()})
    async with database.write() as storage:
        await storage.changes.record([typed])
        (stored,) = await storage.changes.about("02500000")
    assert stored.after == {"exam": "49.50", "posted_at": "2026-01-12T06:30:00+00:00", "exam_date": "2026-01-12"}


async def test_a_large_import_is_gone_through_whole(database: Database) -> None:
    count = ROWS_AT_ONCE + 7
    async with database.write() as storage:
        await storage.changes.record(replace(MADE, key=(str(number),)) for number in range(count))
        seen = [each.key[0] async for each in storage.changes.caused_by("import", 1)]
    assert seen == [str(number) for number in reversed(range(count))]


@pytest.mark.parametrize("act", ["UPDATE changes SET why = 'x'", "DELETE FROM changes"])
async def test_the_database_itself_refuses_to_alter_the_history(
    database: Database, database_url: str, act: str
) -> None:
    async with database.write() as storage:
        await storage.changes.record([MADE])
        await storage.commit()
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="the history is never altered"):
            await connection.execute(text(act))
    await engine.dispose()
    async with database.read() as storage:
        assert await storage.changes.about("02500000") == (MADE,)


async def test_an_import_is_undone_once(database: Database) -> None:
    async with database.write() as storage:
        first = await storage.imports.record(
            kind="marks", file_name="marks.csv", sha256="a" * 64, actor=None, at=NOW, counts={"new": 440}
        )
        second = await storage.imports.record(
            kind="days", file_name="күндер.csv", sha256="b" * 64, actor="T0001", at=NOW, counts={}
        )
        assert await storage.imports.mark_undone(first, at=NOW, by="T0001")
        assert not await storage.imports.mark_undone(first, at=NOW + timedelta(days=1), by="T0002")
        undone = await storage.imports.by_id(first)
        assert [each.id for each in await storage.imports.latest()] == [second, first]
    assert undone is not None
    assert (undone.counts, undone.undone_at, undone.undone_by) == ({"new": 440}, NOW, "T0001")


async def test_an_upload_is_answered_once_and_its_number_never_means_another_file(database: Database) -> None:
    content = bytes(range(256))
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
        upload: dict[str, Any] = {"user_id": 7_000_000_001, "person_id": "T0001", "kind": None, "content": content}
        first = await storage.uploads.keep(file_name="marks.csv", sent_at=NOW, **upload)
        await storage.uploads.set_kind(first, "marks")
        await storage.uploads.say(first, period="2025-2026/1", course_code=None)
        kept = await storage.uploads.by_id(first)
        assert await storage.uploads.drop(first)
        assert not await storage.uploads.drop(first)
        second = await storage.uploads.keep(file_name="days.csv", sent_at=NOW, **upload)
        assert await storage.uploads.by_id(first) is None
        assert await storage.uploads.drop_older_than(NOW) == 0
        assert await storage.uploads.drop_older_than(NOW + timedelta(seconds=1)) == 1
    assert kept is not None
    assert (kept.kind, kept.file_name, kept.content, kept.user_id) == ("marks", "marks.csv", content, 7_000_000_001)
    assert (kept.period, kept.course_code) == ("2025-2026/1", None)
    assert second > first


async def test_what_was_wrong_with_a_refused_file_is_kept_for_a_time(database: Database) -> None:
    wrong: list[dict[str, Any]] = [
        {"reason": "no_such_student", "row": number, "arguments": {}} for number in range(999)
    ]
    async with database.write() as storage:
        number = await storage.refused_exports.keep("marks.csv", wrong, at=NOW)
        assert await storage.refused_exports.refusals_of(number) == ("marks.csv", wrong)
        assert await storage.refused_exports.drop_older_than(NOW) == 0
        assert await storage.refused_exports.drop_older_than(NOW + timedelta(seconds=1)) == 1
        assert await storage.refused_exports.refusals_of(number) is None


async def test_a_draft_is_the_latest_of_its_chat_and_user(database: Database) -> None:
    async with database.write() as storage:
        await storage.drafts.keep(-100, 1, "need", {"course": "MAT1201"}, at=NOW)
        await storage.drafts.keep(1, 1, "what_if", {}, at=NOW)
        await storage.drafts.keep(-100, 1, "correct", {"шаг": [1, None]}, at=NOW)
        draft = await storage.drafts.of(-100, 1)
        assert await storage.drafts.of(-100, 2) is None
        assert await storage.drafts.drop(-100, 1)
        assert not await storage.drafts.drop(-100, 1)
        assert await storage.drafts.drop_older_than(NOW) == 0
        assert await storage.drafts.drop_older_than(NOW + timedelta(seconds=1)) == 1
        assert await storage.drafts.of(1, 1) is None
    assert draft is not None
    assert (draft.form, draft.content, draft.updated_at) == ("correct", {"шаг": [1, None]}, NOW)


async def test_a_motion_waits_for_a_second_person_and_is_decided_once(database: Database) -> None:
    content = {"before": {"exam": "49"}, "after": {"exam": "94"}}
    about = (MotionKind.CORRECTION, "attempt:02500000:2025-2026/1:MAT1201:1", content)
    facts: dict[str, Any] = {"reason": "қате", "by": "T0001", "at": NOW, "student_id": "02500000"}
    async with database.write() as storage:
        await storage.people.save([REGISTRAR, DEAN])
        motion = await storage.motions.add(*about, **facts)
        assert motion is not None
        assert await storage.motions.add(*about, **facts) is None
        assert (motion.content, motion.state, motion.decided_by) == (content, MotionState.OPEN, None)
        assert await storage.motions.open_about(about[1]) == motion
        assert await storage.motions.open() == (motion,)
        assert await storage.motions.agree(motion.id, by="T0002", at=NOW)
        assert not await storage.motions.agree(motion.id, by="T0001", at=NOW)
        assert await storage.motions.decide(motion.id, MotionState.CARRIED, by="T0002", at=NOW)
        assert not await storage.motions.decide(motion.id, MotionState.REFUSED, by="T0002", at=NOW, reason="жоқ")
        assert await storage.motions.open() == ()
        assert await storage.motions.add(*about, **facts) is not None
        first, _ = await storage.motions.of_student("02500000")
    assert (first.state, first.decided_by, first.decided_at) == (MotionState.CARRIED, "T0002", NOW)
    assert (first.agreed_by, first.agreed_at) == ("T0002", NOW)


async def test_the_database_itself_lets_nobody_carry_their_own_motion(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
        motion = await storage.motions.add(
            MotionKind.UNLOCK, "sheet:2025-2026/1:MAT1201:A", {}, reason="қате", by="T0001", at=NOW
        )
        assert motion is not None
        with pytest.raises(IntegrityError):
            await storage.motions.decide(motion.id, MotionState.CARRIED, by="T0001", at=NOW)


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    async with database.write() as storage:
        with pytest.raises(Exception, match="without a time zone"):
            await storage.changes.record([replace(MADE, at=datetime(2026, 1, 12, 6, 30))])  # noqa: DTZ001


async def test_an_instant_comes_back_in_utc_to_the_microsecond(database: Database) -> None:
    almaty = datetime.fromisoformat("2026-01-12T11:30:00.000001+05:00")
    async with database.write() as storage:
        await storage.changes.record([replace(MADE, at=almaty)])
        (stored,) = await storage.changes.about("02500000")
    assert stored.at == almaty
    assert stored.at.utcoffset() == timedelta(0)
    assert stored.at.astimezone(UTC).microsecond == 1
