"""Accounts: which Telegram account is whose, and how that changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policy.decision import Refused
from policy.people import Language, Name
from policy.profile import Profile
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
    """A code alone does not move a link: the old account is to be asked, with a button for each answer."""

    move_id: int
    person_id: str
    old: int
    new: int
    expires_at: datetime


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
    raise NotImplementedError


async def offer_to(storage: Storage, *, user: int) -> Offer | None:
    """Return what was offered to this Telegram account and not yet answered, to ask for consent again."""
    raise NotImplementedError


async def decline(storage: Storage, *, user: int) -> None:
    """Forget what was offered: the owner did not consent. A code stays good until it is used or over. Commits."""
    raise NotImplementedError


async def link(
    storage: Storage, *, user: int, consent_version: str, now: datetime, profile: Profile
) -> Linked | MoveAsked | Refused[LinkRefusal]:
    """Link a Telegram account to the person it was offered; its owner consents now, to the text of this version. Commits.

    A shared contact also moves the link from the person's old account; a code alone never does: then the old account
    has to be asked. A second press finds it done (`new=False`) or asked already (the same move).
    """
    raise NotImplementedError


async def answer_move(
    storage: Storage, *, move_id: int, user: int, agreed: bool, now: datetime
) -> Linked | MoveDeclined | Refused[LinkRefusal]:
    """Take the old account's answer; on consent the link moves to the new account. Commits."""
    raise NotImplementedError


async def release(storage: Storage, *, person_id: str, actor: str | None, now: datetime) -> int | None:
    """Take a person's link away, as the registrar may (None: the command line). Commits.

    Returns the Telegram account it was on, None if there was none.
    """
    raise NotImplementedError


async def unlink(storage: Storage, *, user: int, now: datetime) -> str | None:
    """Take one's own link away; returns whose it was, None if the account was not linked. Commits."""
    raise NotImplementedError


async def choose_language(storage: Storage, *, user: int, language: Language, now: datetime) -> None:
    """Remember an explicit choice of language, linked or not. Commits."""
    raise NotImplementedError
