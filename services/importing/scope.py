"""Whose records somebody may load files about: an office of one institute loads those of its own students."""

from collections.abc import Iterable
from datetime import date

from policy.people import Role, RoleGrant
from services.importing.columns import Kind
from services.importing.spelling import compared

OFFICES = (Role.REGISTRAR, Role.ADMIN)
WHOLE_UNIVERSITY = (Kind.STAFF, Kind.CALENDAR, Kind.DAYS)  # what no part of it loads alone

Scope = frozenset[str] | None
"""Institutes; None: the whole university."""


def scope_of(grants: Iterable[RoleGrant], *, on: date) -> Scope:
    """Return the institutes about whose students these roles let somebody load files on a day."""
    scopes = {each.scope for each in grants if each.role in OFFICES and each.holds_on(on)}
    return None if None in scopes else frozenset(scope for scope in scopes if scope)


def within(institutes: Iterable[str | None], scope: Scope) -> bool:
    """Tell whether all of these institutes are one's own; nobody's are not."""
    if scope is None:
        return True
    own = {compared(each) for each in scope}
    told = {None if each is None else compared(each) for each in institutes}
    return bool(told) and told <= own
