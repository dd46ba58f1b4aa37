"""Invitations: one-time codes by which a person in the records finds their way to the bot."""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Language, Name, Role
from policy.profile import Profile
from services.accounts import LinkRefusal, LinkWay, Offer, offered
from storage.records import Change, CodeFailures, LinkOffer
from storage.unit import Storage

CODE_BYTES = 24  # 192 bits, 32 characters of A-Z a-z 0-9 _ -; a /start payload holds 64


class CodeRefusal(StrEnum):
    """Why a code opened nothing. `Refused.until` of WRONG and WAIT is when the next attempt is looked at."""

    WRONG = "wrong"  # no such code was ever made
    EXPIRED = "expired"
    REPLACED = "replaced"  # a newer one was made for the same person
    USED = "used"  # it linked somebody already, or another Telegram account has opened it
    WAIT = "wait"  # too many wrong codes from this Telegram account


@dataclass(frozen=True, slots=True)
class Card:
    """An invitation just made: the only moment at which its code is known in the clear."""

    person_id: str
    name: Name
    group: str | None
    language: Language
    code: str
    last_day: date  # the university's; the link works to the end of it


async def students_to_invite(storage: Storage, *, groups: Collection[str] = ()) -> tuple[str, ...]:
    """Return the ids of all students, or of those in these groups, by group and alphabet."""
    return tuple(
        student.person_id for student in await storage.students.all_in_order() if not groups or student.group in groups
    )


async def staff_to_invite(storage: Storage, *, on: date) -> tuple[str, ...]:
    """Return the ids of everybody who holds a role on a day and is not a student, in order of id."""
    holders = {grant.person_id for grant in await storage.roles.holders(*Role) if grant.holds_on(on)}
    return tuple(sorted(holders - await storage.students.all_ids()))


async def without_account(storage: Storage, person_ids: Sequence[str]) -> tuple[str, ...]:
    """Return those of these people who are not linked yet, in the same order."""
    linked = await storage.accounts.of_people(person_ids)
    return tuple(person_id for person_id in person_ids if person_id not in linked)


async def invite(
    storage: Storage, *, person_ids: Iterable[str], actor: str | None, now: datetime, profile: Profile
) -> tuple[Card, ...]:
    """Make a new invitation for each of these people; an older open one of the same person works no longer.

    The caller commits, once it has the codes safe. `actor` is a person's id, None for the command line. Raises KeyError
    for a person who is not in the records.
    """
    wanted = tuple(dict.fromkeys(person_ids))
    people = await storage.people.by_ids(wanted)
    students = await storage.students.by_ids(wanted)
    zone = profile.university.zone
    last_day = now.astimezone(zone).date() + timedelta(days=profile.service.invitation_days)
    expires_at = datetime.combine(last_day + timedelta(days=1), time.min, zone)
    cards = tuple(
        Card(
            person_id,
            people[person_id].name,
            students[person_id].group if person_id in students else None,
            people[person_id].language,
            secrets.token_urlsafe(CODE_BYTES),
            last_day,
        )
        for person_id in wanted
    )
    await storage.invitations.make(
        ((card.person_id, _hash(card.code)) for card in cards), made_at=now, made_by=actor, expires_at=expires_at
    )
    await storage.changes.record(
        Change(
            "invitation",
            (card.person_id,),
            None,
            {"expires_at": expires_at},
            "invite",
            now,
            card.person_id,
            actor=actor,
        )
        for card in cards
    )
    return cards


async def redeem(
    storage: Storage, *, code: str, user: int, now: datetime, profile: Profile
) -> Offer | Refused[CodeRefusal] | Refused[LinkRefusal]:
    """Look a code up for a Telegram account and, when it is good, remember what it offers until `accounts.link`.

    The first account that opens a code has it to itself; it is used up when the link is made. After a number of wrong
    codes the account has to wait, longer each time; a good code ends that. An account that belongs to another person
    opens nothing (ACCOUNT_IS_ANOTHERS). Commits.
    """
    failures = await storage.accounts.code_failures(user)
    if failures and now < failures.wait_until:
        return Refused(CodeRefusal.WAIT, (HOUSE,), failures.wait_until)
    invitation = await storage.invitations.by_hash(_hash(code))
    if invitation is None:
        wait_until = _wait_until(failures, now, profile)
        count = failures.failures + 1 if failures else 1
        await storage.accounts.keep_code_failures(CodeFailures(user, count, now, wait_until))
        await storage.commit()
        return Refused(CodeRefusal.WRONG, (HOUSE,), wait_until if wait_until > now else None)
    known = await storage.accounts.acquaintance(user)
    owner = known.account.person_id if known else None
    if owner not in {None, invitation.person_id}:
        return Refused(LinkRefusal.ACCOUNT_IS_ANOTHERS, (HOUSE,))
    offer = LinkOffer(user, invitation.person_id, LinkWay.CODE, invitation.id, now)
    if owner is not None:
        return await offered(storage, offer)
    if invitation.used_at:
        return Refused(CodeRefusal.USED, (HOUSE,))
    if invitation.withdrawn_at:
        return Refused(CodeRefusal.REPLACED, (HOUSE,))
    if now >= invitation.expires_at:
        return Refused(CodeRefusal.EXPIRED, (HOUSE,), invitation.expires_at)
    if not await storage.invitations.open(invitation.id, user_id=user, at=now):
        return Refused(CodeRefusal.USED, (HOUSE,))
    await storage.accounts.forgive_code_failures(user)
    await storage.accounts.offer(offer)
    await storage.commit()
    return await offered(storage, offer)


def _hash(code: str) -> str:
    """Return what is kept of a code: finding it by its hash leaves no time to measure."""
    return sha256(code.encode()).hexdigest()


def _wait_until(failures: CodeFailures | None, now: datetime, profile: Profile) -> datetime:
    """Return until when an account waits that has just sent one more wrong code; `now` when it need not."""
    earlier = failures.failures if failures else 0
    beyond = earlier + 1 - profile.service.free_wrong_codes
    if beyond < 0:
        return now
    waits = profile.service.wrong_code_waits_minutes
    return now + timedelta(minutes=waits[min(beyond, len(waits) - 1)])
