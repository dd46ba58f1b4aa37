"""The sender: what is owed goes out, in order within a chat, at Telegram's pace, however often the process is killed.

It works in turns. One transaction writes what became of what was sent and takes what goes next, so that many messages
share a commit; and never more is taken than `concurrency`, so that after a kill no more than that may arrive twice.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from bot.delivery.metrics import Meter, Uncounted
from bot.delivery.pacing import Pace
from bot.delivery.pacing import owed as owed_priority
from bot.delivery.troubles import Troubles
from bot.delivery.worded import SCREEN, holds, restored
from bot.screen import File, Paper, Screen, Standing, delete, edited, parts
from services.clock import Clock
from services.owing import REWORDING, WITHDRAWAL, Undelivered, owed_otherwise
from storage.database import Database
from storage.outbox import AT_ANY_TIME, LONGEST_PAUSE, Arrived, NewOwed, Owed, OwedState, Priority, Settled
from storage.trouble import TroubleError
from storage.unit import Storage

CONCURRENCY = 20
LOOK_SECONDS = 1.0  # how often the outbox is looked at when nobody says that something is owed
LEASE = timedelta(seconds=15)
RENEWED_AFTER = timedelta(seconds=5)
REQUEST_SECONDS = 20
PATIENCE_SECONDS = 1.0  # a chat that has to wait longer gives its place to others,
ANSWER_PATIENCE_SECONDS = 5.0  # and an answer, which takes nobody's place, is left to the loop
FAILURES_ALLOWED = 5  # in a row; from then on it is the way to Telegram that fails, and one message at a time tries it
STOPPING_SECONDS = 10
ON_ITS_WAY = timedelta(seconds=1)  # until what is to be withdrawn has arrived

FORBIDDEN = {
    "bot was blocked by the user": Undelivered.BLOCKED,
    "user is deactivated": Undelivered.DEACTIVATED,
    "bot can't initiate conversation": Undelivered.NEVER_STARTED,
}
NORMAL = {
    "chat not found": Undelivered.CHAT_GONE,
    "group chat was deleted": Undelivered.CHAT_GONE,
    "PEER_ID_INVALID": Undelivered.CHAT_GONE,
    "message thread not found": Undelivered.THREAD_GONE,
    "TOPIC_CLOSED": Undelivered.THREAD_GONE,
    "TOPIC_DELETED": Undelivered.THREAD_GONE,
    "not enough rights": Undelivered.NO_RIGHTS,
    "have no rights": Undelivered.NO_RIGHTS,
    "CHAT_WRITE_FORBIDDEN": Undelivered.NO_RIGHTS,
}
"""Refusals that are normal life, by what Telegram says."""
ERROR_LENGTH = 200
MARKED = {Undelivered.BLOCKED, Undelivered.DEACTIVATED, Undelivered.NEVER_STARTED, Undelivered.CHAT_GONE}
PASSING = (
    TelegramNetworkError,
    TelegramServerError,
    TelegramUnauthorizedError,
    TelegramNotFound,  # no such token; a chat that is not found is a bad request
    TelegramConflictError,
    ClientDecodeError,
)

_SENDING = "sender"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a message, and what is to be remembered besides."""

    settled: tuple[Settled, ...]
    unreachable: tuple[int, Undelivered] | None = None
    moved: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message ready to go."""

    chat: int
    screen: Screen
    instead_of: Standing | None


class Wording(Protocol):
    """How what is owed is said."""

    def knows(self, kind: str) -> bool:
        """Tell whether messages of this kind can be worded."""

    async def word(self, storage: Storage, owed: Owed, chat: int, now: datetime) -> Screen | None:
        """Return what a message says now to who reads this chat; None: there is nothing to say any more."""

    async def paper(
        self, storage: Storage, paper: Paper, chat: int, now: datetime
    ) -> Callable[[], Awaitable[bytes]] | Screen:
        """Return what lays a paper out, or what is said in place of it."""


class Follow(Protocol):
    """What is kept when a group became a supergroup."""

    async def __call__(self, storage: Storage, old: int, new: int, *, now: datetime) -> None:
        """Let what was meant for the old chat be meant for the new one. The caller commits."""


class RefusedError(Exception):
    """An answer that Telegram will never take, or that cannot be worded: a mistake of ours, which was logged."""


class Sender:
    """One per process. `run` until cancelled; `wake` after a commit that owes something."""

    def __init__(
        self,
        *,
        bot: Bot,
        database: Database,
        pace: Pace,
        clock: Clock,
        wording: Wording,
        follow: Follow,
        meter: Meter | None = None,
        troubles: Troubles | None = None,
        concurrency: int = CONCURRENCY,
        real: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Send through `bot`, whose session passes `pace`; `clock` is the university's, `real` the machine's.

        `wording` says what is owed, `follow` keeps in the records that a group became a supergroup.
        """
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._bot = bot
        self._database = database
        self._pace = pace
        self._clock = clock
        self._wording = wording
        self._follow = follow
        self._meter = meter or Uncounted()
        self._troubles = troubles or Troubles()
        self._concurrency = concurrency
        self._real = real
        self._sleep = sleep
        self._awake = asyncio.Event()
        self._turn_taken = asyncio.Lock()
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._promised: set[int] = set()  # leased by `owe_now`, and not settled yet
        self._dropped = False  # something that was leased is in nobody's hands
        self._finished: list[tuple[_Outcome, asyncio.Future[None]]] = []
        self._open = False
        self._failures = 0
        self._quiet = (real(), real())  # from when until when nothing is sent
        self._renewed = real()
        self._lived = real()

    async def run(self) -> None:
        """Send what is owed until cancelled; what is in flight then is waited for."""
        try:
            while True:
                self._awake.clear()
                await self._safely(self._look)
                try:
                    await asyncio.wait_for(self._awake.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._open = False
            if self._in_flight:
                await asyncio.wait(self._in_flight.values(), timeout=STOPPING_SECONDS)

    async def send_due(self) -> None:
        """Send what is due now, and return when it is settled."""
        await self._live()
        while True:
            await self._turn()
            if not self._in_flight:
                break
            await asyncio.wait(self._in_flight.values(), return_when=asyncio.FIRST_COMPLETED)
        self._open = False

    def wake(self) -> None:
        """Look now: something was owed and committed."""
        self._awake.set()

    async def owe_now(self, storage: Storage, those: Sequence[NewOwed]) -> tuple[Owed, ...]:
        """Owe answers inside a handler's transaction; return those that nothing is queued before in their chat.

        These are leased to this sender: give them to `send_now` after the commit. The others are sent in their turn.
        """
        if not self._open:
            await self._database.live_as(self.name)
        now, until = self._clock.now(), self._real() + LEASE
        queued: dict[int | None, bool] = {}
        mine = []
        for one in those:
            if one.chat_id not in queued:
                queued[one.chat_id] = one.chat_id is None or await storage.outbox.queued_for(one.chat_id, now=now)
            if queued[one.chat_id]:
                await storage.outbox.add(one)
            elif number := await storage.outbox.add(one, leased_by=self.name, until=until):
                self._promised.add(number)
                mine.append(_leased(number, one, until))
        return tuple(mine)

    def drop(self, those: Iterable[Owed]) -> None:
        """Leave what `owe_now` returned, and `send_now` did not settle, to the loop: it may have been committed."""
        left = self._promised.intersection(one.id for one in those)
        self._promised -= left
        self._dropped = self._dropped or bool(left)

    async def send_now(self, those: Sequence[Owed]) -> None:
        """The fast path: send what `owe_now` returned, in order, and return when it is settled.

        What cannot be sent now is left to the loop, and with it what comes after it in the same chat. Raises
        RefusedError, in the end, when one of them never can be by a mistake of ours.
        """
        behind: set[int | None] = set()
        left = not those
        refused = None
        for one in those:
            if one.chat_id in behind:
                outcome = _later(one, self._real())
            else:
                outcome = await self._attempt(one)
                done = outcome.settled[0]
                if done.state is OwedState.WAITING:
                    behind.add(one.chat_id)
                elif done.state is OwedState.FAILED and done.error not in set(Undelivered):
                    refused = done.error
            left |= outcome.settled[0].state is not OwedState.SENT
            await self._settle(outcome)
        if left:
            self.wake()
        if refused:
            raise RefusedError(refused)

    async def _look(self) -> None:
        await self._live()
        await self._turn()

    async def _live(self) -> None:
        """Open, and where there are others: show that this one lives, and take over what the dead had taken."""
        real = self._real()
        lives = self._open and not (self._database.shared and _passed(self._lived, real, RENEWED_AFTER))
        if lives and not self._dropped:
            return
        await self._database.live_as(self.name)
        dropped, self._dropped = self._dropped, False
        try:
            async with self._database.write(briefly=True) as storage:
                await storage.outbox.end_leases(but=self.name)
                if dropped:
                    await storage.outbox.let_go(self.name, but={*self._promised, *self._in_flight})
                await storage.commit()
        except BaseException:
            self._dropped = self._dropped or dropped
            raise
        self._open, self._lived = True, real

    async def _safe_turn(self, unless: asyncio.Future[None] | None = None) -> None:
        """Take a turn; a database that does not answer is asked again."""
        await self._safely(lambda: self._turn(unless))

    async def _safely(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except TroubleError as error:
            self._troubles.struck(error.trouble, _SENDING)
        except Exception:
            log.exception("the outbox cannot be looked after")
        else:
            self._troubles.passed(_SENDING)
            return
        await self._sleep(LOOK_SECONDS)

    async def _turn(self, unless: asyncio.Future[None] | None = None) -> None:
        """Write what became of what was sent, take what goes next: one transaction; none when `unless` is done."""
        async with self._turn_taken:
            if unless and unless.done():
                return
            finished, self._finished = self._finished, []
            settled = [one for outcome, _ in finished for one in outcome.settled]
            now, real = self._clock.now(), self._real()
            room = self._room(real, sum(one.id in self._in_flight for one in settled))
            if not finished and not await self._anything(room, now, real):
                return
            try:
                async with self._database.write(briefly=True) as storage:
                    await self._write(storage, [outcome for outcome, _ in finished], settled, now)
                    leased: tuple[Owed, ...] = ()
                    if room and await storage.outbox.due(now=now, real=real):
                        leased = await storage.outbox.lease(
                            self.name, now=now, real=real, until=real + LEASE, room=room
                        )
                    if _passed(self._renewed, real, RENEWED_AFTER):
                        await storage.outbox.renew(self.name, until=real + LEASE)
                        self._renewed = real
                    await storage.commit()
            except BaseException:
                self._finished = finished + self._finished
                raise
            for _, done in finished:
                if not done.done():
                    done.set_result(None)
            for one in settled:
                self._in_flight.pop(one.id, None)
                self._promised.discard(one.id)
            for owed in leased:
                self._in_flight[owed.id] = asyncio.create_task(self._deliver(owed))

    def _room(self, real: datetime, leaving: int) -> int:
        """Return how many messages may be taken now."""
        if not self._open or not _passed(self._quiet[0], real, self._quiet[1] - self._quiet[0]):
            return 0
        room = 1 if self._failures >= FAILURES_ALLOWED else self._concurrency
        return max(0, room - len(self._in_flight) + leaving)

    async def _anything(self, room: int, now: datetime, real: datetime) -> bool:
        """Tell whether a turn has anything to write, without taking the writer."""
        if self._in_flight and _passed(self._renewed, real, RENEWED_AFTER):
            return True
        if not room:
            return False
        async with self._database.read() as storage:
            return await storage.outbox.due(now=now, real=real)

    async def _write(
        self, storage: Storage, outcomes: Sequence[_Outcome], settled: Sequence[Settled], now: datetime
    ) -> None:
        if settled:
            await storage.outbox.settle(self.name, settled)
        for outcome in outcomes:
            if outcome.unreachable:
                user, why = outcome.unreachable
                await storage.accounts.mark_unreachable(user, since=now, why=why)
            if outcome.moved:
                await self._follow(storage, *outcome.moved, now=now)

    async def _settle(self, outcome: _Outcome) -> None:
        """Have it written, with what others finish meanwhile."""
        done = asyncio.get_running_loop().create_future()
        self._finished.append((outcome, done))
        while not done.done():
            await self._safe_turn(done)

    async def _deliver(self, owed: Owed) -> None:
        try:
            outcome = await self._attempt(owed)
        except BaseException:
            self._in_flight.pop(owed.id, None)
            self._dropped = True
            raise
        await self._settle(outcome)

    async def _attempt(self, owed: Owed) -> _Outcome:
        """Word and send one message, and say what became of it."""
        now = self._clock.now()
        if owed.expires_at and now >= owed.expires_at:
            return _one(Settled(owed.id, OwedState.EXPIRED, arrived=owed.arrived))
        token = owed_priority.set(owed.priority)
        try:
            if owed.kind == WITHDRAWAL:
                return await self._withdraw(owed)
            if owed.kind == REWORDING:
                return await self._reword(owed)
            letter = await self._letter(owed, now)
            return letter if isinstance(letter, _Outcome) else await self._send(owed, letter)
        except TroubleError as error:
            self._troubles.struck(error.trouble)
            return _later(owed, self._real())
        except Exception as error:
            log.exception("an owed message cannot be sent", owed=owed.id, kind=owed.kind)
            return self._failed(owed, type(error).__name__)
        finally:
            owed_priority.reset(token)

    async def _letter(self, owed: Owed, now: datetime) -> _Letter | _Outcome:
        """Find where a message goes, and word it unless it was worded when it was owed."""
        if owed.kind == SCREEN and owed.chat_id is not None:
            put_off = self._put_off(owed, owed.chat_id)
            answer = restored(owed.content)
            return put_off or _letter_to(owed.chat_id, owed, await self._with_paper(owed.chat_id, answer, now))
        async with self._database.read() as storage:
            chat = owed.chat_id
            if chat is None:
                account = await storage.accounts.of_person(owed.person_id or "")
                if account is None:
                    return self._failed(owed, Undelivered.NOT_LINKED)
                if account.unreachable_why:
                    return self._failed(owed, account.unreachable_why)
                chat = account.user_id
            if put_off := self._put_off(owed, chat):
                return put_off
            if owed.kind == SCREEN:
                return _letter_to(chat, owed, restored(owed.content))
            if not self._wording.knows(owed.kind):
                log.error("nobody knows how to word an owed message", owed=owed.id, kind=owed.kind)
                return self._failed(owed, "unknown kind")
            screen = await self._wording.word(storage, owed, chat, now)
        if screen is None:
            return _one(Settled(owed.id, OwedState.WITHDRAWN, arrived=owed.arrived))
        return _letter_to(chat, owed, screen)

    async def _with_paper(self, chat: int, screen: Screen, now: datetime) -> Screen:
        """Make the paper that goes with a screen, if one does and is still for whoever asked for it."""
        paper = screen.document
        if not isinstance(paper, Paper):
            return screen
        async with self._database.read() as storage:
            made = await self._wording.paper(storage, paper, chat, now)
        return made if isinstance(made, Screen) else replace(screen, document=File(paper.name, await made()))

    def _put_off(self, owed: Owed, chat: int) -> _Outcome | None:
        """Put a message off whose chat has to wait too long."""
        patience = ANSWER_PATIENCE_SECONDS if owed.priority is Priority.ANSWER else PATIENCE_SECONDS
        wait = self._pace.wait(chat)
        return _later(owed, self._real() + _bounded(wait)) if wait > patience else None

    async def _send(self, owed: Owed, letter: _Letter) -> _Outcome:
        """Send what of a message is not there yet."""
        ids = list(owed.arrived.ids) if owed.arrived and owed.arrived.chat == letter.chat else []
        try:
            if letter.instead_of and not ids and await edited(self._bot, letter.instead_of, letter.screen):
                ids = [letter.instead_of.message_id]
            else:
                for part in parts(letter.chat, letter.screen, thread=owed.thread_id)[len(ids) :]:
                    sent = await self._bot(part, request_timeout=REQUEST_SECONDS)
                    ids.append(sent.message_id)
                if letter.instead_of and letter.screen.replaces:
                    await delete(self._bot, letter.instead_of)
        except (TelegramAPIError, ClientDecodeError) as error:
            return self._judged(owed, letter.chat, error, Arrived(letter.chat, tuple(ids)) if ids else None)
        return self._sent(owed, Arrived(letter.chat, tuple(ids)))

    async def _withdraw(self, owed: Owed) -> _Outcome:
        """Delete what another owed message said."""
        said = await self._said(owed)
        if isinstance(said, _Outcome):
            return said
        _, arrived = said
        try:
            for message_id in arrived.ids:
                await delete(self._bot, Standing(arrived.chat, message_id, None))
        except (TelegramAPIError, ClientDecodeError) as error:
            return self._judged(owed, arrived.chat, error, None)
        return self._sent(owed, None)

    async def _reword(self, owed: Owed) -> _Outcome:
        """Say what another owed message says now in its place, or anew where it can no longer be edited."""
        said = await self._said(owed)
        if isinstance(said, _Outcome):
            return said
        original, arrived = said
        if original.state is not OwedState.SENT:
            return _one(Settled(owed.id, OwedState.WITHDRAWN))
        letter = await self._letter(original, self._clock.now())
        if isinstance(letter, _Outcome):
            return _one(replace(letter.settled[0], id=owed.id, arrived=None))
        standing = Standing(arrived.chat, arrived.ids[-1], "photo" if letter.screen.picture else "text")
        alone = len(arrived.ids) == 1 and arrived.chat == letter.chat
        outcome = await self._send(owed, replace(letter, instead_of=standing if alone else None))
        done = outcome.settled[0]
        if done.state is not OwedState.SENT or done.arrived is None:
            return outcome
        try:
            for message_id in set(arrived.ids) - set(done.arrived.ids):
                await delete(self._bot, Standing(arrived.chat, message_id, None))
        except (TelegramAPIError, ClientDecodeError):
            log.warning("what was worded anew stands there twice", owed=original.id)
        return _Outcome((done, Settled(original.id, OwedState.SENT, sent_at=original.sent_at, arrived=done.arrived)))

    async def _said(self, owed: Owed) -> tuple[Owed, Arrived] | _Outcome:
        """Return the message another one is about, and where it is; later, while it is on its way."""
        async with self._database.read() as storage:
            original = await storage.outbox.by_id(owed.content["of"])
        real = self._real()
        if original and original.leased_until and original.leased_until > real:
            return _later(owed, real + ON_ITS_WAY)
        if original is None or original.arrived is None:
            return _one(Settled(owed.id, OwedState.WITHDRAWN))
        return original, original.arrived

    def _sent(self, owed: Owed, arrived: Arrived | None) -> _Outcome:
        self._failures = 0
        self._meter.message_sent(owed.priority)
        return _one(Settled(owed.id, OwedState.SENT, sent_at=self._clock.now(), arrived=arrived))

    def _judged(
        self, owed: Owed, chat: int, error: TelegramAPIError | ClientDecodeError, arrived: Arrived | None
    ) -> _Outcome:
        """Tell what an error means: for the way to Telegram, for the recipient, for this message, or for us."""
        if isinstance(error, TelegramRetryAfter):
            return _later(replace(owed, arrived=arrived), self._real() + _bounded(error.retry_after))
        if isinstance(error, TelegramMigrateToChat):
            log.info("a group became a supergroup", chat=chat, now=error.migrate_to_chat_id)
            return replace(_later(owed, self._real()), moved=(chat, error.migrate_to_chat_id))
        if may_pass(error):
            return self._again(owed, type(error).__name__, arrived)
        self._failures = 0
        why = _normal(chat, error)
        if why is None:
            log.error("an owed message is refused", owed=owed.id, kind=owed.kind, error=type(error).__name__)
            return self._failed(owed, f"{type(error).__name__}: {error}", arrived)
        outcome = self._failed(owed, why, arrived)
        return replace(outcome, unreachable=(chat, why)) if chat > 0 and why in MARKED else outcome

    def _failed(self, owed: Owed, why: str, arrived: Arrived | None = None) -> _Outcome:
        """Give a message up; somebody may be owed another because of it."""
        self._meter.message_failed(why.split(":", 1)[0])
        otherwise = owed_otherwise(owed.content, now=self._clock.now())
        return _one(
            Settled(
                owed.id,
                OwedState.FAILED,
                arrived=arrived or owed.arrived,
                error=why[:ERROR_LENGTH],
                owed=(otherwise,) if otherwise else (),
            )
        )

    def _again(self, owed: Owed, error: str, arrived: Arrived | None) -> _Outcome:
        """Try once more, each time later; when everything fails, everybody waits."""
        real = self._real()
        self._failures += 1
        if self._failures >= FAILURES_ALLOWED:
            pause = _growing(self._failures - FAILURES_ALLOWED)
            log.warning("Telegram cannot be reached", error=error, pause=pause.total_seconds())
            self._quiet = real, real + pause
        return _one(
            Settled(
                owed.id,
                OwedState.WAITING,
                arrived=arrived,
                error=error,
                next_try_at=real + _growing(owed.tries - 1),
            )
        )


def may_pass(error: BaseException | None) -> bool:
    """Tell whether what failed is the way to Telegram, and not the message."""
    return isinstance(error, (*PASSING, TelegramRetryAfter)) and not isinstance(error, TelegramEntityTooLarge)


def _normal(chat: int, error: Exception) -> Undelivered | None:
    """Return why a recipient cannot be reached; None when it is the message that is wrong."""
    text = str(error)
    if isinstance(error, TelegramForbiddenError):
        why = next((why for sign, why in FORBIDDEN.items() if sign in text), None)
        return why or (Undelivered.BLOCKED if chat > 0 else Undelivered.CHAT_GONE)
    if isinstance(error, TelegramBadRequest):
        return next((why for sign, why in NORMAL.items() if sign in text), None)
    return None


def _growing(step: int) -> timedelta:
    """Return 1, 2, 4, ... seconds, up to the longest pause."""
    return min(timedelta(seconds=2 ** min(max(step, 0), 30)), LONGEST_PAUSE)


def _bounded(seconds: float) -> timedelta:
    """Return how long a message is put back for; the gate knows when more has to pass."""
    return min(timedelta(seconds=min(seconds, 1e9)), LONGEST_PAUSE)


def _letter_to(chat: int, owed: Owed, screen: Screen) -> _Letter:
    instead_of = owed.edits_message_id and Standing(chat, owed.edits_message_id, holds(owed.content))
    return _Letter(chat, screen, instead_of or None)


def _one(settled: Settled) -> _Outcome:
    return _Outcome((settled,))


def _passed(since: datetime, now: datetime, span: timedelta) -> bool:
    """Tell whether so much time has passed; a clock that was set back does not make anybody wait."""
    return not timedelta() <= now - since < span


def _later(owed: Owed, at: datetime) -> _Outcome:
    """Put a message back without counting the try."""
    return _one(Settled(owed.id, OwedState.WAITING, arrived=owed.arrived, next_try_at=at, counted=False))


def _leased(number: int, one: NewOwed, until: datetime) -> Owed:
    return Owed(
        id=number,
        kind=one.kind,
        content=one.content,
        person_id=one.person_id,
        chat_id=one.chat_id,
        priority=one.priority,
        thread_id=one.thread_id,
        not_before=one.not_before or AT_ANY_TIME,
        expires_at=one.expires_at,
        group_key=one.group_key,
        edits_message_id=one.edits_message_id,
        state=OwedState.WAITING,
        tries=1,
        leased_until=until,
        arrived=None,
        sent_at=None,
        error=None,
        made_at=one.made_at,
    )
