"""Entering: the upheld marks that the registrar's office still has to enter in the university's system."""

from datetime import datetime

from policy.people import Role
from policy.profile import Profile
from policy.reading import plays
from policy.review import Act
from services.requests.reading import readable
from storage.records import Person
from storage.requests import Request
from storage.unit import Storage


async def to_enter_for(
    storage: Storage, *, by: str, now: datetime, profile: Profile
) -> tuple[tuple[Request, Person], ...] | None:
    """Return what waits to be entered by somebody, each with its student, oldest first; None: it is not their work."""
    today = now.astimezone(profile.university.zone).date()
    grants = await storage.roles.of_person(by)
    if not plays(grants, {Role.REGISTRAR}, on=today):
        return None
    waiting = await storage.requests.to_enter()
    waiting = await readable(storage, waiting, by=by, now=now, profile=profile, act=Act.ENTER, grants=grants)
    people = await storage.people.by_ids(each.student_id for each in waiting)
    return tuple((each, people[each.student_id]) for each in waiting)
