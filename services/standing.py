"""Where a student stands: what `/marks`, `/gpa` and `/need` show, put together from facts and rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from policy.appeals import AppealRefusal, Exam, appeal_window, slot_of
from policy.calendar import Calendar, ExamSlot, PeriodDates, Window
from policy.decision import Refused
from policy.gpa import (
    Components,
    CourseOutcome,
    Gpa,
    GpaRules,
    Igpa,
    IgpaRefusal,
    Promotion,
    course_outcome,
    gpa,
    gpa_by_period,
    gpa_by_year,
    igpa,
    promotion,
    what_if,
)
from policy.marks import (
    Admission,
    Enrolment,
    Grade,
    Needed,
    Result,
    Standing,
    admission,
    attempt_results,
    needed,
    result,
)
from policy.people import Student
from policy.profile import Profile, Rules
from policy.retakes import RetakeRefusal, additional_period, retake_window
from services.calendar import calendar_of
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class CourseStanding:
    """One course laid open: every attempt with its result, the one that counts, and what can still be done about it.

    `attempts` go with `enrolment.attempts`; `appeal` and `retake` are the windows of the latest attempt, open or over,
    or the reason why there is none.
    """

    enrolment: Enrolment
    result: Result
    attempts: tuple[Result, ...]
    admission: Admission
    slot: ExamSlot | None
    appeal: Window | Refused[AppealRefusal]
    retake: Window | Refused[RetakeRefusal]
    sheet_locked: bool


@dataclass(frozen=True, slots=True)
class OpenExam:
    """An exam still to come, and what it can bring; None while a rating is missing."""

    enrolment: Enrolment
    needed: Needed | None


@dataclass(frozen=True, slots=True)
class YearStanding:
    """One academic year (`2025-2026`) of a student's GPA and iGPA; `year` of study, None where no record says it."""

    academic_year: str
    year: int | None
    gpa: Gpa
    components: Components
    igpa: Igpa | Refused[IgpaRefusal] | None
    promotion: Promotion | Refused[IgpaRefusal] | None


class Study:
    """All of one student's courses at one instant; what a screen does not ask for is not computed."""

    def __init__(
        self,
        student: Student,
        enrolments: tuple[Enrolment, ...],
        *,
        slots: tuple[ExamSlot, ...],
        dates: Mapping[str, PeriodDates],
        locked: frozenset[tuple[str, str]],
        calendar: Calendar,
        profile: Profile,
        now: datetime,
    ) -> None:
        """Take the facts; `locked` sheets are (period, course code)."""
        self.student = student
        self.enrolments = enrolments
        self.calendar = calendar
        self.now = now
        self._slots = slots
        self._dates = dates
        self._locked = locked
        self._profile = profile

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Periods with courses, the latest first."""
        return tuple(sorted({enrolment.period for enrolment in self.enrolments}, reverse=True))

    def of_period(self, period: str) -> tuple[Enrolment, ...]:
        """Return the courses of a period, by name of their code."""
        return tuple(enrolment for enrolment in self.enrolments if enrolment.period == period)

    def result(self, enrolment: Enrolment) -> Result:
        """Return the result of a course that counts."""
        return result(enrolment, self.rules(enrolment).marks)

    def rules(self, enrolment: Enrolment) -> Rules:
        """Return the rules in force on the day of a course's last exam; today's while that is not known."""
        days = [attempt.exam_date for attempt in enrolment.attempts if attempt.exam_date]
        return self._profile.on(max(days)) if days else self.rules_now

    @cached_property
    def today(self) -> date:
        """The university's date now."""
        return self.calendar.local_day(self.now)

    def course(self, period: str, code: str) -> CourseStanding | None:
        """Lay one course open; None when the student is not enrolled in it."""
        for enrolment in self.enrolments:
            if enrolment.period == period and enrolment.course.code == code:
                return self.standing(enrolment)
        return None

    def standing(self, enrolment: Enrolment) -> CourseStanding:
        """Lay a course of this student open."""
        rules = self.rules(enrolment)
        locked = (enrolment.period, enrolment.course.code) in self._locked
        latest = enrolment.attempts[-1]
        slots = (slot for slot in self._slots if _same(slot, enrolment))
        slot = slot_of(latest, slots, self.calendar)
        exam = Exam(form=enrolment.exam_form, attempt=latest, slot=slot, sheet_locked=locked)
        earlier = tuple(
            other
            for other in self.enrolments
            if other.course.code == enrolment.course.code and other.period < enrolment.period
        )
        return CourseStanding(
            enrolment=enrolment,
            result=result(enrolment, rules.marks),
            attempts=attempt_results(enrolment, rules.marks),
            admission=admission(enrolment, self.student.level, rules.marks),
            slot=slot,
            appeal=appeal_window(exam, self.calendar, rules.appeals),
            retake=retake_window(
                enrolment,
                self.calendar,
                rules.retakes,
                rules.marks,
                dates=self._dates.get(enrolment.period),
                earlier=earlier,
            ),
            sheet_locked=locked,
        )

    @cached_property
    def rules_now(self) -> Rules:
        """The rules in force today."""
        return self._profile.on(self.today)

    @cached_property
    def open_exams(self) -> tuple[OpenExam, ...]:
        """The latest period's exams that have no outcome yet."""
        return tuple(
            OpenExam(enrolment, self._needed(result))
            for enrolment, result in self._of_latest_period()
            if result.standing is Standing.PENDING
        )

    @cached_property
    def open_courses(self) -> tuple[Enrolment, ...]:
        """The latest period's courses whose letter may still come: no outcome yet, or an FX that may be retaken."""
        return tuple(
            enrolment
            for enrolment, result in self._of_latest_period()
            if result.standing in (Standing.PENDING, Standing.FX)
        )

    def _of_latest_period(self) -> Iterator[tuple[Enrolment, Result]]:
        for enrolment in self.of_period(self.periods[0]) if self.periods else ():
            yield enrolment, self.result(enrolment)

    def _needed(self, result: Result) -> Needed | None:
        if result.rating1 is None or result.rating2 is None:
            return None
        return needed(result.rating1, result.rating2, self.rules_now.marks)

    @cached_property
    def outcomes(self) -> tuple[CourseOutcome, ...]:
        """Every course as the GPA sees it."""
        over = {period: self._additional_over(period) for period in self.periods}
        return tuple(
            course_outcome(enrolment, self.result(enrolment), additional_over=over[enrolment.period])
            for enrolment in self.enrolments
        )

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

    def _additional_over(self, period: str) -> bool:
        dates = self._dates.get(period)
        if dates is None:
            return False
        window = additional_period(dates, self.calendar, self.rules_now.retakes)
        return window is not None and self.now >= window.closes


async def study_of(storage: Storage, *, student: Student, now: datetime, profile: Profile) -> Study:
    """Load one student's courses with what their windows depend on."""
    record = await storage.marks.study_of(student.person_id)
    return Study(
        student,
        record.enrolments,
        slots=record.slots,
        dates=record.dates,
        locked=record.locked,
        calendar=await calendar_of(storage, profile=profile),
        profile=profile,
        now=now,
    )


async def years_of(storage: Storage, study: Study) -> tuple[YearStanding, ...]:
    """Return GPA, iGPA and promotion of every academic year the student has courses or components in, latest first.

    The formula is that of the year of study the student was in then; the current record fills in for the latest
    academic year when no export said it.
    """
    components = await storage.components.of_student(study.student.person_id)
    years = await storage.students.years_of(study.student.person_id)
    averages = gpa_by_year(study.outcomes)
    known = sorted({*averages, *components}, reverse=True)
    rules = study.rules_now.gpa
    standings = []
    for name in known:
        year = years.get(name, study.student.year if name == known[0] else None)
        average, parts = averages.get(name) or gpa(()), components.get(name) or Components()
        standings.append(_year(study.student, name, year, average=average, parts=parts, rules=rules))
    return tuple(standings)


def _year(
    student: Student, name: str, year: int | None, *, average: Gpa, parts: Components, rules: GpaRules
) -> YearStanding:
    if year is None:
        return YearStanding(name, None, average, parts, None, None)
    return YearStanding(
        academic_year=name,
        year=year,
        gpa=average,
        components=parts,
        igpa=igpa(average.value, parts, rules, level=student.level, form=student.form, year=year),
        promotion=promotion(average.value, parts, rules, level=student.level, form=student.form, year=year),
    )


def _same(slot: ExamSlot, enrolment: Enrolment) -> bool:
    return (slot.period, slot.course_code) == (enrolment.period, enrolment.course.code) and (
        enrolment.group is None or slot.group == enrolment.group
    )
