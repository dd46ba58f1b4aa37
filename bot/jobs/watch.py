"""The watch: looks every few minutes whether something is wrong that nobody would notice, and tells administrators."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.administrators import Administrators
from bot.delivery.metrics import Meter
from policy.profile import Profile
from services.clock import Clock
from services.watching import Expected, raise_alarms
from storage.database import Database

MINUTES_BETWEEN = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at; `folder` is where the records are, None when that is another machine's disk."""

    database: Database
    profile: Profile
    clock: Clock
    expected: Expected
    folder: Path | None
    meter: Meter
    administrators: Administrators | None = None

    async def look(self) -> None:
        """Look once, and at who is to be told when storage does not work."""
        if self.administrators:
            await self.administrators.look()
        free = None if self.folder is None else (await asyncio.to_thread(shutil.disk_usage, self.folder)).free
        async with self.database.write() as storage:
            told = await raise_alarms(
                storage, free_bytes=free, expected=self.expected, profile=self.profile, now=self.clock.now()
            )
        if told:
            log.warning("administrators are told", alarms=[*told])
        self.meter.swept("watch", MINUTES_BETWEEN * 60)

    def join(self, scheduler: AsyncIOScheduler) -> None:
        """Look regularly from now on."""
        scheduler.add_job(self.look, "interval", minutes=MINUTES_BETWEEN)
