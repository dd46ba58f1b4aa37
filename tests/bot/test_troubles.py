"""Storage that does not work is no update's fault: what was sent waits, is handled once, and its sender is told so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.filters import Command
from aiogram.methods import SendMessage
from aiogram.types import Message
from structlog.testing import capture_logs

from bot.delivery import updates as updates_module
from bot.delivery.troubles import ASK_SECONDS, CALM_SECONDS, LONGEST_PAUSE, TOLD_AFTER, Standing, Troubles
from bot.delivery.updates import Updates
from bot.i18n import Html, Texts
from bot.middlewares import context
from bot.middlewares.context import WRITES
from bot.screen import Screen
from bot.screens.fallback import kept, kept_toast
from policy.instant import MessageInstant
from policy.people import Language
from storage import turns, waiting
from storage.database import Database
from storage.inbox import Inbox
from storage.records import Change
from storage.trouble import Trouble, TroubleError
from storage.unit import Storage
from tests.bot.conftest import AIGERIM, DMITRY, NOW, HandClock, populate
from tests.bot.test_updates import count, counted, until
from tests.storage.faults import end_connections, held
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
KEPT = "Жібергеніңіз сақталды"


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


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for a lock for long, and who sent something be told at once."""
    monkeypatch.setattr(turns, "BRIEF_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(waiting, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.5)
    monkeypatch.setattr(updates_module, "TELLING_AFTER", 0.0)


def failures(telegram: Telegram, chat: int = 1) -> int:
    """How often storage did not work for what is at the head of a chat."""
    handling = telegram.updates._handlings.get(chat)
    return handling.failures if handling else 0


async def test_what_is_sent_while_another_has_the_lock_is_handled_once_in_order_and_its_sender_told_once(
    telegram: Telegram, linked: Linked, database: Database, database_url: str, no_patience: None
) -> None:
    aigerim = await linked(AIGERIM)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    async with held(database_url):
        sending = [asyncio.create_task(aigerim.sends("/count")) for _ in range(3)]
        await until(lambda: failures(telegram) > 2)
        assert KEPT in aigerim.sees
    await asyncio.gather(*sending)
    assert sorted((await counted(database)).values()) == [1, 1, 1]
    said = aigerim.stands
    assert [text for text in said if KEPT in text] == said[:1], "told once, and first"
    answers = [int(text.removeprefix("done ")) for text in said[1:]]
    assert answers == sorted(answers)
    assert len(answers) == 3


async def test_it_keeps_its_instant_however_late_it_is_handled(
    telegram: Telegram, linked: Linked, database_url: str, clock: HandClock, no_patience: None
) -> None:
    aigerim = await linked(AIGERIM)
    filed_at: list[MessageInstant] = []

    async def file(message: Message, storage: Storage, filed: MessageInstant, now: datetime) -> Screen:
        await storage.changes.record([Change("count", ("x",), None, {}, "test", now)])
        filed_at.append(filed)
        await storage.commit()
        return Screen(Html("filed"))

    telegram.dispatcher.message.register(file, Command("file"), flags=WRITES)
    async with held(database_url):
        sending = asyncio.create_task(aigerim.sends("/file"))
        await until(lambda: failures(telegram) > 0)
        clock.move(timedelta(hours=2))
    await sending
    assert filed_at[-1].at == NOW
    assert aigerim.last.text == "filed"


@pytest.mark.parametrize(("waited", "said"), [((2, 3), "done"), ((2, 2), "ештеңе өзгерген жоқ")])
@pytest.mark.usefixtures("no_patience")
async def test_time_that_ran_out_because_storage_took_it_bit_by_bit_is_not_the_updates_fault(
    telegram: Telegram, linked: Linked, monkeypatch: pytest.MonkeyPatch, waited: tuple[int, int], said: str
) -> None:
    aigerim = await linked(AIGERIM)
    monkeypatch.setattr(waiting, "LONG_SECONDS", 5.0)
    seconds = [0.0]
    monkeypatch.setattr(waiting, "perf_counter", lambda: seconds[0])
    runs = []

    async def wait_a_little_again_and_again(message: Message) -> Screen:
        runs.append(message.message_id)
        if len(runs) == 1:
            for each in waited:
                with waiting.waits():
                    seconds[0] += each
            raise TimeoutError
        return Screen(Html("done"))

    telegram.dispatcher.message.register(wait_a_little_again_and_again, Command("wait"))
    await aigerim.sends("/wait")
    assert said in aigerim.last.text


async def test_one_chat_that_waits_keeps_no_other_waiting(
    telegram: Telegram, linked: Linked, database_url: str, no_patience: None
) -> None:
    aigerim, dmitry = await linked(AIGERIM, 1), await linked(DMITRY, 2)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    async with held(database_url):
        sending = asyncio.create_task(aigerim.sends("/count"))
        await until(lambda: failures(telegram) > 0)
        await telegram.updates.take([message_of(telegram, dmitry, "/help")])
        await until(lambda: bool(dmitry.stands))
        assert "/menu" in dmitry.sees
    await sending


def message_of(telegram: Telegram, person: Person, text: str) -> dict[str, Any]:
    number = telegram.next()
    sender = person.user.model_dump(mode="json", exclude_none=True)
    chat = {"id": person.user.id, "type": "private"}
    message = {"message_id": number, "date": int(NOW.timestamp()), "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": message}


async def test_a_stop_does_not_wait_for_storage_and_the_next_process_handles_what_waited(
    telegram: Telegram, linked: Linked, database_url: str, inbox: Inbox, no_patience: None
) -> None:
    aigerim = await linked(AIGERIM)
    database = telegram.updates._database
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    async with held(database_url):
        sending = asyncio.create_task(aigerim.sends("/count"))
        await until(lambda: failures(telegram) > 0)
        await telegram.updates.stop(60)
    await sending
    assert len(await inbox.waiting(at=NOW)) == 1
    restarted = Updates(
        bot=telegram.bot, dispatcher=telegram.dispatcher, inbox=inbox, database=database, clock=telegram.clock
    )
    await restarted.resume()
    await restarted.idle()
    assert sorted((await counted(database)).values()) == [1]


async def test_a_commit_whose_outcome_nobody_heard_is_looked_up_and_its_answer_comes_once(
    telegram: Telegram, linked: Linked, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    aigerim = await linked(AIGERIM)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    real, cut = Storage.commit_at_last, [True]

    async def commit_and_lose_the_connection(storage: Storage) -> None:
        await real(storage)
        if cut.pop() if cut else False:
            raise TroubleError(Trouble.SILENT)

    monkeypatch.setattr(Storage, "commit_at_last", commit_and_lose_the_connection)
    await aigerim.sends("/count")
    await telegram.sender._live()
    await telegram.sender.send_due()
    assert list((await counted(database)).values()) == [1]
    assert len([text for text in aigerim.stands if text.startswith("done")]) == 1


async def test_connections_that_are_ended_under_a_handler_cost_nobody_anything(
    telegram: Telegram, linked: Linked, database: Database, database_url: str
) -> None:
    if not database.shared:
        pytest.skip("a file has no server")
    aigerim = await linked(AIGERIM)
    cuts = Counter[str]()

    async def count_while_the_server_goes(message: Message, storage: Storage, event_update: Any, now: datetime) -> Any:
        done = await count(message, storage, event_update, now)
        cuts["handled"] += 1
        if cuts["handled"] % 2:
            await end_connections(database_url)
        return done

    telegram.dispatcher.message.register(count_while_the_server_goes, Command("count"), flags=WRITES)
    for _ in range(3):
        await sent_though_the_server_goes(telegram, aigerim, "/count")
    assert cuts["handled"] == 6
    assert list((await counted(database)).values()) == [1, 1, 1]
    answers = [text for text in aigerim.stands if text.startswith("done")]
    assert len(answers) == len(set(answers)) == 3


async def sent_though_the_server_goes(telegram: Telegram, person: Person, text: str) -> None:
    """Send something and see it through, with the sender of a test, which does not try again by itself."""
    await telegram.updates.take([message_of(telegram, person, text)])
    await telegram.updates.idle()
    while True:
        try:
            await telegram.sender.send_due()
        except TroubleError:
            continue
        return


async def test_what_an_update_is_guilty_of_itself_fails_at_last_though_storage_fails_too(
    telegram: Telegram, linked: Linked, database_url: str, no_patience: None
) -> None:
    aigerim = await linked(AIGERIM)

    async def write_nonsense(message: Message, storage: Storage) -> Screen:
        await storage.begin()
        await storage.accounts.choose_language(2**70, Language.KK)
        raise AssertionError("unreachable")

    telegram.dispatcher.message.register(write_nonsense, Command("nonsense"), flags=WRITES)
    async with held(database_url):
        sending = asyncio.create_task(aigerim.sends("/nonsense"))
        if database_url.startswith("sqlite"):
            await until(lambda: failures(telegram) > 0)
    await sending
    assert "ештеңе өзгерген жоқ" in aigerim.sees


async def test_who_was_never_seen_before_is_told_in_both_languages(
    telegram: Telegram, database_url: str, no_patience: None, voices: Mapping[Language, Texts]
) -> None:
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    stranger = telegram.person(9, "x", language_code="de")
    async with held(database_url):
        sending = asyncio.create_task(stranger.sends("/count"))
        await until(lambda: bool(stranger.stands))
        (told,) = stranger.stands
        assert all(kept([texts]).text in told for texts in voices.values())
    await sending


def test_a_press_is_told_in_as_many_letters_as_telegram_takes(voices: Mapping[Language, Texts]) -> None:
    assert len(kept_toast([*voices.values()])) <= 200


async def test_a_telling_that_does_not_arrive_changes_nothing(
    telegram: Telegram, linked: Linked, database: Database, database_url: str, no_patience: None
) -> None:
    aigerim = await linked(AIGERIM)
    telegram.dispatcher.message.register(count, Command("count"), flags=WRITES)
    telegram.failures.append(TelegramNetworkError(SendMessage(chat_id=1, text="x"), "down"))
    async with held(database_url):
        sending = asyncio.create_task(aigerim.sends("/count"))
        await until(lambda: failures(telegram) > 2)
        assert aigerim.stands == []
    await sending
    assert aigerim.stands[-1].startswith("done")


# Two processes


async def test_of_two_processes_that_have_the_same_question_one_answers(
    telegram: Telegram, linked: Linked, database: Database, database_url: str, clock: HandClock
) -> None:
    if not database.shared:
        pytest.skip("one process has it to itself")
    aigerim = await linked(AIGERIM)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def read_slowly(message: Message) -> Screen:
        first = not begun.is_set()
        begun.set()
        if first:
            await go_on.wait()
        return Screen(Html("read"))

    telegram.dispatcher.message.register(read_slowly, Command("read"))
    question = message_of(telegram, aigerim, "/read")
    await telegram.updates.take([question])
    await begun.wait()
    await end_connections(database_url)  # and with them the lock by which this chat was ours
    async with Inbox.open(database_url) as theirs, Database.open(database_url) as their_database:
        other = Updates(
            bot=telegram.bot, dispatcher=telegram.dispatcher, inbox=theirs, database=their_database, clock=clock
        )
        await other.resume()
        await other.idle()
        assert aigerim.stands == ["read"]
        go_on.set()
        await telegram.updates.idle()
    assert aigerim.stands == ["read"]


# What a process knows of its troubles


class Time:
    """Real seconds, that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 100.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        end = self.at + seconds
        while self.at < end:  # noqa: ASYNC110 - whoever moves it has no other way to say so
            await asyncio.sleep(0)

    async def pass_(self, seconds: float) -> None:
        for _ in range(round(2 * seconds)):
            self.at += 0.5
            for _ in range(5):  # whoever waited has their turn
                await asyncio.sleep(0)

    def later(self, seconds: float, what: Callable[[], Any]) -> asyncio.Handle:
        self.pauses.append(seconds)
        return asyncio.get_running_loop().call_soon(what)


class Storehouse:
    """Storage that works or does not, and what is told of it."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.time = Time()
        self.told: list[tuple[Trouble, bool]] = []
        self.troubles = Troubles(HandClock(), real=self.time, later=self.time.later, sleep=self.time.sleep)

    async def ask(self) -> None:
        if self.trouble:
            raise TroubleError(self.trouble)

    async def tell(self, standing: Standing, over: datetime | None) -> None:
        self.told.append((standing.trouble, over is not None))


@pytest.fixture
async def storehouse() -> AsyncIterator[Storehouse]:
    made = Storehouse()
    watching = asyncio.create_task(made.troubles.run(made.ask, made.tell))
    yield made
    watching.cancel()


async def test_a_trouble_is_one_line_when_it_begins_and_one_when_it_is_over(storehouse: Storehouse) -> None:
    with capture_logs() as logs:
        storehouse.trouble = Trouble.FULL
        for chat in range(100):
            storehouse.troubles.struck(Trouble.FULL, f"chat {chat}")
        await storehouse.time.pass_(TOLD_AFTER + 3)
        assert storehouse.troubles.standing == Standing(Trouble.FULL, NOW)
        assert storehouse.told == [(Trouble.FULL, False)]
        storehouse.trouble = None
        for chat in range(100):
            storehouse.troubles.passed(f"chat {chat}")
        await storehouse.time.pass_(2 * ASK_SECONDS)
        assert storehouse.troubles.standing is None
        await storehouse.time.pass_(CALM_SECONDS + 2)
    assert [(line["log_level"], line.get("why")) for line in logs] == [("error", Trouble.FULL.value), ("info", None)]
    assert storehouse.told == [(Trouble.FULL, False), (Trouble.FULL, True)]


async def test_what_a_second_try_mends_nobody_is_told_of(storehouse: Storehouse) -> None:
    storehouse.troubles.struck(Trouble.BUSY, "chat 1")
    await storehouse.time.pass_(1)
    storehouse.troubles.passed("chat 1")
    await storehouse.time.pass_(CALM_SECONDS + 2)
    assert storehouse.told == []


async def test_a_trouble_that_comes_and_goes_is_one(storehouse: Storehouse) -> None:
    with capture_logs() as logs:
        for _ in range(10):
            storehouse.troubles.struck(Trouble.FULL, "chat 1")
            await storehouse.time.pass_(TOLD_AFTER)
            storehouse.troubles.passed("chat 1")
            await storehouse.time.pass_(TOLD_AFTER)
        await storehouse.time.pass_(CALM_SECONDS + 2)
    assert len(logs) == 2
    assert storehouse.told == [(Trouble.FULL, False), (Trouble.FULL, True)]


async def test_another_trouble_on_top_is_told_too(storehouse: Storehouse) -> None:
    storehouse.troubles.struck(Trouble.FULL, "chat 1")
    await storehouse.time.pass_(TOLD_AFTER + 2)
    storehouse.troubles.struck(Trouble.READ_ONLY, "chat 1")
    await storehouse.time.pass_(2)
    assert storehouse.told == [(Trouble.FULL, False), (Trouble.READ_ONLY, False)]


async def test_pauses_grow_and_end_when_storage_works_again(storehouse: Storehouse) -> None:
    for number in range(1, 12):
        await storehouse.troubles.pause(number)
    assert storehouse.time.pauses[:4] == [0.5, 1, 2, 4]
    assert max(storehouse.time.pauses) == LONGEST_PAUSE
    troubles = Troubles(later=lambda seconds, _: asyncio.get_running_loop().call_later(3600 + seconds, int))
    waiting = [asyncio.create_task(troubles.pause(1)) for _ in range(3)]
    await asyncio.sleep(0)
    troubles.wake()
    await asyncio.gather(*waiting)
