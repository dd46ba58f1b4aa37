"""What a process that was killed was doing for somebody: gone on with, or looked at and told how it stands.

So is what this process was doing when storage did not work, once it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.types import Document
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.i18n import Texts
from bot.jobs import imports, motions, undoing
from bot.jobs.imports import Office, Piece
from bot.jobs.work import ProgressMessage, Work
from bot.screen import Screen
from bot.voices import voice_of
from policy.people import Language, Role
from policy.profile import Profile
from services.clock import Clock
from storage.database import Database
from storage.jobs import Job, JobState
from storage.records import Upload

SECONDS_BETWEEN = 5  # how often a process that shares its database says that it is at work
GONE_AFTER = timedelta(seconds=30)  # without a sign
MOST_BEGINNINGS = 2  # after which work that ends the process is given up

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resuming:
    """What the work goes on with."""

    bot: Bot
    work: Work
    database: Database
    profile: Profile
    clock: Clock
    voices: Mapping[Language, Texts]

    async def start(self) -> None:
        """Take up what was left; a database that is not shared has no other process at work."""
        await self._take_over(self.clock.now() - GONE_AFTER if self.database.shared else None)

    def join(self, scheduler: AsyncIOScheduler) -> None:
        """Give signs of work from now on, and take up what is left."""
        scheduler.add_job(self.look, "interval", seconds=SECONDS_BETWEEN)

    async def look(self) -> None:
        """Give a sign for what is being done here, take up what nobody is at work on."""
        if self.work.left:
            await self._take_up_left()
        if not self.database.shared:
            return
        now = self.clock.now()
        if self.work.jobs:
            async with self.database.write() as storage:
                await storage.jobs.beat(self.work.jobs, at=now)
                await storage.commit()
        await self._take_over(now - GONE_AFTER)

    async def _take_up_left(self) -> None:
        """Take up what storage cut short here; what was not even begun is begun again by its update."""
        now, left = self.clock.now(), set(self.work.left)
        async with self.database.write() as storage:
            those = await storage.jobs.take_up(left, at=now)
            await storage.commit()
        self.work.left -= left
        for job in those:
            log.info("job taken up", job=job.id, kind=job.kind)
            await self._take_up(job, now)

    async def _take_over(self, since: datetime | None) -> None:
        now = self.clock.now()
        async with self.database.write() as storage:
            left = await storage.jobs.take_over(since=since, at=now)
            if not left:
                return
            today = now.astimezone(self.profile.university.zone).date()
            confirming = self.profile.service.correction_confirmed_by
            held = await storage.roles.holders(Role.REGISTRAR, Role.ADMIN, *confirming)
            staff = {each.person_id for each in held if each.holds_on(today)}
            for job in left:
                if job.person_id not in staff:  # a role that ended meanwhile
                    await storage.jobs.end(job.id, JobState.FAILED, at=now)
            await storage.commit()
        for job in left:
            if job.person_id in staff:
                log.info("job taken up", job=job.id, kind=job.kind)
                await self._take_up(job, now)

    async def _take_up(self, job: Job, now: datetime) -> None:
        async with self.database.read() as storage:
            texts = await voice_of(storage, self.voices, job.chat_id)
        office = Office(
            bot=self.bot,
            chat=job.chat_id,
            person_id=job.person_id,
            texts=texts,
            profile=self.profile,
            now=now,
            database=self.database,
            turn=self.work.turn,
        )
        piece = Piece(job.id)
        message = ProgressMessage.at(self.bot, job.chat_id, job.message_id) if job.message_id else None
        if job.begun >= MOST_BEGINNINGS:
            log.error("job given up: its work ended the process", job=job.id, kind=job.kind)
            await imports.give_up(office, job, message)
            return
        if job.kind == imports.RECEIVE:
            document = Document.model_validate(job.arguments)
            self.work.start(f"job {job.id}", imports.receive(office, piece, document, message), job.id)
            return
        if job.kind in {undoing.LOOK_BACK, undoing.TABLE, undoing.TAKE_BACK}:
            found: Screen | Upload = await undoing.what_became(office, job)
        elif job.kind in {motions.CARRY, motions.PROPOSE, motions.TABLE}:
            found = await motions.what_became(office, job)
        else:
            found = await imports.what_became(office, job)
        if isinstance(found, Upload):
            tabulating = job.kind == imports.TABULATE
            going_on = (
                imports.tabulate(office, piece, found) if tabulating else imports.look(office, piece, message, found)
            )
            self.work.start(imports.key_of(found.id), going_on, job.id)
        else:
            self.work.start(f"job {job.id}", imports.conclude(office, piece, message, found), job.id)
