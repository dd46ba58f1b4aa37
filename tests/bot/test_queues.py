"""Queues: what waits is listed for those who deal with it, summed up when it is much, and reminded of when late."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from policy.requests import Kind, Queue
from services.requests.overdue import owe_overdue_alerts
from storage.database import Database
from storage.queues import QueueChat
from tests.bot.conftest import AIGERIM, NOW, REGISTRAR, HandClock
from tests.bot.staff import ADMIN, DESK, SECRETARY, at_work, employ, file
from tests.bot.studies import course, load, local
from tests.telegram import Group, Person, Telegram

Linked = Callable[..., Awaitable[Person]]


@pytest.fixture(autouse=True)
async def records(database: Database, clock: HandClock) -> None:
    clock.move(timedelta(hours=1))
    await employ(database)
    courses = [course(f"C{number}", "60", posted=local(1, 15, 9)) for number in range(25)]
    await load(database, *courses, course("PHY1", "45", posted=local(1, 14, 18)))


async def group_of(telegram: Telegram, database: Database) -> Group:
    group = telegram.group("Комиссия")
    async with database.write() as storage:
        await storage.queues.bind(QueueChat(Queue.APPEALS, group.id, None, Language.KK, ADMIN, NOW))
        await storage.commit()
    return group


async def look(database: Database, profile: Profile, telegram: Telegram, clock: HandClock) -> int:
    async with database.write() as storage:
        owed = await owe_overdue_alerts(storage, now=clock.now(), profile=profile)
    await telegram.sender.send_due()
    return owed


async def test_a_queue_is_read_by_pages_and_filters(
    database: Database, linked: Linked, profile: Profile, telegram: Telegram
) -> None:
    for number in range(8):
        await file(database, profile, code=f"C{number}")
    await telegram.sender.send_due()
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/queue")
    assert "Апелляциялық комиссия" in secretary.sees
    assert "Өтініштер: 8" in secretary.sees
    assert "№ 6" in secretary.sees
    assert "№ 7" not in secretary.sees
    await secretary.taps("Келесі »")
    assert "№ 8" in secretary.sees
    await secretary.taps("Менікі")
    assert "Сіз алған іс жоқ" in secretary.sees
    await secretary.taps("Жаңа")
    await secretary.taps("№ 3")
    await secretary.taps("Істі алу")
    await secretary.taps("« Кезек")
    await secretary.taps("Менікі")
    assert "Өтініштер: 1" in secretary.sees


async def test_an_empty_queue_says_so_and_the_menu_leads_to_it(linked: Linked) -> None:
    desk = await at_work(linked, DESK)
    await desk.sends("/menu")
    await desk.taps("Студенттердің өтініштері")
    assert "Студенттерге қызмет көрсету орталығы" in desk.sees
    assert "Күтіп тұрған өтініш жоқ" in desk.sees


async def test_whoever_deals_with_no_requests_is_told_so(linked: Linked) -> None:
    student = await linked(AIGERIM)
    await student.sends("/queue")
    assert "рөліңіз жоқ" in student.sees
    await student.presses("queue:appeals:all:0:0")
    assert "рөліңіз жоқ" in student.sees


async def test_somebody_with_two_roles_goes_from_one_queue_to_the_other(
    database: Database, linked: Linked, profile: Profile, telegram: Telegram
) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(DESK, Role.APPEALS_MEMBER)], at=NOW, by=None)
        await storage.commit()
    await file(database, profile, kind=Kind.RETAKE, code="PHY1", reason=None)
    await telegram.sender.send_due()
    desk = await at_work(linked, DESK)
    await desk.sends("/start queue")
    await desk.taps("Студенттерге қызмет көрсету орталығы")
    assert "Емтиханды қайта тапсыру" in desk.sees
    assert "45" not in desk.sees


async def test_the_registrar_sees_what_is_to_be_entered(linked: Linked) -> None:
    registrar = await linked(REGISTRAR, 30)
    await registrar.sends("/queue")
    await registrar.taps("Внести")
    assert "Оценок, которые нужно внести, нет" in registrar.sees


async def test_a_group_reads_its_queue_without_names_and_marks(
    database: Database, linked: Linked, profile: Profile, telegram: Telegram
) -> None:
    group, admin = await group_of(telegram, database), await at_work(linked, ADMIN)
    await file(database, profile, code="C1")
    await telegram.sender.send_due()
    await admin.sends("/queue", in_=group)
    assert "Қарауды күтіп тұрған өтініштер: 1" in group.sees
    assert "№ 1" in group.sees
    assert "Ахметова" not in group.sees
    await admin.sends("/queue", in_=group, anonymous=True)
    assert "Анонимді болу" in group.sees
    for nobody in (await linked(AIGERIM), telegram.person(99, "x", language_code="ru")):
        await nobody.sends("/queue", in_=group)
        assert "№ 1" not in group.sees
    other = telegram.group("Басқа")
    await admin.sends("/queue", in_=other)
    assert "Карточки очередей здесь не появляются" in other.sees


async def test_above_the_rate_one_summary_stands_for_all_and_counts_on(
    database: Database, linked: Linked, profile: Profile, telegram: Telegram, clock: HandClock
) -> None:
    group = await group_of(telegram, database)
    for number in range(profile.requests.cards_an_hour):
        await file(database, profile, code=f"C{number}", at=clock.now())
    await telegram.sender.send_due()
    assert len(group.stands) == profile.requests.cards_an_hour
    await file(database, profile, code="C20", at=clock.now())
    await telegram.sender.send_due()
    assert "Қарауды күтіп тұрған өтініштер: 21" in group.last.text
    await file(database, profile, code="C21", at=clock.now())
    clock.move(timedelta(minutes=2))
    await telegram.sender.send_due()
    assert len(group.stands) == profile.requests.cards_an_hour + 1
    assert "Қарауды күтіп тұрған өтініштер: 22" in group.last.text


async def test_an_overdue_answer_is_reminded_of_once_in_an_interval_in_office_hours(
    database: Database, profile: Profile, telegram: Telegram, clock: HandClock
) -> None:
    group = await group_of(telegram, database)
    await file(database, profile, code="C1")
    await telegram.sender.send_due()
    clock.at = local(1, 16, 17)
    assert await look(database, profile, telegram, clock) == 0  # due at the end of the day
    for night_or_weekend in (local(1, 17, 10), local(1, 18, 12), local(1, 19, 8, 59)):
        clock.at = night_or_weekend
        assert await look(database, profile, telegram, clock) == 0
    clock.at = local(1, 19, 9)
    assert await look(database, profile, telegram, clock) == 1
    assert "жауап кешігіп жатыр" in group.last.text
    assert "№ 1. Емтихан бағасына апелляция" in group.last.text
    clock.at = local(1, 19, 11, 59)
    assert await look(database, profile, telegram, clock) == 0
    clock.at = local(1, 19, 12)
    assert await look(database, profile, telegram, clock) == 1
    clock.at = local(1, 19, 18)
    assert await look(database, profile, telegram, clock) == 0


async def test_without_a_group_those_who_deal_with_it_are_reminded_each(
    database: Database, linked: Linked, profile: Profile, telegram: Telegram, clock: HandClock
) -> None:
    secretary, desk = await at_work(linked, SECRETARY), await at_work(linked, DESK)
    await file(database, profile, code="C1")
    clock.at = local(1, 19, 10)
    assert await look(database, profile, telegram, clock) == 4
    assert "жауап кешігіп жатыр" in secretary.last.text
    assert desk.stands == []
    await secretary.taps("Кезекті ашу")
    await secretary.taps("Мерзімі өткен")
    assert "№ 1" in secretary.last.text
