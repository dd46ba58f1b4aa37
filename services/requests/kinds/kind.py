"""What a kind of request is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Windows
from policy.decision import Decision, Refused
from policy.instant import FilingInstant
from policy.requests import Desk, Kind, Queue, RequestRules, RequestState, desk_of
from services.requests.consequences import Consequence
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
    about_mark: bool = True  # what is asked is about the mark of the exam
    late_too: bool = False  # no regulation limits it: when its time is over it is marked late
    gives_points: bool = False  # an upheld one adds points to the exam mark
    gives_seat: bool = False  # an approved one gets date, time and room
    after_fx: bool = False  # it falls away once the exam is no FX any more

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return self.kind.queue

    @property
    def desk(self) -> Desk:
        """Who decides it."""
        return desk_of(self.kind)


def by_text(_choice: str | None, _rules: RequestRules) -> FiledBy:
    """File by the reason, whatever was chosen."""
    return FiledBy.TEXT


def by_key(_choice: str | None, _rules: RequestRules) -> FiledBy:
    """File by the key, whatever was chosen."""
    return FiledBy.KEY
