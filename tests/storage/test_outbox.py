"""The outbox: who is given what to send, in which order, and what is kept of it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from policy.people import Language
from services.owing import MAY_BE_WITHDRAWN, REWORDING, WITHDRAWAL, Undelivered, amend, delivery, owe, withdraw
from storage.database import Database
from storage.outbox import COUNTED, LONGEST_PAUSE, Arrived, NewOwed, Owed, OwedState, Priority, Settled
from storage.unit import Storage
from tests.storage.faults import file_of

NOW = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
REAL = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)  # the machine's clock goes its own way
LEASE = timedelta(seconds=30)


async def put(storage: Storage, to: str | int, **given: Any) -> int:
    number = await owe(storage, to=to, **{"kind": "screen", "content": {}, "now": NOW, **given})
    assert number is not None
    return number


async def lease(
    storage: Storage, by: str = "a", *, now: datetime = NOW, real: datetime = REAL, room: int = 20
) -> list[int]:
    return [owed.id for owed in await storage.outbox.lease(by, now=now, real=real, until=real + LEASE, room=room)]


async def sent(storage: Storage, owed_id: int, by: str = "a", *, chat: int = 1) -> None:
    await storage.outbox.settle(by, [Settled(owed_id, OwedState.SENT, sent_at=NOW, arrived=Arrived(chat, (7, 8)))])


async def found(storage: Storage, owed_id: int) -> Owed:
    owed = await storage.outbox.by_id(owed_id)
    assert owed is not None
    return owed


async def test_what_is_owed_is_kept_with_the_fact_or_not_at_all(database: Database) -> None:
    async with database.write() as storage:
        await put(storage, 1)
    async with database.read() as storage:
        assert not await storage.outbox.due(now=NOW, real=REAL)
    async with database.write() as storage:
        number = await put(storage, "S1", content={"текст": "қ"}, priority=Priority.DEADLINE, group_key="g")
        await storage.commit()
    async with database.read() as storage:
        assert await storage.outbox.due(now=NOW, real=REAL)
        owed = await found(storage, number)
    assert (owed.person_id, owed.chat_id, owed.content) == ("S1", None, {"текст": "қ"})
    assert (owed.priority, owed.state, owed.tries) == (Priority.DEADLINE, OwedState.WAITING, 0)


async def test_answers_go_before_deadlines_and_those_before_announcements(database: Database) -> None:
    async with database.write() as storage:
        announcement = await put(storage, 1, priority=Priority.ANNOUNCEMENT)
        notice = await put(storage, 2)
        answer = await put(storage, 3, priority=Priority.ANSWER)
        deadline = await put(storage, 4, priority=Priority.DEADLINE)
        assert await lease(storage, room=2) == [answer, deadline]
        assert await lease(storage) == [notice, announcement]


async def test_a_chat_has_one_message_on_its_way_and_gets_them_in_order(database: Database) -> None:
    async with database.write() as storage:
        first, second, elsewhere = await put(storage, 1), await put(storage, 1), await put(storage, 2)
        one, two = await put(storage, "S1"), await put(storage, "S1")
        assert await lease(storage) == [first, elsewhere, one]
        assert await lease(storage) == []
        await sent(storage, first)
        await sent(storage, one)
        assert await lease(storage) == [second, two]


async def test_what_is_put_off_holds_up_what_comes_after_it_in_its_chat_only(database: Database) -> None:
    async with database.write() as storage:
        first, second, elsewhere = await put(storage, 1), await put(storage, 1), await put(storage, 2)
        assert await lease(storage, room=1) == [first]
        soon = REAL + timedelta(seconds=5)
        await storage.outbox.settle("a", [Settled(first, OwedState.WAITING, error="x", next_try_at=soon)])
        assert await lease(storage) == [elsewhere]
        assert await lease(storage, real=soon) == [first]
        await sent(storage, first)
        assert await lease(storage, real=soon) == [second]


async def test_what_is_for_later_holds_up_nobody(database: Database) -> None:
    async with database.write() as storage:
        later = await put(storage, 1, not_before=NOW + timedelta(hours=1))
        now = await put(storage, 1)
        assert await lease(storage) == [now]
        await sent(storage, now)
        assert await lease(storage, now=NOW + timedelta(hours=1)) == [later]


async def test_a_lease_ends_by_itself_and_is_kept_by_renewing_it(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        assert await lease(storage) == [number]
        await storage.outbox.renew("a", until=REAL + 2 * LEASE)
        assert await lease(storage, "b", real=REAL + LEASE) == []
        assert await lease(storage, "b", real=REAL + 2 * LEASE) == [number]
        assert (await found(storage, number)).tries == 2


async def test_whoever_lost_the_lease_can_still_say_that_it_was_sent_and_nothing_else(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        await lease(storage, "a")
        await lease(storage, "b", real=REAL + LEASE)
        await storage.outbox.settle("a", [Settled(number, OwedState.FAILED, error="x")])
        assert (await found(storage, number)).state is OwedState.WAITING
        await sent(storage, number, "a")
        owed = await found(storage, number)
    assert (owed.state, owed.arrived, owed.sent_at) == (OwedState.SENT, Arrived(1, (7, 8)), NOW)


async def test_a_try_that_did_not_count_is_not_counted(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        await lease(storage)
        await storage.outbox.settle("a", [Settled(number, OwedState.WAITING, counted=False)])
        assert (await found(storage, number)).tries == 0
        await lease(storage)
        await storage.outbox.settle("a", [Settled(number, OwedState.WAITING, error="x")])
        assert (await found(storage, number)).tries == 1


async def test_a_dedupe_key_is_owed_once(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1, dedupe_key="k")
        assert await owe(storage, to=1, kind="screen", content={}, now=NOW, dedupe_key="k") is None
        await lease(storage)
        await sent(storage, number)
        assert await owe(storage, to=1, kind="screen", content={}, now=NOW, dedupe_key="k") is None
        assert await owe(storage, to=1, kind="screen", content={}, now=NOW) is not None


async def test_two_processes_that_take_at_once_never_take_the_same_or_two_of_one_chat(database: Database) -> None:
    if not database.shared:
        pytest.skip("SQLite has one sender")
    async with database.write() as storage:
        for chat in range(1, 7):
            await put(storage, chat)
            await put(storage, chat)
        await storage.commit()
    async with database.write() as one, database.write() as other:
        mine = await one.outbox.lease("a", now=NOW, real=REAL, until=REAL + LEASE, room=4)
        theirs = await other.outbox.lease("b", now=NOW, real=REAL, until=REAL + LEASE, room=4)
        await one.commit()
        await other.commit()
    chats = [owed.chat_id or 0 for owed in (*mine, *theirs)]
    assert len(mine) == 4
    assert sorted(chats) == [1, 2, 3, 4, 5, 6]


async def test_a_group_that_became_a_supergroup_is_followed(database: Database) -> None:
    async with database.write() as storage:
        first, second = await put(storage, -5), await put(storage, -5)
        await lease(storage)
        await storage.outbox.settle("a", [Settled(first, OwedState.WAITING, counted=False)])
        await storage.outbox.move_chat(-5, -1005)
        assert await lease(storage) == [first]
        assert (await found(storage, second)).chat_id == -1005


async def test_what_arrived_in_a_group_that_became_a_supergroup_meanwhile_goes_there_too(database: Database) -> None:
    async with database.write() as storage:
        moved, stayed = await put(storage, -5), await put(storage, -6)
        await lease(storage)
        await storage.outbox.move_chat(-5, -1005)
        arrived = [
            Settled(n, OwedState.SENT, sent_at=NOW, arrived=Arrived(c, (7,))) for n, c in ((moved, -5), (stayed, -6))
        ]
        await storage.outbox.settle("a", arrived)
        assert (await found(storage, stayed)).state is OwedState.SENT
        assert await lease(storage) == [moved]
        await storage.outbox.settle("a", [Settled(moved, OwedState.SENT, sent_at=NOW, arrived=Arrived(-1005, (8,)))])
        assert (await found(storage, moved)).arrived == Arrived(-1005, (8,))


async def test_a_group_is_counted(database: Database) -> None:
    ends = {
        OwedState.SENT: None,
        OwedState.FAILED: Undelivered.NOT_LINKED,
        OwedState.EXPIRED: None,
    }
    async with database.write() as storage:
        numbers = [await put(storage, f"S{place}", group_key="import:1") for place in range(7)]
        await put(storage, "S9", group_key="import:2")
        await lease(storage)
        settled = [
            Settled(number, state, error=error)
            for number, (state, error) in zip(numbers[:3], ends.items(), strict=True)
        ]
        settled += [
            Settled(numbers[3], OwedState.FAILED, error=Undelivered.BLOCKED),
            Settled(numbers[4], OwedState.FAILED, error="TelegramBadRequest: can't parse"),
        ]
        await storage.outbox.settle("a", settled)
        await withdraw(storage, numbers[5], now=NOW)
        counts = await delivery(storage, "import:1")
        told = await storage.outbox.told("import:1")
    assert (counts.told, counts.not_linked, counts.unreachable, counts.failed) == (1, 1, 1, 1)
    assert (counts.pointless, counts.waiting, counts.total) == (2, 1, 7)
    assert told == {"S0", "S1", "S3", "S4", "S5", "S6"}  # two of them are still on their way


async def test_what_is_withdrawn_before_it_is_sent_is_never_sent(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        assert await withdraw(storage, number, now=NOW)
        assert await lease(storage) == []
        assert not await withdraw(storage, number, now=NOW)


async def test_what_is_withdrawn_on_its_way_is_deleted_where_it_arrives(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        await lease(storage)
        assert await withdraw(storage, number, now=NOW)
        await sent(storage, number)
        owed = await found(storage, number)
        (follows,) = await storage.outbox.lease("a", now=NOW, real=REAL, until=REAL + LEASE, room=5)
    assert (owed.state, owed.arrived) == (OwedState.WITHDRAWN, Arrived(1, (7, 8)))
    assert (follows.kind, follows.content) == (WITHDRAWAL, {"of": number})


async def test_what_was_sent_can_be_withdrawn_for_48_hours(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        await lease(storage)
        await sent(storage, number)
        assert not await withdraw(storage, number, now=NOW + MAY_BE_WITHDRAWN)
        assert await withdraw(storage, number, now=NOW + MAY_BE_WITHDRAWN - timedelta(seconds=1))


async def test_what_is_amended_is_sent_as_it_is_then_and_worded_anew_where_it_was_sent(database: Database) -> None:
    async with database.write() as storage:
        number = await put(storage, 1)
        assert await amend(storage, number, {"v": 2}, now=NOW)
        (owed,) = await storage.outbox.lease("a", now=NOW, real=REAL, until=REAL + LEASE, room=5)
        assert owed.content == {"v": 2}
        await sent(storage, number)
        assert await amend(storage, number, {"v": 3}, now=NOW)
        (follows,) = await storage.outbox.lease("a", now=NOW, real=REAL, until=REAL + LEASE, room=5)
        assert (follows.kind, follows.content) == (REWORDING, {"of": number})
        await withdraw(storage, number, now=NOW)
        assert not await amend(storage, number, {"v": 4}, now=NOW)


async def test_old_messages_are_forgotten_when_they_are_settled(database: Database) -> None:
    async with database.write() as storage:
        done, waiting = await put(storage, 1), await put(storage, 2)
        await lease(storage)
        await sent(storage, done)
        await storage.outbox.forget(before=NOW)
        assert await storage.outbox.by_id(done)
        await storage.outbox.forget(before=NOW + timedelta(seconds=1))
        assert await storage.outbox.by_id(done) is None
        assert await storage.outbox.by_id(waiting)


async def test_an_account_is_unreachable_until_it_is_there_again(database: Database) -> None:
    async with database.write() as storage:
        await storage.accounts.choose_language(5, Language.KK)
        await storage.accounts.mark_unreachable(5, since=NOW, why=Undelivered.BLOCKED)
        await storage.accounts.mark_unreachable(5, since=NOW + timedelta(days=1), why=Undelivered.CHAT_GONE)
        known = await storage.accounts.acquaintance(5)
        assert known
        assert (known.account.unreachable_since, known.account.unreachable_why) == (NOW, "blocked")
        await storage.accounts.mark_reachable(5)
        known = await storage.accounts.acquaintance(5)
        assert known
        assert (known.account.unreachable_since, known.account.unreachable_why) == (None, None)


async def test_a_clock_set_back_by_an_hour_holds_nothing_back_that_is_owed_already(database: Database) -> None:
    hour = timedelta(hours=1)
    async with database.write() as storage:
        fresh = await put(storage, 1)
        tried = await put(storage, 2)
        put_off = await put(storage, 3, priority=Priority.ANSWER, not_before=NOW + timedelta(seconds=2))
        tomorrow = await put(storage, 4, not_before=NOW + timedelta(hours=8))
        assert tried in await lease(storage, room=2)
        pause = REAL + LONGEST_PAUSE
        await storage.outbox.settle("a", [Settled(tried, OwedState.WAITING, error="x", next_try_at=pause)])
        await storage.outbox.settle("a", [Settled(fresh, OwedState.WAITING, counted=False)])
        assert set(await lease(storage, now=NOW - hour, real=REAL - hour)) == {fresh, tried, put_off}
        assert await lease(storage, now=NOW + timedelta(hours=7), real=REAL + timedelta(hours=7), by="b") != [tomorrow]


async def test_an_answer_that_is_put_off_for_a_moment_comes_before_a_later_one(database: Database) -> None:
    async with database.write() as storage:
        album = await put(storage, 1, priority=Priority.ANSWER, not_before=NOW + timedelta(seconds=2))
        later = await put(storage, 1, priority=Priority.ANSWER)
        notice = await put(storage, 1)
        assert await storage.outbox.answer_waits(1)
        assert not await storage.outbox.answer_waits(2)
        assert await lease(storage) == []
        for expected in (album, later, notice):
            assert await lease(storage, now=NOW + timedelta(seconds=2)) == [expected]
            await sent(storage, expected)
        assert not await storage.outbox.answer_waits(1)


async def test_what_a_sender_has_no_more_in_hand_is_anybody_s(database: Database) -> None:
    async with database.write() as storage:
        mine, dropped = await put(storage, 1), await put(storage, 2)
        assert await lease(storage) == [mine, dropped]
        await storage.outbox.let_go("a", but={mine})
        assert await lease(storage, "b") == [dropped]
        await storage.outbox.let_go("a", but=())
        assert await lease(storage, "b") == [mine]


async def test_what_is_stuck_is_counted_from_when_it_was_owed(database: Database) -> None:
    async with database.write() as storage:
        await put(storage, 1)
        now = NOW + timedelta(hours=1)
        assert await storage.outbox.stuck(now=now, since=now - timedelta(minutes=10)) == (1, NOW)


async def test_more_than_anybody_reads_is_not_counted(database: Database) -> None:
    made = NewOwed(kind="screen", content={}, made_at=NOW, chat_id=1, priority=Priority.ANNOUNCEMENT)
    async with database.write() as storage:
        await storage.outbox.add_many(replace(made, chat_id=number) for number in range(COUNTED + 1))
        assert await storage.outbox.depth(now=NOW) == {Priority.ANNOUNCEMENT: COUNTED}
        assert await storage.outbox.stuck(now=NOW, since=NOW) == (COUNTED, NOW)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_looks_after_the_outbox_does_not_look_through_it(database_url: str) -> None:
    said: list[str] = []

    def asked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", asked)
    try:
        async with Database.open(database_url) as database, database.write() as storage:
            await storage.outbox.renew("a", until=REAL)
            await storage.outbox.let_go("a", but=[1])
            await storage.outbox.end_leases("a")
            await storage.outbox.depth(now=NOW)
            await storage.outbox.stuck(now=NOW, since=NOW)
            await storage.outbox.failed(since=NOW, except_for=["x"])
            await put(storage, 1)
            await storage.outbox.stuck(now=NOW, since=NOW)
    finally:
        event.remove(Engine, "before_cursor_execute", asked)
    with closing(sqlite3.connect(file_of(database_url))) as connection:
        for statement in (each for each in said if "outbox" in each and "INSERT" not in each):
            values = [None] * statement.count("?")
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [step for step in plan if step.startswith("SCAN outbox") and "USING" not in step], statement
