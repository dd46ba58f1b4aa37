"""Reading of requests: which of them somebody of the staff meets in lists, papers and messages."""

from collections.abc import Iterable
from datetime import datetime

from policy.decision import Refused
from policy.people import RoleGrant
from policy.profile import Profile
from policy.review import Act, Reviewed, may_review
from services.requests.kinds import KINDS
from services.teaching import taught_by
from storage.requests import Request
from storage.unit import Storage


async def readable(
    storage: Storage,
    those: Iterable[Request],
    *,
    by: str,
    now: datetime,
    profile: Profile,
    act: Act = Act.READ,
    grants: tuple[RoleGrant, ...] | None = None,
) -> tuple[Request, ...]:
    """Return those of these requests that this person may read, or do this to, in their order.

    It is what `policy.review` says of each, asked of all at once. `grants` are the person's roles where they are known.
    """
    those = tuple(those)
    if grants is None:
        grants = await storage.roles.of_person(by)
    students = await storage.students.by_ids(each.student_id for each in those)
    taught = await taught_by(storage, by, {(each.student_id, each.exam) for each in those})
    today = now.astimezone(profile.university.zone).date()
    found = []
    for request in those:
        student = students.get(request.student_id)
        if student is None:
            continue
        case = Reviewed(
            kind=request.kind,
            state=request.state,
            student_id=student.person_id,
            institute=student.institute,
            lecturers=frozenset({by}) if (request.student_id, request.exam) in taught else frozenset(),
            taken_by=request.taken_by,
            prepared_by=request.proposal.by if request.proposal else None,
            substitute=request.substitute,
            paused=request.paused_at is not None,
            raises_mark=KINDS[request.kind].gives_points,
            gives_seat=KINDS[request.kind].gives_seat,
        )
        allowed = may_review(act, case, by=by, grants=grants, on=today, rules=profile.requests)
        if not isinstance(allowed, Refused):
            found.append(request)
    return tuple(found)
