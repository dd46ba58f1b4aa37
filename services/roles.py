"""Roles: who may act for the university, where, and until when."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role, RoleGrant
from services.importing.objects import role_key, written
from services.importing.plan import Key
from storage.records import Change
from storage.unit import Storage


class RoleRefusal(StrEnum):
    """Why a role was neither given nor taken."""

    UNKNOWN_PERSON = "unknown_person"
    ALREADY_OVER = "already_over"  # `until` is a day that has passed
    NOT_HELD = "not_held"


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What became of a role; `before` and `after` are equal when there was nothing to do."""

    before: RoleGrant | None
    after: RoleGrant | None


async def grant(
    storage: Storage,
    *,
    person_id: str,
    role: Role,
    scope: str | None,
    until: date | None,
    actor: str | None,
    today: date,
    now: datetime,
) -> RoleChange | Refused[RoleRefusal]:
    """Give a role in a scope (None: everywhere) to the end of a day (None: no end); again changes the end. Commits.

    `actor` is a person's id, None for the command line.
    """
    if await storage.people.by_id(person_id) is None:
        return Refused(RoleRefusal.UNKNOWN_PERSON, (HOUSE,))
    if until is not None and until < today:
        return Refused(RoleRefusal.ALREADY_OVER, (HOUSE,))
    scope = scope or None
    before = await _standing(storage, person_id, role, scope)
    after = RoleGrant(person_id, role, scope, until)
    if before != after:
        await storage.roles.grant([after], at=now, by=actor)
        await storage.changes.record([_change(before, after, role_key(after), actor, now)])
        await storage.commit()
    return RoleChange(before, after)


async def revoke(
    storage: Storage, *, person_id: str, role: Role, scope: str | None, actor: str | None, now: datetime
) -> RoleChange | Refused[RoleRefusal]:
    """Take a role away in exactly this scope (None: the one that holds everywhere). Commits."""
    before = await _standing(storage, person_id, role, scope or None)
    if before is None or not await storage.roles.revoke(person_id, role, scope, at=now, by=actor):
        return Refused(RoleRefusal.NOT_HELD, (HOUSE,))
    await storage.changes.record([_change(before, None, role_key(before), actor, now)])
    await storage.commit()
    return RoleChange(before, None)


async def _standing(storage: Storage, person_id: str, role: Role, scope: str | None) -> RoleGrant | None:
    return next(
        (each for each in await storage.roles.of_person(person_id) if (each.role, each.scope) == (role, scope)), None
    )


def _change(before: RoleGrant | None, after: RoleGrant | None, key: Key, actor: str | None, now: datetime) -> Change:
    return Change(
        object="role",
        key=key,
        before=None if before is None else written(before),
        after=None if after is None else written(after),
        cause="revoke" if after is None else "grant",
        at=now,
        about=key[0],
        actor=actor,
    )
