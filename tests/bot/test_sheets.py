"""Final mark sheets: the registrar sees what keeps each from being printed, and locks what is."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.words.courses import reference
from policy.appeals import AppealRefusal
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.requests import Kind
from services.outages import Outage, note
from services.requests.filing import Filed, file_request
from services.standing import study_of
from storage.database import Database
from storage.inbox import Inbox, Waiting
from storage.requests import ExamKey
from tests.bot.conftest import AIGERIM, NOW, REGISTRAR, HandClock
from tests.bot.studies import WINTER, course, load, local, slot
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]
LONG_AGO = NOW - timedelta(days=3)
PRESSES = ("sheet", "sheetask", "sheetok", "sheetun")


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 7, language_code="ru")


async def opened(olga: Person, name: str = "Математический анализ") -> None:
    await olga.sends("/sheets")
    await olga.taps("IS-24-1")
    await olga.taps(name)


async def appealed(database: Database, profile: Profile) -> Filed | Refused[AppealRefusal]:
    async with database.write() as storage:
        aigerim = await storage.students.by_id(AIGERIM)
        assert aigerim
        outcome: Filed | Refused[AppealRefusal] = await file_request(
            storage,
            kind=Kind.APPEAL,
            study=await study_of(storage, student=aigerim, now=NOW, profile=profile),
            exam=ExamKey(WINTER, "MAT1", 1),
            filed=MessageInstant(NOW),
            by=AIGERIM,
            now=NOW,
            profile=profile,
            reason="3-сұрақ дұрыс",
        )
    return outcome


async def test_a_registrar_notes_that_a_sheet_is_printed_and_its_marks_are_locked(
    database: Database, olga: Person
) -> None:
    await load(database, course("MAT1", "60", posted=LONG_AGO))
    await opened(olga)
    assert "ничто не мешает" in olga.sees

    await olga.taps("Распечатана")
    assert "Итоговая ведомость распечатана?" in olga.sees
    await olga.taps("Да, распечатана")

    assert "оценки закрыты" in olga.sees
    assert "Распечатана: 15 января" in olga.sees
    assert not any("Распечатана" in each for each in olga.buttons)
    async with database.read() as storage:
        lock = (await storage.sheets.locked_in(WINTER))["MAT1", "IS-24-1"]
        (change,) = await storage.changes.of("sheet", (WINTER, "MAT1", "IS-24-1"))
    assert (lock.locked_by, change.actor) == (REGISTRAR, REGISTRAR)
    await olga.taps("« IS-24-1")
    await olga.taps("« Все группы")
    assert "Распечатано: 1 из 1" in olga.sees


async def test_a_sheet_waits_until_the_time_to_appeal_is_over(
    database: Database, olga: Person, clock: HandClock
) -> None:
    await load(database, course("MAT1", "60", posted=NOW - timedelta(hours=1)))
    await opened(olga)
    assert "Срок апелляции: 16 января, 13:00" in olga.sees
    assert not any("Распечатана" in each for each in olga.buttons)

    clock.move(local(1, 16, 13) - NOW)
    await opened(olga)
    assert "Отправленное вовремя ещё может прийти, срок: 16 января, 13:05" in olga.sees
    assert not any("Распечатана" in each for each in olga.buttons)

    clock.move(timedelta(minutes=5))
    await opened(olga)
    assert any("Распечатана" in each for each in olga.buttons)


async def test_an_appeal_filed_since_the_button_was_shown_keeps_the_sheet_from_being_printed(
    database: Database, olga: Person, profile: Profile, clock: HandClock
) -> None:
    await load(database, course("MAT1", "60", posted=NOW - timedelta(hours=1)))
    clock.move(local(1, 16, 13, 5) - NOW)
    await opened(olga)
    await olga.taps("Распечатана")
    assert isinstance(await appealed(database, profile), Filed)  # in time, and late to arrive

    await olga.taps("Да, распечатана")

    assert "Не отмечено: есть нерассмотренная апелляция" in olga.sees
    assert "Нерассмотренных апелляций: 1" in olga.sees
    async with database.read() as storage:
        assert await storage.sheets.locked_in(WINTER) == {}


async def test_a_sheet_is_not_printed_while_something_sent_before_waits(
    database: Database, olga: Person, inbox: Inbox
) -> None:
    await load(database, course("MAT1", "60", posted=LONG_AGO))
    await opened(olga)
    await olga.taps("Распечатана")
    await inbox.keep([Waiting(0, 5, {"update_id": 0})], at=NOW)  # of another chat, and not at its end
    await olga.taps("Да, распечатана")
    assert "Отправленное студентами вовремя ещё может прийти" in olga.sees
    async with database.read() as storage:
        assert await storage.sheets.locked_in(WINTER) == {}

    await inbox.finish(0, at=NOW)
    await olga.taps("Распечатана")
    await olga.taps("Да, распечатана")
    assert "оценки закрыты" in olga.sees


async def test_a_sheet_is_not_printed_within_five_minutes_after_the_bot_came_back(
    database: Database, olga: Person, clock: HandClock
) -> None:
    await load(database, course("MAT1", "60", posted=LONG_AGO))
    async with database.write() as storage:
        await note(storage, Outage(NOW - timedelta(hours=1), NOW))
    await opened(olga)
    assert not any("Распечатана" in each for each in olga.buttons)
    clock.move(timedelta(minutes=5))
    await opened(olga)
    assert any("Распечатана" in each for each in olga.buttons)


async def test_missing_marks_are_counted(database: Database, olga: Person) -> None:
    await load(database, course("MAT1"), course("PHY1", "60", posted=LONG_AGO, names=("Физика", "Физика")))
    await opened(olga)
    assert "Без оценки: 1" in olga.sees
    await olga.taps("« IS-24-1")
    assert "⏳ Математический анализ" in olga.buttons
    assert "🖨 Физика" in olga.buttons


async def test_a_printed_sheet_refuses_appeals_but_not_against_a_mark_posted_since(
    database: Database, profile: Profile
) -> None:
    await load(database, course("MAT1", "60", posted=local(1, 14, 23)), locked=["MAT1"])
    outcome = await appealed(database, profile)
    assert isinstance(outcome, Refused)
    assert outcome.reason is AppealRefusal.SHEET_LOCKED

    await load(database, course("MAT1", "60", posted=local(1, 15, 9)))
    assert isinstance(await appealed(database, profile), Filed)


async def test_a_registrar_of_another_institute_prints_nothing(database: Database, linked: Linked) -> None:
    await load(database, course("MAT1", "60", posted=LONG_AGO))
    async with database.write() as storage:
        await storage.roles.remove([RoleGrant(REGISTRAR, Role.REGISTRAR)])
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, "Law")], at=NOW, by=None)
        await storage.commit()
    olga = await linked(REGISTRAR, 7, language_code="kk")
    await olga.sends("/sheets")
    assert "IS-24-1" not in str(olga.buttons)
    group, sheet = reference(WINTER, "IS-24-1"), reference(WINTER, "MAT1")
    for press in (f"sheetsof:{WINTER}:{group}", *(f"{each}:{WINTER}:{group}:{sheet}" for each in PRESSES)):
        await olga.presses(press)
        assert "Такой ведомости сейчас нет" in olga.sees
    async with database.read() as storage:
        assert await storage.sheets.locked_in(WINTER) == {}


async def test_whoever_teaches_the_sheet_neither_meets_nor_prints_it(database: Database, linked: Linked) -> None:
    mine = replace(slot("MAT1", local(1, 9, 9)), lecturer_id=REGISTRAR)
    await load(
        database,
        course("MAT1", "60", posted=LONG_AGO),
        course("PHY1", "60", posted=LONG_AGO, names=("Физика", "Физика")),
        slots=[mine],
    )
    olga = await linked(REGISTRAR, 7, language_code="kk")
    await olga.sends("/sheets")
    await olga.taps("IS-24-1")
    assert "Физика" in olga.sees
    assert "анализ" not in olga.sees
    group, sheet = reference(WINTER, "IS-24-1"), reference(WINTER, "MAT1")
    for press in PRESSES:
        await olga.presses(f"{press}:{WINTER}:{group}:{sheet}")
        assert "Такой ведомости сейчас нет" in olga.sees
    async with database.read() as storage:
        assert await storage.sheets.locked_in(WINTER) == {}


async def test_an_empty_university_has_no_sheets_and_others_have_no_such_command(olga: Person, linked: Linked) -> None:
    await olga.sends("/sheets")
    assert "/import" in olga.sees
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/sheets")
    assert "/import" not in aigerim.sees
    await aigerim.presses(olga.last.data_of("Меню").replace("menu", "sheets"))
    assert "тіркеуші" in aigerim.sees.lower()
