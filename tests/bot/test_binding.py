"""Binding: a staff group, or a topic of one, becomes the place of a queue's cards."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from policy.people import Language
from policy.profile import Profile
from policy.requests import Queue
from services.requests.binding import bind, unbind
from storage.database import Database
from storage.queues import QueueChat
from tests.bot.conftest import AIGERIM, DMITRY, NOW
from tests.bot.staff import ADMIN, SECRETARY, at_work, employ, file
from tests.bot.studies import course, load, local
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    await employ(database)
    await load(database, course(exam="60", posted=local(1, 15, 9)))


async def bound(database: Database, queue: Queue = Queue.APPEALS) -> QueueChat | None:
    async with database.read() as storage:
        return await storage.queues.chat_of(queue)


async def test_an_administrator_binds_a_queue_in_their_language_and_changes_it(
    database: Database, telegram: Telegram, linked: Linked
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    await admin.sends("/bind appeals", in_=group)
    assert "Теперь здесь появляются карточки очереди: Апелляционная комиссия" in group.sees
    chat = await bound(database)
    assert chat
    assert (chat.chat_id, chat.thread_id, chat.language) == (group.id, None, Language.RU)
    await admin.taps("Казахский", in_=group)
    assert "Карточкалардың тілі" in group.last.text
    chat = await bound(database)
    assert chat
    assert chat.language is Language.KK


@pytest.mark.parametrize(
    ("written", "queue"),
    [
        ("СҚКО", Queue.SERVICE_DESK),
        ("цос", Queue.SERVICE_DESK),
        ("service_desk", Queue.SERVICE_DESK),
        ("Апелляция", Queue.APPEALS),
        ("апелляционная комиссия", Queue.APPEALS),
        ("тіркеуші", Queue.REGISTRAR),
        ("регистратор", Queue.REGISTRAR),
    ],
)
async def test_a_queue_may_be_named_in_either_language(
    database: Database, telegram: Telegram, linked: Linked, written: str, queue: Queue
) -> None:
    group, admin = telegram.group("Топ"), await at_work(linked, ADMIN)
    await admin.sends(f"/bind {written}", in_=group)
    assert await bound(database, queue)


async def test_without_a_name_or_with_an_unknown_one_buttons_are_offered(
    database: Database, telegram: Telegram, linked: Linked
) -> None:
    group, admin = telegram.group("Топ"), await at_work(linked, ADMIN)
    await admin.sends("/bind дүкен", in_=group)
    assert "Такой очереди нет" in group.sees
    await admin.sends("/bind", in_=group)
    await admin.taps("Апелляционная комиссия", in_=group)
    assert await bound(database)


async def test_a_topic_is_bound_alone_and_binding_again_moves_the_queue(
    database: Database, telegram: Telegram, linked: Linked
) -> None:
    group, admin = telegram.group("Университет", topics=True), await at_work(linked, ADMIN)
    topic, other = await group.opens_topic("Апелляция", admin), await group.opens_topic("СҚКО", admin)
    await admin.sends("/bind", in_=topic)
    await admin.taps("Апелляционная комиссия", in_=topic)
    chat = await bound(database)
    assert chat
    assert chat.thread_id == topic.thread
    await admin.sends("/bind appeals", in_=other)
    assert "появлялись в другом месте" in other.sees
    await admin.sends("/unbind", in_=topic)
    assert "не появляются" in topic.sees
    assert await bound(database)
    await admin.sends("/unbind", in_=other)
    assert await bound(database) is None


async def test_who_may_is_said_to_everybody_else(database: Database, telegram: Telegram, linked: Linked) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    secretary, stranger = await at_work(linked, SECRETARY), telegram.person(99, "x", language_code="ru")
    for person in (secretary, stranger, await linked(AIGERIM)):
        await person.sends("/bind appeals", in_=group)
        assert "администратор" in group.sees or "әкімшісі" in group.sees
    await admin.sends("/bind", in_=group)
    await secretary.taps("Апелляционная комиссия", in_=group)
    assert secretary.toast
    assert "әкімшісі" in secretary.toast
    assert await bound(database) is None


async def test_an_anonymous_administrator_is_asked_who_they_are(
    database: Database, telegram: Telegram, linked: Linked
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    await admin.sends("/bind appeals", in_=group, anonymous=True)
    assert "Анонимді болу" in group.sees
    assert await bound(database) is None
    await admin.sends("/bind")
    assert "в группе сотрудников" in admin.sees


@pytest.mark.parametrize("told", [True, False])
async def test_a_group_that_becomes_a_supergroup_keeps_its_queue_and_has_its_cards_once(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile, told: bool
) -> None:
    group, admin = telegram.group("Комиссия", supergroup=False), await at_work(linked, ADMIN)
    await admin.sends("/bind appeals", in_=group)
    request = await file(database, profile)
    await telegram.sender.send_due()
    assert f"№ {request.id}" in group.last.text
    await group.becomes_supergroup(admin, told=told)
    telegram.clock.move(timedelta(minutes=1))  # type: ignore[attr-defined]
    await load(database, course("PHY1", "60", posted=local(1, 15, 9)))
    later = await file(database, profile, code="PHY1")
    for _ in range(3):
        await telegram.sender.send_due()
    stands = [text.splitlines()[0] for text in group.stands]
    assert sorted(stands) == sorted(f"№ {each.id}. Апелляция на экзаменационную оценку" for each in (request, later))
    secretary = await at_work(linked, SECRETARY)
    first = next(shown for shown in group.messages if f"№ {request.id}" in shown.text)
    await secretary.taps("Взять дело", on=first)
    assert secretary.toast == "Істі алдыңыз. Оны жеке чатта ашыңыз."
    assert "В работе: Жұмабаева Г." in first.text
    assert len(group.stands) == 2


async def test_cards_of_two_languages_stand_in_their_groups(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    await admin.sends("/bind appeals", in_=group)
    await admin.presses("bindl:appeals:kk", in_=group)
    await file(database, profile)
    await telegram.sender.send_due()
    assert "Студент: Ахметова Айгерім Серікқызы, IS-24-1" in group.last.text
    assert "Әлі ешкім алмаған" in group.last.text
    assert "60" not in group.last.text
    assert "жауабы дұрыс" not in group.last.text
    assert group.last.payload_of("Ашу") == "case-1"


async def test_dmitry_may_not_press_what_is_the_administrators(telegram: Telegram, linked: Linked) -> None:
    group, dmitry = telegram.group("Комиссия"), await linked(DMITRY)
    await (await at_work(linked, ADMIN)).sends("/bind", in_=group)
    await dmitry.presses("unbind:appeals", in_=group)
    assert dmitry.toast
    assert "администратор" in dmitry.toast


async def test_a_card_goes_to_the_topic_that_is_bound(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Университет", topics=True), await at_work(linked, ADMIN)
    topic = await group.opens_topic("Апелляция", admin)
    await admin.sends("/bind appeals", in_=topic)
    await file(database, profile)
    await telegram.sender.send_due()
    assert "№ 1. Апелляция" in topic.last.text
    secretary = await at_work(linked, SECRETARY)
    await secretary.taps("Взять дело", in_=topic)
    assert "В работе: Жұмабаева Г." in topic.last.text
    await admin.sends("/queue", in_=topic)
    assert "Ждут рассмотрения: 1" in topic.sees


async def test_who_bound_a_group_hears_once_that_the_bot_cannot_write_there(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    await admin.sends("/bind appeals", in_=group)
    await group.puts_the_bot_out(admin)
    await load(database, course("PHY1", "60", posted=local(1, 15, 9)))
    for code in ("MAT1", "PHY1"):
        await file(database, profile, code=code)
        await telegram.sender.send_due()
        await telegram.sender.send_due()
    assert len([text for text in admin.stands if "Бот не может писать в группе" in text]) == 1


async def test_a_request_whose_topic_was_gone_has_its_card_in_the_place_that_is_bound_next(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Университет", topics=True), await at_work(linked, ADMIN)
    gone, other = await group.opens_topic("Апелляция", admin), await group.opens_topic("Апелляциялар", admin)
    await admin.sends("/bind appeals", in_=gone)
    gone.goes()
    request = await file(database, profile)
    for _ in range(2):
        await telegram.sender.send_due()
    assert "Бот не может писать в группе" in admin.last.text
    await admin.sends("/bind appeals", in_=other)
    await telegram.sender.send_due()
    assert f"№ {request.id}. Апелляция" in other.last.text
    secretary = await at_work(linked, SECRETARY)
    await secretary.taps("Взять дело", in_=other)
    assert "В работе: Жұмабаева Г." in other.last.text
    await admin.sends("/bind appeals", in_=other)
    await telegram.sender.send_due()
    assert len([text for text in other.stands if f"№ {request.id}." in text]) == 1


async def test_a_card_that_still_waits_is_sent_to_the_new_place_and_one_that_was_sent_stays(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    new = telegram.group("Жаңа комиссия")
    await load(database, course("PHY1", "60", posted=local(1, 15, 9)))
    await admin.sends("/bind appeals", in_=group)
    first = await file(database, profile)
    await telegram.sender.send_due()
    second = await file(database, profile, code="PHY1")
    await admin.sends("/bind appeals", in_=new)
    await telegram.sender.send_due()
    assert [text for text in group.stands if f"№ {first.id}." in text]
    assert not [text for text in group.stands if f"№ {second.id}." in text]
    assert [text for text in new.stands if "Апелляция на" in text] == [new.last.text]
    assert f"№ {second.id}." in new.last.text


async def test_where_no_chat_is_bound_any_more_people_get_the_cards_that_could_not_be_posted(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Университет", topics=True), await at_work(linked, ADMIN)
    secretary = await at_work(linked, SECRETARY)
    topic = await group.opens_topic("Апелляция", admin)
    await admin.sends("/bind appeals", in_=topic)
    topic.goes()
    request = await file(database, profile)
    await telegram.sender.send_due()
    async with database.write() as storage:
        await unbind(storage, Queue.APPEALS, by=ADMIN, now=NOW, profile=profile)
    await telegram.sender.send_due()
    assert f"№ {request.id}." in secretary.last.text


async def test_of_many_that_nobody_saw_some_get_cards_and_a_summary_stands_for_the_others(
    database: Database, telegram: Telegram, linked: Linked, profile: Profile
) -> None:
    group, admin = telegram.group("Комиссия"), await at_work(linked, ADMIN)
    await load(database, course("PHY1", "60", posted=local(1, 15, 9)), course("CHE1", "60", posted=local(1, 15, 9)))
    for code in ("MAT1", "PHY1", "CHE1"):
        await file(database, profile, code=code)
    async with database.write() as storage:
        chat = QueueChat(Queue.APPEALS, group.id, None, Language.RU, ADMIN, NOW)
        await bind(storage, chat, most=2)
    await telegram.sender.send_due()
    assert len(group.stands) == 3
    assert "Ждут рассмотрения: 3" in group.last.text
    assert admin.stands == []
