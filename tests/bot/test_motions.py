"""What takes two people in chat: roles by a file and by hand, imports taken back, locks; and who is no second."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.i18n import load_texts
from bot.screens.motions import REFUSALS, why
from policy.citation import HOUSE
from policy.decision import Refused
from policy.marks import Attempt
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile, load_profile
from policy.requests import RequestState
from services.corrections import CorrectionRefusal
from services.roles import RoleRefusal
from storage import records
from storage.database import Database
from storage.records import MotionState
from tests.bot.conftest import AIGERIM, DMITRY, NOW, PHONES, REGISTRAR, HandClock
from tests.bot.staff import ACCOUNTS, ADMIN, CHAIR, DEPUTY, at_work, employ, file, request_of
from tests.bot.test_imports import MARKS, attempt, send, tap
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
SECOND_ADMIN = "T0090"
NEWCOMER = "T0100"
STAFF_FILE = (
    "person_id,surname,given_name,patronymic,role,scope,phone,language,until\n"
    f"{NEWCOMER},Жаңабаев,Ерлан,,registrar,,77020000001,kk,\n"
    f"{ADMIN},Ли,Сергей,,appeals.member,,,ru,31.08.2026\n"
).encode()


@pytest.fixture(autouse=True)
async def staff(database: Database) -> None:
    await employ(
        database,
        (records.Person(SECOND_ADMIN, Name("Ахмет", "Дина"), Language.RU), RoleGrant(SECOND_ADMIN, Role.ADMIN)),
    )


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
async def sergey(linked: Linked) -> Person:
    return await at_work(linked, ADMIN)


@pytest.fixture
async def dina(linked: Linked) -> Person:
    return await linked(SECOND_ADMIN, 90)


async def roles(database: Database, person_id: str) -> set[Role]:
    async with database.read() as storage:
        return {grant.role for grant in await storage.roles.of_person(person_id)}


async def propose_file(person: Person, telegram: Telegram, content: bytes = STAFF_FILE) -> None:
    await send(person, content, "staff.csv")
    await person.taps("Предложить…")
    await person.sends("Приказ № 12 от 14 января")
    await telegram.dispatcher["work"].finish()
    await telegram.sender.send_due()


async def test_a_staff_file_gives_roles_only_with_an_administrator_who_gains_nothing(
    olga: Person, sergey: Person, dina: Person, telegram: Telegram, database: Database
) -> None:
    await send(olga, STAFF_FILE, "staff.csv")
    assert "Нужен второй человек: администратор" in olga.sees
    assert "+ T0100: регистратор, весь университет, бессрочно" in olga.sees.replace("<b>", "").replace("</b>", "")
    assert "Загрузить" not in olga.buttons
    await olga.taps("Предложить…")
    await olga.sends("приказ")
    assert "Причина слишком короткая" in olga.sees
    await olga.sends("Приказ № 12 от 14 января")
    await telegram.dispatcher["work"].finish()
    await telegram.sender.send_due()
    assert "Предложено: № 1" in olga.sees
    assert Role.REGISTRAR not in await roles(database, NEWCOMER)

    assert "Загрузка файла" in dina.sees
    assert "Приказ № 12" in dina.sees
    assert not sergey.room.messages, "who gains by it is not asked"
    await presses(sergey, "fixy:1")
    assert "Это касается вас самих" in sergey.sees
    await olga.presses("fixy:1")
    await telegram.dispatcher["work"].finish()
    assert "Вы сами это предложили" in olga.sees
    assert Role.REGISTRAR not in await roles(database, NEWCOMER)

    await tap(dina, "Подтвердить")
    assert "подтверждено" in dina.sees
    assert Role.REGISTRAR in await roles(database, NEWCOMER)
    assert Role.APPEALS_MEMBER in await roles(database, ADMIN)
    await telegram.sender.send_due()
    assert "Роли изменились" in sergey.sees
    assert "Изменил(а): Иванова О. П." in sergey.sees
    assert "Согласие: Ахмет Д." in sergey.sees
    async with database.read() as storage:
        assert await storage.uploads.size() == 0
        (imported,) = await storage.imports.latest()
    assert imported.actor == REGISTRAR


async def test_a_press_on_load_for_a_file_of_roles_loads_nothing(
    olga: Person, telegram: Telegram, database: Database
) -> None:
    await send(olga, STAFF_FILE, "staff.csv")
    seen = olga.last.data_of("Предложить…").split(":")[-1]
    await olga.presses(f"load:1:{seen}")
    await telegram.dispatcher["work"].finish()
    assert "Нужен второй человек" in olga.sees
    assert await roles(database, NEWCOMER) == set()


async def test_a_file_that_replaces_the_phone_of_who_holds_a_role_takes_two(olga: Person, database: Database) -> None:
    content = (
        f"person_id,surname,given_name,patronymic,role,scope,phone,language,until\n{REGISTRAR},Иванова,Ольга,Петровна,registrar,,77059999999,ru,\n"
    ).encode()
    await send(olga, content, "staff.csv")
    assert "Телефоны людей с ролями: 1" in olga.sees
    assert "Загрузить" not in olga.buttons


async def test_a_role_is_proposed_in_chat_and_given_by_an_administrator(
    olga: Person, sergey: Person, telegram: Telegram, database: Database
) -> None:
    await olga.sends("/roles")
    await olga.sends("Ким Дмитрий")
    assert "Ролей нет" in olga.sees
    await olga.taps("Структуры")
    await olga.taps("член студенческого правительства")
    await olga.taps("IT")
    await olga.sends("завтра")
    assert "Это не дата" in olga.sees
    await olga.sends("14.01.2026")
    assert "Этот день прошёл" in olga.sees
    await olga.sends("31.08.2026")
    await olga.sends("Решение собрания № 3")
    assert "Ким Дмитрий: член студенческого правительства, IT, до 31.08.2026" in olga.sees
    await olga.taps("Предложить")
    await telegram.sender.send_due()
    assert await roles(database, DMITRY) == set()
    await sergey.taps("Подтвердить")
    async with database.read() as storage:
        (grant,) = await storage.roles.of_person(DMITRY)
    assert (grant.role, grant.scope, str(grant.until)) == (Role.OFFICER, "IT", "2026-08-31")


async def test_an_administrator_makes_nobody_administrator_alone_not_even_themself(
    sergey: Person, telegram: Telegram, database: Database
) -> None:
    await sergey.sends("/roles")
    await sergey.sends(ADMIN)
    await sergey.taps("Апелляционная комиссия")
    await sergey.taps("председатель апелляционной комиссии")
    await sergey.taps("весь университет")
    await sergey.taps("Бессрочно")
    await sergey.sends("Назначаю сам себя")
    await sergey.taps("Предложить")
    await telegram.sender.send_due()
    assert Role.APPEALS_CHAIR not in await roles(database, ADMIN)
    await sergey.presses("fixy:1")
    assert "Вы сами это предложили" in sergey.sees
    assert Role.APPEALS_CHAIR not in await roles(database, ADMIN)


async def test_a_role_is_taken_by_two_and_its_holder_hears_of_it(
    olga: Person, sergey: Person, linked: Linked, telegram: Telegram, database: Database
) -> None:
    chair = await at_work(linked, CHAIR)
    await olga.sends("/roles")
    await olga.sends(CHAIR)
    await olga.taps("✖ председатель апелляционной комиссии")
    await olga.sends("Полномочия сложены")
    await olga.taps("Предложить")
    await telegram.sender.send_due()
    await sergey.taps("Подтвердить")
    await telegram.sender.send_due()
    assert Role.APPEALS_CHAIR not in await roles(database, CHAIR)
    assert "Рөлдер өзгерді" in chair.sees


async def presses(person: Person, data: str) -> None:
    """Press a button, real or forged, under whatever stands in the chat."""
    await person.sends("/menu")
    await person.presses(data)
    await person.telegram.dispatcher["work"].finish()


async def posted(olga: Person, database: Database) -> Attempt:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    found = await attempt(database)
    assert found
    return found


async def look_back(olga: Person, telegram: Telegram) -> None:
    await olga.taps("Отменить загрузку…")
    await olga.sends("Оценки другой группы")
    await telegram.dispatcher["work"].finish()


async def test_after_ten_minutes_an_import_of_marks_is_taken_back_by_two(
    olga: Person, sergey: Person, telegram: Telegram, database: Database, clock: HandClock
) -> None:
    await posted(olga, database)
    clock.move(timedelta(minutes=10))
    await look_back(olga, telegram)
    assert "Отзываемых оценок: 2" in olga.sees
    assert "Студентов, у которых изменится GPA: 2" in olga.sees
    assert "Нужен второй человек" in olga.sees
    await olga.presses("undo1:1")
    await telegram.dispatcher["work"].finish()
    assert "в одиночку её уже не отменить" in olga.sees
    assert await attempt(database)

    await look_back_again(olga, telegram)
    await tap(olga, "Предложить")
    await telegram.sender.send_due()
    assert "Отмена загрузки" in sergey.sees
    assert "Оценки другой группы" in sergey.sees
    await tap(sergey, "По каждой оценке (таблица)")
    assert "По каждой" in sergey.sees or sergey.last.document
    await sergey.presses("fixy:1")
    await telegram.dispatcher["work"].finish()
    assert "подтверждено" in sergey.sees
    assert await attempt(database) is None
    await telegram.sender.send_due()
    assert "Подтвердил(а): Ли С." in olga.sees


async def look_back_again(olga: Person, telegram: Telegram) -> None:
    await olga.presses("undo:1")
    await olga.sends("Оценки другой группы")
    await telegram.dispatcher["work"].finish()


async def test_another_mark_than_was_withdrawn_is_posted_by_two(
    olga: Person, sergey: Person, telegram: Telegram, database: Database
) -> None:
    await posted(olga, database)
    await look_back(olga, telegram)
    await tap(olga, "Отменить загрузку")
    assert await attempt(database) is None

    await send(olga, MARKS.replace(b"80,90,took", b"80,44,took"))
    (told, table) = (message.text for message in olga.room.messages[-2:])
    assert "Было выставлено: 90" in told
    assert "можно загрузить вдвоём" in told
    assert "Все ошибки файла: 1" in table
    await olga.presses(olga.room.messages[-2].data_of("Предложить…"), on=olga.room.messages[-2])
    await olga.sends("Ведомость № 12, исправлена кафедрой")
    await telegram.dispatcher["work"].finish()
    await telegram.sender.send_due()
    assert "Предложено: № 1" in olga.sees
    assert "отозванные оценки станут другими: 1" in sergey.sees
    assert await attempt(database) is None
    await tap(sergey, "Подтвердить")
    found = await attempt(database)
    assert found
    assert found.exam == 44


async def test_what_has_been_told_is_not_taken_back_by_one(
    olga: Person, linked: Linked, telegram: Telegram, database: Database
) -> None:
    dmitry = await linked(DMITRY, 3)
    await posted(olga, database)
    await telegram.sender.send_due()
    assert dmitry.room.messages
    await look_back(olga, telegram)
    assert "из них оповещено: 1" in olga.sees
    await olga.presses("undo1:1")
    await telegram.dispatcher["work"].finish()
    assert "в одиночку её уже не отменить" in olga.sees
    assert await attempt(database)


async def test_while_an_appeal_is_open_the_chair_agrees_first_then_another_confirms(  # noqa: PLR0917
    olga: Person, sergey: Person, linked: Linked, telegram: Telegram, database: Database, profile: Profile
) -> None:
    chair, deputy = await at_work(linked, CHAIR), await at_work(linked, DEPUTY)
    await posted(olga, database)
    request = await file(database, profile, code="MAT1201", at=NOW + timedelta(minutes=1))
    await look_back(olga, telegram)
    assert "Апелляции на них: открытых 1, решённых 0" in olga.sees
    assert "Сначала должен согласиться председатель" in olga.sees
    await tap(olga, "Предложить")
    await telegram.sender.send_due()
    assert "Бағаларға апелляция берілген" in chair.last.text
    await presses(sergey, "fixy:1")
    assert "сначала должен согласиться председатель" in sergey.sees
    await presses(deputy, "fixa:1")
    assert "❌" in deputy.sees
    await presses(sergey, "fixa:1")
    assert (await request_of(database, request.id)).state is RequestState.FILED

    await chair.taps("Комиссия келіседі")
    await telegram.sender.send_due()
    assert "Комиссия согласна: Сейітов М. Ә." in sergey.sees
    assert await attempt(database)
    await tap(sergey, "Подтвердить")
    assert await attempt(database) is None
    assert (await request_of(database, request.id)).state is RequestState.VOID


async def test_the_lock_of_a_printed_sheet_is_undone_by_two(
    olga: Person, sergey: Person, telegram: Telegram, database: Database
) -> None:
    await send(olga, MARKS.replace(b"outcome,attempt", b"outcome,attempt,group").replace(b"took,1", b"took,1,IS-24-1"))
    await tap(olga, "Загрузить")
    async with database.write() as storage:
        await storage.sheets.lock("MAT1201", "2025-2026/1", "IS-24-1", at=NOW, by=REGISTRAR)
        await storage.commit()
    await olga.sends("/sheets")
    await olga.taps("IS-24-1")
    await olga.taps("Математика")
    await olga.taps("Снять замок…")
    await olga.sends("мало")
    assert "Причина слишком короткая" in olga.sees
    await olga.sends("Напечатана по ошибке")
    await telegram.sender.send_due()
    assert "Предложено" in olga.sees
    async with database.read() as storage:
        assert await storage.sheets.locked_in("2025-2026/1")
    await olga.presses("fixy:1")
    assert "Вы сами это предложили" in olga.sees
    await sergey.taps("Подтвердить")
    async with database.read() as storage:
        assert await storage.sheets.locked_in("2025-2026/1") == {}
        (line,) = [each async for each in storage.changes.found(object_="sheet")]
    assert (line.cause, line.actor, line.why) == ("unlock", ADMIN, "Напечатана по ошибке")


async def test_whom_the_first_invited_this_week_is_no_second_person_and_reads_who_is(  # noqa: PLR0917
    olga: Person, sergey: Person, linked: Linked, telegram: Telegram, database: Database, clock: HandClock
) -> None:
    friend = await linked(NEWCOMER_REGISTRAR, 77)
    await olga.sends("/link")
    await olga.sends(NEWCOMER_REGISTRAR)
    assert "меняет только администратор" in olga.sees
    async with database.write() as storage:  # as an administrator who is a registrar too would have
        await storage.changes.record(
            [
                records.Change(
                    "invitation", (NEWCOMER_REGISTRAR,), None, {}, "invite", NOW, NEWCOMER_REGISTRAR, actor=REGISTRAR
                )
            ]
        )
        await storage.commit()
    await posted(olga, database)
    clock.move(timedelta(minutes=30))
    await look_back(olga, telegram)
    await tap(olga, "Предложить")
    await telegram.sender.send_due()
    assert not friend.room.messages
    await presses(friend, "fixy:1")
    assert "Вы двое неделю считаетесь одним человеком" in friend.sees
    assert "Могут подтвердить: " in friend.sees
    assert "Ли С." in friend.sees
    assert await attempt(database)


NEWCOMER_REGISTRAR = "T0101"


@pytest.fixture(autouse=True)
async def newcomer(database: Database, staff: None) -> None:
    async with database.write() as storage:
        await storage.people.save([records.Person(NEWCOMER_REGISTRAR, Name("Новый", "Игорь"), Language.RU)])
        await storage.roles.grant([RoleGrant(NEWCOMER_REGISTRAR, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()


async def test_a_shared_number_moves_no_link_of_who_holds_a_role(
    sergey: Person, telegram: Telegram, database: Database
) -> None:
    async with database.write() as storage:
        await storage.people.save([records.Person(ADMIN, Name("Ли", "Сергей"), Language.RU, "77030000009")])
        await storage.commit()
    thief = telegram.person(99, "x")
    await thief.shares_contact("+7 703 000 00 09")
    await thief.taps("Келісемін")
    async with database.read() as storage:
        held = await storage.accounts.of_person(ADMIN)
    assert held
    assert held.user_id == ACCOUNTS[ADMIN]
    assert "Кто-то с вашим номером телефона" in sergey.sees
    assert "Вы владеете ролью" in thief.sees


async def test_a_shared_number_still_moves_the_link_of_a_student_without_a_role(
    linked: Linked, telegram: Telegram, database: Database
) -> None:
    await linked(AIGERIM, 3)
    other = telegram.person(98, "x")
    await other.shares_contact("+" + PHONES[AIGERIM])
    await other.taps("Келісемін")
    async with database.read() as storage:
        held = await storage.accounts.of_person(AIGERIM)
    assert held
    assert held.user_id == 98


async def test_what_nobody_decided_in_time_is_over_and_its_file_forgotten(
    olga: Person, dina: Person, telegram: Telegram, database: Database, clock: HandClock
) -> None:
    await propose_file(olga, telegram)
    clock.move(timedelta(days=3))
    await dina.presses("fixy:1")
    await telegram.dispatcher["work"].finish()
    assert "Срок истёк" in dina.sees
    async with database.read() as storage:
        motion = await storage.motions.by_id(1)
    assert motion
    assert motion.state is MotionState.EXPIRED
    assert await roles(database, NEWCOMER) == set()


def test_every_refusal_has_words_of_its_own_kind() -> None:
    for kind, words in REFUSALS.items():
        assert {*kind} <= {*words}, kind
    alike = Refused(CorrectionRefusal.NOTHING_CHANGES, (HOUSE,)), Refused(RoleRefusal.NOTHING_CHANGES, (HOUSE,))
    assert len({str(each.reason) for each in alike}) == 1, "as texts they are one key"
    voice = load_texts(load_profile(None).university.zone)[Language.RU]
    assert why(voice, alike[0]) != why(voice, alike[1])
