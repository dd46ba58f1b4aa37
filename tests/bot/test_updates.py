"""Updates: stored first, in order within a chat, each to its end, whatever stops the process and whatever comes."""

import asyncio
import functools
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.filters import Command
from aiogram.methods import GetMe, SendChatAction
from aiogram.types import Message, Update

from bot.delivery import updates
from bot.delivery.updates import FULL, TRIES, FullError, Updates
from bot.i18n import Html
from bot.middlewares import context
from bot.middlewares.context import WRITES
from bot.screen import Screen
from bot.screens.language import ChooseLanguage
from policy.people import Language
from storage.database import Database
from storage.inbox import Inbox, Waiting
from storage.records import Change
from storage.unit import Storage
from tests.bot.conftest import AIGERIM, DMITRY, NOW, HandClock, populate
from tests.telegram import Person, Telegram

Handle = Callable[[int, str], Awaitable[None]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give the university of the conversation tests on each engine."""
    async with Database.open(database_url) as database:
        await populate(database)
        yield database


@pytest.fixture
async def inbox(database_url: str) -> AsyncIterator[Inbox]:
    async with Inbox.open(database_url) as inbox:
        yield inbox


def update(number: int, text: str, chat: int = 1) -> dict[str, Any]:
    message = {"message_id": number, "date": 1_768_453_200, "chat": {"id": chat, "type": "private"}, "text": text}
    return {"update_id": number, "message": message}


@pytest.fixture
def updates_to(inbox: Inbox, database: Database, clock: HandClock) -> Callable[..., Updates]:
    """Make what a process has: updates that come to a function of a chat and a text."""

    def make(handle: Handle, through: Inbox = inbox, **more: Any) -> Updates:
        async def receive(message: Message) -> None:
            await handle(message.chat.id, message.text or "")

        dispatcher = Dispatcher(disable_fsm=True)
        dispatcher.message.register(receive)
        bot = Bot(f"1:{'t' * 35}")
        return Updates(bot=bot, dispatcher=dispatcher, inbox=through, database=database, clock=clock, **more)

    return make


class Log:
    """What was handled, in order."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, str]] = []
        self.done: list[tuple[int, str]] = []
        self.gate = asyncio.Event()
        self.at_work = self.most_at_work = 0

    async def __call__(self, chat: int, text: str) -> None:
        self.begun.append((chat, text))
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            if text == "wait":
                await self.gate.wait()
            if text == "open":
                self.gate.set()
            if text == "break":
                raise ValueError(text)
            self.done.append((chat, text))
        finally:
            self.at_work -= 1


@pytest.fixture
def log() -> Log:
    return Log()


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - another thread's work
        await asyncio.sleep(0.001)


async def waiting(inbox: Inbox) -> list[int]:
    return [each.update_id for each in await inbox.waiting(at=NOW)]


async def test_a_chat_waits_for_itself_and_not_for_others(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log
) -> None:
    updates = updates_to(log)
    await updates.take([update(1, "wait"), update(2, "a"), update(3, "b")])
    await updates.take([update(4, "c"), update(5, "open", chat=2)])
    await updates.idle()
    assert log.done == [(2, "open"), (1, "wait"), (1, "a"), (1, "b"), (1, "c")]
    assert await waiting(inbox) == []


async def test_two_people_who_press_in_one_group_are_handled_in_turn(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log
) -> None:
    updates = updates_to(log)
    under = {"message_id": 1, "date": 0, "chat": {"id": -5, "type": "group"}}
    presses = [
        {"update_id": number, "callback_query": {"id": str(number), "from": {"id": person}, "message": under}}
        for number, person in ((2, 7), (3, 8))
    ]
    await updates.take([update(1, "wait", chat=-5), *presses])
    await until(lambda: len(log.begun) == 1)
    assert [(each.update_id, each.chat_id) for each in await inbox.waiting(at=NOW)] == [(1, -5), (2, -5), (3, -5)]
    log.gate.set()
    await updates.idle()


async def test_no_more_than_so_many_are_handled_side_by_side(updates_to: Callable[..., Updates], log: Log) -> None:
    updates = updates_to(log, at_once=3)
    await updates.take([update(number, "wait", chat=number) for number in range(1, 11)])
    await until(lambda: len(log.begun) == 3)
    log.gate.set()
    await updates.idle()
    assert len(log.done) == 10
    assert log.most_at_work == 3


async def test_an_update_that_comes_again_is_not_handled_again(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log
) -> None:
    updates = updates_to(log)
    await updates.take([update(1, "wait")])
    await updates.take([update(1, "wait"), update(2, "a")])
    log.gate.set()
    await updates.idle()
    await updates.take([update(1, "wait"), update(2, "a")])
    restarted = updates_to(log)
    await restarted.resume()
    await restarted.take([update(2, "a")])
    await asyncio.gather(updates.idle(), restarted.idle())
    assert log.done == [(1, "wait"), (1, "a")]


POISON: list[Any] = [
    update(2, "break"),
    {"update_id": 2, "message": {"chat": {"id": 1}, "date": "never"}},
    {"update_id": 2, "message": "what"},
    {"update_id": 2, "message": {"chat": 7, "from": [], "message": 1}},
    {"update_id": 2, "nothing we know": {"chat": {"id": 1}}},
    {"update_id": 2},
    {"update_id": 2, "message": {"chat": {"id": 2**80}}},
]


@pytest.mark.parametrize("poison", POISON)
async def test_poison_is_given_up_and_stops_nobody(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log, poison: Any
) -> None:
    updates = updates_to(log)
    await updates.take([update(1, "a"), poison, update(3, "b")])
    await updates.idle()
    assert log.done == [(1, "a"), (1, "b")]
    assert await waiting(inbox) == []


@pytest.mark.parametrize("nonsense", [{}, {"update_id": "1"}, {"update_id": 2**70}, {"update_id": None}, [], 7, None])
async def test_what_has_no_number_is_passed_over(updates_to: Callable[..., Updates], log: Log, nonsense: Any) -> None:
    updates = updates_to(log)
    await updates.take([nonsense, update(1, "a")])
    await updates.idle()
    assert log.done == [(1, "a")]


async def test_what_a_process_left_is_handled_by_the_next_before_anything_new(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log
) -> None:
    killed = updates_to(log)
    await killed.take([update(1, "wait"), update(2, "a"), update(3, "b", chat=2)])
    await until(lambda: (2, "b") in log.done)
    await killed.stop(0)
    assert await waiting(inbox) == [1, 2]
    log.gate.set()
    restarted = updates_to(log)
    await restarted.resume()
    await restarted.take([update(4, "c")])
    await restarted.idle()
    assert log.done == [(2, "b"), (1, "wait"), (1, "a"), (1, "c")]
    assert await waiting(inbox) == []


async def test_a_stop_lets_what_is_being_handled_end_and_begins_nothing(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log
) -> None:
    updates = updates_to(log)
    await updates.take([update(1, "wait"), update(2, "a")])
    await until(lambda: bool(log.begun))
    stopping = asyncio.create_task(updates.stop(60))
    await asyncio.sleep(0)
    log.gate.set()
    await stopping
    assert log.done == [(1, "wait")]
    assert await waiting(inbox) == [2]


async def test_an_update_that_kills_again_and_again_is_given_up(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log, clock: HandClock
) -> None:
    await inbox.keep([Waiting(1, 1, update(1, "deadly")), Waiting(2, 1, update(2, "a"))], at=NOW)
    clock.move(timedelta(minutes=1))
    for _ in range(TRIES + 1):
        await inbox.begin(1)
    updates = updates_to(log)
    await updates.resume()
    await updates.idle()
    assert log.done == [(1, "a")]
    assert await waiting(inbox) == []


async def test_effects_that_are_kept_are_not_made_again_after_a_restart(
    updates_to: Callable[..., Updates], inbox: Inbox, database: Database, log: Log
) -> None:
    await inbox.keep([Waiting(1, 1, update(1, "a"))], at=NOW)
    async with database.write() as storage:  # killed between this commit and the mark in the inbox
        await storage.handled.add(1, at=NOW)
        await storage.commit()
    updates = updates_to(log)
    await updates.resume()
    await updates.idle()
    assert log.done == []
    assert await waiting(inbox) == []


async def test_too_much_is_left_with_telegram(updates_to: Callable[..., Updates], log: Log) -> None:
    updates = updates_to(log)
    await updates.take([update(number, "wait", chat=number % 7 + 1) for number in range(FULL)])
    with pytest.raises(FullError):
        await updates.take([update(FULL, "a")])
    waiting_for_room = asyncio.create_task(updates.room())
    await asyncio.sleep(0)
    assert not waiting_for_room.done()
    log.gate.set()
    await waiting_for_room
    await updates.take([update(FULL, "a")])
    await updates.stop(60)


async def test_two_processes_keep_the_order_of_a_chat_and_handle_each_update_once(
    updates_to: Callable[..., Updates], inbox: Inbox, log: Log, database_url: str
) -> None:
    if not inbox.shared:
        pytest.skip("one process has it to itself")
    log.gate.set()
    async with Inbox.open(database_url) as other:
        those = (updates_to(log), updates_to(log, through=other))
        for number in range(60):  # as a proxy spreads them, with some delivered to both
            batch = [update(number, str(number), chat=number % 3 + 1)]
            await those[number % 2].take(batch)
            if number % 5 == 0:
                await those[1 - number % 2].take(batch)
        while await waiting(inbox):
            await asyncio.gather(*(each.resume() for each in those))
            await asyncio.gather(*(each.idle() for each in those))
    assert sorted(int(text) for _, text in log.done) == list(range(60))
    for chat in (1, 2, 3):
        numbers = [int(text) for where, text in log.done if where == chat]
        assert numbers == sorted(numbers)


# The whole conversation


async def count(message: Message, storage: Storage, event_update: Update, now: datetime) -> Screen:
    """Do something that must happen once for each update."""
    number = event_update.update_id
    await storage.changes.record([Change("count", (str(number),), None, {"by": message.chat.id}, "test", now)])
    await storage.commit()
    return Screen(Html(f"done {number}"))


async def counted(database: Database) -> dict[str, int]:
    async with database.read() as storage:
        found = [change.key[0] async for change in storage.changes.found(object_="count")]
    return Counter(found)


class Cut:
    """A coroutine that is cancelled where it waits for the n-th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], at: int) -> None:
        self.coroutine = coroutine
        self.left = at

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self.coroutine.__await__()
        step = functools.partial(next, steps)
        while True:
            try:
                waited_for = step()
            except StopIteration:
                return
            self.left -= 1
            if self.left == 0:
                task = asyncio.current_task()
                assert task
                task.cancel()
            try:
                step = functools.partial(steps.send, (yield waited_for))
            except BaseException as error:
                step = functools.partial(steps.throw, error)


class CutUpdates(Updates):
    """A process that dies where its lane waits for the n-th time."""

    at = 0
    survived = False

    async def _work(self, chat: int, lane: deque[Waiting]) -> None:
        cut = Cut(super()._work(chat, lane), self.at)
        await cut
        self.survived = cut.left > 0


async def test_wherever_the_process_is_stopped_each_effect_happens_once_and_each_answer_comes(
    telegram: Telegram,
    linked: Callable[..., Awaitable[Person]],
    database: Database,
    database_url: str,
    clock: HandClock,
) -> None:
    await linked(AIGERIM, 1)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    more: dict[str, Any] = {"dispatcher": telegram.dispatcher, "database": database, "clock": clock}
    offered: list[int] = []
    survived = False
    while not survived:
        offered.append(1000 + len(offered))
        batch = [update(offered[-1], "/count")]
        async with Inbox.open(database_url) as inbox:
            process = CutUpdates(bot=telegram.bot, inbox=inbox, **more)
            process.at = len(offered)
            await process.take(batch)
            await process.idle()
            survived = process.survived
        clock.move(timedelta(minutes=1))
        async with Inbox.open(database_url) as inbox:
            restarted = Updates(bot=telegram.bot, inbox=inbox, **more)
            await restarted.resume()
            await restarted.take(batch)  # it may come again, too
            await restarted.idle()
            assert await waiting(inbox) == []
    assert len(offered) >= 3
    assert await counted(database) == {str(number): 1 for number in offered}
    if not database.shared:  # there, what a dead sender had taken is left to it for a while
        telegram.sender.name = "the next process"
        await telegram.sender.send_due()
        said = Counter(shown.text for shown in telegram.room(1).messages)
        assert set(said) == {f"done {number}" for number in offered}
        assert max(said.values()) <= 2


async def test_a_handler_that_takes_too_long_tells_and_changes_nothing(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    aigerim = await linked(AIGERIM)

    async def count_slowly(message: Message, storage: Storage, event_update: Update, now: datetime) -> Screen:
        done = await count(message, storage, event_update, now)
        await asyncio.sleep(3600)
        return done

    telegram.dispatcher.message.register(count_slowly, Command("count"), flags=WRITES)
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.05)
    await aigerim.sends("/count")
    assert "ештеңе өзгерген жоқ" in aigerim.sees
    assert await counted(database) == {}


async def test_who_writes_while_somebody_else_does_so_for_long_is_late_and_sees_that_it_goes_on(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.shared:
        pytest.skip("several may write at once")
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/language")
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.5)
    monkeypatch.setattr(context, "TYPING_AFTER_SECONDS", 0.01)
    async with database.write() as storage:
        await storage.uploads.size()  # somebody else writes for long
        pressing = asyncio.create_task(aigerim.presses(ChooseLanguage(language=Language.RU).pack()))
        await until(lambda: any(isinstance(call, SendChatAction) for call in telegram.calls))
        _, waits = await asyncio.wait([pressing], timeout=0.7)
        assert waits
    await pressing
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    assert known
    assert known.account.language is Language.RU


async def test_who_waits_to_write_for_much_too_long_hears_that_it_is_kept_and_it_is_done_in_the_end(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.shared:
        pytest.skip("several may write at once")
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/language")
    monkeypatch.setattr(context, "WAIT_TO_WRITE_SECONDS", 0.05)
    monkeypatch.setattr(updates, "TELLING_AFTER", 0)
    async with database.write() as storage:
        await storage.uploads.size()
        pressing = asyncio.create_task(aigerim.presses(ChooseLanguage(language=Language.RU).pack()))
        await until(lambda: "Жібергеніңіз сақталды" in aigerim.sees)
        await until(lambda: telegram.updates._handlings[1].failures > 1)
    await pressing
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    assert known
    assert known.account.language is Language.RU
    assert sum("Жібергеніңіз сақталды" in text for text in aigerim.stands) == 1


async def test_what_was_kept_when_time_ran_out_is_not_called_undone(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    aigerim = await linked(AIGERIM)

    async def commit_slowly(storage: Storage) -> None:
        await Storage.commit(storage)
        storage._put_off = False
        await asyncio.gather(storage.commit(), asyncio.sleep(0.2))

    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    monkeypatch.setattr(Storage, "commit_at_last", commit_slowly)
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.1)
    await aigerim.sends("/count")
    assert sum((await counted(database)).values()) == 1
    assert "ештеңе өзгерген жоқ" not in aigerim.sees


async def test_an_answer_that_cannot_be_said_now_is_said_later(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]]
) -> None:
    aigerim = await linked(AIGERIM)
    telegram.failures.append(TelegramServerError(GetMe(), "Bad Gateway"))
    await aigerim.sends("/help")
    assert [call.__api_method__ for call in telegram.calls].count("sendMessage") == 2
    assert "/menu" in aigerim.sees


async def test_what_is_answered_later_comes_after_what_is_still_owed(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]]
) -> None:
    aigerim, dmitry = await linked(AIGERIM, 1), await linked(DMITRY, 2)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    telegram.failures.append(TelegramRetryAfter(GetMe(), "Too Many Requests", 240))
    await aigerim.sends("/count")
    assert aigerim.stands == []
    await aigerim.sends("/help")  # reads only
    await aigerim.sends("/menu")
    assert aigerim.stands == [], "they wait behind it"
    await dmitry.sends("/help")
    assert "/menu" in dmitry.sees, "others do not"
    telegram.sender._real = lambda: datetime.now(UTC) + timedelta(minutes=5)
    for _ in range(3):
        await telegram.sender.send_due()
    receipt, help_, menu = aigerim.stands
    assert receipt.startswith("done")
    assert "/menu" in help_
    assert "не білгіңіз келеді" in menu or "?" in menu
    await aigerim.sends("/help")
    assert "/menu" in aigerim.sees


async def test_that_something_failed_is_told_in_its_turn_too(
    telegram: Telegram, linked: Callable[..., Awaitable[Person]]
) -> None:
    aigerim = await linked(AIGERIM, 1)

    async def fail(message: Message) -> None:
        raise KeyError

    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    telegram.dispatcher.message.register(fail, Command("fail"))
    telegram.failures.append(TelegramRetryAfter(GetMe(), "Too Many Requests", 240))
    await aigerim.sends("/count")
    await aigerim.sends("/fail")
    assert aigerim.stands == []
    telegram.sender._real = lambda: datetime.now(UTC) + timedelta(minutes=5)
    for _ in range(2):
        await telegram.sender.send_due()
    receipt, failure = aigerim.stands
    assert receipt.startswith("done")
    assert "ештеңе өзгерген жоқ" in failure
