"""Outages: what people sent while the bot was down counts as of when they sent it, and they are told so.

Telegram keeps what is sent to a bot for 24 hours: after a longer outage the registrar's office and the administrators
are told what may be lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.people import Role
from services.owing import owe
from storage.unit import Storage

SHORTEST = timedelta(seconds=60)  # what is shorter nobody notices
KEPT_BY_TELEGRAM = timedelta(hours=24)
TOUCHED = "outage"  # kinds of owed messages
LOST = "lost updates"
REPORTED_TO = (Role.REGISTRAR, Role.ADMIN)

_POLL, _OUTAGE = "poll", "outage"  # names in the pulse


@dataclass(frozen=True, slots=True)
class Outage:
    """From when until when nothing was taken in."""

    began: datetime
    ended: datetime

    def held_up(self, sent: datetime) -> bool:
        """Tell whether something that is handled only now had to wait for the end: sent meanwhile, or shortly before.

        What was in flight when it began is handled, and answered, once more: nobody knows whether it was answered.
        """
        return sent < self.ended


async def last_outage(storage: Storage) -> Outage | None:
    """Return the latest outage that was noticed."""
    beat = await storage.pulse.last(_OUTAGE)
    return Outage(datetime.fromisoformat(beat.detail["began"]), beat.at) if beat and beat.detail else None


async def last_answer(storage: Storage) -> datetime | None:
    """Return when Telegram was last known to be in touch; None: it never was."""
    beat = await storage.pulse.last(_POLL)
    return beat.at if beat else None


async def in_touch(storage: Storage, *, at: datetime) -> None:
    """Keep when Telegram was in touch. Commits."""
    await storage.pulse.beat(_POLL, at=at)
    await storage.commit()


async def note(storage: Storage, outage: Outage) -> None:
    """Keep that there was an outage, and report one after which something may be lost. Commits."""
    await storage.pulse.beat(_OUTAGE, at=outage.ended, detail={"began": outage.began.isoformat()})
    if outage.ended - outage.began > KEPT_BY_TELEGRAM:
        grants = await storage.roles.holders(*REPORTED_TO)
        on = outage.ended.date()
        for person in dict.fromkeys(grant.person_id for grant in grants if grant.holds_on(on)):
            await owe(
                storage,
                to=person,
                kind=LOST,
                content=_dates(outage),
                now=outage.ended,
                dedupe_key=f"{LOST} {outage.began.isoformat()} {person}",
            )
    await storage.commit()


async def tell(storage: Storage, outage: Outage, *, chat: int, sent: datetime, now: datetime) -> None:
    """Owe somebody whose message waited for the end of an outage one that says what becomes of it. Commits."""
    await owe(
        storage,
        to=chat,
        kind=TOUCHED,
        content={**_dates(outage), "sent": sent.isoformat()},
        now=now,
        dedupe_key=f"{TOUCHED} {outage.began.isoformat()} {chat}",
    )
    await storage.commit()


def _dates(outage: Outage) -> dict[str, str]:
    return {"began": outage.began.isoformat(), "ended": outage.ended.isoformat()}
