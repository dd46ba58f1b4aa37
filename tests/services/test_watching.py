"""What the bot tells administrators by itself: each thing that is wrong, once in a while, whoever looks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from policy.people import Role, RoleGrant
from policy.profile import Profile, load_profile
from services.owing import Undelivered, owe
from services.watching import BACKUP, BACKUP_FAILED, DISK_WARNING, EVERY, Alarm, Expected, alarms, raise_alarms
from storage.database import Database
from storage.outbox import Arrived, OwedState, Settled
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, REGISTRAR

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(None)


async def wrong(
    storage: Storage, *, now: datetime = NOW, free: int | None = None, expected: Expected | None = None
) -> Mapping[str, Mapping[str, Any]]:
    found = await alarms(storage, free_bytes=free, expected=expected or Expected(), now=now)
    return {each.alarm: each.detail for each in found}


async def owed(storage: Storage, at: datetime = NOW) -> int:
    number = await owe(storage, to="T0009", kind="alert", content={}, now=at)
    assert number
    return number


async def settle(storage: Storage, number: int, state: OwedState, error: str | None = None) -> None:
    await storage.outbox.lease("x", now=NOW + DAY, real=NOW + DAY, until=NOW + 2 * DAY, room=9)
    arrived = Arrived(1, (1,)) if state is OwedState.SENT else None
    sent_at = NOW + 9 * MINUTE if state is OwedState.SENT else None
    await storage.outbox.settle("x", [Settled(number, state, sent_at=sent_at, arrived=arrived, error=error)])


async def test_nothing_is_wrong_where_nothing_is_expected(database: Database) -> None:
    async with database.read() as storage:
        assert await wrong(storage) == {}


async def test_it_cannot_send_when_something_waits_and_nothing_at_all_goes_out(database: Database) -> None:
    async with database.write() as storage:
        await owed(storage)
        assert await wrong(storage, now=NOW + 9 * MINUTE) == {}
        now = NOW + 10 * MINUTE
        assert await wrong(storage, now=now) == {
            Alarm.CANNOT_SEND: {"waiting": 1, "since": NOW.isoformat(), "at": now.isoformat()}
        }
        sent = await owed(storage, NOW - MINUTE)
        await settle(storage, sent, OwedState.SENT)
        assert await wrong(storage, now=now) == {}  # something goes out: a long queue is no trouble


async def test_what_telegram_refuses_is_told_and_what_is_normal_life_is_not(database: Database) -> None:
    async with database.write() as storage:
        await settle(storage, await owed(storage), OwedState.FAILED, "BadRequest: can't parse entities")
        await settle(storage, await owed(storage), OwedState.FAILED, Undelivered.BLOCKED)
        assert await wrong(storage) == {Alarm.REFUSED: {"number": 1}}
        assert await wrong(storage, now=NOW + EVERY + MINUTE) == {}


@pytest.mark.parametrize(("free", "told"), [(None, False), (DISK_WARNING, False), (DISK_WARNING - 1, True)])
async def test_a_disk_that_is_filling_is_told(database: Database, free: int | None, told: bool) -> None:
    async with database.read() as storage:
        assert await wrong(storage, free=free) == ({Alarm.DISK_FILLING: {"bytes": free}} if told else {})


async def test_a_backup_that_failed_is_told_until_one_succeeds(database: Database) -> None:
    async with database.write() as storage:
        await storage.pulse.beat(BACKUP, at=NOW - DAY)
        await storage.pulse.beat(BACKUP_FAILED, at=NOW)
        assert await wrong(storage) == {Alarm.BACKUP_FAILED: {"at": NOW.isoformat()}}
        await storage.pulse.beat(BACKUP, at=NOW + MINUTE)
        assert await wrong(storage) == {}


async def test_a_backup_is_overdue_a_moment_after_its_time(database: Database) -> None:
    expected = Expected(backup=DAY)
    async with database.write() as storage:
        assert await wrong(storage, expected=expected) == {Alarm.BACKUP_OVERDUE: {"last": None}}
        await storage.pulse.beat(BACKUP, at=NOW)
        assert await wrong(storage, expected=expected, now=NOW + DAY) == {}
        late = await wrong(storage, expected=expected, now=NOW + DAY + MINUTE)
        assert late == {Alarm.BACKUP_OVERDUE: {"last": NOW.isoformat()}}


async def test_an_import_is_overdue_unless_a_file_was_looked_at(database: Database) -> None:
    expected, late = Expected(imported=DAY), NOW + DAY + MINUTE
    async with database.write() as storage:
        assert await wrong(storage, expected=expected) == {Alarm.IMPORT_OVERDUE: {"last": None}}
        await storage.imports.record(kind="marks", file_name="x", sha256="a" * 64, actor=None, at=NOW, counts={})
        assert await wrong(storage, expected=expected, now=late) == {Alarm.IMPORT_OVERDUE: {"last": NOW.isoformat()}}
        await storage.pulse.beat("import:days", at=NOW + HOUR)  # one that changed nothing
        assert await wrong(storage, expected=expected, now=late) == {}


async def test_every_administrator_is_told_once_in_a_while(database: Database, profile: Profile) -> None:
    over = date(2026, 1, 11)

    async def look(now: datetime) -> tuple[Alarm, ...]:
        async with database.write() as storage:
            return await raise_alarms(storage, free_bytes=0, expected=Expected(), profile=profile, now=now)

    async with database.write() as storage:
        await storage.people.save([REGISTRAR, DEAN, replace(DEAN, person_id="T0003")])
        grants = [RoleGrant(REGISTRAR.person_id, Role.ADMIN), RoleGrant(DEAN.person_id, Role.ADMIN)]
        await storage.roles.grant([*grants, RoleGrant("T0003", Role.ADMIN, None, over)], at=NOW, by=None)
        await storage.commit()
    assert await look(NOW) == (Alarm.DISK_FILLING,)
    async with database.read() as storage:
        told = [await storage.outbox.by_id(number) for number in (1, 2, 3)]
    assert [each and (each.person_id, each.kind, each.content) for each in told] == [
        (REGISTRAR.person_id, "alert", {"alarm": "disk filling", "bytes": 0}),
        (DEAN.person_id, "alert", {"alarm": "disk filling", "bytes": 0}),
        None,
    ]
    assert Alarm.DISK_FILLING not in await look(NOW + EVERY - MINUTE)
    assert Alarm.DISK_FILLING in await look(NOW + EVERY)
