"""The watched folder: what the university's systems export there is loaded, or put aside with all that is wrong.

What would ask a question by hand (`Preview.by_hand`) waits in `waiting/` until somebody confirms or refuses it in chat.
"""

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.delivery.metrics import Meter
from bot.jobs.resuming import MOST_BEGINNINGS
from policy.profile import Profile
from services.clock import Clock
from services.importing import (
    NOTHING,
    Given,
    Kind,
    Preview,
    Refusal,
    Stale,
    given_by_name,
    kind_of,
    opened,
    preview,
    refused_csv,
)
from services.importing.exports import load_export, office_language, pass_export, refuse_export
from services.importing.loading import Waited, propose_export, what_became_of
from services.tabular import Reading, Unreadable, read_source
from storage.database import Database
from storage.jobs import JobState
from storage.trouble import TroubleError
from storage.unit import Storage

SECONDS_BETWEEN = 60
TURN = timedelta(seconds=50)  # of several processes one looks
DONE, REFUSED, WAITING = "done", "refused", "waiting"  # where files go
STAMP = "%Y%m%d-%H%M%S-"  # before the name of a file that was moved
_STAMPED = len("20260115-093000-")
EXPORT = "load export"  # the kind of job
UNFINISHED = (".tmp", ".part", ".filepart", ".crdownload")

Seen = tuple[int, int]  # size, and when it was last written to
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ImportFolder:
    """A folder that is looked into regularly; `turn` lets one file be read at a time in this process."""

    folder: Path
    database: Database
    profile: Profile
    clock: Clock
    turn: asyncio.Semaphore
    meter: Meter
    _seen: dict[Path, Seen] = field(default_factory=dict)
    _digests: dict[tuple[Path, Seen], str] = field(default_factory=dict)  # of what waits

    def join(self, scheduler: AsyncIOScheduler) -> None:
        """Look regularly from now on."""
        scheduler.add_job(self.look, "interval", seconds=SECONDS_BETWEEN)

    async def look(self) -> None:
        """Deal with the files nobody has written to since the last look, people before their marks."""
        found = await asyncio.to_thread(self._files, self.folder)
        ripe = [path for path, seen in found.items() if self._seen.get(path) == seen]
        self._seen = found
        waiting = await asyncio.to_thread(self._files, self.folder / WAITING)
        if (ripe or waiting) and await self._mine():
            for path, seen in waiting.items():
                await self._one(self._look_after(path, seen))
            for path in sorted(ripe, key=_order):
                await self._one(self._take(path, found[path]))
        self.meter.swept("folder", SECONDS_BETWEEN)

    async def _one(self, dealing: Coroutine[Any, Any, None]) -> None:
        """Deal with one file; what goes wrong with it keeps no other from being dealt with."""
        try:
            async with self.turn:
                await dealing
        except TroubleError:
            raise
        except Exception:
            log.exception("file in the folder not dealt with")
        finally:
            dealing.close()

    @staticmethod
    def _files(folder: Path) -> dict[Path, Seen]:
        found = {}
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_file() and not path.name.startswith(".") and not path.name.lower().endswith(UNFINISHED):
                found[path] = _seen(path)
        return found

    async def _look_after(self, path: Path, seen: Seen) -> None:
        """Put a file that waited where what became of it says; nobody was asked or all has changed: look at it anew."""
        now, at = self.clock.now(), (path, seen)
        if at not in self._digests:
            self._digests[at] = sha256(await asyncio.to_thread(path.read_bytes)).hexdigest()
        async with self.database.write() as storage:
            became, why = await what_became_of(storage, self._digests[at], now=now, profile=self.profile)
            if became is Waited.WAITS:
                return
            await storage.commit()
        del self._digests[at]
        match became:
            case Waited.ANEW:
                await asyncio.to_thread(self._bring_back, path)
            case Waited.LOADED:
                await asyncio.to_thread(self._move, path, seen, DONE, now)
            case _:
                await self._refuse(path, seen, (Refusal(became.value, arguments={"why": why} if why else {}),), now)

    async def _mine(self) -> bool:
        async with self.database.write() as storage:
            mine = await storage.pulse.take_turn("folder", at=self.clock.now(), every=TURN)
            await storage.commit()
        return mine

    async def _take(self, path: Path, seen: Seen) -> None:
        """Deal with a file, unless that ended the process twice: then it is put aside."""
        now = self.clock.now()
        job, begun = await self._begin(path, seen, now)
        if begun >= MOST_BEGINNINGS:
            log.error("file given up: reading it ended the process")
            await self._refuse(path, seen, (Refusal("failed_twice"),), now)
        else:
            try:
                await self._deal(path, seen, now)
            except asyncio.CancelledError:
                async with self.database.write() as storage:
                    await storage.jobs.work_stopped(job)
                    await storage.commit()
                raise
        async with self.database.write() as storage:
            await storage.jobs.end(job, JobState.DONE, at=now)
            await storage.commit()

    async def _begin(self, path: Path, seen: Seen, now: datetime) -> tuple[int, int]:
        """Keep that a file is dealt with, and return the number of that job and how often it was begun before."""
        about = {"file": path.name, "size": seen[0], "written": seen[1]}
        async with self.database.write() as storage:
            found = await storage.jobs.of_nobody(EXPORT, about)
            if found is None:
                made = await storage.jobs.begin(EXPORT, about, person_id=None, chat_id=None, message_id=None, at=now)
                found = made, 0
            if found[1] < MOST_BEGINNINGS:
                await storage.jobs.work_begins(found[0])
            await storage.commit()
        return found

    async def _deal(self, path: Path, seen: Seen, now: datetime) -> None:
        try:
            content = await asyncio.to_thread(read_source, path)
            with opened(content, self.profile) as reading:
                kind = _named(path) or await asyncio.to_thread(kind_of, reading, self.profile)
                if kind is None:
                    await self._refuse(path, seen, (), now)
                    return
                async with self.database.read() as storage:
                    written = datetime.fromtimestamp(seen[1] / 1e9, UTC)
                    before = await storage.imports.of_file(sha256(content).hexdigest(), since=written)
                    if before is None:
                        shown, given = await self._preview(storage, kind, path.name, reading, now)
        except Unreadable as error:
            await self._refuse(path, seen, (Refusal(error.reason, arguments=error.arguments),), now)
            return
        if before:  # a process was killed before it moved the file
            log.info("file was loaded before", number=before.id)
        elif shown.refused:
            await self._refuse(path, seen, shown.refusals, now, lacks=shown.lacks)
            return
        elif shown.nothing_to_do:
            async with self.database.write() as storage:
                await pass_export(storage, shown, mark=_mark(path, seen), now=now, profile=self.profile)
            log.info("file says nothing new", kind=kind)
        elif shown.by_hand:
            async with self.database.write() as storage:
                full = await propose_export(storage, shown, content, given=given, now=now, profile=self.profile)
            if full:
                log.warning("file stays where it is: too much waits for somebody already")
                return
            log.info("file waits for somebody", kind=kind)
            await asyncio.to_thread(self._move, path, seen, WAITING, now)
            return
        else:
            async with self.database.write() as storage:
                done = await load_export(storage, shown, now=now, profile=self.profile)
            if isinstance(done, Stale):
                return  # the next look shows it against the records as they are then
            log.info("file loaded", kind=kind, number=done.import_id)
        await asyncio.to_thread(self._move, path, seen, DONE, now)

    async def _preview(
        self, storage: Storage, kind: Kind, name: str, reading: Reading, now: datetime
    ) -> tuple[Preview, Given]:
        """Tell what loading a file would do; where it does not say of which period or course it is, its name may."""
        shown = await preview(storage, kind=kind, source=reading, file_name=name, profile=self.profile, now=now)
        if not shown.asks:
            return shown, NOTHING
        said = given_by_name(name, [code for tier in await storage.spellings.of_courses() for code in tier])
        given = Given(**{each: said[each] for each in shown.lacks})
        if given == NOTHING:
            return shown, NOTHING
        shown = await preview(
            storage, kind=kind, source=reading, file_name=name, profile=self.profile, now=now, given=given
        )
        return shown, given

    async def _refuse(
        self, path: Path, seen: Seen, refusals: tuple[Refusal, ...], now: datetime, *, lacks: Collection[str] = ()
    ) -> None:
        """Put a file aside, all that is wrong with it beside it."""
        log.warning("file refused", refusals=len(refusals))
        async with self.database.write() as storage:
            language = await office_language(storage, now=now, profile=self.profile)
            mark = _mark(path, seen)
            await refuse_export(
                storage, _own_name(path), refusals, lacks=lacks, mark=mark, now=now, profile=self.profile
            )
        wrong = refused_csv(refusals, language.value)
        await asyncio.to_thread(self._move, path, seen, REFUSED, now, wrong)

    def _bring_back(self, path: Path) -> None:
        """Put a file that waited back to be looked at, under the name it was left under unless a newer one has that."""
        target = self.folder / _own_name(path)
        if target.exists():
            target = target.with_name(f"{target.stem}-{path.name[: _STAMPED - 1]}{target.suffix}")
        path.rename(target)

    def _move(self, path: Path, seen: Seen, where: str, now: datetime, wrong: bytes | None = None) -> None:
        """Move a file away, unless it was written to meanwhile: then it is another one."""
        if not path.exists() or _seen(path) != seen:
            return
        stamp = now.astimezone(self.profile.university.zone).strftime(STAMP)
        target = self.folder / where / f"{stamp}{_own_name(path)}"
        target.parent.mkdir(exist_ok=True)
        if wrong is not None:
            target.with_name(target.name + ".refused.csv").write_bytes(wrong)
        path.replace(target)


def _seen(path: Path) -> Seen:
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def _own_name(path: Path) -> str:
    """Return the name a file was left under."""
    return path.name[_STAMPED:] if path.parent.name == WAITING else path.name


def _mark(path: Path, seen: Seen) -> str:
    return f"{path.name}:{seen[0]}:{seen[1]}"


def _named(path: Path) -> Kind | None:
    return next((kind for kind in Kind if path.name.lower().startswith(kind.value)), None)


def _order(path: Path) -> tuple[int, str]:
    kind = _named(path)
    return ([*Kind].index(kind) if kind else len(Kind)), path.name
