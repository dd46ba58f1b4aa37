"""Files sent to the bot by the registrar's office: looked at, loaded, refused, taken back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetFile, SendChatAction

from bot.jobs import imports as jobs
from bot.jobs import work as work_module
from bot.jobs.work import Work
from bot.middlewares import context
from policy.calendar import DateSpan, PeriodDates, PeriodEvent
from policy.marks import Attempt, Outcome
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile
from services.importing import uploads
from storage import records
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
DATA = Path(__file__).parent.parent / "data"
SECOND = "T0002"  # a registrar who reads Kazakh
MARKS = (
    "student_id,period,course_code,course_kk,course_ru,credits,exam_form,rating1,rating2,exam,outcome,attempt\n"
    f"{AIGERIM},2025-2026/1,MAT1201,Математика,Математика,5,written,70,80,90,took,1\n"
    f"{DMITRY},2025-2026/1,MAT1201,Математика,Математика,5,written,70,80,40,took,1\n"
).encode()
WRONG = MARKS.replace(b"80,40,took", b"80,101,took").replace(DMITRY.encode(), b"99999999")
DAYS = "date,working,name\n2026-01-24,yes,сенбі / суббота\n".encode()


@pytest.fixture(autouse=True)
async def second_registrar(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([records.Person(SECOND, Name("Сергазин", "Ержан"), Language.KK)])
        await storage.roles.grant([RoleGrant(SECOND, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()


@pytest.fixture
def work(telegram: Telegram) -> Work:
    found: Work = telegram.dispatcher["work"]
    return found


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
async def erzhan(linked: Linked) -> Person:
    return await linked(SECOND, 2)


async def send(person: Person, content: bytes, name: str = "marks.csv") -> None:
    await person.uploads(name, content)
    await person.telegram.dispatcher["work"].finish()


async def tap(person: Person, label: str, **where: Any) -> None:
    await person.taps(label, **where)
    await person.telegram.dispatcher["work"].finish()


async def attempt(database: Database, student_id: str = AIGERIM) -> Attempt | None:
    async with database.read() as storage:
        enrolment = await storage.marks.by_key(student_id, "2025-2026/1", "MAT1201")
    return enrolment.attempts[0] if enrolment else None


async def test_a_file_is_shown_then_loaded_in_the_name_of_the_registrar(olga: Person, database: Database) -> None:
    await send(olga, MARKS)
    assert "Оценки" in olga.sees
    assert "новых: 2" in olga.sees
    assert "Время выставления не указано" in olga.sees
    assert await attempt(database) is None
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees
    assert await attempt(database) == Attempt(
        1, Decimal(70), Decimal(80), Decimal(90), Outcome.TOOK, None, NOW.replace(microsecond=0)
    )
    async with database.read() as storage:
        (done,) = await storage.imports.latest()
    assert (done.actor, done.kind, done.file_name) == (REGISTRAR, "marks", "marks.csv")


async def test_a_file_that_comes_during_a_long_load_is_acknowledged_and_waits_for_it(
    olga: Person, work: Work, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.05)
    async with database.write() as loading:
        await loading.uploads.size()  # it begins with the first it asks
        sending = asyncio.create_task(olga.uploads("marks.csv", MARKS))
        _, waits = await asyncio.wait([sending], timeout=0.2)
        assert waits
        assert "Получено" in olga.sees
    await sending
    await work.finish()
    assert "новых: 2" in olga.sees


async def test_a_press_during_a_long_load_is_answered_and_waits_for_it(
    olga: Person, work: Work, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(olga, MARKS)
    monkeypatch.setattr(context, "HANDLER_SECONDS", 0.05)
    async with database.write() as loading:
        await loading.uploads.size()  # it begins with the first it asks
        pressing = asyncio.create_task(olga.taps("Загрузить"))
        _, waits = await asyncio.wait([pressing], timeout=0.2)
        assert waits
        assert len(olga.telegram.answers) == 1
    await pressing
    await work.finish()
    assert "Загружено, № 1" in olga.sees


async def test_the_whole_way_in_kazakh(erzhan: Person, database: Database) -> None:
    await send(erzhan, MARKS)
    assert "жаңа: 2" in erzhan.sees
    assert "апелляция мерзімі осы жүктеу расталған сәттен басталады" in erzhan.sees
    await tap(erzhan, "Жүктеу")
    assert "Жүктелді, № 1" in erzhan.sees
    await erzhan.taps("Қайтарып алу…")
    assert "себебін жазыңыз" in erzhan.sees
    await erzhan.sends("қате")
    assert "Себебі тым қысқа" in erzhan.sees
    await erzhan.sends("Басқа ведомость жіберілген")
    await erzhan.telegram.dispatcher["work"].finish()
    assert "Қайтарылатын бағалар: 2" in erzhan.sees
    assert "өзіңіз қайтарып ала аласыз" in erzhan.sees
    assert await attempt(database)
    await tap(erzhan, "Қайтарып алу")
    assert "қайтарып алынды" in erzhan.sees
    assert "Бағасы қайтарып алынған студент саны: 2" in erzhan.sees
    assert await attempt(database) is None
    async with database.read() as storage:
        changes = await storage.changes.about(AIGERIM)
    assert {change.why for change in changes if change.cause == "undo"} == {"Басқа ведомость жіберілген"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("students.csv", "Студенты"),
        ("students.kk.utf16.tsv", "Студенты"),
        ("students.kz1048.csv", "Студенты"),
        ("staff.csv", "Сотрудники"),
        ("components.csv", "Наука, iROS, SSCI"),
        ("calendar.csv", "Даты периодов"),
        ("days.csv", "Рабочие и выходные дни"),
        ("exams.csv", "Расписание экзаменов"),
        ("mark-sheet.kk.xlsx", "Оценки"),
        ("marks.ru.cp1251.csv", "Оценки"),
    ],
)
async def test_what_a_file_holds_is_told_from_its_columns(olga: Person, name: str, says: str) -> None:
    await send(olga, (DATA / name).read_bytes(), name)
    assert f"📄 {name}\n{says}" in olga.room.messages[1].text


async def test_a_file_that_does_not_tell_what_it_is_is_asked_about(olga: Person) -> None:
    await send(olga, b"period,exam\n2025-2026/1,70\n", "what.csv")
    assert "Что в файле?" in olga.sees
    assert olga.buttons == [
        "Студенты",
        "Сотрудники",
        "Оценки",
        "Наука, iROS, SSCI",
        "Даты периодов",
        "Рабочие и выходные дни",
        "Расписание экзаменов",
        "Не загружать",
    ]
    await tap(olga, "Оценки")
    assert "Файл не принят" in olga.sees


async def test_a_refused_file_names_its_rows_and_comes_back_as_a_table(olga: Person, database: Database) -> None:
    await send(olga, WRONG)
    assert "Файл не принят, ничего не изменено" in olga.sees
    assert "строка 3 · exam · «101»" in olga.sees
    assert olga.last.document
    name, content = olga.last.document
    assert name == "marks.csv.refused.csv"
    assert "строка;столбец" in content.decode("utf-8-sig")
    assert not any("Загрузить" in label for shown in olga.room.messages for label in shown.buttons)
    assert await attempt(database) is None


async def test_the_same_file_again_has_nothing_to_load(olga: Person) -> None:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    await send(olga, MARKS)
    assert "Загружать нечего" in olga.sees
    assert olga.buttons == ["« Файлы"]


async def test_a_file_that_is_not_confirmed_changes_nothing_and_is_forgotten(olga: Person, database: Database) -> None:
    await send(olga, MARKS)
    question = olga.last.data_of("Загрузить")
    await olga.taps("Не загружать")
    assert "Не загружено" in olga.sees
    await olga.presses(question)
    assert "Этот файл больше не ждёт" in olga.sees
    assert await attempt(database) is None


async def test_two_taps_load_a_file_once(olga: Person, work: Work, database: Database) -> None:
    await send(olga, MARKS)
    shown, data = olga.last, olga.last.data_of("Загрузить")
    async with work.turn:
        await olga.presses(data, on=shown)
        await olga.presses(data, on=shown)
    assert olga.toast == "Этот файл уже в работе. Подождите немного."
    await work.finish()
    assert "Загружено, № 1" in shown.text
    await olga.presses(data, on=shown)
    assert "Загружено, № 1" in shown.text, "the result and its way back stay"
    assert "Этот файл больше не ждёт" in olga.last.text
    async with database.read() as storage:
        assert len(await storage.imports.latest()) == 1


async def test_of_two_registrars_with_one_file_the_second_sees_that_it_is_loaded(olga: Person, erzhan: Person) -> None:
    await send(olga, MARKS)
    await send(erzhan, MARKS)
    await tap(olga, "Загрузить")
    await tap(erzhan, "Жүктеу")
    assert "Сіз қарағаннан бері деректер өзгерген" in erzhan.sees
    assert "Жүктейтін ештеңе жоқ" in erzhan.sees


async def test_what_changed_since_the_preview_is_shown_anew(olga: Person, erzhan: Person, database: Database) -> None:
    await send(olga, MARKS)
    await send(erzhan, MARKS.replace(b"80,90,took", b"80,91,took").split(DMITRY.encode())[0])
    await tap(erzhan, "Жүктеу")
    await tap(olga, "Загрузить")
    assert "С тех пор как вы смотрели, данные изменились" in olga.room.messages[1].text
    assert "Уже выставлено" in olga.room.messages[1].text
    found = await attempt(database)
    assert found
    assert found.exam == 91
    assert await attempt(database, DMITRY) is None


async def test_records_that_change_elsewhere_do_not_disturb(olga: Person, erzhan: Person) -> None:
    await send(olga, MARKS)
    await send(erzhan, DAYS, "days.csv")
    await tap(erzhan, "Жүктеу")
    await tap(olga, "Загрузить")
    assert "Загружено, № 2" in olga.sees


async def test_an_album_is_as_many_files(olga: Person, work: Work) -> None:
    await olga.uploads("marks.csv", MARKS)
    await olga.uploads("days.csv", DAYS)
    await work.finish()
    previews = [shown for shown in olga.room.messages if shown.by_bot]
    assert [shown.text.splitlines()[0] for shown in previews] == ["📄 marks.csv", "📄 days.csv"]
    await tap(olga, "Загрузить", on=previews[0])
    await tap(olga, "Загрузить", on=previews[1])
    assert "Загружено, № 1" in previews[0].text
    assert "Загружено, № 2" in previews[1].text


async def test_whoever_is_no_registrar_is_answered_as_ever(linked: Linked, database: Database) -> None:
    aigerim = await linked(AIGERIM, 3)
    await send(aigerim, MARKS)
    assert "Құжат сақталған жоқ" in aigerim.sees
    await aigerim.sends("/import")
    assert "Мұндай пәрмен жоқ" in aigerim.sees
    assert await attempt(database) is None


async def test_an_administrator_may_load_files_too(linked: Linked, database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(DMITRY, Role.ADMIN)], at=NOW, by=None)
        await storage.commit()
    dmitry = await linked(DMITRY, 3)
    await send(dmitry, DAYS, "days.csv")
    await tap(dmitry, "Загрузить")
    assert "Загружено, № 1" in dmitry.sees


async def test_a_registrar_of_one_institute_loads_files_about_its_students_only(
    olga: Person, database: Database
) -> None:
    async with database.write() as storage:
        found = await storage.students.by_id(DMITRY)
        assert found
        await storage.students.save([replace(found, institute="Заң")])
        await storage.roles.revoke(REGISTRAR, Role.REGISTRAR, at=NOW, by=None)
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, "IT")], at=NOW, by=None)
        await storage.commit()
    await send(olga, MARKS)
    assert "строка 3" in olga.room.messages[1].text
    assert "Это о студентах другого института" in olga.room.messages[1].text
    await send(olga, MARKS.split(DMITRY.encode())[0])
    await tap(olga, "Загрузить")
    assert await attempt(database)
    await send(olga, DAYS, "days.csv")
    assert "Это относится ко всему университету" in olga.room.messages[-2].text


async def test_a_scope_that_changed_after_the_preview_counts(olga: Person, database: Database) -> None:
    await send(olga, MARKS)
    async with database.write() as storage:
        await storage.roles.revoke(REGISTRAR, Role.REGISTRAR, at=NOW, by=None)
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, "Заң")], at=NOW, by=None)
        await storage.commit()
    await tap(olga, "Загрузить")
    assert "Это о студентах другого института" in olga.room.messages[1].text
    assert await attempt(database) is None


async def test_a_role_that_ended_meanwhile_loads_nothing(
    olga: Person, clock: HandClock, database: Database, work: Work
) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, until=NOW.date())], at=NOW, by=None)
        await storage.commit()
    await send(olga, MARKS)
    clock.move(timedelta(days=1))
    await olga.taps("Загрузить")
    await work.finish()
    assert "Сегодня у вас нет такой роли" in olga.sees
    assert await attempt(database) is None


async def test_a_waiting_file_is_its_senders_alone(olga: Person, erzhan: Person, database: Database) -> None:
    await send(olga, MARKS)
    data = olga.last.data_of("Загрузить")
    await erzhan.sends("/menu")
    await erzhan.presses(data)
    await erzhan.telegram.dispatcher["work"].finish()
    assert "Бұл файл енді күтіп тұрған жоқ" in erzhan.sees
    assert await attempt(database) is None


@pytest.mark.parametrize(
    ("name", "says"), [("not-a-workbook.xlsx", "Это PDF"), ("empty.csv", "Файл пустой")], ids=["pdf", "empty"]
)
async def test_what_is_no_table_is_said_so(olga: Person, database: Database, name: str, says: str) -> None:
    await send(olga, (DATA / "broken" / name).read_bytes(), name)
    assert says in olga.sees
    assert "Ничего не изменено" in olga.sees
    assert olga.buttons == ["« Файлы"]


async def test_a_file_telegram_gives_no_bot_is_not_asked_for(olga: Person, telegram: Telegram) -> None:
    document = {"file_id": "f", "file_unique_id": "f", "file_name": "big.xlsx", "file_size": 20 * 1024 * 1024 + 1}
    await olga.sends(document=document)
    assert "предел 20 МБ" in olga.sees
    assert not any(isinstance(call, GetFile) for call in telegram.calls)


async def test_a_file_there_is_no_room_for_is_not_kept(
    olga: Person, erzhan: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OF_ONE", 3 * len(MARKS) - 1)
    monkeypatch.setattr(uploads, "OF_ALL", 3 * len(MARKS) - 1)
    for _ in range(2):
        await send(olga, MARKS)
        assert "Загрузить" in "".join(olga.buttons)
    await send(olga, MARKS)
    assert "Нет места: ваши файлы" in olga.sees
    await send(erzhan, MARKS)
    assert "Орын жоқ: жауап күтіп тұрған файлдар тым көп" in erzhan.sees
    async with database.read() as storage:
        assert await storage.uploads.size() == 2 * len(MARKS)
        assert await storage.uploads.size(SECOND) == 0


async def test_who_saw_what_a_file_holds_is_kept(olga: Person, database: Database) -> None:
    await send(olga, MARKS)
    async with database.read() as storage:
        (seen,) = [each async for each in storage.changes.found(object_="file")]
    assert (seen.act, seen.actor, seen.key) == (records.READ, REGISTRAR, ("marks", sha256(MARKS).hexdigest()))
    assert seen.after == {"file_name": "marks.csv"}
    assert seen.update_id is not None


async def test_a_photo_is_asked_for_as_a_document(olga: Person) -> None:
    await olga.sends(photo=[{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}])
    assert "Пришлите сам файл документом" in olga.sees


async def test_a_download_that_fails_is_said_so(
    olga: Person, telegram: Telegram, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"file_id": "lost", "file_unique_id": "lost", "file_name": "marks.csv", "file_size": 10}
    make = telegram.make_request

    async def fail(bot: Any, method: Any, **rest: Any) -> Any:
        if isinstance(method, GetFile):
            raise TelegramBadRequest(method, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return await make(bot, method, **rest)

    monkeypatch.setattr(telegram, "make_request", fail)
    await olga.sends(document=document)
    await work.finish()
    assert "Файл не удалось получить из Telegram" in olga.sees


async def test_what_takes_long_tells_how_far_it_is(
    olga: Person, telegram: Telegram, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    make = telegram.make_request

    async def watch(bot: Any, method: Any, **rest: Any) -> Any:
        told.append(getattr(method, "text", None) or "")
        return await make(bot, method, **rest)

    monkeypatch.setattr(telegram, "make_request", watch)
    monkeypatch.setattr(work_module, "SECONDS_BETWEEN", 0)
    head, *_ = MARKS.decode().splitlines(keepends=True)
    row = "{},2025-2026/1,MAT1201,Математика,Математика,5,written,70,80,90,took,1\n"
    await send(olga, (head + "".join(row.format(10_000_000 + number) for number in range(5000))).encode())
    assert "Получено" in told[0]
    assert any("Читаем. Строк: " in text for text in told)
    assert any(isinstance(call, SendChatAction) for call in telegram.calls)
    assert "отклонено: 5000" in olga.room.messages[1].text


async def test_a_stop_in_the_middle_is_told_and_loses_nothing(olga: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(olga, MARKS)
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "load_upload", never)
        async with olga.telegram.dispatcher["work"].turn:  # what stands holds the records: the handler ends first
            await olga.taps("Загрузить")
        await reached.wait()
        await olga.telegram.dispatcher.emit_shutdown()
    assert "Прервано: бот перезапускается" in olga.sees
    await tap(olga, "Посмотреть, как сейчас")
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees


async def test_a_failure_in_the_middle_changes_nothing_and_says_so(
    olga: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(olga, MARKS)

    async def fail(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "load_upload", fail)
        await tap(olga, "Загрузить")
    assert "ничего не изменено" in olga.sees.lower()
    assert await attempt(database) is None


async def test_an_import_something_stands_on_stays_and_names_it(
    olga: Person, erzhan: Person, database: Database
) -> None:
    pending = MARKS.replace(b"90,took", b",").replace(b"40,took", b",")
    await send(olga, pending)
    await tap(olga, "Загрузить")
    await send(erzhan, MARKS)
    await tap(erzhan, "Жүктеу")
    await olga.taps("Отменить загрузку…")
    await olga.sends("Не тот файл")
    await olga.telegram.dispatcher["work"].finish()
    assert "Загрузка остаётся, ничего не изменено" in olga.sees
    assert "загрузка № 2" in olga.sees
    await olga.taps("Загрузка № 2")
    assert "Сергазин Е." in olga.sees
    assert await attempt(database)


async def test_taking_back_asks_why_and_can_be_left(olga: Person, database: Database) -> None:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    await olga.taps("Отменить загрузку…")
    await olga.sends("я" * 501)
    assert "Слишком длинно: 501" in olga.sees
    await olga.sends("/cancel")
    await olga.sends("Передумала")
    assert "не принят" in olga.sees or "не понят" in olga.sees
    assert await attempt(database)


async def test_the_files_screen_leads_to_every_import_and_its_way_back(olga: Person) -> None:
    await olga.sends("/menu")
    await olga.taps("Загрузить файл")
    assert "Пока ничего не загружено" in olga.sees
    await send(olga, DAYS, "days.csv")
    await tap(olga, "Загрузить")
    await olga.sends("/import")
    await olga.taps(f"№ 1 · {date(2026, 1, 15):%d.%m.%Y} · Рабочие и выходные дни")
    assert "Иванова О. П." in olga.sees
    await olga.taps("Отменить загрузку…")
    question = olga.last
    await olga.sends("Не тот год, ошиблась")
    await olga.telegram.dispatcher["work"].finish()
    await tap(olga, "Отменить загрузку")
    assert "отменена" in olga.sees
    await olga.presses("undo:1", on=question)
    assert "Отменена" in question.text
    assert question.buttons == ["« Файлы"]


# What is checked before marks are loaded


def posted(at: str) -> bytes:
    """Return the marks as posted then."""
    return MARKS.replace(b",attempt", b",attempt,posted_at").replace(b",took,1", f",took,1,{at}".encode())


async def test_a_registrar_sees_what_to_check_and_the_button_stands_last(erzhan: Person) -> None:
    await send(erzhan, MARKS)
    seen = erzhan.sees
    for said in (
        "Тексеріңіз",
        "Кезең: 2025-2026/1",
        "Пән саны: 1 (MAT1201: 2)",
        "Енгізілетін нәтиже: 2",
        "FX: 1",
        "Емтихан бағасы: ең төмені 40, ең жоғарысы 90",
        "Апелляция мерзімі: 16.01.2026 13:00. Баға саны: 2",
    ):
        assert said in seen
    assert erzhan.buttons[0].startswith("Жүктеу")


async def test_values_that_change_are_shown_and_all_of_them_come_as_a_table(olga: Person, database: Database) -> None:
    await send(olga, MARKS.replace(b"90,took", b",").replace(b"40,took", b","))
    await tap(olga, "Загрузить")
    await send(olga, MARKS.replace(b",70,80,", b",75,85,"))
    preview = olga.last
    assert "Меняется значений: 8" in preview.text
    assert f"– {AIGERIM} · 2025-2026/1 · MAT1201 · 1: рейтинг 1 70 → 75" in preview.text
    assert preview.text.count("→") == 5
    await tap(olga, "Все изменения таблицей", on=preview)
    assert olga.last.document
    name, table = olga.last.document
    assert name == "marks.csv.changes.csv"
    assert len(table.decode("utf-8-sig").splitlines()) == 9
    assert "Все изменения значений: 8" in olga.last.text
    await tap(olga, "Загрузить", on=preview)
    assert "Загружено, № 2" in preview.text
    await olga.presses(f"diff:{1}")
    assert "Этот файл больше не ждёт" in olga.sees


async def test_marks_that_can_no_longer_be_appealed_are_asked_about_once_more(olga: Person, database: Database) -> None:
    await send(olga, posted("2026-01-13 16:00"))
    assert "когда апелляция уже невозможна. Оценок: 2 (MAT1201: 2)" in olga.sees
    await tap(olga, "Загрузить")
    assert await attempt(database) is None
    assert "Всё равно загрузить?" in olga.sees
    assert olga.buttons == ["Всё равно загрузить", "Не загружать"]
    await tap(olga, "Всё равно загрузить")
    assert "Загружено, № 1" in olga.sees
    assert await attempt(database)


async def test_a_window_that_grows_short_while_one_thinks_is_asked_about_and_again_when_it_is_over(
    olga: Person, database: Database, clock: HandClock
) -> None:
    await send(olga, posted("2026-01-14 16:00"))
    assert "Студенты узнают" not in olga.sees, "at ten there are three hours until one o'clock"
    question = olga.last
    clock.move(timedelta(hours=2))
    await tap(olga, "Загрузить", on=question)
    assert "останется меньше двух часов на апелляцию, у первых до 15.01.2026 13:00. Оценок: 2" in question.text
    clock.move(timedelta(hours=1))
    await tap(olga, "Всё равно загрузить", on=question)
    assert "когда апелляция уже невозможна. Оценок: 2" in question.text
    assert await attempt(database) is None
    await tap(olga, "Всё равно загрузить", on=question)
    assert "Загружено, № 1" in question.text


async def test_a_forged_answer_to_a_question_that_was_not_asked_loads_nothing(olga: Person, database: Database) -> None:
    await send(olga, posted("2026-01-13 16:00"))
    seen = olga.last.data_of("Загрузить").split(":")[2]
    await olga.presses(f"loadk:1:{seen}:0:2", on=olga.last)
    await olga.telegram.dispatcher["work"].finish()
    assert "Всё равно загрузить?" in olga.sees
    assert await attempt(database) is None


async def test_marks_of_past_years_are_said_to_be_and_not_asked_about(olga: Person, database: Database) -> None:
    await send(olga, posted("2025-06-13 16:00"))
    assert "Выставлены давно, поэтому студентам о них не сообщается. Оценок: 2" in olga.sees
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees


# What a file does not say

SHEET = f"Студент ID;Кредит;Р1;Р2;Емтихан\n{AIGERIM};5;70;80;90\n".encode()


async def test_a_period_and_a_course_a_file_does_not_say_are_asked_once(
    erzhan: Person, database: Database, clock: HandClock
) -> None:
    async with database.write() as storage:
        span = DateSpan(date(2025, 9, 1), date(2025, 12, 13))
        later = DateSpan(date(2026, 9, 1), date(2026, 12, 13))
        await storage.calendar.save_dates(
            [
                PeriodDates(name, {PeriodEvent.TEACHING: each})
                for name, each in (("2025-2026/1", span), ("2026-2027/1", later))
            ]
        )
        await storage.commit()
    await send(erzhan, SHEET, "ведомость.csv")
    assert "Файлда қай кезең екені көрсетілмеген" in erzhan.sees
    assert erzhan.buttons == ["2025–2026, 1-кезең", "Басқасын жазу…", "Жүктемеу"]
    await tap(erzhan, "2025–2026, 1-кезең")
    assert "Файлда қай пән екені көрсетілмеген" in erzhan.sees
    await erzhan.taps("Пән кодын жазу…")
    await erzhan.sends("MAT?1105")
    assert "❌" in erzhan.sees
    await erzhan.sends("MAT1105")
    await erzhan.telegram.dispatcher["work"].finish()
    assert "Файлда айтылмаған, сондықтан жіберуші көрсеткені алынады: 2025-2026/1, MAT1105" in erzhan.sees
    await tap(erzhan, "Жүктеу")
    async with database.read() as storage:
        assert await storage.marks.by_key(AIGERIM, "2025-2026/1", "MAT1105")


async def test_a_period_may_be_written_where_none_is_known(olga: Person, database: Database) -> None:
    await send(olga, SHEET.replace("Кредит;".encode(), "Кредит;Пән коды;".encode()).replace(b";5;", b";5;MAT1105;"))
    assert olga.buttons == ["Другой, напишу…", "Не загружать"]
    await olga.taps("Другой, напишу…")
    await olga.sends("осенью")
    assert "Здесь нужен академический период" in olga.sees
    await olga.sends("осенний семестр 2025-2026")
    await olga.telegram.dispatcher["work"].finish()
    assert "берётся указанное при отправке: 2025-2026/1" in olga.sees
    await tap(olga, "Загрузить")
    async with database.read() as storage:
        assert await storage.marks.by_key(AIGERIM, "2025-2026/1", "MAT1105")


async def test_what_was_said_of_a_file_is_there_after_a_restart(
    olga: Person, database: Database, telegram_of: Callable[..., Telegram], profile: Profile
) -> None:
    await send(olga, SHEET.replace("Кредит;".encode(), "Кредит;Кезең;".encode()).replace(b";5;", b";5;2025-2026/1;"))
    await olga.taps("Написать код дисциплины…")
    after = telegram_of(profile).person(1, "x")
    await after.sends("MAT1105")
    await after.telegram.dispatcher["work"].finish()
    assert "берётся указанное при отправке: MAT1105" in after.sees
    await tap(after, "Загрузить")
    async with database.read() as storage:
        assert await storage.marks.by_key(AIGERIM, "2025-2026/1", "MAT1105")


@pytest.mark.parametrize("data", ["fper:1:2025-2027.1", "fper:1:", "fper:9:2025-2026.1", "fsay:9:period"])
async def test_a_forged_period_is_no_period(olga: Person, database: Database, data: str) -> None:
    await send(olga, SHEET)
    await olga.presses(data)
    await olga.telegram.dispatcher["work"].finish()
    async with database.read() as storage:
        upload = await storage.uploads.by_id(1)
    assert upload
    assert upload.period is None


async def test_what_is_written_of_a_file_that_no_longer_waits_is_kept_nowhere(olga: Person) -> None:
    await send(olga, SHEET)
    question = olga.last
    await olga.taps("Другой, напишу…")
    await olga.presses(question.data_of("Не загружать"), on=question)
    await olga.sends("2025-2026/1")
    assert "Этот файл больше не ждёт" in olga.sees


async def test_a_table_that_says_nothing_of_marks_is_refused_and_not_asked_about(olga: Person) -> None:
    await send(olga, (DATA / "field" / "wide-summary.xlsx").read_bytes(), "wide.xlsx")
    assert "Файл не принят" in olga.room.messages[1].text
    assert "course_code" in olga.room.messages[1].text
