"""Registration: what was brought on paper is filed with its real instant, or refused with its reason."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from policy.marks import Outcome
from policy.people import Role, RoleGrant
from policy.requests import Kind
from storage.database import Database
from tests.bot.conftest import AIGERIM, NOW, REGISTRAR, HandClock
from tests.bot.staff import DEPUTY, DESK, SECRETARY, at_work, employ, request_of
from tests.bot.studies import course, load, local
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


@pytest.fixture(autouse=True)
async def records(database: Database, clock: HandClock) -> None:
    clock.move(timedelta(hours=1))
    await employ(database)
    missed = course("HIS1", outcome=Outcome.DID_NOT_COME, posted=local(1, 14, 9), names=("Тарих", "История"))
    await load(
        database,
        course(exam="60", posted=local(1, 14, 18)),
        course("PHY1", "45", posted=local(1, 14, 18), names=("Физика", "Физика")),
        missed,
    )


async def test_a_paper_appeal_counts_from_when_it_was_taken_and_the_student_is_told(
    database: Database, linked: Linked, clock: HandClock
) -> None:
    student, secretary = await linked(AIGERIM), await at_work(linked, SECRETARY)
    clock.at = local(1, 15, 14)
    await secretary.sends("/register")
    await secretary.sends("Ахметова Айгерім")
    await secretary.taps("Емтихан бағасына апелляция")
    await secretary.taps("Математика")
    await secretary.sends("15.01 13:00")
    assert "Апелляция мерзімі аяқталды: 15 қаңтар, 13:00" in secretary.sees
    assert "Апелляциялық комиссия" in secretary.sees
    await secretary.sends("15.01 14:01")
    assert "Өтініш қашан қабылданды" in secretary.sees
    await secretary.sends("кеше")
    assert "Күні мен уақыты керек" in secretary.sees
    await secretary.sends("15.01 12:40")
    await secretary.sends("Қағаздағы негіздеме")
    await secretary.sends_voice()
    assert "фото не файл керек" in secretary.sees
    await secretary.sends_photo(b"JPEG")
    assert "Қағаздағы негіздеме" in secretary.sees
    assert "12:40:00" in secretary.sees
    await secretary.taps("✅ Тіркеу")
    assert "Тіркелді: № 1" in secretary.sees
    request = await request_of(database, 1)
    assert (request.filed_at, request.registered_by) == (local(1, 15, 12, 40), SECRETARY)
    assert "№ 1" in student.last.text
    receipt = next(each for each in secretary.messages if "Тіркелді" in each.text)
    await secretary.taps("Ашу", on=receipt)
    assert "тіркеген: Жұмабаева Г." in receipt.text
    await secretary.taps("📎", on=receipt)
    photo = secretary.last
    assert photo.picture == b"JPEG"
    assert photo.protected


async def test_each_registers_the_kinds_they_deal_with(linked: Linked, telegram: Telegram) -> None:
    desk, registrar = await at_work(linked, DESK), await linked(REGISTRAR, 30)
    await desk.sends("/register")
    await desk.sends(AIGERIM)
    assert desk.buttons[:-1] == ["Емтиханды қайта тапсыру"]
    await registrar.sends("/register")
    await registrar.sends(AIGERIM)
    assert registrar.buttons[:-1] == ["Экзамен в дополнительный период"]
    student = await linked(AIGERIM)
    await student.sends("/register")
    assert "рөліңіз жоқ" in student.sees


async def test_a_retake_at_the_counter_needs_no_reason_and_no_scan(database: Database, linked: Linked) -> None:
    desk = await at_work(linked, DESK)
    await desk.sends("/register")
    await desk.sends(AIGERIM)
    await desk.taps("Емтиханды қайта тапсыру")
    await desk.taps("Физика")
    await desk.taps("Дәл қазір")
    await desk.taps("Көшірмесіз")
    await desk.taps("✅ Тіркеу")
    request = await request_of(database, 1)
    assert (request.kind, request.reason) == (Kind.RETAKE, None)


async def test_a_missed_exam_is_registered_for_its_cause(database: Database, linked: Linked) -> None:
    registrar = await linked(REGISTRAR, 30)
    await registrar.sends("/register")
    await registrar.sends(AIGERIM)
    await registrar.taps("Экзамен в дополнительный период")
    await registrar.taps("История")
    await registrar.taps("Только что")
    await registrar.taps("Без скана")
    await registrar.taps("✅ Зарегистрировать")
    assert (await request_of(database, 1)).choice == "did_not_come"


async def test_nobody_registers_their_own_request(database: Database, linked: Linked) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(AIGERIM, Role.SERVICE_DESK)], at=NOW, by=None)
        await storage.commit()
    student = await linked(AIGERIM)
    await student.sends("/register")
    await student.sends(AIGERIM)
    assert not [label for label in student.buttons if "қайта тапсыру" in label]


async def test_a_reason_is_added_in_both_languages_offered_and_retired(linked: Linked) -> None:
    deputy, secretary = await at_work(linked, DEPUTY), await at_work(linked, SECRETARY)
    await deputy.sends("/templates")
    await deputy.taps("Добавить: оставлена без удовлетворения")
    await deputy.sends("Баға дұрыс")
    await deputy.sends("Оценка верна")
    assert "Обоснование сохранено" in deputy.sees
    await secretary.sends("/templates")
    await secretary.taps("Баға дұрыс")
    assert "Орысша: Оценка верна" in secretary.sees
    await secretary.taps("Енді ұсынбау")
    assert "енді ұсынылмайды" in secretary.sees
    assert "Баға дұрыс" not in str(secretary.buttons)
    desk = await at_work(linked, DESK)
    await desk.presses("tmpla:appeals:refused", on=secretary.last)
    assert "комиссия хатшысы" in secretary.last.text


async def test_a_queue_without_reasons_begins_with_the_usual_ones(linked: Linked) -> None:
    deputy = await at_work(linked, DEPUTY)
    await deputy.sends("/templates")
    assert "Здесь пока ничего нет" in deputy.sees
    asked = deputy.last
    await deputy.taps("Начать с обычных")
    assert "Обычные обоснования сохранены" in deputy.sees
    assert len([label for label in deputy.buttons if "Работа оценена верно" in label]) == 1
    assert "Начать с обычных" not in str(deputy.buttons)
    await deputy.presses("tmplu:appeals", on=asked)  # a double tap
    assert "Обоснования здесь уже есть" in deputy.sees
    assert len([label for label in deputy.buttons if "Работа оценена верно" in label]) == 1
    await deputy.presses("tmplu:service_desk", on=asked)
    assert "секретарь комиссии" in deputy.last.text
