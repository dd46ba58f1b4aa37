"""Invitations: one-time codes by which a person in the records finds their way to the bot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policy.decision import Refused
from policy.people import Language, Name
from policy.profile import Profile
from services.accounts import Offer
from storage.unit import Storage


class CodeRefusal(StrEnum):
    """Why a code opened nothing. `Refused.until` of WAIT is when the next attempt is looked at."""

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
    code: str  # 32 characters of A-Z a-z 0-9 _ -, 192 bits, fit for a /start payload
    expires_at: datetime


async def invite(
    storage: Storage, *, person_ids: Sequence[str], actor: str, now: datetime, profile: Profile
) -> tuple[Card, ...]:
    """Make a new invitation for each of these people; an older open one of the same person works no longer.

    The caller commits. Raises KeyError for a person who is not in the records.
    """
    raise NotImplementedError


async def redeem(
    storage: Storage, *, code: str, user: int, now: datetime, profile: Profile
) -> Offer | Refused[CodeRefusal]:
    """Look a code up for a Telegram account and, when it is good, remember what it offers until `accounts.link`.

    The first account that opens a code has it to itself; it is used up when the link is made. After each wrong code
    beyond the free ones the account has to wait, longer each time; a good code ends the waiting. Commits.
    """
    raise NotImplementedError
