"""Roles: who may act for the university, where, and until when; given and taken by two, or by the machine's owner."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.reading import Affair, may_see
from policy.two_people import Matter, MotionKind, RoleChange
from services.attempts import note
from services.links import OFFICE
from services.motions.moving import MotionRefusal, MotionType, Second, move, today
from services.objects import role_key, written
from services.role_news import owe_role_news
from storage.records import Change, Motion, Person
from storage.unit import Storage


class RoleRefusal(StrEnum):
    """Why a role was neither given nor taken."""

    UNKNOWN_PERSON = "unknown_person"
    ALREADY_OVER = "already_over"  # `until` is a day that has passed
    NOT_HELD = "not_held"
    NOTHING_CHANGES = "nothing_changes"
    NOT_ALLOWED = "not_allowed"  # neither registrar nor administrator


@dataclass(frozen=True, slots=True)
class Term:
    """Until when a role is held: ``until`` its last day; ``endless``; neither: as it stands, or endless when new."""

    until: date | None = None
    endless: bool = False

    def last_day(self, standing: RoleGrant | None) -> date | None:
        """Return the last day of a grant with this term."""
        return standing.until if standing and self.until is None and not self.endless else self.until


async def grant(
    storage: Storage,
    *,
    person_id: str,
    role: Role,
    scope: str | None,
    term: Term,
    now: datetime,
    profile: Profile,
) -> RoleChange | Refused[RoleRefusal]:
    """Give a role in a scope (None: everywhere), as the machine's owner; all administrators are told. Commits."""
    change = await _given(storage, person_id, role, scope or None, term, now=now, profile=profile)
    if isinstance(change, RoleChange) and change.before != change.after:
        await _write(storage, change, by=None, now=now, profile=profile)
        await storage.commit()
    return change


async def revoke(
    storage: Storage, *, person_id: str, role: Role, scope: str | None, now: datetime, profile: Profile
) -> RoleChange | Refused[RoleRefusal]:
    """Take a role away in exactly this scope (None: the one that holds everywhere), as the machine's owner. Commits."""
    before = await _standing(storage, person_id, role, scope or None)
    if before is None:
        return Refused(RoleRefusal.NOT_HELD, (HOUSE,))
    change = RoleChange(before, None)
    await _write(storage, change, by=None, now=now, profile=profile)
    await storage.commit()
    return change


async def would_change(
    storage: Storage,
    *,
    person_id: str,
    role: Role,
    scope: str | None,
    term: Term | None,
    by: str,
    now: datetime,
    profile: Profile,
) -> RoleChange | Refused[RoleRefusal]:
    """Tell what giving a role (`term` None: taking it away) would change, or why it cannot be proposed."""
    held = await storage.roles.of_person(by)
    proposed = Affair(scopes=frozenset({scope or None}))
    seen = may_see(proposed, OFFICE, by=by, grants=held, on=today(now, profile))
    if isinstance(seen, Refused):
        note(seen, "role", person_id, role, scope or "", by=by, cause="role", now=now, about=person_id)
        return Refused(RoleRefusal.NOT_ALLOWED, (HOUSE,))
    if await colleague(storage, person_id, by=by, now=now, profile=profile) is None:
        return Refused(RoleRefusal.UNKNOWN_PERSON, (HOUSE,))
    if term is not None:
        change = await _given(storage, person_id, role, scope or None, term, now=now, profile=profile)
        if isinstance(change, RoleChange) and change.before == change.after:
            return Refused(RoleRefusal.NOTHING_CHANGES, (HOUSE,))
        return change
    before = await _standing(storage, person_id, role, scope or None)
    return Refused(RoleRefusal.NOT_HELD, (HOUSE,)) if before is None else RoleChange(before, None)


async def colleague(storage: Storage, person_id: str, *, by: str, now: datetime, profile: Profile) -> Person | None:
    """Return somebody whom the office may propose for a role: a student of theirs, or whoever is no student."""
    student = await storage.students.by_id(person_id)
    if student is not None:
        held = await storage.roles.of_person(by)
        theirs = Affair(scopes=frozenset({student.institute}))
        seen = may_see(theirs, OFFICE, by=by, grants=held, on=today(now, profile))
        if isinstance(seen, Refused):
            note(seen, "person", person_id, by=by, cause="role", now=now, about=person_id)
            return None
    return await storage.people.by_id(person_id)


async def propose_role(
    storage: Storage,
    *,
    person_id: str,
    role: Role,
    scope: str | None,
    term: Term | None,
    reason: str,
    by: str,
    now: datetime,
    profile: Profile,
) -> Motion | Refused[Any]:
    """Move to give a role, or (`term` None) to take it away; an administrator carries it. Commits."""
    change = await would_change(
        storage, person_id=person_id, role=role, scope=scope, term=term, by=by, now=now, profile=profile
    )
    if isinstance(change, Refused):
        return change
    return await move(
        storage,
        ROLE,
        about=":".join(("role", *role_key(change.grant))),
        content={
            "before": _facts(change.before),
            "after": _facts(change.after),
            "person": person_id,
            "role": role,
            "scope": scope or None,
        },
        reason=reason,
        by=by,
        now=now,
        profile=profile,
    )


def change_of(motion: Motion) -> RoleChange:
    """Read what a motion is about."""
    told = motion.content
    before, after = (
        each
        and RoleGrant(
            told["person"], Role(told["role"]), told["scope"], each["until"] and date.fromisoformat(each["until"])
        )
        for each in (told["before"], told["after"])
    )
    return RoleChange(before, after)


async def _matter(_storage: Storage, motion: Motion, _profile: Profile) -> Matter:
    """Say who may carry it: an administrator of that scope who gains nothing by it."""
    change = change_of(motion)
    gains = {change.grant.person_id} if change.gains else set()
    return Matter(roles=(Role.ADMIN,), scopes=frozenset({change.grant.scope}), gains=frozenset(gains))


async def _carry(storage: Storage, motion: Motion, second: Second) -> RoleChange | Refused[MotionRefusal]:
    change = change_of(motion)
    grant = change.grant
    if await _standing(storage, grant.person_id, grant.role, grant.scope) != change.before:
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
    await _write(
        storage, change, by=motion.moved_by, second=second.by, motion=motion.id, now=second.now, profile=second.profile
    )
    return change


ROLE = MotionType(MotionKind.ROLE, matter=_matter, carry=_carry)


async def _given(
    storage: Storage,
    person_id: str,
    role: Role,
    scope: str | None,
    term: Term,
    *,
    now: datetime,
    profile: Profile,
) -> RoleChange | Refused[RoleRefusal]:
    if await storage.people.by_id(person_id) is None:
        return Refused(RoleRefusal.UNKNOWN_PERSON, (HOUSE,))
    before = await _standing(storage, person_id, role, scope)
    until = term.last_day(before)
    if until is not None and until < today(now, profile):
        return Refused(RoleRefusal.ALREADY_OVER, (HOUSE,))
    return RoleChange(before, RoleGrant(person_id, role, scope, until))


async def _write(
    storage: Storage,
    change: RoleChange,
    *,
    by: str | None,
    now: datetime,
    profile: Profile,
    second: str | None = None,
    motion: int | None = None,
) -> None:
    """Write a change with its line of history, and owe the news. The caller commits."""
    grant = change.grant
    if change.after is None:
        await storage.roles.revoke(grant.person_id, grant.role, grant.scope, at=now, by=by)
    else:
        await storage.roles.grant([change.after], at=now, by=by)
    await storage.changes.record(
        [
            Change(
                object="role",
                key=role_key(grant),
                before=None if change.before is None else written(change.before),
                after=None if change.after is None else written(change.after),
                cause="revoke" if change.after is None else "grant",
                at=now,
                about=grant.person_id,
                cause_id=motion,
                actor=by,
            )
        ]
    )
    mark = f"{':'.join(role_key(grant))}:{await storage.changes.latest_id()}"
    await owe_role_news(storage, [change], by=by, second=second, mark=mark, now=now, today=today(now, profile))


async def _standing(storage: Storage, person_id: str, role: Role, scope: str | None) -> RoleGrant | None:
    return next(
        (each for each in await storage.roles.of_person(person_id) if (each.role, each.scope) == (role, scope)), None
    )


def _facts(grant: RoleGrant | None) -> dict[str, Any] | None:
    return None if grant is None else {"until": grant.until and grant.until.isoformat()}
