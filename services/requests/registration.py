"""Registration: a request made on paper or at the counter, entered by the staff who would deal with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.decision import Decision, Refused
from policy.instant import CounterInstant
from policy.people import Role, RoleGrant, Student
from policy.profile import Profile
from policy.requests import Kind, RequestState
from policy.review import Act, Reviewed, ReviewRefusal, may_review, readers
from services.attempts import note
from services.requests.filing import Filed, file_request
from services.standing import Study
from storage.requests import ExamKey, SentFile
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What somebody brought: the kind, the exam, when it was taken, and what came with it."""

    kind: Kind
    exam: ExamKey
    taken: CounterInstant
    choice: str | None = None
    reason: str | None = None
    scan: SentFile | None = None


def may_register(
    kind: Kind, study: Study, exam: ExamKey | None, *, by: str, grants: tuple[RoleGrant, ...], profile: Profile
) -> Decision[ReviewRefusal]:
    """Tell whether somebody may register a request of this student: whoever might take it when it is filed."""
    student: Student = study.student
    enrolments = (each for each in study.enrolments if exam and _is(exam, each.period, each.course.code))
    enrolment = next(enrolments, None)
    filed = Reviewed(
        kind=kind,
        state=RequestState.FILED,
        student_id=student.person_id,
        institute=student.institute,
        lecturers=study.lecturers_of(enrolment) if enrolment else frozenset(),
    )
    return may_review(Act.TAKE, filed, by=by, grants=grants, on=study.today, rules=profile.requests)


def note_unregistered(refused: Refused[Any] | StrEnum, study: Study, *, by: str, now: datetime) -> None:
    """Note that somebody tried to register for a student what is not theirs to register, or not so."""
    of = study.student.person_id
    note(refused, "student", of, by=by, cause="register", now=now, about=of)


def kinds_registered_by(roles: frozenset[Role], profile: Profile) -> tuple[Kind, ...]:
    """Return the kinds that holders of these roles deal with."""
    return tuple(kind for kind in Kind if roles & set(readers(kind, profile.requests)))


async def register_on_paper(
    storage: Storage, brought: OnPaper, *, study: Study, by: str, now: datetime, profile: Profile
) -> Filed | Refused[Any]:
    """File what was made on paper, as of the instant it was taken; the student is told. Commits."""
    grants = await storage.roles.of_person(by)
    allowed = may_register(brought.kind, study, brought.exam, by=by, grants=grants, profile=profile)
    if isinstance(allowed, Refused):
        note_unregistered(allowed, study, by=by, now=now)
        return allowed
    return await file_request(
        storage,
        kind=brought.kind,
        study=study,
        exam=brought.exam,
        filed=brought.taken,
        by=by,
        now=now,
        profile=profile,
        choice=brought.choice,
        reason=brought.reason,
        document=brought.scan,
    )


def _is(exam: ExamKey, period: str, code: str) -> bool:
    return (exam.period, exam.course_code) == (period, code)
