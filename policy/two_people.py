"""Two people: who may agree, as the second, to what nobody does alone (ours)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from policy.citation import HOUSE, encodes
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant
from policy.reading import Affair, Scope, may_see


class MotionKind(StrEnum):
    """What one person proposes and another has to agree to."""

    CORRECTION = "correction"  # of one posted mark
    UNDO = "undo"  # of a whole import
    LOAD = "load"  # of a file that gives or takes roles, or changes marks that were withdrawn
    ROLE = "role"  # given, widened, prolonged or taken
    UNLOCK = "unlock"  # of a printed sheet


class TwoPeopleRefusal(StrEnum):
    """Why somebody is not the second person."""

    SAME_PERSON = "same_person"
    NO_ROLE = "no_role"
    TERM_OVER = "term_over"
    OTHER_INSTITUTE = "other_institute"
    LECTURER = "lecturer"  # they teach or examine that sheet
    GAINS = "gains"  # it is about themself
    MADE_ABLE = "made_able"  # one of the two has lately let the other act; `Refused.until` is when that is over


class Tie(StrEnum):
    """How somebody lets another act."""

    LINK_MOVED = "link_moved"  # took the link from an old account
    INVITED = "invited"
    PHONE_REPLACED = "phone_replaced"  # not first recorded


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A role before and after; None: not held."""

    before: RoleGrant | None
    after: RoleGrant | None

    @property
    def grant(self) -> RoleGrant:
        """Whose role it is, which and where."""
        grant = self.after or self.before
        if grant is None:
            raise ValueError("a change of nothing")
        return grant

    @property
    def gains(self) -> bool:
        """Whether the person may do more by it: given the role, or for longer."""
        if self.after is None or self.before is None:
            return self.after is not None
        if self.before.until is None:
            return False
        return self.after.until is None or self.after.until > self.before.until


@dataclass(frozen=True, slots=True)
class Enabling:
    """That ``by`` let ``whom`` act, in the chat or by a file; persons by id; ``taken``: an account was linked by it."""

    by: str
    whom: str
    how: Tie
    at: datetime
    taken: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is to be agreed to: which roles may, in which scopes it all lies, and who gains by it.

    ``lecturers`` teach or examine the sheet it is about; ``needs_chair``: appeals stand on it, so the chair of their
    commission has to agree too.
    """

    roles: tuple[Role, ...]
    scopes: frozenset[Scope]
    gains: frozenset[str] = frozenset()
    lecturers: frozenset[str] = frozenset()
    needs_chair: bool = False


@encodes("HOUSE")
def may_be_second(
    matter: Matter,
    *,
    first: str | None,
    second: str,
    grants: tuple[RoleGrant, ...],
    enablings: Iterable[Enabling],
    now: datetime,
    on: date,
    week: timedelta,
) -> Decision[TwoPeopleRefusal]:
    """Tell whether a person may agree to what another (``first`` None: the command line or a folder) proposed.

    ``grants`` are the second one's roles, held or once held. They need a role that reaches all of it, must not teach
    its sheet nor gain by it, and must be another human (`are_two_humans`).
    """
    if second == first:
        return Refused(TwoPeopleRefusal.SAME_PERSON, (HOUSE,))
    seen = may_see(affair_of(matter), matter.roles, by=second, grants=grants, on=on)
    if isinstance(seen, Refused):
        return Refused(TwoPeopleRefusal(seen.reason.value), (HOUSE,))
    if second in matter.gains:
        return Refused(TwoPeopleRefusal.GAINS, (HOUSE,))
    return are_two_humans(first, second, enablings, now=now, week=week)


def affair_of(matter: Matter) -> Affair:
    """Return a matter as whoever reads it meets it; who gains by it is asked apart."""
    return Affair(scopes=matter.scopes, lecturers=matter.lecturers)


@encodes("HOUSE")
def are_two_humans(
    first: str | None, second: str, enablings: Iterable[Enabling], *, now: datetime, week: timedelta
) -> Decision[TwoPeopleRefusal]:
    """Tell whether the second of two people is another human than the first (None: the command line or a folder).

    They are not when one of the two has within a ``week`` moved the other's link, invited them or replaced their phone,
    nor when a third person has done so to both and could now act as either.
    """
    if second == first:
        return Refused(TwoPeopleRefusal.SAME_PERSON, (HOUSE,))
    if first is not None and (tied := _tied(first, second, enablings, since=now - week)):
        return Refused(TwoPeopleRefusal.MADE_ABLE, (HOUSE,), until=max(each.at for each in tied) + week)
    return Allowed((HOUSE,))


def _tied(first: str, second: str, enablings: Iterable[Enabling], *, since: datetime) -> list[Enabling]:
    """Return by what the two may be one human."""
    lately = [each for each in enablings if each.at > since]
    between = [each for each in lately if {each.by, each.whom} == {first, second}]
    if between:
        return between
    taken = [each for each in lately if each.taken]
    of_first, of_second = ({each.by for each in taken if each.whom == person} for person in (first, second))
    third = of_first & of_second
    return [each for each in taken if each.by in third and each.whom in {first, second}]
