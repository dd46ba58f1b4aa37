"""The history: who changed what, and who of the staff read what is another person's, in order, never altered."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, literal_column, or_, select

from storage.columns import to_json
from storage.connection import Connection
from storage.origin import current_update
from storage.records import REFUSED, Change
from storage.tables import changes, students
from storage.upsert import NAMES_AT_ONCE, ROWS_AT_ONCE, chunks


class Changes:
    """The history of everything; the database itself refuses to alter or delete it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def record(self, those: Iterable[Change]) -> None:
        """Add to the history, in this order, stamped with the update that is being handled (see `storage.origin`).

        Decimals and dates in `before` and `after` are written as text.
        """
        for chunk in chunks(those, ROWS_AT_ONCE):
            await self._connection.execute(changes.insert(), [_row(each) for each in chunk])

    async def latest_id(self) -> int:
        """Give the number of the latest change; 0 when nothing ever did. It grows with each change, not with a read."""
        return await self._connection.scalar(_LATEST) or 0

    async def of(self, object_: str, key: Sequence[str]) -> tuple[Change, ...]:
        """Give the changes of one thing, oldest first."""
        rows = await self._connection.execute(_OF, {"object": object_, "key": to_json(list(key))})
        return tuple(map(_change, rows))

    async def about(self, person_id: str) -> tuple[Change, ...]:
        """Give the history of all that concerns a person, oldest first."""
        return tuple(map(_change, await self._connection.execute(_ABOUT, {"about": person_id})))

    async def caused_by(self, cause: str, cause_id: int) -> AsyncIterator[Change]:
        """Go through what one import or correction changed, newest first: the order an undo takes it back in."""
        last = None
        while True:
            statement = _CAUSED_BY if last is None else _CAUSED_BY.where(changes.c.id < last)
            rows = (await self._connection.execute(statement, {"cause": cause, "cause_id": cause_id})).all()
            for row in rows:
                yield _change(row)
            if len(rows) < ROWS_AT_ONCE:
                return
            last = rows[-1].id

    async def concerned(self, cause: str, cause_id: int, person_ids: Iterable[str]) -> frozenset[str]:
        """Give those of these people of whom an import or correction changed something."""
        found: set[str] = set()
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            key = {"cause": cause, "cause_id": cause_id, "people": chunk}
            found |= {row.about for row in await self._connection.execute(_CONCERNED, key)}
        return frozenset(found)

    async def taken_back(self, object_: str, person_ids: Iterable[str]) -> AsyncIterator[Change]:
        """Go through what undone imports took back of things of this name that concern these people, oldest first."""
        if not await self._connection.scalar(_ANY_TAKEN_BACK, {"object": object_}):
            return
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            for row in await self._connection.execute(_TAKEN_BACK, {"object": object_, "people": chunk}):
                yield _change(row)

    async def concerns_others(self, cause: str, cause_id: int, institutes: Iterable[str]) -> bool:
        """Tell whether an import or correction changed something of anybody who is no student of these institutes."""
        key = {"cause": cause, "cause_id": cause_id, "institutes": list(institutes)}
        return bool(await self._connection.scalar(_CONCERNS_OTHERS, key))

    async def enablings(self, person_ids: Iterable[str], *, since: datetime) -> tuple[Change, ...]:
        """Give what others of the staff did since then to how these people reach the bot: links, invitations, phones.

        Of people and students every change is given; whether a phone was replaced is in it.
        """
        found: list[Change] = []
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            rows = await self._connection.execute(_ENABLINGS, {"people": chunk, "since": since})
            found += map(_change, rows)
        return tuple(found)

    async def refused(self, actor: str, *, since: datetime) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Give what somebody tried in vain since an instant: objects and keys."""
        rows = await self._connection.execute(_REFUSED, {"actor": actor, "since": since})
        return frozenset((row.object, tuple(json.loads(row.key))) for row in rows)

    async def found(
        self,
        *,
        person_id: str | None = None,
        object_: str | None = None,
        key: Sequence[str] = (),
        since: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Change]:
        """Go through what somebody did or what concerns them, what was done to an object, since when; newest first.

        `key` may be cut short: `("02500065",)` finds every attempt of that student. Whatever is None is not asked.
        """
        statement = select(changes).order_by(changes.c.id.desc())
        if person_id is not None:
            statement = statement.where(or_(changes.c.actor == person_id, changes.c.about == person_id))
        if object_ is not None:
            statement = statement.where(changes.c.object == object_)
        if key:
            whole = to_json(list(key))
            statement = statement.where(
                or_(changes.c.key == whole, changes.c.key.startswith(whole[:-1] + ",", autoescape=True))
            )
        if since is not None:
            statement = statement.where(changes.c.at >= since)
        left, last = limit, None
        while left is None or left > 0:
            page = statement.limit(ROWS_AT_ONCE if left is None else min(left, ROWS_AT_ONCE))
            rows = (await self._connection.execute(page if last is None else page.where(changes.c.id < last))).all()
            for row in rows:
                yield _change(row)
            if not rows:
                return
            last, left = rows[-1].id, None if left is None else left - len(rows)


def _row(change: Change) -> dict[str, Any]:
    return {
        "object": change.object,
        "key": to_json(change.key),
        "about": change.about,
        "before": change.before,
        "after": change.after,
        "actor": change.actor,
        "cause": change.cause,
        "cause_id": change.cause_id,
        "why": change.why,
        "at": change.at,
        "act": change.act,
        "update_id": current_update(),
    }


def _change(row: Row[*tuple[Any, ...]]) -> Change:
    return Change(
        object=row.object,
        key=tuple(json.loads(row.key)),
        before=row.before,
        after=row.after,
        cause=row.cause,
        at=row.at,
        about=row.about,
        cause_id=row.cause_id,
        actor=row.actor,
        why=row.why,
        act=row.act,
        update_id=row.update_id,
    )


_CONCERNED = (
    select(changes.c.about)
    .where(
        changes.c.cause == bindparam("cause"),
        changes.c.cause_id == bindparam("cause_id"),
        changes.c.about.in_(bindparam("people", expanding=True)),
    )
    .distinct()
)
_ANY_TAKEN_BACK = select(exists().where(changes.c.object == bindparam("object"), changes.c.cause == "undo"))
_TAKEN_BACK = (
    select(changes)
    .where(
        changes.c.object == bindparam("object"),
        changes.c.about.in_(bindparam("people", expanding=True)),
        changes.c.cause == "undo",
    )
    .order_by(changes.c.id)
)
_CONCERNS_OTHERS = select(
    exists().where(
        changes.c.cause == bindparam("cause"),
        changes.c.cause_id == bindparam("cause_id"),
        changes.c.about.is_not(None),
        ~exists().where(
            students.c.person_id == changes.c.about,
            students.c.institute.in_(bindparam("institutes", expanding=True)),
        ),
    )
)
_ENABLINGS = (
    select(changes)
    .where(
        changes.c.about.in_(bindparam("people", expanding=True)),
        changes.c.at > bindparam("since"),
        changes.c.object.in_(["link", "invitation", "person", "student"]),
        changes.c.act.is_(None),
        changes.c.actor.is_not(None),
        changes.c.actor != changes.c.about,
    )
    .order_by(changes.c.id)
)
_REFUSED = (
    select(changes.c.object, changes.c.key)
    .where(
        changes.c.actor == bindparam("actor"),
        changes.c.at >= bindparam("since"),
        changes.c.act == literal_column(f"'{REFUSED}'"),
    )
    .distinct()
)
_LATEST = select(changes.c.id).where(changes.c.act.is_(None)).order_by(changes.c.id.desc()).limit(1)
_OF = (
    select(changes)
    .where(changes.c.object == bindparam("object"), changes.c.key == bindparam("key"), changes.c.act.is_(None))
    .order_by(changes.c.id)
)
_ABOUT = select(changes).where(changes.c.about == bindparam("about")).order_by(changes.c.id)
_CAUSED_BY = (
    select(changes)
    .where(changes.c.cause == bindparam("cause"), changes.c.cause_id == bindparam("cause_id"))
    .order_by(changes.c.id.desc())
    .limit(ROWS_AT_ONCE)
)
