"""Telling of requests: what the student is owed at every step, and the cards the staff reads of what waits."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from policy.people import Role, Student
from policy.profile import Profile
from policy.reading import covers
from policy.requests import Kind, Queue, RequestRules
from policy.review import readers
from services.owing import REWORDING, amend, otherwise, owe
from services.teaching import lecturers_of
from storage.outbox import NewOwed, OwedState, Priority
from storage.queues import Card, QueueChat
from storage.requests import Decision, Request
from storage.unit import Storage

REQUEST_NEWS = "request news"  # to the student; `content` names the request, the news, the decision
REQUEST_CARD = "request card"  # to the staff; `content` names the request and the queue
QUEUE_SUMMARY = "queue summary"  # to the staff, where cards would be too many; `content` names the queue
OVERDUE = "overdue requests"  # to the staff; `content` names the queue
UNREAD_GROUP = "unread group"  # to who bound it: its queue's messages cannot be posted; `content` names the queue
SUBSTITUTE_NEEDED = "substitute needed"  # to the administrators; `content` names the request
REQUEST_DOCUMENTS = "request documents"  # to the student: what an album brought; `content` names the request, if known
SEAT_REMINDER = "seat reminder"  # to the student; `content` names the request and when the exam is

_HOUR = timedelta(hours=1)
_SUMMED_UP_EVERY = timedelta(minutes=1)
_ALBUM_IS_THERE = timedelta(seconds=2)  # nothing marks the last part of an album


class News(StrEnum):
    """What a student is told about a request without having asked."""

    REGISTERED = "registered"  # from paper, by the staff
    TAKEN = "taken"
    ASKED = "asked"
    DECIDED = "decided"
    ENTERED = "entered"
    SEATED = "seated"
    MOVED = "moved"
    CALLED_OFF = "called_off"
    VOID = "void"


def news_group(request_id: int) -> str:
    """Return the group key of what a student is told of a request."""
    return f"request:{request_id}"


def kinds_of(queue: Queue) -> tuple[Kind, ...]:
    """Return the kinds that wait in a queue."""
    return tuple(kind for kind in Kind if kind.queue is queue)


def readers_of(queue: Queue, rules: RequestRules) -> tuple[Role, ...]:
    """Return the roles whose holders read a queue."""
    return tuple(dict.fromkeys(role for kind in kinds_of(queue) for role in readers(kind, rules)))


async def owe_news(
    storage: Storage, request: Request, news: News, *, now: datetime, decision: Decision | None = None
) -> None:
    """Owe the student the news of a step; a card says so when it cannot arrive. The caller commits."""
    content: dict[str, Any] = {"request": request.id, "news": news, "decision": decision and decision.id}
    cards = await storage.queues.cards_of(request.id)
    if cards:
        card = next((each for each in cards if each.chat_id is not None), cards[0])
        content |= otherwise(card.chat_id or card.person_id or "", REWORDING, {"of": card.owed_id})
    await owe(
        storage,
        to=request.student_id,
        kind=REQUEST_NEWS,
        content=content,
        now=now,
        priority=Priority.DEADLINE,
        group_key=news_group(request.id),
    )


async def owe_documents(
    storage: Storage, student_id: str, request_id: int | None, *, chat: int, album: str, now: datetime
) -> None:
    """Owe the student, in this chat of theirs, one answer to all parts of an album, worded once they are there.

    Without a request it asks which one they are for. The caller commits.
    """
    await owe(
        storage,
        to=chat,
        kind=REQUEST_DOCUMENTS,
        content={"request": request_id, "student": student_id, "chat": chat},
        now=now,
        priority=Priority.ANSWER,
        not_before=now + _ALBUM_IS_THERE,
        dedupe_key=f"album:{album}:{request_id or 0}",
    )


async def owe_cards(
    storage: Storage, request: Request, student: Student, *, now: datetime, profile: Profile, queue: Queue | None = None
) -> None:
    """Owe the staff a card about a request: in the queue's chat, else to everybody who reads it there.

    Above a rate one summary stands for all. `queue` is another than its own where another desk has to act now. The
    caller commits.
    """
    queue = queue or request.kind.queue
    chat = await storage.queues.chat_of(queue)
    if await storage.queues.cards_since(queue, now - _HOUR) >= profile.requests.cards_an_hour:
        await _sum_up(storage, queue, chat, now=now, profile=profile)
        return
    if chat:
        await _owe_card(storage, queue, request.id, chat, now=now)
        return
    aside = {request.student_id, *await lecturers_of(storage, request.student_id, request.exam)}
    for person_id in await reading(storage, queue, institute=student.institute, now=now, profile=profile):
        if person_id not in aside:
            await _owe_card(storage, queue, request.id, person_id, now=now)


async def owe_card_to(storage: Storage, request: Request, person_ids: Iterable[str], *, now: datetime) -> None:
    """Owe these people a card of their own: the request waits for them now. The caller commits."""
    for person_id in dict.fromkeys(person_ids):
        if person_id != request.student_id:
            await _owe_card(storage, request.kind.queue, request.id, person_id, now=now)


async def owe_substitute_call(storage: Storage, request: Request, *, now: datetime, profile: Profile) -> None:
    """Ask the administrators, once, to name somebody who signs a case that nobody free of conflict can sign.

    The caller commits.
    """
    today = now.astimezone(profile.university.zone).date()
    student = await storage.students.by_id(request.student_id)
    scopes = [student.institute if student else None]
    for grant in await storage.roles.holders(Role.ADMIN):
        if covers([grant], {Role.ADMIN}, scopes, on=today):
            await owe(
                storage,
                to=grant.person_id,
                kind=SUBSTITUTE_NEEDED,
                content={"request": request.id},
                now=now,
                dedupe_key=f"substitute:{request.id}:{grant.person_id}",
            )


async def rewrite_cards(storage: Storage, request: Request, *, now: datetime) -> None:
    """Have every card of a request say how it stands now. The caller commits."""
    for card in await storage.queues.cards_of(request.id):
        owed = await storage.outbox.by_id(card.owed_id)
        if owed:
            await amend(storage, card.owed_id, owed.content, now=now)


async def post_cards_anew(storage: Storage, chat: QueueChat, requests: tuple[Request, ...], *, now: datetime) -> None:
    """Put the cards of open requests into a chat whose old messages can no longer be edited. The caller commits.

    A card that still waits to be sent gets there by itself; people's own stay where they are.
    """
    for request in requests:
        cards = await storage.queues.cards_of(request.id)
        mine = [card for card in cards if card.queue is chat.queue and card.chat_id == chat.chat_id]
        gone = [card.owed_id for card in mine if await _stands(storage, card)]
        for owed_id in gone:
            await storage.outbox.withdraw(owed_id)
        await storage.queues.drop_cards(gone)
        if gone:
            await _owe_card(storage, chat.queue, request.id, chat, now=now)


async def post_unseen_cards(
    storage: Storage, chat: QueueChat, requests: tuple[Request, ...], *, now: datetime, most: int | None
) -> None:
    """Put cards of open requests into a chat that was just bound, where nobody can have seen one. The caller commits.

    Above `most` of them a summary stands for the rest.
    """
    unseen = await forget_unseen_cards(storage, chat.queue, requests)
    for request in unseen[:most]:
        await _owe_card(storage, chat.queue, request.id, chat, now=now)
    if most is not None and len(unseen) > most:
        await _owe_card(storage, chat.queue, None, chat, now=now)


async def forget_unseen_cards(storage: Storage, queue: Queue, requests: tuple[Request, ...]) -> list[Request]:
    """Return the requests of which no card was sent, neither their own nor a summary, and forget what they had.

    The place those were for is gone, or they still wait: then they are never sent. So are the queue's summaries, which
    speak of a place that is the queue's no more. The caller commits.
    """
    summaries = await storage.queues.summaries_of(queue)
    summed_up = [card for card in summaries if await _was_sent(storage, card)]
    await _forget(storage, list(summaries))
    unseen = []
    for request in requests:
        cards = [card for card in await storage.queues.cards_of(request.id) if card.queue is queue]
        if [card for card in cards if await _was_sent(storage, card)]:
            continue
        if not cards and any(timedelta() <= request.received_at - card.made_at < _HOUR for card in summed_up):
            continue
        await _forget(storage, [card for card in cards if not await _stands(storage, card)])
        unseen.append(request)
    return unseen


async def _forget(storage: Storage, cards: list[Card]) -> None:
    """Forget cards that did not arrive; those that still wait are never sent."""
    for card in cards:
        owed = await storage.outbox.by_id(card.owed_id)
        if owed and owed.state is OwedState.WAITING:
            await storage.outbox.withdraw(card.owed_id)
    await storage.queues.drop_cards([card.owed_id for card in cards])


async def _was_sent(storage: Storage, card: Card) -> bool:
    owed = await storage.outbox.by_id(card.owed_id)
    return owed is not None and owed.state is OwedState.SENT


async def _stands(storage: Storage, card: Card) -> bool:
    """Tell whether a card is there, or on its way: whether that arrived before the chat moved nobody knows."""
    owed = await storage.outbox.by_id(card.owed_id)
    return owed is not None and (owed.state is OwedState.SENT or owed.leased_until is not None)


async def _sum_up(storage: Storage, queue: Queue, chat: QueueChat | None, *, now: datetime, profile: Profile) -> None:
    """Have the summaries of a queue say how it stands, once a minute at most; the first of an hour is sent anew."""
    standing = [card for card in await storage.queues.summaries_of(queue) if now - card.made_at < _HOUR]
    if not standing:
        to = [chat] if chat else await reading(storage, queue, institute=None, now=now, profile=profile)
        for each in to:
            await _owe_card(storage, queue, None, each, now=now)
        return
    turn = int(now.timestamp() // _SUMMED_UP_EVERY.total_seconds())
    for card in standing:
        await storage.outbox.add(
            NewOwed(
                kind=REWORDING,
                content={"of": card.owed_id},
                made_at=now,
                chat_id=card.chat_id,
                person_id=card.person_id,
                thread_id=chat.thread_id if chat else None,
                not_before=now + _SUMMED_UP_EVERY,
                dedupe_key=f"summary:{card.owed_id}:{turn}",
            )
        )


async def _owe_card(
    storage: Storage, queue: Queue, request_id: int | None, to: QueueChat | str, *, now: datetime
) -> None:
    chat = to if isinstance(to, QueueChat) else None
    content: Mapping[str, Any] = {"request": request_id, "queue": queue}
    if chat:
        content = {**content, "language": chat.language, **instead_of_posting(chat, now)}
    owed_id = await owe(
        storage,
        to=chat.chat_id if chat else str(to),
        thread=chat.thread_id if chat else None,
        kind=REQUEST_CARD if request_id else QUEUE_SUMMARY,
        content=content,
        now=now,
    )
    if owed_id is not None:
        chat_id, person_id = (to.chat_id, None) if isinstance(to, QueueChat) else (None, to)
        await storage.queues.add_card(Card(owed_id, request_id, queue, chat_id, person_id, now))


def instead_of_posting(chat: QueueChat, now: datetime) -> dict[str, Any]:
    """Return what to add to a message for a group, so that who bound it hears, once a day, that it cannot be posted."""
    key = f"unread:{chat.queue}:{chat.chat_id}:{now.date()}"
    return otherwise(chat.bound_by, UNREAD_GROUP, {"queue": chat.queue}, dedupe_key=key)


async def reading(
    storage: Storage, queue: Queue, *, institute: str | None, now: datetime, profile: Profile
) -> tuple[str, ...]:
    """Name the people who read a queue today: what lies in an institute, or (None) anything."""
    today = now.astimezone(profile.university.zone).date()
    roles = readers_of(queue, profile.requests)
    grants = sorted(await storage.roles.holders(*roles), key=lambda each: roles.index(each.role))
    scopes = () if institute is None else (institute,)
    return tuple(dict.fromkeys(each.person_id for each in grants if covers([each], roles, scopes, on=today)))
