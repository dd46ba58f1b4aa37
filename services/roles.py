"""Roles: who may act for the university, where, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from policy.decision import Refused
from policy.people import Role, RoleGrant
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
    actor: str,
    today: date,
    now: datetime,
) -> RoleChange | Refused[RoleRefusal]:
    """Give a role in a scope (None: everywhere) until the end of a day (None: no end); again changes the end only.

    The caller commits.
    """
    raise NotImplementedError


async def revoke(
    storage: Storage, *, person_id: str, role: Role, scope: str | None, actor: str, now: datetime
) -> RoleChange | Refused[RoleRefusal]:
    """Take a role away in exactly this scope. The caller commits."""
    raise NotImplementedError


def holds(roles: Iterable[RoleGrant], role: Role, *, on: date, scope: str | None = None) -> bool:
    """Tell whether a role is held on a day: a role without scope holds in every scope, its last day counts."""
    raise NotImplementedError
