"""Outages: who wrote meanwhile is told, once, that it counts; who answers for it is told what may be lost."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import TelegramObject

from bot.delivery.touch import Touch
from services.outages import in_touch
from storage.database import Database
from tests.bot.conftest import AIGERIM, NOW, REGISTRAR, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
MINUTE = timedelta(minutes=1)


class Seconds:
    """Real time, moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def restart(telegram: Telegram, database: Database, clock: HandClock) -> Callable[[], Awaitable[Touch]]:
    """Start the process anew and let Telegram answer it."""

    async def start() -> Touch:
        touch = telegram.updates._touch = Touch(database, clock)
        await touch.answered()
        return touch

    return start


@pytest.fixture
async def down(restart: Callable[[], Awaitable[Touch]], database: Database, clock: HandClock) -> None:
    """Be down from 10:00 to 10:30."""
    await restart()
    async with database.write() as storage:
        await in_touch(storage, at=NOW)
    clock.move(30 * MINUTE)
    await restart()


@pytest.mark.usefixtures("down")
async def test_who_wrote_meanwhile_is_told_once_that_it_counts(linked: Linked, clock: HandClock) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks", late=12 * MINUTE)
    assert "Бот жұмыс істемеген уақыт: 15 қаңтар, 10:00 – 15 қаңтар, 10:30." in aigerim.sees
    assert "15 қаңтар, 10:18" in aigerim.sees
    await aigerim.sends("/marks", late=11 * MINUTE)
    assert "жұмыс істемеген" not in aigerim.sees


@pytest.mark.usefixtures("down")
async def test_what_waited_with_telegram_meanwhile_is_old_and_what_comes_later_is_not(
    telegram: Telegram, linked: Linked
) -> None:
    old: list[bool] = []

    async def look(_: object, event: TelegramObject, data: dict[str, Any]) -> None:
        old.append(data["handling"].old)

    await linked(AIGERIM)
    telegram.dispatcher.update.outer_middleware(look)
    for number, waited in ((1001, True), (1002, False)):
        message = {"message_id": number, "date": 1_768_453_200, "chat": {"id": 1, "type": "private"}, "text": "x"}
        await telegram.updates.take([{"update_id": number, "message": message}], old=waited)
        await telegram.updates.idle()
    assert old == [True, False]


@pytest.mark.usefixtures("down")
async def test_who_wrote_before_and_is_answered_only_now_is_told_who_writes_after_is_not(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "жұмыс істемеген" not in aigerim.sees
    await aigerim.sends("/marks", late=31 * MINUTE)
    assert "жұмыс істемеген" in aigerim.sees
    assert "15 қаңтар, 09:59" in aigerim.sees


@pytest.mark.usefixtures("down")
async def test_an_outage_is_remembered_over_another_restart(
    linked: Linked, clock: HandClock, restart: Callable[[], Awaitable[Touch]], database: Database
) -> None:
    async with database.write() as storage:
        await in_touch(storage, at=clock.now())
    clock.move(MINUTE / 2)
    await restart()
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks", late=12 * MINUTE)
    assert "жұмыс істемеген" in aigerim.sees


@pytest.mark.usefixtures("down")
async def test_a_group_is_told_nothing(telegram: Telegram, linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    group = telegram.group("IS-24-1")
    await aigerim.sends("/marks", in_=group, late=12 * MINUTE)
    assert "жұмыс істемеген" not in group.sees


async def test_the_first_start_and_a_short_stop_are_no_outage(
    restart: Callable[[], Awaitable[Touch]], linked: Linked, clock: HandClock, database: Database
) -> None:
    await restart()
    async with database.write() as storage:
        await in_touch(storage, at=clock.now())
    clock.move(MINUTE)
    await restart()
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks", late=MINUTE / 2)
    assert "жұмыс істемеген" not in aigerim.sees


async def test_while_the_process_runs_silence_is_an_outage_and_a_moved_clock_is_none(
    telegram: Telegram, linked: Linked, clock: HandClock, database: Database
) -> None:
    real = Seconds()
    touch = telegram.updates._touch = Touch(database, clock, real=real)
    await touch.answered()
    clock.move(60 * MINUTE)
    await touch.answered()
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks", late=30 * MINUTE)
    assert "жұмыс істемеген" not in aigerim.sees
    real.at += 600
    clock.move(10 * MINUTE)
    await touch.answered()
    await aigerim.sends("/marks", late=5 * MINUTE)
    assert "15 қаңтар, 11:00 – 15 қаңтар, 11:10" in aigerim.sees


@pytest.mark.parametrize(("hours", "reported"), [(24, False), (30, True)])
async def test_after_more_than_a_day_the_registrar_reads_what_may_be_lost(
    *,
    restart: Callable[[], Awaitable[Touch]],
    telegram: Telegram,
    linked: Linked,
    clock: HandClock,
    database: Database,
    hours: int,
    reported: bool,
) -> None:
    olga = await linked(REGISTRAR, 2)
    await restart()
    async with database.write() as storage:
        await in_touch(storage, at=NOW)
    clock.move(timedelta(hours=hours))
    await restart()
    await telegram.sender.send_due()
    said = "\n".join(shown.text for shown in olga.room.messages)
    assert ("15 января, 10:00 – 15 января, 16:00" in said) is reported
