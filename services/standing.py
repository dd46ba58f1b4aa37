"""Where a student stands: what `/marks`, `/gpa` and `/need` show, put together from facts and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from policy.appeals import AppealRefusal, Exam, appeal_window, complaint_window, may_appeal, may_complain, slot_of
from policy.calendar import Calendar, ExamSlot, PeriodDates, PeriodEvent, Window
from policy.decision import Decision, Refused
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
from policy.requests import Kind, RequestState
from policy.retakes import (
    MissedCause,
    MissedExamRefusal,
    RetakeRefusal,
    additional_period,
    may_retake,
    may_take_missed_exam,
    missed_causes,
    missed_exam_window,
    retake_window,
)
from policy.sheets import is_printed
from services.calendar import calendar_of
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
        self._study = study
        self._rules = study.rules(enrolment)

    @cached_property
    def result(self) -> Result:
        """The result that counts."""
        return self._study.result(self.enrolment)

    @cached_property
    def attempts(self) -> tuple[Result, ...]:
        """The result of every attempt, in the order of `enrolment.attempts`."""
        return attempt_results(self.enrolment, self._rules.marks)

    @cached_property
    def weighted(self) -> Decimal | None:
        """The total before rounding, None while a part is missing."""
        rating, computed = self.result.admission_rating, self.result.computed
        return (
            None if rating is None or computed is None else weighted(rating, self.result.exam or 0, self._rules.marks)
        )

    @cached_property
    def admission(self) -> Admission:
        """What admission to the exam asks for."""
        return admission(self.enrolment, self._study.student.level, self._rules.marks)

    @cached_property
    def slot(self) -> ExamSlot | None:
        """The timetable's line for the latest attempt."""
        return self._study.slot(self.enrolment)

    @cached_property
    def exam_key(self) -> ExamKey:
        """What names the latest sitting."""
        return ExamKey(self.enrolment.period, self.enrolment.course.code, _latest(self.enrolment).number)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """What the student filed about the latest sitting, oldest first."""
        return self._study.requests_on(self.exam_key)

    def request(self, kind: Kind) -> Request | None:
        """Return the open request of a kind about the latest sitting."""
        return next((each for each in self.requests if each.kind is kind and each.open), None)

    @cached_property
    def decided_at(self) -> datetime | None:
        """When an appeal against the latest exam mark was decided last."""
        appeals = (each for each in self.requests if each.kind is Kind.APPEAL)
        signed = [decision.signed_at for each in appeals for decision in self._study.decisions_on(each)]
        return max(signed, default=None)

    @cached_property
    def exam(self) -> Exam:
        """The latest exam as the rules on appeals see it."""
        return Exam(
            form=self.enrolment.exam_form,
            attempt=_latest(self.enrolment),
            slot=self.slot,
            open_appeal=self.request(Kind.APPEAL) is not None,
            appeal_decided_at=self.decided_at,
            sheet_locked=self._study.is_locked(self.enrolment),
        )

    @cached_property
    def appeal(self) -> Window | Refused[AppealRefusal]:
        """When the latest exam may be appealed, open or over; a locked sheet leaves nothing to appeal (A7)."""
        window = appeal_window(self.exam, self._study.calendar, self._rules.appeals)
        if self.exam.sheet_locked and isinstance(window, Window):
            return Refused(AppealRefusal.SHEET_LOCKED, window.cites, until=window.closes)
        return window

    @cached_property
    def complaint(self) -> Window | Refused[AppealRefusal]:
        """When the way the latest exam was held may be complained of, open or over."""
        return complaint_window(self.exam, self._study.calendar, self._rules.appeals)

    @cached_property
    def missed_exam(self) -> Window | Refused[MissedExamRefusal]:
        """When an exam that was missed may be applied for in the additional period, open or over."""
        return missed_exam_window(
            self.enrolment,
            self._study.student.level,
            self._study.calendar,
            self._rules.retakes,
            self._rules.marks,
            dates=self._study.dates(self.enrolment.period),
        )

    def may_appeal(self, filed: FilingInstant) -> Decision[AppealRefusal]:
        """Tell whether the latest exam mark may be appealed at this instant."""
        return may_appeal(self.exam, filed, self._study.calendar, self._rules.appeals)

    def may_complain(self, filed: FilingInstant) -> Decision[AppealRefusal]:
        """Tell whether the way the latest exam was held may be complained of at this instant."""
        complaints = [each for each in self.requests if each.kind is Kind.APPEAL_PROCEDURE]
        return may_complain(
            self.exam,
            filed,
            self._study.calendar,
            self._rules.appeals,
            open_complaint=any(each.open for each in complaints),
            decided=any(self._study.decisions_on(each) for each in complaints),
        )

    def may_retake(self, filed: FilingInstant) -> Decision[RetakeRefusal]:
        """Tell whether a retake may be applied for at this instant."""
        return may_retake(
            self.enrolment,
            filed,
            self._study.calendar,
            self._rules.retakes,
            self._rules.marks,
            **self._retake_facts,
            open_request=self.applied_for(Kind.RETAKE),
        )

    @cached_property
    def missed_causes(self) -> tuple[MissedCause, ...] | Refused[MissedExamRefusal]:
        """What may have kept the student from the exam, of what the additional period is for."""
        return missed_causes(self.enrolment, self._study.student.level, self._rules.marks)

    def may_take_missed_exam(self, cause: MissedCause, filed: FilingInstant) -> Decision[MissedExamRefusal]:
        """Tell whether a missed exam may be applied for at this instant."""
        return may_take_missed_exam(
            self.enrolment,
            self._study.student.level,
            self._study.calendar,
            self._rules.retakes,
            self._rules.marks,
            cause=cause,
            filed=filed,
            dates=self._study.dates(self.enrolment.period),
            open_request=self.applied_for(Kind.MISSED_EXAM),
        )

    def applied_for(self, kind: Kind) -> bool:
        """Tell whether an application for an exam waits, or was approved: either way there is no second one."""
        return any(each.kind is kind and (each.open or each.state is RequestState.APPROVED) for each in self.requests)

    @cached_property
    def retake(self) -> Window | Refused[RetakeRefusal]:
        """When a retake may be applied for, open or over."""
        return retake_window(
            self.enrolment,
            self._study.calendar,
            self._rules.retakes,
            self._rules.marks,
            **self._retake_facts,
        )

    @cached_property
    def _retake_facts(self) -> dict[str, Any]:
        return {
            "dates": self._study.dates(self.enrolment.period),
            "decided_at": self.decided_at,
            "earlier": [other for other, _ in self.elsewhere if other.period < self.enrolment.period],
        }

    @cached_property
    def additional(self) -> Window | None:
        """The additional period of the session, None while the session has no dates."""
        return self._study.additional(self.enrolment.period)

    @cached_property
    def elsewhere(self) -> tuple[tuple[Enrolment, Result], ...]:
        """The student's other enrolments in this course with their results, oldest first."""
        return tuple(
            (other, self._study.result(other))
            for other in self._study.enrolments
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
        printed: Mapping[tuple[str, str], datetime],
        calendar: Calendar,
        profile: Profile,
        now: datetime,
        left_on: date | None = None,
        requests: tuple[Request, ...] = (),
        decisions: Mapping[int, tuple[SignedDecision, ...]] | None = None,
    ) -> None:
        """Take the facts; `printed` says when sheets were, by (period, course code).

        `left_on` is when the records told of leaving, `decisions` are those on the `requests`, by their numbers.
        """
        self.student = student
        self.enrolments = enrolments
        self.calendar = calendar
        self.now = now
        self.requests = requests
        self._decisions = decisions or {}
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
        """Return the rules in force on the day of a course's last exam; today's while that is not known."""
        days = [attempt.exam_date for attempt in enrolment.attempts if attempt.exam_date]
        return self._profile.on(max(days)) if days else self.rules_now

    @cached_property
    def today(self) -> date:
        """The university's date now."""
        return self.calendar.local_day(self.now)

    def standing(self, enrolment: Enrolment) -> CourseStanding:
        """Lay a course of this student open."""
        return CourseStanding(self, enrolment)

    def slot(self, enrolment: Enrolment) -> ExamSlot | None:
        """Return the timetable's line for a course's latest attempt."""
        slots = (slot for slot in self._slots if _same(slot, enrolment))
        return slot_of(_latest(enrolment), slots, self.calendar)

    def slots_ahead(self, enrolment: Enrolment) -> tuple[ExamSlot, ...]:
        """Return the timetable's lines for a course that are still to come, the next first."""
        lines = (slot for slot in self._slots if _same(slot, enrolment) and slot.starts > self.now)
        return tuple(sorted(lines, key=lambda slot: slot.starts))

    def lecturers_of(self, enrolment: Enrolment) -> frozenset[str]:
        """Return who teaches or examines the sheet this course is on, as far as the timetable says."""
        lines = (slot for slot in self._slots if _same(slot, enrolment))
        return frozenset(slot.lecturer_id for slot in lines if slot.lecturer_id)

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
            OpenExam(enrolment, counts, self._needed(counts))
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

    def _needed(self, result: Result) -> Needed | None:
        if result.rating1 is None or result.rating2 is None:
            return None
        return needed(result.rating1, result.rating2, self.rules_now.marks)

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


async def facts_of(storage: Storage, student_id: str) -> Facts:
    """Load the facts of one student."""
    record = await storage.marks.study_of(student_id)
    requests = await storage.requests.of_student(student_id) if record.has_requests else ()
    decisions = await storage.requests.decisions_of(each.id for each in requests) if requests else {}
    return Facts(record, requests, decisions)


async def study_of(
    storage: Storage,
    *,
    student: Student,
    now: datetime,
    profile: Profile,
    calendar: Calendar | None = None,
    dates: Mapping[str, PeriodDates] | None = None,
    facts: Facts | None = None,
) -> Study:
    """Load one student's courses with what their windows depend on.

    The calendar, the `dates` of the periods and the student's `facts` are read too, unless they are at hand.
    """
    facts = facts or await facts_of(storage, student.person_id)
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


def _latest(enrolment: Enrolment) -> Attempt:
    return enrolment.attempts[-1] if enrolment.attempts else Attempt(1)


def _same(slot: ExamSlot, enrolment: Enrolment) -> bool:
    return (slot.period, slot.course_code) == (enrolment.period, enrolment.course.code) and (
        enrolment.group is None or slot.group == enrolment.group
    )
