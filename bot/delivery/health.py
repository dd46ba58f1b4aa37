"""What a watcher on the same machine may ask: is the bot well (`/healthz`), and its numbers (`/metrics`)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot.delivery.metrics import Metrics
from bot.delivery.troubles import Troubles
from services.clock import Clock
from storage.database import Database
from storage.outbox import Priority
from storage.trouble import TroubleError

SILENCE = 120.0  # seconds without a poll: one takes half a minute when nobody writes
STANDSTILL = 300.0  # seconds an update waits
READING = 5.0  # seconds the database may take

log = structlog.get_logger(__name__)


class Health:
    """Answers a watcher. `polls` is whether updates are asked for: a webhook is called only when somebody writes."""

    def __init__(
        self, metrics: Metrics, database: Database, clock: Clock, *, polls: bool, troubles: Troubles | None = None
    ) -> None:
        """Tell about this process, this database and its troubles."""
        self._metrics = metrics
        self._database = database
        self._clock = clock
        self._polls = polls
        self._troubles = troubles or Troubles()

    def app(self) -> web.Application:
        """Return the application that answers."""
        app = web.Application()
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def healthz(self, _request: web.Request) -> web.Response:
        """Answer 200 while everything goes on, else 503 and what does not."""
        problems = []
        if self._polls and self._metrics.since_poll > SILENCE:
            problems.append(f"Telegram has not answered for {self._metrics.since_poll:.0f} s")
        if self._metrics.oldest > STANDSTILL:
            problems.append(f"an update has waited for {self._metrics.oldest:.0f} s")
        standing = self._troubles.standing
        if standing:
            problems.append(f"{standing.trouble.value}, since {standing.since:%Y-%m-%d %H:%M:%S} UTC")
        try:
            await asyncio.wait_for(self._asked(), READING)
        except TroubleError as error:
            if standing is None or standing.trouble is not error.trouble:
                problems.append(f"the database cannot be read: {error.trouble.value}")
        except Exception as error:  # whatever it is, the answer is that the database cannot be read
            log.warning("the database cannot be read", exc_info=True)
            problems.append(f"the database cannot be read: {type(error).__name__}")
        return web.json_response({"healthy": not problems, "problems": problems}, status=503 if problems else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Answer with every number; those of the database are missing while it cannot be read."""
        from prometheus_client import CONTENT_TYPE_LATEST

        try:
            owed, unreachable = await asyncio.wait_for(self._asked(), READING)
        except (TroubleError, TimeoutError):
            text = self._metrics.text()
        else:
            text = self._metrics.text(owed={each: owed.get(each, 0) for each in Priority}, unreachable=unreachable)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _asked(self) -> tuple[dict[Priority, int], int]:
        async with self._database.read() as storage:
            return await storage.outbox.depth(now=self._clock.now()), await storage.accounts.unreachable()


@asynccontextmanager
async def answering(health: Health, port: int) -> AsyncIterator[None]:
    """Answer on a port of this machine only; raises OSError when it is taken."""
    runner = web.AppRunner(health.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
