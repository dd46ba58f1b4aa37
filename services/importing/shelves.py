"""The kinds of objects an import touches: how each is read, kept, withdrawn, and written into the history.

One `Shelf` per object lets apply, the check for a stale preview and undo be written once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar

from policy.calendar import DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay
from policy.gpa import Components
from policy.marks import Attempt, Course, Enrolment
from policy.people import Role, RoleGrant, Student
from services.objects import Key, attempt_key, exam_key, role_key
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
