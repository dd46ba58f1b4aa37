"""What the bot owes somebody: a row written in the transaction of the fact, sent later by the sender.

`owe` promises a message to a person (their Telegram account is looked up when it is sent) or to a chat; what kind it is
says how it is worded (`bot/notices.py`), so it is worded in the recipient's language, with what is true then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from storage.outbox import NewOwed, Owed, OwedState, Priority
from storage.unit import Storage

WITHDRAWAL = "withdrawal"  # takes back what another owed message (`content["of"]`) said
REWORDING = "rewording"  # says what another owed message (`content["of"]`) says now where it said it first
MAY_BE_WITHDRAWN = timedelta(hours=48)  # Telegram's limit


class Undelivered(StrEnum):
    """Why an owed message did not arrive, when that is nobody's mistake; kept as its `error`."""

    NOT_LINKED = "not linked"  # the person has no Telegram account here
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"  # the account is deleted and never comes back
    NEVER_STARTED = "never started"  # a bot cannot write first
    CHAT_GONE = "chat gone"
    THREAD_GONE = "thread gone"  # or closed
    NO_RIGHTS = "no rights"  # in a group


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many of a group of owed messages have come to what."""

    waiting: int = 0
    told: int = 0
    not_linked: int = 0
    unreachable: int = 0  # they blocked the bot, or their chat is gone
    pointless: int = 0  # expired or withdrawn before they were sent
    failed: int = 0  # ours to mend

    @property
    def total(self) -> int:
        """All that was owed."""
        return self.waiting + self.told + self.not_linked + self.unreachable + self.pointless + self.failed


async def owe(
    storage: Storage,
    *,
    to: str | int,
    kind: str,
    content: Mapping[str, Any],
    now: datetime,
    priority: Priority = Priority.NOTICE,
    thread: int | None = None,
    not_before: datetime | None = None,
    expires: datetime | None = None,
    dedupe_key: str | None = None,
    group_key: str | None = None,
) -> int | None:
    """Owe one message, as part of the caller's transaction, and return its number; the caller commits.

    `to` is a person's id or a chat's number, `kind` one of `bot.notices.NOTICES` and `content` its JSON arguments.
    It is sent from `not_before` on and pointless from `expires` on. None, and nothing is owed, when something with this
    `dedupe_key` is owed or was sent. `group_key` ("import:12") names what `delivery` counts together.
    """
    return await storage.outbox.add(
        NewOwed(
            kind=kind,
            content=content,
            made_at=now,
            person_id=to if isinstance(to, str) else None,
            chat_id=to if isinstance(to, int) else None,
            priority=priority,
            thread_id=thread,
            not_before=not_before,
            expires_at=expires,
            dedupe_key=dedupe_key,
            group_key=group_key,
        )
    )


def otherwise(to: str | int, kind: str, content: Mapping[str, Any], *, dedupe_key: str | None = None) -> dict[str, Any]:
    """Return what to add to a message's content so that another one is owed, to a person or a chat, if it fails.

    Of several with the same `dedupe_key` one is owed.
    """
    return {"otherwise": {"to": to, "kind": kind, "content": content, "dedupe_key": dedupe_key}}


def owed_otherwise(content: Mapping[str, Any], *, now: datetime) -> NewOwed | None:
    """Return what is owed because a message with this content cannot arrive."""
    instead = content.get("otherwise")
    if instead is None:
        return None
    to = instead["to"]
    where = {"person_id": to} if isinstance(to, str) else {"chat_id": to}
    return NewOwed(
        kind=instead["kind"],
        content=instead["content"],
        made_at=now,
        dedupe_key=instead.get("dedupe_key"),
        **where,
    )


async def amend(storage: Storage, owed_id: int, content: Mapping[str, Any], *, now: datetime) -> bool:
    """Change what a message says: before it is sent there, else by editing what was sent. False: it never will be.

    The caller commits.
    """
    owed = await storage.outbox.by_id(owed_id)
    if owed is None or owed.state not in {OwedState.WAITING, OwedState.HELD, OwedState.SENT}:
        return False
    await storage.outbox.change_content(owed_id, content)
    if _may_have_arrived(owed):
        await storage.outbox.add(_about(owed, REWORDING, now))
    return True


async def withdraw(storage: Storage, owed_id: int, *, now: datetime) -> bool:
    """Take a message back: it is not sent, or deleted where it was. False when it is gone or sent 48 hours ago.

    The caller commits.
    """
    owed = await storage.outbox.by_id(owed_id)
    if owed is None or owed.state not in {OwedState.WAITING, OwedState.HELD, OwedState.SENT}:
        return False
    if owed.sent_at and now - owed.sent_at >= MAY_BE_WITHDRAWN:
        return False
    await storage.outbox.withdraw(owed_id)
    if _may_have_arrived(owed):
        await storage.outbox.add(_about(owed, WITHDRAWAL, now))
    return True


def _may_have_arrived(owed: Owed) -> bool:
    """Tell whether some of it is in the chat, or just on its way there."""
    return owed.arrived is not None or owed.leased_until is not None


def _about(owed: Owed, kind: str, now: datetime) -> NewOwed:
    return NewOwed(
        kind=kind,
        content={"of": owed.id},
        made_at=now,
        person_id=owed.person_id,
        chat_id=owed.chat_id,
        priority=owed.priority,
        thread_id=owed.thread_id,
    )


async def delivery(storage: Storage, group_key: str) -> Delivery:
    """Count what became of the messages owed under a group key."""
    counts = Delivery()
    for (state, error), number in (await storage.outbox.counted(group_key)).items():
        name = _COUNTED_AS.get(state) or _failed(error)
        counts = replace(counts, **{name: getattr(counts, name) + number})
    return counts


_COUNTED_AS = {
    OwedState.WAITING: "waiting",
    OwedState.HELD: "waiting",
    OwedState.SENT: "told",
    OwedState.EXPIRED: "pointless",
    OwedState.WITHDRAWN: "pointless",
}


def _failed(error: str | None) -> str:
    if error == Undelivered.NOT_LINKED:
        return "not_linked"
    return "unreachable" if error in set(Undelivered) else "failed"
