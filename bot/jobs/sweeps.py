"""Sweeps: what nobody asks for and somebody has to do. The data decides what is due, so a missed one is made up for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.delivery.metrics import Meter
from bot.delivery.troubles import Troubles
from policy.profile import Profile
from services.calendar import renew_public_days
from services.clock import Clock
from storage.database import Database
from storage.trouble import TroubleError

HOURS_BETWEEN = 6
UPLOAD_KEPT = timedelta(days=1)  # a file nobody confirmed
DRAFT_KEPT = timedelta(days=1)  # a form nobody finished
JOB_KEPT = timedelta(days=1)  # work that is over
OWED_KEPT = timedelta(days=30)  # a message that arrived or never will: it holds what somebody was told

log = structlog.get_logger(__name__)


async def sweep(database: Database, profile: Profile, clock: Clock, meter: Meter) -> None:
    """Renew the public holidays; forget files nobody confirmed, forms nobody finished, old messages and jobs."""
    now = clock.now()
    async with database.write() as storage:
        university = profile.university
        today = now.astimezone(university.zone).date()
        await renew_public_days(storage, today=today, working_week=university.working_week)
        proposed = [each.content["upload"] for each in await storage.motions.open() if "upload" in each.content]
        uploads = await storage.uploads.drop_older_than(now - UPLOAD_KEPT, but=proposed)
        drafts = await storage.drafts.drop_older_than(now - DRAFT_KEPT)
        await storage.jobs.drop_older_than(now - JOB_KEPT)
        await storage.outbox.forget(before=now - OWED_KEPT)
        await storage.refused_exports.drop_older_than(now - OWED_KEPT)
        await storage.commit()
    meter.swept("records", HOURS_BETWEEN * 3600)
    log.info("swept", uploads=uploads, drafts=drafts)


class Scheduler(AsyncIOScheduler):  # type: ignore[misc] # it has no types
    """Starts jobs regularly; one that storage cuts short is no failure, its next time comes."""

    troubles: Troubles

    def add_job(self, func: Callable[..., Awaitable[None]], *given: Any, **more: Any) -> Any:
        """Have a job done, and its troubles said where all are."""

        @wraps(func)
        async def do(*arguments: Any) -> None:
            try:
                await func(*arguments)
            except TroubleError as error:
                self.troubles.struck(error.trouble)

        return super().add_job(do, *given, **more)


def scheduler(
    database: Database, profile: Profile, clock: Clock, meter: Meter, troubles: Troubles | None = None
) -> Scheduler:
    """Return a scheduler that sweeps every few hours once started; one sweep at a time, none made up for twice."""
    scheduler = Scheduler(
        timezone=profile.university.zone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.troubles = troubles or Troubles(clock)
    scheduler.add_job(sweep, "interval", hours=HOURS_BETWEEN, args=(database, profile, clock, meter))
    return scheduler
