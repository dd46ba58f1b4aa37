"""Requests: what students file, who decides it, and by when it is answered."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, CountedDay
from policy.citation import Cites, encodes
from policy.dated import Chapter
from policy.people import Role
from policy.values import NotAllowedError, choice, hour, several, switch, whole


class Kind(StrEnum):
    """What a request asks for."""

    APPEAL = "appeal"
    APPEAL_PROCEDURE = "appeal_procedure"
    RETAKE = "retake"
    MISSED_EXAM = "missed_exam"


class Queue(StrEnum):
    """Where a request waits for those who decide it."""

    APPEALS = "appeals"
    SERVICE_DESK = "service_desk"
    REGISTRAR = "registrar"


class RequestState(StrEnum):
    """How far a request has come; void: what it asks for fell away, as a retake does once its FX became a pass."""

    FILED = "filed"
    IN_REVIEW = "in_review"
    PROPOSED = "proposed"
    UPHELD = "upheld"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"


OPEN: Final = frozenset({RequestState.FILED, RequestState.IN_REVIEW, RequestState.PROPOSED})
DECIDED: Final = frozenset({RequestState.UPHELD, RequestState.APPROVED, RequestState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules(Chapter):
    """How the university deals with requests (ours); see ``parameters/requests.toml``."""

    appeal_answer_working_days: Annotated[int, whole(1, 60)]
    other_answer_working_days: Annotated[int, whole(1, 60)]
    appeals_prepared_by: Annotated[tuple[Role, ...], several(choice(Role))]
    appeals_signed_by: Annotated[tuple[Role, ...], several(choice(Role))]
    appeals_one_step: Annotated[bool, switch]
    """Whether a signer may decide without somebody else's proposal."""
    retakes_decided_by: Annotated[tuple[Role, ...], several(choice(Role))]
    missed_exams_decided_by: Annotated[tuple[Role, ...], several(choice(Role))]
    fees_documents_needed: Annotated[bool, switch]
    """Whether a proof of payment must come with an exam missed because of unpaid fees."""
    documents_most: Annotated[int, whole(1, 50)]
    document_megabytes: Annotated[int, whole(1, 20)]
    """Telegram gives bots no larger file."""
    documents_megabytes: Annotated[int, whole(1, 10_000)]
    """What the documents of one student's requests may take together."""
    cards_an_hour: Annotated[int, whole(1, 1000)]
    """Above it staff see one card that sums up."""
    overdue_alert_hours: Annotated[int, whole(1, 72)]
    office_from: Annotated[time, hour]
    office_until: Annotated[time, hour]
    seat_reminder_hours: Annotated[int, whole(1, 240)]

    def __post_init__(self) -> None:
        """Check what the values say together."""
        if self.office_until <= self.office_from:
            raise NotAllowedError(self.office_until, f"a local time after {self.office_from}", "office_until")


def queue_of(kind: Kind) -> Queue:
    """Return where a request of this kind waits."""
    return _QUEUES[kind]


def favourable(kind: Kind) -> RequestState:
    """Return the decision that gives the student what was asked for."""
    return RequestState.UPHELD if queue_of(kind) is Queue.APPEALS else RequestState.APPROVED


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """By when a request is answered (half-open), with the days after filing, each counted or skipped."""

    due: datetime
    days: tuple[CountedDay, ...]
    cites: Cites


@encodes("HOUSE")
def answer_time(kind: Kind, since: datetime, calendar: Calendar, rules: RequestRules) -> AnswerTime:
    """Return by when a request filed at ``since`` is answered: to the end of a working day after that day."""
    name = "appeal_answer_working_days" if queue_of(kind) is Queue.APPEALS else "other_answer_working_days"
    days = calendar.working_days_after(calendar.local_day(since), getattr(rules, name))
    return AnswerTime(calendar.end_of(days[-1].day), days, rules.cited(name))


@encodes("HOUSE")
def answer_time_left(due: datetime, paused_at: datetime, resumed_at: datetime, calendar: Calendar) -> datetime:
    """Return the new ``due`` of an answer whose clock stood still while the student was asked for more.

    It has as many working days after the day it goes on as were left after the day it was paused, at least one, and it
    never falls before the old one.
    """
    left = 0
    day = calendar.local_day(paused_at) + timedelta(days=1)
    while calendar.end_of(day) <= due:
        left += calendar.is_working(day)
        day += timedelta(days=1)
    days = calendar.working_days_after(calendar.local_day(resumed_at), max(left, 1))
    return max(due.astimezone(calendar.zone), calendar.end_of(days[-1].day))


_QUEUES: Final = {
    Kind.APPEAL: Queue.APPEALS,
    Kind.APPEAL_PROCEDURE: Queue.APPEALS,
    Kind.RETAKE: Queue.SERVICE_DESK,
    Kind.MISSED_EXAM: Queue.REGISTRAR,
}
