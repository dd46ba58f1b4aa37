"""Cases: a request with all that whoever decides it has to know, and the question whether they may."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Windows
from policy.citation import HOUSE, Cites
from policy.decision import Refused
from policy.marks import Attempt
from policy.people import Name, RoleGrant, Student
from policy.profile import Profile
from policy.reading import plays
from policy.requests import OPEN, Queue, RequestState
from policy.review import (
    Act,
    Reviewed,
    ReviewRefusal,
    all_conflicted,
    decided_in_one_step,
    may_redecide,
    may_review,
    signers,
)
from policy.two_people import TwoPeopleRefusal
from services.attempts import note
from services.motions.moving import two_humans
from services.owing import Delivery, delivery
from services.reads import record_read
from services.requests.events import events_of
from services.requests.history import OBJECT
from services.requests.kinds import KINDS, RequestKind
from services.requests.reading import readable
from services.requests.telling import kinds_of, news_group, readers_of
from services.sittings import Sitting
from services.standing import CourseStanding, Study, study_of
from services.teaching import lecturers_of
from storage.marks import MarkChange
from storage.requests import Decision, Document, KeptWindow, Request
from storage.unit import Storage


class CaseRefusal(StrEnum):
    """Why a case is not there for somebody, besides what `policy.review` says."""

    UNKNOWN = "unknown"
    CHANGED_SINCE = "changed_since"  # the press knew an older state: look again


@dataclass(frozen=True, slots=True)
class Case:
    """A request laid open.

    `standing` is None when the course is no longer in the records, `sitting` when this sitting is not, `attempt` when
    nothing is recorded of it. `window` is the one it was filed in, as it was then (as the rules say now, where that was
    not kept), `cites` are its clauses. `events` are what became of the mark since, oldest first; `earlier` the other
    requests about the same exam; `decisions` the latest last; `people` names everybody who had a part in it, by person
    id; `told` is what became of the news the student was owed.
    """

    request: Request
    kind: RequestKind
    student: Student
    study: Study
    standing: CourseStanding | None
    sitting: Sitting | None
    attempt: Attempt | None
    window: KeptWindow | None
    cites: Cites
    events: tuple[MarkChange, ...]
    documents: tuple[Document, ...]
    earlier: tuple[Request, ...]
    decisions: tuple[Decision, ...]
    people: dict[str, Name]
    told: Delivery
    reviewed: Reviewed

    def name(self, person_id: str | None) -> str:
        """Return somebody's name as a signature has it; the id where the records do not know them."""
        known = self.people.get(person_id or "")
        return known.short if known else person_id or ""


async def case_of(storage: Storage, request: Request, *, now: datetime, profile: Profile) -> Case:
    """Lay a request open; whether somebody may see it is another question. Raises LookupError without its student."""
    student = await storage.students.by_id(request.student_id)
    if student is None:
        raise LookupError("a request of nobody")
    study = await study_of(storage, student=student, now=now, profile=profile)
    exam = request.exam
    enrolment = next(
        (each for each in study.enrolments if (each.period, each.course.code) == (exam.period, exam.course_code)), None
    )
    standing = study.standing(enrolment) if enrolment else None
    taken = enrolment.attempts if enrolment else ()
    kind = KINDS[request.kind]
    sitting = standing.sitting(exam.attempt) if standing else None
    windows = kind.windows(sitting, request.filed_at) if sitting and (kind.each_sitting or sitting.latest) else None
    window = windows.at(request.filed_at) if isinstance(windows, Windows) else None
    decisions = (await storage.requests.decisions_of([request.id])).get(request.id, ())
    events = await events_of(storage, request)
    named = {request.taken_by, request.registered_by, request.substitute, request.entered_by}
    named |= {request.proposal.by} if request.proposal else set()
    named |= {each.asked_by for each in request.inquiries} | {each.by for each in events}
    named |= {person for each in decisions for person in (each.prepared_by, each.signed_by)}
    people = {
        person_id: person.name for person_id in named if person_id and (person := await storage.people.by_id(person_id))
    }
    return Case(
        request=request,
        kind=kind,
        student=student,
        study=study,
        standing=standing,
        sitting=sitting,
        attempt=next((each for each in taken if each.number == exam.attempt), None),
        window=request.window or (KeptWindow(window.opens, window.basis, window.counted_from) if window else None),
        cites=window.cites if window else (),
        events=events,
        documents=await storage.requests.documents_of(request.id),
        earlier=tuple(
            each for each in await storage.requests.of_exam(student.person_id, exam) if each.id != request.id
        ),
        decisions=decisions,
        people=people,
        told=await delivery(storage, news_group(request.id)),
        reviewed=_reviewed(
            request,
            student,
            study,
            standing,
            decisions,
            lecturers=await _lecturers(storage, request, study, standing),
        ),
    )


async def open_case(
    storage: Storage, *, request_id: int, by: str, now: datetime, profile: Profile
) -> Case | Refused[Any]:
    """Lay a request open for somebody of the staff, and keep that they read it. Commits.

    That they may not is for the caller to note: it may be theirs for another act.
    """
    case = await asked_for(storage, Act.READ, request_id=request_id, by=by, now=now, profile=profile)
    if isinstance(case, Refused):
        return case
    await record_read(storage, of=[case.student.person_id], what="request", cause="request", by=by, now=now)
    await storage.commit()
    return case


async def case_for(
    storage: Storage,
    act: Act,
    *,
    request_id: int,
    by: str,
    now: datetime,
    profile: Profile,
    version: int | None = None,
) -> Case | Refused[Any]:
    """Return a case somebody may do this to, theirs alone until the transaction ends; or why not, which is noted.

    `version` is the one a press knew: any step since refuses it, once the question who may is answered.
    """
    case = await asked_for(storage, act, request_id=request_id, by=by, now=now, profile=profile, version=version)
    if isinstance(case, Refused):
        note_refused(case, request_id, by=by, now=now)
    return case


def note_refused(refused: Refused[Any], request_id: int, *, by: str, now: datetime) -> None:
    """Note that a request was not for somebody, if it was for who they are."""
    note(refused, OBJECT, request_id, by=by, cause="request", now=now)


async def asked_for(
    storage: Storage,
    act: Act,
    *,
    request_id: int,
    by: str,
    now: datetime,
    profile: Profile,
    version: int | None = None,
) -> Case | Refused[Any]:
    """Answer as `case_for` does, of what is only one of several questions: nothing is noted."""
    request = await storage.requests.by_id(request_id, lock=act is not Act.READ)
    if request is None:
        return Refused(CaseRefusal.UNKNOWN, (HOUSE,))
    case = await case_of(storage, request, now=now, profile=profile)
    grants = await storage.roles.of_person(by)
    allowed = may_review(act, case.reviewed, by=by, grants=grants, on=case.study.today, rules=profile.requests)
    if isinstance(allowed, Refused):
        return allowed
    if version is not None and version != request.version:
        return Refused(CaseRefusal.CHANGED_SINCE, (HOUSE,))
    return case


async def case_again(
    storage: Storage,
    act: Act,
    *,
    request_id: int,
    by: str,
    now: datetime,
    profile: Profile,
    version: int | None = None,
) -> Case | Refused[Any]:
    """Return a refused case that somebody may follow by a decision in the student's favour (`act`: propose or sign it).

    It is theirs alone until the transaction ends, as by `case_for`.
    """
    request = await storage.requests.by_id(request_id, lock=True)
    if request is None:
        return Refused(CaseRefusal.UNKNOWN, (HOUSE,))
    case = await case_of(storage, request, now=now, profile=profile)
    grants = await storage.roles.of_person(by)
    allowed = may_redecide(act, case.reviewed, by=by, grants=grants, on=case.study.today, rules=profile.requests)
    if isinstance(allowed, Refused):
        note_refused(allowed, request_id, by=by, now=now)
        return allowed
    return case if version in {None, request.version} else Refused(CaseRefusal.CHANGED_SINCE, (HOUSE,))


def acts_again(case: Case, *, by: str, grants: tuple[RoleGrant, ...], profile: Profile) -> frozenset[Act]:
    """Return how somebody may follow the refusal of a case: by proposing, by signing, or not at all."""
    return frozenset(
        act
        for act in (Act.PREPARE, Act.SIGN)
        if not isinstance(
            may_redecide(act, case.reviewed, by=by, grants=grants, on=case.study.today, rules=profile.requests), Refused
        )
    )


def acts_of(case: Case, *, by: str, grants: tuple[RoleGrant, ...], profile: Profile) -> frozenset[Act]:
    """Return what somebody may do to a case now: what a screen offers as buttons."""
    return frozenset(
        act
        for act in Act
        if not isinstance(
            may_review(act, case.reviewed, by=by, grants=grants, on=case.study.today, rules=profile.requests), Refused
        )
    )


async def second_human(
    storage: Storage, case: Case, *, by: str, now: datetime, profile: Profile
) -> Refused[TwoPeopleRefusal] | None:
    """Refuse whoever is not another human than who prepared the decision; where one decides alone, nobody."""
    prepared = case.reviewed.prepared_by
    if prepared is None or decided_in_one_step(case.request.kind, profile.requests):
        return None
    humans = await two_humans(storage, prepared, by, now=now, profile=profile)
    return humans if isinstance(humans, Refused) else None


async def free_signers(
    storage: Storage, case: Case, *, now: datetime, profile: Profile, prepared_by: str | None = None
) -> tuple[str, ...]:
    """Name those who may sign this case and are free to; nobody: an administrator names a substitute.

    Of what somebody prepares now (`prepared_by`), or has prepared and waits, they are other humans than who did.
    """
    proposal = case.request.proposal
    first = prepared_by or (proposal.by if proposal else None)
    signing = await _signing(storage, case, profile)
    if first is None or decided_in_one_step(case.request.kind, profile.requests):
        return signing
    return tuple(
        [
            each
            for each in signing
            if not isinstance(await two_humans(storage, first, each, now=now, profile=profile), Refused)
        ]
    )


async def _signing(storage: Storage, case: Case, profile: Profile) -> tuple[str, ...]:
    if case.request.substitute:
        return (case.request.substitute,)
    rules, today = profile.requests, case.study.today
    roles = signers(case.request.kind, rules)
    grants = sorted(await storage.roles.holders(*roles), key=lambda each: roles.index(each.role))
    people = dict.fromkeys(each.person_id for each in grants)
    return tuple(
        person_id
        for person_id in people
        if not all_conflicted(
            case.reviewed, [each for each in grants if each.person_id == person_id], on=today, rules=rules
        )
    )


class Waiting(StrEnum):
    """Which of a queue's requests are meant."""

    ALL = "all"  # whatever is open, paused ones too
    NEW = "new"  # nobody took them
    MINE = "mine"
    TO_SIGN = "to_sign"
    OVERDUE = "overdue"
    PAUSED = "paused"  # they wait for the student


@dataclass(frozen=True, slots=True)
class Queued:
    """A request in a queue, with whose it is and what the course is called; `overdue` when its answer is late."""

    request: Request
    student: Student
    course_kk: str
    course_ru: str
    overdue: bool


async def queue_for(
    storage: Storage, queue: Queue, *, by: str, which: Waiting, now: datetime, profile: Profile
) -> tuple[Queued, ...] | Refused[Any]:
    """Return what waits in a queue for somebody who reads it: the nearest deadline first, then the oldest."""
    grants = await storage.roles.of_person(by)
    today = now.astimezone(profile.university.zone).date()
    if not plays(grants, readers_of(queue, profile.requests), on=today):
        return Refused(ReviewRefusal.NO_ROLE, (HOUSE,))
    waiting = await storage.requests.in_states(kinds_of(queue), OPEN)
    if which is Waiting.TO_SIGN:
        waiting += await storage.requests.proposed_again(kinds_of(queue))
    waiting = await readable(storage, waiting, by=by, now=now, profile=profile, grants=grants)
    students = await storage.students.by_ids(each.student_id for each in waiting)
    names = await storage.courses.by_codes({each.exam.course_code for each in waiting})
    found = []
    for request in waiting:
        student = students[request.student_id]
        overdue = request.open and request.paused_at is None and now >= request.due_at
        if _meant(which, request, by=by, overdue=overdue):
            course = names.get(request.exam.course_code)
            code = request.exam.course_code
            kk, ru = (course.name_kk, course.name_ru) if course else (None, None)
            found.append(Queued(request, student, kk or ru or code, ru or kk or code, overdue))
    return tuple(found)


def _meant(which: Waiting, request: Request, *, by: str, overdue: bool) -> bool:
    match which:
        case Waiting.ALL:
            return True
        case Waiting.NEW:
            return request.state is RequestState.FILED
        case Waiting.MINE:
            return request.taken_by == by
        case Waiting.TO_SIGN:
            return request.proposal is not None
        case Waiting.OVERDUE:
            return overdue
        case Waiting.PAUSED:
            return request.paused_at is not None


async def _lecturers(
    storage: Storage, request: Request, study: Study, standing: CourseStanding | None
) -> frozenset[str]:
    """Return who teaches the sheet, as `lecturers_of` does; the study knows it where the group is in the records."""
    if standing and standing.enrolment.group is not None:
        return study.lecturers_of(standing.enrolment)
    return await lecturers_of(storage, request.student_id, request.exam)


def _reviewed(
    request: Request,
    student: Student,
    study: Study,
    standing: CourseStanding | None,
    decisions: tuple[Decision, ...],
    *,
    lecturers: frozenset[str],
) -> Reviewed:
    prepared = request.proposal.by if request.proposal else decisions[-1].prepared_by if decisions else None
    return Reviewed(
        kind=request.kind,
        state=request.state,
        student_id=student.person_id,
        institute=student.institute,
        lecturers=lecturers,
        taken_by=request.taken_by,
        prepared_by=prepared,
        proposed_again=request.state is RequestState.REFUSED and request.proposal is not None,
        substitute=request.substitute,
        paused=request.paused_at is not None,
        sheet_locked=standing is not None and study.is_locked(standing.enrolment, request.exam.attempt),
        raises_mark=KINDS[request.kind].gives_points,
        gives_seat=KINDS[request.kind].gives_seat,
    )
