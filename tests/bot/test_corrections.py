"""Corrections in chat: proposed step by step, decided by a second person, told to the student."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.people import Language, Name, Role, RoleGrant
from policy.requests import Kind, RequestState
from storage import records
from storage.database import Database
from storage.records import MotionState
from storage.requests import ExamKey, NewRequest
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, HandClock
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]
SECOND, THIRD = "T0002", "T0003"
POSTED = datetime(2026, 1, 8, 6, 0, tzinfo=UTC)
MATHS = Course("MAT1201", "Математика", "Высшая математика")
PHYSICS = Course("PHY1101", "Физика", "Физика")
REASON = "В ведомости стоит 64"


def sitting(number: int, exam: int | None, outcome: Outcome | None = Outcome.TOOK) -> Attempt:
    mark = None if exam is None else Decimal(exam)
    return Attempt(number, Decimal(60), Decimal(70), mark, outcome, POSTED.date(), POSTED if outcome else None)


@pytest.fixture(autouse=True)
async def marks(database: Database) -> None:
    enrolments = [
        Enrolment(AIGERIM, "2025-2026/1", MATHS, Decimal(5), ExamForm.WRITTEN, "IS-24-1", attempts=(sitting(1, 54),)),
        Enrolment(
            AIGERIM,
            "2025-2026/1",
            PHYSICS,
            Decimal(5),
            ExamForm.ORAL,
            "IS-24-1",
            attempts=(sitting(1, 30), sitting(2, 75)),
        ),
        *(
            Enrolment(
                AIGERIM,
                period,
                Course(f"OLD{n}", f"Ескі {n}", None),
                Decimal(5),
                None,
                None,
                attempts=(sitting(1, 80),),
            )
            for n, period in enumerate(("2024-2025/1", "2024-2025/2"))
        ),
    ]
    async with database.write() as storage:
        await storage.people.save(
            [
                records.Person(SECOND, Name("Сергазин", "Ержан"), Language.KK),
                records.Person(THIRD, Name("Ли", "Ольга"), Language.RU),
            ]
        )
        await storage.roles.grant([RoleGrant(each, Role.REGISTRAR) for each in (SECOND, THIRD)], at=NOW, by=None)
        await storage.courses.save([each.course for each in enrolments])
        await storage.marks.save(enrolments)
        await storage.commit()


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
async def erzhan(linked: Linked) -> Person:
    return await linked(SECOND, 2)


async def stored(database: Database) -> Attempt:
    async with database.read() as storage:
        enrolment = await storage.marks.by_key(AIGERIM, "2025-2026/1", MATHS.code)
    assert enrolment
    return enrolment.attempts[0]


async def state(database: Database, number: int = 1) -> MotionState:
    async with database.read() as storage:
        motion = await storage.motions.by_id(number)
    assert motion
    return motion.state


async def fill_in(person: Person, new: str = "64", reason: str = REASON) -> None:
    """Answer every question up to the preview, in Russian."""
    await person.sends("/correct")
    await person.sends("ахметова")
    await person.taps("Высшая математика")
    await person.taps("Экзаменационная оценка")
    await person.sends(new)
    await person.sends(reason)


async def propose(person: Person) -> None:
    await fill_in(person)
    await person.taps("Предложить")


async def test_the_whole_way_from_a_slip_to_a_new_appeal_window(
    olga: Person, erzhan: Person, linked: Linked, database: Database
) -> None:
    aigerim = await linked(AIGERIM, 3)
    await olga.sends("/correct")
    assert "Напишите ID или имя студента" in olga.sees
    await olga.sends("ахметова айг")
    assert "Ахметова Айгерім Серікқызы" in olga.sees
    assert "Высшая математика · MAT1201" in olga.buttons
    await olga.taps("Высшая математика")
    assert "Экзаменационная оценка: 54" in olga.buttons
    await olga.taps("Экзаменационная оценка")
    assert "сейчас: 54" in olga.sees
    await olga.sends("64,0")
    assert "Студент её прочитает" in olga.sees
    await olga.sends(REASON)
    assert "Экзаменационная оценка: 54 → 64" in olga.sees
    assert "Итоговая оценка: 61 · C- → 65 · C" in olga.sees
    assert "срок апелляции начнётся заново" in olga.sees
    assert olga.last.protected
    await olga.taps("Предложить")
    assert "Предложено: № 1" in olga.sees
    assert "Скольких попросили подтвердить: 1" in olga.sees
    assert (await stored(database)).exam == 54

    assert "№ 1 екінші адамды күтуде" in erzhan.sees
    assert "Бағаны түзету" in erzhan.sees
    assert "Емтихан бағасы: 54 → 64" in erzhan.sees
    assert "Иванова О. П." in erzhan.sees
    assert erzhan.last.protected
    await erzhan.taps("Растау")
    assert "расталды" in erzhan.sees
    assert "Студентке хабар жіберілді" in erzhan.sees
    corrected = await stored(database)
    assert corrected.exam == 64
    assert corrected.corrected_at == NOW

    assert "№ 1: Исправление оценки" in olga.sees
    assert "Подтвердил(а): Сергазин Е." in olga.sees
    assert "Бағаңыз түзетілді" in aigerim.sees
    assert "Математика, " in aigerim.sees
    assert "Апелляция беру мерзімі: 16 қаңтар, 13:00." in aigerim.sees
    assert REASON in aigerim.sees
    assert "<tg-spoiler>Емтихан бағасы: 54 → <b>64</b>" in aigerim.last.raw
    await aigerim.taps("Пәнді ашу")
    assert "64" in aigerim.sees


async def test_who_proposes_and_who_confirms_read_which_appeals_stand_on_the_mark(
    olga: Person, erzhan: Person, database: Database
) -> None:
    appeal = NewRequest(
        Kind.APPEAL, AIGERIM, ExamKey("2025-2026/1", MATHS.code, 1), None, "3-сұрақ", NOW, NOW, None, NOW, NOW
    )
    complaint = replace(appeal, kind=Kind.APPEAL_PROCEDURE)
    async with database.write() as storage:
        withdrawn, _ = await storage.requests.add(appeal), await storage.requests.add(complaint)
        assert withdrawn
        await storage.requests.save(replace(withdrawn, state=RequestState.WITHDRAWN))
        refused, another = await storage.requests.add(appeal), replace(appeal, exam=appeal.exam._replace(attempt=2))
        assert refused
        await storage.requests.save(replace(refused, state=RequestState.REFUSED))
        await storage.requests.add(another)
        await storage.requests.add(replace(appeal, kind=Kind.RETAKE))
        await storage.commit()

    await fill_in(olga)
    named = [line for line in olga.last.text.split("\n") if line.startswith(("⚠️", "№"))]
    assert named == [
        "⚠️ Подано по этому экзамену:",
        "№ 2. Жалоба на проведение экзамена: ждёт рассмотрения",
        "№ 3. Апелляция на экзаменационную оценку: оставлена без удовлетворения",
    ]
    await olga.taps("Предложить")
    assert "⚠️ Осы емтихан бойынша берілген:" in erzhan.sees
    assert "№ 3. Емтихан бағасына апелляция" in erzhan.sees


async def test_in_kazakh_an_outcome_takes_the_place_of_a_mark(erzhan: Person, database: Database) -> None:
    await erzhan.sends("/menu")
    await erzhan.taps("Екінші растау")
    assert "Екінші адамды күтіп тұрған ештеңе жоқ." in erzhan.sees
    await erzhan.taps("Бағаны түзету")
    assert "Студенттің ID нөмірін не аты-жөнін жазыңыз" in erzhan.sees
    await erzhan.sends(AIGERIM)
    await erzhan.taps("Математика")
    await erzhan.taps("Нәтижесі")
    assert "Қай нәтиже дұрыс?" in erzhan.sees
    await erzhan.sends("келген жоқ")
    assert "Төмендегі батырмамен таңдаңыз." in erzhan.sees
    await erzhan.taps("келген жоқ")
    await erzhan.sends("Емтиханға келмеген")
    assert "Емтихан бағасы: 54 → –" in erzhan.sees
    await erzhan.taps("Ұсыну")
    assert "Ұсынылды: № 1" in erzhan.sees
    assert await state(database) is MotionState.OPEN


async def test_the_one_who_proposed_cannot_confirm(olga: Person, database: Database) -> None:
    await propose(olga)
    await olga.sends("/corrections")
    await olga.taps("№ 1 · Ахметова А. С. · MAT1201")
    assert "Подтвердить" not in olga.buttons
    await olga.presses("fixy:1")
    assert "Вы сами это предложили" in olga.sees
    assert (await stored(database)).exam == 54


async def test_the_first_to_press_decides_and_the_other_reads_who_did(
    olga: Person, erzhan: Person, linked: Linked, database: Database
) -> None:
    third = await linked(THIRD, 4)
    await propose(olga)
    await asyncio.gather(erzhan.taps("Растау"), third.taps("Подтвердить"))
    first, second = (erzhan, third) if "расталды" in erzhan.sees else (third, erzhan)
    assert "№ 1" in first.sees
    assert "Подтвердил(а): " in second.sees or "Растаған: " in second.sees
    async with database.read() as storage:
        changes = await storage.changes.of("attempt", (AIGERIM, "2025-2026/1", MATHS.code, "1"))
    assert len(changes) == 1


async def test_a_second_tap_finds_it_decided(olga: Person, erzhan: Person, database: Database) -> None:
    await propose(olga)
    await erzhan.presses("fixy:1")
    await erzhan.presses("fixy:1")
    assert "Растаған: Сергазин Е." in erzhan.sees
    await erzhan.presses("fixn:1")
    assert "Растаған: Сергазин Е." in erzhan.sees
    await erzhan.presses("fixo:1")
    assert "Растаған: Сергазин Е." in erzhan.sees
    async with database.read() as storage:
        assert len(await storage.changes.of("attempt", (AIGERIM, "2025-2026/1", MATHS.code, "1"))) == 1


async def test_the_second_person_refuses_with_a_reason(olga: Person, erzhan: Person, database: Database) -> None:
    await propose(olga)
    await erzhan.taps("Бас тарту…")
    assert "себебін жазыңыз" in erzhan.sees
    await erzhan.sends("ұзын" * 200)
    assert "Тым ұзын" in erzhan.sees
    await erzhan.sends("Ведомостьта 54 тұр")
    assert "№ 1 ұсыныстан бас тартылды" in erzhan.sees
    assert "Отказал(а): Сергазин Е." in olga.sees
    assert "Ведомостьта 54 тұр" in olga.sees
    assert (await stored(database)).exam == 54
    assert await state(database) is MotionState.REFUSED


async def test_the_proposer_withdraws(olga: Person, erzhan: Person, database: Database) -> None:
    await propose(olga)
    await olga.taps("« Второе подтверждение")
    await olga.taps("№ 1")
    await olga.taps("Отозвать…")
    await olga.sends("Ошиблась студентом")
    assert await state(database) is MotionState.REFUSED
    await erzhan.presses("fixy:1")
    assert "Қайтарып алған: Иванова О. П." in erzhan.sees
    assert "Ошиблась студентом" in erzhan.sees


async def test_nobody_decides_after_the_time_is_over(
    olga: Person, erzhan: Person, clock: HandClock, database: Database
) -> None:
    await propose(olga)
    clock.move(timedelta(days=3))
    await erzhan.taps("Растау")
    assert "Уақытында ешкім шешпеді" in erzhan.sees
    await erzhan.sends("/corrections")
    assert "Екінші адамды күтіп тұрған ештеңе жоқ." in erzhan.sees
    assert (await stored(database)).exam == 54


async def test_a_student_who_is_not_linked_is_for_the_registrar_to_tell(olga: Person, erzhan: Person) -> None:
    await propose(olga)
    await erzhan.taps("Растау")
    assert "өзіңіз айтыңыз" in erzhan.sees


async def test_a_student_who_blocked_the_bot_is_for_the_registrar_to_tell(
    olga: Person, erzhan: Person, linked: Linked, database: Database
) -> None:
    aigerim = await linked(AIGERIM, 3)
    aigerim.blocks()
    await propose(olga)
    await erzhan.taps("Растау")
    assert "студентке хабар жетпеді. Өзіңіз айтыңыз." in erzhan.sees
    assert (await stored(database)).exam == 64


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("сто", "Это не оценка"),
        ("-1", "Это не оценка"),
        ("64.125", "Это не оценка"),
        ("101", "Оценка – число от 0 до 100."),
        ("54", "В базе уже так."),
    ],
)
async def test_a_mark_that_cannot_be_is_asked_for_again(olga: Person, written: str, says: str) -> None:
    await olga.sends("/correct")
    await olga.sends(AIGERIM)
    await olga.taps("Высшая математика")
    await olga.taps("Экзаменационная оценка")
    await olga.sends(written)
    assert says in olga.sees
    await olga.sends("64")
    assert "Напишите причину" in olga.sees


async def test_a_second_correction_of_the_same_mark_waits_for_the_first(olga: Person) -> None:
    await propose(olga)
    await olga.sends("/correct")
    await olga.sends(AIGERIM)
    await olga.taps("Высшая математика")
    await olga.taps("Рейтинг 1")
    await olga.sends("61")
    assert "уже ждёт второго человека" in olga.sees


async def test_nobody_corrects_their_own_marks(linked: Linked, database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(AIGERIM, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()
    aigerim = await linked(AIGERIM, 3)
    await aigerim.sends("/correct")
    await aigerim.sends(AIGERIM)
    assert "Өз бағаңызды өзіңіз түзете алмайсыз" in aigerim.sees
    assert "Математика" not in str(aigerim.buttons)


async def test_students_are_found_and_told_apart(olga: Person) -> None:
    await olga.sends("/correct")
    await olga.sends("Пушкин")
    assert "Студент не найден" in olga.sees
    await olga.sends("Иванова")
    assert "Студент не найден" in olga.sees, "staff have no marks"
    await olga.sends("0250000")
    assert len(olga.buttons) == 4
    await olga.taps("Ким Дмитрий")
    assert "пока ничего не выставлено" in olga.sees
    await olga.taps("« Назад")
    assert "Напишите ID или имя" in olga.sees


async def test_back_goes_one_answer_back_and_earlier_periods_are_there(olga: Person) -> None:
    await fill_in(olga)
    for expected in ("Напишите причину", "Напишите верную оценку", "Какое значение неверно?", "Какая дисциплина?"):
        await olga.taps("« Назад")
        assert expected in olga.sees
    assert [label for label in olga.buttons if "Ескі" in label] == ["Ескі 1 · OLD1"]
    await olga.taps("Другие периоды")
    assert [label for label in olga.buttons if "Ескі" in label] == ["Ескі 0 · OLD0"]
    await olga.taps("Другие периоды")
    assert "Физика · PHY1101 · попытка № 2" in olga.buttons


async def test_an_earlier_attempt_is_corrected_by_itself(olga: Person, erzhan: Person, database: Database) -> None:
    await olga.sends("/correct")
    await olga.sends(AIGERIM)
    first = next(label for label in olga.buttons if label == "Физика · PHY1101")
    data = next(
        button.callback_data
        for row in (olga.last.keyboard.inline_keyboard if olga.last.keyboard else [])
        for button in row
        if button.text == first
    )
    await olga.presses(data or "")
    await olga.taps("Экзаменационная оценка: 30")
    await olga.sends("35")
    await olga.sends(REASON)
    await olga.taps("Предложить")
    await erzhan.taps("Растау")
    async with database.read() as storage:
        enrolment = await storage.marks.by_key(AIGERIM, "2025-2026/1", PHYSICS.code)
    assert enrolment
    assert [each.exam for each in enrolment.attempts] == [35, 75]


async def test_a_button_of_an_earlier_screen_only_shows_where_the_form_stands(olga: Person) -> None:
    await olga.sends("/correct")
    await olga.sends(AIGERIM)
    courses = olga.last
    physics = courses.data_of("попытка № 2")
    await olga.taps("Высшая математика")
    await olga.presses(physics, on=courses)
    assert "Высшая математика" in olga.sees
    assert "Какое значение неверно?" in olga.sees


async def test_two_taps_propose_once(olga: Person, database: Database) -> None:
    await fill_in(olga)
    shown, data = olga.last, olga.last.data_of("Предложить")
    await olga.presses(data, on=shown)
    await olga.presses(data, on=shown)
    assert "Предложено" in shown.text
    assert "Эта форма закрыта" in olga.sees
    async with database.read() as storage:
        assert len(await storage.motions.open()) == 1


async def test_another_reason_makes_the_earlier_preview_old(olga: Person, database: Database) -> None:
    await fill_in(olga)
    earlier, data = olga.last, olga.last.data_of("Предложить")
    await olga.sends("Оценка из другой ведомости")
    await olga.presses(data, on=earlier)
    assert "Оценка из другой ведомости" in earlier.text
    async with database.read() as storage:
        assert not await storage.motions.open()


async def test_cancel_leaves_the_form(olga: Person) -> None:
    await olga.sends("/correct")
    await olga.sends("/cancel")
    assert "ничего не отправлено" in olga.sees
    await olga.sends("ахметова")
    assert "не понят" in olga.sees


async def test_an_administrator_confirms_but_does_not_propose(olga: Person, linked: Linked, database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(DMITRY, Role.ADMIN)], at=NOW, by=None)
        await storage.commit()
    dmitry = await linked(DMITRY, 5)
    await dmitry.sends("/correct")
    assert "Такой команды нет" in dmitry.sees
    await dmitry.sends("/corrections")
    assert dmitry.buttons == ["« Меню"]
    await propose(olga)
    await dmitry.taps("Подтвердить")
    assert "подтверждено" in dmitry.sees
    assert (await stored(database)).exam == 64


async def test_a_student_has_no_part_in_it(olga: Person, linked: Linked, database: Database) -> None:
    aigerim = await linked(AIGERIM, 3)
    await propose(olga)
    for command in ("/correct", "/corrections"):
        await aigerim.sends(command)
        assert "Мұндай пәрмен жоқ" in aigerim.sees
    await aigerim.presses("fixy:1")
    assert "Бүгін сізде ондай рөл жоқ" in aigerim.sees
    assert (await stored(database)).exam == 54


async def test_a_correction_that_is_not_there_is_said_so(olga: Person) -> None:
    await olga.sends("/corrections")
    await olga.presses("fixo:99")
    assert "Такого предложения нет" in olga.sees


async def test_a_mark_that_changed_since_is_not_corrected(olga: Person, erzhan: Person, database: Database) -> None:
    await propose(olga)
    async with database.write() as storage:
        await storage.marks.save_attempts([((AIGERIM, "2025-2026/1", MATHS.code), sitting(1, 70))])
        await storage.commit()
    await erzhan.taps("Растау")
    assert "Ұсынылғаннан бері деректер өзгерді" in erzhan.sees
    assert (await stored(database)).exam == 70


async def test_whoever_saw_the_marks_of_a_student_is_kept(olga: Person, erzhan: Person, database: Database) -> None:
    await propose(olga)
    async with database.read() as storage:
        seen = [each async for each in storage.changes.found(object_="marks")]
        told = [each async for each in storage.changes.found(object_="motion")]
    assert {(each.act, each.actor, each.about) for each in seen} == {
        (records.READ, REGISTRAR, AIGERIM),
        (records.READ, SECOND, AIGERIM),  # was shown the card
    }
    assert [(each.actor, each.after) for each in told if each.after] == [
        (REGISTRAR, {"state": "open", "about": f"attempt:{AIGERIM}:2025-2026/1:MAT1201:1"})
    ]
