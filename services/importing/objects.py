"""The kinds of objects an import touches: how each is read, kept, withdrawn, and written into the history.

One `Shelf` per object lets apply, the check for a stale preview and undo be written once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, ClassVar, get_args, get_type_hints

from policy.calendar import DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay
from policy.gpa import Components
from policy.marks import Attempt, Course, Enrolment
from policy.people import Role, RoleGrant, Student
from services.importing.plan import Key
from storage.records import Person
from storage.unit import Storage

Records = Mapping[Key, Any]


@dataclass(frozen=True, slots=True)
class Acting:
    """Who writes, and when; ``by`` is a person's id, None for the command line."""

    at: datetime
    by: str | None


class Shelf(ABC):
    """Where one kind of object is kept; ``about`` is the place in its key of the person it concerns, if any."""

    record_type: ClassVar[type[Any]]
    about: ClassVar[int | None] = None

    @abstractmethod
    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        """Return those of these objects that are there."""

    @abstractmethod
    async def save(self, storage: Storage, records: Records, acting: Acting, /) -> None:
        """Keep these objects, over what was kept."""

    @abstractmethod
    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        """Withdraw these objects."""


class _Students(Shelf):
    record_type = Student
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        return {(found,): record for found, record in (await storage.students.by_ids(key[0] for key in keys)).items()}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.students.save(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.students.remove(key[0] for key in keys)


class _StudentYears(Shelf):
    record_type = int
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        wanted = set(keys)
        for year in {key[1] for key in wanted}:
            found.update({(each, year): number for each, number in (await storage.students.years_in(year)).items()})
        return {key: number for key, number in found.items() if key in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        for year in {key[1] for key in records}:
            await storage.students.set_years(
                year, {key[0]: record for key, record in records.items() if key[1] == year}
            )

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.students.remove_years((key[0], key[1]) for key in keys)


class _People(Shelf):
    record_type = Person
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        return {(found,): record for found, record in (await storage.people.by_ids(key[0] for key in keys)).items()}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.people.save(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.people.remove(key[0] for key in keys)


class _Roles(Shelf):
    record_type = RoleGrant
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        held = await storage.roles.of_people(key[0] for key in wanted)
        found = {role_key(grant): grant for grants in held.values() for grant in grants}
        return {key: grant for key, grant in found.items() if key in wanted}

    async def save(self, storage: Storage, records: Records, acting: Acting) -> None:
        await storage.roles.grant(records.values(), at=acting.at, by=acting.by)

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.roles.remove(RoleGrant(person_id, Role(role), scope or None) for person_id, role, scope in keys)


class _Courses(Shelf):
    record_type = Course

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        return {(code,): record for code, record in (await storage.courses.by_codes(key[0] for key in keys)).items()}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.courses.save(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.courses.remove_unused(key[0] for key in keys)


class _Enrolments(Shelf):
    """Enrolments without their attempts, which are objects of their own."""

    record_type = Enrolment
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        found = await storage.marks.by_keys((key[0], key[1], key[2]) for key in keys)
        return {key: alone(enrolment) for key, enrolment in found.items()}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.marks.save(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.marks.remove((key[0], key[1], key[2]) for key in keys)


class _Attempts(Shelf):
    record_type = Attempt
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        enrolments = await storage.marks.by_keys({(key[0], key[1], key[2]) for key in wanted})
        found = {attempt_key(key, attempt): attempt for key, each in enrolments.items() for attempt in each.attempts}
        return {key: attempt for key, attempt in found.items() if key in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.marks.save_attempts(((key[0], key[1], key[2]), record) for key, record in records.items())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.marks.remove_attempts((key[0], key[1], key[2], int(key[3])) for key in keys)


class _Components(Shelf):
    record_type = Components
    about = 0

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        found = await storage.components.of_students(key[0] for key in wanted)
        return {key: record for key, record in found.items() if key in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.components.save({(key[0], key[1]): record for key, record in records.items()})

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.components.remove((key[0], key[1]) for key in keys)


class _PeriodDates(Shelf):
    record_type = DateSpan

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        dates = await storage.calendar.dates_of({key[0] for key in wanted})
        found = {(period, event): span for period, told in dates.items() for event, span in told.spans.items()}
        return {key: span for key, span in found.items() if key in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.calendar.save_dates(
            PeriodDates(period, {PeriodEvent(event): span}) for (period, event), span in records.items()
        )

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.calendar.remove_dates((key[0], PeriodEvent(key[1])) for key in keys)


class _SpecialDays(Shelf):
    record_type = SpecialDay

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        days = await storage.calendar.days_by(DaySource.UNIVERSITY)
        return {(day.isoformat(),): record for day, record in days.items() if (day.isoformat(),) in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.calendar.save_days(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        await storage.calendar.remove_days((date.fromisoformat(key[0]) for key in keys), DaySource.UNIVERSITY)


class _Exams(Shelf):
    record_type = ExamSlot

    async def read(self, storage: Storage, keys: Iterable[Key]) -> dict[Key, Any]:
        wanted = set(keys)
        slots = await storage.calendar.exams_in({key[0] for key in wanted})
        return {exam_key(slot): slot for slot in slots if exam_key(slot) in wanted}

    async def save(self, storage: Storage, records: Records, _acting: Acting) -> None:
        await storage.calendar.save_exams(records.values())

    async def remove(self, storage: Storage, keys: Iterable[Key]) -> None:
        there = await self.read(storage, keys)
        await storage.calendar.remove_exams(there.values())


SHELVES: Mapping[str, Shelf] = {
    "person": _People(),
    "student": _Students(),
    "student_year": _StudentYears(),
    "role": _Roles(),
    "course": _Courses(),
    "enrolment": _Enrolments(),
    "attempt": _Attempts(),
    "components": _Components(),
    "period_dates": _PeriodDates(),
    "special_day": _SpecialDays(),
    "exam": _Exams(),
}
"""Every object by its name in the history, in the order they are made; they are withdrawn the other way round."""


def alone(enrolment: Enrolment) -> Enrolment:
    """Return an enrolment without its attempts and its course's names, which are objects of their own."""
    return replace(enrolment, attempts=(), course=Course(enrolment.course.code, None, None))


def attempt_key(enrolment: tuple[str, str, str], attempt: Attempt) -> Key:
    """Return what names an attempt: student, period, course, number."""
    return (*enrolment, str(attempt.number))


def role_key(grant: RoleGrant) -> Key:
    """Return what names a standing role: person, role, scope (empty: everywhere)."""
    return (grant.person_id, str(grant.role), grant.scope or "")


def exam_key(slot: ExamSlot) -> Key:
    """Return what names a line of the timetable."""
    return exam_key_at((slot.period, slot.course_code, slot.group), slot.starts)


def exam_key_at(sheet: tuple[str, str, str], starts: datetime) -> Key:
    """Return what names the exam of a period, course and group that starts at an instant."""
    return (*sheet, starts.astimezone(UTC).isoformat())


# What the history holds of an object

_NOT_KEPT = {(Enrolment, "attempts"), (Enrolment, "course")}


def written(record: Any) -> dict[str, Any]:
    """Return an object as the fields the history keeps; a bare value becomes ``{"value": ...}``."""
    kept = _KEPT[type(record)]
    if kept is None:
        return {"value": record}
    values = ((name, getattr(record, name)) for name in kept)
    return {name: value if _KEPT[type(value)] is None else written(value) for name, value in values}


def restored(record_type: type[Any], kept: Mapping[str, Any], key: Key) -> Any:
    """Return the object the history's fields were written from."""
    hints = _KEPT[record_type]
    if hints is None:
        return record_type(kept["value"])
    values = {name: _value(hint, kept[name]) for name, hint in hints.items() if name in kept}
    if record_type is Enrolment:
        values["course"] = Course(key[2], None, None)
    return record_type(**values)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if is_dataclass(hint) and isinstance(hint, type):
        return restored(hint, value, ())
    if hint is Decimal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint(value)
    if hint in {date, datetime}:
        return hint.fromisoformat(value)
    return value


class _Kept(dict[type[Any], Mapping[str, Any] | None]):
    """The fields the history keeps of a kind of object, with their types, by that kind; None for bare values."""

    def __missing__(self, kind: type[Any]) -> Mapping[str, Any] | None:
        kept = None
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            kept = {each.name: hints[each.name] for each in fields(kind) if (kind, each.name) not in _NOT_KEPT}
        self[kind] = kept
        return kept


_KEPT = _Kept()
