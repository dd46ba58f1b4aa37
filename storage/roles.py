"""Roles: who may act for the university, in what scope, until when; who gave them and who took them away."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select

from policy.people import Role, RoleGrant
from storage.connection import Connection
from storage.records import GrantedRole
from storage.tables import role_grants
from storage.upsert import NAMES_AT_ONCE, chunks


class Roles:
    """Grants of roles. A grant stands until it is revoked; whether its term is over is for the policy to say."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def grant(self, grants: Iterable[RoleGrant], *, at: datetime, by: str | None) -> None:
        """Give roles. A standing grant of the same person, role and scope only takes the new last day."""
        for each in grants:
            key = {"of_person": each.person_id, "of_role": each.role, "of_scope": each.scope or ""}
            changed = await self._connection.execute(_SET_UNTIL, key | {"new_until": each.until})
            if changed.rowcount == 0:
                await self._connection.execute(
                    role_grants.insert(),
                    {
                        "person_id": each.person_id,
                        "role": each.role,
                        "scope": each.scope or "",
                        "until": each.until,
                        "granted_at": at,
                        "granted_by": by,
                    },
                )

    async def revoke(
        self, person_id: str, role: Role, scope: str | None = None, *, at: datetime, by: str | None
    ) -> bool:
        """Take a role away in exactly this scope (None: the one that holds everywhere); False when it did not stand."""
        key = {"of_person": person_id, "of_role": role, "of_scope": scope or ""}
        changed = await self._connection.execute(_REVOKE, key | {"new_at": at, "new_by": by})
        return changed.rowcount > 0

    async def remove(self, those: Iterable[RoleGrant]) -> None:
        """Withdraw standing grants that an undone import had given, as if they had never been; see `revoke`."""
        keys = [{"of_person": each.person_id, "of_role": each.role, "of_scope": each.scope or ""} for each in those]
        if keys:
            await self._connection.execute(_REMOVE, keys)

    async def of_person(self, person_id: str) -> tuple[RoleGrant, ...]:
        """Give the standing roles of a person, also those whose term is over."""
        rows = await self._connection.execute(_OF_PERSON, {"person_id": person_id})
        return tuple(grant_of(*row) for row in rows)

    async def of_people(self, person_ids: Iterable[str]) -> dict[str, tuple[RoleGrant, ...]]:
        """Give the standing roles of these people, by person id; nothing for those who have none."""
        found: dict[str, tuple[RoleGrant, ...]] = {}
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            for row in await self._connection.execute(_OF_PEOPLE, {"person_ids": chunk}):
                found[row.person_id] = (*found.get(row.person_id, ()), grant_of(*row))
        return found

    async def holders(self, *roles: Role) -> tuple[RoleGrant, ...]:
        """Give everybody's standing grants of these roles, by person."""
        rows = await self._connection.execute(_HOLDERS, {"roles": roles})
        return tuple(grant_of(*row) for row in rows)

    async def history_of(self, person_id: str) -> tuple[GrantedRole, ...]:
        """Give every role a person ever had, oldest first, with who gave and who took it."""
        rows = await self._connection.execute(_HISTORY_OF, {"person_id": person_id})
        return tuple(map(_granted, rows))


def grant_of(person_id: str, role: str, scope: str, until: date | None) -> RoleGrant:
    """Read a grant from the four columns that make one."""
    return RoleGrant(person_id, Role(role), scope or None, until)


def _granted(row: Sequence[Any]) -> GrantedRole:
    number, person_id, role, scope, until, granted_at, granted_by, revoked_at, revoked_by = row
    return GrantedRole(number, grant_of(person_id, role, scope, until), granted_at, granted_by, revoked_at, revoked_by)


_GRANTS = (
    select(role_grants.c.person_id, role_grants.c.role, role_grants.c.scope, role_grants.c.until)
    .where(role_grants.c.revoked_at.is_(None))
    .order_by(role_grants.c.person_id, role_grants.c.role, role_grants.c.scope)
)
_OF_PERSON = _GRANTS.where(role_grants.c.person_id == bindparam("person_id"))
_OF_PEOPLE = _GRANTS.where(role_grants.c.person_id.in_(bindparam("person_ids", expanding=True)))
_HOLDERS = _GRANTS.where(role_grants.c.role.in_(bindparam("roles", expanding=True)))
_HISTORY_OF = select(role_grants).where(role_grants.c.person_id == bindparam("person_id")).order_by(role_grants.c.id)
_STANDING = role_grants.update().where(
    role_grants.c.person_id == bindparam("of_person"),
    role_grants.c.role == bindparam("of_role"),
    role_grants.c.scope == bindparam("of_scope"),
    role_grants.c.revoked_at.is_(None),
)
_REMOVE = role_grants.delete().where(
    role_grants.c.person_id == bindparam("of_person"),
    role_grants.c.role == bindparam("of_role"),
    role_grants.c.scope == bindparam("of_scope"),
    role_grants.c.revoked_at.is_(None),
)
_SET_UNTIL = _STANDING.values(until=bindparam("new_until"))
_REVOKE = _STANDING.values(revoked_at=bindparam("new_at"), revoked_by=bindparam("new_by"))
