"""Queues: which chat reads of what waits, the cards that stand there, reasons ready to be given, and protocols."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from policy.people import Language
from policy.requests import Queue, RequestState
from storage.connection import Connection
from storage.tables import cards, protocols, queue_chats, reason_templates
from storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class QueueChat:
    """The chat, perhaps a topic of it, where a queue's cards stand, in this language."""

    queue: Queue
    chat_id: int
    thread_id: int | None
    language: Language
    bound_by: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """An owed message that says how a request stands (None: how the queue does), in a chat or in a person's own."""

    owed_id: int
    request_id: int | None
    queue: Queue
    chat_id: int | None
    person_id: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ReasonTemplate:
    """A reason for a decision that is given often, in both languages; `made_by` None: it came with the program."""

    id: int
    queue: Queue
    outcome: RequestState
    text_kk: str
    text_ru: str
    made_by: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol as it was printed first; `content` are JSON values."""

    number: int
    queue: Queue
    day: date
    made_by: str
    made_at: datetime
    content: Mapping[str, Any]


class Queues:
    """Queues by their names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def bind(self, chat: QueueChat) -> None:
        """Let a queue's cards stand in this chat, in place of any other."""
        row = {name: getattr(chat, name) for name in QueueChat.__slots__}
        await upsert(self._connection, queue_chats, [row])

    async def unbind(self, queue: Queue) -> bool:
        """Let a queue's cards go to those who hold its roles; False when no chat was bound."""
        return (await self._connection.execute(_UNBIND, {"of_queue": queue})).rowcount > 0

    async def chat_of(self, queue: Queue) -> QueueChat | None:
        """Give the chat of a queue."""
        row = (await self._connection.execute(_CHAT_OF, {"queue": queue})).first()
        return _chat(row) if row else None

    async def chats(self) -> tuple[QueueChat, ...]:
        """Give every bound chat."""
        return tuple(map(_chat, await self._connection.execute(_CHATS)))

    async def move_chat(self, old: int, new: int) -> tuple[Queue, ...]:
        """Follow a group that became a supergroup, where a topic means nothing yet; return the queues it has.

        The cards that stand there go with it.
        """
        moved = tuple(chat.queue for chat in await self.chats() if chat.chat_id == old)
        if moved:
            await self._connection.execute(_MOVE, {"of_chat": old, "new_chat": new})
            await self._connection.execute(_MOVE_CARDS, {"of_chat": old, "new_chat": new})
        return moved

    async def add_card(self, card: Card) -> None:
        """Remember which owed message is the card of what."""
        await self._connection.execute(cards.insert(), {name: getattr(card, name) for name in Card.__slots__})

    async def cards_of(self, request_id: int) -> tuple[Card, ...]:
        """Give the cards of a request, oldest first."""
        return tuple(map(_card, await self._connection.execute(_CARDS_OF, {"request_id": request_id})))

    async def summaries_of(self, queue: Queue) -> tuple[Card, ...]:
        """Give the summaries of a queue, oldest first."""
        return tuple(map(_card, await self._connection.execute(_SUMMARIES_OF, {"queue": queue})))

    async def cards_since(self, queue: Queue, instant: datetime) -> int:
        """Count the requests of a queue that got cards since an instant."""
        return await self._connection.scalar(_CARDS_SINCE, {"queue": queue, "since": instant}) or 0

    async def drop_cards(self, owed_ids: list[int]) -> None:
        """Forget cards whose messages are gone."""
        if owed_ids:
            await self._connection.execute(_DROP_CARDS, [{"of_owed": number} for number in owed_ids])

    async def templates(self, queue: Queue, outcome: RequestState) -> tuple[ReasonTemplate, ...]:
        """Give the reasons ready to be given, oldest first."""
        rows = await self._connection.execute(_TEMPLATES, {"queue": queue, "outcome": outcome})
        return tuple(map(_template, rows))

    async def template(self, template_id: int) -> ReasonTemplate | None:
        """Give a reason by its number, unless it is retired."""
        row = (await self._connection.execute(_TEMPLATE, {"id": template_id})).first()
        return _template(row) if row else None

    async def add_template(
        self, queue: Queue, outcome: RequestState, *, text_kk: str, text_ru: str, by: str | None, at: datetime
    ) -> int:
        """Keep a reason and return its number."""
        row = {
            "queue": queue,
            "outcome": outcome,
            "text_kk": text_kk,
            "text_ru": text_ru,
            "made_by": by,
            "made_at": at,
        }
        number: int = await self._connection.scalar(reason_templates.insert().returning(reason_templates.c.id), row)
        return number

    async def retire_template(self, template_id: int, *, at: datetime) -> bool:
        """Offer a reason no more; False when it was retired before."""
        return (await self._connection.execute(_RETIRE, {"of_id": template_id, "new_at": at})).rowcount > 0

    async def add_protocol(self, queue: Queue, day: date, *, by: str, at: datetime, content: Mapping[str, Any]) -> int:
        """Keep a protocol and return its number; `content` are JSON values."""
        row = {"queue": queue, "day": day, "made_by": by, "made_at": at, "content": content}
        number: int = await self._connection.scalar(protocols.insert().returning(protocols.c.number), row)
        return number

    async def protocols(
        self, queue: Queue, *, since: datetime | None = None, limit: int | None = None
    ) -> tuple[Protocol, ...]:
        """Give the protocols of a queue made from an instant on, so many of them, the latest first."""
        statement = _PROTOCOLS if since is None else _PROTOCOLS.where(protocols.c.made_at >= since)
        rows = await self._connection.execute(statement.limit(limit), {"queue": queue})
        return tuple(map(_protocol, rows))

    async def protocol(self, number: int) -> Protocol | None:
        """Give a protocol by its number."""
        row = (await self._connection.execute(_PROTOCOL, {"number": number})).first()
        return _protocol(row) if row else None


def _chat(row: Row[*tuple[Any, ...]]) -> QueueChat:
    return QueueChat(**{**row._asdict(), "queue": Queue(row.queue), "language": Language(row.language)})


def _card(row: Row[*tuple[Any, ...]]) -> Card:
    return Card(**{**row._asdict(), "queue": Queue(row.queue)})


def _template(row: Row[*tuple[Any, ...]]) -> ReasonTemplate:
    return ReasonTemplate(
        row.id, Queue(row.queue), RequestState(row.outcome), row.text_kk, row.text_ru, row.made_by, row.made_at
    )


def _protocol(row: Row[*tuple[Any, ...]]) -> Protocol:
    return Protocol(**{**row._asdict(), "queue": Queue(row.queue)})


_CHATS = select(queue_chats).order_by(queue_chats.c.queue)
_CHAT_OF = _CHATS.where(queue_chats.c.queue == bindparam("queue"))
_UNBIND = queue_chats.delete().where(queue_chats.c.queue == bindparam("of_queue"))
_MOVE = (
    queue_chats.update()
    .where(queue_chats.c.chat_id == bindparam("of_chat"))
    .values(chat_id=bindparam("new_chat"), thread_id=None)
)
_MOVE_CARDS = cards.update().where(cards.c.chat_id == bindparam("of_chat")).values(chat_id=bindparam("new_chat"))
_ALL_CARDS = select(cards).order_by(cards.c.owed_id)
_CARDS_OF = _ALL_CARDS.where(cards.c.request_id == bindparam("request_id"))
_SUMMARIES_OF = _ALL_CARDS.where(cards.c.queue == bindparam("queue"), cards.c.request_id.is_(None))
_CARDS_SINCE = select(func.count(cards.c.request_id.distinct())).where(
    cards.c.queue == bindparam("queue"), cards.c.made_at >= bindparam("since")
)
_DROP_CARDS = cards.delete().where(cards.c.owed_id == bindparam("of_owed"))
_ALL_TEMPLATES = select(reason_templates).where(reason_templates.c.retired_at.is_(None)).order_by(reason_templates.c.id)
_TEMPLATES = _ALL_TEMPLATES.where(
    reason_templates.c.queue == bindparam("queue"), reason_templates.c.outcome == bindparam("outcome")
)
_TEMPLATE = _ALL_TEMPLATES.where(reason_templates.c.id == bindparam("id"))
_RETIRE = (
    reason_templates.update()
    .where(reason_templates.c.id == bindparam("of_id"), reason_templates.c.retired_at.is_(None))
    .values(retired_at=bindparam("new_at"))
)
_ALL_PROTOCOLS = select(protocols)
_PROTOCOLS = _ALL_PROTOCOLS.where(protocols.c.queue == bindparam("queue")).order_by(protocols.c.number.desc())
_PROTOCOL = _ALL_PROTOCOLS.where(protocols.c.number == bindparam("number"))
