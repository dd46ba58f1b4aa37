"""Binding: which group reads of a queue, set by an administrator, and what becomes of it when the group moves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policy.profile import Profile
from policy.requests import DESKS, OPEN, Queue
from services.requests.telling import (
    forget_unseen_cards,
    kinds_of,
    owe_cards,
    post_cards_anew,
    post_unseen_cards,
)
from storage.queues import QueueChat
from storage.records import Change
from storage.requests import Request
from storage.unit import Storage


async def bind(storage: Storage, chat: QueueChat, *, most: int | None = None) -> QueueChat | None:
    """Let a queue's cards stand in a chat from now on, and return the one it had. Commits.

    Open cards stay where they are. What is open and has no card anybody could see gets one here: its card could not be
    posted, or still waits to be. Above `most` of them one summary stands for the others.
    """
    before = await storage.queues.chat_of(chat.queue)
    await storage.queues.bind(chat)
    await _record(storage, chat.queue, before, chat, by=chat.bound_by, now=chat.bound_at)
    await post_unseen_cards(storage, chat, await _waiting(storage, chat.queue), now=chat.bound_at, most=most)
    await storage.commit()
    return before


async def unbind(
    storage: Storage, queue: Queue, *, by: str, now: datetime, profile: Profile | None = None
) -> QueueChat | None:
    """Let a queue's cards go to those who read it, and return the chat it had; None when it had none. Commits.

    With the `profile`, which says who reads it, they get the cards too that could not be posted in the chat.
    """
    before = await storage.queues.chat_of(queue)
    if before is not None:
        await storage.queues.unbind(queue)
        await _record(storage, queue, before, None, by=by, now=now)
        if profile:
            unseen = await forget_unseen_cards(storage, queue, await _waiting(storage, queue))
            students = await storage.students.by_ids(each.student_id for each in unseen)
            for each in unseen:
                await owe_cards(storage, each, students[each.student_id], now=now, profile=profile, queue=queue)
        await storage.commit()
    return before


async def follow_chat(storage: Storage, old: int, new: int, *, now: datetime) -> None:
    """Follow a group that became a supergroup: what is owed goes there, and open cards are posted there anew.

    However often Telegram tells of it, it happens once. The caller commits.
    """
    await storage.outbox.move_chat(old, new)
    for queue in await storage.queues.move_chat(old, new):
        chat = await storage.queues.chat_of(queue)
        if chat is not None:
            await post_cards_anew(storage, chat, await _waiting(storage, queue), now=now)


async def _waiting(storage: Storage, queue: Queue) -> tuple[Request, ...]:
    """Return what a queue's chat is about: what is open, and of the registrar's what is to be entered."""
    waiting = await storage.requests.in_states(kinds_of(queue), OPEN)
    return waiting + await storage.requests.to_enter() if DESKS[queue].enters_marks else waiting


async def _record(
    storage: Storage, queue: Queue, before: QueueChat | None, after: QueueChat | None, *, by: str, now: datetime
) -> None:
    line = Change("queue_chat", (queue,), _facts(before), _facts(after), "bind", now, actor=by)
    await storage.changes.record([line])


def _facts(chat: QueueChat | None) -> Mapping[str, Any] | None:
    if chat is None:
        return None
    return {"chat_id": chat.chat_id, "thread_id": chat.thread_id, "language": chat.language}
