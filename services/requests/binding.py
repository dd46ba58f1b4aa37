"""Binding: which group reads of a queue, set by an administrator, and what becomes of it when the group moves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policy.requests import OPEN, Queue
from services.requests.telling import kinds_of, post_cards_anew
from storage.queues import QueueChat
from storage.records import Change
from storage.unit import Storage


async def bind(storage: Storage, chat: QueueChat) -> QueueChat | None:
    """Let a queue's cards stand in a chat from now on, and return the one it had; open cards stay where they are.

    Commits.
    """
    before = await storage.queues.chat_of(chat.queue)
    await storage.queues.bind(chat)
    await _record(storage, chat.queue, before, chat, by=chat.bound_by, now=chat.bound_at)
    await storage.commit()
    return before


async def unbind(storage: Storage, queue: Queue, *, by: str, now: datetime) -> QueueChat | None:
    """Let a queue's cards go to those who read it, and return the chat it had; None when it had none. Commits."""
    before = await storage.queues.chat_of(queue)
    if before is not None:
        await storage.queues.unbind(queue)
        await _record(storage, queue, before, None, by=by, now=now)
        await storage.commit()
    return before


async def follow_chat(storage: Storage, old: int, new: int, *, now: datetime) -> None:
    """Follow a group that became a supergroup: what is owed goes there, and open cards are posted there anew.

    However often Telegram tells of it, it happens once. The caller commits.
    """
    await storage.outbox.move_chat(old, new)
    for queue in await storage.queues.move_chat(old, new):
        chat = await storage.queues.chat_of(queue)
        waiting = await storage.requests.in_states(kinds_of(queue), OPEN)
        if queue is Queue.REGISTRAR:
            waiting += await storage.requests.to_enter()
        if chat is not None:
            await post_cards_anew(storage, chat, waiting, now=now)


async def _record(
    storage: Storage, queue: Queue, before: QueueChat | None, after: QueueChat | None, *, by: str, now: datetime
) -> None:
    line = Change("queue_chat", (queue,), _facts(before), _facts(after), "bind", now, actor=by)
    await storage.changes.record([line])


def _facts(chat: QueueChat | None) -> Mapping[str, Any] | None:
    if chat is None:
        return None
    return {"chat_id": chat.chat_id, "thread_id": chat.thread_id, "language": chat.language}
