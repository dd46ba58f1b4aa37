"""The kinds of requests: who may file each, what it must come with, who decides it and what a decision does.

How to add a kind: name it in `policy.requests.Kind` with its queue, write the rule that says who may file it and until
when, declare it here with what its decisions do (`services/requests/consequences.py`), and word it in
`bot/words/requests.py`, its key or hint in `form.py` there. Form, receipt, list, withdrawal, cards, decision,
history and notices follow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Windows
from policy.decision import Decision, Refused
from policy.instant import FilingInstant
from policy.requests import Kind, Queue, RequestRules, RequestState, queue_of
from policy.retakes import MissedCause
from services.requests.consequences import Consequence, cancel_retakes, raise_mark, tell_registrar
from services.sittings import Sitting


class FiledBy(StrEnum):
    """The message that files a request, and so carries its instant."""

    TEXT = "text"  # the reason
    KEY = "key"  # a button of the keyboard: nothing has to be written
    DOCUMENT = "document"  # a proof without which it cannot be filed


@dataclass(frozen=True, slots=True)
class RequestKind:
    """A kind of request about an exam.

    `windows` says when it may be filed, or a text of an instant could have been; `may_file` whether it may at an
    instant with a choice (None where there is none to make), `choices` what can be chosen. `decisions` are the outcomes
    there are, each with what it does.
    """

    kind: Kind
    windows: Callable[[Sitting, datetime], Windows | Refused[Any]]
    may_file: Callable[[Sitting, FilingInstant, str | None], Decision[Any]]
    filed_by: Callable[[str | None, RequestRules], FiledBy]
    decisions: Mapping[RequestState, tuple[Consequence, ...]]
    choices: Callable[[Sitting], tuple[StrEnum, ...]] = lambda _: ()
    each_sitting: bool = False  # any sitting can be asked about, not the latest alone
    late_too: bool = False  # no regulation limits it: when its time is over it is marked late
    gives_points: bool = False  # an upheld one adds points to the exam mark
    gives_seat: bool = False  # an approved one gets date, time and room

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return queue_of(self.kind)


def _by_text(_choice: str | None, _rules: RequestRules) -> FiledBy:
    return FiledBy.TEXT


def _by_key(_choice: str | None, _rules: RequestRules) -> FiledBy:
    return FiledBy.KEY


def _missed_by(choice: str | None, rules: RequestRules) -> FiledBy:
    needed = choice == MissedCause.FEES and rules.fees_documents_needed
    return FiledBy.DOCUMENT if needed else FiledBy.KEY


def _missed_causes(sitting: Sitting) -> tuple[StrEnum, ...]:
    causes = sitting.course.missed_causes
    return () if isinstance(causes, Refused) else causes


KINDS: Mapping[Kind, RequestKind] = {
    each.kind: each
    for each in (
        RequestKind(
            Kind.APPEAL,
            windows=lambda sitting, at: sitting.appeal_at(at),
            may_file=lambda sitting, filed, _: sitting.may_appeal(filed),
            filed_by=_by_text,
            decisions={
                RequestState.UPHELD: (raise_mark, cancel_retakes, tell_registrar),
                RequestState.REFUSED: (),
            },
            each_sitting=True,
            gives_points=True,
        ),
        RequestKind(
            Kind.APPEAL_PROCEDURE,
            windows=lambda sitting, _: sitting.complaint,
            may_file=lambda sitting, filed, _: sitting.may_complain(filed),
            filed_by=_by_text,
            decisions={RequestState.UPHELD: (), RequestState.REFUSED: ()},
            each_sitting=True,
            late_too=True,
        ),
        RequestKind(
            Kind.RETAKE,
            windows=lambda sitting, _: sitting.course.retake,
            may_file=lambda sitting, filed, _: sitting.course.may_retake(filed),
            filed_by=_by_key,
            decisions={RequestState.APPROVED: (), RequestState.REFUSED: ()},
            gives_seat=True,
        ),
        RequestKind(
            Kind.MISSED_EXAM,
            windows=lambda sitting, _: sitting.course.missed_exam,
            may_file=lambda sitting, filed, choice: sitting.course.may_take_missed_exam(
                MissedCause(choice or ""), filed
            ),
            filed_by=_missed_by,
            choices=_missed_causes,
            decisions={RequestState.APPROVED: (), RequestState.REFUSED: ()},
            gives_seat=True,
        ),
    )
}
