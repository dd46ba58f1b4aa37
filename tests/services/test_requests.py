"""Requests: filed in time, reviewed by who may, decided once, with everything each step owes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from policy.decision import Refused
from policy.instant import MessageInstant
from policy.people import Language, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, Queue, RequestState
from policy.review import ReviewRefusal
from services.requests.binding import bind, follow_chat
from services.requests.filing import Filed, file_request
from services.requests.reviewing import Acting, Verdict, propose, sign, take
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
SECRETARY, CHAIR = "T0010", "T0011"
EXAM = ExamKey(MARKED.period, MARKED.course.code, SAT.number)


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT])
        people = [REGISTRAR, *(Person(each, DEAN.name, DEAN.language) for each in (SECRETARY, CHAIR))]
        await storage.people.save(people)
        await storage.marks.save([replace(MARKED, attempts=(SAT,))])
        grants = [RoleGrant(SECRETARY, Role.APPEALS_SECRETARY), RoleGrant(CHAIR, Role.APPEALS_CHAIR)]
        await storage.roles.grant(grants, at=NOW, by=None)
        await storage.commit()


async def file(database: Database) -> Request:
    async with database.write() as storage:
        study = await study_of(storage, student=STUDENT, now=NOW, profile=PROFILE)
        outcome = await file_request(
            storage,
            kind=Kind.APPEAL,
            study=study,
            exam=EXAM,
            filed=MessageInstant(NOW),
            by=STUDENT.person_id,
            now=NOW,
            profile=PROFILE,
            reason="3-сұрақ дұрыс",
        )
    assert isinstance(outcome, Filed), outcome
    return outcome.request


def acting(by: str) -> Acting:
    return Acting(by, NOW + timedelta(hours=1), PROFILE)


async def test_an_upheld_appeal_raises_the_mark_and_owes_everybody_the_news(database: Database) -> None:
    request = await file(database)
    async with database.write() as storage:
        taken = await take(storage, request.id, acting(SECRETARY))
    assert isinstance(taken, Request)
    async with database.write() as storage:
        proposed = await propose(storage, request.id, Verdict(RequestState.UPHELD, "Жауап дұрыс", 5), acting(SECRETARY))
    assert isinstance(proposed, Request), proposed
    async with database.write() as storage:
        own = await sign(storage, request.id, acting(SECRETARY))
    assert isinstance(own, Refused)
    assert own.reason is ReviewRefusal.NO_ROLE
    async with database.write() as storage:
        decision = await sign(storage, request.id, acting(CHAIR))
    assert not isinstance(decision, Refused), decision
    async with database.read() as storage:
        after = await storage.marks.by_key(STUDENT.person_id, MARKED.period, MARKED.course.code)
        assert after
        assert after.attempts[0].exam == Decimal(65)
        owed = await storage.outbox.to_person(STUDENT.person_id, None)
        assert [each.content["news"] for each in owed] == ["taken", "decided"]
        assert [each.id for each in await storage.requests.to_enter()] == [request.id]


@pytest.mark.parametrize("on_its_way", [False, True], ids=["waiting", "on-its-way"])
async def test_a_card_not_sent_yet_stands_in_the_supergroup_its_group_became(
    database: Database, on_its_way: bool
) -> None:
    group, supergroup = -100, -1000000000100
    async with database.write() as storage:
        await bind(storage, QueueChat(Queue.APPEALS, group, None, Language.KK, REGISTRAR.person_id, NOW))
    request = await file(database)
    async with database.write() as storage:
        if on_its_way:
            await storage.outbox.lease("sender", now=NOW, real=NOW, until=NOW + timedelta(seconds=15), room=9)
        await follow_chat(storage, group, supergroup, now=NOW)
        await storage.commit()
    async with database.read() as storage:
        (card,) = await storage.queues.cards_of(request.id)
        owed = await storage.outbox.by_id(card.owed_id)
    assert owed
    assert (card.chat_id, owed.chat_id, owed.state, owed.leased_until) == (
        supergroup,
        supergroup,
        OwedState.WAITING,
        None,
    )
