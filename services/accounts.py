"""Accounts: which Telegram account is whose, and how that changes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Language, Name
from policy.profile import Profile
from storage.records import Change, LinkOffer
from storage.unit import Storage


class LinkWay(StrEnum):
    """By what a Telegram account showed who its owner is."""

    CODE = "code"
    CONTACT = "contact"


class LinkRefusal(StrEnum):
    """Why a Telegram account was not linked."""

    NOBODY_WITH_THIS_NUMBER = "nobody_with_this_number"
    NUMBER_IS_SHARED = "number_is_shared"  # two people in the records have it: it links nobody by itself
    NOTHING_OFFERED = "nothing_offered"  # no code or contact was shown, or what it offered is over
    ACCOUNT_IS_ANOTHERS = "account_is_anothers"  # this Telegram account belongs to another person: unlink there first
    MOVE_OVER = "move_over"  # no such wish to move, answered already, or too late
    NOT_YOURS_TO_ANSWER = "not_yours_to_answer"  # only the person's old account is asked


@dataclass(frozen=True, slots=True)
class Offer:
    """Whom a Telegram account may be linked to, once its owner consents to the processing of their data."""

    person_id: str
    name: Name
    language: Language  # the records' language
    way: LinkWay
    moves_from: int | None  # the Telegram account this person is linked to now, if it is another one
    linked: bool  # already linked to this very account: nothing left to do


@dataclass(frozen=True, slots=True)
class Linked:
    """A link as it stands after the press."""

    person_id: str
    user: int
    moved_from: int | None  # the old Telegram account, to be told that it is linked no more
    new: bool  # False: it was so already (a second press)


@dataclass(frozen=True, slots=True)
class MoveAsked:
    """The old account is to be asked, with a button for each answer.

    A code alone moves no link; that of somebody who holds a role (`guarded`) is not moved by their number either.
    """

    move_id: int
    person_id: str
    old: int
    new: int
    expires_at: datetime
    again: bool  # True: the old account was asked already (a second press)
    way: LinkWay = LinkWay.CODE
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class MoveDeclined:
    """The old account keeps the link; the new one is to be told."""

    person_id: str
    old: int
    new: int


async def offer_by_contact(storage: Storage, *, phone: str, user: int, now: datetime) -> Offer | Refused[LinkRefusal]:
    """Find whose number it is and remember what that offers until `link`. Commits.

    The caller has checked that the contact's `user_id` is the sender's. `8`, `7` and `+7` are alike.
    """
    people = await storage.people.with_phone(phone)
    if not people:
        return Refused(LinkRefusal.NOBODY_WITH_THIS_NUMBER, (HOUSE,))
    if len(people) > 1:
        return Refused(LinkRefusal.NUMBER_IS_SHARED, (HOUSE,))
    known = await storage.accounts.acquaintance(user)
    owner = known.account.person_id if known else None
    if owner not in {None, people[0].person_id}:
        return Refused(LinkRefusal.ACCOUNT_IS_ANOTHERS, (HOUSE,))
    offer = LinkOffer(user, people[0].person_id, LinkWay.CONTACT, None, now)
    if owner is None:
        await storage.accounts.offer(offer)
        await storage.commit()
    return await offered(storage, offer)


async def offer_to(storage: Storage, *, user: int) -> Offer | None:
    """Return what was offered to this Telegram account and not yet answered, to ask for consent again."""
    offer = await storage.accounts.offer_to(user)
    return await offered(storage, offer) if offer else None


async def offered(storage: Storage, offer: LinkOffer) -> Offer:
    """Complete a stored offer by what its screen says; raises LookupError when the person is gone."""
    person = await storage.people.by_id(offer.person_id)
    if person is None:
        raise LookupError("an offer names a person who is not in the records")
    holder = await storage.accounts.of_person(offer.person_id)
    linked = holder is not None and holder.user_id == offer.user_id
    return Offer(
        person_id=offer.person_id,
        name=person.name,
        language=person.language,
        way=LinkWay(offer.way),
        moves_from=None if holder is None or linked else holder.user_id,
        linked=linked,
    )


async def decline(storage: Storage, *, user: int) -> None:
    """Forget what was offered: the owner did not consent. A code stays good until it is used or over. Commits."""
    await storage.accounts.forget_offer(user)
    await storage.commit()


async def link(
    storage: Storage, *, user: int, consent_version: str, now: datetime, profile: Profile
) -> Linked | MoveAsked | Refused[LinkRefusal]:
    """Link a Telegram account to the person it was offered; its owner consents now to this text. Commits.

    A shared contact also moves the link from the person's old account, unless they hold a role; a code alone never
    does: then the old account has to be asked. A second press finds it done (`new=False`) or asked already (the same
    move).
    """
    offer = await storage.accounts.offer_to(user)
    known = await storage.accounts.acquaintance(user)
    owner = known.account.person_id if known else None
    if owner is not None:
        if offer and offer.person_id != owner:
            return Refused(LinkRefusal.ACCOUNT_IS_ANOTHERS, (HOUSE,))
        return Linked(owner, user, None, new=False)
    if offer is None:
        return Refused(LinkRefusal.NOTHING_OFFERED, (HOUSE,))
    if await _stands(storage, offer, now, profile):
        holder = await storage.accounts.of_person(offer.person_id)
        old = holder.user_id if holder else None
        guarded = await _holds_a_role(storage, offer.person_id, now, profile)
        if old is not None and old != user and (guarded or offer.way == LinkWay.CODE):
            asked = await _asked(storage, offer, old=old, consent_version=consent_version, now=now, profile=profile)
            return replace(asked, guarded=guarded)
        consented = replace(offer, consented_at=now, consent_version=consent_version)
        if old != user and await _settle(storage, consented, old=old, now=now):
            return Linked(offer.person_id, user, old, new=True)
    known = await storage.accounts.acquaintance(user)  # a press at the same moment may have come first
    if known and known.account.person_id == offer.person_id:
        return Linked(offer.person_id, user, None, new=False)
    return Refused(LinkRefusal.NOTHING_OFFERED, (HOUSE,))


async def _asked(
    storage: Storage, offer: LinkOffer, *, old: int, consent_version: str, now: datetime, profile: Profile
) -> MoveAsked:
    """Keep the consent, once, and say which account has to be asked."""
    again = offer.consented_at is not None
    if not again:
        await storage.accounts.offer(replace(offer, consented_at=now, consent_version=consent_version))
        await storage.commit()
    expires_at = (offer.consented_at or now) + _patience(profile)
    return MoveAsked(offer.user_id, offer.person_id, old, offer.user_id, expires_at, again, LinkWay(offer.way))


async def answer_move(
    storage: Storage, *, move_id: int, user: int, agreed: bool, now: datetime, profile: Profile
) -> Linked | MoveDeclined | Refused[LinkRefusal]:
    """Take the old account's answer; on consent the link moves to the new account, else its code is spent. Commits."""
    offer = await storage.accounts.offer_to(move_id)
    if offer is None or offer.consented_at is None or not await _stands(storage, offer, now, profile):
        return Refused(LinkRefusal.MOVE_OVER, (HOUSE,))
    holder = await storage.accounts.of_person(offer.person_id)
    if holder is None or holder.user_id != user:
        return Refused(LinkRefusal.NOT_YOURS_TO_ANSWER, (HOUSE,))
    if agreed:
        if await _settle(storage, offer, old=user, now=now):
            return Linked(offer.person_id, offer.user_id, user, new=True)
        return Refused(LinkRefusal.MOVE_OVER, (HOUSE,))
    if offer.invitation_id is not None:
        await storage.invitations.use(offer.invitation_id, user_id=offer.user_id, at=now)
    await storage.accounts.forget_offer(offer.user_id)
    await storage.commit()
    return MoveDeclined(offer.person_id, user, offer.user_id)


async def release(storage: Storage, *, person_id: str, actor: str | None, now: datetime) -> int | None:
    """Take a person's link away, as the registrar may (None: the command line). The caller commits.

    Returns the Telegram account it was on, None if there was none.
    """
    holder = await storage.accounts.of_person(person_id)
    if holder is None:
        return None
    await storage.accounts.unlink(holder.user_id)
    await storage.changes.record([_change(person_id, holder.user_id, None, why="registrar", actor=actor, now=now)])
    return holder.user_id


async def unlink(storage: Storage, *, user: int, now: datetime) -> str | None:
    """Take one's own link away; returns whose it was, None if the account was not linked. Commits."""
    person_id = await storage.accounts.unlink(user)
    if person_id is not None:
        await storage.changes.record([_change(person_id, user, None, why="own wish", actor=person_id, now=now)])
        await storage.commit()
    return person_id


async def choose_language(storage: Storage, *, user: int, language: Language, now: datetime) -> None:
    """Remember an explicit choice of language, linked or not. Commits."""
    known = await storage.accounts.acquaintance(user)
    person_id = known.account.person_id if known else None
    before = {"language": known.account.language} if known and known.account.language else None
    await storage.accounts.choose_language(user, language)
    change = Change(
        "language", (str(user),), before, {"language": language}, "own wish", now, person_id, actor=person_id
    )
    await storage.changes.record([change])
    await storage.commit()


def _patience(profile: Profile) -> timedelta:
    return timedelta(hours=profile.service.link_offer_hours)


async def _holds_a_role(storage: Storage, person_id: str, now: datetime, profile: Profile) -> bool:
    """Tell whether somebody holds a role today: then their number alone, which a file may replace, moves nothing."""
    today = now.astimezone(profile.university.zone).date()
    return any(grant.holds_on(today) for grant in await storage.roles.of_person(person_id))


async def _stands(storage: Storage, offer: LinkOffer, now: datetime, profile: Profile) -> bool:
    """Tell whether an offer may still be taken: in time, and its code neither used, replaced nor over."""
    if now >= (offer.consented_at or offer.offered_at) + _patience(profile):
        return False
    if offer.invitation_id is None:
        return True
    made = await storage.invitations.of_person(offer.person_id)
    invitation = next(each for each in made if each.id == offer.invitation_id)
    in_time = (offer.consented_at or now) < invitation.expires_at
    return in_time and invitation.used_at is None and invitation.withdrawn_at is None


async def _settle(storage: Storage, offer: LinkOffer, *, old: int | None, now: datetime) -> bool:
    """Link as offered and consented to, away from the old account; False, with nothing changed, when too late."""
    if old is not None:
        await storage.accounts.unlink(old)
    used = offer.invitation_id is None or await storage.invitations.use(
        offer.invitation_id, user_id=offer.user_id, at=now
    )
    version = offer.consent_version or ""
    if not used or not await storage.accounts.link(offer.user_id, offer.person_id, at=now, consent_version=version):
        await storage.rollback()
        return False
    await storage.accounts.forget_offer(offer.user_id)
    await storage.changes.record([_change(offer.person_id, old, offer, why=offer.way, actor=offer.person_id, now=now)])
    await storage.commit()
    return True


def _change(
    person_id: str, old: int | None, offer: LinkOffer | None, *, why: str, actor: str | None, now: datetime
) -> Change:
    return Change(
        object="link",
        key=(person_id,),
        before=None if old is None else {"user_id": old},
        after=None
        if offer is None
        else {
            "user_id": offer.user_id,
            "consented_at": offer.consented_at,
            "consent_version": offer.consent_version,
        },
        cause="link",
        at=now,
        about=person_id,
        actor=actor,
        why=why,
    )
