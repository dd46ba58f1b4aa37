"""Telegram's rates, kept: one gate that every message passes, answers to people's own actions first.

The rates are a little below what Telegram publishes (30 messages a second, one a second to a chat, 20 a minute to a
group), because messages that left evenly arrive less evenly. Its exact limits are a secret: a 429 is the truth.
"""

import asyncio
import math
from bisect import insort
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, SendChatAction, SendMediaGroup, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.delivery.metrics import Meter, Uncounted
from storage.outbox import Priority

OVERALL_A_SECOND = 29.0
OVERALL_BURST = 20.0
CHAT_A_SECOND = 0.95
CHAT_BURST = 2.0
GROUP_MESSAGES = 19
GROUP_SECONDS = 61.0
TOGETHER_SECONDS = 1.0  # two chats told to wait within this: it is the bot that is told
PATIENCE_SECONDS = 15.0  # how long a direct answer waits for a 429 to pass
TRIES = 3
CHATS_KEPT = 10_000
SHORTEST_SLEEP = 0.001

NEW_MESSAGES = ("Send", "Forward", "Copy")  # what the names of methods that send begin with

Chat = int | str

owed: ContextVar[Priority | None] = ContextVar("owed", default=None)
"""Set by the sender around its calls: their priority. It deals with a 429 by itself, having the row to put back."""


@dataclass(slots=True)
class _Bucket:
    """So many at once, then so many a second."""

    rate: float
    burst: float
    left: float
    at: float

    def wait(self, now: float, number: int = 1) -> float:
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (min(number, self.burst) - self.left) / self.rate)

    def take(self, number: int) -> None:
        self.left -= number


@dataclass(order=True, slots=True)
class _Waiter:
    priority: int
    place: int
    chat: Chat = field(compare=False)
    number: int = field(compare=False)
    admitted: asyncio.Future[None] = field(compare=False)


class Pace(BaseRequestMiddleware):
    """Lets messages through at Telegram's rates; 429 holds a chat, or everybody.

    As a request middleware of the bot's session (`bot.session.middleware(pace)`) every message passes it: direct
    answers at `Priority.ANSWER`, owed ones at theirs.
    """

    def __init__(
        self,
        *,
        overall: float = OVERALL_A_SECOND,
        meter: Meter | None = None,
        now: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Let `overall` messages a second through, or all (`math.inf`); `now` and `sleep` count real seconds."""
        self._now = now
        self._sleep = sleep
        self._meter = meter or Uncounted()
        self._unlimited = math.isinf(overall)
        self._overall = _Bucket(overall, min(OVERALL_BURST, overall), 0.0, now())  # maybe spent by the process before
        self._chats: dict[Chat, _Bucket] = {}
        self._groups: dict[Chat, deque[float]] = {}
        self._held: dict[Chat, float] = {}
        self._all_held = 0.0
        self._last_429: tuple[Chat, float] | None = None
        self._waiting: list[_Waiter] = []
        self._places = count()
        self._admitting: asyncio.Task[None] | None = None

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make a request in its turn; a direct one that is answered 429 tries again when that is over soon."""
        chat = _chat_of(method)
        if chat is None:
            return await make_request(bot, method)
        priority = owed.get()
        for attempt in count(1):
            await self.turn(chat, Priority.ANSWER if priority is None else priority, _messages_in(method))
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                self.hold(chat, error.retry_after)
                if priority is not None or attempt == TRIES or error.retry_after > PATIENCE_SECONDS:
                    raise
        raise AssertionError("unreachable")

    async def turn(self, chat: Chat, priority: Priority = Priority.ANSWER, number: int = 1) -> None:
        """Wait until so many messages may go to this chat; whoever is more urgent goes first."""
        if not self._waiting and self._wait(chat, number) <= 0:
            self._take(chat, number)
            return
        waiter = _Waiter(priority, next(self._places), chat, number, asyncio.get_running_loop().create_future())
        insort(self._waiting, waiter)
        if self._admitting:
            self._admitting.cancel()  # it sleeps for those who came before
        self._admitting = asyncio.create_task(self._admit())
        await waiter.admitted

    def wait(self, chat: Chat) -> float:
        """Tell for how many seconds this chat cannot be written to, for reasons of its own or of a bot on hold."""
        now = self._now()
        return max(self._all_held - now, self._own_wait(chat, now, 1), 0.0)

    def hold(self, chat: Chat, seconds: float) -> None:
        """Take a 429: the chat waits; everybody does when two chats get one within a second."""
        now = self._now()
        self._meter.rate_limited()
        self._held[chat] = max(self._held.get(chat, 0.0), now + seconds)
        if self._last_429 and self._last_429[0] != chat and now - self._last_429[1] <= TOGETHER_SECONDS:
            self._all_held = max(self._all_held, now + seconds)
        self._last_429 = chat, now

    async def _admit(self) -> None:
        """Let those who wait through, the most urgent of those who may go first, until nobody waits."""
        while self._waiting:
            shortest = math.inf
            still: list[_Waiter] = []
            for waiter in self._waiting:
                if waiter.admitted.done():  # cancelled
                    continue
                wait = self._wait(waiter.chat, waiter.number)
                if wait <= 0:
                    self._take(waiter.chat, waiter.number)
                    waiter.admitted.set_result(None)
                else:
                    shortest = min(shortest, wait)
                    still.append(waiter)
            self._waiting = still
            if still:
                await self._sleep(max(shortest, SHORTEST_SLEEP))

    def _wait(self, chat: Chat, number: int) -> float:
        now = self._now()
        wait = max(self._all_held - now, self._own_wait(chat, now, number))
        return wait if self._unlimited else max(wait, self._overall.wait(now, number))

    def _own_wait(self, chat: Chat, now: float, number: int) -> float:
        wait = self._held.get(chat, 0.0) - now
        if wait <= 0:
            self._held.pop(chat, None)
        if bucket := self._chats.get(chat):
            wait = max(wait, bucket.wait(now, number))
        if times := self._groups.get(chat):
            while times and times[0] <= now - GROUP_SECONDS:
                times.popleft()
            if (excess := len(times) + number - GROUP_MESSAGES) > 0 and times:
                wait = max(wait, times[min(excess, len(times)) - 1] + GROUP_SECONDS - now)
        return wait

    def _take(self, chat: Chat, number: int) -> None:
        if self._unlimited:
            return
        now = self._now()
        self._overall.take(number)
        if chat not in self._chats:
            if len(self._chats) >= CHATS_KEPT:
                self._forget_quiet(now)
            self._chats[chat] = _Bucket(CHAT_A_SECOND, CHAT_BURST, CHAT_BURST, now)
        self._chats[chat].take(number)
        if not isinstance(chat, int) or chat < 0:
            self._groups.setdefault(chat, deque()).extend([now] * number)

    def _forget_quiet(self, now: float) -> None:
        """Forget the chats that may be written to at once as if they never had been."""
        self._chats = {chat: bucket for chat, bucket in self._chats.items() if bucket.wait(now, int(CHAT_BURST)) > 0}
        self._groups = {chat: times for chat, times in self._groups.items() if times[-1] > now - GROUP_SECONDS}


def _chat_of(method: TelegramMethod[Any]) -> Chat | None:
    """Return the chat a method does something in that Telegram may count."""
    chat: Chat | None = None if isinstance(method, SendChatAction) else getattr(method, "chat_id", None)
    return chat


def _messages_in(method: TelegramMethod[Any]) -> int:
    """Return how many messages a method sends; one that edits or deletes waits for a 429 only."""
    if isinstance(method, SendMediaGroup):
        return len(method.media)
    return int(type(method).__name__.startswith(NEW_MESSAGES))
