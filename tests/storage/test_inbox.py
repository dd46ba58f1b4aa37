"""The inbox on both engines: nothing is taken twice, nothing is forgotten, a chat is one process's at a time."""

import asyncio
import json
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from storage.database import Database
from storage.inbox import Inbox, Waiting

NOW = datetime(2026, 1, 15, 7, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def update(number: int, chat: int = 1, text: str = "сәлем") -> Waiting:
    body = {"update_id": number, "message": {"chat": {"id": chat}, "text": text}}
    return Waiting(number, chat, body)


@pytest.fixture
async def inbox(database_url: str) -> AsyncIterator[Inbox]:
    async with Inbox.open(database_url) as inbox:
        yield inbox


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Inbox]:
    """The same inbox as another process opens it."""
    async with Inbox.open(database_url) as inbox:
        yield inbox


async def numbers(inbox: Inbox) -> list[int]:
    return [waiting.update_id for waiting in await inbox.waiting(at=NOW)]


async def test_what_is_kept_waits_in_order_with_its_body(inbox: Inbox) -> None:
    odd = update(2, text="\x00 \ud800 ұ 🎓")  # none of which a database's own text type may hold
    assert await inbox.keep([update(3), odd], at=NOW) == {2, 3}
    assert await inbox.keep([update(1, chat=-(2**62))], at=NOW) == {1}
    waiting = await inbox.waiting(at=NOW)
    assert [each.update_id for each in waiting] == [1, 2, 3]
    assert waiting[1].body == odd.body
    assert await inbox.addresses() == [(1, -(2**62)), (2, 1), (3, 1)]
    assert [each.update_id for each in await inbox.waiting(at=NOW, chat_id=1)] == [2, 3]


async def test_an_update_that_comes_again_is_not_new_whatever_became_of_it(inbox: Inbox) -> None:
    await inbox.keep([update(1), update(2), update(3)], at=NOW)
    await inbox.finish(1, at=NOW)
    await inbox.finish(2, at=NOW, error="ValueError")
    assert await inbox.keep([update(1), update(2), update(3), update(4), update(4)], at=NOW) == {4}
    assert await numbers(inbox) == [3, 4]


async def test_what_is_handled_says_no_more_what_it_said(inbox: Inbox, database_url: str) -> None:
    await inbox.keep([update(1, text="secret"), update(2, text="secret")], at=NOW)
    await inbox.finish(1, at=NOW)
    await inbox.finish(2, at=NOW, error="ValueError")
    query = "SELECT state, body, error FROM inbox ORDER BY update_id"
    if inbox.shared:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        rows = [tuple(row) for row in await connection.fetch(query)]
        await connection.close()
    else:
        with closing(sqlite3.connect(file_of(database_url))) as file:
            rows = file.execute(query).fetchall()
    assert rows == [("done", "", None), ("failed", "", "ValueError")]


async def test_tries_are_counted_until_the_end(inbox: Inbox) -> None:
    await inbox.keep([update(1)], at=NOW)
    assert await inbox.begin(1) == 1
    assert await inbox.begin(1) == 2
    await inbox.finish(1, at=NOW)
    assert await inbox.begin(1) is None
    assert await inbox.begin(9) is None


async def test_a_caller_who_gives_up_changes_nothing_of_what_was_asked(inbox: Inbox) -> None:
    await inbox.waiting(at=NOW)  # connected
    keeping = asyncio.create_task(inbox.keep([update(1)], at=NOW))
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert await inbox.keep([update(1), update(2)], at=NOW) == {2}
    finishing = asyncio.create_task(inbox.finish(1, at=NOW))
    await asyncio.sleep(0)
    finishing.cancel()
    await inbox.finish(2, at=NOW)
    assert await numbers(inbox) == []


async def test_many_callers_share_their_commits_and_each_hears_its_own_answer(inbox: Inbox) -> None:
    kept = await asyncio.gather(*(inbox.keep([update(number)], at=NOW) for number in range(50)))
    assert kept == [{number} for number in range(50)]
    await asyncio.gather(*(inbox.finish(number, at=NOW) for number in range(49)))
    assert await numbers(inbox) == [49]


async def test_what_cannot_be_stored_is_an_error_for_the_caller_and_for_nobody_after(inbox: Inbox) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - each engine has its own
        await inbox.keep([Waiting(2**70, 1, {})], at=NOW)
    assert await inbox.keep([update(1)], at=NOW) == {1}


async def test_another_process_finds_what_a_dead_one_left(inbox: Inbox, other: Inbox) -> None:
    await inbox.keep([update(1), update(2)], at=NOW)
    await inbox.finish(1, at=NOW)
    left = await other.waiting(at=LATER)
    assert [(each.update_id, each.late) for each in left] == [(2, True)]
    assert left[0].body == json.loads(json.dumps(update(2).body))


async def test_a_chat_belongs_to_one_process_at_a_time(inbox: Inbox, other: Inbox) -> None:
    if not inbox.shared:
        pytest.skip("one process has it to itself")
    assert await inbox.claim(7)
    assert not await other.claim(7)
    assert await other.claim(8)
    await inbox.release(7)
    assert await other.claim(7)
    await other.close()  # as when it is killed
    assert await inbox.claim(7)
    assert await inbox.claim(8)


async def test_two_processes_that_store_the_same_batch_share_it_out(inbox: Inbox, other: Inbox) -> None:
    batch = [update(number) for number in range(100)]
    mine, theirs = await asyncio.gather(inbox.keep(batch, at=NOW), other.keep(batch[::-1], at=NOW))
    assert mine | theirs == set(range(100))
    assert not mine & theirs


async def test_two_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(30):  # one time in five SQLite refuses one of them
        url = f"sqlite+aiosqlite:///{tmp_path / str(number)}"
        async with Inbox.open(url) as one, Inbox.open(url) as two:
            mine, theirs = await asyncio.gather(one.keep([update(1)], at=NOW), two.keep([update(2)], at=NOW))
        assert (mine, theirs) == ({1}, {2})


async def test_handled_updates_are_known_for_a_day(inbox: Inbox, database: Database) -> None:
    await inbox.keep([update(1), update(2), update(3)], at=NOW)
    await inbox.finish(1, at=NOW)
    await inbox.finish(2, at=LATER)
    await inbox.drop_older_than(LATER)
    async with database.write() as storage:
        await storage.handled.drop_older_than(LATER)
        await storage.commit()
    assert await inbox.keep([update(1), update(2), update(3)], at=LATER) == {1}


async def test_effects_are_marked_once(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.handled.add(1, at=NOW)
        assert not await storage.handled.add(1, at=NOW)
        assert await storage.handled.has(1)
    async with database.read() as storage:
        assert not await storage.handled.has(1)  # nothing was committed


async def test_a_mark_and_a_waiting_update_are_one(inbox: Inbox, database: Database) -> None:
    await inbox.keep([update(1)], at=NOW)
    async with database.read() as storage:
        assert not await storage.handled.has(1)
    async with database.write() as storage:
        assert await storage.handled.add(1, at=NOW)
        await storage.commit()
    assert await numbers(inbox) == ([] if inbox.shared else [1])


async def test_the_file_is_its_owner_s_only(inbox: Inbox, database_url: str) -> None:
    if inbox.shared:
        pytest.skip("no file")
    await inbox.keep([update(1)], at=NOW)
    assert mode(file_of(database_url)) == 0o600


def file_of(database_url: str) -> Path:
    return Path(database_url.partition("///")[2] + "-inbox")


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)
