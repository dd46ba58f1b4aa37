"""In touch with Telegram or not: when that was last so is kept, and an outage is noticed when it ends."""

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog
from aiogram.enums import ChatType
from aiogram.types import Message

from bot.delivery.troubles import Troubles
from services.clock import Clock
from services.outages import SHORTEST, Outage, in_touch, last_answer, last_outage, note, tell
from storage.database import Database
from storage.inbox import Inbox
from storage.trouble import TroubleError
from storage.witness import STORED

BEAT_SECONDS = 10.0  # how exactly the beginning of an outage is known

log = structlog.get_logger(__name__)


class Touch:
    """One per process: hears of every answer of Telegram, and tells those whose messages an outage held up."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        inbox: Inbox | None = None,
        troubles: Troubles | None = None,
        real: Callable[[], float] = monotonic,
    ) -> None:
        """Measure outages by `clock`; that Telegram was silent, by real seconds: a clock that is moved is no outage.

        The database and `inbox` are told of each other what a process that begins compares (storage.witness).
        """
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._troubles = troubles or Troubles()
        self._real = real
        self._answered_at = clock.now()
        self._answered: float | None = None
        self._first = asyncio.Event()
        self._beaten: float | None = None
        self._outage: Outage | None = None
        self._unnoted = False  # the outage is not kept yet
        self.ended_outage = False  # whether this process began after one
        self._told: set[int] = set()

    async def answered(self) -> None:
        """Take note that Telegram answered; what comes with that answer may come after an outage."""
        now, real = self._clock.now(), self._real()
        if self._answered is None:
            async with self._database.read() as storage:
                self._outage = await last_outage(storage)
                since = await last_answer(storage)
            silent = since is not None and now - since > SHORTEST
            self.ended_outage = silent
        else:
            since, silent = self._answered_at, real - self._answered > SHORTEST.total_seconds()
        if since is not None and silent and now > since:
            await self._notice(Outage(since, now))
        self._answered_at, self._answered = now, real
        self._first.set()

    async def _notice(self, outage: Outage) -> None:
        log.warning("telegram was out of touch", seconds=round((outage.ended - outage.began).total_seconds()))
        self._outage, self._unnoted = outage, True
        self._told = set()
        await self._troubles.tried(self._note)  # else a little later

    async def _note(self) -> None:
        if self._outage and self._unnoted:
            async with self._database.write() as storage:
                await note(storage, self._outage)
            self._unnoted = False

    async def run(self) -> None:
        """Keep, every few seconds, when Telegram last answered, until cancelled."""
        await self._first.wait()
        while True:
            if (answered := self._answered) != self._beaten:
                try:
                    await self._beat()
                    self._beaten = answered
                except TroubleError as error:
                    self._troubles.struck(error.trouble)
                except Exception:
                    log.exception("pulse not kept")
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self) -> None:
        await self._note()
        stored = None if self._inbox is None or self._inbox.shared else self._inbox.latest
        async with self._database.write() as storage:
            if stored is not None:
                await storage.pulse.beat(STORED, at=self._clock.now(), detail={"update": stored})
            await in_touch(storage, at=self._answered_at)
            history = await storage.changes.latest_id()
        if self._inbox:
            await self._inbox.witness(history)

    async def handled(self, message: Message) -> None:
        """Tell somebody, once, whose message had to wait for the end of an outage."""
        outage, chat = self._outage, message.chat
        if outage is None or chat.type != ChatType.PRIVATE or chat.id in self._told or not outage.held_up(message.date):
            return
        async with self._database.write() as storage:
            await tell(storage, outage, chat=chat.id, sent=message.date, now=self._clock.now())
        self._told.add(chat.id)
