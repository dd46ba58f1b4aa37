"""Final mark sheets: what keeps each from being printed, and the printing, which locks its marks (A7, M9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Calendar, ExamSlot, PeriodDates, Windows
from policy.citation import HOUSE
from policy.decision import Decision, Refused
from policy.marks import Course, Enrolment
from policy.people import Role, RoleGrant, Student
from policy.profile import Profile
from policy.reading import Affair, ReadingRefusal, may_see, plays, reach
from policy.requests import desk_of
from policy.sheets import Sheet, SheetRefusal, is_printed, may_print
from policy.two_people import Matter, MotionKind
from services.attempts import note
from services.calendar import calendar_of
from services.motions.moving import MotionRefusal, MotionType, Second, move, today
from services.outages import last_outage
from services.standing import Study
from storage.records import Change, Lock, Motion
from storage.unit import Storage

OBJECT = "sheet"  # in the history


class PrintingRefusal(StrEnum):
    """Why a sheet was not printed or unlocked, besides what the rules say."""

    NO_SUCH_SHEET = "no_such_sheet"
    NOT_ALLOWED = "not_allowed"  # no registrar of these students' institute
    LECTURER = "lecturer"  # nobody acts on a sheet they teach
    NOT_LOCKED = "not_locked"


@dataclass(frozen=True, slots=True)
class SheetStanding:
    """The sheet of a course and a group as it stands; `decision` says whether it may be printed now."""

    period: str
    course: Course
    group: str
    institutes: frozenset[str]
    lecturers: frozenset[str]
    students: int
    sheet: Sheet
    decision: Decision[SheetRefusal]


@dataclass(frozen=True, slots=True)
class SheetUnlocked:
    """A printed sheet whose lock was undone."""

    period: str
    course_code: str
    group: str


@dataclass(frozen=True, slots=True)
class _Facts:
    calendar: Calendar
    profile: Profile
    dates: dict[str, PeriodDates]
    slots: tuple[ExamSlot, ...]
    locks: dict[tuple[str, str], Lock]
    students: dict[str, Student]
    back_at: datetime | None  # after the latest outage
    now: datetime


async def sheets_of_group(
    storage: Storage, period: str, group: str, *, now: datetime, profile: Profile
) -> tuple[SheetStanding, ...]:
    """Return the sheets of a group in a period, by course code."""
    enrolments = await storage.marks.of_group(period, group)
    outage = await last_outage(storage)
    facts = _Facts(
        calendar=await calendar_of(storage, profile=profile),
        profile=profile,
        dates=await storage.calendar.dates_of([period]),
        slots=tuple(each for each in await storage.calendar.exams_in([period]) if each.group == group),
        locks=await storage.sheets.locked_in(period),
        students=await storage.students.by_ids(each.student_id for each in enrolments),
        back_at=outage.ended if outage else None,
        now=now,
    )
    courses: dict[str, list[Enrolment]] = {}
    for enrolment in enrolments:
        courses.setdefault(enrolment.course.code, []).append(enrolment)
    return tuple([await _standing(storage, facts, courses[code], group) for code in sorted(courses)])


async def groups_for(
    storage: Storage, period: str, *, by: str, now: datetime, profile: Profile
) -> tuple[tuple[str, int, int], ...]:
    """Return the groups of a period whose sheets are a registrar's, each with how many there are and are printed."""
    grants = await storage.roles.of_person(by)
    day = today(now, profile)
    if not plays(grants, {Role.REGISTRAR}, on=day):
        return ()
    return await storage.sheets.groups_in(period, within=reach(grants, {Role.REGISTRAR}, on=day))


async def sheets_for(
    storage: Storage, period: str, group: str, *, by: str, now: datetime, profile: Profile
) -> tuple[SheetStanding, ...]:
    """Return the sheets of a group that a registrar meets; that they tried those of another institute is noted.

    A sheet one teaches tells how many appeal: it is left out.
    """
    grants = await storage.roles.of_person(by)
    found = await sheets_of_group(storage, period, group, now=now, profile=profile)
    seen = [_seen(each, by=by, grants=grants, on=today(now, profile)) for each in found]
    refused = [each for each in seen if isinstance(each, Refused)]
    if refused and len(refused) == len(found):
        note(refused[0], OBJECT, period, group, by=by, cause=OBJECT, now=now)
    return tuple(each for each, allowed in zip(found, seen, strict=True) if not isinstance(allowed, Refused))


def _seen(standing: SheetStanding, *, by: str, grants: tuple[RoleGrant, ...], on: date) -> Decision[ReadingRefusal]:
    affair = Affair(scopes=standing.institutes, lecturers=standing.lecturers)
    return may_see(affair, {Role.REGISTRAR}, by=by, grants=grants, on=on)


async def _theirs(
    storage: Storage, period: str, course_code: str, group: str, *, by: str, now: datetime, profile: Profile
) -> SheetStanding | Refused[PrintingRefusal]:
    """Return a sheet that a registrar acts on; that they tried another is noted."""
    found = await sheets_of_group(storage, period, group, now=now, profile=profile)
    standing = next((each for each in found if each.course.code == course_code), None)
    if standing is None:
        return Refused(PrintingRefusal.NO_SUCH_SHEET, (HOUSE,))
    grants = await storage.roles.of_person(by)
    seen = _seen(standing, by=by, grants=grants, on=today(now, profile))
    if isinstance(seen, Refused):
        note(seen, OBJECT, period, course_code, group, by=by, cause=OBJECT, now=now)
        lecturer = seen.reason is ReadingRefusal.LECTURER
        return Refused(PrintingRefusal.LECTURER if lecturer else PrintingRefusal.NOT_ALLOWED, (HOUSE,))
    return standing


async def print_sheet(
    storage: Storage,
    *,
    period: str,
    course_code: str,
    group: str,
    under_way: bool,
    by: str,
    now: datetime,
    profile: Profile,
) -> SheetStanding | Refused[SheetRefusal | PrintingRefusal]:
    """Keep that a registrar printed a final sheet: its marks are locked from now on. Commits.

    `under_way`: something that was sent before is not handled yet, and may be an appeal.
    """
    await storage.imports.take_turn()  # no mark comes in between
    standing = await _theirs(storage, period, course_code, group, by=by, now=now, profile=profile)
    if isinstance(standing, Refused):
        return standing
    if isinstance(standing.decision, Refused):
        return standing.decision
    if under_way:
        return Refused(SheetRefusal.TEXTS_UNDER_WAY, (HOUSE,))
    await storage.sheets.lock(course_code, period, group, at=now, by=by)
    before = standing.sheet.printed_at
    await storage.changes.record(
        [
            Change(
                object="sheet",
                key=(period, course_code, group),
                before=None if before is None else {"printed_at": before},
                after={"printed_at": now},
                cause="sheet",
                at=now,
                actor=by,
            )
        ]
    )
    await storage.commit()
    return standing


async def propose_unlock(
    storage: Storage,
    *,
    period: str,
    course_code: str,
    group: str,
    reason: str,
    by: str,
    now: datetime,
    profile: Profile,
) -> Motion | Refused[Any]:
    """Move to undo the lock of a printed sheet, so that its marks can be appealed and corrected as before. Commits."""
    standing = await _theirs(storage, period, course_code, group, by=by, now=now, profile=profile)
    if isinstance(standing, Refused):
        return standing
    if standing.sheet.printed_at is None:
        return Refused(PrintingRefusal.NOT_LOCKED, (HOUSE,))
    return await move(
        storage,
        UNLOCK,
        about=f"sheet:{period}:{course_code}:{group}",
        content={
            "period": period,
            "course_code": course_code,
            "group": group,
            "scopes": sorted(standing.institutes),
            "printed_at": standing.sheet.printed_at.isoformat(),
        },
        reason=reason,
        by=by,
        now=now,
        profile=profile,
    )


async def _matter(storage: Storage, motion: Motion, profile: Profile) -> Matter:
    """Say who may carry an unlocking: a second person of these students' institutes who is not on the sheet."""
    told = motion.content
    enrolments = await storage.marks.of_group(told["period"], told["group"])
    return Matter(
        roles=profile.service.correction_confirmed_by,
        scopes=frozenset(told["scopes"]),
        gains=frozenset(each.student_id for each in enrolments if each.course.code == told["course_code"]),
        lecturers=await storage.calendar.lecturers(told["period"], told["course_code"], told["group"]),
    )


async def _carry(storage: Storage, motion: Motion, second: Second) -> SheetUnlocked | Refused[MotionRefusal]:
    told = motion.content
    key = (told["course_code"], told["group"])
    lock = (await storage.sheets.locked_in(told["period"])).get(key)
    if lock is None or lock.locked_at.isoformat() != told["printed_at"]:
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.sheets.unlock(told["course_code"], told["period"], told["group"])
    await storage.changes.record(
        [
            Change(
                object="sheet",
                key=(told["period"], *key),
                before={"printed_at": lock.locked_at},
                after=None,
                cause="unlock",
                cause_id=motion.id,
                at=second.now,
                actor=second.by,
                why=motion.reason,
            )
        ]
    )
    return SheetUnlocked(told["period"], *key)


UNLOCK = MotionType(MotionKind.UNLOCK, matter=_matter, carry=_carry)


async def _standing(storage: Storage, facts: _Facts, enrolments: list[Enrolment], group: str) -> SheetStanding:
    first = enrolments[0]
    lock = facts.locks.get((first.course.code, group))
    printed_at = lock.locked_at if lock else None
    concluded = [each for each in enrolments if each.attempts and each.attempts[-1].concluded]
    there = {each.student_id for each in enrolments}
    waiting = await storage.requests.open_of_course(first.period, first.course.code)
    sheet = Sheet(
        marks=sum(not is_printed(each.attempts[-1], printed_at) for each in concluded),
        missing=len(enrolments) - len(concluded),
        open_appeals=sum(each.student_id in there and desk_of(each.kind).commission for each in waiting),
        closes=max(_closings(facts, concluded, printed_at), default=None),
        printed_at=printed_at,
    )
    return SheetStanding(
        period=first.period,
        course=first.course,
        group=group,
        institutes=frozenset(facts.students[each.student_id].institute for each in enrolments),
        lecturers=frozenset(
            each.lecturer_id for each in facts.slots if each.lecturer_id and each.course_code == first.course.code
        ),
        students=len(enrolments),
        sheet=sheet,
        decision=may_print(sheet, facts.now, back_at=facts.back_at),
    )


def _closings(facts: _Facts, enrolments: Iterable[Enrolment], printed_at: datetime | None) -> Iterable[datetime]:
    """Go through the ends of the windows in which these marks, and how their exams were held, can be appealed."""
    for enrolment in enrolments:
        study = Study(
            facts.students[enrolment.student_id],
            (enrolment,),
            slots=facts.slots,
            dates=facts.dates,
            printed={} if printed_at is None else {(enrolment.period, enrolment.course.code): printed_at},
            calendar=facts.calendar,
            profile=facts.profile,
            now=facts.now,
        )
        for sitting in study.standing(enrolment).sittings:
            if sitting.recorded and not sitting.exam.sheet_locked:
                yield from (each.closes for each in (sitting.appeal, sitting.complaint) if isinstance(each, Windows))
