"""Where a student stands: what `/marks`, `/gpa` and `/need` show, put together from facts and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from policy.appeals import AppealRefusal, Stood, line_at, lines_of
from policy.calendar import Calendar, ExamSlot, PeriodDates, PeriodEvent, Window, Windows
from policy.decision import Decision, Refused
from policy.gpa import (
    Components,
    CourseOutcome,
    Gpa,
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
from policy.instant import FilingInstant
from policy.marks import (
    Admission,
    Attempt,
    Enrolment,
    Grade,
    Needed,
    Result,
    Standing,
    admission,
    attempt_results,
    needed,
    result,
    weighted,
)
from policy.people import Status, Student
from policy.profile import Profile, Rules
from policy.requests import Kind
from policy.retakes import (
    MissedCause,
    MissedExamRefusal,
    RetakeRefusal,
    additional_period,
    may_retake,
    may_take_missed_exam,
    missed_causes,
    missed_exam_windows,
    retake_windows,
)
from policy.sheets import is_printed
from services.calendar import calendar_of
from services.sittings import Sitting
from storage.records import StudyRecord
from storage.requests import Decision as SignedDecision
from storage.requests import ExamKey, Request
from storage.unit import Storage

LEFT = (Status.EXPELLED, Status.GRADUATED)


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


@dataclass(frozen=True, slots=True)
class OpenExam:
    """An exam whose mark may still come; `needed` is what it can bring, None while a rating is missing."""

    enrolment: Enrolment
    result: Result
    needed: Needed | None


@dataclass(frozen=True, slots=True)
class YearStanding:
    """One academic year (`2025-2026`) of a student's GPA and iGPA; `year` of study, None where no record says it.

    `rules` are those it is judged by.
    """

    academic_year: str
    rules: Rules
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What a study is made of: the records of one student's courses, and what the student filed."""

    record: StudyRecord
    requests: tuple[Request, ...]
    decisions: Mapping[int, tuple[SignedDecision, ...]]
    stood: Mapping[ExamKey, tuple[Stood, ...]]


async def facts_of(storage: Storage, student_id: str, *, since: datetime | None = None) -> Facts:
    """Load the facts of one student.

    What stood posted before what is now is among them where a mark was corrected or a request decided, and with `since`
    where anything changed after that instant: what was sent then is judged by it.
    """
    record = await storage.marks.study_of(student_id)
    requests = await storage.requests.of_student(student_id) if record.has_requests else ()
    decisions = await storage.requests.decisions_of(each.id for each in requests) if requests else {}
    corrected = any(attempt.corrected_at for each in record.enrolments for attempt in each.attempts)
    stood: Mapping[ExamKey, tuple[Stood, ...]] = {}
    if corrected or decisions or since:
        stood = await storage.marks.stood(student_id, since=None if corrected or decisions else since)
    return Facts(record, requests, decisions, stood)


async def study_of(
    storage: Storage,
    *,
    student: Student,
    now: datetime,
    profile: Profile,
    calendar: Calendar | None = None,
    dates: Mapping[str, PeriodDates] | None = None,
    facts: Facts | None = None,
    since: datetime | None = None,
) -> Study:
    """Load one student's courses with what their windows depend on.

    The calendar, the `dates` of the periods and the student's `facts` (`since` as for those) are read too, unless they
    are at hand.
    """
    facts = facts or await facts_of(storage, student.person_id, since=since)
    record = facts.record
    calendar = calendar or await calendar_of(storage, profile=profile)
    return Study(
        student,
        record.enrolments,
        slots=record.slots,
        dates=await storage.calendar.dates() if dates is None else dates,
        printed=record.printed,
        calendar=calendar,
        profile=profile,
        now=now,
        left_on=await _left_on(storage, student, calendar) if student.status in LEFT else None,
        requests=facts.requests,
        decisions=facts.decisions,
        stood=facts.stood,
    )


async def _left_on(storage: Storage, student: Student, calendar: Calendar) -> date | None:
    """Return the day the records told that a student has left: no file says when it really was."""
    told = None
    for change in await storage.changes.of("student", (student.person_id,)):
        before, after = (facts and facts["status"] in LEFT for facts in (change.before, change.after))
        if after and not before:
            told = change.at
    return calendar.local_day(told) if told else None


async def years_of(storage: Storage, study: Study) -> tuple[YearStanding, ...]:
    """Return GPA, iGPA and promotion of every academic year the student has courses or components in, latest first.

    The formula is that of the year of study the student was in then; the current record fills in for the latest
    academic year when no export said it.
    """
    components = await storage.components.of_student(study.student.person_id)
    years = await storage.students.years_of(study.student.person_id)
    averages = gpa_by_year(study.outcomes)
    known = sorted({*averages, *components}, reverse=True)
    standings = []
    for name in known:
        year = years.get(name, study.student.year if name == known[0] else None)
        average, parts = averages.get(name) or gpa(()), components.get(name) or Components()
        rules = study.rules_of_year(name)
        standings.append(_year(study.student, name, year, average=average, parts=parts, rules=rules))
    return tuple(standings)


def _year(
    student: Student, name: str, year: int | None, *, average: Gpa, parts: Components, rules: Rules
) -> YearStanding:
    if year is None:
        return YearStanding(name, rules, None, average, parts, None, None)
    return YearStanding(
        academic_year=name,
        rules=rules,
        year=year,
        gpa=average,
        components=parts,
        igpa=igpa(average.value, parts, rules.gpa, level=student.level, form=student.form, year=year),
        promotion=promotion(
            average.value, parts, rules.gpa, rules.promotion, level=student.level, form=student.form, year=year
        ),
    )


def _latest(enrolment: Enrolment) -> Attempt:
    return enrolment.attempts[-1] if enrolment.attempts else Attempt(1)


def _same(slot: ExamSlot, enrolment: Enrolment) -> bool:
    return (slot.period, slot.course_code) == (enrolment.period, enrolment.course.code) and (
        enrolment.group is None or slot.group == enrolment.group
    )
