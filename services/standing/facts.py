"""The facts a study is made of, read from the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from policy.appeals import Stood
from policy.calendar import Calendar, PeriodDates
from policy.people import Status, Student
from policy.profile import Profile
from services.calendar import calendar_of
from services.standing.study import Study
from storage.records import StudyRecord
from storage.requests import Decision as SignedDecision
from storage.requests import ExamKey, Request
from storage.unit import Storage

LEFT = (Status.EXPELLED, Status.GRADUATED)


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
