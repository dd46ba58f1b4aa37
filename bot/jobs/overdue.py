"""Requests that wait: every few minutes it is looked whose answer is overdue, and whose mark changed meanwhile."""

from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.delivery.metrics import Meter
from policy.profile import Profile
from services.clock import Clock
from services.requests.events import tell_of_changes
from services.requests.overdue import owe_overdue_alerts
from storage.database import Database

MINUTES_BETWEEN = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OverdueRequests:
    """Where they are looked for."""

    database: Database
    profile: Profile
    clock: Clock
    meter: Meter

    async def look(self) -> None:
        """Look once."""
        async with self.database.write() as storage:
            changed = await tell_of_changes(storage, now=self.clock.now(), profile=self.profile)
            await storage.commit()
        async with self.database.write() as storage:
            owed = await owe_overdue_alerts(storage, now=self.clock.now(), profile=self.profile)
        if owed or changed:
            log.info("waiting requests", alerts=owed, changed=changed)
        self.meter.swept("overdue", MINUTES_BETWEEN * 60)

    def join(self, scheduler: AsyncIOScheduler) -> None:
        """Look regularly from now on."""
        scheduler.add_job(self.look, "interval", minutes=MINUTES_BETWEEN)
