"""Attempts: what somebody tried and was refused for who they are, kept in the history beside what was done.

Whoever refuses notes it (`note`); it is kept after the answer, in a transaction of its own: nothing else of a refused
act is kept. A thing counts once a day for one person, and a person for so many things a day, so that no flood fills
the disk. A thing that does not exist is nothing tried.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from policy.decision import Refused
from policy.reading import ReadingRefusal
from policy.review import ReviewRefusal
from policy.two_people import TwoPeopleRefusal
from storage.records import REFUSED, Change
from storage.unit import Storage

MOST_A_DAY = 50


class Stranger(StrEnum):
    """Why somebody was refused where no rule answers, only the place they came to."""

    NOT_OF_THE_OFFICE = "not_of_the_office"  # a button of the staff under another thumb
    NOT_THEIRS = "not_theirs"  # another student's request


ABOUT_THE_PERSON = frozenset(
    {
        *(reason.value for reason in (*ReadingRefusal, *TwoPeopleRefusal)),
        ReviewRefusal.OWN_REQUEST.value,
        ReviewRefusal.OWN_PROPOSAL.value,
    }
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody tried: `object` and `key` as in the history, `about` whom it concerns, `cause` where it was."""

    object: str
    key: tuple[str, ...]
    by: str
    why: str
    cause: str
    at: datetime
    about: str | None = None


_noted: ContextVar[list[Attempt] | None] = ContextVar("attempts", default=None)


@contextmanager
def noting() -> Iterator[list[Attempt]]:
    """Take down what is tried inside, to be kept when that is over."""
    noted: list[Attempt] = []
    before = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(before)


def note(
    refused: Refused[Any] | StrEnum,
    object_: str,
    *key: object,
    by: str | None,
    cause: str,
    now: datetime,
    about: str | None = None,
) -> None:
    """Note that somebody was refused for who they are; `by` None: the command line, whose tries are nobody's.

    A bare reason is noted as it is; of a refusal, whether it is about the person: that something was decided or
    withdrawn meanwhile, or comes too late, is no attempt.
    """
    noted = _noted.get()
    if noted is None or by is None:
        return
    reason = refused
    if isinstance(refused, Refused):
        if refused.reason.value not in ABOUT_THE_PERSON:
            return
        reason = refused.reason
    noted.append(Attempt(object_, tuple(map(str, key)), by, str(reason), cause, now, about))


async def keep(storage: Storage, noted: Iterable[Attempt], *, zone: ZoneInfo) -> None:
    """Write what was not tried by the same person on the same day before. Commits when there is anything."""
    told = False
    for each in noted:
        day = each.at.astimezone(zone).date()
        known = await storage.changes.refused(each.by, since=datetime.combine(day, time.min, zone))
        if (each.object, each.key) in known or len(known) >= MOST_A_DAY or await _is_nothing(storage, each):
            continue
        line = Change(
            each.object, each.key, None, None, each.cause, each.at, each.about, actor=each.by, why=each.why, act=REFUSED
        )
        await storage.changes.record([line])
        told = True
    if told:
        await storage.commit()


async def _is_nothing(storage: Storage, tried: Attempt) -> bool:
    """Tell whether there is no request of the number that somebody tried, who was not told so."""
    return tried.object == "request" and await storage.requests.by_id(int(tried.key[0])) is None
