"""Updates on their way from Telegram to their handlers: stored first, then handled chat by chat, each to its end.

Chats go side by side, a bounded number at once; within a chat one update after another. An update is done when its
effects and its answer are out and that is marked; until then it waits in the inbox and is handled again after a
restart. So what may be answered twice after a kill is what was in flight, `AT_ONCE` at most.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from bot.jobs.touch import Touch
from bot.metrics import Meter, Uncounted
from services.clock import Clock
from storage.database import Database
from storage.inbox import Inbox, Waiting

AT_ONCE = 100  # updates handled side by side
FULL = 2_000  # waiting updates; more are left with Telegram until some are handled
TRIES = 30  # an update that was begun so often and never ended is given up: it must be what ends the process
KEPT = timedelta(days=1)  # handled updates are known again: Telegram sends none later
LONGEST_PAUSE = 30.0  # seconds
LOOK_SECONDS = 2.0  # how often what other processes left is looked for
FORGET_SECONDS = 3600.0

_LARGEST = 2**63 - 1

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Handling:
    """An update in the hands of its handler: what becomes of it."""

    update_id: int
    old: bool = False  # it may have been sent long ago: this process began with the end of an outage
    kept: bool = False  # its effects are kept and it is marked so
    error: str | None = None  # the type of what went wrong; it was logged, and the person was told


class FullError(Exception):
    """So much waits that nothing more is taken in."""


class Updates:
    """One per process: takes updates in (`take`), and handles what waits until `stop`."""

    def __init__(
        self,
        *,
        bot: Bot,
        dispatcher: Dispatcher,
        inbox: Inbox,
        database: Database,
        clock: Clock,
        meter: Meter | None = None,
        touch: Touch | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        """Have `dispatcher` handle what `inbox` keeps; `touch` hears of every message that was handled."""
        self._bot = bot
        self._dispatcher = dispatcher
        self._inbox = inbox
        self._database = database
        self._clock = clock
        self._meter = meter or Uncounted()
        self._touch = touch
        self._slots = asyncio.Semaphore(at_once)
        self._lanes: dict[int, deque[Waiting]] = {}
        self._old: set[int] = set()  # updates that were sent before this process began
        self._woken: set[int] = set()  # chats that got something new while their lane was at work
        self._tasks: set[asyncio.Task[None]] = set()
        self._since: dict[int, float] = {}  # when each update that waits came
        self._progress = asyncio.Event()
        self._stopping = False
        self._meter.ask_for_waiting(lambda: len(self._since), self._oldest)

    def _oldest(self) -> float:
        return monotonic() - next(iter(self._since.values())) if self._since else 0.0

    async def take(self, bodies: Sequence[Any], *, old: bool = False) -> None:
        """Store updates as Telegram gave them and queue those that are new; when it returns they are safe.

        `old` ones waited with Telegram since before this process began.
        Raises FullError when too much waits, and what the database raises; nothing is to be confirmed then.
        """
        if len(self._since) >= FULL:
            raise FullError
        updates = [waiting for body in bodies if (waiting := _understood(body))]
        if not updates:
            return
        new = await self._inbox.keep(updates, at=self._clock.now())
        for update in updates:
            if update.update_id in new:
                new.remove(update.update_id)
                if old:
                    self._old.add(update.update_id)
                self._queue(update)

    async def resume(self) -> None:
        """Queue what the inbox still holds; it comes before whatever is taken later."""
        if self._inbox.shared:
            mine, waiting = set(self._since), await self._inbox.addresses()
            for gone in mine - {update_id for update_id, _ in waiting}:
                self._since.pop(gone, None)  # another process handled it
            for chat in dict.fromkeys(chat for _, chat in waiting):
                self._wake(chat)
            return
        left = await self._inbox.waiting(at=self._clock.now())
        for update in left:
            self._queue(update)
        log.info("resumed", waiting=len(left))

    async def run(self) -> None:
        """Look after what was taken until cancelled: what dead processes left, and what was handled long ago."""
        forgot = monotonic() - FORGET_SECONDS
        while True:
            try:
                if self._inbox.shared:
                    await self.resume()
                if monotonic() - forgot >= FORGET_SECONDS:
                    await self._forget()
                    forgot = monotonic()
            except Exception:
                log.exception("inbox not looked after")
            await asyncio.sleep(LOOK_SECONDS)

    async def _forget(self) -> None:
        before = self._clock.now() - KEPT
        await self._inbox.drop_older_than(before)
        async with self._database.write() as storage:
            await storage.handled.drop_older_than(before)
            await storage.commit()

    async def room(self) -> None:
        """Wait until more may be taken."""
        while len(self._since) >= FULL:
            self._progress.clear()
            await self._progress.wait()

    async def idle(self) -> None:
        """Wait until nothing is being handled or queued."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and let what is being handled end within this time; what does not stays in the inbox."""
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                log.warning("stopped in the middle", updates=len(late))
                await asyncio.wait(late)

    def _queue(self, update: Waiting) -> None:
        self._since[update.update_id] = monotonic()
        if self._inbox.shared:
            self._wake(update.chat_id)
        else:
            lane = self._lanes.get(update.chat_id)
            (self._open(update.chat_id) if lane is None else lane).append(update)

    def _wake(self, chat: int) -> None:
        if chat in self._lanes:
            self._woken.add(chat)
        else:
            self._open(chat)

    def _open(self, chat: int) -> deque[Waiting]:
        lane = self._lanes[chat] = deque()
        task = asyncio.create_task(self._work(chat, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return lane

    async def _work(self, chat: int, lane: deque[Waiting]) -> None:
        """Handle a chat's updates until none waits."""
        try:
            if self._inbox.shared:
                await self._share(chat)
            while lane and not self._stopping:
                await self._handle_next(lane[0])
                lane.popleft()
        except Exception:
            log.exception("a chat's updates wait for the next look")
        finally:
            del self._lanes[chat]
            self._woken.discard(chat)

    async def _share(self, chat: int) -> None:
        """Handle a chat's updates while this process has it; whoever lets go of a chat looks once more after that."""
        while not self._stopping:
            self._woken.discard(chat)
            if await self._inbox.claim(chat):
                try:
                    await self._handle_claimed(chat)
                finally:
                    await self._inbox.release(chat)
                if not await self._waiting(chat):
                    return
            elif chat not in self._woken:
                return

    async def _handle_claimed(self, chat: int) -> None:
        while waiting := await self._waiting(chat):
            for update in waiting:
                if self._stopping:
                    return
                await self._handle_next(update)

    async def _waiting(self, chat: int) -> list[Waiting]:
        return await self._inbox.waiting(at=self._clock.now(), chat_id=chat)

    async def _handle_next(self, waiting: Waiting) -> None:
        """Handle an update to its end, unless somebody else did."""
        async with self._slots:
            if waiting.late:
                handling = await _in_the_end(lambda: self._taken_over(waiting))
            else:
                handling = Handling(waiting.update_id)
            if handling is not None:
                handling.old = self._is_old(waiting)
                await self._bring_to_its_end(waiting, handling)
        self._since.pop(waiting.update_id, None)
        self._old.discard(waiting.update_id)
        self._progress.set()

    def _is_old(self, waiting: Waiting) -> bool:
        """Tell whether an update was sent while nobody took any in: before the outage that this process ended."""
        before = waiting.late or waiting.update_id in self._old
        return before and self._touch is not None and self._touch.ended_outage

    async def _bring_to_its_end(self, waiting: Waiting, handling: Handling) -> None:
        if not handling.kept and not handling.error:
            began = monotonic()
            message = await self._handle(waiting, handling)
            if message and self._touch:
                touch = self._touch
                await _in_the_end(lambda: touch.handled(message))
            self._meter.update_handled(monotonic() - began)
        if handling.error:
            self._meter.update_failed()
        if handling.kept and self._inbox.shared:
            return  # the mark of what was kept stands in the inbox itself
        now = self._clock.now()
        await _in_the_end(lambda: self._inbox.finish(handling.update_id, at=now, error=handling.error))

    async def _taken_over(self, waiting: Waiting) -> Handling | None:
        """Begin with an update that somebody may have begun before; None when it is at its end already."""
        tries = await self._inbox.begin(waiting.update_id)
        if tries is None:
            return None
        if tries > TRIES:
            log.error("update given up", update=waiting.update_id, tries=tries)
            return Handling(waiting.update_id, error="TooManyTries")
        async with self._database.read() as storage:
            return Handling(waiting.update_id, kept=await storage.handled.has(waiting.update_id))

    async def _handle(self, waiting: Waiting, handling: Handling) -> Message | None:
        """Have the dispatcher handle an update and return its message; whatever it does, the next one's turn comes."""
        try:
            update = Update.model_validate(waiting.body, context={"bot": self._bot})
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:  # their texts hold what the person wrote
            handling.error = type(error).__name__
            log.error("update not understood", update=waiting.update_id, error=handling.error)  # noqa: TRY400
            return None
        try:
            await self._dispatcher.feed_update(self._bot, update, handling=handling)
        except Exception as error:
            handling.error = type(error).__name__
            log.exception("update failed", update=waiting.update_id)
        return update.message


async def _in_the_end(step: Callable[[], Awaitable[Result]]) -> Result:
    """Do what the database must do before a chat goes on, however often that takes."""
    pause = 0.5
    while True:
        try:
            return await step()
        except Exception:
            log.exception("the inbox does not answer", pause=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _understood(body: Any) -> Waiting | None:
    """Return what is needed to store an update; None, logged, for one that has no number."""
    number = _number(body, "update_id")
    if number is None:
        log.error("update without a number")
        return None
    return Waiting(number, _chat(body) or number, body)


def _chat(body: dict[str, Any]) -> int | None:
    """Return the chat, or else the person, an update comes from; None when it names none.

    A press belongs to the chat of the message it is on: of two people who press in a group, the first is first.
    """
    for event in body.values():
        if isinstance(event, dict):
            message = event.get("message")
            for holder, name in ((event, "chat"), (message, "chat"), (event, "from")):
                place = holder.get(name) if isinstance(holder, dict) else None
                if (number := _number(place, "id")) is not None:
                    return number
    return None


def _number(holder: Any, name: str) -> int | None:
    """Return a number the database can hold, or None."""
    number = holder.get(name) if isinstance(holder, dict) else None
    return number if isinstance(number, int) and abs(number) <= _LARGEST else None
