"""The sender: what becomes of what is owed when Telegram takes it, refuses it, or does not answer; on both engines."""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import DeleteMessage, EditMessageText, SendMessage, TelegramMethod
from aiogram.types import Chat, Message

from bot.app import make_wording
from bot.delivery.pacing import Pace
from bot.delivery.sender import CONCURRENCY, FAILURES_ALLOWED, Sender
from bot.delivery.worded import SCREEN, owed_elsewhere, owed_screen, stored
from bot.i18n import Html, Texts
from bot.screen import Elsewhere, Screen, Standing
from policy.people import Language
from policy.profile import Profile
from services.owing import Undelivered, amend, owe, withdraw
from services.requests.binding import follow_chat
from storage.database import Database
from storage.outbox import NewOwed, Owed, OwedState, Priority
from storage.trouble import TroubleError
from tests.bot.conftest import AIGERIM, DMITRY, NOW, TWIN, HandClock, populate

Errors = Callable[[TelegramMethod[Any]], Exception]


class Server(BaseSession):
    """A Bot API server: keeps what stands in every chat, and goes wrong as it is told to, call after call."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[Errors | None] = []
        self.chats: dict[int, dict[int, str]] = {}
        self.calls: list[TelegramMethod[Any]] = []

    def says(self, chat: int) -> list[str]:
        """What stands in a chat."""
        return list(self.chats.get(chat, {}).values())

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109, ARG002
        self.calls.append(method)
        if self.wrong and (error := self.wrong.pop(0)):
            raise error(method)
        match method:
            case SendMessage():
                number = len(self.calls)
                self.chats.setdefault(int(method.chat_id), {})[number] = method.text
                chat = Chat(id=int(method.chat_id), type="private")
                return Message(message_id=number, date=NOW, chat=chat, text=method.text)
            case EditMessageText():
                self._there(method, int(method.chat_id or 0), method.message_id or 0)
                self.chats[int(method.chat_id or 0)][method.message_id or 0] = method.text or ""
            case DeleteMessage():
                self._there(method, int(method.chat_id), method.message_id)
                del self.chats[int(method.chat_id)][method.message_id]
            case _:
                raise AssertionError(type(method).__name__)
        return True

    def _there(self, method: TelegramMethod[Any], chat: int, message_id: int) -> None:
        if message_id not in self.chats.get(chat, {}):
            raise TelegramBadRequest(method, "Bad Request: message to edit not found")

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Nothing is there."""
        yield b""


class Machine:
    """The machine's clock."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Post:
    """A sender, what it is owed to say, and what became of it."""

    def __init__(
        self, database: Database, clock: HandClock, profile: Profile, voices: Mapping[Language, Texts]
    ) -> None:
        self.database = database
        self.clock = clock
        self.server = Server()
        self.machine = Machine()
        self._profile = profile
        self._voices = voices
        self.pace = Pace(overall=math.inf, now=self._seconds, sleep=self._sleep)
        self.server.middleware(self.pace)
        self.sender = self.another()

    def _seconds(self) -> float:
        return self.machine.at.timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.machine.pass_(seconds)

    def another(self, database: Database | None = None) -> Sender:
        """Start another process."""
        properties = DefaultBotProperties(parse_mode=ParseMode.HTML)
        bot = Bot(f"7000000001:{'t' * 35}", session=self.server, default=properties)
        return Sender(
            bot=bot,
            database=database or self.database,
            pace=self.pace,
            clock=self.clock,
            wording=make_wording(bot, self._profile, self._voices),
            follow=follow_chat,
            real=self.machine.now,
            sleep=self._sleep,
        )

    async def owes(self, to: str | int, text: str = "x", **given: Any) -> int:
        async with self.database.write() as storage:
            content = says(text)
            number = await owe(storage, to=to, **{"kind": SCREEN, "content": content, "now": self.clock.at, **given})
            await storage.commit()
        assert number is not None
        return number

    async def sends(self, *wrong: Errors | None) -> None:
        self.server.wrong += wrong
        await self.sender.send_due()

    async def became(self, number: int) -> Owed:
        async with self.database.read() as storage:
            owed = await storage.outbox.by_id(number)
        assert owed is not None
        return owed

    async def ended(self, number: int) -> tuple[OwedState, str | None]:
        owed = await self.became(number)
        return owed.state, owed.error


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Both engines, with a few people in the records."""
    async with Database.open(database_url) as database:
        await populate(database)
        async with database.write() as storage:
            for user, person in ((1, AIGERIM), (2, DMITRY)):
                await storage.accounts.link(user, person, at=NOW, consent_version="1")
            await storage.commit()
        yield database


@pytest.fixture
def post(database: Database, clock: HandClock, profile: Profile, voices: Mapping[Language, Texts]) -> Post:
    return Post(database, clock, profile, voices)


def says(text: str) -> dict[str, Any]:
    """The content of a message of kind "screen"."""
    return stored(Screen(Html(text)))


def network(method: TelegramMethod[Any]) -> Exception:
    return TelegramNetworkError(method, "down")


def broken(method: TelegramMethod[Any]) -> Exception:
    return TelegramServerError(method, "Internal Server Error")


def refused(message: str) -> Errors:
    return lambda method: TelegramBadRequest(method, f"Bad Request: {message}")


def forbidden(message: str) -> Errors:
    return lambda method: TelegramForbiddenError(method, f"Forbidden: {message}")


async def test_a_person_gets_what_they_are_owed_where_they_are(post: Post) -> None:
    number = await post.owes(AIGERIM, "hello")
    await post.sends()
    owed = await post.became(number)
    assert post.server.says(1) == ["hello"]
    assert (owed.state, owed.sent_at, owed.tries) == (OwedState.SENT, NOW, 1)
    assert owed.arrived
    assert (owed.arrived.chat, len(owed.arrived.ids)) == (1, 1)


async def test_nothing_is_sent_twice_by_asking_again(post: Post) -> None:
    await post.owes(AIGERIM)
    await post.sends()
    await post.sends()
    assert len(post.server.calls) == 1


async def test_two_processes_share_the_work(post: Post) -> None:
    numbers = [await post.owes(chat, str(chat)) for chat in range(100, 160)]
    other = post.another()
    if not post.database.shared:
        pytest.skip("SQLite has one sender")
    while not all([(await post.became(number)).state is OwedState.SENT for number in numbers]):
        for sender in (post.sender, other):
            await sender.send_due()
        post.machine.pass_(1)
    assert [post.server.says(chat) for chat in range(100, 160)] == [[str(chat)] for chat in range(100, 160)]


async def test_a_chat_hears_things_in_the_order_they_were_owed(post: Post) -> None:
    texts = [str(place) for place in range(6)]
    for text in texts:
        await post.owes(AIGERIM, text)
    for _ in range(3):
        await post.sends(None, broken)
        post.machine.pass_(10)
        await post.sends()
    assert post.server.says(1) == texts


@pytest.mark.parametrize("error", [network, broken])
async def test_what_passes_is_tried_again_with_growing_pauses(post: Post, error: Errors) -> None:
    number = await post.owes(AIGERIM)
    for pause in (1, 2, 4):
        await post.sends(error)
        assert (await post.became(number)).state is OwedState.WAITING
        calls = len(post.server.calls)
        post.machine.pass_(pause - 0.1)
        await post.sends()
        assert len(post.server.calls) == calls
        post.machine.pass_(0.1)
    await post.sends()
    assert await post.ended(number) == (OwedState.SENT, None)


async def test_when_everything_fails_one_message_tries_the_way(post: Post) -> None:
    for chat in range(100, 150):
        await post.owes(chat)
    post.server.wrong = [network] * 1000
    await post.sender.send_due()
    assert len(post.server.calls) <= CONCURRENCY + FAILURES_ALLOWED
    calls = len(post.server.calls)
    post.machine.pass_(400)
    await post.sender.send_due()
    assert len(post.server.calls) == calls + 1
    post.server.wrong = []
    while sum(map(bool, post.server.chats)) < 50:
        post.machine.pass_(400)
        await post.sender.send_due()


async def test_an_unknown_token_loses_nothing(post: Post) -> None:
    number = await post.owes(AIGERIM)
    await post.sends(lambda method: TelegramUnauthorizedError(method, "Unauthorized"))
    assert (await post.became(number)).state is OwedState.WAITING


async def test_a_429_puts_the_chat_off_and_costs_no_try(post: Post) -> None:
    number = await post.owes(AIGERIM, "first")
    await post.owes(AIGERIM, "second")
    await post.sends(lambda method: TelegramRetryAfter(method, "Too Many Requests", 30))
    await post.owes(DMITRY, "other")
    await post.sends()
    assert (post.server.says(1), post.server.says(2)) == ([], ["other"])
    assert (await post.became(number)).tries == 0
    post.machine.pass_(30)
    await post.sends()
    assert post.server.says(1) == ["first", "second"]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("bot was blocked by the user", Undelivered.BLOCKED),
        ("user is deactivated", Undelivered.DEACTIVATED),
        ("bot can't initiate conversation with a user", Undelivered.NEVER_STARTED),
    ],
)
async def test_who_cannot_be_reached_is_marked_and_not_tried_until_they_are_back(
    post: Post, message: str, why: Undelivered
) -> None:
    first = await post.owes(AIGERIM)
    await post.sends(forbidden(message))
    assert await post.ended(first) == (OwedState.FAILED, why)
    second = await post.owes(AIGERIM)
    await post.sends()
    assert await post.ended(second) == (OwedState.FAILED, why)
    assert len(post.server.calls) == 1
    async with post.database.write() as storage:
        await storage.accounts.mark_reachable(1)
        await storage.commit()
    third = await post.owes(AIGERIM)
    await post.sends()
    assert await post.ended(third) == (OwedState.SENT, None)


@pytest.mark.parametrize(
    ("chat", "error", "why"),
    [
        (-5, forbidden("bot was kicked from the supergroup chat"), Undelivered.CHAT_GONE),
        (-5, refused("message thread not found"), Undelivered.THREAD_GONE),
        (-5, refused("TOPIC_CLOSED"), Undelivered.THREAD_GONE),
        (-5, refused("not enough rights to send text messages to the chat"), Undelivered.NO_RIGHTS),
        (5, refused("chat not found"), Undelivered.CHAT_GONE),
    ],
)
async def test_what_is_normal_life_ends_a_message(post: Post, chat: int, error: Errors, why: Undelivered) -> None:
    number = await post.owes(chat)
    await post.sends(error)
    assert await post.ended(number) == (OwedState.FAILED, why)


async def test_a_message_telegram_cannot_read_is_our_bug_kept_and_not_retried(post: Post) -> None:
    number = await post.owes(AIGERIM)
    await post.sends(refused("can't parse entities"))
    post.machine.pass_(1000)
    await post.sends()
    state, error = await post.ended(number)
    assert state is OwedState.FAILED
    assert error
    assert "can't parse entities" in error
    assert len(post.server.calls) == 1


async def test_a_kind_nobody_can_word_is_our_bug_too(post: Post) -> None:
    number = await post.owes(AIGERIM, kind="no such kind")
    await post.owes(DMITRY, "other")
    await post.sends()
    assert await post.ended(number) == (OwedState.FAILED, "unknown kind")
    assert post.server.says(2) == ["other"]


async def test_a_notice_that_breaks_while_it_is_worded_stops_nobody(post: Post) -> None:
    number = await post.owes(AIGERIM, content={})
    await post.owes(DMITRY, "other")
    await post.sends()
    assert await post.ended(number) == (OwedState.FAILED, "KeyError")
    assert post.server.says(2) == ["other"]


async def test_somebody_not_linked_is_told_apart(post: Post) -> None:
    number = await post.owes(TWIN)
    await post.sends()
    assert await post.ended(number) == (OwedState.FAILED, Undelivered.NOT_LINKED)


async def test_a_group_that_became_a_supergroup_is_followed_in_order(post: Post) -> None:
    await post.owes(-5, "first")
    await post.owes(-5, "second")
    await post.sends(lambda method: TelegramMigrateToChat(method, "Bad Request: group chat was upgraded", -1005))
    assert post.server.says(-1005) == ["first", "second"]


async def test_what_is_pointless_is_not_sent(post: Post) -> None:
    one = timedelta(hours=1)
    number = await post.owes(AIGERIM, not_before=NOW + one, expires=NOW + 2 * one)
    await post.sends()
    assert (await post.became(number)).state is OwedState.WAITING
    post.clock.move(2 * one)
    await post.sends()
    assert await post.ended(number) == (OwedState.EXPIRED, None)
    assert not post.server.calls


async def test_a_long_text_goes_on_where_it_was_interrupted(post: Post) -> None:
    text = "\n".join(f"{place} {'x' * 1000}" for place in range(10))
    number = await post.owes(AIGERIM, text)
    await post.sends(None, network)
    assert len(post.server.says(1)) == 1
    post.machine.pass_(1)
    await post.sends()
    assert "\n".join(post.server.says(1)) == text
    owed = await post.became(number)
    assert owed.arrived
    assert owed.arrived.ids == tuple(post.server.chats[1])


async def test_what_was_sent_is_withdrawn(post: Post) -> None:
    number = await post.owes(AIGERIM, "oops")
    await post.owes(AIGERIM, "right")
    await post.sends()
    async with post.database.write() as storage:
        assert await withdraw(storage, number, now=NOW)
        await storage.commit()
    await post.sends()
    assert post.server.says(1) == ["right"]


async def test_what_was_sent_is_worded_anew_in_its_place(post: Post) -> None:
    number = await post.owes(AIGERIM, "old")
    await post.sends()
    for text in ("new", "newer"):
        async with post.database.write() as storage:
            assert await amend(storage, number, says(text), now=NOW)
            await storage.commit()
        await post.sends()
        assert post.server.says(1) == [text]


async def test_what_can_no_longer_be_edited_is_sent_anew_and_can_still_be_withdrawn(post: Post) -> None:
    number = await post.owes(AIGERIM, "old")
    await post.sends()
    post.server.chats[1].clear()
    async with post.database.write() as storage:
        await amend(storage, number, says("new"), now=NOW)
        await storage.commit()
    await post.sends()
    assert post.server.says(1) == ["new"]
    async with post.database.write() as storage:
        assert await withdraw(storage, number, now=NOW)
        await storage.commit()
    await post.sends()
    assert post.server.says(1) == []


async def answers(post: Post, *those: NewOwed) -> Sequence[Owed]:
    """Owe answers as a handler does."""
    async with post.database.write() as storage:
        mine = await post.sender.owe_now(storage, those)
        await storage.commit()
    return mine


async def test_an_answer_takes_the_place_of_what_was_pressed_at_once(post: Post) -> None:
    await post.owes(1, "menu")
    await post.sends()
    (pressed,) = post.server.chats[1]
    mine = await answers(post, owed_screen(1, Screen(Html("done")), now=NOW, instead_of=Standing(1, pressed, "text")))
    await post.sender.send_now(mine)
    assert post.server.chats[1] == {pressed: "done"}
    assert (await post.became(mine[0].id)).state is OwedState.SENT


async def test_an_answer_behind_others_waits_its_turn(post: Post) -> None:
    await post.owes(1, "before", priority=Priority.ANSWER)
    assert await answers(post, owed_screen(1, Screen(Html("after")), now=NOW)) == ()
    await post.sends()
    assert post.server.says(1) == ["before", "after"]


async def test_answers_that_cannot_be_said_now_are_said_later_in_order(post: Post) -> None:
    texts = ("one", "two", "three")
    mine = await answers(post, *(owed_screen(1, Screen(Html(text)), now=NOW) for text in texts))
    post.server.wrong = [None, network]
    await post.sender.send_now(mine)
    assert post.server.says(1) == ["one"]
    post.machine.pass_(1)
    await post.sends()
    assert post.server.says(1) == list(texts)


async def test_an_answer_whose_process_was_killed_is_said_by_the_next_at_once_and_not_before(
    post: Post, database_url: str
) -> None:
    async with Database.open(database_url) as theirs:
        killed = post.another(theirs)
        async with theirs.write() as storage:
            await killed.owe_now(storage, [owed_screen(1, Screen(Html("kept")), now=NOW)])
            await storage.commit()
        if post.database.shared:
            await post.sends()
            assert post.server.says(1) == []  # it may be on its way
    await post.another().send_due()
    assert post.server.says(1) == ["kept"]


async def test_a_sender_whose_connection_broke_shows_again_that_it_lives(post: Post) -> None:
    if not post.database.shared:
        pytest.skip("only one process sends from SQLite")
    await answers(post, owed_screen(1, Screen(Html("kept")), now=NOW))
    async with post.database.write() as storage:
        living = (
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND classid = 5307 AND datname = current_database()"
        )
        await storage._connection.execute(sqlalchemy.text(living))
    with pytest.raises(TroubleError):
        await post.database.live_as(post.sender.name)
    await post.database.live_as(post.sender.name)
    await post.another().send_due()
    assert post.server.says(1) == []


async def test_who_asked_is_told_when_the_other_chat_cannot_be_reached(post: Post) -> None:
    told = Elsewhere(2, Screen(Html("question")), unreachable=Screen(Html("nobody there")))
    mine = await answers(post, owed_elsewhere(told, here=1, now=NOW))
    post.server.wrong = [forbidden("bot was blocked by the user")]
    await post.sender.send_now(mine)
    await post.sends()
    assert (post.server.says(1), post.server.says(2)) == (["nobody there"], [])


async def test_an_answer_whose_handler_was_cut_short_is_left_to_the_loop(post: Post) -> None:
    mine = await answers(post, owed_screen(1, Screen(Html("kept")), now=NOW))
    await post.sender._live()
    await post.sends()
    assert post.server.says(1) == []  # it may be on its way
    post.sender.drop(mine)
    await post.sender._live()
    await post.sends()
    assert post.server.says(1) == ["kept"]
    post.sender.drop(mine)
    await post.sender._live()
    await post.sends()
    assert post.server.says(1) == ["kept"]


async def test_a_machine_whose_clock_is_set_back_sends_as_before(post: Post) -> None:
    for chat in range(100, 120):
        await post.owes(chat, str(chat))
    await post.sends(*[network] * 60)
    post.server.wrong.clear()
    post.machine.pass_(-3600)
    await post.sends()
    assert [post.server.says(chat) for chat in range(100, 120)] == [[str(chat)] for chat in range(100, 120)]


async def test_a_429_for_hours_is_waited_for_by_the_gate_and_not_by_the_clock_of_the_machine(post: Post) -> None:
    number = await post.owes(AIGERIM, "late")

    def flood(method: TelegramMethod[Any]) -> Exception:
        return TelegramRetryAfter(method, "Too Many Requests", 7200)

    await post.sends(flood)
    assert (await post.became(number)).state is OwedState.WAITING
    for _ in range(23):
        post.machine.pass_(300)
        await post.sends()
    assert post.server.says(1) == []
    post.machine.pass_(301)
    await post.sends()
    assert post.server.says(1) == ["late"]
