"""What a rule answers: allowed, or refused with a reason; both name the clause."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from policy.citation import Cites

Reason_co = TypeVar("Reason_co", bound=StrEnum, covariant=True)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes; ``until`` is the first instant at which it no longer holds (None: no limit)."""

    cites: Cites
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused(Generic[Reason_co]):
    """No, and why; ``until`` is when it would have been possible, where there was such a time."""

    reason: Reason_co
    cites: Cites
    until: datetime | None = None


Decision: TypeAlias = Allowed | Refused[Reason_co]
