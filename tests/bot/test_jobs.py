"""Long work of a process that was killed: the next one goes on with it, or says how it stands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import SendMessage

from bot.app import make_dispatcher
from bot.i18n import Texts
from bot.jobs import imports as jobs
from bot.jobs.resuming import Resuming
from bot.jobs.sweeps import JOB_KEPT, sweep
from bot.jobs.work import Work
from bot.metrics import Uncounted
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.importing import load_upload, undo
from storage.database import Database
from storage.trouble import Trouble, TroubleError
from tests.bot.conftest import NOW, REGISTRAR, HandClock
from tests.bot.test_imports import MARKS, attempt, send, tap
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


@pytest.fixture
def restart(
    telegram: Telegram, database: Database, profile: Profile, clock: HandClock, voices: Mapping[Language, Texts]
) -> Callable[[], Awaitable[None]]:
    """Begin with a new dispatcher over the same records; what the old one was doing says nothing any more."""

    async def make() -> None:
        old: Work = telegram.dispatcher["work"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(telegram, "make_request", dead)
            await old.stop()
        fresh = make_dispatcher(database=database, profile=profile, clock=clock, voices=voices)
        fresh["sender"] = telegram.sender
        telegram.dispatcher = telegram.updates._dispatcher = fresh
        work: Work = fresh["work"]
        await Resuming(telegram.bot, work, database, profile, clock, voices).start()
        await work.finish()
        await telegram.sender.send_due()

    return make


async def dead(_bot: Any, method: Any, **_: Any) -> None:
    raise TelegramNetworkError(method, "the process is gone")


async def reach(
    olga: Person, press: Callable[[], Awaitable[Any]], patch: pytest.MonkeyPatch, where: str, real: Any = None
) -> None:
    """Do something until the process is about to call `where`, or has just done so; there it stands."""
    reached = asyncio.Event()

    async def stand(*arguments: Any, **named: Any) -> None:
        if real:
            await real(*arguments, **named)
        reached.set()
        await asyncio.Event().wait()

    patch.setattr(jobs, where, stand)
    async with olga.telegram.dispatcher["work"].turn:  # what stands may hold the records: the handler ends first
        await press()
    await reached.wait()


async def running(database: Database) -> int:
    async with database.write() as storage:
        return len(await storage.jobs.take_over(since=None, at=NOW))


@pytest.mark.parametrize("where", ["_downloaded", "_preview"])
async def test_a_file_that_was_being_read_is_read_by_the_next_process(
    olga: Person, database: Database, restart: Callable[[], Awaitable[None]], where: str
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
    olga: Person, database: Database, restart: Callable[[], Awaitable[None]]
) -> None:
    await send(olga, MARKS)
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.taps("Загрузить"), patch, "load_upload")
    await restart()
    assert "Ничего не изменено, файл по-прежнему здесь" in olga.sees
    assert await attempt(database) is None
    await tap(olga, "Загрузить")
    assert "Загружено, № 1" in olga.sees


async def test_a_loading_that_had_happened_tells_its_result(
    olga: Person, database: Database, restart: Callable[[], Awaitable[None]]
) -> None:
    await send(olga, MARKS)
    shown = olga.last
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.taps("Загрузить"), patch, "load_upload", load_upload)
    await restart()
    assert "Загружено, № 1" in shown.text
    assert "новых: 2" in shown.text
    async with database.read() as storage:
        assert len(await storage.imports.latest()) == 1


async def test_a_taking_back_is_looked_at(olga: Person, restart: Callable[[], Awaitable[None]]) -> None:
    await send(olga, MARKS)
    await tap(olga, "Загрузить")
    await olga.taps("Отменить загрузку…")
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.sends("Не тот файл"), patch, "undo", undo)
    await restart()
    assert "Отменена" in olga.sees
    assert "Иванова О. П." in olga.sees


async def test_whoever_is_no_registrar_any_more_is_shown_nothing(
    olga: Person, database: Database, clock: HandClock, restart: Callable[[], Awaitable[None]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await reach(olga, lambda: olga.uploads("marks.csv", MARKS), patch, "_preview")
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
