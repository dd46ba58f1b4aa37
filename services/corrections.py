"""Corrections: clerical errors in posted marks, put right by two people and never silently (M9)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from policy.decision import Refused
from policy.marks import Outcome
from policy.profile import Profile
from storage.unit import Storage


class CorrectionRefusal(StrEnum):
    """Why a correction was not proposed, confirmed or refused."""

    NOT_ALLOWED = "not_allowed"  # the person holds no role that corrects marks
    NO_REASON = "no_reason"
    NO_SUCH_ATTEMPT = "no_such_attempt"
    NOT_POSTED = "not_posted"  # nothing posted yet: an import may still change it
    OUT_OF_RANGE = "out_of_range"  # not 0 to 100
    NOTHING_CHANGES = "nothing_changes"
    ONE_IS_WAITING = "one_is_waiting"  # the same attempt has a correction that waits for confirmation
    UNKNOWN = "unknown"  # no correction with this number
    SAME_PERSON = "same_person"  # the one who proposed it, or whose own mark it is
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"
    CHANGED_SINCE = "changed_since"  # the mark is no longer what the proposal saw


class CorrectionState(StrEnum):
    """Where a correction stands."""

    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Values:
    """What a correction changes; None leaves a value as it is. Marks are 0 to 100."""

    rating1: Decimal | None = None
    rating2: Decimal | None = None
    exam: Decimal | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction that has taken effect, with what is owed: the student is told, a new appeal window is open."""

    correction_id: int
    student_id: str
    period: str
    course_code: str
    attempt: int
    before: Values
    after: Values
    reason: str
    posted_at: datetime  # of the corrected value: A1's window runs from here, whatever the exam's form


async def propose_correction(
    storage: Storage,
    *,
    student_id: str,
    period: str,
    course_code: str,
    attempt: int | None,
    values: Values,
    reason: str,
    by: str,
    now: datetime,
    profile: Profile,
) -> int | Refused[CorrectionRefusal]:
    """Propose to correct an attempt (None: the latest), on behalf of person `by`; returns the correction's number. Commits."""
    raise NotImplementedError


async def confirm_correction(
    storage: Storage, *, correction_id: int, by: str, now: datetime, profile: Profile
) -> Applied | Refused[CorrectionRefusal]:
    """Let a second person confirm, which changes the mark, keeps the old value in the history. Commits."""
    raise NotImplementedError


async def refuse_correction(
    storage: Storage, *, correction_id: int, by: str, reason: str, now: datetime, profile: Profile
) -> None | Refused[CorrectionRefusal]:
    """Let a second person refuse, or the proposer take it back, with a reason; the mark stays. Commits."""
    raise NotImplementedError
