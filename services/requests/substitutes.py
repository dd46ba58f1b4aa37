"""Substitutes: who of the staff could sign a case in place of everybody in conflict."""

from datetime import datetime

from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.review import readers
from services.requests.cases import Case, second_human
from storage.records import Person
from storage.unit import Storage

OTHERS = (Role.REGISTRAR, Role.DEAN_OFFICE, Role.QUALITY_COMMISSION, Role.RECTOR_OFFICE, Role.SERVICE_DESK)
MOST = 12


async def could_substitute(
    storage: Storage, case: Case, *, now: datetime, profile: Profile
) -> tuple[tuple[Person, RoleGrant], ...]:
    """Return staff who are free of conflict in a case, each with one role they hold today: those who read it first.

    Whoever prepared the decision that waits, or may be them, is not among them: they could not sign it.
    """
    roles = dict.fromkeys((*readers(case.request.kind, profile.requests), *OTHERS))
    unfit = {case.student.person_id, case.reviewed.prepared_by, *case.reviewed.lecturers}
    held: dict[str, RoleGrant] = {}
    for role in roles:
        for grant in await storage.roles.holders(role):
            if grant.holds_on(case.study.today) and grant.person_id not in unfit:
                held.setdefault(grant.person_id, grant)
    held = {
        each: grant
        for each, grant in held.items()
        if not await second_human(storage, case, by=each, now=now, profile=profile)
    }
    people = await storage.people.by_ids(held)
    return tuple((people[person_id], grant) for person_id, grant in held.items() if person_id in people)[:MOST]
