"""The outbox: what is owed to whom, what became of it, and the leases that let one process at a time send it.

Two clocks: `now` is the university's (what is due, what is pointless), `real` the machine's (pauses and leases), which
no sandbox moves. Either may be set back: what is owed at once is due whatever they say, and a pause that lies further
ahead than any lasts is over.

Answers in a chat go in the order in which they are owed, those that are put off for a moment too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Executable,
    Row,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage.columns import Instant
from storage.connection import SENDERS, Connection
from storage.tables import outbox
from storage.upsert import ROWS_AT_ONCE, chunks

AT_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
COUNTED = 10_000  # of what waits: nobody reads a larger number, and counting it would take the event loop
LONGEST_PAUSE = timedelta(minutes=5)  # until a message is tried again


class Priority(IntEnum):
    """What goes first when not everything can."""

    ANSWER = 0  # to somebody's own action
    DEADLINE = 1
    NOTICE = 2
    ANNOUNCEMENT = 3


class OwedState(StrEnum):
    """The life of an owed message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # `error` says why
    EXPIRED = "expired"  # pointless before it could be sent
    WITHDRAWN = "withdrawn"
    HELD = "held"  # restored from a backup: somebody looks at it first


@dataclass(frozen=True, slots=True)
class NewOwed:
    """A message to be owed, to a person or to a chat: one of the two."""

    kind: str
    content: Mapping[str, Any]
    made_at: datetime
    person_id: str | None = None
    chat_id: int | None = None
    priority: Priority = Priority.NOTICE
    thread_id: int | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    dedupe_key: str | None = None
    group_key: str | None = None
    edits_message_id: int | None = None
    from_update: int | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """Where a message is: the chat, and the messages it took, in order."""

    chat: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """An owed message as it stands; `tries` counts how often it was taken to be sent, `arrived` what of it is there."""

    id: int
    kind: str
    content: Mapping[str, Any]
    person_id: str | None
    chat_id: int | None
    priority: Priority
    thread_id: int | None
    not_before: datetime
    expires_at: datetime | None
    group_key: str | None
    edits_message_id: int | None
    state: OwedState
    tries: int
    leased_until: datetime | None
    arrived: Arrived | None
    sent_at: datetime | None
    error: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a leased message.

    `state` WAITING: it is tried again at `next_try_at`, and this try does not count when not `counted`. `owed` is what
    is owed because of it.
    """

    id: int
    state: OwedState
    sent_at: datetime | None = None
    arrived: Arrived | None = None
    error: str | None = None
    next_try_at: datetime = AT_ANY_TIME
    counted: bool = True
    owed: tuple[NewOwed, ...] = ()


class Outbox:
    """Owed messages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, one: NewOwed, *, leased_by: str | None = None, until: datetime | None = None) -> int | None:
        """Owe a message and return its number; None, and nothing is owed, when its dedupe key is there.

        With `leased_by` (a sender's name) it is that sender's `until` then.
        """
        row = {**_new(one), "leased_by": leased_by, "leased_until": until, "tries": int(leased_by is not None)}
        number: int | None = await self._connection.scalar(self._insert().returning(outbox.c.id), row)
        return number

    async def add_many(self, those: Iterable[NewOwed]) -> None:
        """Owe many messages; those whose dedupe key is there are owed already."""
        for chunk in chunks(those, ROWS_AT_ONCE):
            await self._connection.execute(self._insert(), [_new(each) for each in chunk])

    def _insert(self) -> Insert:
        return _INSERT[self._connection.dialect.name]

    async def by_id(self, owed_id: int) -> Owed | None:
        """Give an owed message by its number."""
        row = (await self._connection.execute(_BY_ID, {"of_id": owed_id})).first()
        return _owed(row) if row else None

    async def by_key(self, dedupe_key: str) -> Owed | None:
        """Give an owed message by its dedupe key."""
        row = (await self._connection.execute(_BY_KEY, {"dedupe_key": dedupe_key})).first()
        return _owed(row) if row else None

    async def to_person(self, person_id: str, chat_id: int | None) -> tuple[Owed, ...]:
        """Give what is owed to a person or their private chat, or was, oldest first."""
        rows = await self._connection.execute(_TO_PERSON, {"person_id": person_id, "chat_id": chat_id})
        return tuple(map(_owed, rows))

    async def counted(self, group_key: str) -> dict[tuple[OwedState, str | None], int]:
        """Count a group's messages by state and error."""
        rows = await self._connection.execute(_COUNTED, {"group_key": group_key})
        return {(OwedState(row.state), row.error): row.number for row in rows}

    async def told(self, group_key: str) -> frozenset[str]:
        """Give the people a group's messages were sent to, whether they arrived or not, or are just on their way to."""
        return frozenset(await self._connection.scalars(_TOLD, {"group_key": group_key}))

    async def reached(self, group_key: str) -> frozenset[str]:
        """Give the people in whose chat a group's messages are."""
        return frozenset(await self._connection.scalars(_REACHED, {"group_key": group_key}))

    async def has_left(self, group_key: str) -> bool:
        """Tell whether any of a group's messages has reached Telegram, or may have: it was taken to be sent."""
        return bool(await self._connection.scalar(_HAS_LEFT, {"group_key": group_key}))

    async def of_group(self, group_key: str) -> tuple[Owed, ...]:
        """Give what is owed under a group key, or was, oldest first."""
        return tuple(map(_owed, await self._connection.execute(_OF_GROUP, {"group_key": group_key})))

    async def depth(self, *, now: datetime) -> dict[Priority, int]:
        """Count what is due and not sent yet, by priority; no more than `COUNTED` of each is counted."""
        found = {}
        for priority in Priority:
            number = await self._connection.scalar(_DEPTH, {"now": now, "of_priority": priority})
            if number:
                found[priority] = number
        return found

    async def queued_for(self, chat_id: int, *, now: datetime) -> bool:
        """Tell whether anything for this chat is due and not sent yet, or goes before an answer."""
        return bool(await self._connection.scalar(_QUEUED, {"chat_id": chat_id, "now": now}))

    async def answer_waits(self, chat_id: int) -> bool:
        """Tell whether an answer in this chat was owed and has not arrived: it comes before any other."""
        return bool(await self._connection.scalar(_ANSWER_WAITS, {"chat_id": chat_id}))

    async def due(self, *, now: datetime, real: datetime) -> bool:
        """Tell whether `lease` may find something."""
        return bool(await self._connection.scalar(_DUE, _at(now, real)))

    async def lease(self, by: str, *, now: datetime, real: datetime, until: datetime, room: int) -> tuple[Owed, ...]:
        """Take what is due to be sent next, at most `room`: the first of each chat or person, by priority and age.

        While the lease lasts, nobody is given another message for the same chat or person. On PostgreSQL what another
        process is just taking is passed over.
        """
        rows = (await self._connection.execute(_NEXT, {**_at(now, real), "room": room})).all()
        if rows:
            await self._connection.execute(_LEASE, [{"of_id": row.id, "by": by, "until": until} for row in rows])
        return tuple(replace(_owed(row), tries=row.tries + 1, leased_until=until) for row in rows)

    async def renew(self, by: str, *, until: datetime) -> None:
        """Keep a sender's leases for longer."""
        await self._connection.execute(_RENEW, {"by": by, "until": until})

    async def let_go(self, by: str, *, but: Collection[int]) -> None:
        """End a sender's leases, except those of messages it still has in hand."""
        await self._connection.execute(_LET_GO, {"by": by, "but": list(but)})

    async def end_leases(self, but: str) -> None:
        """End the leases of senders that are gone; on SQLite there is no other than this one.

        On PostgreSQL who lives holds a lock on their name (`Database.live_as`), which ends with the process.
        """
        await self._connection.execute(_END_LEASES[self._connection.dialect.name], {"but": but})

    async def settle(self, by: str, those: Iterable[Settled]) -> None:
        """Write what became of messages leased by a sender.

        What was sent was sent, whoever holds the lease now; anything else is written by the holder only. A message
        that was withdrawn meanwhile stays withdrawn, and keeps where it arrived. One that arrived in a group which was
        left for a supergroup meanwhile still waits: it is to stand where it can be edited.
        """
        sent: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        owed: list[NewOwed] = []
        for each in those:
            if each.state is OwedState.SENT:
                sent.append({**_settled(each), "arrived_in": each.arrived and each.arrived.chat})
            else:
                others.append({**_settled(each), "by": by})
            owed += each.owed
        if sent:
            await self._connection.execute(_SETTLE_SENT, sent)
        if others:
            await self._connection.execute(_SETTLE_OWN, others)
        await self.add_many(owed)

    async def change_content(self, owed_id: int, content: Mapping[str, Any]) -> None:
        """Change what a message will say."""
        await self._connection.execute(_CHANGE_CONTENT, {"of_id": owed_id, "new_content": dict(content)})

    async def withdraw(self, owed_id: int) -> None:
        """Mark a message withdrawn: it is never sent, if it waits."""
        await self._connection.execute(_WITHDRAW, {"of_id": owed_id})

    async def withdraw_group(self, group_key: str) -> None:
        """Let those of a group that wait never be sent."""
        await self._connection.execute(_WITHDRAW_GROUP, {"of_group": group_key})

    async def move_chat(self, old: int, new: int) -> None:
        """Follow a group that became a supergroup; what was to be edited there is sent anew."""
        await self._connection.execute(_MOVE_CHAT, {"old": old, "new": new})

    async def stuck(self, *, now: datetime, since: datetime) -> tuple[int, datetime] | None:
        """Count what is due and from when the oldest is, when that is before `since` and nothing was sent since.

        Of more than `COUNTED` only those are looked at that go next.
        """
        row = (await self._connection.execute(_STUCK, {"now": now})).one()
        if row.oldest is None or row.oldest > since:
            return None
        sent = await self._connection.scalar(_SENT_SINCE, {"since": since})
        return None if sent else (row.number, row.oldest)

    async def failed(self, *, since: datetime, except_for: Iterable[str]) -> int:
        """Count what was owed since then and will never arrive, but for these errors."""
        return await self._connection.scalar(_FAILED, {"since": since, "errors": list(except_for)}) or 0

    async def held(self) -> dict[str, tuple[int, datetime]]:
        """Count what a restore holds for review, and since when the oldest is owed, by kind."""
        return {row.kind: (row.number, row.oldest) for row in await self._connection.execute(_HELD)}

    async def end_holding(self, kinds: Iterable[str], state: OwedState) -> int:
        """Let what is held of these kinds wait to be sent, or be withdrawn; return how many."""
        return (await self._connection.execute(_END_HOLDING, {"kinds": list(kinds), "new_state": state})).rowcount

    async def forget(self, *, before: datetime) -> None:
        """Delete what was settled and was owed before then."""
        await self._connection.execute(_FORGET, {"before": before})


def _new(one: NewOwed) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _OWED_AS_GIVEN},
        "not_before": one.not_before or AT_ANY_TIME,
        "next_try_at": AT_ANY_TIME,
        "state": OwedState.WAITING,
        "tries": 0,
    }


def _settled(one: Settled) -> dict[str, Any]:
    return {
        "of_id": one.id,
        "new_state": one.state,
        "at": one.sent_at,
        "arrived": one.arrived and {"chat": one.arrived.chat, "ids": one.arrived.ids},
        "why": one.error,
        "again_at": one.next_try_at,
        "uncounted": 0 if one.counted else 1,
    }


def _owed(row: Row[*tuple[Any, ...]]) -> Owed:
    return Owed(
        id=row.id,
        kind=row.kind,
        content=row.content,
        person_id=row.person_id,
        chat_id=row.chat_id,
        priority=Priority(row.priority),
        thread_id=row.thread_id,
        not_before=row.not_before,
        expires_at=row.expires_at,
        group_key=row.group_key,
        edits_message_id=row.edits_message_id,
        state=OwedState(row.state),
        tries=row.tries,
        leased_until=row.leased_until,
        arrived=row.message_ids and Arrived(row.message_ids["chat"], tuple(row.message_ids["ids"])),
        sent_at=row.sent_at,
        error=row.error,
        made_at=row.made_at,
    )


_OWED_AS_GIVEN = tuple(field.name for field in fields(NewOwed))
_INSERT = {
    "sqlite": sqlite.insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"]),
    "postgresql": postgresql.insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"]),
}
_BY_ID = select(outbox).where(outbox.c.id == bindparam("of_id"))
_BY_KEY = select(outbox).where(outbox.c.dedupe_key == bindparam("dedupe_key"))
_TO_PERSON = (
    select(outbox)
    .where(or_(outbox.c.person_id == bindparam("person_id"), outbox.c.chat_id == bindparam("chat_id")))
    .order_by(outbox.c.id)
)
_COUNTED = (
    select(outbox.c.state, outbox.c.error, func.count().label("number"))
    .where(outbox.c.group_key == bindparam("group_key"))
    .group_by(outbox.c.state, outbox.c.error)
)
_TOLD = select(outbox.c.person_id).where(
    outbox.c.group_key == bindparam("group_key"),
    outbox.c.person_id.is_not(None),
    or_(outbox.c.state.in_([OwedState.SENT, OwedState.FAILED]), outbox.c.leased_by.is_not(None)),
)

_REACHED = select(outbox.c.person_id).where(
    outbox.c.group_key == bindparam("group_key"),
    outbox.c.person_id.is_not(None),
    or_(outbox.c.state == OwedState.SENT, outbox.c.message_ids.is_not(None)),
)
_HAS_LEFT = select(
    exists().where(
        outbox.c.group_key == bindparam("group_key"),
        or_(
            outbox.c.state == OwedState.SENT,
            outbox.c.message_ids.is_not(None),
            and_(outbox.c.state.in_([OwedState.WAITING, OwedState.WITHDRAWN]), outbox.c.tries > 0),
        ),
    )
)
_OF_GROUP = select(outbox).where(outbox.c.group_key == bindparam("group_key")).order_by(outbox.c.id)


def _at(now: datetime, real: datetime) -> dict[str, datetime]:
    return {"now": now, "real": real, "never": real + LONGEST_PAUSE}


_now = bindparam("now", type_=Instant)
_waits = outbox.c.state == literal_column("'waiting'")  # as the partial index says it
_is_answer = outbox.c.priority == literal_column(str(int(Priority.ANSWER)))
_is_due = and_(
    _waits,
    # An answer that is put off is so for a moment: one made later than now was made before the clock was set back.
    or_(outbox.c.not_before <= _now, and_(_is_answer, outbox.c.made_at > _now)),
)
_may_go = and_(
    _is_due,
    or_(
        outbox.c.next_try_at <= bindparam("real", type_=Instant),
        outbox.c.next_try_at > bindparam("never", type_=Instant),
    ),
    or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("real", type_=Instant)),
)
_DEPTH = select(func.count()).select_from(
    select(literal_column("1")).where(_is_due, outbox.c.priority == bindparam("of_priority")).limit(COUNTED).subquery()
)
_in_chat = outbox.c.chat_id == bindparam("chat_id")
_QUEUED = select(exists().where(_waits, or_(_is_due, _is_answer), _in_chat))
_ANSWER_WAITS = select(exists().where(_waits, _is_answer, _in_chat))
_DUE = select(exists().where(_may_go))

_other = outbox.alias("other")
_goes_first = exists().where(
    or_(_other.c.chat_id == outbox.c.chat_id, _other.c.person_id == outbox.c.person_id),
    _other.c.id != outbox.c.id,
    _other.c.state == literal_column("'waiting'"),
    or_(_other.c.not_before <= _now, _other.c.priority == literal_column(str(int(Priority.ANSWER)))),
    or_(
        _other.c.leased_until > bindparam("real", type_=Instant),
        _other.c.priority < outbox.c.priority,
        and_(_other.c.priority == outbox.c.priority, _other.c.id < outbox.c.id),
    ),
)
_NEXT = (
    select(outbox)
    .where(_may_go, ~_goes_first)
    .order_by(outbox.c.priority, outbox.c.next_try_at, outbox.c.id)
    .limit(bindparam("room"))
    .with_for_update(of=outbox, skip_locked=True)
)
_ONE = outbox.update().where(outbox.c.id == bindparam("of_id"))
_LEASE = _ONE.values(leased_by=bindparam("by"), leased_until=bindparam("until"), tries=outbox.c.tries + 1)
_RENEW = (
    outbox.update()
    .where(outbox.c.leased_by == bindparam("by"), outbox.c.state == literal_column("'waiting'"))
    .values(leased_until=bindparam("until"))
)
_LET_GO = (
    outbox.update()
    .where(
        outbox.c.leased_by == bindparam("by"),
        outbox.c.state == literal_column("'waiting'"),
        outbox.c.id.not_in(bindparam("but", expanding=True)),
    )
    .values(leased_by=None, leased_until=None)
)
_END_LEASES: dict[str, Executable] = {
    "sqlite": outbox.update().where(outbox.c.leased_by != bindparam("but")).values(leased_by=None, leased_until=None),
    "postgresql": text(
        "WITH others AS MATERIALIZED ("
        "  SELECT DISTINCT leased_by FROM outbox WHERE state = 'waiting' AND leased_by <> :but"
        "), gone AS MATERIALIZED ("
        "  SELECT leased_by FROM others WHERE pg_try_advisory_xact_lock(:senders, hashtext(leased_by))"
        ") UPDATE outbox SET leased_by = NULL, leased_until = NULL FROM gone"
        " WHERE outbox.leased_by = gone.leased_by AND state = 'waiting'"
    ).bindparams(senders=SENDERS),
}
_SETTLE = _ONE.values(
    state=case((outbox.c.state == OwedState.WITHDRAWN, outbox.c.state), else_=bindparam("new_state")),
    sent_at=bindparam("at"),
    message_ids=bindparam("arrived"),
    error=bindparam("why"),
    next_try_at=bindparam("again_at"),
    tries=outbox.c.tries - bindparam("uncounted"),
    leased_by=None,
    leased_until=None,
)
_arrived_in = bindparam("arrived_in", type_=BigInteger)
_SETTLE_SENT = _SETTLE.where(or_(outbox.c.chat_id.is_(None), _arrived_in.is_(None), outbox.c.chat_id == _arrived_in))
_SETTLE_OWN = _SETTLE.where(outbox.c.leased_by == bindparam("by"))
_CHANGE_CONTENT = _ONE.values(content=bindparam("new_content"))
_unsent = outbox.c.state.in_([OwedState.WAITING, OwedState.HELD])
_WITHDRAW = _ONE.values(state=OwedState.WITHDRAWN)
_WITHDRAW_GROUP = (
    outbox.update().where(_unsent, outbox.c.group_key == bindparam("of_group")).values(state=OwedState.WITHDRAWN)
)
_due_since = case((outbox.c.not_before < outbox.c.made_at, outbox.c.made_at), else_=outbox.c.not_before)
_next = (
    select(_due_since.label("since"))
    .where(_is_due)
    .order_by(outbox.c.priority, outbox.c.next_try_at, outbox.c.id)
    .limit(COUNTED)
    .subquery()
)
_STUCK = select(func.count().label("number"), func.min(_next.c.since, type_=Instant).label("oldest"))
_SENT_SINCE = select(exists().where(outbox.c.sent_at > bindparam("since", type_=Instant)))
_FAILED = select(func.count()).where(
    outbox.c.state == literal_column("'failed'"),  # as the partial index says it
    outbox.c.made_at > bindparam("since", type_=Instant),
    outbox.c.error.not_in(bindparam("errors", expanding=True)),
)
_HELD = (
    select(outbox.c.kind, func.count().label("number"), func.min(outbox.c.made_at, type_=Instant).label("oldest"))
    .where(outbox.c.state == OwedState.HELD)
    .group_by(outbox.c.kind)
    .order_by(outbox.c.kind)
)
_END_HOLDING = (
    outbox.update()
    .where(outbox.c.state == OwedState.HELD, outbox.c.kind.in_(bindparam("kinds", expanding=True)))
    .values(state=bindparam("new_state"))
)
_MOVE_CHAT = (
    outbox.update()
    .where(outbox.c.chat_id == bindparam("old"), _unsent)
    .values(chat_id=bindparam("new"), edits_message_id=None, leased_by=None, leased_until=None)
)
_FORGET = outbox.delete().where(
    outbox.c.made_at < bindparam("before", type_=Instant),
    outbox.c.state.in_([OwedState.SENT, OwedState.EXPIRED, OwedState.WITHDRAWN, OwedState.FAILED]),
)
