"""Queues: one chat each, the cards that stand there, reasons ready to be given, protocols by number."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from policy.people import Language
from policy.requests import Kind, Queue, RequestState
from storage.database import Database
from storage.queues import Card, Protocol, QueueChat
from storage.requests import ExamKey, NewRequest
from tests.storage.examples import NOW, REGISTRAR, student

GROUP, SUPERGROUP = -12, -1000000000012
CHAT = QueueChat(Queue.APPEALS, GROUP, 7, Language.KK, REGISTRAR.person_id, NOW)
DESK = replace(CHAT, queue=Queue.SERVICE_DESK, thread_id=None, language=Language.RU)


@pytest.fixture(autouse=True)
async def request_number(database: Database) -> int:
    async with database.write() as storage:
        await storage.students.save([student()])
        await storage.people.save([REGISTRAR])
        exam = ExamKey("2025-2026/1", "MAT1201", 1)
        new = NewRequest(Kind.APPEAL, student().person_id, exam, None, "3-сұрақ", NOW, NOW, None, NOW, NOW)
        request = await storage.requests.add(new)
        await storage.commit()
    assert request
    return request.id


async def test_a_queue_has_one_chat_until_it_has_another_or_none(database: Database) -> None:
    async with database.write() as storage:
        queues = storage.queues
        assert await queues.chat_of(Queue.APPEALS) is None
        await queues.bind(CHAT)
        await queues.bind(DESK)
        elsewhere = replace(CHAT, chat_id=-13, thread_id=None, bound_at=NOW + timedelta(hours=1))
        await queues.bind(elsewhere)
        assert await queues.chat_of(Queue.APPEALS) == elsewhere
        assert await queues.chats() == (elsewhere, DESK)
        assert await queues.unbind(Queue.APPEALS)
        assert not await queues.unbind(Queue.APPEALS)
        assert await queues.chats() == (DESK,)


async def test_a_group_that_became_a_supergroup_keeps_its_queues_once(database: Database) -> None:
    async with database.write() as storage:
        for chat in (CHAT, DESK):
            await storage.queues.bind(chat)
        assert await storage.queues.move_chat(GROUP, SUPERGROUP) == (Queue.APPEALS, Queue.SERVICE_DESK)
        assert await storage.queues.move_chat(GROUP, SUPERGROUP) == ()
        assert {(each.chat_id, each.thread_id) for each in await storage.queues.chats()} == {(SUPERGROUP, None)}


async def test_cards_are_found_by_request_and_queue_and_counted_by_the_hour(
    database: Database, request_number: int
) -> None:
    hour = timedelta(hours=1)
    group = Card(1, request_number, Queue.APPEALS, GROUP, None, NOW)
    own = Card(2, request_number, Queue.APPEALS, None, REGISTRAR.person_id, NOW + hour)
    summary = Card(3, None, Queue.APPEALS, GROUP, None, NOW + hour)
    async with database.write() as storage:
        queues = storage.queues
        for card in (own, group, summary):
            await queues.add_card(card)
        assert await queues.cards_of(request_number) == (group, own)
        assert await queues.summaries_of(Queue.APPEALS) == (summary,)
        assert await queues.summaries_of(Queue.REGISTRAR) == ()
        assert await queues.cards_since(Queue.APPEALS, NOW) == 1  # requests, not cards; summaries of none
        assert await queues.cards_since(Queue.APPEALS, NOW + 2 * hour) == 0
        await queues.drop_cards([group.owed_id])
        await queues.drop_cards([])
        assert await queues.cards_of(request_number) == (own,)


async def test_a_retired_reason_is_offered_no_more(database: Database) -> None:
    async with database.write() as storage:
        queues = storage.queues
        before = {each.id for each in await queues.templates(Queue.APPEALS, RequestState.REFUSED)}
        by, kk, ru = REGISTRAR.person_id, "Дәлел жоқ", "Нет оснований"
        number = await queues.add_template(Queue.APPEALS, RequestState.REFUSED, text_kk=kk, text_ru=ru, by=by, at=NOW)
        kept = await queues.template(number)
        assert kept
        assert (kept.text_kk, kept.text_ru, kept.made_by) == (kk, ru, by)
        assert kept in await queues.templates(Queue.APPEALS, RequestState.REFUSED)
        assert kept not in await queues.templates(Queue.APPEALS, RequestState.UPHELD)
        assert await queues.retire_template(number, at=NOW)
        assert not await queues.retire_template(number, at=NOW)
        assert await queues.template(number) is None
        assert {each.id for each in await queues.templates(Queue.APPEALS, RequestState.REFUSED)} == before


async def test_protocols_are_numbered_and_come_back_as_they_were_printed(database: Database) -> None:
    async with database.write() as storage:
        queues, day = storage.queues, date(2026, 1, 12)
        first, second = [
            await queues.add_protocol(Queue.APPEALS, day, by=REGISTRAR.person_id, at=NOW, content={"cases": [number]})
            for number in (1, 2)
        ]
        assert second > first
        kept = Protocol(first, Queue.APPEALS, day, REGISTRAR.person_id, NOW, {"cases": [1]})
        assert await queues.protocol(first) == kept
        assert [each.number for each in await queues.protocols(Queue.APPEALS, limit=5)] == [second, first]
        assert len(await queues.protocols(Queue.APPEALS, limit=1)) == 1
        assert await queues.protocols(Queue.REGISTRAR, limit=5) == ()
        assert await queues.protocol(second + 1) is None
