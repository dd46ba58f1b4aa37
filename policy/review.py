"""Review: who may do what with a request."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from policy.citation import HOUSE, encodes
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant
from policy.reading import Affair, ReadingRefusal, conflict, covers, without_role
from policy.requests import DECIDED, OPEN, Kind, RequestRules, RequestState, desk_of


class Act(StrEnum):
    """What staff do with a request."""

    READ = "read"
    TAKE = "take"
    PREPARE = "prepare"  # propose a decision, ask the student for more
    SIGN = "sign"
    ENTER = "enter"  # note that an upheld mark stands in the university's system
    SEAT = "seat"  # give, move or call off date, time and room
    PRINT = "print"
    NAME_SUBSTITUTE = "name_substitute"


class ReviewRefusal(StrEnum):
    """Why somebody may not do it."""

    NO_ROLE = "no_role"
    TERM_OVER = "term_over"
    OTHER_INSTITUTE = "other_institute"
    OWN_REQUEST = "own_request"
    LECTURER = "lecturer"
    OWN_PROPOSAL = "own_proposal"
    NOT_IN_THIS_STATE = "not_in_this_state"
    TAKEN_BY_OTHER = "taken_by_other"
    ALREADY_DECIDED = "already_decided"
    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    SHEET_LOCKED = "sheet_locked"
    NOTHING_PROPOSED = "nothing_proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A request as far as it matters to who may act; persons by id, ``institute`` is the student's.

    ``lecturers`` teach or examine that sheet; ``prepared_by`` made the proposal that waits or was decided;
    ``proposed_again``: after a refusal, a decision in the student's favour waits to be signed; ``substitute`` is named
    to sign this one case; ``paused``: the student was asked for more and has not answered; ``raises_mark`` and
    ``gives_seat``: what a decision in the student's favour brings in this kind.
    """

    kind: Kind
    state: RequestState
    student_id: str
    institute: str
    lecturers: frozenset[str] = frozenset()
    taken_by: str | None = None
    prepared_by: str | None = None
    proposed_again: bool = False
    substitute: str | None = None
    paused: bool = False
    sheet_locked: bool = False
    raises_mark: bool = False
    gives_seat: bool = False


@encodes("HOUSE")
def may_review(
    act: Act, case: Reviewed, *, by: str, grants: tuple[RoleGrant, ...], on: date, rules: RequestRules
) -> Decision[ReviewRefusal]:
    """Tell whether a person with these roles, held or once held, may do this to a request on a day.

    First the role, then the person (nobody acts on their own request or on a sheet they teach, not even by reading),
    then the state. A named substitute may do what a signer may, whatever their roles. A case that waits for the
    student's answer can be prepared, which ends the waiting, but not signed.
    """
    reviewer = _Reviewer(by, grants, on, rules)
    refusal = (
        _without_role(act, case, reviewer)
        or _conflict(case, by)
        or _unfit(act, case)
        or _in_the_way(act, case, reviewer)
    )
    return Refused(refusal, (HOUSE,)) if refusal else Allowed((HOUSE,))


@encodes("HOUSE")
def may_redecide(
    act: Act, case: Reviewed, *, by: str, grants: tuple[RoleGrant, ...], on: date, rules: RequestRules
) -> Decision[ReviewRefusal]:
    """Tell whether a refusal may be followed by a decision in the student's favour, which is all that may follow one.

    It takes as many people as the first did: one who proposes it (PREPARE) and another who signs (SIGN), or who signs
    alone where one step is enough. Of appeals, only before the sheet is locked.
    """
    refusal = (
        _without_role(act, case, _Reviewer(by, grants, on, rules))
        or _conflict(case, by)
        or _cannot_follow(case)
        or (_not_to_be_signed_again(case, by, rules) if act is Act.SIGN else None)
    )
    return Refused(refusal, (HOUSE,)) if refusal else Allowed((HOUSE,))


def decided_in_one_step(kind: Kind, rules: RequestRules) -> bool:
    """Tell whether a decision of this kind needs no proposal of somebody else."""
    return desk_of(kind).one_step(rules)


def readers(kind: Kind, rules: RequestRules) -> tuple[Role, ...]:
    """Return the roles that see what is inside a request of this kind."""
    return tuple(dict.fromkeys((*desk_of(kind).prepared_by(rules), *signers(kind, rules))))


def signers(kind: Kind, rules: RequestRules) -> tuple[Role, ...]:
    """Return the roles that decide a request of this kind."""
    return desk_of(kind).signed_by(rules)


@encodes("HOUSE")
def all_conflicted(case: Reviewed, signing: Iterable[RoleGrant], *, on: date, rules: RequestRules) -> bool:
    """Tell whether nobody who holds a signing role here on a day is free to sign: then a substitute is named.

    ``signing`` may hold other roles too; that nobody at all holds one counts as well.
    """
    roles = signers(case.kind, rules)
    holding = {grant.person_id for grant in signing if covers([grant], roles, [case.institute], on=on)}
    return all(_conflict(case, person) for person in holding)


@dataclass(frozen=True, slots=True)
class _Reviewer:
    by: str
    grants: tuple[RoleGrant, ...]
    on: date
    rules: RequestRules


def _roles(act: Act, kind: Kind, rules: RequestRules) -> tuple[Role, ...]:
    match act:
        case Act.READ | Act.TAKE | Act.PREPARE | Act.PRINT:
            return readers(kind, rules)
        case Act.SIGN | Act.SEAT:
            return signers(kind, rules)
        case Act.ENTER:
            return (Role.REGISTRAR,)
        case Act.NAME_SUBSTITUTE:
            return (Role.ADMIN,)


def _without_role(act: Act, case: Reviewed, reviewer: _Reviewer) -> ReviewRefusal | None:
    if reviewer.by == case.substitute and act not in (Act.ENTER, Act.NAME_SUBSTITUTE):
        return None
    mine = [grant for grant in reviewer.grants if grant.person_id == reviewer.by]
    return _said(without_role({case.institute}, _roles(act, case.kind, reviewer.rules), mine, on=reviewer.on))


def _conflict(case: Reviewed, by: str) -> ReviewRefusal | None:
    affair = Affair(scopes=frozenset({case.institute}), owners=frozenset({case.student_id}), lecturers=case.lecturers)
    return _said(conflict(affair, by))


def _said(refusal: ReadingRefusal | None) -> ReviewRefusal | None:
    if refusal is ReadingRefusal.OWN:
        return ReviewRefusal.OWN_REQUEST
    return None if refusal is None else ReviewRefusal(refusal.value)


_IN_STATES: Final = {
    Act.READ: frozenset(RequestState),
    Act.PRINT: frozenset(RequestState),
    Act.TAKE: frozenset({RequestState.FILED, RequestState.IN_REVIEW}),
    Act.PREPARE: OPEN,
    Act.SIGN: OPEN,
    Act.NAME_SUBSTITUTE: OPEN,
    Act.ENTER: frozenset({RequestState.UPHELD}),
    Act.SEAT: frozenset({RequestState.APPROVED}),
}


def _unfit(act: Act, case: Reviewed) -> ReviewRefusal | None:
    """Say why nobody can do this to the request as it stands."""
    if (act is Act.ENTER and not case.raises_mark) or (act is Act.SEAT and not case.gives_seat):
        return ReviewRefusal.NOT_IN_THIS_STATE
    if case.state in _IN_STATES[act]:
        return None
    if case.state is RequestState.WITHDRAWN:
        return ReviewRefusal.WITHDRAWN
    if case.state in DECIDED and _IN_STATES[act] <= OPEN:
        return ReviewRefusal.ALREADY_DECIDED
    return ReviewRefusal.NOT_IN_THIS_STATE


def _in_the_way(act: Act, case: Reviewed, reviewer: _Reviewer) -> ReviewRefusal | None:
    """Say what somebody else did, or did not do yet, that keeps this person from it."""
    taken_by_other = case.taken_by not in (None, reviewer.by)
    match act:
        case Act.TAKE if taken_by_other:
            return ReviewRefusal.TAKEN_BY_OTHER
        case Act.PREPARE if taken_by_other and _without_role(Act.SIGN, case, reviewer):
            return ReviewRefusal.TAKEN_BY_OTHER
        case Act.SIGN if case.paused:
            return ReviewRefusal.PAUSED
        case Act.SIGN if case.state is not RequestState.PROPOSED and not decided_in_one_step(case.kind, reviewer.rules):
            return ReviewRefusal.NOTHING_PROPOSED
        case Act.SIGN if _is_own_proposal(case, reviewer.by, reviewer.rules):
            return ReviewRefusal.OWN_PROPOSAL
    return None


def _cannot_follow(case: Reviewed) -> ReviewRefusal | None:
    """Say why no decision can follow the one that was made."""
    if case.state is not RequestState.REFUSED:
        if case.state is RequestState.WITHDRAWN:
            return ReviewRefusal.WITHDRAWN
        return ReviewRefusal.ALREADY_DECIDED if case.state in DECIDED else ReviewRefusal.NOT_IN_THIS_STATE
    locked = case.sheet_locked and desk_of(case.kind).commission
    return ReviewRefusal.SHEET_LOCKED if locked else None


def _not_to_be_signed_again(case: Reviewed, by: str, rules: RequestRules) -> ReviewRefusal | None:
    """Say why a decision after a refusal cannot be signed by this person, or by nobody yet."""
    if decided_in_one_step(case.kind, rules):
        return None
    if not case.proposed_again:
        return ReviewRefusal.NOTHING_PROPOSED
    return ReviewRefusal.OWN_PROPOSAL if case.prepared_by == by else None


def _is_own_proposal(case: Reviewed, by: str, rules: RequestRules) -> bool:
    return case.prepared_by == by and not decided_in_one_step(case.kind, rules)
