"""A person's link as the registrar's office sees it, and who of the office may change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from policy.citation import HOUSE
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant, Student
from policy.reading import Affair, Scope, covers, may_see
from services.attempts import note
from storage.records import Account, Invitation, Person
from storage.unit import Storage

OFFICE = (Role.REGISTRAR, Role.ADMIN)


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


async def link_record(storage: Storage, *, person_id: str, by: str, now: datetime, today: date) -> LinkRecord | None:
    """Look a person's link up for somebody of the office; None when there is no such person for them.

    That they tried one who is there, and is not of theirs, is noted.
    """
    person = await storage.people.by_id(person_id)
    if person is None:
        return None
    student = await storage.students.by_id(person_id)
    held = await storage.roles.of_people([person_id, by])
    lies = Affair(scopes=frozenset({student.institute} if student else _where(held.get(person_id, ()))))
    seen = may_see(lies, OFFICE, by=by, grants=held.get(by, ()), on=today)
    if isinstance(seen, Refused):
        note(seen, "link", person_id, by=by, cause="link", now=now, about=person_id)
        return None
    made = await storage.invitations.of_person(person_id)
    return LinkRecord(
        person=person,
        student=student,
        roles=tuple(grant for grant in held.get(person_id, ()) if grant.holds_on(today)),
        account=await storage.accounts.of_person(person_id),
        invitation=made[-1] if made else None,
        may_change=_may_change(person_id, lies, held, by=by, today=today),
    )


def note_unchanged(refused: Refused[OfficeRefusal], person_id: str, *, by: str, now: datetime) -> None:
    """Note that somebody tried to change a link that is not theirs to change."""
    note(refused.reason, "link", person_id, by=by, cause="link", now=now, about=person_id)


def _where(grants: Iterable[RoleGrant]) -> frozenset[Scope]:
    """Say where the link of somebody who is no student lies: where they hold roles, else in the whole university."""
    return frozenset(grant.scope for grant in grants) or frozenset({None})


def _may_change(
    person_id: str, lies: Affair, held: Mapping[str, tuple[RoleGrant, ...]], *, by: str, today: date
) -> Decision[OfficeRefusal]:
    """Tell whether somebody may change a link: whoever takes it over could act in every role its owner holds."""
    office, theirs = held.get(by, ()), [grant for grant in held.get(person_id, ()) if grant.holds_on(today)]
    if by == person_id:
        return Refused(OfficeRefusal.OWN_LINK, (HOUSE,))
    if covers(office, {Role.ADMIN}, lies.scopes | {grant.scope for grant in theirs}, on=today):
        return Allowed((HOUSE,))
    if theirs:
        return Refused(OfficeRefusal.HOLDS_A_ROLE, (HOUSE,))
    if not covers(office, {Role.REGISTRAR}, lies.scopes, on=today):
        return Refused(OfficeRefusal.NOT_ALLOWED, (HOUSE,))
    return Allowed((HOUSE,))
