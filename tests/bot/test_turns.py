"""One chat in order, chats side by side."""

import asyncio
from typing import Any

from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.types import Chat, Update

from bot.middlewares.turns import Turns


async def test_a_chat_waits_for_itself_and_not_for_others() -> None:
    turns, done, gate = Turns(), list[str](), asyncio.Event()

    async def handle(_: object, data: dict[str, Any]) -> None:
        if data["name"] == "first":
            await gate.wait()
        done.append(data["name"])
        if data["name"] == "elsewhere":
            gate.set()

    async def arrive(name: str, chat: int) -> None:
        context = EventContext(chat=Chat(id=chat, type="private"))
        await turns(handle, Update(update_id=1), {"event_context": context, "name": name})

    async with asyncio.TaskGroup() as group:
        for name, chat in (("first", 1), ("second", 1), ("third", 1), ("elsewhere", 2)):
            group.create_task(arrive(name, chat))
    assert done == ["elsewhere", "first", "second", "third"]
    assert turns._locks == {}


async def test_a_failure_lets_the_next_have_its_turn() -> None:
    turns = Turns()
    data: dict[str, Any] = {"event_context": EventContext(chat=Chat(id=1, type="private"))}

    async def fail(*_: object) -> None:
        raise ValueError

    async def succeed(*_: object) -> str:
        return "done"

    failed = await asyncio.gather(turns(fail, Update(update_id=1), data), return_exceptions=True)
    assert isinstance(failed[0], ValueError)
    assert await turns(succeed, Update(update_id=2), data) == "done"
    assert turns._locks == {}
