"""Whether there are two people for each act that nobody does alone; what `kenes doctor` names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.reading import Scope, covers
from policy.two_people import MotionKind
from storage.unit import Storage

NEEDED = 2
DECISION = "decision"  # an appeal's: prepared by one, signed by another


@dataclass(frozen=True, slots=True)
class Short:
    """An act with too few people in an institute (None: the whole university): how many linked ones can do a part."""

    act: str
    scope: Scope
    people: int


async def short_of_people(storage: Storage, *, on: date, profile: Profile) -> tuple[Short, ...]:
    """Return every act that two different people, linked to the bot, cannot do together on a day, by institute."""
    service, requests = profile.service, profile.requests
    marks = (Role.REGISTRAR,), service.correction_confirmed_by
    acts: Mapping[str, tuple[Iterable[Role], Iterable[Role]]] = {
        MotionKind.CORRECTION: marks,
        MotionKind.UNDO: marks,
        MotionKind.UNLOCK: marks,
        MotionKind.ROLE: ((Role.REGISTRAR, Role.ADMIN), (Role.ADMIN,)),
        MotionKind.LOAD: ((Role.REGISTRAR, Role.ADMIN), (Role.ADMIN,)),
    }
    if not requests.appeals_one_step:
        acts = {**acts, DECISION: (requests.appeals_prepared_by, requests.appeals_signed_by)}
    held: dict[str, tuple[RoleGrant, ...]] = {}
    for grant in await storage.roles.holders(*Role):
        held[grant.person_id] = (*held.get(grant.person_id, ()), grant)
    linked = await storage.accounts.of_people(held)
    grants = {person_id: held[person_id] for person_id in linked}
    scopes: list[Scope] = [*sorted(await storage.students.institutes())] or [None]
    found = []
    for act, (first, second) in acts.items():
        for scope in [None] if act in {MotionKind.ROLE, MotionKind.LOAD} else scopes:
            movers, carriers = (
                {each for each, of in grants.items() if covers(of, tuple(roles), [scope], on=on)}
                for roles in (first, second)
            )
            if not any(mover != carrier for mover in movers for carrier in carriers):
                found.append(Short(act, scope, len(movers | carriers)))
    return tuple(found)
