"""What administrators are told by the bot itself, before anybody has to ask: it cannot send, there is no backup ..."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from policy.people import Role
from policy.profile import Profile
from services.owing import Undelivered, owe
from storage.unit import Storage
from storage.witness import LOST

ALERT = "alert"  # the kind of the message
EVERY = timedelta(hours=12)  # how often the same alarm is raised while it lasts
POINTLESS_AFTER = timedelta(days=2)
SENDING_PATIENCE = timedelta(minutes=10)
DISK_WARNING = 1024**3  # bytes

BACKUP = "backup"  # in the pulse: the moment a backup holds
BACKUP_FAILED = "backup failed"
IMPORT = "import:"  # and the kind of file: when one was looked at, changed it anything or not


class Alarm(StrEnum):
    """What can be wrong."""

    CANNOT_SEND = "cannot send"
    REFUSED = "refused"  # messages of ours that Telegram does not take
    DISK_FILLING = "disk filling"
    BACKUP_FAILED = "backup failed"
    BACKUP_OVERDUE = "backup overdue"
    IMPORT_OVERDUE = "import overdue"
    RECORDS_LOST = "records lost"  # a file is older than it was


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to happen regularly, and within which time; None: nobody waits for it."""

    backup: timedelta | None = None
    imported: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What is wrong, with what there is to say about it (JSON values; instants in ISO 8601)."""

    alarm: Alarm
    detail: Mapping[str, Any]


async def alarms(storage: Storage, *, free_bytes: int | None, expected: Expected, now: datetime) -> tuple[Alert, ...]:
    """Return all that is wrong now; `free_bytes` are those of the disk the records are on (None: it is not ours)."""
    found = [
        await _sending(storage, now),
        await _refused(storage, now),
        None if free_bytes is None or free_bytes >= DISK_WARNING else Alert(Alarm.DISK_FILLING, {"bytes": free_bytes}),
        *await _backups(storage, expected.backup, now),
        await _lost(storage, now),
        await _imports(storage, expected.imported, now),
    ]
    return tuple(alert for alert in found if alert)


async def raise_alarms(
    storage: Storage, *, free_bytes: int | None, expected: Expected, profile: Profile, now: datetime
) -> tuple[Alarm, ...]:
    """Owe every administrator a message about each thing that is wrong, once in `EVERY`; return what was told. Commits.

    However many processes look, one of them tells.
    """
    told = []
    today = now.astimezone(profile.university.zone).date()
    administrators = {each.person_id for each in await storage.roles.holders(Role.ADMIN) if each.holds_on(today)}
    for alert in await alarms(storage, free_bytes=free_bytes, expected=expected, now=now):
        if not await storage.pulse.take_turn(f"{ALERT}:{alert.alarm}", at=now, every=EVERY):
            continue
        told.append(alert.alarm)
        for person_id in sorted(administrators):
            content = {"alarm": alert.alarm, **alert.detail}
            await owe(storage, to=person_id, kind=ALERT, content=content, now=now, expires=now + POINTLESS_AFTER)
    await storage.commit()
    return tuple(told)


async def _sending(storage: Storage, now: datetime) -> Alert | None:
    """Find that something is due for long and nothing at all went out meanwhile."""
    queue = await storage.outbox.stuck(now=now, since=now - SENDING_PATIENCE)
    if queue is None:
        return None
    waiting, oldest = queue
    return Alert(Alarm.CANNOT_SEND, {"waiting": waiting, "since": oldest.isoformat(), "at": now.isoformat()})


async def _refused(storage: Storage, now: datetime) -> Alert | None:
    """Find messages that nobody will get, by a mistake of ours, owed since the last alert of this kind."""
    number = await storage.outbox.failed(since=now - EVERY, except_for=[*Undelivered])
    return Alert(Alarm.REFUSED, {"number": number}) if number else None


async def _backups(storage: Storage, within: timedelta | None, now: datetime) -> tuple[Alert, ...]:
    last, failed = await storage.pulse.last(BACKUP), await storage.pulse.last(BACKUP_FAILED)
    found = []
    if failed and (last is None or failed.at > last.at):
        found.append(Alert(Alarm.BACKUP_FAILED, {"at": failed.at.isoformat()}))
    if within is not None and (last is None or now - last.at > within):
        found.append(Alert(Alarm.BACKUP_OVERDUE, {"last": last and last.at.isoformat()}))
    return tuple(found)


async def _lost(storage: Storage, now: datetime) -> Alert | None:
    """Find the files that were older than they should have been when the bot began, since the last alert of it."""
    found = [beat for beat in (await storage.pulse.like(LOST)).values() if now - beat.at < EVERY]
    if not found:
        return None
    held = sum(number for number, _ in (await storage.outbox.held()).values())
    return Alert(Alarm.RECORDS_LOST, {"files": [beat.detail for beat in found], "held": held})


async def _imports(storage: Storage, within: timedelta | None, now: datetime) -> Alert | None:
    if within is None:
        return None
    loaded = [each.at for each in await storage.imports.latest(limit=1)]
    last = max([*loaded, *(beat.at for beat in (await storage.pulse.like(IMPORT)).values())], default=None)
    if last is not None and now - last <= within:
        return None
    return Alert(Alarm.IMPORT_OVERDUE, {"last": last and last.isoformat()})
