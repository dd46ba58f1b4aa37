"""A file on its way into the records: downloaded, read, loaded, taken back, each telling how far it is."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Document
from aiohttp import ClientError

from bot.i18n import Texts
from bot.jobs.work import ProgressMessage
from bot.screen import Screen
from bot.screens import imports as screens
from bot.screens.fallback import broken
from policy.profile import Profile
from services.importing import (
    Kind,
    Preview,
    Refusal,
    Stale,
    Undone,
    agreed,
    fingerprint,
    kind_of,
    load_upload,
    no_room,
    preview,
    undo,
)
from services.reads import record_preview
from services.tabular import Unreadable
from storage.database import Database
from storage.records import Upload

DOWNLOAD_SECONDS = 120
LATEST = 5  # imports shown beside an answer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Office:
    """Who is at work and since when, and what the work goes through; `turn` lets one file be read at a time."""

    bot: Bot
    chat: int
    person_id: str
    texts: Texts
    profile: Profile
    now: datetime
    database: Database
    turn: asyncio.Semaphore


@dataclass(slots=True)
class _Far:
    """How far something is, told from whatever thread does it."""

    done: int = 0
    total: int = 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total


async def receive(office: Office, document: Document) -> None:
    """Download a file, keep it, and show what loading it would do."""
    name = document.file_name or "?"
    message = await ProgressMessage.send(office.bot, office.chat, screens.received(office.texts, name))
    kept: list[Upload] = []
    far = _Far()

    async def work() -> tuple[Screen, ...]:
        async with office.turn:
            async with office.database.read() as storage:
                full = await no_room(storage, person_id=office.person_id, size=document.file_size or 0)
            if full:
                return (screens.no_room(office.texts, name, full),)
            content = await _downloaded(office.bot, document)
            if content is None:
                return (screens.not_downloaded(office.texts, name),)
            try:
                kind = await asyncio.to_thread(kind_of, content)
            except Unreadable as error:
                refusal = Refusal(error.reason, arguments=error.arguments)
                return (screens.unreadable(office.texts, name, refusal),)
            kept.append(await _keep(office, name, kind, content))
            if kind is None:
                return (screens.ask_kind(office.texts, kept[0]),)
            return await _shown(office, kept[0], far)

    def during() -> Screen:
        if kept:
            return screens.reading(office.texts, kept[0], far.done)
        return screens.received(office.texts, name)

    def stopped() -> Screen:
        return screens.interrupted(office.texts, kept[0]) if kept else screens.not_downloaded(office.texts, name)

    await _watch(office, message, work(), during, stopped)


async def look(office: Office, message: ProgressMessage, upload: Upload) -> None:
    """Show what loading a waiting file would do, or ask what it holds."""
    far = _Far()

    async def work() -> tuple[Screen, ...]:
        if upload.kind is None:
            return (screens.ask_kind(office.texts, upload),)
        async with office.turn:
            return await _shown(office, upload, far)

    await _watch(
        office,
        message,
        work(),
        lambda: screens.reading(office.texts, upload, far.done),
        lambda: screens.interrupted(office.texts, upload),
    )


async def load(office: Office, message: ProgressMessage, upload: Upload, seen: str) -> None:
    """Load a waiting file if that would do what its preview showed; else show what it would do now."""
    await message.show(screens.loading(office.texts, upload, 0, 0))
    far = _Far()

    async def work() -> tuple[Screen, ...]:
        async with office.turn:
            shown, sees = await _preview(office, upload, _Far())
            if sees != seen:
                return await _shown(office, upload, _Far(), stale=True)
            async with office.database.write() as storage:
                done = await load_upload(
                    storage, upload.id, shown, now=office.now, actor=office.person_id, progress=far
                )
            if isinstance(done, Stale):
                return await _shown(office, upload, _Far(), stale=True)
        if done is None:
            async with office.database.read() as storage:
                return (screens.no_longer_waits(office.texts, await storage.imports.latest(limit=LATEST)),)
        return (screens.loaded(office.texts, upload, done),)

    await _watch(
        office,
        message,
        work(),
        lambda: screens.loading(office.texts, upload, far.done, far.total),
        lambda: screens.interrupted(office.texts, upload),
    )


async def take_back(office: Office, number: int, reason: str) -> None:
    """Take an import back, or tell why it stays."""
    going = screens.taking_back(office.texts, number)
    message = await ProgressMessage.send(office.bot, office.chat, going)

    async def work() -> tuple[Screen, ...]:
        async with office.turn, office.database.write() as storage:
            done = await undo(storage, number, now=office.now, actor=office.person_id, reason=reason)
        if isinstance(done, Undone):
            return (screens.undone(office.texts, done),)
        return (screens.undo_refused(office.texts, number, done),)

    await _watch(office, message, work(), lambda: going, lambda: screens.undo_interrupted(office.texts, number))


async def _watch(
    office: Office,
    message: ProgressMessage,
    work: Coroutine[Any, Any, tuple[Screen, ...]],
    during: Callable[[], Screen],
    stopped: Callable[[], Screen],
) -> None:
    """Show how far work is, what came of it, that it was stopped, or that it failed."""
    try:
        said = await message.during(work, during)
    except asyncio.CancelledError:
        with suppress(TelegramAPIError):
            await message.show(stopped())
        raise
    except Exception:
        log.exception("file not dealt with")
        said = (Screen(broken(office.texts, office.profile)),)
    await message.show(*said)


async def _downloaded(bot: Bot, document: Document) -> bytes | None:
    try:
        downloaded = await bot.download(document, timeout=DOWNLOAD_SECONDS)
    except (TelegramAPIError, ClientError, OSError) as error:
        log.warning("file not downloaded", error=type(error).__name__)
        return None
    return downloaded.read() if downloaded else None


async def _keep(office: Office, name: str, kind: Kind | None, content: bytes) -> Upload:
    async with office.database.write() as storage:
        number = await storage.uploads.keep(
            user_id=office.chat,
            person_id=office.person_id,
            kind=kind,
            file_name=name,
            content=content,
            sent_at=office.now,
        )
        await storage.commit()
    return Upload(number, office.chat, office.person_id, kind, name, content, office.now)


async def _shown(office: Office, upload: Upload, far: _Far, *, stale: bool = False) -> tuple[Screen, ...]:
    """Return the preview of a file of a known kind; one that will never be loaded waits no longer."""
    shown, seen = await _preview(office, upload, far)
    async with office.database.write() as storage:
        await record_preview(
            storage,
            kind=shown.kind,
            file_name=shown.file_name,
            sha256=shown.sha256,
            by=office.person_id,
            now=office.now,
        )
        if shown.refused or shown.nothing_to_do:
            await storage.uploads.drop(upload.id)
        if shown.nothing_to_do:
            await agreed(storage, shown.kind, at=office.now)
        await storage.commit()
    return screens.preview(office.texts, shown, upload, seen, stale=stale)


async def _preview(office: Office, upload: Upload, far: _Far) -> tuple[Preview, str]:
    async with office.database.read() as storage:
        shown = await preview(
            storage,
            kind=Kind(upload.kind or ""),
            source=upload.content,
            file_name=upload.file_name,
            profile=office.profile,
            now=office.now,
            progress=far,
        )
    return shown, await asyncio.to_thread(fingerprint, shown)
