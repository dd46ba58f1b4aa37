"""Long work of a process that was killed: the next one goes on with it, or says how it stands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import SendMessage

from bot.app import make_dispatcher
from bot.delivery.metrics import Uncounted
from bot.i18n import Texts
from bot.jobs import imports as jobs
from bot.jobs import motions as motion_jobs
from bot.jobs import undoing as undoing_jobs
from bot.jobs.resuming import Resuming
from bot.jobs.sweeps import JOB_KEPT, sweep
from bot.jobs.work import Work
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.importing import load_upload, undo
from services.importing.loading import propose_load
from services.motions.deciding import carry
from storage.database import Database
from storage.jobs import Jobs
from storage.trouble import Trouble, TroubleError
from tests.bot.conftest import NOW, REGISTRAR, HandClock
from tests.bot.test_imports import MARKS, attempt, erzhan, second_registrar, send, tap
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
Restart = Callable[..., Awaitable[None]]
__all__ = ["erzhan", "second_registrar"]  # fixtures


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
def restart(
    telegram: Telegram, database: Database, profile: Profile, clock: HandClock, voices: Mapping[Language, Texts]
) -> Restart:
    """Begin with a new dispatcher over the same records; what the old one was doing says nothing any more."""

    async def make(*, killed: bool = False) -> None:
        old: Work = telegram.dispatcher["work"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(telegram, "make_request", dead)
            if killed:  # nothing is written any more
                patch.setattr(Jobs, "work_stopped", nothing)
            await old.stop()
        fresh = make_dispatcher(database=database, profile=profile, clock=clock, voices=voices)
        fresh["sender"] = telegram.sender
        telegram.dispatcher = telegram.updates._dispatcher = fresh
        work: Work = fresh["work"]
        await Resuming(telegram.bot, work, database, profile, clock, voices).start()
        await work.finish()
        await telegram.sender.send_due()

    return make


async def nothing(*_: Any) -> None:
    pass


async def dead(_bot: Any, method: Any, **_: Any) -> None:
    raise TelegramNetworkError(method, "the process is gone")


async def reach(
    olga: Person,
    press: Callable[[], Awaitable[Any]],
    patch: pytest.MonkeyPatch,
    where: str,
    real: Any = None,
    *,
    module: Any = jobs,
) -> None:
    """Do something until the process is about to call `where`, or has just done so; there it stands."""
    reached = asyncio.Event()

    async def stand(*arguments: Any, **named: Any) -> None:
        if real:
            await real(*arguments, **named)
        reached.set()
        await asyncio.Event().wait()

    patch.setattr(module, where, stand)
    async with olga.telegram.dispatcher["work"].turn:  # what stands may hold the records: the handler ends first
        await press()
    await reached.wait()


async def begin_again(restart: Restart, patch: pytest.MonkeyPatch, where: str, *, killed: bool = False) -> None:
    """Begin with a new process, until it is about to call `where`; there it stands."""
    begun = asyncio.Event()

    async def stand(*_: Any, **__: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    patch.setattr(jobs, where, stand)
    going = asyncio.ensure_future(restart(killed=killed))
    await begun.wait()
    going.cancel()
    await asyncio.wait([going])


async def unreached(*_: Any, **__: Any) -> None:
    raise AssertionError("it was begun a third time")


async def running(database: Database) -> int:
    async with database.write() as storage:
        return len(await storage.jobs.take_over(since=None, at=NOW))


@pytest.mark.parametrize("where", ["_downloaded", "previewed"])
async def test_a_file_that_was_being_read_is_read_by_the_next_process(
    olga: Person, database: Database, restart: Restart, where: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, where)
    (_, progress) = olga.room.messages
    await restart()
    assert olga.last is progress, "it is told where it was begun"
    assert "новых: 2" in olga.sees
    assert await running(database) == 0
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees
    async with database.read() as storage:
        assert await storage.uploads.size() == 0, "it was kept once"


async def test_a_loading_that_had_not_happened_can_be_gone_on_with(
    olga: Person, database: Database, restart: Restart
) -> None:
    await send(olga, MARKS)
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.taps("Загрузить"), patch, "load_upload")
    await restart()
    assert "Ничего не изменено, файл по-прежнему здесь" in olga.sees
    assert await attempt(database) is None
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees


async def test_a_loading_that_had_happened_tells_its_result(olga: Person, database: Database, restart: Restart) -> None:
    await send(olga, MARKS)
    shown = olga.last
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.taps("Загрузить"), patch, "load_upload", load_upload)
    await restart()
    assert "Загружено, № 1" in shown.text
    assert "новых: 2" in shown.text
    async with database.read() as storage:
        assert len(await storage.imports.latest()) == 1


async def test_a_taking_back_is_looked_at(olga: Person, restart: Restart) -> None:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    await olga.taps("Отменить загрузку…")
    await olga.sends("Это не тот файл")
    await olga.telegram.dispatcher["work"].finish()
    with pytest.MonkeyPatch.context() as patch:
        press = partial(olga.taps, "Отменить загрузку")
        await reach(olga, press, patch, "undo", undo, module=undoing_jobs)
    await restart()
    assert "Отменена" in olga.sees
    assert "Иванова О. П." in olga.sees


@pytest.mark.parametrize("happened", [False, True])
async def test_a_motion_that_was_being_carried_is_looked_at_and_carried_once(
    olga: Person,
    erzhan: Person,
    database: Database,
    clock: HandClock,
    restart: Restart,
    *,
    happened: bool,
) -> None:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    clock.move(timedelta(minutes=11))
    await olga.taps("Отменить загрузку…")
    await olga.sends("Это не тот файл")
    await olga.telegram.dispatcher["work"].finish()
    await tap(olga, "Предложить")
    await olga.telegram.sender.send_due()
    with pytest.MonkeyPatch.context() as patch:
        press = partial(erzhan.presses, "fixy:1")
        await reach(olga, press, patch, "carry", carry if happened else None, module=motion_jobs)
    await restart()
    assert (await attempt(database) is None) is happened
    assert ("Растаған: Сергазин Е." in erzhan.last.text) is happened
    if not happened:
        await tap(erzhan, "Растау")
        assert await attempt(database) is None
    async with database.read() as storage:
        undone = [each async for each in storage.changes.found(object_="attempt") if each.cause == "undo"]
    assert len(undone) == 2


@pytest.mark.parametrize("happened", [False, True])
async def test_a_file_that_was_being_proposed_is_proposed_once(
    olga: Person, database: Database, restart: Restart, *, happened: bool
) -> None:
    staff = "person_id,surname,given_name,role,language\nT0090,Ахмет,Дина,officer,ru\n".encode()
    await send(olga, staff, "staff.csv")
    await olga.taps("Предложить…")
    with pytest.MonkeyPatch.context() as patch:
        press = partial(olga.sends, "Решение собрания № 3")
        await reach(olga, press, patch, "propose_load", propose_load if happened else None, module=motion_jobs)
    await restart()
    async with database.read() as storage:
        assert len(await storage.motions.open()) == int(happened)
    assert ("ждёт второго человека" in olga.sees) is happened
    if not happened:
        await olga.taps("Предложить…")
        await olga.sends("Решение собрания № 3")
        await olga.telegram.dispatcher["work"].finish()
        assert "Предложено: № 1" in olga.sees


@pytest.mark.parametrize("where", ["_downloaded", "_keep", "previewed"])
async def test_a_file_that_ended_the_process_twice_is_given_up_and_told_at_the_third_start(
    olga: Person, database: Database, restart: Restart, where: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, where)
        await begin_again(restart, patch, where, killed=True)
        patch.setattr(jobs, where, unreached)
        await restart(killed=True)
    assert "📄 marks.csv" in olga.sees
    assert "Программа дважды дала сбой на этом файле" in olga.sees
    assert "Ничего не изменено" in olga.sees
    assert await running(database) == 0
    async with database.read() as storage:
        assert await storage.uploads.size() == 0, "it does not wait any more"
    await restart()
    assert sum("дважды" in shown.text for shown in olga.room.messages) == 1
    await send(olga, MARKS)
    assert "новых: 2" in olga.sees, "sent anew, it is looked at anew"


async def test_a_file_that_was_read_is_not_to_blame_for_what_ended_the_process_later(
    olga: Person, restart: Restart
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, "conclude")
        for _ in range(3):
            await begin_again(restart, patch, "conclude", killed=True)
    await restart(killed=True)
    assert "новых: 2" in olga.sees


async def test_stopping_in_order_however_often_gives_nothing_up(olga: Person, restart: Restart) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, "previewed")
        for _ in range(3):
            await begin_again(restart, patch, "previewed")
    await restart()
    assert "новых: 2" in olga.sees


async def test_a_file_that_waits_for_its_turn_when_another_ends_the_process_is_not_to_blame(
    olga: Person, telegram: Telegram, database: Database, restart: Restart
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("bad.csv", MARKS), patch, "_downloaded")
        await olga.uploads("marks.csv", MARKS)
        await begin_again(restart, patch, "_downloaded", killed=True)
    await restart(killed=True)
    said = [shown.text for shown in olga.room.messages if shown.by_bot]
    assert ["дважды" in text for text in said if "bad.csv" in text] == [True]
    assert any("marks.csv" in text and "новых: 2" in text for text in said)


async def test_whoever_is_no_registrar_any_more_is_shown_nothing(
    olga: Person, database: Database, clock: HandClock, restart: Restart
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, "previewed")
    before = olga.sees
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR, until=NOW.date())], at=NOW, by=None)
        await storage.commit()
    clock.move(timedelta(days=1))
    await restart()
    assert olga.sees == before
    assert await running(database) == 0


async def test_what_cannot_be_said_at_the_end_is_owed(
    olga: Person, telegram: Telegram, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = telegram.make_request

    async def fail(bot: Any, method: Any, **rest: Any) -> Any:
        if isinstance(method, SendMessage):
            return await make(bot, method, **rest)
        if hasattr(method, "text"):
            raise TelegramNetworkError(method, "no way")
        return await make(bot, method, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(telegram, "make_request", fail)
        await send(olga, MARKS)
    await telegram.sender.send_due()
    assert "новых: 2" in olga.sees
    assert await running(database) == 0


async def test_a_sweep_reckons_the_days_off_for_the_universitys_working_week(
    database: Database, profile: Profile, clock: HandClock
) -> None:
    after_victory_day = date(2026, 5, 11)
    for working_week, off in ((5, True), (6, False)):
        university = replace(profile.university, working_week=working_week)
        await sweep(database, replace(profile, university=university), clock, Uncounted())
        async with database.read() as storage:
            assert (after_victory_day in await storage.calendar.days()) is off


async def test_jobs_that_are_over_are_forgotten_after_a_day(
    olga: Person, database: Database, profile: Profile, clock: HandClock
) -> None:
    await send(olga, MARKS)
    clock.move(JOB_KEPT + timedelta(seconds=1))
    await sweep(database, profile, clock, Uncounted())
    async with database.write() as storage:
        assert await storage.jobs.drop_older_than(clock.now()) == 0


@pytest.mark.parametrize("kept", [False, True])
async def test_a_load_that_storage_cuts_short_is_no_failure_and_is_looked_at_once_storage_works(
    olga: Person, database: Database, profile: Profile, voices: Mapping[Language, Texts], *, kept: bool
) -> None:
    telegram = olga.telegram
    await send(olga, MARKS)

    async def cut_short(*arguments: Any, **named: Any) -> None:
        if kept:
            await load_upload(*arguments, **named)
        raise TroubleError(Trouble.FULL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "load_upload", cut_short)
        await tap(olga, "Загрузить")
    work: Work = telegram.dispatcher["work"]
    assert len(work.left) == 1
    assert "ничего не изменено" not in olga.sees.lower()
    await Resuming(telegram.bot, work, database, profile, telegram.clock, voices).look()
    await work.finish()
    await telegram.sender.send_due()
    assert work.left == set()
    assert await running(database) == 0
    if not kept:
        await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees
    assert await attempt(database)


async def test_work_that_comes_while_another_is_at_the_same_is_looked_at_when_that_is_over(
    olga: Person, database: Database, profile: Profile, voices: Mapping[Language, Texts]
) -> None:
    telegram, over = olga.telegram, asyncio.Event()
    work: Work = telegram.dispatcher["work"]
    resuming = Resuming(telegram.bot, work, database, profile, telegram.clock, voices)

    async def cut_short(*_: Any, **__: Any) -> None:
        raise TroubleError(Trouble.BUSY)

    async def stand() -> None:
        await over.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "previewed", cut_short)
        await send(olga, MARKS)
    left = set(work.left)
    async with database.read() as storage:
        (upload,) = [each for number in range(1, 9) if (each := await storage.uploads.by_id(number))]
    work.start(jobs.key_of(upload.id), stand(), 99)
    await resuming.look()
    assert work.left == left
    assert len(left) == 1
    over.set()
    await work.finish()
    await resuming.look()
    await work.finish()
    await telegram.sender.send_due()
    assert work.left == set()
    assert await running(database) == 0
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees
