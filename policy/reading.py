"""Reading: whose affairs somebody of the staff meets, by role, by scope and with no interest of their own (ours).

Every screen, button, command, paper and message of the staff asks here; what else an act needs comes on top of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from policy.citation import HOUSE, encodes
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant

Scope: TypeAlias = str | None
"""An institute; None: the whole university."""

Reach: TypeAlias = frozenset[str] | None
"""The institutes a role reaches; None: all of them."""


class ReadingRefusal(StrEnum):
    """Why something is not there for somebody."""

    NO_ROLE = "no_role"
    TERM_OVER = "term_over"
    OTHER_INSTITUTE = "other_institute"
    OWN = "own"
    LECTURER = "lecturer"  # they teach or examine that sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Affair:
    """What is read or acted on: in which scopes all of it lies, whose it is, who teaches or examines its sheet."""

    scopes: frozenset[Scope]
    owners: frozenset[str] = frozenset()
    lecturers: frozenset[str] = frozenset()


@encodes("HOUSE")
def may_see(
    affair: Affair, roles: Collection[Role], *, by: str, grants: Iterable[RoleGrant], on: date
) -> Decision[ReadingRefusal]:
    """Tell whether a person with these grants, held or once held, meets an affair that is for these roles on a day.

    First the role, which has to reach all of it, then the person: nobody of the staff meets what is their own, or of a
    sheet they teach.
    """
    held = tuple(grant for grant in grants if grant.person_id == by)
    refusal = without_role(affair.scopes, roles, held, on=on) or conflict(affair, by)
    return Refused(refusal, (HOUSE,)) if refusal else Allowed((HOUSE,))


def without_role(
    scopes: Iterable[Scope], roles: Collection[Role], grants: Collection[RoleGrant], *, on: date
) -> ReadingRefusal | None:
    """Say why none of somebody's grants of these roles reaches all of these scopes on a day."""
    scopes = tuple(scopes)
    if covers(grants, roles, scopes, on=on):
        return None
    ever = {grant.scope for grant in grants if grant.role in roles}
    if not ever:
        return ReadingRefusal.NO_ROLE
    return ReadingRefusal.TERM_OVER if _reaches(ever, scopes) else ReadingRefusal.OTHER_INSTITUTE


def conflict(affair: Affair, by: str) -> ReadingRefusal | None:
    """Say which interest of their own somebody has in an affair."""
    if by in affair.owners:
        return ReadingRefusal.OWN
    return ReadingRefusal.LECTURER if by in affair.lecturers else None


def covers(grants: Iterable[RoleGrant], roles: Collection[Role], scopes: Iterable[Scope], *, on: date) -> bool:
    """Tell whether these roles reach every one of these scopes on a day; no scope at all: whether one is held."""
    return _reaches({grant.scope for grant in grants if grant.role in roles and grant.holds_on(on)}, scopes)


def plays(grants: Iterable[RoleGrant], roles: Collection[Role], *, on: date) -> bool:
    """Tell whether one of these roles is held on a day, wherever: what somebody is offered, not what they may see."""
    return covers(grants, roles, (), on=on)


def reach(grants: Iterable[RoleGrant], roles: Collection[Role], *, on: date) -> Reach:
    """Return how far these roles reach on a day: what a list or a search is cut to before anything is looked up."""
    held = {grant.scope for grant in grants if grant.role in roles and grant.holds_on(on)}
    return None if None in held else frozenset(each for each in held if each is not None)


def _reaches(held: set[Scope], scopes: Iterable[Scope]) -> bool:
    return bool(held) and (None in held or all(scope in held for scope in scopes))
