"""Moving: one person proposes what takes two, and those who may be the second are asked."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from policy.citation import HOUSE
from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.two_people import Enabling, Matter, MotionKind, Tie, TwoPeopleRefusal, are_two_humans, may_be_second
from services.owing import amend, owe
from services.reads import record_read
from storage.outbox import Priority
from storage.phones import phone_digits
from storage.records import Change, Motion, MotionState
from storage.unit import Storage

MOTION_CARD = "motion"  # to whoever may decide; `content` names the motion
SHORTEST_REASON = 10  # characters: others read it
OBJECT = "motion"  # in the history


class MotionRefusal(StrEnum):
    """Why a motion was not moved, agreed to, carried or refused, besides who may (`policy.two_people`)."""

    NO_REASON = "no_reason"
    REASON_TOO_SHORT = "reason_too_short"
    ONE_IS_WAITING = "one_is_waiting"  # about the same
    UNKNOWN = "unknown"
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"  # `Refused.until` is when the time for it was over
    CHANGED_SINCE = "changed_since"  # what it is about is no longer as it was
    CHAIR_NEEDED = "chair_needed"  # appeals stand on it: their commission's chair has not agreed yet
    NOT_ASKED = "not_asked"  # the chair's consent is not needed, or given


@dataclass(frozen=True, slots=True)
class Second:
    """Who carries a motion, and when."""

    by: str
    now: datetime
    profile: Profile


@dataclass(frozen=True, slots=True)
class MotionType:
    """A kind of motion.

    `matter` says what is to be agreed to as things stand now; `carry` does it in the caller's transaction, or answers
    with the reason why it can no longer be. `takes_long`: not for a handler. `comes_anew`: one that can no longer be
    carried ends at once, because it is moved again by itself.
    """

    kind: MotionKind
    matter: Callable[[Storage, Motion, Profile], Awaitable[Matter]]
    carry: Callable[[Storage, Motion, Second], Awaitable[Any]]
    takes_long: bool = False
    comes_anew: Callable[[Motion], bool] = lambda _: False


async def move(
    storage: Storage,
    declared: MotionType,
    *,
    about: str,
    content: Mapping[str, Any],
    reason: str,
    by: str | None,
    now: datetime,
    profile: Profile,
    student_id: str | None = None,
) -> Motion | Refused[Any]:
    """Keep a motion and owe a card to everybody who may be the second person; `by` None: the command line. Commits.

    The caller has asked whether `by` may move it. The reason has to say something: it is read by those it concerns.
    """
    if refused := unreasoned(reason):
        return refused
    waiting = await storage.motions.open_about(about)
    if waiting is not None:
        if now < expires_at(waiting, profile):
            return Refused(MotionRefusal.ONE_IS_WAITING, (HOUSE,))
        await settle(storage, waiting, MotionState.EXPIRED, by=None, now=now)
    motion = await storage.motions.add(
        declared.kind, about, content, reason=reason.strip(), by=by, at=now, student_id=student_id
    )
    if motion is None:
        return Refused(MotionRefusal.ONE_IS_WAITING, (HOUSE,))
    matter = await declared.matter(storage, motion, profile)
    await storage.changes.record(
        [_change(motion, None, {"state": motion.state, "about": about}, by=by, now=now, why=reason)]
    )
    await ask(storage, motion, matter, now=now, profile=profile)
    await storage.commit()
    return motion


def unreasoned(reason: str) -> Refused[MotionRefusal] | None:
    """Say why this is no reason."""
    if not reason.strip():
        return Refused(MotionRefusal.NO_REASON, (HOUSE,))
    return Refused(MotionRefusal.REASON_TOO_SHORT, (HOUSE,)) if len(reason.strip()) < SHORTEST_REASON else None


def expires_at(motion: Motion, profile: Profile) -> datetime:
    """Return the instant from which a motion that nobody decided no longer can be."""
    return motion.moved_at + timedelta(days=profile.service.correction_days)


def ended_early(motion: Motion, profile: Profile) -> bool:
    """Tell whether a motion ended undecided although there was time: what it is about is no longer as it was."""
    at = motion.decided_at
    return motion.state is MotionState.EXPIRED and at is not None and at < expires_at(motion, profile)


async def settle(
    storage: Storage, motion: Motion, state: MotionState, *, by: str | None, now: datetime, reason: str | None = None
) -> bool:
    """End a motion's waiting, keep who did, have its cards say so; False when somebody did before."""
    if not await storage.motions.decide(motion.id, state, by=by, at=now, reason=reason):
        return False
    await storage.changes.record(
        [_change(motion, {"state": motion.state}, {"state": state}, by=by, now=now, why=reason)]
    )
    await rewrite_cards(storage, motion, now=now)
    return True


async def keep_consent(storage: Storage, motion: Motion, *, by: str, now: datetime) -> bool:
    """Keep that the commission's chair agrees; False when that was said before."""
    if not await storage.motions.agree(motion.id, by=by, at=now):
        return False
    await storage.changes.record([_change(motion, {"agreed_by": None}, {"agreed_by": by}, by=by, now=now)])
    await rewrite_cards(storage, motion, now=now)
    return True


# Who may be the second person


async def may_second(
    storage: Storage, motion: Motion, matter: Matter, *, by: str, now: datetime, profile: Profile
) -> Decision[TwoPeopleRefusal]:
    """Tell whether somebody may agree to what a motion is about (`matter` says by which roles)."""
    return await may_follow(storage, motion.moved_by, matter, by=by, now=now, profile=profile)


async def may_follow(
    storage: Storage, first: str | None, matter: Matter, *, by: str, now: datetime, profile: Profile
) -> Decision[TwoPeopleRefusal]:
    """Tell whether somebody may agree to what `first` proposed."""
    grants = await storage.roles.of_person(by)
    enablings = await enablings_of(storage, [first, by], now=now, profile=profile) if first else ()
    return _asked(first, matter, by, grants, enablings, now=now, profile=profile)


async def two_humans(
    storage: Storage, first: str, second: str, *, now: datetime, profile: Profile
) -> Decision[TwoPeopleRefusal]:
    """Tell whether these two are two different humans, as far as the history tells."""
    enablings = await enablings_of(storage, [first, second], now=now, profile=profile)
    return are_two_humans(first, second, enablings, now=now, week=_week(profile))


async def seconders(
    storage: Storage, first: str | None, matter: Matter, *, now: datetime, profile: Profile
) -> tuple[str, ...]:
    """Name those who may agree to what `first` proposed, linked or not, by id."""
    held: dict[str, tuple[RoleGrant, ...]] = {}
    for grant in await storage.roles.holders(*matter.roles):
        held[grant.person_id] = (*held.get(grant.person_id, ()), grant)
    people = sorted(held)
    enablings = await enablings_of(storage, [first, *people], now=now, profile=profile) if first else ()
    return tuple(
        each
        for each in people
        if isinstance(_asked(first, matter, each, held[each], enablings, now=now, profile=profile), Allowed)
    )


async def enablings_of(
    storage: Storage, person_ids: Iterable[str | None], *, now: datetime, profile: Profile
) -> tuple[Enabling, ...]:
    """Return how these people were lately enabled to act by others of the staff."""
    people = [each for each in person_ids if each]
    found = []
    for change in await storage.changes.enablings(people, since=now - _week(profile)):
        how = _tie(change)
        if how is None or change.about is None or change.actor is None:
            continue
        taken = how is not Tie.INVITED or await _led_to_a_link(storage, change)
        found.append(Enabling(change.actor, change.about, how, change.at, taken))
    return tuple(found)


def _tie(change: Change) -> Tie | None:
    if change.object == "link":
        return Tie.LINK_MOVED
    if change.object == "invitation":
        return Tie.INVITED
    before, after = ((told or {}).get("phone") for told in (change.before, change.after))
    replaced = before is not None and phone_digits(before) != phone_digits(after)
    return Tie.PHONE_REPLACED if replaced else None


async def _led_to_a_link(storage: Storage, change: Change) -> bool:
    made = await storage.invitations.of_person(change.about or "")
    return any(each.made_by == change.actor and each.made_at == change.at and each.used_at for each in made)


def _asked(
    first: str | None,
    matter: Matter,
    by: str,
    grants: tuple[RoleGrant, ...],
    enablings: tuple[Enabling, ...],
    *,
    now: datetime,
    profile: Profile,
) -> Decision[TwoPeopleRefusal]:
    return may_be_second(
        matter,
        first=first,
        second=by,
        grants=grants,
        enablings=enablings,
        now=now,
        on=today(now, profile),
        week=_week(profile),
    )


def _week(profile: Profile) -> timedelta:
    return timedelta(days=profile.service.second_human_days)


def today(now: datetime, profile: Profile) -> date:
    """Return the university's date."""
    return now.astimezone(profile.university.zone).date()


def chair_matter(matter: Matter, *, deputy: bool = False) -> Matter:
    """Return what the chair of the appeal commission (or their deputy) is asked to agree to."""
    return Matter(
        roles=(Role.APPEALS_DEPUTY,) if deputy else (Role.APPEALS_CHAIR,),
        scopes=matter.scopes,
        gains=matter.gains,
        lecturers=matter.lecturers,
    )


async def chairs(
    storage: Storage, first: str | None, matter: Matter, *, now: datetime, profile: Profile
) -> tuple[str, ...]:
    """Name who may agree for the appeal commission: its chair, the deputy where no chair can."""
    for deputy in (False, True):
        if found := await seconders(storage, first, chair_matter(matter, deputy=deputy), now=now, profile=profile):
            return found
    return ()


# Cards


def group_of(number: int) -> str:
    """Return the group key of the messages about a motion."""
    return f"motion:{number}"


async def ask(storage: Storage, motion: Motion, matter: Matter, *, now: datetime, profile: Profile) -> None:
    """Owe a card to whoever is to agree next. The caller commits."""
    if matter.needs_chair and motion.agreed_by is None:
        asked = await chairs(storage, motion.moved_by, matter, now=now, profile=profile)
    else:
        asked = await seconders(storage, motion.moved_by, matter, now=now, profile=profile)
    await owe_cards(storage, motion, asked, now=now)


async def owe_cards(storage: Storage, motion: Motion, people: Iterable[str], *, now: datetime) -> None:
    """Owe these people a card that says how a motion stands. The caller commits."""
    people = tuple(people)
    linked = await storage.accounts.of_people(people)
    for person_id in people:
        stage = "agreed" if motion.agreed_by else motion.state
        await owe(
            storage,
            to=person_id,
            kind=MOTION_CARD,
            content={"motion": motion.id},
            now=now,
            priority=Priority.DEADLINE,
            dedupe_key=f"{group_of(motion.id)}:{stage}:{person_id}",
            group_key=group_of(motion.id),
        )
        if motion.student_id and person_id in linked:
            await record_read(storage, of=[motion.student_id], what="marks", cause=OBJECT, by=person_id, now=now)


async def rewrite_cards(storage: Storage, motion: Motion, *, now: datetime) -> None:
    """Have every card of a motion say how it stands now. The caller commits."""
    for owed in await storage.outbox.of_group(group_of(motion.id)):
        if owed.kind == MOTION_CARD:
            await amend(storage, owed.id, owed.content, now=now)


def _change(
    motion: Motion,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    by: str | None,
    now: datetime,
    why: str | None = None,
) -> Change:
    return Change(
        OBJECT,
        (str(motion.id),),
        before,
        after,
        OBJECT,
        now,
        about=motion.student_id,
        cause_id=motion.id,
        actor=by,
        why=why and why.strip(),
    )
