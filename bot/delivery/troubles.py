"""Troubles with storage, as one process knows them: said once, watched until they are over, waited for.

Whoever meets one says so (`struck`), waits as long as `pause` does, tries again, and says when that worked (`passed`).
Meanwhile `run` asks every second whether storage works again, so that nobody waits longer than there is reason to. One
line in the log says what is wrong and one that it is over; administrators are told by the way that is left, past the
outbox. A trouble that comes and goes is one trouble.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

import structlog

from services.clock import Clock, WallClock
from storage.trouble import Trouble, TroubleError

ASK_SECONDS = 1.0  # how often storage is asked whether it works again
LONGEST_PAUSE = 30.0  # seconds
TOLD_AFTER = 10.0  # seconds; administrators need not hear of what a second try mends
CALM_SECONDS = 60.0  # a trouble that comes back within them was not over
_ASKED = "asked"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """A trouble that stands, and since when."""

    trouble: Trouble
    since: datetime


class Handle(Protocol):
    """What is to happen later, and may be called off."""

    def cancel(self) -> None:
        """Call it off."""


Later = Callable[[float, Callable[[], Any]], Handle]
Tell = Callable[[Standing, datetime | None], Awaitable[None]]


def _later(seconds: float, what: Callable[[], Any]) -> Handle:
    return asyncio.get_running_loop().call_later(seconds, what)


class Troubles:
    """One per process."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        real: Callable[[], float] = monotonic,
        later: Later = _later,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Begin with none; `clock` says since when one stands, `real`, `later` and `sleep` count real seconds."""
        self._clock = clock or WallClock()
        self._real = real
        self._later = later
        self._sleep = sleep
        self._who: set[str] = set()  # those whose last try failed
        self._standing: Standing | None = None
        self._said: set[Trouble] = set()
        self._struck = asyncio.Event()
        self._fails = True  # as far as is known since it was struck
        self._last = 0.0
        self._waiting: dict[asyncio.Future[None], Handle] = {}
        self.told: set[int] = set()  # people who know that what they sent is kept

    @property
    def standing(self) -> Standing | None:
        """What is wrong now."""
        return self._standing if self._who else None

    def struck(self, trouble: Trouble, who: str | None = None) -> None:
        """Take note that storage did not work: it stands until `who` has `passed`; without one, until it is asked."""
        if self._standing is None or self._standing.trouble is not trouble:
            since = self._standing.since if self._standing else self._clock.now()
            self._standing = Standing(trouble, since)
        if trouble not in self._said:
            self._said.add(trouble)
            log.error("storage does not work", why=trouble.value)
        self._who.add(who or _ASKED)
        self._last = self._real()
        self._struck.set()

    def passed(self, who: str) -> None:
        """Take note that storage works for somebody."""
        self._who.discard(who)

    async def pause(self, failures: int) -> None:
        """Wait after so many failures in a row: half a second, a second, two ...; less when storage works again."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def end() -> None:
            if not over.done():
                over.set_result(None)

        self._waiting[over] = self._later(min(2.0 ** (min(failures, 10) - 2), LONGEST_PAUSE), end)
        try:
            await over
        finally:
            self._waiting.pop(over).cancel()

    def wake(self) -> None:
        """End all pauses."""
        for over in self._waiting:
            if not over.done():
                over.set_result(None)

    async def tried(self, step: Callable[[], Awaitable[object]]) -> bool:
        """Do something once; False, and said, when storage did not let us."""
        try:
            await step()
        except TroubleError as error:
            self.struck(error.trouble)
            return False
        return True

    async def through(self, step: Callable[[], Awaitable[object]]) -> None:
        """Do something as often as it takes."""
        failures = 0
        while not await self.tried(step):
            failures += 1
            await self.pause(failures)

    async def run(self, ask: Callable[[], Awaitable[None]], tell: Tell) -> None:
        """Look after troubles until cancelled: `ask` whether storage works, `tell` what stands and when it was over."""
        while True:
            await self._struck.wait()
            await self._see_through(ask, tell)

    async def _see_through(self, ask: Callable[[], Awaitable[None]], tell: Tell) -> None:
        began, self._fails = self._last, True
        told: Standing | None = None
        while True:
            await self._sleep(ASK_SECONDS)
            if self._who:
                await self._ask(ask)
            standing, now = self.standing, self._real()
            if standing and now - began >= TOLD_AFTER and (told is None or told.trouble is not standing.trouble):
                told = standing
                await self._safely(tell(standing, None))
            if not standing and now - self._last >= CALM_SECONDS:
                self._struck.clear()
                break
        log.info("storage works again", seconds=round(self._last - began))
        if told:
            await self._safely(tell(told, self._clock.now()))
        self._standing = None
        self._said.clear()
        self.told.clear()

    async def _safely(self, telling: Awaitable[None]) -> None:
        try:
            await telling
        except Exception:
            log.exception("administrators are not told")

    async def _ask(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        except TroubleError as error:
            self._fails = True
            self.struck(error.trouble)
            return
        self.passed(_ASKED)
        if self._fails:  # once: what fails for one and works for the other would be tried every second
            self._fails = False
            self.wake()
