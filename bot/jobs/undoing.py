"""An import on its way back: what that would mean, the table of it, taken back alone or proposed to a second person."""

from collections.abc import Coroutine
from typing import Any

from bot.i18n import lines
from bot.jobs.imports import Office, Piece, begun, one_import, turn, watch
from bot.jobs.motions import proposed
from bot.jobs.work import ProgressMessage
from bot.screen import Screen
from bot.screens import motions as motion_screens
from bot.screens import undoing as screens
from bot.words.records import WORDS
from bot.words.requests import STATES
from policy.decision import Refused
from policy.marks import Outcome
from policy.requests import RequestState
from services.importing import Undone, UndoRefusal, UndoRefused, undo
from services.importing.undo_table import UndoTable, undo_csv, undo_table
from services.importing.undoing import Withdrawal, about_import, may_undo, propose_undo, withdrawal_of
from services.motions.deciding import open_motion
from services.reads import record_read
from storage.jobs import Job
from storage.unit import Storage

LOOK_BACK = "look at undo"  # the kinds of jobs
TABLE = "table of undo"
TAKE_BACK = "take import back"


def key_of(number: int) -> str:
    """Return the key under which one piece of work on an import goes on at a time."""
    return f"import {number}"


async def look_back(office: Office, piece: Piece, number: int, reason: str) -> None:
    """Show what taking an import back would mean, with the button for it."""
    message = await _begun(office, piece, screens.looking(office.texts, number))

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            found = await _looked(office, number)
        if isinstance(found, UndoRefused):
            return (screens.undo_refused(office.texts, number, found),)
        those, table = found
        counted = lines(*motion_screens.undo_counts(office.texts, those.counts(table.gpa_changes if table else None)))
        return (
            screens.outlook(
                office.texts,
                those.done,
                reason,
                counted,
                alone=not those.needs_second(office.now),
                chair=bool(those.appeals),
                marks=bool(those.marks),
            ),
        )

    await _watch(office, piece, message, work(), number=number, going=screens.looking(office.texts, number))


async def show_table(office: Office, piece: Piece, number: int) -> None:
    """Send the table of what taking an import back would mean, mark by mark."""
    message = await _begun(office, piece, screens.looking(office.texts, number))

    async def work() -> tuple[Screen, ...]:
        async with turn(office, piece):
            found = await _looked(office, number)
        if isinstance(found, UndoRefused):
            return (screens.undo_refused(office.texts, number, found),)
        those, table = found
        if table is None:
            return (screens.undo_refused(office.texts, number, UndoRefused(UndoRefusal.NO_SUCH_IMPORT)),)
        async with office.database.write() as storage:
            by, now = office.person_id, office.now
            await record_read(storage, of=sorted(those.students), what="marks", cause="undo", by=by, now=now)
            await storage.commit()
        outcomes = {each.value: office.texts.plain(WORDS[each]) for each in Outcome}
        states = {each.value: office.texts.plain(STATES[each]) for each in RequestState}
        content = undo_csv(table, office.texts.language, outcomes, states)
        return screens.table(office.texts, number, content)

    await _watch(office, piece, message, work(), number=number, going=screens.looking(office.texts, number))


async def take_back(office: Office, piece: Piece, number: int, reason: str, *, alone: bool) -> None:
    """Take an import back, or propose it to a second person, or tell why it stays."""
    going = screens.taking_back(office.texts, number)
    message = await _begun(office, piece, going)
    by, now, profile = office.person_id, office.now, office.profile

    async def work() -> tuple[Screen, ...]:
        if alone:
            async with turn(office, piece), office.database.write() as storage:
                done = await undo(storage, number, now=now, actor=by, reason=reason, profile=profile)
            if isinstance(done, Undone):
                return (screens.undone(office.texts, done),)
            return (_refused(office, number, done),)
        async with turn(office, piece):
            found = await _looked(office, number)
        table = None if isinstance(found, UndoRefused) else found[1]
        async with office.database.write() as storage:
            motion = await propose_undo(
                storage,
                number,
                by=by,
                reason=reason,
                now=now,
                profile=profile,
                gpa_changes=table.gpa_changes if table else None,
            )
            if isinstance(motion, UndoRefused | Refused):
                return (_refused(office, number, motion),)
            return (await proposed(storage, motion, office.texts, by=by, now=now, profile=profile),)

    await _watch(office, piece, message, work(), number=number, going=going)


async def what_became(office: Office, job: Job) -> Screen:
    """Find out how far a process that is gone came: how the import stands, and the motion about it."""
    number: int = job.arguments["number"]
    async with office.database.read() as storage:
        return await one_import(storage, office, number)


async def _looked(office: Office, number: int) -> tuple[Withdrawal, UndoTable | None] | UndoRefused:
    """Work out what taking an import back would mean, for somebody whose role reaches all of it."""
    now, profile = office.now, office.profile
    async with office.database.read() as storage:
        those = await withdrawal_of(storage, number, now=now, profile=profile)
        if isinstance(those, UndoRefused):
            return those
        if not await _may_look(storage, office, those):
            return UndoRefused(UndoRefusal.NOT_ALLOWED)
        return those, await undo_table(storage, those, now=now, profile=profile) if those.marks else None


async def _may_look(storage: Storage, office: Office, those: Withdrawal) -> bool:
    """Tell whether somebody may see an import mark by mark: whose role reaches it, or who is to confirm."""
    by, now, profile = office.person_id, office.now, office.profile
    if await may_undo(storage, those, by=by, now=now, profile=profile):
        return True
    motion = await storage.motions.open_about(about_import(those.done.id))
    return motion is not None and (await open_motion(storage, motion, by=by, now=now, profile=profile)).may_carry


def _refused(office: Office, number: int, refused: UndoRefused | Refused[Any]) -> Screen:
    if isinstance(refused, UndoRefused):
        return screens.undo_refused(office.texts, number, refused)
    return motion_screens.refused(office.texts, refused)


async def _watch(
    office: Office,
    piece: Piece,
    message: ProgressMessage | None,
    work: Coroutine[Any, Any, tuple[Screen, ...]],
    *,
    number: int,
    going: Screen,
) -> None:
    await watch(
        office,
        piece,
        message,
        work,
        during=lambda: going,
        stopped=lambda: screens.undo_interrupted(office.texts, number),
    )


async def _begun(office: Office, piece: Piece, screen: Screen) -> ProgressMessage | None:
    message = await begun(office, screen)
    if message:
        async with office.database.write() as storage:
            await storage.jobs.tell_in(piece.id, message.message_id)
            await storage.commit()
    return message
