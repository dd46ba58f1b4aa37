"""Guarding: what of a file, or of taking one back, nobody does alone, and how far it reaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from policy.people import Role
from policy.reading import Scope
from policy.two_people import RoleChange
from services.importing.plan import Step
from services.importing.shelves import SHELVES
from storage.phones import phone_digits
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class ByTwo:
    """What nobody does alone: roles given or taken, phones of who holds one (accounts are linked by them), and marks.

    The marks are those of students of whom something was posted, withdrawn, and would be posted with another value.
    """

    roles: tuple[RoleChange, ...] = ()
    phones: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.roles or self.phones or self.marks)

    @property
    def gains(self) -> frozenset[str]:
        """Who may do more by it, or whose marks it changes."""
        gaining = {each.grant.person_id for each in self.roles if each.gains}
        return frozenset(gaining.union(self.phones, self.marks))


async def by_two(storage: Storage, steps: Iterable[Step], *, on: date) -> ByTwo:
    """Return what of these steps takes two people."""
    roles = []
    numbers: dict[str, None] = {}
    for step in steps:
        if step.object == "role":
            roles.append(RoleChange(step.before, step.after))
        elif _has_another_phone(step):
            numbers[step.key[0]] = None
    held = await storage.roles.of_people(numbers)
    holding = [each for each in numbers if any(grant.holds_on(on) for grant in held.get(each, ()))]
    return ByTwo(tuple(roles), tuple(sorted(holding)))


def replaced_phones(steps: Iterable[Step]) -> tuple[str, ...]:
    """Name those who had a phone in the records and get another, or none."""
    return tuple(sorted(step.key[0] for step in steps if _has_another_phone(step) and step.before.phone))


def _has_another_phone(step: Step) -> bool:
    """Tell whether somebody who is in the records gets another number, a first one, or none."""
    if step.object not in {"person", "student"} or step.before is None or step.after is None:
        return False
    return phone_digits(step.before.phone) != phone_digits(step.after.phone)


async def scopes_of(storage: Storage, steps: Iterable[Step]) -> frozenset[Scope]:
    """Return the institutes that steps concern; None among them: the whole university, as a calendar does."""
    scopes: set[Scope] = set()
    students: dict[str, None] = {}
    for step in steps:
        if step.object == "role":
            scopes.add(RoleChange(step.before, step.after).grant.scope)
        elif step.object == "student":
            scopes |= {record.institute for record in (step.before, step.after) if record is not None}
        elif step.object in _OF_STUDENTS:
            students[step.key[0]] = None
        elif step.object != "course":  # a course is only a name
            scopes.add(None)
    found = await storage.students.by_ids(students)
    return frozenset(scopes | {student.institute for student in found.values()})


_OF_STUDENTS = {name for name, shelf in SHELVES.items() if shelf.about is not None} - {"role", "student", "person"}


async def gaining(storage: Storage, cause: str, cause_id: int, roles: Iterable[Role]) -> frozenset[str]:
    """Name those who hold one of these roles and are themselves among those an import changed something of."""
    holders = {grant.person_id for grant in await storage.roles.holders(*roles)}
    return await storage.changes.concerned(cause, cause_id, holders)
