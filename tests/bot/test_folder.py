"""The watched folder: nightly exports are loaded once, bad ones put aside, the registrars told."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.metrics import Uncounted
from bot.jobs import folder
from bot.jobs.folder import SECONDS_BETWEEN, ImportFolder
from policy.marks import Course
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile
from services.importing import Kind, fresh_of, preview, uploads
from storage import records
from storage.database import Database
from storage.jobs import Jobs
from storage.unit import Storage
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, HandClock, populate
from tests.bot.test_imports import MARKS, SECOND, WRONG, attempt
from tests.services.workbooks import workbook
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
ADMINISTRATOR = "T0909"


class Night:
    """A folder, and the minutes that pass."""

    def __init__(self, folder: Path, database: Database, profile: Profile, clock: HandClock) -> None:
        self.folder = folder
        self.clock = clock
        self._parts = database, profile
        self.restart()

    def restart(self) -> None:
        database, profile = self._parts
        self.watched = ImportFolder(self.folder, database, profile, self.clock, asyncio.Semaphore(1), Uncounted())

    def put(self, name: str, content: bytes, at: datetime = NOW) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    async def minutes(self, number: int) -> None:
        for _ in range(number):
            self.clock.move(timedelta(seconds=SECONDS_BETWEEN))
            await self.watched.look()

    def names(self, where: str = "") -> list[str]:
        return sorted(path.name for path in (self.folder / where).glob("*") if path.is_file())


@pytest.fixture
def night(tmp_path: Path, database: Database, profile: Profile, clock: HandClock) -> Night:
    folder = tmp_path / "exports"
    folder.mkdir()
    return Night(folder, database, profile, clock)


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


async def imports(database: Database) -> int:
    async with database.read() as storage:
        return len(await storage.imports.latest())


async def test_an_export_is_loaded_and_the_registrar_told(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("marks-night.csv", MARKS)
    await night.minutes(1)
    assert await attempt(database) is None, "it may still be written to"
    await night.minutes(1)
    assert await attempt(database)
    assert night.names() == []
    assert night.names("done") == ["20260115-100200-marks-night.csv"]
    await telegram.sender.send_due()
    assert "marks-night.csv" in olga.sees
    assert "Загружено, № 1" in olga.sees
    assert "новых: 2" in olga.sees
    async with database.read() as storage:
        (change,) = (await storage.changes.about(AIGERIM))[-1:]
    assert (change.cause, change.cause_id, change.actor) == ("import", 1, None)


async def test_a_file_that_grows_is_left_alone(night: Night, database: Database) -> None:
    for size in (40, 80, len(MARKS)):
        night.put("marks.csv", MARKS[:size])
        await night.minutes(1)
    assert night.names() == ["marks.csv"]
    await night.minutes(1)
    assert await imports(database) == 1


async def test_an_unfinished_upload_is_left_alone(night: Night) -> None:
    night.put("marks.csv.part", MARKS)
    night.put(".marks.csv", MARKS)
    await night.minutes(3)
    assert night.names() == [".marks.csv", "marks.csv.part"]


async def test_a_bad_file_is_put_aside_with_all_that_is_wrong(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("export.csv", WRONG)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert "Файл не принят, ничего не изменено" in olga.sees
    assert "строка 3 · exam · «101»" in olga.sees
    assert night.names() == []
    assert night.names("refused") == ["20260115-100200-export.csv", "20260115-100200-export.csv.refused.csv"]
    beside = (night.folder / "refused" / night.names("refused")[1]).read_bytes()
    assert "строка;столбец" in beside.decode("utf-8-sig")
    assert olga.last.document == ("export.csv.refused.csv", beside)
    assert await imports(database) == 0


async def test_all_that_is_wrong_comes_to_every_registrar_as_a_table_in_their_language(
    night: Night, olga: Person, linked: Linked, telegram: Telegram, database: Database
) -> None:
    async with database.write() as storage:
        await storage.people.save([records.Person(SECOND, Name("Сергазин", "Ержан"), Language.KK)])
        await storage.roles.grant([RoleGrant(SECOND, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()
    erzhan = await linked(SECOND, 2)
    head, row, _ = MARKS.decode().splitlines(keepends=True)
    night.put("marks.csv", (head + "".join(row.replace(AIGERIM, str(90_000_000 + n)) for n in range(300))).encode())
    await night.minutes(2)
    await telegram.sender.send_due()
    for person, says in ((olga, "строка;столбец"), (erzhan, "жол;баған")):
        assert person.last.document
        name, table = person.last.document
        assert name == "marks.csv.refused.csv"
        assert table.decode("utf-8-sig").startswith(says)
        assert len(table.decode().splitlines()) == 301


async def test_what_a_preview_would_have_said_reaches_the_registrar(
    night: Night, olga: Person, telegram: Telegram
) -> None:
    odd = MARKS.replace(b",attempt", b",attempt,\xd0\xa6\xd0\xb2\xd0\xb5\xd1\x82").replace(b",took,1", b",took,1,x")
    night.put("marks.csv", odd)
    await night.minutes(2)
    await telegram.sender.send_due()
    for said in (
        "Период: 2025-2026/1",
        "Дисциплин: 1 (MAT1201: 2)",
        "FX: 1",
        "Апелляция возможна до 16.01.2026 13:00. Оценок: 2",
        "⚠️ Неизвестные столбцы, не учитываются: Цвет",
        "⚠️ Время выставления не указано",
        "Загружено, № 1",
    ):
        assert said in olga.sees


# What would ask a question by hand


LATE = MARKS.replace(b",attempt", b",attempt,posted_at").replace(b",took,1", b",took,1,2026-01-12 09:00")
STAFF = (
    "person_id,surname,given_name,patronymic,role,scope,phone,language,until\n"
    f"{SECOND},Сергазин,Ержан,,registrar,,,kk,\n"
).encode()
PHONE = f"student_id,surname,given_name,phone\n{AIGERIM},Сәдуақас,Айгерім,+77010000000\n".encode()


async def confirms(person: Person, telegram: Telegram, label: str = "Подтвердить") -> None:
    await person.taps(label)
    await telegram.dispatcher["work"].finish()
    await telegram.sender.send_due()


async def motions(database: Database) -> list[records.Motion]:
    async with database.read() as storage:
        found = [await storage.motions.by_id(number) for number in range(1, 9)]
    return [each for each in found if each]


@pytest.fixture
async def sergey(database: Database, linked: Linked) -> Person:
    """An administrator."""
    async with database.write() as storage:
        await storage.people.save([records.Person(ADMINISTRATOR, Name("Ли", "Сергей"), Language.RU)])
        await storage.roles.grant([RoleGrant(ADMINISTRATOR, Role.ADMIN)], at=NOW, by=None)
        await storage.commit()
    return await linked(ADMINISTRATOR, 3)


async def test_marks_nobody_can_appeal_any_more_wait_for_a_registrar(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("marks.csv", LATE)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert night.names("waiting") == ["20260115-100200-marks.csv"]
    for said in (
        "№ 1 ждёт подтверждения",
        "Загрузка файла",
        "Из папки выгрузок, 15 января",
        "новых: 2",
        "Период: 2025-2026/1",
        "⚠️ Студенты узнают об этих оценках, когда апелляция уже невозможна. Оценок: 2 (MAT1201: 2)",
    ):
        assert said in olga.sees
    assert "Причина" not in olga.sees
    await night.minutes(3)
    assert await attempt(database) is None
    assert len(night.names("waiting")) == 1
    await confirms(olga, telegram)
    assert await attempt(database)
    assert "Загружено, № 1" in "".join(shown.text for shown in olga.room.messages)
    await night.minutes(2)
    assert night.names("waiting") == []
    assert night.names("done") == ["20260115-100600-marks.csv"]
    assert await imports(database) == 1


async def test_a_file_of_who_works_here_waits_for_an_administrator(
    night: Night, olga: Person, sergey: Person, telegram: Telegram, database: Database
) -> None:
    night.put("staff.csv", STAFF)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert not olga.room.messages
    assert "+ Сергазин" in sergey.sees.replace("<b>", "") or f"+ {SECOND}" in sergey.sees.replace("<b>", "")
    async with database.read() as storage:
        assert await storage.roles.of_person(SECOND) == ()
    await confirms(sergey, telegram)
    async with database.read() as storage:
        assert [each.role for each in await storage.roles.of_person(SECOND)] == [Role.REGISTRAR]
        (change,) = [each for each in await storage.changes.about(SECOND) if each.object == "role"]
    assert (change.cause, change.actor) == ("import", ADMINISTRATOR), "whoever confirms it has loaded it"
    await night.minutes(1)
    assert len(night.names("done")) == 1


async def test_a_phone_that_becomes_another_waits(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("students.csv", PHONE)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert len(night.names("waiting")) == 1
    assert f"Телефоны в базе сменятся, а аккаунты привязываются по ним. Людей: 1 ({AIGERIM})" in olga.sees
    await confirms(olga, telegram, "Все изменения таблицей")
    assert olga.last.document
    assert "+77010000000" in olga.last.document[1].decode("utf-8-sig")
    assert await imports(database) == 0


async def test_what_nobody_confirms_in_three_days_is_put_aside_and_said(
    night: Night, olga: Person, telegram: Telegram, clock: HandClock, database: Database
) -> None:
    night.put("marks.csv", LATE)
    await night.minutes(2)
    clock.move(timedelta(days=3, minutes=-2))
    await night.minutes(1)
    assert len(night.names("waiting")) == 1
    await night.minutes(1)
    assert night.names("waiting") == []
    assert len(night.names("refused")) == 2
    await telegram.sender.send_due()
    assert "За время ожидания файл никто не подтвердил" in olga.sees
    assert "📄 marks.csv" in olga.sees
    (motion,) = await motions(database)
    assert motion.state is records.MotionState.EXPIRED
    assert await attempt(database) is None


async def test_what_somebody_declines_is_put_aside_with_their_reason(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("marks.csv", LATE)
    await night.minutes(2)
    await telegram.sender.send_due()
    await olga.taps("Отказать…")
    assert "Её прочитают регистраторы" in olga.sees
    await olga.sends("Ведомость старая")
    await night.minutes(1)
    await telegram.sender.send_due()
    assert len(night.names("refused")) == 2
    assert "не принял его: Ведомость старая" in olga.sees
    assert await attempt(database) is None
    night.put("marks.csv", LATE, night.clock.now())
    await night.minutes(2)
    assert len(night.names("waiting")) == 1, "written anew, it is shown again"
    assert len(await motions(database)) == 2


async def test_what_has_changed_meanwhile_is_shown_anew_before_it_is_loaded(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("marks.csv", LATE)
    await night.minutes(2)
    await telegram.sender.send_due()
    head, first, _ = LATE.decode().splitlines(keepends=True)
    night.put("marks-2.csv", (head + first).replace("2026-01-12 09:00", "2026-01-15 09:00").encode())
    await night.minutes(2)
    assert await imports(database) == 1
    await confirms(olga, telegram)
    assert await imports(database) == 1
    assert "За это время база изменилась" in olga.room.messages[0].text
    night.put("marks.csv", WRONG, night.clock.now())
    await night.minutes(1)
    assert night.names() == ["marks-20260115-100200.csv", "marks.csv"], "a newer one of that name stays"
    await night.minutes(2)
    assert night.names() == []
    assert await attempt(database)


async def test_a_kill_between_asking_and_moving_asks_once(
    night: Night, olga: Person, telegram: Telegram, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", LATE)
    with monkeypatch.context() as patch:
        patch.setattr(ImportFolder, "_move", lambda *_: None)
        await night.minutes(2)
    assert night.names() == ["marks.csv"]
    night.restart()
    await night.minutes(2)
    await telegram.sender.send_due()
    assert len(night.names("waiting")) == 1
    assert len(await motions(database)) == 1
    assert len(olga.room.messages) == 1


async def test_where_too_much_waits_already_a_file_stays_until_there_is_room(
    night: Night, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", LATE)
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "OF_ALL", len(LATE) - 1)
        await night.minutes(4)
        assert night.names() == ["marks.csv"]
        assert await motions(database) == []
    await night.minutes(1)
    assert len(night.names("waiting")) == 1


async def test_every_sheet_of_a_workbook_is_loaded_and_one_that_is_not_is_named_each_night(
    night: Night, olga: Person, telegram: Telegram, database: Database, clock: HandClock
) -> None:
    head, *rows = (line.split(",") for line in MARKS.decode().splitlines())
    book = workbook([head, rows[0]], [head, rows[1]], [head[1:], rows[1][1:]])
    for number in (1, 2):
        night.put("marks.xlsx", book, clock.now())
        await night.minutes(2)
        await telegram.sender.send_due()
        assert "⚠️ Читается несколько листов: Лист1, Лист2" in olga.sees
        assert "Лист3 (student_id)" in olga.sees
        assert len(night.names("done")) == number
        clock.move(timedelta(days=1))
    assert await attempt(database)
    assert await attempt(database, DMITRY)
    assert "Загружать нечего" in olga.sees
    assert await imports(database) == 1


SHEET = f"Студент ID;Кредит;Р1;Р2;Емтихан\n{AIGERIM};5;70;80;90\n".encode()


async def test_a_sheet_that_does_not_say_its_period_and_course_is_refused_with_what_helps(
    night: Night, olga: Person, telegram: Telegram, database: Database
) -> None:
    night.put("marks.csv", SHEET)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert "Период и дисциплину можно указать в имени файла" in "".join(shown.text for shown in olga.room.messages)
    assert await imports(database) == 0


@pytest.mark.parametrize(
    "case",
    [
        ("marks_2025-2026-1_МАТ1201.csv", True),  # in Cyrillic
        ("marks_mat1201_2025-2026.1_night.csv", True),
        ("marks_2025-2026-1_PHY9999.csv", False),  # no such course
        ("marks_2025-2026-1.csv", False),
        ("marks_2025-2027-1_MAT1201.csv", False),
    ],
)
async def test_the_name_of_a_file_may_say_its_period_and_a_course_that_is_known(
    night: Night, olga: Person, telegram: Telegram, database: Database, case: tuple[str, bool]
) -> None:
    name, loads = case
    async with database.write() as storage:
        await storage.courses.save([Course("MAT1201", "Математика", "Математика")])
        await storage.commit()
    night.put(name, SHEET)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert (await attempt(database) is not None) is loads
    if loads:
        assert "В файле этого нет, поэтому берётся указанное при отправке: 2025-2026/1, MAT1201" in olga.sees


async def test_a_name_never_says_otherwise_than_the_file(night: Night, database: Database) -> None:
    night.put("marks_2024-2025-2_final.csv", MARKS)
    await night.minutes(2)
    assert await attempt(database)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"period,exam\n2025-2026/1,70\n", "Ни по имени, ни по столбцам"), (b"", "Файл пустой"), (b"%PDF-1.7 x", "PDF")],
    ids=["no kind", "empty", "pdf"],
)
async def test_what_is_no_export_is_put_aside_too(
    night: Night, olga: Person, telegram: Telegram, content: bytes, says: str
) -> None:
    night.put("what.csv", content)
    await night.minutes(2)
    await telegram.sender.send_due()
    assert says in olga.sees
    assert len(night.names("refused")) == 2


async def test_a_file_that_says_nothing_new_is_moved_and_makes_the_data_fresh(
    night: Night, olga: Person, telegram: Telegram, database: Database, clock: HandClock
) -> None:
    night.put("marks.csv", MARKS)
    await night.minutes(2)
    await telegram.sender.send_due()
    told = len(olga.room.messages)
    clock.move(timedelta(days=1))
    night.put("marks.csv", MARKS, clock.now())
    await night.minutes(2)
    await telegram.sender.send_due()
    assert len(olga.room.messages) == told
    assert len(night.names("done")) == 2
    assert await imports(database) == 1
    async with database.read() as storage:
        assert await fresh_of(storage, Kind.MARKS) == clock.now()


async def test_a_kill_between_loading_and_moving_loads_nothing_twice(
    night: Night, olga: Person, telegram: Telegram, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", MARKS)
    with monkeypatch.context() as patch:
        patch.setattr(ImportFolder, "_move", lambda *_: None)
        await night.minutes(2)
    assert night.names() == ["marks.csv"]
    await telegram.sender.send_due()
    await olga.taps("Отменить загрузку…")
    await olga.sends("Это не тот файл")
    await telegram.dispatcher["work"].finish()
    await olga.taps("Отменить загрузку")
    await telegram.dispatcher["work"].finish()
    night.restart()
    await night.minutes(2)
    assert night.names("done") == ["20260115-100400-marks.csv"]
    assert await attempt(database) is None, "what was taken back does not come again by itself"
    assert await imports(database) == 1


async def test_a_kill_between_refusing_and_moving_tells_once(
    night: Night, olga: Person, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", WRONG)
    with monkeypatch.context() as patch:
        patch.setattr(ImportFolder, "_move", lambda *_: None)
        await night.minutes(2)
    night.restart()
    await night.minutes(2)
    await telegram.sender.send_due()
    assert sum("Файл не принят" in shown.text for shown in olga.room.messages) == 1
    assert len(night.names("refused")) == 2


async def test_a_file_that_ended_the_process_twice_is_put_aside_at_the_third_start(
    night: Night, olga: Person, telegram: Telegram, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", MARKS)
    night.put("students.csv", b"nothing")
    await night.minutes(1)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(Jobs, "work_stopped", nothing)  # a process that is gone writes nothing
            await until_it_reads(night, patch)
        night.restart()
        await night.minutes(1)
    await night.minutes(1)
    assert night.names() == []
    assert [name for name in night.names("refused") if "marks" in name] == [
        "20260115-100600-marks.csv",
        "20260115-100600-marks.csv.refused.csv",
    ]
    assert await imports(database) == 0
    await telegram.sender.send_due()
    assert "Программа дважды дала сбой на этом файле" in "\n".join(shown.text for shown in olga.room.messages)
    night.put("marks.csv", MARKS, night.clock.now())
    await night.minutes(2)
    assert await imports(database) == 1, "written anew, it is another file"


async def test_a_file_whose_reading_was_stopped_in_order_is_loaded_however_often_that_was(
    night: Night, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.put("marks.csv", MARKS)
    await night.minutes(1)
    for _ in range(3):
        with monkeypatch.context() as patch:
            await until_it_reads(night, patch)
        night.restart()
        await night.minutes(1)
    await night.minutes(1)
    assert await imports(database) == 1


async def test_a_file_on_which_the_program_fails_twice_is_put_aside(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(folder, "preview", fail)
    night.put("marks.csv", MARKS)
    await night.minutes(3)
    assert night.names() == ["marks.csv"]
    await night.minutes(1)
    assert night.names() == []
    assert len(night.names("refused")) == 2


async def until_it_reads(night: Night, patch: pytest.MonkeyPatch) -> None:
    """Look into the folder until marks are about to be read; there the process ends."""
    begun = asyncio.Event()

    async def stand(*arguments: Any, **named: Any) -> Any:
        if not named["file_name"].startswith("marks"):
            return await preview(*arguments, **named)
        begun.set()
        return await asyncio.Event().wait()

    patch.setattr(folder, "preview", stand)
    looking = asyncio.create_task(night.minutes(1))
    await begun.wait()
    looking.cancel()
    await asyncio.wait([looking])


async def nothing(*_: Any) -> None:
    pass


async def test_of_two_processes_one_takes_a_file(
    night: Night, database: Database, profile: Profile, clock: HandClock
) -> None:
    other = Night(night.folder, database, profile, clock)
    night.put("marks.csv", MARKS)
    for _ in range(2):
        clock.move(timedelta(seconds=SECONDS_BETWEEN))
        await asyncio.gather(night.watched.look(), other.watched.look())
    assert await imports(database) == 1
    assert len(night.names("done")) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_file_whose_load_a_kill_cut_short_is_loaded_in_the_other_processs_turn(
    database_url: str, tmp_path: Path, profile: Profile, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def stand(_: Storage) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with Database.open(database_url) as own, Database.open(database_url) as others:
        await populate(own)
        night, other = (Night(tmp_path, each, profile, clock) for each in (own, others))
        night.put("marks.csv", MARKS)
        await asyncio.gather(night.minutes(1), other.watched.look())
        with monkeypatch.context() as patch:
            patch.setattr(Storage, "commit_at_last", stand)
            loading = asyncio.create_task(night.minutes(1))
            await reached.wait()
            await other.watched.look()
            assert await imports(others) == 0, "it is not its turn"
            loading.cancel()
            await asyncio.wait([loading])
        await other.minutes(1)
        assert await imports(others) == 1
    assert night.names("done") == ["20260115-100300-marks.csv"]
