"""A file on its way into the records: downloaded, read, loaded, taken back, each telling how far it is.

Each is a job in the records from before it begins until what came of it is said: what a process that is gone was doing
is gone on with, or looked at (`bot/jobs/resuming.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError
from aiogram.types import Document
from aiohttp import ClientError

from bot.delivery.worded import owed_screen
from bot.i18n import Texts
from bot.jobs.work import ProgressMessage
from bot.screen import Screen, send
from bot.screens import imports as screens
from bot.screens.fallback import broken
from bot.words.courses import period_name
from policy.calendar import PeriodEvent
from policy.profile import Profile
from services.attempts import keep, note, noting
from services.importing import (
    Counts,
    Given,
    Imported,
    Kind,
    Preview,
    Refusal,
    Stale,
    UndoRefusal,
    agreed,
    differences_csv,
    fingerprint,
    kind_of,
    load_upload,
    no_room,
    opened,
    preview,
    scope_of,
)
from services.importing.plan import Progress
from services.importing.reading import import_for, imports_for
from services.importing.seen import record_preview
from services.news import group_of
from services.owing import delivery
from services.tabular import Reading, Unreadable
from storage.database import Database
from storage.jobs import Job, JobState
from storage.records import Import, Upload
from storage.trouble import TroubleError
from storage.unit import Storage

DOWNLOAD_SECONDS = 120
LATEST = 5  # imports shown beside an answer
PERIODS = 4  # to choose from

RECEIVE = "receive file"  # the kinds of jobs
LOOK = "look at file"
TABULATE = "tabulate file"
LOAD = "load file"

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
class Piece:
    """A job in the records, being done; `spent` is a waiting file that is of no use once what came of it is said."""

    id: int
    spent: int | None = None


@dataclass(slots=True)
class Far:
    """How far something is, told from whatever thread does it."""

    done: int = 0
    total: int = 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def receiving(document: Document) -> dict[str, Any]:
    """Return what is to be known of a document to download it."""
    return document.model_dump(include={"file_id", "file_unique_id", "file_name", "file_size"}, mode="json")


def key_of(upload_id: int) -> str:
    """Return the key under which one piece of work on a waiting file goes on at a time."""
    return f"upload {upload_id}"


def loading(upload: Upload, seen: str) -> dict[str, Any]:
    """Return what is to be known of a loading to find out what became of it."""
    return {"upload": upload.id, "seen": seen, "sha256": sha256(upload.content).hexdigest()}


async def acknowledged(office: Office, document: Document) -> ProgressMessage | None:
    """Say that a file has come; None where Telegram takes no message now."""
    return await begun(office, screens.received(office.texts, document.file_name or "?"))


async def receive(office: Office, piece: Piece, document: Document, message: ProgressMessage | None) -> None:
    """Download a file, keep it, and show what loading it would do."""
    name = document.file_name or "?"
    kept: list[Upload] = []
    far = Far()

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            async with office.database.read() as storage:
                full = await no_room(storage, person_id=office.person_id, size=document.file_size or 0)
            if full:
                return (screens.no_room(office.texts, name, full),)
            content = await _downloaded(office.bot, document)
            if content is None:
                return (screens.not_downloaded(office.texts, name),)
            with opened(content, office.profile) as reading:
                try:
                    kind = await asyncio.to_thread(kind_of, reading, office.profile)
                except Unreadable as error:
                    refusal = Refusal(error.reason, arguments=error.arguments)
                    return (screens.unreadable(office.texts, name, refusal),)
                kept.append(await _keep(office, piece, name, kind, content))
                if kind is None:
                    return (screens.ask_kind(office.texts, kept[0]),)
                return await shown_again(office, piece, kept[0], far, reading=reading)

    def during() -> Screen:
        if kept:
            return screens.reading(office.texts, kept[0], far.done)
        return screens.received(office.texts, name)

    def stopped() -> Screen:
        return screens.interrupted(office.texts, kept[0]) if kept else screens.received(office.texts, name)

    await watch(office, piece, message, work(), during=during, stopped=stopped)


async def look(office: Office, piece: Piece, message: ProgressMessage | None, upload: Upload) -> None:
    """Show what loading a waiting file would do, or ask what it holds; in a message of its own where there is none."""
    far = Far()
    if message is None and (message := await begun(office, screens.reading(office.texts, upload, 0))):
        await _tell_in(office, piece, message)

    async def work() -> tuple[Screen, ...]:
        if upload.kind is None:
            return (screens.ask_kind(office.texts, upload),)
        async with turn(office, piece):
            return await shown_again(office, piece, upload, far)

    await watch(
        office,
        piece,
        message,
        work(),
        during=lambda: screens.reading(office.texts, upload, far.done),
        stopped=lambda: screens.interrupted(office.texts, upload),
    )


async def tabulate(office: Office, piece: Piece, upload: Upload) -> None:
    """Give all the values that loading a waiting file would change, as a file; its preview stays where it is."""

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            shown, _ = await previewed(office, upload, Far())
            content = await asyncio.to_thread(differences_csv, shown.plan, office.texts.language.value)
        return (screens.all_changes(office.texts, shown, content),)

    await watch(
        office,
        piece,
        None,
        work(),
        during=lambda: screens.reading(office.texts, upload, 0),
        stopped=lambda: screens.interrupted(office.texts, upload),
    )


async def load(
    office: Office,
    piece: Piece,
    message: ProgressMessage,
    upload: Upload,
    seen: str,
    *,
    known: tuple[int, int] = (0, 0),
) -> None:
    """Load a waiting file if that would do what its preview showed; else show what it would do now.

    ``known`` is how many marks it was asked about that can no longer be appealed, or only for a moment; of others it is
    asked first.
    """
    with suppress(TelegramAPIError):
        await message.show(screens.loading(office.texts, upload, 0, 0))
    far = Far()

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            shown, sees = await previewed(office, upload, Far())
            if sees == seen and shown.by_two:
                note(
                    UndoRefusal.TWO_NEEDED,
                    "file",
                    shown.kind,
                    shown.sha256,
                    by=office.person_id,
                    cause="load",
                    now=office.now,
                )
            if sees != seen or shown.by_two:
                return await shown_again(office, piece, upload, Far(), stale=True)
            if shown.marks and shown.marks.hurries not in {(0, 0), known}:
                return (screens.ask_again(office.texts, shown, upload, seen),)
            async with office.database.write() as storage:
                done = await load_upload(
                    storage, upload.id, shown, now=office.now, actor=office.person_id, progress=far
                )
            if isinstance(done, Stale):
                return await shown_again(office, piece, upload, Far(), stale=True)
        if done is None:
            async with office.database.read() as storage:
                return (screens.no_longer_waits(office.texts, await latest(storage, office)),)
        return (screens.loaded(office.texts, upload.file_name, upload.kind, done),)

    await watch(
        office,
        piece,
        message,
        work(),
        during=lambda: screens.loading(office.texts, upload, far.done, far.total),
        stopped=lambda: screens.interrupted(office.texts, upload),
    )


async def what_became(office: Office, job: Job) -> Screen | Upload:
    """Find out how far a process that is gone came; a file is still to be read or looked at when it is returned."""
    async with office.database.read() as storage:
        upload = await storage.uploads.by_id(job.arguments["upload"])
        if upload and job.kind == LOAD:
            return screens.not_loaded(office.texts, upload, job.arguments["seen"])
        if upload:
            return upload
        if job.kind == LOAD and (done := await storage.imports.of_file(job.arguments["sha256"], since=job.made_at)):
            imported = Imported(done.id, Counts(**done.counts))
            return screens.loaded(office.texts, done.file_name, done.kind, imported)
        return screens.no_longer_waits(office.texts, await latest(storage, office))


async def give_up(office: Office, job: Job, message: ProgressMessage | None) -> None:
    """Say that a file will not be read again, because that ended the process, and forget it."""
    piece = Piece(job.id)
    name = job.arguments.get("file_name") or "?"
    if job.kind != RECEIVE:
        async with office.database.read() as storage:
            upload = await storage.uploads.by_id(job.arguments["upload"])
        piece.spent, name = job.arguments["upload"], upload.file_name if upload else name
    said = screens.unreadable(office.texts, name, Refusal("failed_twice"))
    await conclude(office, piece, message, said, state=JobState.FAILED)


async def latest(storage: Storage, office: Office) -> tuple[Import, ...]:
    """Return the latest imports this office may see."""
    return await imports_for(storage, by=office.person_id, limit=LATEST, now=office.now, profile=office.profile)


async def one_import(storage: Storage, office: Office, number: int) -> Screen:
    """Show an import that was done; the latest ones where there is none of this number for this office."""
    texts = office.texts
    done = await import_for(storage, number, by=office.person_id, now=office.now, profile=office.profile)
    if done is None:
        return screens.no_longer_waits(texts, await latest(storage, office))
    names = await storage.people.by_ids(each for each in (done.actor, done.undone_by) if each)
    actor, undone_by = (names[each].name.short if each in names else None for each in (done.actor, done.undone_by))
    return screens.one_import(texts, done, actor, undone_by, await delivery(storage, group_of(done.id)))


async def conclude(
    office: Office, piece: Piece, message: ProgressMessage | None, *said: Screen, state: JobState = JobState.DONE
) -> None:
    """Say what came of a job, now or, where that cannot be, as owed messages; the job is over."""
    owed: tuple[Screen, ...] = said
    try:
        if message:
            await message.show(*said)
        else:
            for screen in said:
                await send(office.bot, office.chat, screen)
        owed = ()
    except (TelegramAPIError, ClientDecodeError) as error:
        log.warning("what came of a job is owed", job=piece.id, error=type(error).__name__)
    async with office.database.write() as storage:
        for screen in owed:
            await storage.outbox.add(owed_screen(office.chat, screen, now=office.now))
        if piece.spent is not None:
            await storage.uploads.drop(piece.spent)
        await storage.jobs.end(piece.id, state, at=office.now)
        await storage.commit()


@asynccontextmanager
async def turn(office: Office, piece: Piece) -> AsyncIterator[None]:
    """Wait for the turn, and have it in the records that the work of a job begins: it may end the process.

    Once it has ended, or was stopped in order, it has not: what ends the process later is not to blame on it.
    """
    async with office.turn:
        async with office.database.write() as storage:
            await storage.jobs.work_begins(piece.id)
            await storage.commit()
        try:
            yield
        finally:
            async with office.database.write() as storage:
                await storage.jobs.work_stopped(piece.id)
                await storage.commit()


async def _tell_in(office: Office, piece: Piece, message: ProgressMessage) -> None:
    async with office.database.write() as storage:
        await storage.jobs.tell_in(piece.id, message.message_id)
        await storage.commit()


async def begun(office: Office, screen: Screen) -> ProgressMessage | None:
    """Begin to tell how far something is; None where Telegram takes no message now."""
    try:
        return await ProgressMessage.send(office.bot, office.chat, screen)
    except (TelegramAPIError, ClientDecodeError):
        return None


async def watch(
    office: Office,
    piece: Piece,
    message: ProgressMessage | None,
    work: Coroutine[Any, Any, tuple[Screen, ...]],
    *,
    during: Callable[[], Screen],
    stopped: Callable[[], Screen],
) -> None:
    """Show how far work is, what came of it, that it was stopped, or that it failed; stopped, it is no job's end.

    Raises TroubleError: that storage does not work is no job's end either.
    """
    with noting() as noted:
        try:
            said = await (message.during(work, during) if message else work)
        except asyncio.CancelledError:
            if message:
                with suppress(TelegramAPIError):
                    await message.show(stopped())
            raise
        except TroubleError:
            raise
        except Exception:
            log.exception("file not dealt with")
            said = (Screen(broken(office.texts, office.profile)),)
    await conclude(office, piece, message, *said)
    if noted:
        async with office.database.write() as storage:
            await keep(storage, noted, zone=office.profile.university.zone)


async def _downloaded(bot: Bot, document: Document) -> bytes | None:
    try:
        downloaded = await bot.download(document, timeout=DOWNLOAD_SECONDS)
    except (TelegramAPIError, ClientError, OSError) as error:
        log.warning("file not downloaded", error=type(error).__name__)
        return None
    return downloaded.read() if downloaded else None


async def _keep(office: Office, piece: Piece, name: str, kind: Kind | None, content: bytes) -> Upload:
    async with office.database.write() as storage:
        number = await storage.uploads.keep(
            user_id=office.chat,
            person_id=office.person_id,
            kind=kind,
            file_name=name,
            content=content,
            sent_at=office.now,
        )
        await storage.jobs.go_on_as(piece.id, LOOK, {"upload": number})
        await storage.commit()
    return Upload(number, office.chat, office.person_id, kind, name, content, office.now)


async def shown_again(
    office: Office,
    piece: Piece,
    upload: Upload,
    far: Progress,
    *,
    stale: bool = False,
    reading: Reading | None = None,
) -> tuple[Screen, ...]:
    """Return the preview of a file of a known kind; one that will never be loaded waits no longer."""
    shown, seen = await previewed(office, upload, far, reading)
    async with office.database.write() as storage:
        await record_preview(storage, shown, by=office.person_id, now=office.now)
        if shown.nothing_to_do:
            await agreed(storage, shown.kind, at=office.now)
        periods = await _latest_periods(storage, office) if "period" in shown.lacks else {}
        await storage.commit()
    if shown.asks and "period" in shown.lacks:
        return (screens.ask_period(office.texts, upload, periods),)
    if shown.asks:
        return (screens.ask_course(office.texts, upload),)
    if not shown.plan.steps:
        piece.spent = upload.id
    async with office.database.read() as storage:
        people = await storage.people.by_ids(each.grant.person_id for each in shown.by_two.roles)
    names = {person_id: person.name.short for person_id, person in people.items()}
    return screens.preview(office.texts, shown, upload, seen, names=names, stale=stale)


async def _latest_periods(storage: Storage, office: Office) -> dict[str, str]:
    """Return the latest periods that have begun, or have marks, with their names; the latest first."""
    today = office.now.astimezone(office.profile.university.zone).date()
    dates = await storage.calendar.dates()
    begun = {name for name, each in dates.items() if min(span.starts for span in each.spans.values()) <= today}
    found = sorted({*begun, *await storage.sheets.periods(limit=PERIODS)}, reverse=True)[:PERIODS]
    summer = {name: PeriodEvent.SUMMER in dates[name].spans if name in dates else None for name in found}
    return {name: period_name(office.texts, name, summer=summer[name]) for name in found}


async def previewed(
    office: Office, upload: Upload, far: Progress, reading: Reading | None = None
) -> tuple[Preview, str]:
    """Return what loading a waiting file would do, and what tells this preview from another."""
    today = office.now.astimezone(office.profile.university.zone).date()
    async with office.database.read() as storage:
        shown = await preview(
            storage,
            kind=Kind(upload.kind or ""),
            source=reading or upload.content,
            file_name=upload.file_name,
            profile=office.profile,
            now=office.now,
            given=Given(upload.period, upload.course_code),
            scope=scope_of(await storage.roles.of_person(office.person_id), on=today),
            progress=far,
        )
    return shown, await asyncio.to_thread(fingerprint, shown)
