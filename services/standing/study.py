"""All courses of a student at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from policy.appeals import Stood, line_at
from policy.calendar import Calendar, ExamSlot, PeriodDates, PeriodEvent, Window
from policy.decision import Refused
from policy.gpa import (
    CourseOutcome,
    Gpa,
    course_outcome,
    gpa,
    gpa_by_period,
    what_if,
)
from policy.marks import (
    Attempt,
    Enrolment,
    Grade,
    Needed,
    Result,
    Standing,
    needed,
    result,
)
from policy.people import Student
from policy.profile import Profile, Rules
from policy.retakes import (
    RetakeRefusal,
    additional_period,
)
from policy.sheets import is_printed
from services.standing.course import CourseStanding
from storage.requests import Decision as SignedDecision
from storage.requests import ExamKey, Request


@dataclass(frozen=True, slots=True)
class OpenExam:
    """An exam whose mark may still come; `needed` is what it can bring, None while a rating is missing."""

    enrolment: Enrolment
    result: Result
    needed: Needed | None


class Study:
    """All of one student's courses at one instant; what a screen does not ask for is not computed."""

    def __init__(
        self,
        student: Student,
        enrolments: tuple[Enrolment, ...],
        *,
        slots: tuple[ExamSlot, ...],
        dates: Mapping[str, PeriodDates],
        printed: Mapping[tuple[str, str], datetime],
        calendar: Calendar,
        profile: Profile,
        now: datetime,
        left_on: date | None = None,
        requests: tuple[Request, ...] = (),
        decisions: Mapping[int, tuple[SignedDecision, ...]] | None = None,
        stood: Mapping[ExamKey, tuple[Stood, ...]] | None = None,
    ) -> None:
        """Take the facts; `printed` says when sheets were, by (period, course code).

        `left_on` is when the records told of leaving, `decisions` are those on the `requests`, by their numbers,
        `stood` is what was posted of sittings before what is now, where that matters.
        """
        self.student = student
        self.enrolments = enrolments
        self.calendar = calendar
        self.now = now
        self.requests = requests
        self._decisions = decisions or {}
        self._stood = stood or {}
        self._left_on = left_on
        self._results: dict[int, tuple[Enrolment, Result]] = {}  # the enrolment is kept so that its id stays its own
        self._additional: dict[str, Window | None] = {}
        self._slots = slots
        self._dates = dates
        self._printed = printed
        self._profile = profile

    def with_enrolments(self, enrolments: tuple[Enrolment, ...]) -> "Study":
        """Return the study as it would be with these courses and marks."""
        return Study(
            self.student,
            enrolments,
            slots=self._slots,
            dates=self._dates,
            printed=self._printed,
            calendar=self.calendar,
            profile=self._profile,
            now=self.now,
            left_on=self._left_on,
            requests=self.requests,
            decisions=self._decisions,
            stood=self._stood,
        )

    @cached_property
    def readable_until(self) -> date | None:
        """The last day on which somebody who has left may read; None for who has not."""
        if self._left_on is None:
            return None
        return self._left_on + timedelta(days=self._profile.service.read_access_days_after_leaving)

    @property
    def readable(self) -> bool:
        """Whether the student may still read it."""
        return self.readable_until is None or self.today <= self.readable_until

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Periods with courses, the latest first."""
        return tuple(sorted({enrolment.period for enrolment in self.enrolments}, reverse=True))

    def is_summer(self, period: str) -> bool | None:
        """Tell whether a period is the summer semester; None while its dates are not known."""
        dates = self._dates.get(period)
        return None if dates is None else PeriodEvent.SUMMER in dates.spans

    def of_period(self, period: str) -> tuple[Enrolment, ...]:
        """Return the courses of a period, by name of their code."""
        return tuple(enrolment for enrolment in self.enrolments if enrolment.period == period)

    def result(self, enrolment: Enrolment) -> Result:
        """Return the result of a course that counts."""
        known = self._results.get(id(enrolment))
        if known is None:
            known = self._results[id(enrolment)] = enrolment, result(enrolment, self.rules(enrolment).marks)
        return known[1]

    def rules(self, enrolment: Enrolment) -> Rules:
        """Return the rules a course's marks are read by.

        Of one of which no day is known, those of the day the timetable has for its exam; today's while nobody can say.
        """
        known = self._profile.of(enrolment)
        if known is not None:
            return known
        line = line_at(sorted(self.lines(enrolment), key=lambda slot: slot.starts), self.now)
        return self._profile.on(self.calendar.local_day(line.starts)) if line else self.rules_now

    def rules_of_year(self, academic_year: str) -> Rules:
        """Return the rules an academic year (`2025-2026`) is judged by."""
        return self._profile.of_year(academic_year)

    @cached_property
    def today(self) -> date:
        """The university's date now."""
        return self.calendar.local_day(self.now)

    def standing(self, enrolment: Enrolment) -> CourseStanding:
        """Lay a course of this student open."""
        return CourseStanding(self, enrolment)

    def lines(self, enrolment: Enrolment) -> tuple[ExamSlot, ...]:
        """Return the timetable's lines for a course and the student's group."""
        return tuple(slot for slot in self._slots if _same(slot, enrolment))

    def stood(self, exam: ExamKey) -> tuple[Stood, ...]:
        """Return what stood posted of a sitting before what is now, oldest first, as far as it was asked for."""
        return self._stood.get(exam, ())

    def slots_ahead(self, enrolment: Enrolment) -> tuple[ExamSlot, ...]:
        """Return the timetable's lines for a course that are still to come, the next first."""
        lines = (slot for slot in self.lines(enrolment) if slot.starts > self.now)
        return tuple(sorted(lines, key=lambda slot: slot.starts))

    def lecturers_of(self, enrolment: Enrolment) -> frozenset[str]:
        """Return who teaches or examines the sheet this course is on, as far as the timetable says."""
        return frozenset(slot.lecturer_id for slot in self.lines(enrolment) if slot.lecturer_id)

    def is_locked(self, enrolment: Enrolment, attempt: int | None = None) -> bool:
        """Tell whether an attempt (None: the latest) stands on a printed sheet."""
        taken = (each for each in enrolment.attempts if each.number == attempt)
        about = _latest(enrolment) if attempt is None else next(taken, Attempt(attempt))
        return is_printed(about, self._printed.get((enrolment.period, enrolment.course.code)))

    def dates(self, period: str) -> PeriodDates | None:
        """Return what the academic calendar says of a period."""
        return self._dates.get(period)

    def requests_on(self, exam: ExamKey) -> tuple[Request, ...]:
        """Return what the student filed about a sitting, oldest first."""
        return tuple(each for each in self.requests if each.exam == exam)

    def decisions_on(self, request: Request) -> tuple[SignedDecision, ...]:
        """Return the decisions on a request, the latest last."""
        return self._decisions.get(request.id, ())

    @cached_property
    def rules_now(self) -> Rules:
        """The rules in force today."""
        return self._profile.on(self.today)

    @cached_property
    def open_exams(self) -> tuple[OpenExam, ...]:
        """The exams whose mark may still come: in the latest period, or where the additional period is not over."""
        return tuple(
            OpenExam(enrolment, counts, self._needed(enrolment, counts))
            for enrolment in self.enrolments
            if enrolment.period == self.periods[0] or self._additional_over(enrolment.period) is False
            if self._may_come(enrolment, counts := self.result(enrolment))
        )

    def _may_come(self, enrolment: Enrolment, counts: Result) -> bool:
        """Tell whether a course has no mark yet, or one that a retake or the additional period can still change."""
        if counts.standing is Standing.FX:
            retake = self.standing(enrolment).retake
            if isinstance(retake, Refused):
                return retake.reason is RetakeRefusal.RETAKE_PENDING
            return self.now < retake.closes
        if counts.standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
            return not self._additional_over(enrolment.period)
        return counts.standing is Standing.PENDING

    def _needed(self, enrolment: Enrolment, result: Result) -> Needed | None:
        if result.rating1 is None or result.rating2 is None:
            return None
        return needed(result.rating1, result.rating2, self.rules(enrolment).marks)

    @cached_property
    def outcomes(self) -> tuple[CourseOutcome, ...]:
        """Every course as the GPA sees it."""
        return tuple(map(self._outcome, self.enrolments))

    def _outcome(self, enrolment: Enrolment) -> CourseOutcome:
        counts = self.result(enrolment)
        missed = counts.standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED)  # for the others nobody asks
        over = missed and self._additional_over(enrolment.period) is True
        return course_outcome(enrolment, counts, additional_over=over)

    def gpa_of(self, period: str) -> Gpa:
        """Return the GPA of one period."""
        return gpa(map(self._outcome, self.of_period(period)))

    @cached_property
    def gpa(self) -> Gpa:
        """The overall GPA."""
        return gpa(self.outcomes)

    @cached_property
    def gpa_by_period(self) -> Mapping[str, Gpa]:
        """GPA of each period, the earliest first."""
        return gpa_by_period(self.outcomes)

    def gpa_if(self, grades: Mapping[tuple[str, str], Grade]) -> Gpa:
        """Return the overall GPA as if these courses, by (period, course code), had these letters."""
        return gpa(what_if(self.outcomes, grades))

    def additional(self, period: str) -> Window | None:
        """Return the additional period after a period's session; None while its dates are not known."""
        if period not in self._additional:
            dates = self._dates.get(period)
            session = dates.spans.get(PeriodEvent.SESSION) if dates else None
            rules = self._profile.on(session.ends) if session else self.rules_now
            self._additional[period] = additional_period(dates, self.calendar, rules.retakes)
        return self._additional[period]

    def _additional_over(self, period: str) -> bool | None:
        """Tell whether a period's additional period is over; None while its dates are not known."""
        window = self.additional(period)
        return None if window is None else self.now >= window.closes


def _latest(enrolment: Enrolment) -> Attempt:
    return enrolment.attempts[-1] if enrolment.attempts else Attempt(1)


def _same(slot: ExamSlot, enrolment: Enrolment) -> bool:
    return (slot.period, slot.course_code) == (enrolment.period, enrolment.course.code) and (
        enrolment.group is None or slot.group == enrolment.group
    )
