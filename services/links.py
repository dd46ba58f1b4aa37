"""A person's link as the registrar's office sees it, and who of the office may change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from policy.citation import HOUSE
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant, Student, holds
from storage.records import Account, Invitation, Person
from storage.unit import Storage


class OfficeRefusal(StrEnum):
    """Why somebody may not change a person's link."""

    NOT_ALLOWED = "not_allowed"  # neither an administrator nor a registrar of this student's institute
    OWN_LINK = "own_link"  # one's own is ended under /me
    HOLDS_A_ROLE = "holds_a_role"  # whoever takes such a link over could act as a second person: administrators only


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """Whether somebody is linked; `invitation` is the latest one made, whatever became of it."""

    person: Person
    student: Student | None
    roles: tuple[RoleGrant, ...]
    account: Account | None
    invitation: Invitation | None
    may_change: Decision[OfficeRefusal]


async def link_record(storage: Storage, *, person_id: str, by: str, today: date) -> LinkRecord | None:
    """Look a person's link up for somebody of the office; None when there is no such person."""
    person = await storage.people.by_id(person_id)
    if person is None:
        return None
    student = await storage.students.by_id(person_id)
    held = await storage.roles.of_people([person_id, by])
    made = await storage.invitations.of_person(person_id)
    return LinkRecord(
        person=person,
        student=student,
        roles=tuple(grant for grant in held.get(person_id, ()) if grant.holds_on(today)),
        account=await storage.accounts.of_person(person_id),
        invitation=made[-1] if made else None,
        may_change=_may_change(person_id, student, held, by=by, today=today),
    )


def _may_change(
    person_id: str, student: Student | None, held: Mapping[str, tuple[RoleGrant, ...]], *, by: str, today: date
) -> Decision[OfficeRefusal]:
    office = held.get(by, ())
    if by == person_id:
        return Refused(OfficeRefusal.OWN_LINK, (HOUSE,))
    if holds(office, Role.ADMIN, on=today):
        return Allowed((HOUSE,))
    if not holds(office, Role.REGISTRAR, on=today, scope=student.institute if student else None):
        return Refused(OfficeRefusal.NOT_ALLOWED, (HOUSE,))
    if any(grant.holds_on(today) for grant in held.get(person_id, ())):
        return Refused(OfficeRefusal.HOLDS_A_ROLE, (HOUSE,))
    return Allowed((HOUSE,))
