"""What the staff read of requests: cards, summaries, alerts."""

from collections.abc import Iterable, Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens.review import cards
from policy.requests import OPEN, Queue
from policy.review import Act
from services.requests.cases import case_of
from services.requests.overdue import overdue_of
from services.requests.reading import readable
from services.requests.telling import (
    OVERDUE,
    QUEUE_SUMMARY,
    REQUEST_CARD,
    SUBSTITUTE_NEEDED,
    UNREAD_GROUP,
    kinds_of,
)
from storage.requests import Request


async def _request_card(telling: Telling) -> Screen | None:
    """Say how a request stands; a person reads it as long as their role reaches it and they have no interest in it."""
    request = await telling.storage.requests.by_id(telling.content["request"])
    if request is None:
        return None
    queue, link = Queue(telling.content["queue"]), await _link(telling)
    if not await _theirs(telling, [request]):
        return cards.no_longer_yours(telling.texts) if telling.stands else None
    case = await case_of(telling.storage, request, now=telling.now, profile=telling.profile)
    return cards.card(telling.texts, case, queue=queue, link=link, now=telling.now)


async def _queue_summary(telling: Telling) -> Screen:
    queue = Queue(telling.content["queue"])
    waiting = await _theirs(telling, await telling.storage.requests.in_states(kinds_of(queue), OPEN))
    late = await _theirs(telling, await overdue_of(telling.storage, queue, now=telling.now))
    link = await _link(telling)
    return cards.summary(telling.texts, queue, waiting, overdue=len(late), link=link, now=telling.now)


async def _overdue(telling: Telling) -> Screen | None:
    queue = Queue(telling.content["queue"])
    late = await _theirs(telling, await overdue_of(telling.storage, queue, now=telling.now))
    if not late:
        return None
    return cards.overdue(telling.texts, queue, late, link=await _link(telling), now=telling.now)


async def _substitute_needed(telling: Telling) -> Screen | None:
    request = await telling.storage.requests.by_id(telling.content["request"])
    if request is None or not request.open or request.substitute:
        return None
    if not await _may(telling, Act.NAME_SUBSTITUTE, [request]):
        return None
    case = await case_of(telling.storage, request, now=telling.now, profile=telling.profile)
    return cards.substitute_needed(telling.texts, case)


async def _unread_group(telling: Telling) -> Screen | None:
    queue = Queue(telling.content["queue"])
    return cards.unread_group(telling.texts, queue) if await telling.storage.queues.chat_of(queue) else None


async def _theirs(telling: Telling, those: Iterable[Request]) -> tuple[Request, ...]:
    """Return what of these requests a person may read or enter; a group reads what it was bound for."""
    those = tuple(those)
    if telling.person_id is None:
        return those
    mine = {*await _may(telling, Act.READ, those), *await _may(telling, Act.ENTER, those)}
    return tuple(each for each in those if each.id in mine)


async def _may(telling: Telling, act: Act, those: Iterable[Request]) -> list[int]:
    by, now, profile = telling.person_id or "", telling.now, telling.profile
    return [each.id for each in await readable(telling.storage, those, by=by, now=now, profile=profile, act=act)]


async def _link(telling: Telling) -> str | None:
    """Return the address of the bot, which a group's buttons open; None in a private chat, where they open in place."""
    return None if telling.person_id else f"https://t.me/{(await telling.bot.me()).username}"


NOTICES: Mapping[str, Notice] = {
    REQUEST_CARD: _request_card,
    QUEUE_SUMMARY: _queue_summary,
    OVERDUE: _overdue,
    SUBSTITUTE_NEEDED: _substitute_needed,
    UNREAD_GROUP: _unread_group,
}
