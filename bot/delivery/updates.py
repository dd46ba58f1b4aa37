"""Updates on their way from Telegram to their handlers: stored first, then handled chat by chat, each to its end.

Chats go side by side, a bounded number at once; within a chat one update after another. An update is done when its
effects and its answer are out and that is marked; until then it waits in the inbox and is handled again after a
restart. So what may be answered twice after a kill is what was in flight, `AT_ONCE` at most.

That storage does not work is no update's fault: whatever was being handled then waits at the head of its chat and is
tried again until it works, looked up first, because a commit that was cut short may have happened. Only what is wrong
with an update itself makes it fail.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from bot.delivery.metrics import Meter, Uncounted
from bot.delivery.touch import Touch
from bot.delivery.troubles import Troubles
from services.clock import Clock
from storage.database import Database
from storage.inbox import Inbox, Waiting
from storage.trouble import Trouble, TroubleError, trouble_in

AT_ONCE = 100  # updates handled side by side
FULL = 2_000  # waiting updates; more are left with Telegram until some are handled
TRIES = 30  # an update that was begun so often and never ended is given up: it must be what ends the process
KEPT = timedelta(days=1)  # handled updates are known again: Telegram sends none later
TELLING_AFTER = 3.0  # seconds an update has waited for storage: whoever sent it hears that it is kept
TELLING_SECONDS = 10.0  # and this may take so long
LOOK_SECONDS = 2.0  # how often what other processes left is looked for
FORGET_SECONDS = 3600.0

_LARGEST = 2**63 - 1

log = structlog.get_logger(__name__)


async def _nobody_else() -> bool:
    """Answer for an inbox that one process has to itself."""
    return True


async def _none_waits() -> bool:
    """Answer for an update that is alone."""
    return False


@dataclass(slots=True)
class Handling:
    """An update in the hands of its handler: what becomes of it."""

    update_id: int
    old: bool = False  # it may have been sent long ago: this process began with the end of an outage
    kept: bool = False  # its effects are kept and it is marked so
    error: str | None = None  # the type of what went wrong; it was logged, and the person was told
    elsewhere: bool = False  # another process has it
    trouble: Trouble | None = None  # what of storage was wrong: it is tried again
    sender: int | None = None  # who sent it, in a private chat
    tell: Callable[[], Awaitable[object]] | None = None  # says to them that it is kept
    ours: Callable[[], Awaitable[bool]] = field(default=_nobody_else)  # whether it may be answered here
    older_wait: Callable[[], Awaitable[bool]] = field(default=_none_waits)  # whether an update before it still waits
    failures: int = 0  # how often storage did not work
    began: float | None = None  # when it was first tried, in real seconds
    over: bool = False  # handled: only its end is to be marked
    message: Message | None = None


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
        troubles: Troubles | None = None,
        at_once: int = AT_ONCE,
        real: Callable[[], float] = monotonic,
    ) -> None:
        """Have `dispatcher` handle what `inbox` keeps; `touch` hears of every message that was handled."""
        self._bot = bot
        self._dispatcher = dispatcher
        self._inbox = inbox
        self._database = database
        self._clock = clock
        self._meter = meter or Uncounted()
        self._touch = touch
        self._troubles = troubles or Troubles()
        self._real = real
        self._slots = asyncio.Semaphore(at_once)
        self._handlings: dict[int, Handling] = {}  # by chat: of the update at its head, while that is begun
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
        Raises FullError when too much waits, and TroubleError; nothing is to be confirmed then.
        """
        if len(self._since) >= FULL:
            raise FullError
        updates = [waiting for body in bodies if (waiting := _understood(body))]
        if not updates:
            return
        try:
            new = await self._inbox.keep(updates, at=self._clock.now())
        except TroubleError as error:
            self._troubles.struck(error.trouble, _TAKING)
            raise
        self._troubles.passed(_TAKING)
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
            except TroubleError as error:
                self._troubles.struck(error.trouble)
            except Exception:
                log.exception("inbox not looked after")
            await asyncio.sleep(LOOK_SECONDS)

    async def _forget(self) -> None:
        before = self._clock.now() - KEPT
        await self._inbox.drop_older_than(before)
        async with self._database.write() as storage:
            await storage.handled.drop_older_than(
                before - KEPT
            )  # later than the inbox, which may have been marked late
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
        self._troubles.wake()
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
                if await self._handle_next(lane[0]):
                    lane.popleft()
        finally:
            del self._lanes[chat]
            self._woken.discard(chat)
            self._handlings.pop(chat, None)
            self._troubles.passed(_lane(chat))

    async def _share(self, chat: int) -> None:
        """Handle a chat's updates while this process has it; whoever lets go of a chat looks once more after that."""
        failures = 0
        while not self._stopping:
            self._woken.discard(chat)
            try:
                if await self._inbox.claim(chat):
                    try:
                        await self._handle_claimed(chat)
                    finally:
                        await self._inbox.release(chat)
                    if not await self._waiting(chat):
                        return
                elif chat not in self._woken:
                    return
            except TroubleError as error:
                failures += 1
                self._troubles.struck(error.trouble, _lane(chat))
                await self._troubles.pause(failures)
            else:
                if failures:
                    self._troubles.passed(_lane(chat))
                failures = 0

    async def _handle_claimed(self, chat: int) -> None:
        """Handle what waits for as long as the chat is ours: a connection that breaks gives it to whoever comes."""
        while waiting := await self._waiting(chat):
            for update in waiting:
                if self._stopping or not self._inbox.holds(chat) or not await self._handle_next(update):
                    return

    async def _waiting(self, chat: int) -> list[Waiting]:
        return await self._inbox.waiting(at=self._clock.now(), chat_id=chat)

    async def _handle_next(self, waiting: Waiting) -> bool:
        """Handle an update to its end, unless somebody else did; False when storage did not let us, after a pause."""
        chat, update_id = waiting.chat_id, waiting.update_id
        handling = self._handlings.get(chat)
        if handling is None or handling.update_id != update_id:
            handling = Handling(
                update_id,
                ours=lambda: self._inbox.ours(chat, update_id),
                older_wait=lambda: self._older_wait(update_id),
            )
            self._handlings[chat] = handling
        try:
            async with self._slots:
                await self._bring_to_its_end(waiting, handling)
        except TroubleError as error:
            await self._hold(waiting, handling, error.trouble)
            return False
        except Exception:
            log.exception("an update does not come to its end", update=update_id)
            await self._hold(waiting, handling, None)
            return False
        self._troubles.passed(_lane(chat))
        del self._handlings[chat]  # one that nobody handled elsewhere after all comes anew
        self._since.pop(update_id, None)
        self._old.discard(update_id)
        self._progress.set()
        return True

    async def _older_wait(self, update_id: int) -> bool:
        """Tell whether an update before this one, in whatever chat, is not at its end."""
        return any(each < update_id for each, _ in await self._inbox.addresses())

    async def _hold(self, waiting: Waiting, handling: Handling, trouble: Trouble | None) -> None:
        """Let an update wait until storage may work again."""
        handling.failures += 1
        if trouble:
            self._troubles.struck(trouble, _lane(waiting.chat_id))
        if waiting.late and handling.failures == 1:
            with suppress(TroubleError):
                await self._inbox.not_begun(waiting.update_id)
        if handling.began is not None and self._real() - handling.began >= TELLING_AFTER:
            await self._tell_it_is_kept(handling)
        if not self._stopping:
            await self._troubles.pause(handling.failures)

    async def _tell_it_is_kept(self, handling: Handling) -> None:
        """Tell somebody, once in a trouble, that what they sent is kept."""
        tell, handling.tell = handling.tell, None
        if tell is None or handling.over or handling.sender in self._troubles.told:
            return
        if handling.sender is not None:
            self._troubles.told.add(handling.sender)
        try:
            async with asyncio.timeout(TELLING_SECONDS):
                await tell()
        except Exception as error:  # it is kept all the same
            log.warning("not told that it is kept", update=handling.update_id, error=type(error).__name__)

    def _is_old(self, waiting: Waiting) -> bool:
        """Tell whether an update was sent while nobody took any in: before the outage that this process ended."""
        before = waiting.late or waiting.update_id in self._old
        return before and self._touch is not None and self._touch.ended_outage

    async def _bring_to_its_end(self, waiting: Waiting, handling: Handling) -> None:
        """Do what is left to do for an update; raises TroubleError, and may then be called again."""
        if handling.began is None:
            handling.began = self._real()
            handling.old = self._is_old(waiting)
            if waiting.late and not await self._begin(handling):
                return
        if not handling.over and (waiting.late or handling.failures):  # its effects may be kept
            async with self._database.read() as storage:
                handling.kept = await storage.handled.has(waiting.update_id)
            handling.over = handling.kept
        if not handling.over:
            began = monotonic()
            await self._handle(waiting, handling)
            handling.over = True
            self._meter.update_handled(monotonic() - began)
        if handling.message and self._touch:
            await self._touch.handled(handling.message)
        if handling.elsewhere:
            return
        if not (handling.kept and self._inbox.shared):  # there, the mark of what was kept stands in the inbox itself
            await self._inbox.finish(handling.update_id, at=self._clock.now(), error=handling.error, kept=handling.kept)
        if handling.error:
            self._meter.update_failed()

    async def _begin(self, handling: Handling) -> bool:
        """Begin with an update that somebody may have begun before; False when it is at its end already."""
        try:
            tries = await self._inbox.begin(handling.update_id)
        except TroubleError:
            handling.began = None
            raise
        if tries is not None and tries > TRIES:
            log.error("update given up", update=handling.update_id, tries=tries)
            handling.error, handling.over = "TooManyTries", True
        return tries is not None

    async def _handle(self, waiting: Waiting, handling: Handling) -> None:
        """Have the dispatcher handle an update; whatever it does, the next one's turn comes.

        Raises TroubleError when it is to be handled again.
        """
        handling.trouble = None
        try:
            update = Update.model_validate(waiting.body, context={"bot": self._bot})
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:  # their texts hold what the person wrote
            handling.error = type(error).__name__
            log.error("update not understood", update=waiting.update_id, error=handling.error)  # noqa: TRY400
            return
        try:
            await self._dispatcher.feed_update(self._bot, update, handling=handling)
        except Exception as error:
            handling.trouble = trouble_in(error)
            if handling.trouble is None:
                handling.error = type(error).__name__
                log.exception("update failed", update=waiting.update_id)
        if handling.trouble and not handling.kept:
            raise TroubleError(handling.trouble)
        handling.message = update.message


_TAKING = "inbox"


def _lane(chat: int) -> str:
    return f"chat {chat}"


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
