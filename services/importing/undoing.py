"""Taking an import back as a whole: what stands on it, who may, and the taking back itself.

Taking back posted marks is a correction of all of them: one person moves it, another carries it, and while appeals are
open or decided on its marks the chair of their commission agrees too. One person alone may within minutes, while
nobody has been told and nothing stands on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from policy.reading import Scope, covers
from policy.requests import DECIDED, OPEN, RequestState
from policy.sheets import is_printed
from policy.two_people import Matter, MotionKind
from services.attempts import note
from services.importing.applying import Because, carry_out
from services.importing.guarding import ByTwo, by_two, gaining, scopes_of
from services.importing.plan import Step
from services.importing.reading import OBJECT
from services.importing.shelves import SHELVES, Acting
from services.links import OFFICE
from services.motions.moving import MotionType, Second, move, today, unreasoned
from services.news import group_of, owe_withdrawn_marks
from services.objects import Key, restored
from services.requests.kinds import KINDS
from services.requests.voiding import make_void
from services.role_news import CHANGES_TOLD, owe_role_news, written_change
from storage.records import Import, Motion
from storage.requests import ExamKey, Request
from storage.unit import Storage

DEPENDENTS_NAMED = 20
Sitting = tuple[str, ExamKey]
"""A student and one of their sittings."""


class UndoRefusal(StrEnum):
    """Why an import is not undone, or not by this person alone."""

    NO_SUCH_IMPORT = "no_such_import"
    UNDONE_BEFORE = "undone_before"
    CHANGED_SINCE = "changed_since"
    SHEET_LOCKED = "sheet_locked"
    NOT_ALLOWED = "not_allowed"  # it holds more than this person's role reaches
    TWO_NEEDED = "two_needed"  # a second person has to agree


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something that stands on what an import brought.

    ``cause`` and ``cause_id`` are what changed the object later ("import", 7), "sheet" where its mark sheet is locked,
    "correction" with the motion that waits, or the table that speaks of a person who would go.
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


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What taking an import back would do: its steps turned round, and what stands on its posted marks.

    ``told`` are students whom news of it has reached; ``by_two`` what of it nobody does alone besides
    withdrawing ``marks``. ``alone_until`` is when one person may no longer do it (None: one person may in any case, or
    never).
    """

    done: Import
    steps: tuple[Step, ...]
    scopes: frozenset[Scope]
    marks: frozenset[Sitting]
    told: frozenset[str]
    has_left: bool
    appeals_open: tuple[Request, ...]
    appeals_decided: tuple[Request, ...]
    granted: tuple[Request, ...]
    by_two: ByTwo
    alone_until: datetime | None = field(default=None)

    @property
    def students(self) -> frozenset[str]:
        """Whose posted marks would go."""
        return frozenset(student_id for student_id, _ in self.marks)

    @property
    def appeals(self) -> tuple[Request, ...]:
        """The appeals on its marks, open or decided."""
        return (*self.appeals_open, *self.appeals_decided)

    def counts(self, gpa_changes: int | None) -> dict[str, int | None]:
        """Count what whoever decides has to know; `gpa_changes`: students whose GPA would be another, if known."""
        return {
            "marks": len(self.marks),
            "students": len(self.students),
            "told": len(self.told & self.students),
            "appeals_open": len(self.appeals_open),
            "appeals_decided": len(self.appeals_decided),
            "granted": len(self.granted),
            "gpa_changes": gpa_changes,
        }

    def needs_second(self, now: datetime, *, owner: bool = False) -> bool:
        """Tell whether one person alone may not take it back now; the machine's `owner` acts alone on roles."""
        if self.by_two and not owner:
            return True
        if not self.marks:
            return False
        in_time = self.alone_until is not None and now < self.alone_until
        return not in_time or self.has_left or bool(self.appeals or self.granted)


async def withdrawal_of(
    storage: Storage, import_id: int, *, now: datetime, profile: Profile
) -> Withdrawal | UndoRefused:
    """Work out what taking an import back would do, or why it cannot be; changes nothing.

    Refused when anything it brought is no longer what it brought (but for marks an appeal raised) or carries something
    now, and when such a mark stands on a locked sheet; what stands on it is named, so that it can be undone first.
    """
    done = await storage.imports.by_id(import_id)
    if done is None:
        return UndoRefused(UndoRefusal.NO_SUCH_IMPORT)
    if done.undone_at is not None:
        return UndoRefused(UndoRefusal.UNDONE_BEFORE)
    steps, changed = await _steps_back(storage, import_id)
    if changed:
        return UndoRefused(UndoRefusal.CHANGED_SINCE, await _named(storage, changed))
    if moved := await _moved(storage, steps):
        return UndoRefused(UndoRefusal.CHANGED_SINCE, moved)
    if locked := await _locked(storage, steps):
        return UndoRefused(UndoRefusal.SHEET_LOCKED, locked)
    marks = _withdrawn(steps)
    requests = await storage.requests.of_exams(marks)
    appeals = await _standing(storage, requests, since=done.at)
    return Withdrawal(
        done,
        tuple(steps),
        await scopes_of(storage, steps),
        marks,
        await storage.outbox.reached(group_of(import_id)),
        await storage.outbox.has_left(group_of(import_id)),
        appeals_open=tuple(each for each in appeals if each.open),
        appeals_decided=tuple(each for each in appeals if not each.open),
        granted=tuple(each for each in requests if KINDS[each.kind].gives_seat and each.state in _MAY_GO),
        by_two=await by_two(storage, steps, on=today(now, profile)),
        alone_until=done.at + timedelta(minutes=profile.service.undo_alone_minutes) if marks else None,
    )


async def may_undo(storage: Storage, those: Withdrawal, *, by: str | None, now: datetime, profile: Profile) -> bool:
    """Tell whether somebody's roles reach all of an import; the command line's do. That they do not is noted."""
    if by is None:
        return True
    held = await storage.roles.of_person(by)
    if covers(held, OFFICE, those.scopes, on=today(now, profile)):
        return True
    note_unallowed(those.done.id, UndoRefusal.NOT_ALLOWED, by=by, now=now)
    return False


async def undo(
    storage: Storage, import_id: int, *, now: datetime, actor: str | None, reason: str, profile: Profile
) -> Undone | UndoRefused | Refused[Any]:
    """Take an import back alone, owe the news to those it was told, and commit; ``actor`` None: the command line.

    TWO_NEEDED where that takes a second person: see `propose_undo`.
    """
    if refused := unreasoned(reason):
        return refused
    await storage.imports.take_turn()
    await storage.outbox.withdraw_group(group_of(import_id))  # what leaves from here on is not about this import
    those = await withdrawal_of(storage, import_id, now=now, profile=profile)
    refusal = await _refusal(storage, those, by=actor, now=now, profile=profile)
    if refusal is None and isinstance(those, Withdrawal) and those.needs_second(now, owner=actor is None):
        refusal = UndoRefused(UndoRefusal.TWO_NEEDED)
        note_unallowed(import_id, UndoRefusal.TWO_NEEDED, by=actor, now=now)
    if refusal is None and isinstance(those, Withdrawal):
        because = Because("undo", import_id, Acting(now, actor), reason.strip())
        outcome = await _take_back(storage, those, because, on=today(now, profile))
        if isinstance(outcome, Undone):
            await storage.commit()
            return outcome
        refusal = outcome
    await storage.rollback()
    return refusal or UndoRefused(UndoRefusal.NO_SUCH_IMPORT)


async def propose_undo(
    storage: Storage,
    import_id: int,
    *,
    by: str | None,
    reason: str,
    now: datetime,
    profile: Profile,
    gpa_changes: int | None = None,
) -> Motion | UndoRefused | Refused[Any]:
    """Move to take an import back, for somebody of the office or (None) the command line. Commits.

    `gpa_changes` is how many students' GPA would be another, as `undo_table` counted (None: it was not asked).
    """
    if refused := unreasoned(reason):
        return refused
    those = await withdrawal_of(storage, import_id, now=now, profile=profile)
    refusal = await _refusal(storage, those, by=by, now=now, profile=profile)
    if isinstance(those, UndoRefused) or refusal:
        return refusal or UndoRefused(UndoRefusal.NO_SUCH_IMPORT)
    return await move(
        storage,
        UNDO,
        about=about_import(import_id),
        content={
            "import": import_id,
            "scopes": sorted(those.scopes, key=str),
            "courses": sorted({(exam.period, exam.course_code) for _, exam in those.marks}),
            "roles": bool(those.by_two),
            "counts": those.counts(gpa_changes),
            "changes": [written_change(each) for each in those.by_two.roles[:CHANGES_TOLD]],
            "number": len(those.by_two.roles),
        },
        reason=reason,
        by=by,
        now=now,
        profile=profile,
    )


def about_import(import_id: int) -> str:
    """Return what a motion about an import is about."""
    return f"import:{import_id}"


async def _refusal(
    storage: Storage, those: Withdrawal | UndoRefused, *, by: str | None, now: datetime, profile: Profile
) -> UndoRefused | None:
    if isinstance(those, UndoRefused):
        return those
    if not await may_undo(storage, those, by=by, now=now, profile=profile):
        return UndoRefused(UndoRefusal.NOT_ALLOWED)
    return None


def note_unallowed(import_id: int, why: UndoRefusal, *, by: str | None, now: datetime) -> None:
    """Note that somebody tried to take back what is not theirs, or not theirs alone."""
    note(why, OBJECT, import_id, by=by, cause="undo", now=now)


async def _matter(storage: Storage, motion: Motion, profile: Profile) -> Matter:
    """Say who may carry the taking back: not who is in it, and with the chair's consent where appeals stand on it."""
    number = motion.content["import"]
    roles = (Role.ADMIN,) if motion.content["roles"] else profile.service.correction_confirmed_by
    done = await storage.imports.by_id(number)
    appeals = await _appeals_on(storage, number, motion.content["courses"], since=done.at) if done else ()
    return Matter(
        roles=roles,
        scopes=frozenset(motion.content["scopes"]),
        gains=await gaining(storage, "import", number, roles),
        needs_chair=bool(appeals),
    )


async def _carry(storage: Storage, motion: Motion, second: Second) -> Undone | Refused[Any]:
    await storage.imports.take_turn()
    number = motion.content["import"]
    await storage.outbox.withdraw_group(group_of(number))
    those = await withdrawal_of(storage, number, now=second.now, profile=second.profile)
    if isinstance(those, UndoRefused):
        return Refused(those.reason, (HOUSE,))
    because = Because("undo", number, Acting(second.now, motion.moved_by), motion.reason)
    day = today(second.now, second.profile)
    outcome = await _take_back(storage, those, because, on=day, second=second.by)
    return Refused(outcome.reason, (HOUSE,)) if isinstance(outcome, UndoRefused) else outcome


UNDO = MotionType(MotionKind.UNDO, matter=_matter, carry=_carry, takes_long=True)

_MAY_GO = {*OPEN, RequestState.APPROVED}


async def _take_back(
    storage: Storage, those: Withdrawal, because: Because, *, on: date, second: str | None = None
) -> Undone | UndoRefused:
    """Write the steps, end what was filed because of the marks, owe the news. The caller commits, or rolls back."""
    people = [step for step in those.steps if _removes_somebody(step)]
    others = [step for step in those.steps if not _removes_somebody(step)]
    at, why = because.acting.at, because.why or ""
    await owe_withdrawn_marks(storage, those.steps, import_id=those.done.id, reason=why, now=at)
    filed_since = [each for each in those.appeals_open if each.received_at >= those.done.at]  # others await a new mark
    for request in sorted((*filed_since, *those.granted), key=lambda each: each.id):
        await make_void(storage, request.id, by=because.acting.by, why=why, now=at)
    await carry_out(storage, others, because)
    if bound := await storage.people.bound(step.key[0] for step in people):
        dependents = [Dependent("person", (person_id,), table) for person_id, table in sorted(bound.items())]
        return UndoRefused(UndoRefusal.CHANGED_SINCE, tuple(dependents[:DEPENDENTS_NAMED]))
    await carry_out(storage, people, because)
    await owe_role_news(
        storage, those.by_two.roles, by=because.acting.by, second=second, mark=f"undo:{those.done.id}", now=at, today=on
    )
    await storage.imports.mark_undone(those.done.id, at=at, by=because.acting.by)
    return Undone(those.done.id, len(those.steps), tuple(sorted(those.students)))


def _removes_somebody(step: Step) -> bool:
    return step.object in {"person", "student"} and step.after is None


async def _steps_back(storage: Storage, import_id: int) -> tuple[list[Step], list[tuple[str, Key]]]:
    """Return the import's steps turned round, in an order that can be written, and what is no longer as it left it.

    A course that others have named since stays as it is: it is only a name. A mark that an appeal raised goes as it is.
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
        for step in mine:
            now = stored.get(step.key)
            if now == step.before:
                kept.append(step)
            elif name == "attempt" and now is not None and await _only_raised(storage, step.key):
                kept.append(Step(name, step.key, now, step.after))
            elif name != "course":
                changed.append((name, step.key))
    return kept, changed + await _attempts_since(storage, steps)


async def _only_raised(storage: Storage, key: Key) -> bool:
    """Tell whether nothing but appeals has changed an attempt since a file brought it."""
    causes = [change.cause for change in await storage.changes.of("attempt", key)]
    since = causes[len(causes) - causes[::-1].index("import") :]
    return bool(since) and set(since) == {"appeal"}


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


async def _moved(storage: Storage, steps: list[Step]) -> tuple[Dependent, ...]:
    """Return the corrections of these attempts that wait for a second person: they would be left with no mark."""
    own = {":".join(("attempt", *step.key)): step.key for step in steps if step.object == "attempt"}
    waiting = [each for each in await storage.motions.open() if each.kind is MotionKind.CORRECTION]
    return tuple(Dependent("attempt", own[each.about], "correction", each.id) for each in waiting if each.about in own)


def _withdrawn(steps: Iterable[Step]) -> frozenset[Sitting]:
    """Return the sittings whose posted marks would go, or become what they were before."""
    return frozenset(
        (step.key[0], ExamKey(step.key[1], step.key[2], int(step.key[3])))
        for step in steps
        if step.object == "attempt" and step.before.outcome is not None
        if step.after is None or step.after.outcome is None
    )


async def _standing(storage: Storage, requests: Iterable[Request], *, since: datetime) -> tuple[Request, ...]:
    """Return the appeals among these that stand on marks that came then: open ones, and those decided since."""
    appeals = [each for each in requests if KINDS[each.kind].gives_points and (each.open or each.state in DECIDED)]
    decisions = await storage.requests.decisions_of(each.id for each in appeals)
    return tuple(
        each for each in appeals if each.open or any(one.signed_at >= since for one in decisions.get(each.id, ()))
    )


async def _appeals_on(
    storage: Storage, import_id: int, courses: Iterable[tuple[str, str]], *, since: datetime
) -> list[Request]:
    """Return the appeals that stand on marks which an import brought."""
    found = []
    for period, course in courses:
        requests = await storage.requests.of_course(period, course)
        for request in await _standing(storage, requests, since=since):
            changes = await storage.changes.of("attempt", (request.student_id, *map(str, request.exam)))
            if any((each.cause, each.cause_id) == ("import", import_id) for each in changes):
                found.append(request)
    return found


async def _locked(storage: Storage, steps: list[Step]) -> tuple[Dependent, ...]:
    attempts: Mapping[Key, tuple[str, str, str]] = {
        step.key: (step.key[0], step.key[1], step.key[2]) for step in steps if step.object == "attempt"
    }
    enrolments = await storage.marks.by_keys(attempts.values())
    sheets = {period: await storage.sheets.locked_in(period) for period in {key[1] for key in enrolments}}
    found = []
    for step in steps:
        if step.object == "attempt" and (enrolment := enrolments.get(attempts[step.key])):
            lock = sheets[enrolment.period].get((enrolment.course.code, enrolment.group or ""))
            if lock and is_printed(step.before, lock.locked_at):
                found.append(Dependent("attempt", step.key, "sheet"))
    return tuple(found[:DEPENDENTS_NAMED])
