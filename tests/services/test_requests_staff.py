"""The staff's use cases on both engines: bound chats, substitutes, paper, what is to be entered, reasons, alerts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from policy.calendar import ExamSlot
from policy.decision import Refused
from policy.instant import CounterInstant
from policy.marks import ExamForm
from policy.people import Language, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, Queue, RequestState
from policy.review import ReviewRefusal
from services.requests.binding import bind, follow_chat, unbind
from services.requests.entering import to_enter_for
from services.requests.filing import Filed, FilingRefusal
from services.requests.overdue import owe_overdue_alerts
from services.requests.registration import OnPaper, register_on_paper
from services.requests.reviewing import Acting, ReviewingRefusal, Verdict, name_substitute, propose, sign, take
from services.requests.templates import add_template, retire_template
from services.standing import study_of
from storage.database import Database
from storage.outbox import OwedState
from storage.queues import QueueChat
from storage.records import Person
from storage.requests import ExamKey, Request
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student

PROFILE = load_profile(None)
STUDENT, MARKED = student(), enrolment()
SAT = replace(MARKED.attempts[0], posted_at=NOW - timedelta(hours=1), exam=Decimal(60))
EXAM = ExamKey(MARKED.period, MARKED.course.code, SAT.number)
SECRETARY, CHAIR, ADMIN, OTHER = "T0010", "T0011", "T0012", "T0013"
GROUP, SUPERGROUP = -5, -1_000_000_000_005
LATER = NOW + timedelta(minutes=30)


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT])
        others = (Person(each, DEAN.name, DEAN.language) for each in (SECRETARY, CHAIR, ADMIN, OTHER))
        await storage.people.save([REGISTRAR, *others])
        await storage.marks.save([replace(MARKED, attempts=(SAT,))])
        grants = [
            RoleGrant(SECRETARY, Role.APPEALS_SECRETARY),
            RoleGrant(CHAIR, Role.APPEALS_CHAIR),
            RoleGrant(ADMIN, Role.ADMIN),
            RoleGrant(OTHER, Role.DEAN_OFFICE),
            RoleGrant(REGISTRAR.person_id, Role.REGISTRAR),
        ]
        await storage.roles.grant(grants, at=NOW, by=None)
        await storage.commit()


async def on_paper(
    database: Database, *, by: str = SECRETARY, at: CounterInstant | None = None
) -> Filed | Refused[Any]:
    brought = OnPaper(Kind.APPEAL, EXAM, at or CounterInstant(NOW), reason="Жауап дұрыс")
    async with database.write() as storage:
        study = await study_of(storage, student=STUDENT, now=NOW, profile=PROFILE)
        return await register_on_paper(storage, brought, study=study, by=by, now=NOW, profile=PROFILE)


async def registered(database: Database) -> Request:
    done = await on_paper(database)
    assert isinstance(done, Filed), done
    return done.request


def chat(chat_id: int = GROUP) -> QueueChat:
    return QueueChat(Queue.APPEALS, chat_id, 7, Language.KK, ADMIN, NOW)


async def test_a_chat_is_bound_moved_and_unbound_with_a_line_of_history_each(database: Database) -> None:
    async with database.write() as storage:
        assert await bind(storage, chat()) is None
        assert await bind(storage, replace(chat(), chat_id=-6)) == chat()
        assert await unbind(storage, Queue.APPEALS, by=ADMIN, now=NOW) == replace(chat(), chat_id=-6)
        assert await unbind(storage, Queue.APPEALS, by=ADMIN, now=NOW) is None
    async with database.read() as storage:
        lines = await storage.changes.of("queue_chat", (Queue.APPEALS,))
    assert [(line.after or {}).get("chat_id") for line in lines] == [GROUP, -6, None]


async def test_a_card_that_waits_goes_along_and_one_that_stands_is_posted_anew_once(database: Database) -> None:
    async with database.write() as storage:
        await bind(storage, chat())
    request = await registered(database)
    async with database.write() as storage:
        await follow_chat(storage, GROUP, SUPERGROUP, now=LATER)
        await storage.commit()
        (waiting,) = await storage.queues.cards_of(request.id)
        owed = await storage.outbox.by_id(waiting.owed_id)
        assert owed
        assert (owed.chat_id, owed.state, waiting.chat_id) == (SUPERGROUP, OwedState.WAITING, SUPERGROUP)
    async with database.read() as storage:
        bound = await storage.queues.chat_of(Queue.APPEALS)
    assert bound
    assert (bound.chat_id, bound.thread_id) == (SUPERGROUP, None)


async def test_what_is_registered_from_paper_is_of_who_may_deal_with_it(database: Database) -> None:
    refused = await on_paper(database, by=REGISTRAR.person_id)
    assert isinstance(refused, Refused)
    assert refused.reason is ReviewRefusal.NO_ROLE
    early = await on_paper(database, at=CounterInstant(NOW + timedelta(seconds=1)))
    assert isinstance(early, Refused)
    assert early.reason is FilingRefusal.IN_FUTURE
    request = await registered(database)
    assert (request.registered_by, request.filed_at) == (SECRETARY, NOW)
    async with database.read() as storage:
        told = await storage.outbox.to_person(STUDENT.person_id, None)
    assert [each.content["news"] for each in told] == ["registered"]


async def test_an_upheld_mark_waits_for_the_registrar_until_it_is_entered(database: Database) -> None:
    request = await registered(database)
    async with database.write() as storage:
        await propose(storage, request.id, Verdict(RequestState.UPHELD, "Иә", 5), Acting(SECRETARY, LATER, PROFILE))
    async with database.write() as storage:
        await sign(storage, request.id, Acting(CHAIR, LATER, PROFILE))
    async with database.read() as storage:
        assert await to_enter_for(storage, by=SECRETARY, now=LATER, profile=PROFILE) is None
        waiting = await to_enter_for(storage, by=REGISTRAR.person_id, now=LATER, profile=PROFILE)
    assert waiting
    assert [(each.id, person.person_id) for each, person in waiting] == [(request.id, STUDENT.person_id)]


async def test_a_substitute_is_asked_for_once_and_signs_that_case_alone(database: Database) -> None:
    starts = datetime(2026, 1, 9, 4, tzinfo=UTC)
    ends, code = starts + timedelta(hours=2), MARKED.course.code
    line = ExamSlot(MARKED.period, code, "ЭН-25-1", ExamForm.WRITTEN, starts, ends, "204", CHAIR)
    async with database.write() as storage:
        await storage.calendar.save_exams([line])
        await storage.commit()
    request = await registered(database)
    async with database.write() as storage:
        none = await name_substitute(storage, request.id, STUDENT.person_id, Acting(ADMIN, LATER, PROFILE))
        assert isinstance(none, Refused)
        assert none.reason is ReviewingRefusal.NOT_STAFF
    async with database.write() as storage:
        await take(storage, request.id, Acting(SECRETARY, LATER, PROFILE))
    async with database.write() as storage:
        await propose(storage, request.id, Verdict(RequestState.REFUSED, "Жоқ"), Acting(SECRETARY, LATER, PROFILE))
    async with database.write() as storage:
        asked = await storage.outbox.to_person(ADMIN, None)
        assert [each.kind for each in asked] == ["substitute needed"]
        named = await name_substitute(storage, request.id, OTHER, Acting(ADMIN, LATER, PROFILE))
        assert isinstance(named, Request)
        assert [each.kind for each in await storage.outbox.to_person(OTHER, None)] == ["request card"]
    async with database.write() as storage:
        signed = await sign(storage, request.id, Acting(OTHER, LATER, PROFILE))
    assert not isinstance(signed, Refused), signed


async def test_a_reason_is_kept_and_retired_by_who_signs_or_the_secretary(database: Database) -> None:
    queue, outcome = Queue.APPEALS, RequestState.REFUSED
    texts = {"text_kk": "Баға дұрыс", "text_ru": "Оценка верна"}
    async with database.write() as storage:
        for person_id in (ADMIN, REGISTRAR.person_id):
            done = await add_template(storage, queue, outcome, **texts, by=person_id, now=NOW, profile=PROFILE)
            assert isinstance(done, Refused)
        empty = await add_template(
            storage, queue, outcome, text_kk="Иә", text_ru=" ", by=CHAIR, now=NOW, profile=PROFILE
        )
        assert isinstance(empty, Refused)
        number = await add_template(storage, queue, outcome, **texts, by=SECRETARY, now=NOW, profile=PROFILE)
        assert isinstance(number, int)
        assert [each.text_ru for each in await storage.queues.templates(queue, outcome)] == ["Оценка верна"]
        assert isinstance(await retire_template(storage, number, by=ADMIN, now=NOW, profile=PROFILE), Refused)
        assert await retire_template(storage, number, by=CHAIR, now=NOW, profile=PROFILE)
        assert await retire_template(storage, number, by=CHAIR, now=NOW, profile=PROFILE) is None
        assert await storage.queues.templates(queue, outcome) == ()


async def test_two_processes_that_look_for_late_answers_alert_once(database: Database) -> None:
    async with database.write() as storage:
        await bind(storage, chat())
    await registered(database)
    late = NOW + timedelta(days=2)
    for expected in (1, 0):
        async with database.write() as storage:
            assert await owe_overdue_alerts(storage, now=late, profile=PROFILE) == expected
