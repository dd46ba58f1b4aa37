"""Papers of requests: what stands on the application, the protocol and the register, put together from the records."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pydantic import TypeAdapter

from policy.marks import Attempt, Course
from policy.people import Language, Role
from policy.profile import Bilingual, Profile
from policy.reading import ReadingRefusal, covers
from policy.requests import COMMISSION, Queue, RequestState
from services.attempts import note
from services.papers.application import (
    Applicant,
    ApplicationPaper,
    AppliedExam,
    AttachedDocument,
    OnPaper,
)
from services.papers.decided import PrintedDecision
from services.papers.protocol import Function, Present, ProtocolCase, ProtocolPaper
from services.papers.register import RegisterRow
from services.requests.cases import Case, case_of
from services.requests.history import OBJECT
from services.requests.reading import readable
from services.requests.telling import kinds_of
from storage.queues import Protocol
from storage.records import Person
from storage.requests import Decision, KeptMark, Request
from storage.unit import Storage

FUNCTIONS: Mapping[Role, Function] = {
    Role.APPEALS_CHAIR: Function.CHAIR,
    Role.APPEALS_DEPUTY: Function.DEPUTY,
    Role.APPEALS_MEMBER: Function.MEMBER,
    Role.APPEALS_SECRETARY: Function.SECRETARY,
}
PROTOCOL = "protocol"  # in the history
LOOKED_THROUGH = 50  # protocols, for those of which somebody may read a case
_DAY = timedelta(days=1)
_PRESENT = TypeAdapter(tuple[Present, ...])
_CASES = TypeAdapter(tuple[ProtocolCase, ...])


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the commission, with what they are in it."""

    person: Person
    function: Function


async def application_paper(storage: Storage, case: Case, *, now: datetime, profile: Profile) -> ApplicationPaper:
    """Return what stands on a request's application, in its student's language."""
    request, student, attempt, mark = case.request, case.student, case.attempt, _mark(case)
    language = student.language
    changes = await storage.changes.of(OBJECT, (str(request.id),))
    texts = [
        each.at for each in changes if each.before and each.after and each.before["reason"] != each.after["reason"]
    ]
    return ApplicationPaper(
        language=language,
        zone=profile.university.zone,
        university=_in(language, profile.university.name),
        number=str(request.id),
        kind=request.kind,
        applicant=Applicant(
            name=student.name.full,
            student_id=student.person_id,
            group=student.group,
            degree_programme=student.degree_programme,
            year=student.year,
            phone=student.phone,
        ),
        exam=AppliedExam(
            course=_in(language, _course(case)),
            period=request.exam.period,
            day=attempt.exam_date if attempt else None,
            mark=mark.exam,
            outcome=mark.outcome,
            posted_at=mark.posted_at,
        ),
        filed_at=request.filed_at,
        in_time_until=request.closes_at,
        printed_at=now,
        choice=request.choice,
        reason=request.reason,
        reason_changed_at=max(texts, default=None),
        on_paper=OnPaper(registered_by=_full(case, request.registered_by), registered_at=request.received_at)
        if request.registered_by
        else None,
        documents=tuple(
            AttachedDocument(name=each.file.file_name, size=each.file.size, sha256=each.sha256, added_at=each.sent_at)
            for each in case.documents
        ),
        decision=_printed(case, case.decisions[-1]) if case.decisions else None,
    )


async def members(storage: Storage, numbers: Iterable[int], *, today: date) -> tuple[Member, ...]:
    """Return the commission that decides these requests as it is today, the chair first, the secretary last.

    Of several institutes everybody who decides there is of it.
    """
    requests = await storage.requests.by_ids(numbers)
    students = await storage.students.by_ids(each.student_id for each in requests.values())
    institutes = {each.institute for each in students.values()}
    found: dict[str, Function] = {}
    for role, function in FUNCTIONS.items():
        for grant in await storage.roles.holders(role):
            if any(covers([grant], {role}, [institute], on=today) for institute in institutes):
                found.setdefault(grant.person_id, function)
    people = await storage.people.by_ids(found)
    return tuple(Member(people[each], function) for each, function in found.items() if each in people)


async def decided_on(storage: Storage, day: date, *, by: str, now: datetime, profile: Profile) -> tuple[int, ...]:
    """Return the numbers of the requests the commission decided on a day, in the order of their decisions.

    What stands in a protocol already is left out, and what this person may not read.
    """
    since = datetime.combine(day, time.min, profile.university.zone)
    those = await storage.requests.decided_between(kinds_of(COMMISSION), since, since + _DAY)
    done = {
        (case["number"], datetime.fromisoformat(case["decision"]["signed_at"]))
        for kept in await storage.queues.protocols(COMMISSION, since=since)
        for case in kept.content["cases"]
    }
    numbers = [each.request_id for each in those if (str(each.request_id), each.signed_at) not in done]
    return await for_protocol(storage, numbers, by=by, now=now, profile=profile)


async def for_protocol(
    storage: Storage, numbers: Iterable[int], *, by: str, now: datetime, profile: Profile
) -> tuple[int, ...]:
    """Return those of these requests that the commission decided and that this person may read, each once."""
    known = await storage.requests.by_ids(numbers)
    kinds = kinds_of(COMMISSION)
    decided = await storage.requests.decisions_of(known)
    those = (known[each] for each in dict.fromkeys(numbers) if each in decided and known[each].kind in kinds)
    return tuple(each.id for each in await readable(storage, those, by=by, now=now, profile=profile))


async def make_protocol(
    storage: Storage,
    *,
    day: date,
    numbers: Sequence[int],
    present: Iterable[str],
    by: str,
    now: datetime,
    profile: Profile,
) -> Protocol | None:
    """Keep a numbered protocol of these decided requests; None when none of them is for `by` and decided.

    What `by` may not read, for their role or a conflict of interest, is for others to put into a protocol. Whoever was
    there and had a conflict of interest in a case stood aside in it; a substitute who signed was there. Commits.
    """
    numbers = await for_protocol(storage, numbers, by=by, now=now, profile=profile)
    cases = [await _laid_open(storage, number, now=now, profile=profile) for number in numbers]
    if not cases:
        return None
    there = {
        each.person.person_id: each
        for each in await members(storage, numbers, today=day)
        if each.person.person_id in set(present)
    }
    for case in cases:
        signed = case.decisions[-1].signed_by
        if signed == case.request.substitute and signed not in there and (person := await storage.people.by_id(signed)):
            there[signed] = Member(person, Function.SUBSTITUTE)
    content = {
        "present": _PRESENT.dump_python(tuple(_present(each, cases) for each in there.values()), mode="json"),
        "cases": _CASES.dump_python(tuple(map(_of_protocol, cases)), mode="json"),
    }
    number = await storage.queues.add_protocol(COMMISSION, day, by=by, at=now, content=content)
    await storage.commit()
    return Protocol(number, COMMISSION, day, by, now, content)


async def protocols_for(
    storage: Storage, *, by: str, limit: int, now: datetime, profile: Profile
) -> tuple[Protocol, ...]:
    """Return the latest protocols of which this person may read a case."""
    those = await storage.queues.protocols(COMMISSION, limit=LOOKED_THROUGH)
    seen = await _seen(storage, those, by=by, now=now, profile=profile)
    return tuple(each for each in those if seen & {*_numbers(each)})[:limit]


async def protocol_for(
    storage: Storage, number: int, *, by: str, now: datetime, profile: Profile
) -> tuple[Protocol, frozenset[int]] | None:
    """Return a protocol and the cases of it that this person may read; None when there is none with such a case.

    Who may read none of one that there is, has tried to: that is noted.
    """
    kept = await storage.queues.protocol(number)
    if kept is None:
        return None
    seen = await _seen(storage, [kept], by=by, now=now, profile=profile)
    if not seen:
        note(ReadingRefusal.NO_ROLE, PROTOCOL, number, by=by, cause=PROTOCOL, now=now)
        return None
    return kept, seen


async def _seen(
    storage: Storage, those: Iterable[Protocol], *, by: str, now: datetime, profile: Profile
) -> frozenset[int]:
    known = await storage.requests.by_ids(number for each in those for number in _numbers(each))
    found = await readable(storage, known.values(), by=by, now=now, profile=profile)
    return frozenset(each.id for each in found)


def _numbers(kept: Protocol) -> list[int]:
    return [int(case["number"]) for case in kept.content["cases"]]


def protocol_paper(kept: Protocol, seen: Collection[int], *, profile: Profile) -> ProtocolPaper:
    """Return a protocol as it was made, to be printed, however often; for whom not all of it is, an extract of it.

    Raises LookupError when nothing of it is `seen`.
    """
    cases = _CASES.validate_python(kept.content["cases"])
    if not any(int(each.number) in seen for each in cases):
        raise LookupError("a protocol that is not for them")
    return ProtocolPaper(
        zone=profile.university.zone,
        university=profile.university.name,
        number=str(kept.number),
        day=kept.day,
        place=profile.contacts.appeal_commission.place,
        present=_PRESENT.validate_python(kept.content["present"]),
        cases=tuple(each for each in cases if int(each.number) in seen),
        left_out=tuple(each.number for each in cases if int(each.number) not in seen),
    )


async def students_in(storage: Storage, numbers: Iterable[int]) -> tuple[str, ...]:
    """Return whose requests these are."""
    found = await storage.requests.by_ids(numbers)
    return tuple(dict.fromkeys(each.student_id for each in found.values()))


async def filed_in(
    storage: Storage, queue: Queue, *, first: date, last: date, by: str, now: datetime, profile: Profile
) -> tuple[Request, ...]:
    """Return what was filed with a queue from one day to another, both inclusive, as far as this person may read it."""
    zone = profile.university.zone
    since, until = datetime.combine(first, time.min, zone), datetime.combine(last, time.min, zone) + _DAY
    filed = await storage.requests.filed_between(kinds_of(queue), since, until)
    return await readable(storage, filed, by=by, now=now, profile=profile)


async def register_rows(
    storage: Storage, numbers: Iterable[int], *, by: str, language: Language, now: datetime, profile: Profile
) -> tuple[RegisterRow, ...]:
    """Return what a register says of these requests, in this order, as far as this person may read them now."""
    numbers = tuple(numbers)
    known = await storage.requests.by_ids(numbers)
    those = (known[each] for each in numbers if each in known)
    requests = await readable(storage, those, by=by, now=now, profile=profile)
    cases = [await case_of(storage, each, now=now, profile=profile) for each in requests]
    return tuple(_row(case, language) for case in cases)


async def _laid_open(storage: Storage, number: int, *, now: datetime, profile: Profile) -> Case:
    request = await storage.requests.by_id(number)
    if request is None:
        raise LookupError("a request that was there a moment ago is gone")
    return await case_of(storage, request, now=now, profile=profile)


def _present(member: Member, cases: Sequence[Case]) -> Present:
    person_id = member.person.person_id
    aside = [case for case in cases if person_id in {case.student.person_id, *case.reviewed.lecturers}]
    numbers = tuple(str(case.request.id) for case in aside)
    return Present(name=member.person.name.full, function=member.function, withdrew_from=numbers)


def _of_protocol(case: Case) -> ProtocolCase:
    request, attempt = case.request, case.attempt
    return ProtocolCase(
        number=str(request.id),
        kind=request.kind,
        student=case.student.name.full,
        group=case.student.group,
        course=_course(case),
        period=request.exam.period,
        attempt=request.exam.attempt,
        filed_at=request.filed_at,
        in_time_until=request.closes_at,
        decision=_printed(case, case.decisions[-1]),
        exam_day=attempt.exam_date if attempt else None,
        exam_form=case.standing.enrolment.exam_form if case.standing else None,
        outcome=attempt.outcome if attempt else None,
    )


def _row(case: Case, language: Language) -> RegisterRow:
    request, attempt = case.request, case.attempt
    return RegisterRow(
        number=request.id,
        kind=request.kind,
        state=request.state,
        student_id=case.student.person_id,
        student=case.student.name.full,
        group=case.student.group,
        course=_in(language, _course(case)),
        period=request.exam.period,
        filed_at=request.filed_at,
        in_time_until=request.closes_at,
        due_at=request.due_at,
        on_paper=request.registered_by is not None,
        exam_day=attempt.exam_date if attempt else None,
        mark=_mark(case).exam,
        decision=_printed(case, case.decisions[-1]) if case.decisions else None,
        entered_at=request.entered_at,
        entered_by=_full(case, request.entered_by) if request.entered_by else None,
    )


def _printed(case: Case, decision: Decision) -> PrintedDecision:
    before = [each for each in case.decisions if each.id < decision.id]
    seat = case.request.seat
    final, letter = _result(case, case.attempt) if case.kind.gives_points else (None, None)
    return PrintedDecision(
        outcome=decision.outcome,
        reason=decision.reason,
        prepared_by=_full(case, decision.prepared_by),
        signed_by=_full(case, decision.signed_by),
        signed_at=decision.signed_at,
        mark_before=decision.mark_before,
        points=decision.points,
        mark_after=decision.mark_after,
        final=final if decision.outcome is RequestState.UPHELD else None,
        letter=letter if decision.outcome is RequestState.UPHELD else None,
        replaces_signed_at=before[-1].signed_at if before else None,
        seat_at=seat.starts_at if seat else None,
        seat_room=seat.room if seat else "",
    )


def _result(case: Case, attempt: Attempt | None) -> tuple[int | None, str | None]:
    """Return the final mark and the letter an attempt comes to now."""
    results = case.standing.attempts if case.standing and attempt else ()
    result = next((each for each in results if attempt and each.attempt == attempt.number), None)
    return (result.final, result.grade.letter if result.grade else None) if result else (None, None)


def _mark(case: Case) -> KeptMark:
    """Return the mark as it stood at filing; where that was not kept, before anything was decided."""
    if case.request.mark:
        return case.request.mark
    attempt = case.attempt or Attempt(case.request.exam.attempt)
    exam = case.decisions[0].mark_before if case.decisions else attempt.exam
    return KeptMark(exam, attempt.outcome, attempt.posted_at, attempt.corrected_at)


def _course(case: Case) -> Bilingual:
    code = case.request.exam.course_code
    course = case.standing.enrolment.course if case.standing else Course(code, None, None)
    return Bilingual(course.name_kk or course.name_ru or code, course.name_ru or course.name_kk or code)


def _full(case: Case, person_id: str | None) -> str:
    known = case.people.get(person_id or "")
    return known.full if known else person_id or ""


def _in(language: Language, text: Bilingual) -> str:
    return text.kk if language is Language.KK else text.ru
