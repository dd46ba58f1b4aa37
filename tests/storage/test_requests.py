"""Requests come back as they were kept, one open at a time; a signed decision stays as it is."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from policy.marks import Outcome
from policy.requests import OPEN, Kind, RequestState
from storage.database import Database
from storage.records import Change
from storage.requests import (
    Document,
    ExamKey,
    Inquiry,
    KeptMark,
    KeptWindow,
    NewDecision,
    NewRequest,
    Proposal,
    Request,
    Seat,
    SentFile,
)
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

STUDENT, OTHER = student(), student("02500001")
EXAM = ExamKey("2025-2026/1", "MAT1201", 1)
FILE = SentFile("жауап.jpg", "photo", None, 1000, "file id", "unique id")


@pytest.fixture(autouse=True)
async def people(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT, OTHER])
        await storage.people.save([REGISTRAR, DEAN])
        await storage.commit()


def filed(**facts: Any) -> NewRequest:
    new = NewRequest(
        Kind.APPEAL,
        STUDENT.person_id,
        EXAM,
        choice=None,
        reason="3-сұрақ",
        filed_at=NOW,
        received_at=NOW + timedelta(minutes=1),
        registered_by=REGISTRAR.person_id,
        closes_at=NOW + timedelta(days=1),
        due_at=NOW + timedelta(days=2),
    )
    return replace(new, **facts)


async def added(storage: Storage, **facts: Any) -> Request:
    request = await storage.requests.add(filed(**facts))
    assert request
    return request


def decision(request: Request, **facts: Any) -> NewDecision:
    new = NewDecision(
        request.id,
        RequestState.UPHELD,
        5,
        "Жауап дұрыс",
        DEAN.person_id,
        NOW,
        REGISTRAR.person_id,
        NOW,
        Decimal("49.5"),
        Decimal("54.5"),
        mark_posted_at=NOW - timedelta(hours=1),
        mark_corrected_at=NOW,
    )
    return replace(new, **facts)


async def test_a_request_comes_back_as_it_was_filed_and_as_every_step_left_it(database: Database) -> None:
    async with database.write() as storage:
        request = await added(storage)
        assert (request.state, request.version, request.open) == (RequestState.FILED, 1, True)
        step = replace(
            request,
            reason="2-сұрақ",
            paused_at=NOW,
            inquiries=(Inquiry("Қай сұрақ?", DEAN.person_id, NOW), Inquiry("?", DEAN.person_id, NOW, "!", NOW)),
            state=RequestState.PROPOSED,
            taken_by=DEAN.person_id,
            taken_at=NOW,
            proposal=Proposal(RequestState.UPHELD, 5, "Дұрыс", DEAN.person_id, NOW),
            substitute=REGISTRAR.person_id,
            seat=Seat(NOW, "204"),
            entered_at=NOW,
            entered_by=REGISTRAR.person_id,
        )
        after = await storage.requests.save(step)
        await storage.commit()
    async with database.read() as storage:
        kept = await storage.requests.by_id(request.id)
        assert await storage.requests.by_id(request.id + 1) is None
    assert kept == after == replace(step, version=2)


async def test_the_mark_and_the_window_something_was_filed_on_come_back_to_the_digit(database: Database) -> None:
    window = KeptWindow(NOW - timedelta(hours=1), "after_posting", date(2026, 1, 12))
    mark = KeptMark(Decimal("49.4999"), Outcome.TOOK, NOW - timedelta(hours=1), NOW)
    async with database.write() as storage:
        whole = await added(storage, window=window, mark=mark)
        no_mark_yet = await added(storage, kind=Kind.APPEAL_PROCEDURE, window=window, mark=KeptMark())
        unknown = await added(storage, kind=Kind.RETAKE)
        await storage.commit()
    async with database.read() as storage:
        kept = [await storage.requests.by_id(each.id) for each in (whole, no_mark_yet, unknown)]
    assert [(each.window, each.mark) for each in kept if each] == [(window, mark), (window, KeptMark()), (None, None)]


@pytest.mark.parametrize("state", [*RequestState])
@pytest.mark.parametrize("proposal", [None, Proposal(RequestState.UPHELD, 5, "Дұрыс", DEAN.person_id, NOW)])
async def test_what_waits_for_a_decision_is_found_once_a_mark_of_its_student_changes(
    database: Database, state: RequestState, proposal: Proposal | None
) -> None:
    key = (STUDENT.person_id, EXAM.period, EXAM.course_code, "1")
    change = Change("attempt", key, None, {"number": 1}, "import", NOW, STUDENT.person_id)
    async with database.write() as storage:
        request = await storage.requests.save(replace(await added(storage), state=state, proposal=proposal))
        await storage.changes.record([change, replace(change, at=NOW + timedelta(hours=1), act="read")])
        assert await storage.requests.with_changed_marks() == ()

        await storage.changes.record([replace(change, at=NOW + timedelta(seconds=1))])
        waits = state in OPEN or (state is RequestState.REFUSED and proposal is not None)
        assert await storage.requests.with_changed_marks() == ((request,) if waits else ())
        assert await storage.requests.with_changed_marks(STUDENT.person_id) == ((request,) if waits else ())
        assert await storage.requests.with_changed_marks(OTHER.person_id) == ()


async def test_a_step_from_an_older_state_is_not_kept(database: Database) -> None:
    async with database.write() as storage:
        request = await added(storage)
        first = await storage.requests.save(replace(request, reason="бірінші"))
        second = await storage.requests.save(replace(request, reason="екінші"))
        assert first
        assert second is None
        assert await storage.requests.by_id(request.id) == first


@pytest.mark.parametrize("state", [*RequestState])
async def test_an_exam_has_one_open_request_of_a_kind(database: Database, state: RequestState) -> None:
    async with database.write() as storage:
        request = await added(storage)
        await storage.requests.save(replace(request, state=state))
        again = await storage.requests.add(filed())
        assert (again is None) is (state in OPEN)
        for other in (
            {"kind": Kind.APPEAL_PROCEDURE},
            {"exam": EXAM._replace(attempt=2)},
            {"student_id": OTHER.person_id},
        ):
            await added(storage, **other)


async def test_requests_are_found_by_student_exam_course_state_and_time(database: Database) -> None:
    async with database.write() as storage:
        requests = storage.requests
        late = await added(storage, due_at=NOW + timedelta(days=3))
        soon = await added(storage, kind=Kind.APPEAL_PROCEDURE, due_at=NOW + timedelta(days=1))
        theirs = await added(storage, student_id=OTHER.person_id, filed_at=NOW + timedelta(hours=1))
        done = await added(storage, exam=EXAM._replace(course_code="PHY1"), filed_at=NOW + timedelta(hours=2))
        upheld = await requests.save(replace(done, state=RequestState.UPHELD))
        assert upheld
        assert await requests.to_enter() == (), "nothing was added to its mark"
        await requests.decide(decision(upheld))
        appeals = (Kind.APPEAL, Kind.APPEAL_PROCEDURE)

        assert await requests.of_student(STUDENT.person_id) == (late, soon, upheld)
        assert await requests.of_exam(STUDENT.person_id, EXAM) == (late, soon)
        assert await requests.open_of_course(EXAM.period, EXAM.course_code) == (late, soon, theirs)
        assert await requests.of_exams([(OTHER.person_id, EXAM)]) == (theirs,)
        assert await requests.in_states(appeals, OPEN) == (soon, theirs, late)
        assert await requests.in_states((Kind.APPEAL,), (RequestState.UPHELD,)) == (upheld,)
        assert await requests.counted(appeals, OPEN) == 3
        assert await requests.to_enter() == (upheld,)
        assert await requests.filed_between(appeals, NOW, NOW + timedelta(hours=1)) == (late, soon)
        assert await requests.filed_between(appeals, NOW + timedelta(hours=1), NOW + timedelta(days=1)) == (
            theirs,
            upheld,
        )
        entered = await requests.save(replace(upheld, entered_at=NOW, entered_by=REGISTRAR.person_id))
        assert entered
        assert await requests.to_enter() == ()


async def test_decisions_come_back_the_latest_last(database: Database) -> None:
    async with database.write() as storage:
        request, other = await added(storage), await added(storage, kind=Kind.RETAKE)
        refused = await storage.requests.decide(
            decision(request, outcome=RequestState.REFUSED, points=None, mark_after=Decimal("49.5"))
        )
        upheld = await storage.requests.decide(decision(request, signed_at=NOW + timedelta(days=1)))
        approved = await storage.requests.decide(
            decision(other, outcome=RequestState.APPROVED, points=None, mark_before=None, mark_after=None)
        )
        assert await storage.requests.decisions_of([request.id, other.id]) == {
            request.id: (refused, upheld),
            other.id: (approved,),
        }
        between = storage.requests.decided_between
        assert await between((Kind.APPEAL,), NOW, NOW + timedelta(days=1)) == (refused,)
        assert await between((Kind.APPEAL, Kind.RETAKE), NOW, NOW + timedelta(days=2)) == (refused, upheld, approved)


@pytest.mark.parametrize("statement", ["UPDATE decisions SET points = 6", "DELETE FROM decisions"])
async def test_a_signed_decision_is_neither_changed_nor_removed(database: Database, statement: str) -> None:
    async with database.write() as storage:
        request = await added(storage)
        kept = await storage.requests.decide(decision(request))
        await storage.commit()

    async with database.write() as storage:
        with pytest.raises(DBAPIError):
            await storage.requests._connection.execute(text(statement))
        await storage.rollback()

    async with database.read() as storage:
        assert await storage.requests.decisions_of([request.id]) == {request.id: (kept,)}


async def test_a_document_is_fetched_once_and_then_stored_or_lost_for_good(database: Database) -> None:
    async with database.write() as storage:
        requests = storage.requests
        request = await added(storage)
        names = ("first", "second", "third")
        those = [
            await requests.add_document(
                request.id, replace(FILE, file_unique_id=name), sent_at=NOW, by=STUDENT.person_id
            )
            for name in names
        ]
        first, second, third = (each for each in those if each)
        assert await requests.add_document(request.id, first.file, sent_at=NOW, by=STUDENT.person_id) is None
        assert await requests.unstored_documents() == (first, second, third)

        assert await requests.mark_stored(first.id, sha256="a" * 64, size=999, at=NOW)
        assert await requests.mark_lost(second.id, error="gone")

        for settled in (first, second):
            assert not await requests.mark_stored(settled.id, sha256="b" * 64, size=1, at=NOW)
            assert not await requests.mark_lost(settled.id, error="too_large")
        assert await requests.unstored_documents() == (third,)
        stored = Document(
            first.id, request.id, replace(first.file, size=999), NOW, STUDENT.person_id, "a" * 64, NOW, None
        )
        assert await requests.documents_of(request.id) == (stored, replace(second, error="gone"), third)
        assert await requests.document(first.id) == stored
        assert await requests.document(third.id + 1) is None
