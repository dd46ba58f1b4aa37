"""Administrators read in their language what is wrong."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.i18n import Texts
from bot.jobs.watch import Watch
from bot.metrics import Uncounted
from bot.screens.alerts import alert
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.watching import Alarm, Expected
from storage.database import Database
from tests.bot.conftest import NOW, REGISTRAR, HandClock

DETAILS: Mapping[Alarm, tuple[Mapping[str, Any], str]] = {
    Alarm.CANNOT_SEND: ({"waiting": 21, "since": NOW.isoformat(), "at": NOW.isoformat()}, "21 сообщение"),
    Alarm.REFUSED: ({"number": 3}, "3 сообщения бота не дойдут"),
    Alarm.DISK_FILLING: ({"bytes": 700 * 1024**2}, "свободно 700 МБ"),
    Alarm.BACKUP_FAILED: ({"at": NOW.isoformat()}, "не получилась: 15 января, 10:00"),
    Alarm.BACKUP_OVERDUE: ({"last": NOW.isoformat()}, "копия: 15 января, 10:00"),
    Alarm.IMPORT_OVERDUE: ({"last": None}, "ещё ни разу не загружались"),
}


@pytest.mark.parametrize("alarm", Alarm)
def test_every_alarm_has_its_words(voices: Mapping[Language, Texts], alarm: Alarm) -> None:
    detail, says = DETAILS[alarm]
    assert says in alert(voices[Language.RU], {"alarm": alarm.value, **detail}).text
    assert "Ботқа әкімші керек" in alert(voices[Language.KK], {"alarm": alarm.value, **detail}).text


async def test_a_look_owes_the_administrator_what_is_wrong(
    database: Database, profile: Profile, clock: HandClock, tmp_path: Path
) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.ADMIN)], at=NOW, by=None)
        await storage.commit()
    watch = Watch(database, profile, clock, Expected(backup=timedelta(days=1)), tmp_path, Uncounted())
    await watch.look()
    await watch.look()
    async with database.read() as storage:
        told = await storage.outbox.by_id(1)
        assert await storage.outbox.by_id(2) is None
    assert told
    assert (told.person_id, told.content) == (REGISTRAR, {"alarm": "backup overdue", "last": None})
