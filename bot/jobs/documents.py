"""Documents of requests, fetched from Telegram: it promises no file for good, and a decision has to outlast it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramBadRequest
from aiohttp import ClientError
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.delivery.metrics import Meter
from policy.profile import Profile
from services.clock import Clock
from services.requests.documents import Loss, keep_lost, keep_stored
from storage.database import Database
from storage.files import Files
from storage.requests import Document

SECONDS_BETWEEN = 5
DOWNLOAD_SECONDS = 60
AGAIN_AFTER = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(days=1)  # the getting of a file that Telegram says it does not have

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class DocumentFetching:
    """What came with requests is fetched regularly, oldest first; killed anywhere, the next look begins again."""

    bot: Bot
    database: Database
    files: Files
    profile: Profile
    clock: Clock
    meter: Meter
    _again_at: dict[int, datetime] = field(default_factory=dict)

    def join(self, scheduler: AsyncIOScheduler) -> None:
        """Look regularly from now on."""
        scheduler.add_job(self.look, "interval", seconds=SECONDS_BETWEEN)

    async def clear(self) -> None:
        """Remove files that a process which was killed had begun."""
        try:
            begun = await asyncio.to_thread(self.files.clear)
        except OSError as error:
            log.error("the folder of documents cannot be looked through", why=error.strerror)  # noqa: TRY400 - one line
            return
        if begun:
            log.info("files begun and never finished are removed", files=begun)

    async def look(self) -> None:
        """Fetch what is not stored yet; what does not come now is asked for again in a minute."""
        async with self.database.read() as storage:
            waiting = await storage.requests.unstored_documents()
        self._again_at = {each.id: self._again_at[each.id] for each in waiting if each.id in self._again_at}
        for document in waiting:
            again_at = self._again_at.get(document.id)
            if again_at is None or self.clock.now() >= again_at:
                await self._fetch(document)
        self.meter.swept("documents", SECONDS_BETWEEN)

    async def _fetch(self, document: Document) -> None:
        try:
            content = await self._content(document)
        except (TelegramAPIError, ClientDecodeError, ClientError, OSError) as error:
            log.warning("document not fetched", document=document.id, error=type(error).__name__)
            self._again_at[document.id] = self.clock.now() + AGAIN_AFTER
            return
        if isinstance(content, Loss):
            log.warning("document lost", document=document.id, why=content)
            async with self.database.write() as storage:
                await keep_lost(storage, document, content, now=self.clock.now())
            return
        try:
            sha256 = await asyncio.to_thread(self.files.keep, content)
        except OSError as error:
            log.error("document not stored", document=document.id, why=error.strerror)  # noqa: TRY400 - one line
            self._again_at[document.id] = self.clock.now() + AGAIN_AFTER
            return
        async with self.database.write() as storage:
            await keep_stored(storage, document, sha256=sha256, size=len(content), now=self.clock.now())

    async def _content(self, document: Document) -> bytes | Loss:
        """Return what is in a document, or why it is lost; raises what may pass."""
        try:
            downloaded = await self.bot.download(document.file.file_id, timeout=DOWNLOAD_SECONDS)
        except TelegramBadRequest as error:
            if "too big" in error.message:
                return Loss.TOO_LARGE
            if self.clock.now() - document.sent_at >= GIVEN_UP_AFTER:
                return Loss.GONE
            raise
        content = downloaded.read() if downloaded else b""
        most = self.profile.requests.document_megabytes * 1024 * 1024
        return Loss.TOO_LARGE if len(content) > most else content
