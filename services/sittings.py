"""Sittings: the attempts at an exam one by one, with what was filed about each and what can still be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from policy.appeals import (
    AppealRefusal,
    DecidedAppeal,
    Exam,
    Stood,
    appeal_windows,
    complaint_window,
    line_at,
    may_appeal,
    may_complain,
)
from policy.calendar import ExamSlot, Windows
from policy.decision import Decision, Refused
from policy.instant import FilingInstant
from policy.marks import Attempt, Result, attempt_results
from policy.requests import Kind, RequestState
from storage.requests import Decision as SignedDecision
from storage.requests import ExamKey, Request

if TYPE_CHECKING:
    from services.standing import CourseStanding


class Sitting:
    """One sitting of a course: an attempt in the records, or one of which only the timetable or the history tells.

    Made by `CourseStanding.sittings`; what a screen does not ask for is not worked out.
    """

    def __init__(
        self, course: "CourseStanding", attempt: Attempt, lines: tuple[ExamSlot, ...], stood: tuple[Stood, ...]
    ) -> None:
        """Look at an attempt, at the lines of the timetable it may have been, and at what stood posted of it before."""
        self.course = course
        self.attempt = attempt
        self.lines = lines
        self._stood = stood
        self._study = course.study

    @property
    def latest(self) -> bool:
        """Whether it is the latest of which there is an attempt in the records."""
        return self.attempt.number == self.course.latest.attempt.number

    @property
    def recorded(self) -> bool:
        """Whether there is an attempt in the records, or it is the first and still to come."""
        return self.attempt.number <= self.course.latest.attempt.number

    @cached_property
    def key(self) -> ExamKey:
        """What names this sitting."""
        enrolment = self.course.enrolment
        return ExamKey(enrolment.period, enrolment.course.code, self.attempt.number)

    @cached_property
    def result(self) -> Result:
        """What the attempt amounts to."""
        known = [each for each in self.course.attempts if each.attempt == self.attempt.number]
        if known:
            return known[0]
        enrolment = self.course.enrolment
        return attempt_results(
            replace(enrolment, attempts=(*enrolment.attempts, self.attempt)), self.course.rules.marks
        )[-1]

    @property
    def slot(self) -> ExamSlot | None:
        """The line of the timetable to speak of: the one that runs or is next, else the last."""
        return line_at(self.lines, self._study.now)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """What the student filed about it, oldest first."""
        return self._study.requests_on(self.key)

    def request(self, kind: Kind) -> Request | None:
        """Return the open request of a kind."""
        return next((each for each in self.requests if each.kind is kind and each.open), None)

    def applied_for(self, kind: Kind) -> bool:
        """Tell whether an application for an exam waits, or was approved: either way there is no second one."""
        return any(each.kind is kind and (each.open or each.state is RequestState.APPROVED) for each in self.requests)

    @cached_property
    def decided_at(self) -> datetime | None:
        """When an appeal against its mark was decided last."""
        return max((decision.signed_at for decision in self._decisions(Kind.APPEAL)), default=None)

    @cached_property
    def exam(self) -> Exam:
        """It as the rules on appeals see it."""
        return Exam(
            form=self.course.enrolment.exam_form,
            attempt=self.attempt,
            lines=self.lines,
            stood=self._stood,
            open_appeal=self.request(Kind.APPEAL) is not None,
            decided=tuple(map(_decided, self._decisions(Kind.APPEAL))),
            sheet_locked=self._study.is_locked(self.course.enrolment, self.attempt.number),
        )

    @cached_property
    def appeal(self) -> Windows | Refused[AppealRefusal]:
        """When its mark may be appealed, open or over; a locked sheet leaves nothing to appeal (A7)."""
        return self.appeal_at(self._study.now)

    def appeal_at(self, filed: datetime) -> Windows | Refused[AppealRefusal]:
        """Return the same for what stood posted at an instant."""
        windows = appeal_windows(self.exam, self._study.calendar, self.course.rules.appeals, at=filed)
        if self.exam.sheet_locked and isinstance(windows, Windows):
            return Refused(AppealRefusal.SHEET_LOCKED, windows.at(filed).cites, until=windows.closes)
        return windows

    @cached_property
    def complaint(self) -> Windows | Refused[AppealRefusal]:
        """When a complaint of how it was held is in time, open or over."""
        window = complaint_window(self.exam, self._study.calendar, self.course.rules.appeals)
        return window if isinstance(window, Refused) else Windows((window,))

    def may_appeal(self, filed: FilingInstant) -> Decision[AppealRefusal]:
        """Tell whether its mark may be appealed at this instant."""
        return may_appeal(self.exam, filed, self._study.calendar, self.course.rules.appeals)

    def may_complain(self, filed: FilingInstant) -> Decision[AppealRefusal]:
        """Tell whether the way it was held may be complained of at this instant."""
        return may_complain(
            self.exam,
            filed,
            self._study.calendar,
            self.course.rules.appeals,
            open_complaint=self.request(Kind.APPEAL_PROCEDURE) is not None,
            decided=bool(self._decisions(Kind.APPEAL_PROCEDURE)),
        )

    def _decisions(self, kind: Kind) -> Sequence[SignedDecision]:
        those = (each for each in self.requests if each.kind is kind)
        return [decision for each in those for decision in self._study.decisions_on(each)]


def _decided(decision: SignedDecision) -> DecidedAppeal:
    marks = frozenset(mark for mark in (decision.mark_before, decision.mark_after) if mark is not None)
    posting = decision.mark_posted_at, decision.mark_corrected_at
    kept = not marks or decision.mark_posted_at is not None
    return DecidedAppeal(decision.signed_at, posting if kept else None, marks)
