"""Accounts: which Telegram account is whose, how that changes, and what is stored about a person."""

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
    ACCOUNT_IS_ANOTHERS = "account_is_anothers"  # this Telegram account belongs to another person
    PERSON_HAS_ACCOUNT = "person_has_account"  # ask the old account (`old_account_to_ask`), or share the contact
    NOT_YOURS_TO_ALLOW = "not_yours_to_allow"  # the account that answers is not the one to be asked


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


async def offer_by_contact(storage: Storage, *, phone: str, user: int, now: datetime) -> Offer | Refused[LinkRefusal]:
    """Find whose number it is and remember what that offers until `link`. Commits.

    The caller has checked that the contact's `user_id` is the sender's. `8`, `7` and `+7` are alike.
    """
    raise NotImplementedError


async def offer_of(storage: Storage, *, user: int, now: datetime) -> Offer | None:
    """Return what was offered to this Telegram account and not yet answered, to ask for consent again."""
    raise NotImplementedError


async def decline(storage: Storage, *, user: int) -> None:
    """Forget what was offered: the owner did not consent. The code stays good for this account. Commits."""
    raise NotImplementedError


async def link(storage: Storage, *, user: int, now: datetime) -> Linked | Refused[LinkRefusal]:
    """Link a Telegram account to the person it was offered, its owner having consented now. Commits.

    A shared contact also moves the link from the person's old account; a code alone never does
    (PERSON_HAS_ACCOUNT). Two presses at once link once.
    """
    raise NotImplementedError


async def old_account_to_ask(storage: Storage, *, user: int) -> int | None:
    """Return the Telegram account whose consent would move the link to `user`, who was offered it by a code."""
    raise NotImplementedError


async def allow_move(storage: Storage, *, old: int, new: int, now: datetime) -> Linked | Refused[LinkRefusal]:
    """Move the link from the old account, which consents by this press, to the new one that was offered it. Commits."""
    raise NotImplementedError


async def release(storage: Storage, *, person_id: str, actor: str, now: datetime) -> int | None:
    """Take a person's link away, as the registrar may; returns the account it was on, None if there was none.

    The caller commits.
    """
    raise NotImplementedError


async def unlink(storage: Storage, *, user: int, now: datetime) -> str | None:
    """Take one's own link away; returns whose it was, None if the account was not linked. Commits."""
    raise NotImplementedError


async def choose_language(storage: Storage, *, user: int, language: Language, now: datetime) -> None:
    """Remember an explicit choice of language, linked or not. Commits."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything stored about one person, and nothing about anybody else: section -> rows of field -> value."""

    person_id: str
    taken_at: datetime
    sections: dict[str, list[dict[str, object]]]

    def as_json(self) -> bytes:
        """Write it all as a UTF-8 JSON file: instants in ISO 8601 with offset, numbers as they are stored."""
        raise NotImplementedError


async def everything_about(storage: Storage, *, person_id: str, now: datetime) -> PersonalData:
    """Collect what is stored about a person, for `/me`."""
    raise NotImplementedError
