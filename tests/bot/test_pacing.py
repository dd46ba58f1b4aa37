"""The gate every message passes: Telegram's rates, answers first, and what a 429 means."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import GetMe, SendChatAction, SendMessage, TelegramMethod
from aiogram.types import User

from bot.delivery.pacing import CHAT_BURST, GROUP_MESSAGES, OVERALL_BURST, Pace, owed
from sandbox.refusal import ApiRefusal
from sandbox.trouble import Pacing
from storage.outbox import Priority


class Seconds:
    """Real time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)  # those who were let through go on first
        await asyncio.sleep(0)
        self.at += seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pace(seconds: Seconds) -> Pace:
    return Pace(now=seconds.now, sleep=seconds.sleep)


async def through(pace: Pace, seconds: Seconds, chats: Sequence[int]) -> list[tuple[int, float]]:
    """Send to all these chats at once; return who got through when."""
    began, done = seconds.now(), list[tuple[int, float]]()

    async def one(chat: int) -> None:
        await pace.turn(chat, Priority.NOTICE)
        done.append((chat, seconds.now() - began))

    await asyncio.gather(*map(one, chats))
    return done


async def test_many_chats_get_less_than_thirty_messages_a_second(pace: Pace, seconds: Seconds) -> None:
    done = await through(pace, seconds, range(1, 301))
    assert len(done) == 300
    times = [at for _, at in done]
    for begin in times:
        assert sum(begin <= at < begin + 1 for at in times) <= 29 + OVERALL_BURST
    assert 300 / 30 < times[-1] < 300 / 28


async def test_one_chat_gets_a_short_burst_and_then_one_a_second(pace: Pace, seconds: Seconds) -> None:
    seconds.at += 10
    times = [at for _, at in await through(pace, seconds, [1] * 5)]
    assert times[: int(CHAT_BURST)] == [0, 0]
    assert all(1 < later - earlier < 1.1 for earlier, later in pairwise(times[1:]))


async def test_a_group_gets_less_than_twenty_a_minute(pace: Pace, seconds: Seconds) -> None:
    times = [at for _, at in await through(pace, seconds, [-1] * (GROUP_MESSAGES + 2))]
    assert times[GROUP_MESSAGES - 1] < 60 < times[GROUP_MESSAGES]


async def test_a_chat_that_has_to_wait_holds_up_nobody_else(pace: Pace, seconds: Seconds) -> None:
    seconds.at += 10
    done = await through(pace, seconds, [1, 1, 1, 1, 2])
    assert [chat for chat, at in done if at == 0] == [1, 1, 2]


async def test_the_strictest_server_has_nothing_to_complain_of(pace: Pace, seconds: Seconds) -> None:
    server = Pacing(seconds.now)
    refused = 0

    async def one(place: int) -> None:
        nonlocal refused
        chat = place % 40 - 2  # two of them groups
        await pace.turn(chat, Priority.ANNOUNCEMENT)
        try:
            server.admit(chat, 1)
        except ApiRefusal:
            refused += 1

    await asyncio.gather(*map(one, range(2000)))
    assert refused == 0


async def test_who_acted_is_answered_before_the_announcement_goes_on(pace: Pace, seconds: Seconds) -> None:
    order: list[str] = []

    async def say(chat: int, priority: Priority, name: str) -> None:
        await pace.turn(chat, priority)
        order.append(name)

    await through(pace, seconds, range(1, 40))
    announcement = [asyncio.create_task(say(chat, Priority.ANNOUNCEMENT, "announced")) for chat in range(100, 130)]
    await asyncio.sleep(0)
    asked = seconds.now()
    await say(500, Priority.ANSWER, "answered")
    assert seconds.now() - asked < 0.1
    assert order.count("announced") <= 1
    await asyncio.gather(*announcement)


async def test_a_chat_told_to_wait_waits_alone(pace: Pace, seconds: Seconds) -> None:
    seconds.at += 10
    pace.hold(1, 30)
    assert (pace.wait(1), pace.wait(2)) == (30, 0)
    assert dict(await through(pace, seconds, [1, 2])) == {1: 30, 2: 0}


async def test_two_chats_told_to_wait_within_a_second_mean_the_bot(pace: Pace, seconds: Seconds) -> None:
    pace.hold(1, 5)
    seconds.at += 1
    pace.hold(2, 7)
    assert pace.wait(3) == 7


async def test_two_chats_told_to_wait_one_after_the_other_mean_themselves(pace: Pace, seconds: Seconds) -> None:
    pace.hold(1, 5)
    seconds.at += 1.1
    pace.hold(2, 7)
    assert pace.wait(3) == 0


class Server(BaseSession):
    """A Bot API server that answers 429 as often as it is told to."""

    def __init__(self, refusals: list[int]) -> None:
        super().__init__()
        self.refusals = refusals
        self.calls = 0

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ARG002, ASYNC109
        self.calls += 1
        if self.refusals:
            raise TelegramRetryAfter(method, "Too Many Requests", self.refusals.pop(0))
        return User(id=1, is_bot=True, first_name="x")

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Nothing is there."""
        yield b""


def bot_at(pace: Pace, *refusals: int) -> tuple[Bot, Server]:
    server = Server(list(refusals))
    server.middleware(pace)
    return Bot(f"7000000001:{'t' * 35}", session=server), server


async def test_a_direct_answer_waits_for_a_short_429_and_goes_then(pace: Pace, seconds: Seconds) -> None:
    bot, server = bot_at(pace, 3)
    began = seconds.now()
    await bot(SendMessage(chat_id=1, text="x"))
    assert server.calls == 2
    assert seconds.now() - began >= 3


@pytest.mark.parametrize("refusals", [(60,), (1, 1, 1)])
async def test_a_direct_answer_gives_up_in_the_end(pace: Pace, refusals: tuple[int, ...]) -> None:
    bot, server = bot_at(pace, *refusals)
    with pytest.raises(TelegramRetryAfter):
        await bot(SendMessage(chat_id=1, text="x"))
    assert server.calls == len(refusals)


async def test_an_owed_message_that_is_refused_is_put_back_by_the_sender(pace: Pace) -> None:
    bot, server = bot_at(pace, 1)
    token = owed.set(Priority.NOTICE)
    with pytest.raises(TelegramRetryAfter):
        await bot(SendMessage(chat_id=1, text="x"))
    owed.reset(token)
    assert server.calls == 1
    assert pace.wait(1) > 0


async def test_what_sends_nothing_does_not_wait(pace: Pace, seconds: Seconds) -> None:
    bot, _ = bot_at(pace)
    pace.hold(1, 60)
    began = seconds.now()
    await bot(GetMe())
    await bot(SendChatAction(chat_id=1, action="typing"))
    assert seconds.now() == began


async def test_a_server_without_limits_is_not_waited_for(seconds: Seconds) -> None:
    pace = Pace(overall=math.inf, now=seconds.now, sleep=seconds.sleep)
    assert {at for _, at in await through(pace, seconds, [1, 2, -3] * 100)} == {0}
    pace.hold(1, 5)
    assert pace.wait(1) == 5
