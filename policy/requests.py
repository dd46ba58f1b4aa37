"""Requests: what students file, who decides it, and by when it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final

from policy.calendar import Calendar, CountedDay
from policy.citation import Cites, encodes
from policy.dated import Chapter
from policy.people import Role
from policy.values import NotAllowedError, choice, hour, several, switch, whole


class Queue(StrEnum):
    """Where a request waits for those who decide it: a desk by its name."""

    APPEALS = "appeals"
    SERVICE_DESK = "service_desk"
    REGISTRAR = "registrar"


class Kind(StrEnum):
    """What a request asks for."""

    APPEAL = "appeal"
    APPEAL_PROCEDURE = "appeal_procedure"
    RETAKE = "retake"
    MISSED_EXAM = "missed_exam"

    @property
    def queue(self) -> Queue:
        """Where it waits for the desk that decides it."""
        return _QUEUES[self]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who decides what waits in a queue, how fast, and how it speaks of it.

    ``signed_by`` decide; ``prepared_by``, where somebody besides prepares; ``one_step``: a signer may decide without a
    proposal of somebody else. ``answers_in`` names the rule that says in how many working days. ``favourable`` is the
    decision that gives the student what was asked for. ``commission``: it decides about exams whose final mark sheet
    must not be printed before, and keeps protocols. ``enters_marks``: marks that were raised are its task.
    ``worded_by`` change its ready reasons besides who signs.
    """

    queue: Queue
    signed_by: Callable[[RequestRules], tuple[Role, ...]]
    prepared_by: Callable[[RequestRules], tuple[Role, ...]] = lambda _: ()
    one_step: Callable[[RequestRules], bool] = lambda _: True
    answers_in: str = "other_answer_working_days"
    favourable: RequestState = RequestState.APPROVED
    commission: bool = False
    enters_marks: bool = False
    worded_by: tuple[Role, ...] = ()

    def names(self, state: RequestState) -> str:
        """Name a state by the words of this desk: what is upheld elsewhere is refused as ``not_upheld``."""
        return f"not_{self.favourable}" if state is RequestState.REFUSED else state.value


DESKS: Final[Mapping[Queue, Desk]] = {
    desk.queue: desk
    for desk in (
        Desk(
            queue=Queue.APPEALS,
            signed_by=lambda rules: rules.appeals_signed_by,
            prepared_by=lambda rules: rules.appeals_prepared_by,
            one_step=lambda rules: rules.appeals_one_step,
            answers_in="appeal_answer_working_days",
            favourable=RequestState.UPHELD,
            commission=True,
            worded_by=(Role.APPEALS_SECRETARY,),
        ),
        Desk(queue=Queue.SERVICE_DESK, signed_by=lambda rules: rules.retakes_decided_by),
        Desk(queue=Queue.REGISTRAR, signed_by=lambda rules: rules.missed_exams_decided_by, enters_marks=True),
    )
}


ENTERING: Final = next(desk.queue for desk in DESKS.values() if desk.enters_marks)
"""Where raised marks wait to be entered in the university's system."""
COMMISSION: Final = next(desk.queue for desk in DESKS.values() if desk.commission)
"""Where the commission decides that keeps protocols."""


def desk_of(kind: Kind) -> Desk:
    """Return who decides a request of this kind."""
    return DESKS[kind.queue]


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """By when a request is answered (half-open), with the days after filing, each counted or skipped."""

    due: datetime
    days: tuple[CountedDay, ...]
    cites: Cites


@encodes("HOUSE")
def answer_time(kind: Kind, since: datetime, calendar: Calendar, rules: RequestRules) -> AnswerTime:
    """Return by when a request filed at ``since`` is answered: to the end of a working day after that day."""
    name = desk_of(kind).answers_in
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
