"""Motions on their way: a file proposed, one carried that takes long, and what is said of them."""

import asyncio
from datetime import datetime

from bot.i18n import Html, Texts
from bot.jobs.imports import Far, Office, Piece, begun, previewed, shown_again, turn, watch
from bot.jobs.work import ProgressMessage
from bot.screen import Screen
from bot.screens import imports as file_screens
from bot.screens import motions as screens
from bot.screens.undoing import what_was_undone
from policy.calendar import Windows
from policy.decision import Refused
from policy.profile import Profile
from policy.two_people import MotionKind
from services.corrections import Applied, applied_of
from services.importing import Imported, Undone, differences_csv
from services.importing.loading import preview_of, propose_load
from services.importing.seen import record_preview
from services.motions.cases import MotionCase, motion_case
from services.motions.deciding import Carried, carry, may_read
from services.motions.moving import MotionRefusal, group_of
from storage.jobs import Job
from storage.records import Motion, Upload
from storage.unit import Storage

PROPOSE = "propose file"  # the kinds of jobs
CARRY = "carry motion"
TABLE = "table of motion"


def key_of(number: int) -> str:
    """Return the key under which one piece of work on a motion goes on at a time."""
    return f"motion {number}"


async def propose(office: Office, piece: Piece, upload: Upload, *, seen: str, reason: str) -> None:
    """Move to load a waiting file that takes two people, if that would do what its preview showed."""
    far = Far()
    message = await begun(office, file_screens.reading(office.texts, upload, 0))

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            shown, sees = await previewed(office, upload, far)
            if sees != seen or not shown.by_two:
                return await shown_again(office, piece, upload, far, stale=True)
        async with office.database.write() as storage:
            by, now, profile = office.person_id, office.now, office.profile
            motion = await propose_load(storage, upload, shown, seen, by=by, reason=reason, now=now, profile=profile)
            if isinstance(motion, Refused):
                return (screens.refused(office.texts, motion),)
            return (await proposed(storage, motion, office.texts, by=by, now=now, profile=profile),)

    await watch(
        office,
        piece,
        message,
        work(),
        during=lambda: file_screens.reading(office.texts, upload, far.done),
        stopped=lambda: file_screens.interrupted(office.texts, upload),
    )


async def carry_out(office: Office, piece: Piece, message: ProgressMessage | None, number: int) -> None:
    """Carry a motion as the second person."""
    by, now, profile = office.person_id, office.now, office.profile

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece), office.database.write() as storage:
            done = await carry(storage, number=number, by=by, now=now, profile=profile)
        async with office.database.read() as storage:
            case = await _case(storage, office, number)
            if isinstance(done, Refused):
                return (screens.refused(office.texts, done, case),)
            if case is None:
                raise LookupError("a motion carried a moment ago is gone")
            words = await carried_words(storage, office.texts, done, now=now, profile=profile)
            return (screens.carried(office.texts, case, *words),)

    await watch(
        office,
        piece,
        message,
        work(),
        during=lambda: screens.carrying(office.texts, number),
        stopped=lambda: screens.carrying_interrupted(office.texts, number),
    )


async def tabulate(office: Office, piece: Piece, number: int) -> None:
    """Give all the values that loading the file of a motion would change, as a file."""

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece), office.database.read() as storage:
            case = await _case(storage, office, number)
            shown = None
            if case and case.motion.kind is MotionKind.LOAD and case.motion.open:
                shown = await preview_of(storage, case.motion, now=office.now, profile=office.profile)
        if shown is None:
            return (screens.refused(office.texts, Refused(MotionRefusal.UNKNOWN, ()), case),)
        async with office.database.write() as storage:
            await record_preview(storage, shown, by=office.person_id, now=office.now)
            await storage.commit()
        content = await asyncio.to_thread(differences_csv, shown.plan, office.texts.language.value)
        return (file_screens.all_changes(office.texts, shown, content),)

    await watch(
        office,
        piece,
        None,
        work(),
        during=lambda: screens.tabulating(office.texts, number),
        stopped=lambda: screens.carrying_interrupted(office.texts, number),
    )


async def what_became(office: Office, job: Job) -> Screen | Upload:
    """Find out how far a process that is gone came: how the motion stands, or the file that was to be proposed."""
    async with office.database.read() as storage:
        if job.kind == PROPOSE:
            upload_id: int = job.arguments["upload"]
            upload = await storage.uploads.by_id(upload_id)
            waiting = [
                each for each in await storage.motions.open() if each.content.get("upload") == job.arguments["upload"]
            ]
            if upload and not waiting:
                return upload
            number = waiting[0].id if waiting else 0
        else:
            number = job.arguments["motion"]
        case = await _case(storage, office, number)
        if case is None:
            return screens.refused(office.texts, Refused(MotionRefusal.UNKNOWN, ()))
        return screens.motion(office.texts, case)


async def proposed(
    storage: Storage, motion: Motion, texts: Texts, *, by: str, now: datetime, profile: Profile
) -> Screen:
    """Confirm to its mover that a motion waits, and how many were asked."""
    asked = [each.person_id for each in await storage.outbox.of_group(group_of(motion.id))]
    linked = await storage.accounts.of_people(each for each in asked if each)
    case = await motion_case(storage, motion, by=by, now=now, profile=profile)
    return screens.proposed(texts, motion, case, len(linked))


async def carried_words(
    storage: Storage, texts: Texts, done: Carried, *, now: datetime, profile: Profile
) -> tuple[Html | None, ...]:
    """Say what took effect, where the kind has more to say than that it did."""
    match done.outcome:
        case Applied():
            account = await storage.accounts.of_person(done.outcome.student_id)
            told = account is not None and account.unreachable_since is None
            found = await applied_of(storage, done.motion.id, now=now, profile=profile)
            appeal = found[1].after.appeal if found else None
            window = isinstance(appeal, Windows) and now in appeal
            return screens.corrected(texts, told=told, window=window)
        case Undone():
            return what_was_undone(texts, done.outcome)
        case Imported():
            return (texts("Loaded: import № {number}", number=done.outcome.import_id),)
    return ()


async def _case(storage: Storage, office: Office, number: int) -> MotionCase | None:
    motion = await storage.motions.by_id(number)
    by, now, profile = office.person_id, office.now, office.profile
    if motion is None or not await may_read(storage, motion, by=by, now=now, profile=profile):
        return None
    return await motion_case(storage, motion, by=by, now=now, profile=profile)
