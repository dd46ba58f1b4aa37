"""Overdue: who is reminded that answers to requests are late, and how often."""

from datetime import datetime, timedelta

from policy.profile import Profile
from policy.requests import OPEN, Queue
from services.calendar import calendar_of
from services.owing import owe
from services.requests.cases import Waiting, queue_for
from services.requests.telling import OVERDUE, instead_of_posting, kinds_of, reading
from storage.requests import Request
from storage.unit import Storage


async def overdue_of(storage: Storage, queue: Queue, *, now: datetime) -> tuple[Request, ...]:
    """Return the requests of a queue whose answer is late, the latest deadline last; those that are paused wait."""
    waiting = await storage.requests.in_states(kinds_of(queue), OPEN)
    return tuple(each for each in waiting if each.paused_at is None and now >= each.due_at)


async def owe_overdue_alerts(storage: Storage, *, now: datetime, profile: Profile) -> int:
    """Owe each queue's chat, or else everybody who reads it, one alert in an interval while answers are late.

    On working days and in office hours only. Returns how many are owed now. Commits.
    """
    calendar, rules = await calendar_of(storage, profile=profile), profile.requests
    today = calendar.local_day(now)
    opens, closes = calendar.instant(today, rules.office_from), calendar.instant(today, rules.office_until)
    if not calendar.is_working(today) or not opens <= now < closes:
        return 0
    interval = (now - opens) // timedelta(hours=rules.overdue_alert_hours)
    owed = 0
    for queue in Queue:
        if not await overdue_of(storage, queue, now=now):
            continue
        chat = await storage.queues.chat_of(queue)
        said = {"language": chat.language, **instead_of_posting(chat, now)} if chat else {}
        for to in [chat.chat_id] if chat else await _late_for(storage, queue, now=now, profile=profile):
            number = await owe(
                storage,
                to=to,
                thread=chat.thread_id if chat else None,
                kind=OVERDUE,
                content={"queue": queue, **said},
                now=now,
                expires=closes,
                dedupe_key=f"overdue:{queue}:{today}:{interval}:{to}",
            )
            owed += number is not None
    await storage.commit()
    return owed


async def _late_for(storage: Storage, queue: Queue, *, now: datetime, profile: Profile) -> list[str]:
    """Name those who read a queue and find something late in it."""
    found = []
    for person_id in await reading(storage, queue, institute=None, now=now, profile=profile):
        late = await queue_for(storage, queue, by=person_id, which=Waiting.OVERDUE, now=now, profile=profile)
        if isinstance(late, tuple) and late:
            found.append(person_id)
    return found
