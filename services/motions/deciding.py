"""Deciding: a second person carries a motion or refuses it, the commission's chair agrees, the mover takes it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policy.citation import HOUSE
from policy.decision import Decision, Refused
from policy.people import Role
from policy.profile import Profile
from policy.reading import Affair, may_see
from policy.two_people import Matter, TwoPeopleRefusal, affair_of
from services.attempts import note
from services.motions.moving import (
    OBJECT,
    MotionRefusal,
    Second,
    ask,
    chairs,
    ended_early,
    expires_at,
    group_of,
    keep_consent,
    may_second,
    seconders,
    settle,
    today,
)
from services.motions.types import TYPES
from services.owing import owe
from storage.outbox import Priority
from storage.records import Motion, MotionState
from storage.unit import Storage

MOTION_NEWS = "motion news"  # to whoever moved it; `content` names the motion


@dataclass(frozen=True, slots=True)
class Carried:
    """A motion that has taken effect; `outcome` is what its kind gives."""

    motion: Motion
    outcome: Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A motion as somebody reads it: what they may do, and who else could, by id."""

    motion: Motion
    matter: Matter
    waits_for_chair: bool
    may_carry: bool
    may_agree: bool
    may_take_back: bool
    could_carry: tuple[str, ...]
    could_agree: tuple[str, ...]
    expires_at: datetime
    ended_early: bool


async def carry(storage: Storage, *, number: int, by: str, now: datetime, profile: Profile) -> Carried | Refused[Any]:
    """Carry a motion as the second person; whoever moved it is owed the news. Commits.

    Whoever may, and what it is about, is asked again now. Nothing is changed when it is refused.
    """
    motion = await _open(storage, number, by, now, profile)
    if isinstance(motion, Refused):
        return motion
    declared = TYPES[motion.kind]
    matter = await declared.matter(storage, motion, profile)
    allowed = await may_second(storage, motion, matter, by=by, now=now, profile=profile)
    if isinstance(allowed, Refused):
        _note(allowed, motion, by=by, now=now)
        return allowed
    if matter.needs_chair and motion.agreed_by is None:
        return Refused(MotionRefusal.CHAIR_NEEDED, (HOUSE,))
    if not await settle(storage, motion, MotionState.CARRIED, by=by, now=now):
        return Refused(MotionRefusal.ALREADY_DECIDED, (HOUSE,))
    outcome = await declared.carry(storage, motion, Second(by, now, profile))
    if isinstance(outcome, Refused):
        await storage.rollback()
        if declared.comes_anew(motion):
            await settle(storage, motion, MotionState.EXPIRED, by=None, now=now)
            await storage.commit()
        return outcome
    await _owe_news(storage, motion, by, now=now)
    await storage.commit()
    return Carried(motion, outcome)


async def agree(storage: Storage, *, number: int, by: str, now: datetime, profile: Profile) -> Motion | Refused[Any]:
    """Agree to a motion for the appeal commission, on whose appeals it bears; then the second person is asked. Commits.

    It is the chair who agrees, the deputy only where no chair can.
    """
    motion = await _open(storage, number, by, now, profile)
    if isinstance(motion, Refused):
        return motion
    matter = await TYPES[motion.kind].matter(storage, motion, profile)
    if not matter.needs_chair or motion.agreed_by is not None:
        return Refused(MotionRefusal.NOT_ASKED, (HOUSE,))
    if by not in await chairs(storage, motion.moved_by, matter, now=now, profile=profile):
        refused = Refused(TwoPeopleRefusal.SAME_PERSON if by == motion.moved_by else TwoPeopleRefusal.NO_ROLE, (HOUSE,))
        _note(refused, motion, by=by, now=now)
        return refused
    if not await keep_consent(storage, motion, by=by, now=now):
        return Refused(MotionRefusal.NOT_ASKED, (HOUSE,))
    agreed = await storage.motions.by_id(number)
    if agreed is None:
        raise LookupError("a motion agreed to a moment ago is gone")
    await ask(storage, agreed, matter, now=now, profile=profile)
    await storage.commit()
    return agreed


async def refuse(
    storage: Storage, *, number: int, by: str | None, reason: str, now: datetime, profile: Profile
) -> Motion | Refused[Any]:
    """Refuse a motion as the second person or the chair, or take one's own back, with a reason. Commits.

    `by` None: the command line, which takes back what it proposed and refuses nothing else.
    """
    if not reason.strip():
        return Refused(MotionRefusal.NO_REASON, (HOUSE,))
    motion = await _open(storage, number, by, now, profile)
    if isinstance(motion, Refused):
        return motion
    if by is None and motion.moved_by is not None:
        return Refused(TwoPeopleRefusal.NO_ROLE, (HOUSE,))
    if by is not None and by != motion.moved_by:
        opened = await open_motion(storage, motion, by=by, now=now, profile=profile)
        if not (opened.may_carry or opened.may_agree):
            refusal = await may_second(storage, motion, opened.matter, by=by, now=now, profile=profile)
            refused = refusal if isinstance(refusal, Refused) else Refused(TwoPeopleRefusal.NO_ROLE, (HOUSE,))
            _note(refused, motion, by=by, now=now)
            return refused
    if not await settle(storage, motion, MotionState.REFUSED, by=by, now=now, reason=reason.strip()):
        return Refused(MotionRefusal.ALREADY_DECIDED, (HOUSE,))
    await _owe_news(storage, motion, by, now=now)
    await storage.commit()
    return motion


async def open_motion(storage: Storage, motion: Motion, *, by: str, now: datetime, profile: Profile) -> Opened:
    """Lay a motion open for a reader; whether they may read it at all is another question (`may_read`)."""
    matter = await TYPES[motion.kind].matter(storage, motion, profile)
    waits_for_chair = matter.needs_chair and motion.agreed_by is None
    could_carry = await seconders(storage, motion.moved_by, matter, now=now, profile=profile)
    could_agree: tuple[str, ...] = ()
    if waits_for_chair:
        could_agree = await chairs(storage, motion.moved_by, matter, now=now, profile=profile)
    return Opened(
        motion,
        matter,
        waits_for_chair=waits_for_chair,
        may_carry=motion.open and by in could_carry,
        may_agree=motion.open and by in could_agree,
        may_take_back=motion.open and by == motion.moved_by,
        could_carry=could_carry,
        could_agree=could_agree,
        expires_at=expires_at(motion, profile),
        ended_early=ended_early(motion, profile),
    )


async def may_read(storage: Storage, motion: Motion, *, by: str, now: datetime, profile: Profile) -> bool:
    """Tell whether somebody may see a motion: who could decide it, or had a part in it and still holds a role there."""
    return not isinstance(await _seen(storage, motion, by=by, now=now, profile=profile), Refused)


async def motion_for(
    storage: Storage, number: int, *, by: str, now: datetime, profile: Profile
) -> Motion | Refused[Any]:
    """Return a motion that is there for somebody; that they tried one that is not is noted."""
    motion = await storage.motions.by_id(number)
    if motion is None:
        return Refused(MotionRefusal.UNKNOWN, (HOUSE,))
    return await _hidden(storage, motion, by=by, now=now, profile=profile) or motion


async def _hidden(
    storage: Storage, motion: Motion, *, by: str, now: datetime, profile: Profile
) -> Refused[TwoPeopleRefusal] | None:
    """Say why a motion is not there for somebody, and note that they tried it."""
    seen = await _seen(storage, motion, by=by, now=now, profile=profile)
    if not isinstance(seen, Refused):
        return None
    _note(seen, motion, by=by, now=now)
    return seen


async def _seen(
    storage: Storage, motion: Motion, *, by: str, now: datetime, profile: Profile
) -> Decision[TwoPeopleRefusal]:
    """Tell whether a motion is there for somebody; an interest of theirs hides it unless they had a part in it."""
    matter = await TYPES[motion.kind].matter(storage, motion, profile)
    took_part = by in {motion.moved_by, motion.agreed_by, motion.decided_by}
    chairs_asked = matter.needs_chair or motion.agreed_by is not None
    roles = {*matter.roles, *(_MOVERS if took_part else ()), *(_CHAIRS if chairs_asked or took_part else ())}
    grants = await storage.roles.of_person(by)
    affair = Affair(scopes=matter.scopes) if took_part else affair_of(matter)
    seen = may_see(affair, roles, by=by, grants=grants, on=today(now, profile))
    if isinstance(seen, Refused):
        return Refused(TwoPeopleRefusal(seen.reason.value), seen.cites)
    if by in matter.gains and not took_part:
        return Refused(TwoPeopleRefusal.GAINS, (HOUSE,))
    return seen


_MOVERS = (Role.REGISTRAR, Role.ADMIN)
_CHAIRS = (Role.APPEALS_CHAIR, Role.APPEALS_DEPUTY)


def _note(refused: Refused[Any], motion: Motion, *, by: str, now: datetime) -> None:
    note(refused, OBJECT, motion.id, by=by, cause=OBJECT, now=now)


async def waiting_for(storage: Storage, *, by: str, now: datetime, profile: Profile) -> tuple[Motion, ...]:
    """Return the open motions that this person moved or may read, oldest first."""
    return tuple(
        [
            each
            for each in await storage.motions.open()
            if now < expires_at(each, profile) and await may_read(storage, each, by=by, now=now, profile=profile)
        ]
    )


async def _open(
    storage: Storage, number: int, by: str | None, now: datetime, profile: Profile
) -> Motion | Refused[Any]:
    """Return an open motion that is there for somebody, theirs alone until the transaction ends, or why it is none."""
    motion = await storage.motions.by_id(number, lock=True)
    if motion is None:
        return Refused(MotionRefusal.UNKNOWN, (HOUSE,))
    if by is not None and (refused := await _hidden(storage, motion, by=by, now=now, profile=profile)):
        return refused
    over = expires_at(motion, profile)
    if motion.state is MotionState.EXPIRED:
        return Refused(MotionRefusal.EXPIRED, (HOUSE,), over)
    if not motion.open:
        return Refused(MotionRefusal.ALREADY_DECIDED, (HOUSE,))
    if now >= over:
        await settle(storage, motion, MotionState.EXPIRED, by=None, now=now)
        await storage.commit()
        return Refused(MotionRefusal.EXPIRED, (HOUSE,), over)
    return motion


async def _owe_news(storage: Storage, motion: Motion, by: str | None, *, now: datetime) -> None:
    """Owe whoever moved it the news of what became of it. The caller commits."""
    if motion.moved_by in {None, by}:
        return
    await owe(
        storage,
        to=motion.moved_by or "",
        kind=MOTION_NEWS,
        content={"motion": motion.id},
        now=now,
        priority=Priority.DEADLINE,
        dedupe_key=f"{group_of(motion.id)}:news",
        group_key=group_of(motion.id),
    )
