"""Taking an import back as a whole, where nothing stands on what it brought."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from policy.requests import Kind, RequestState
from policy.sheets import is_printed
from services.importing.applying import Because, carry_out
from services.importing.objects import SHELVES, Acting, restored
from services.importing.plan import Key, Step
from services.news import owe_withdrawn_marks
from services.requests.voiding import make_void
from storage.records import Correction
from storage.requests import ExamKey
from storage.unit import Storage

DEPENDENTS_NAMED = 20


class UndoRefusal(StrEnum):
    """Why an import is not undone."""

    NO_REASON = "no_reason"
    NO_SUCH_IMPORT = "no_such_import"
    UNDONE_BEFORE = "undone_before"
    CHANGED_SINCE = "changed_since"
    SHEET_LOCKED = "sheet_locked"


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something that stands on what an import brought.

    ``cause`` and ``cause_id`` are what changed the object later ("import", 7), "request" with the one that was granted
    because of it, "sheet" where its mark sheet is locked, or the table that speaks of a person who would go.
    """

    object: str
    key: Key
    cause: str
    cause_id: int | None = None


@dataclass(frozen=True, slots=True)
class UndoRefused:
    """An import that stays; ``dependents`` are the first that stand on it."""

    reason: UndoRefusal
    dependents: tuple[Dependent, ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """An import that was taken back: how many objects, and the students whose posted marks were withdrawn."""

    import_id: int
    objects: int
    students: tuple[str, ...]


async def undo(
    storage: Storage, import_id: int, *, now: datetime, actor: str | None, reason: str
) -> Undone | UndoRefused:
    """Take an import back as a whole, owe the news to those it was told, and commit; ``actor`` None: the command line.

    Refused when anything it brought is no longer what it brought or carries something now (named, so that it can be
    undone first), when another exam was granted because of a mark of it, and when such a mark stands on a locked sheet.
    What students filed about its marks and nobody decided is void. The history keeps the import and the undoing.
    """
    if not reason.strip():
        return UndoRefused(UndoRefusal.NO_REASON)
    await storage.imports.take_turn()
    done = await storage.imports.by_id(import_id)
    if done is None:
        return UndoRefused(UndoRefusal.NO_SUCH_IMPORT)
    if done.undone_at is not None:
        return UndoRefused(UndoRefusal.UNDONE_BEFORE)
    steps, changed = await _steps_back(storage, import_id)
    if changed:
        return UndoRefused(UndoRefusal.CHANGED_SINCE, await _named(storage, changed))
    if proposed := await _proposed(storage, steps):
        return UndoRefused(UndoRefusal.CHANGED_SINCE, proposed)
    if granted := await _granted(storage, steps):
        return UndoRefused(UndoRefusal.CHANGED_SINCE, granted)
    if locked := await _locked(storage, steps):
        return UndoRefused(UndoRefusal.SHEET_LOCKED, locked)
    people = [step for step in steps if _removes_somebody(step)]
    others = [step for step in steps if not _removes_somebody(step)]
    because = Because("undo", import_id, Acting(now, actor), reason.strip())
    await owe_withdrawn_marks(storage, steps, import_id=import_id, reason=reason.strip(), now=now)
    await _void(storage, steps, since=done.at, because=because)
    await carry_out(storage, others, because)
    if bound := await storage.people.bound(step.key[0] for step in people):
        await storage.rollback()
        dependents = [Dependent("person", (person_id,), table) for person_id, table in sorted(bound.items())]
        return UndoRefused(UndoRefusal.CHANGED_SINCE, tuple(dependents[:DEPENDENTS_NAMED]))
    await carry_out(storage, people, because)
    await storage.imports.mark_undone(import_id, at=now, by=actor)
    await storage.commit()
    withdrawn = {step.key[0]: None for step in steps if step.object == "attempt" and step.before.outcome is not None}
    return Undone(import_id, len(steps), tuple(withdrawn))


def _removes_somebody(step: Step) -> bool:
    return step.object in {"person", "student"} and step.after is None


async def _steps_back(storage: Storage, import_id: int) -> tuple[list[Step], list[tuple[str, Key]]]:
    """Return the import's steps turned round, in an order that can be written, and what is no longer as it left it.

    A course that others have named since stays as it is: it is only a name.
    """
    steps = []
    async for change in storage.changes.caused_by("import", import_id):
        record_type = SHELVES[change.object].record_type
        before = change.after and restored(record_type, change.after, change.key)
        after = change.before and restored(record_type, change.before, change.key)
        steps.append(Step(change.object, change.key, before, after))
    changed: list[tuple[str, Key]] = []
    kept = []
    for name, some in groupby(steps, key=lambda step: step.object):
        mine = list(some)
        stored = await SHELVES[name].read(storage, [step.key for step in mine])
        differing = {step.key for step in mine if stored.get(step.key) != step.before}
        kept += [step for step in mine if step.key not in differing]
        if name != "course":
            changed += [(name, key) for key in sorted(differing)]
    return kept, changed + await _attempts_since(storage, steps)


async def _attempts_since(storage: Storage, steps: list[Step]) -> list[tuple[str, Key]]:
    """Return the attempts that others have put under enrolments which would go."""
    going = {
        (step.key[0], step.key[1], step.key[2]) for step in steps if step.object == "enrolment" and step.after is None
    }
    own = {step.key for step in steps if step.object == "attempt"}
    enrolments = await storage.marks.by_keys(going)
    keys = ((*key, str(attempt.number)) for key, each in enrolments.items() for attempt in each.attempts)
    return [("attempt", key) for key in keys if key not in own]


async def _named(storage: Storage, changed: list[tuple[str, Key]]) -> tuple[Dependent, ...]:
    """Say for the first of these objects what changed them last."""
    dependents = []
    for name, key in changed[:DEPENDENTS_NAMED]:
        last = (await storage.changes.of(name, key))[-1]
        dependents.append(Dependent(name, key, last.cause, last.cause_id))
    return tuple(dependents)


async def _proposed(storage: Storage, steps: list[Step]) -> tuple[Dependent, ...]:
    """Return the corrections of these attempts that wait for a second person: they would be left with no mark."""
    own = {step.key for step in steps if step.object == "attempt"}
    waiting = ((each, _key_of(each)) for each in await storage.corrections.waiting())
    return tuple(Dependent("attempt", key, "correction", each.id) for each, key in waiting if key in own)


def _key_of(correction: Correction) -> Key:
    return correction.student_id, correction.period, correction.course_code, str(correction.attempt)


def _withdrawn(steps: list[Step]) -> set[tuple[str, ExamKey]]:
    """Return the sittings whose posted marks would go."""
    return {
        (step.key[0], ExamKey(step.key[1], step.key[2], int(step.key[3])))
        for step in steps
        if step.object == "attempt" and step.before.outcome is not None
        if step.after is None or step.after.outcome is None
    }


async def _granted(storage: Storage, steps: list[Step]) -> tuple[Dependent, ...]:
    """Return the marks because of which another exam was granted."""
    marks = _withdrawn(steps)
    granted = await storage.requests.in_states((Kind.RETAKE, Kind.MISSED_EXAM), (RequestState.APPROVED,))
    found = [
        Dependent("attempt", (each.student_id, *map(str, each.exam)), "request", each.id)
        for each in granted
        if (each.student_id, each.exam) in marks
    ]
    return tuple(found[:DEPENDENTS_NAMED])


async def _void(storage: Storage, steps: list[Step], *, since: datetime, because: Because) -> None:
    """End what was filed because of these marks; an exam that is appealed while it runs, or complained of, has none."""
    for request in await storage.requests.open_of_exams(_withdrawn(steps)):
        if request.kind is not Kind.APPEAL_PROCEDURE and request.received_at >= since:
            acting = because.acting
            await make_void(storage, request.id, by=acting.by, why=because.why or "", now=acting.at)


async def _locked(storage: Storage, steps: list[Step]) -> tuple[Dependent, ...]:
    attempts = {step.key: (step.key[0], step.key[1], step.key[2]) for step in steps if step.object == "attempt"}
    enrolments = await storage.marks.by_keys(attempts.values())
    sheets = {period: await storage.sheets.locked_in(period) for period in {key[1] for key in enrolments}}
    found = []
    for step in steps:
        if step.object == "attempt" and (enrolment := enrolments.get(attempts[step.key])):
            lock = sheets[enrolment.period].get((enrolment.course.code, enrolment.group or ""))
            if lock and is_printed(step.before, lock.locked_at):
                found.append(Dependent("attempt", step.key, "sheet"))
    return tuple(found[:DEPENDENTS_NAMED])
