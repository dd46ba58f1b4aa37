"""Administrators read in their language what is wrong."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.administrators import Administrators
from bot.delivery.metrics import Uncounted
from bot.delivery.troubles import Standing
from bot.i18n import Texts
from bot.jobs.watch import Watch
from bot.screens.alerts import alert, storage_alert
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.watching import Alarm, Expected
from storage.database import Database
from storage.trouble import Trouble
from storage.witness import Loss
from tests.bot.conftest import AIGERIM, NOW, REGISTRAR, HandClock
from tests.telegram import Telegram

DETAILS: Mapping[Alarm, tuple[Mapping[str, Any], str]] = {
    Alarm.CANNOT_SEND: ({"waiting": 21, "since": NOW.isoformat(), "at": NOW.isoformat()}, "21 сообщение"),
    Alarm.REFUSED: ({"number": 3}, "3 сообщения бота не дойдут"),
    Alarm.DISK_FILLING: ({"bytes": 700 * 1024**2}, "свободно 700 МБ"),
    Alarm.BACKUP_FAILED: ({"at": NOW.isoformat()}, "не получилась: 15 января, 10:00"),
    Alarm.BACKUP_OVERDUE: ({"last": NOW.isoformat()}, "копия: 15 января, 10:00"),
    Alarm.IMPORT_OVERDUE: ({"last": None}, "ещё ни разу не загружались"),
    Alarm.RECORDS_LOST: (
        {"files": [{"file": "kenes.db", "update": 7, "at": NOW.isoformat()}], "held": 2},
        "Последнее обновление в нём: № 7, 15 января, 10:00",
    ),
}


@pytest.mark.parametrize("alarm", Alarm)
def test_every_alarm_has_its_words(voices: Mapping[Language, Texts], alarm: Alarm) -> None:
    detail, says = DETAILS[alarm]
    assert says in alert(voices[Language.RU], {"alarm": alarm.value, **detail}).text
    assert "Ботқа әкімші керек" in alert(voices[Language.KK], {"alarm": alarm.value, **detail}).text


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_its_words(voices: Mapping[Language, Texts], trouble: Trouble) -> None:
    told = [storage_alert(texts, trouble, NOW, Loss("kenes.db", 7, NOW)).text for texts in voices.values()]
    assert all("kenes.db" in text for text in told)
    assert told[0] != told[1]
    others = [storage_alert(voices[Language.KK], other, NOW).text for other in Trouble if other is not trouble]
    assert storage_alert(voices[Language.KK], trouble, NOW).text not in others


async def test_administrators_are_told_past_the_records_when_those_do_not_work(
    telegram: Telegram,
    database: Database,
    profile: Profile,
    clock: HandClock,
    voices: Mapping[Language, Texts],
) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.ADMIN), RoleGrant(AIGERIM, Role.ADMIN)], at=NOW, by=None)
        await storage.accounts.link(5, REGISTRAR, at=NOW, consent_version="1")
        await storage.accounts.link(6, AIGERIM, at=NOW, consent_version="1")
        await storage.commit()
    noted: list[Mapping[int, Language]] = []
    administrators = Administrators(telegram.bot, database, profile, clock, voices, remember=noted.append)
    watch = Watch(database, profile, clock, Expected(), None, Uncounted(), administrators)
    await watch.look()
    await watch.look()
    assert noted == [{5: Language.RU, 6: Language.KK}]
    telegram.person(6, "x").blocks()
    await database.close()
    await administrators.tell_of(Standing(Trouble.FULL, NOW), None)
    await administrators.tell_of(Standing(Trouble.FULL, NOW), NOW + timedelta(minutes=5))
    told = [shown.text for shown in telegram.room(5).messages]
    assert "На диске с базой кончилось место." in told[0]
    assert "База снова работает. Не работала: 15 января, 10:00 – 15 января, 10:05" in told[1]
    assert telegram.room(6).messages == []


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
