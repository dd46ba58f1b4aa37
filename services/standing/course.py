"""One course of a student laid open."""

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from policy.appeals import AppealRefusal, Stood, lines_of
from policy.calendar import ExamSlot, Window, Windows
from policy.decision import Decision, Refused
from policy.instant import FilingInstant
from policy.marks import (
    Admission,
    Attempt,
    Enrolment,
    Result,
    admission,
    attempt_results,
    weighted,
)
from policy.requests import Kind
from policy.retakes import (
    MissedCause,
    MissedExamRefusal,
    RetakeRefusal,
    may_retake,
    may_take_missed_exam,
    missed_causes,
    missed_exam_windows,
    retake_windows,
)
from services.sittings import Sitting
from storage.requests import ExamKey

if TYPE_CHECKING:
    from services.standing.study import Study


class CourseStanding:
    """One course laid open: every attempt with its result, the one that counts, and what can still be done about it.

    Made by `Study.standing`; what a screen does not ask for is not worked out.
    """

    def __init__(self, study: "Study", enrolment: Enrolment) -> None:
        """Look at one enrolment of this student."""
        self.enrolment = enrolment
        self.study = study
        self.rules = study.rules(enrolment)

    @cached_property
    def result(self) -> Result:
        """The result that counts."""
        return self.study.result(self.enrolment)

    @cached_property
    def attempts(self) -> tuple[Result, ...]:
        """The result of every attempt, in the order of `enrolment.attempts`."""
        return attempt_results(self.enrolment, self.rules.marks)

    @cached_property
    def weighted(self) -> Decimal | None:
        """The total before rounding, None while a part is missing."""
        rating, computed = self.result.admission_rating, self.result.computed
        return None if rating is None or computed is None else weighted(rating, self.result.exam or 0, self.rules.marks)

    @cached_property
    def admission(self) -> Admission:
        """What admission to the exam asks for."""
        return admission(self.enrolment, self.study.student.level, self.rules.marks)

    @cached_property
    def _recorded(self) -> tuple[Sitting, ...]:
        """The sittings of which there are attempts; a first one that is still to come too."""
        attempts = self.enrolment.attempts or (Attempt(1),)
        return tuple(
            Sitting(self, attempt, lines, self._stood(attempt.number))
            for attempt, lines in zip(attempts, self._lines[:-1], strict=True)
        )

    @cached_property
    def _lines(self) -> tuple[tuple[ExamSlot, ...], ...]:
        attempts = self.enrolment.attempts or (Attempt(1),)
        return lines_of(attempts, self.study.lines(self.enrolment), self.study.calendar)

    @property
    def latest(self) -> Sitting:
        """The latest sitting in the records: retakes and missed exams are asked for because of it."""
        return self._recorded[-1]

    @cached_property
    def sittings(self) -> tuple[Sitting, ...]:
        """Every sitting, in order: those in the records, and a next one that the timetable has for this student.

        One whose attempt was withdrawn is there too: a text about it may still be on its way.
        """
        number = self.latest.attempt.number + 1
        stood = self._stood(number)
        concerned = bool(self._lines[-1]) and self._sits_again
        return (
            (*self._recorded, Sitting(self, Attempt(number), self._lines[-1], stood))
            if concerned or stood
            else (self._recorded)
        )

    @property
    def _sits_again(self) -> bool:
        """Whether the student may have another sitting: after an FX that can be retaken, or an exam that was missed."""
        retake = self.retake
        again = (RetakeRefusal.MISSED_THE_EXAM, RetakeRefusal.SESSION_UNKNOWN)
        return isinstance(retake, Windows) or retake.reason in again

    def sitting(self, number: int) -> Sitting | None:
        """Return a sitting by the number of its attempt."""
        return next((each for each in self.sittings if each.attempt.number == number), None)

    def _stood(self, number: int) -> tuple[Stood, ...]:
        return self.study.stood(ExamKey(self.enrolment.period, self.enrolment.course.code, number))

    @property
    def slot(self) -> ExamSlot | None:
        """The timetable's line for the latest sitting."""
        return self.latest.slot

    @property
    def appeal(self) -> Windows | Refused[AppealRefusal]:
        """When the latest mark may be appealed, open or over."""
        return self.latest.appeal

    @cached_property
    def missed_exam(self) -> Windows | Refused[MissedExamRefusal]:
        """When an exam that was missed may be applied for in the additional period, open or over."""
        return missed_exam_windows(
            self.enrolment,
            self.study.student.level,
            self.study.calendar,
            self.rules.retakes,
            self.rules.marks,
            dates=self.study.dates(self.enrolment.period),
        )

    def may_retake(self, filed: FilingInstant) -> Decision[RetakeRefusal]:
        """Tell whether a retake may be applied for at this instant."""
        return may_retake(
            self.enrolment,
            filed,
            self.study.calendar,
            self.rules.retakes,
            self.rules.marks,
            **self._retake_facts,
            open_request=self.latest.applied_for(Kind.RETAKE),
        )

    @cached_property
    def missed_causes(self) -> tuple[MissedCause, ...] | Refused[MissedExamRefusal]:
        """What may have kept the student from the exam, of what the additional period is for."""
        return missed_causes(self.enrolment, self.study.student.level, self.rules.marks)

    def may_take_missed_exam(self, cause: MissedCause, filed: FilingInstant) -> Decision[MissedExamRefusal]:
        """Tell whether a missed exam may be applied for at this instant."""
        return may_take_missed_exam(
            self.enrolment,
            self.study.student.level,
            self.study.calendar,
            self.rules.retakes,
            self.rules.marks,
            cause=cause,
            filed=filed,
            dates=self.study.dates(self.enrolment.period),
            open_request=self.latest.applied_for(Kind.MISSED_EXAM),
        )

    @cached_property
    def retake(self) -> Windows | Refused[RetakeRefusal]:
        """When a retake may be applied for, open or over."""
        return retake_windows(
            self.enrolment,
            self.study.calendar,
            self.rules.retakes,
            self.rules.marks,
            **self._retake_facts,
        )

    @cached_property
    def _retake_facts(self) -> dict[str, Any]:
        return {
            "dates": self.study.dates(self.enrolment.period),
            "decided_at": self.latest.decided_at,
            "earlier": [other for other, _ in self.elsewhere if other.period < self.enrolment.period],
        }

    @cached_property
    def additional(self) -> Window | None:
        """The additional period of the session, None while the session has no dates."""
        return self.study.additional(self.enrolment.period)

    @cached_property
    def elsewhere(self) -> tuple[tuple[Enrolment, Result], ...]:
        """The student's other enrolments in this course with their results, oldest first."""
        return tuple(
            (other, self.study.result(other))
            for other in self.study.enrolments
            if other.course.code == self.enrolment.course.code and other.period != self.enrolment.period
        )

    @property
    def taken_again(self) -> tuple[Enrolment, Result] | None:
        """The latest enrolment in this course when it is a later one: it took the place of this one."""
        later = [each for each in self.elsewhere if each[0].period > self.enrolment.period]
        return later[-1] if later else None
