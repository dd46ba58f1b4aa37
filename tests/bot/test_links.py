"""Links in the hands of the registrar's office: looked up, taken away, invitations made."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from policy.people import Language, Name, Role, RoleGrant
from storage import records
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, TWIN, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
SECOND, ADMIN = "T0002", "T0003"


@pytest.fixture(autouse=True)
async def staff(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save(
            [
                records.Person(SECOND, Name("Сергазин", "Ержан"), Language.KK),
                records.Person(ADMIN, Name("Власов", "Игорь"), Language.RU),
            ]
        )
        await storage.roles.grant([RoleGrant(SECOND, Role.REGISTRAR), RoleGrant(ADMIN, Role.ADMIN)], at=NOW, by=None)
        await storage.commit()


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
async def aigerim(linked: Linked) -> Person:
    return await linked(AIGERIM, 3)


async def holder(database: Database, person_id: str) -> int | None:
    async with database.read() as storage:
        account = await storage.accounts.of_person(person_id)
    return account.user_id if account else None


async def test_a_link_is_taken_away_and_both_sides_are_told(olga: Person, aigerim: Person, database: Database) -> None:
    await olga.sends("/link")
    assert "Напишите ID или имя" in olga.sees
    await olga.sends("ахметова")
    assert "Ахметова Айгерім Серікқызы" in olga.sees
    assert "Чат привязан: 15 января, 10:00" in olga.sees
    await olga.taps("Снять привязку…")
    assert "Снять привязку? Ахметова Айгерім Серікқызы" in olga.sees
    assert await holder(database, AIGERIM) == 3
    await olga.taps("Да, снять")
    assert "Привязка снята" in olga.sees
    assert "Чат не привязан." in olga.sees
    assert await holder(database, AIGERIM) is None
    assert "Тіркеуші кеңсесі бұл чаттың байланысын үзді." in aigerim.sees
    assert "Офис регистратора снял привязку этого чата." in aigerim.sees
    async with database.read() as storage:
        (change,) = [each for each in await storage.changes.about(AIGERIM) if each.object == "link" and each.before]
    assert (change.actor, change.after) == (REGISTRAR, None)
    await aigerim.sends("/marks")
    assert "чат для студентов и сотрудников" in aigerim.sees


async def test_an_invitation_is_a_link_and_a_code_to_scan(
    linked: Linked, telegram: Telegram, database: Database
) -> None:
    erzhan = await linked(SECOND, 2)
    await erzhan.sends("/menu")
    await erzhan.taps("Байланыстар мен шақырулар")
    await erzhan.sends(DMITRY)
    assert "Чат байланыстырылмаған." in erzhan.sees
    assert erzhan.buttons == ["Шақыру жасау", "Басқа адам", "« Мәзір"]
    await erzhan.taps("Шақыру жасау")
    assert "Шақыру иесі: Ким Дмитрий" in erzhan.sees
    assert erzhan.last.picture
    assert erzhan.last.picture.startswith(b"\x89PNG")
    code = erzhan.sees.split("?start=")[1].split()[0]
    dmitry = telegram.person(7, "x", language_code="ru")
    await dmitry.sends(f"/start {code}")
    assert "Ким Д., это вы?" in dmitry.sees
    await dmitry.taps("Даю согласие")
    assert await holder(database, DMITRY) == 7
    async with database.read() as storage:
        (made,) = await storage.invitations.of_person(DMITRY)
    assert made.made_by == SECOND


async def test_two_taps_make_one_invitation(olga: Person, database: Database) -> None:
    await olga.sends("/link")
    await olga.sends(DMITRY)
    page, data = olga.last, olga.last.data_of("Создать приглашение")
    await olga.presses(data, on=page)
    await olga.presses(data, on=page)
    assert "С тех пор как показана кнопка, всё изменилось" in page.text
    async with database.read() as storage:
        assert len(await storage.invitations.of_person(DMITRY)) == 1
    await olga.taps("Создать приглашение", on=page)
    async with database.read() as storage:
        assert len(await storage.invitations.of_person(DMITRY)) == 2


async def test_a_link_made_meanwhile_is_not_taken_away(
    olga: Person, aigerim: Person, linked: Linked, database: Database
) -> None:
    await olga.sends("/link")
    await olga.sends(AIGERIM)
    await olga.taps("Снять привязку…")
    question = olga.last.data_of("Да, снять")
    async with database.write() as storage:
        await storage.accounts.unlink(3)
        await storage.commit()
    await linked(AIGERIM, 9)
    await olga.presses(question)
    assert "всё изменилось" in olga.sees
    assert await holder(database, AIGERIM) == 9


async def test_a_second_tap_on_yes_finds_it_done(olga: Person, aigerim: Person, database: Database) -> None:
    await olga.sends("/link")
    await olga.sends(AIGERIM)
    await olga.taps("Снять привязку…")
    question = olga.last.data_of("Да, снять")
    await olga.presses(question)
    await olga.presses(question)
    assert "Чат не привязан." in olga.sees
    await olga.presses("free?:" + AIGERIM)
    assert "Чат не привязан." in olga.sees
    async with database.read() as storage:
        assert (
            len([each for each in await storage.changes.about(AIGERIM) if each.object == "link" and each.before]) == 1
        )


async def test_whoever_could_be_the_second_person_is_for_an_administrator(
    olga: Person, linked: Linked, database: Database
) -> None:
    await linked(SECOND, 2)
    await olga.sends("/link")
    await olga.sends("Сергазин")
    assert "только администратор" in olga.sees
    assert olga.buttons == ["Другой человек", "« Меню"]
    await olga.presses(f"free:{SECOND}:2")
    await olga.presses(f"invite:{SECOND}:0")
    assert await holder(database, SECOND) == 2
    async with database.read() as storage:
        assert not await storage.invitations.of_person(SECOND)
    igor = await linked(ADMIN, 5)
    await igor.sends("/link")
    await igor.sends("Сергазин")
    await igor.taps("Снять привязку…")
    await igor.taps("Да, снять")
    assert await holder(database, SECOND) is None


async def test_nobody_takes_their_own_link_away_here(olga: Person) -> None:
    await olga.sends("/link")
    await olga.sends(REGISTRAR)
    assert "Свою привязку снимают здесь: /me" in olga.sees
    assert "Снять привязку…" not in olga.buttons


async def test_a_registrar_of_one_institute_reaches_no_other(olga: Person, aigerim: Person, database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.revoke(REGISTRAR, Role.REGISTRAR, at=NOW, by=None)
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, "Law")], at=NOW, by=None)
        await storage.commit()
    await olga.sends("/link")
    await olga.sends(AIGERIM)
    assert "Никто не найден" in olga.sees
    for press in (f"person:{AIGERIM}", f"free?:{AIGERIM}", f"free:{AIGERIM}:3", f"invite:{AIGERIM}:0"):
        await olga.presses(press)
        assert "Никто не найден" in olga.sees
    assert await holder(database, AIGERIM) == 3


async def test_people_are_found_and_told_apart(olga: Person) -> None:
    await olga.sends("/link")
    await olga.sends("Пушкин")
    assert "Никто не найден" in olga.sees
    await olga.sends("0250")
    assert len(olga.buttons) == 4
    await olga.taps("Ким Дмитрий")
    assert f"ID: {DMITRY}" in olga.sees
    await olga.sends("Ахметова")
    assert "не понят" in olga.sees, "the search ended with the choice"
    await olga.presses("person:nobody")
    assert "Никто не найден" in olga.sees


async def test_a_student_and_a_former_registrar_have_no_part_in_it(
    olga: Person, aigerim: Person, clock: HandClock, database: Database
) -> None:
    await aigerim.sends("/link")
    assert "Мұндай пәрмен жоқ" in aigerim.sees
    await aigerim.presses(f"person:{DMITRY}")
    assert "Бүгін сізде ондай рөл жоқ" in aigerim.sees
    await olga.sends("/link")
    await olga.sends(AIGERIM)
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, until=NOW.date())], at=NOW, by=None)
        await storage.commit()
    clock.move(timedelta(days=1))
    await olga.taps("Снять привязку…")
    assert "Сегодня у вас нет такой роли" in olga.sees
    assert await holder(database, AIGERIM) == 3


async def test_menu_and_help_show_the_office_to_the_office_only(olga: Person, aigerim: Person) -> None:
    await olga.sends("/menu")
    assert {"Загрузить файл", "Второе подтверждение", "Привязки и приглашения"} <= set(olga.buttons)
    await olga.sends("/help")
    for command in ("/import", "/correct ", "/confirm", "/link"):
        assert command in olga.sees
    await aigerim.sends("/menu")
    assert "Файл жүктеу" not in aigerim.buttons
    await aigerim.sends("/help")
    assert "/link" not in aigerim.sees


async def test_who_was_looked_up_and_by_whom_is_kept(olga: Person, aigerim: Person, database: Database) -> None:
    await olga.sends("/link")
    await olga.sends("а")
    await olga.sends(DMITRY)
    await olga.sends("/link")
    await olga.sends(REGISTRAR)  # herself: nobody's business
    async with database.read() as storage:
        seen = [each async for each in storage.changes.found(person_id=REGISTRAR) if each.act == records.READ]
    assert (seen[0].object, seen[0].about) == ("link", DMITRY)
    assert {(each.object, each.about) for each in seen[1:]} == {("person", AIGERIM), ("person", TWIN)}
    assert all(each.actor == REGISTRAR and each.update_id and not each.before and not each.after for each in seen)
