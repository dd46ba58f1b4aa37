"""What students are told unasked: new marks once per import, withdrawn ones, and whom of them it reached."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from policy.people import Language, Name, Role, RoleGrant
from storage import records
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, TWIN, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
HEADER = "student_id,period,course_code,course_kk,course_ru,credits,exam_form,rating1,rating2,exam,outcome,posted_at\n"
PERIOD = "2025-2026/1"
SECOND = "T0002"


def row(student: str, code: str = "MAT1", *, marks: str = "70,80,90,took", posted_at: str = "") -> str:
    names = f"Пән {code},Дисциплина {code}"
    return f"{student},{PERIOD},{code},{names},5,written,{marks},{posted_at}\n"


async def load(olga: Person, *rows: str) -> None:
    """Load a file and let what is owed because of it be sent."""
    await upload(olga, *rows)
    await olga.telegram.sender.send_due()


async def upload(olga: Person, *rows: str) -> None:
    await olga.uploads("marks.csv", (HEADER + "".join(rows)).encode())
    await olga.telegram.dispatcher["work"].finish()
    await olga.taps("Загрузить")
    await olga.telegram.dispatcher["work"].finish()
    assert "Загружено" in olga.sees


async def take_back(olga: Person, second: Person | None = None) -> None:
    await olga.taps("Отменить загрузку…")
    await olga.sends("это не тот файл")
    await olga.telegram.dispatcher["work"].finish()
    await olga.taps("Предложить" if second else "Отменить загрузку")
    await olga.telegram.dispatcher["work"].finish()
    await olga.telegram.sender.send_due()
    if second:
        await second.taps("Подтвердить")
        await olga.telegram.dispatcher["work"].finish()
        await olga.telegram.sender.send_due()


async def test_each_student_gets_one_message_in_their_language_about_all_that_is_new(linked: Linked) -> None:
    olga, aigerim, dmitry = await linked(REGISTRAR, 1), await linked(AIGERIM, 2), await linked(DMITRY, 3)
    await load(olga, row(AIGERIM), row(AIGERIM, "PHY1", marks="70,80,40,took"), row(DMITRY))
    assert len(aigerim.room.messages) == 1
    assert len(dmitry.room.messages) == 1
    assert "Жаңа бағалар" in aigerim.sees
    assert "Пән MAT1" in aigerim.sees
    assert "Пән PHY1" in aigerim.sees
    assert "Новые оценки" in dmitry.sees
    assert "Итоговая оценка: 81 · B" in dmitry.sees
    assert "апелляции: 16 января, 13:00" in dmitry.sees
    assert "PHY1" not in dmitry.sees


async def test_what_gives_a_mark_away_is_under_a_spoiler(linked: Linked) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    await load(olga, row(DMITRY, marks="90,90,30,took"), row(DMITRY, "ZER1", marks="90,90,0,took"))
    open_text = "".join(part.split("</tg-spoiler>")[-1] for part in dmitry.last.raw.split("<tg-spoiler>"))
    assert "FX" in dmitry.sees
    assert "возможно, 0" in dmitry.sees
    assert open_text.count("апелляции: 16 января, 13:00") == 2
    for sign in ("90", "30", "FX", "пересдач", "возможно", "Итоговая"):
        assert sign not in open_text


async def test_a_new_mark_is_appealed_from_its_news_and_the_button_gives_nothing_away(linked: Linked) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    await load(olga, row(DMITRY, marks="90,90,30,took"), row(DMITRY, "OLD1", marks="70,,,"))
    assert dmitry.buttons[0] == "Апелляция: Дисциплина MAT1"
    assert not any("OLD1" in label or "пересдач" in label for label in dmitry.buttons)
    await dmitry.taps("Апелляция: Дисциплина MAT1")
    assert "Напишите причину одним сообщением" in dmitry.last.text


async def test_an_f_is_told_with_what_it_means(linked: Linked) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    await load(olga, row(DMITRY, marks="90,90,20,took"))
    assert "После F пересдачи нет." in dmitry.sees
    assert "в летнем семестре" in dmitry.sees


async def test_a_rating_that_changed_is_told_with_what_it_was(linked: Linked) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    await load(olga, row(DMITRY, marks="70,,,"))
    assert "Рейтинг 1: 70" in dmitry.sees
    await load(olga, row(DMITRY, marks="75,,,"))
    assert "Рейтинг 1: 70 → 75" in dmitry.last.text
    assert "Итоговая" not in dmitry.last.text


async def test_years_of_history_are_loaded_without_a_word(linked: Linked) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    await load(olga, row(DMITRY, posted_at="2025-12-31 10:00"))
    assert dmitry.room.messages == []


async def test_nobody_is_woken_and_the_deadline_is_true_when_it_is_read(
    linked: Linked, clock: HandClock, telegram: Telegram
) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    clock.move(timedelta(hours=13))  # 23:00 on Thursday
    await load(olga, row(DMITRY))
    clock.move(timedelta(hours=8))
    await telegram.sender.send_due()
    assert dmitry.room.messages == []
    clock.move(timedelta(hours=1))
    await telegram.sender.send_due()
    assert "апелляции: 16 января, 13:00" in dmitry.sees


async def test_a_message_that_comes_after_the_deadline_promises_nothing(
    linked: Linked, clock: HandClock, telegram: Telegram
) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    clock.move(timedelta(hours=13))  # 23:00: what is owed now is not sent before the morning
    await upload(olga, row(DMITRY))
    clock.move(timedelta(days=3, hours=12))
    await telegram.sender.send_due()
    assert "Итоговая оценка: 81 · B" in dmitry.sees
    assert "апелляции" not in dmitry.sees


async def test_an_import_that_was_taken_back_is_told_to_those_who_heard_of_it(
    linked: Linked, database: Database
) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    async with database.write() as storage:
        await storage.people.save([records.Person(SECOND, Name("Сергазин", "Ержан"), Language.RU)])
        await storage.roles.grant([RoleGrant(SECOND, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()
    second = await linked(SECOND, 5)
    await load(olga, row(DMITRY))
    await take_back(olga, second)
    assert "Оценки отозваны" in dmitry.last.text
    assert "Дисциплина MAT1" in dmitry.last.text
    assert "не тот файл" in dmitry.last.text


async def test_an_import_taken_back_in_time_is_not_heard_of(linked: Linked, clock: HandClock) -> None:
    olga, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 3)
    clock.move(timedelta(hours=13))
    await load(olga, row(DMITRY))
    await take_back(olga)
    clock.move(timedelta(hours=10))
    await olga.telegram.sender.send_due()
    assert dmitry.room.messages == []


async def test_the_registrar_sees_whom_it_reached(linked: Linked) -> None:
    olga, aigerim = await linked(REGISTRAR, 1), await linked(AIGERIM, 2)
    await linked(DMITRY, 3)
    aigerim.blocks()
    await load(olga, row(AIGERIM), row(DMITRY), row(TWIN))
    await olga.taps("Кому сообщено?")
    for line in ("Получили сообщение: 1", "Без привязанного чата: 1", "Не удалось доставить: 1"):
        assert line in olga.sees


async def test_who_comes_back_is_told_again(linked: Linked) -> None:
    olga, aigerim = await linked(REGISTRAR, 1), await linked(AIGERIM, 2)
    aigerim.blocks()
    await load(olga, row(AIGERIM))
    aigerim.room.blocked = False
    await aigerim.sends("/menu")
    await load(olga, row(AIGERIM, "PHY1"))
    assert "Пән PHY1" in aigerim.last.text


async def test_stopping_and_starting_the_bot_is_heard_of(linked: Linked, telegram: Telegram) -> None:
    olga, aigerim = await linked(REGISTRAR, 1), await linked(AIGERIM, 2)
    await stops(aigerim, "kicked")
    await load(olga, row(AIGERIM))
    assert aigerim.room.messages == []
    await stops(aigerim, "member")
    await load(olga, row(AIGERIM, "PHY1"))
    assert "Пән PHY1" in aigerim.sees
    assert not telegram.failures


async def stops(person: Person, status: str) -> None:
    """Have Telegram tell that somebody stopped the bot or started it again."""
    bot = {"id": 7000000001, "is_bot": True, "first_name": "Kenes"}
    member = {"user": bot, "status": "member"}
    changed = {"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {})}
    await person.telegram.feed(
        my_chat_member={
            "chat": {"id": person.user.id, "type": "private"},
            "from": person.user,
            "date": person.telegram.clock.now(),
            "old_chat_member": member,
            "new_chat_member": changed,
        }
    )
