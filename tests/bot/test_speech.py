"""What a handler does is kept as a whole, with the mark that its update is handled, or not at all."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import Message

from bot.middlewares.context import WRITES, HandledError, Speech
from bot.updates import Handling
from policy.people import Language
from storage.database import Database
from storage.unit import Storage
from tests.bot.conftest import NOW

MESSAGE = Message.model_validate({"message_id": 1, "date": NOW, "chat": {"id": 1, "type": "private"}})


async def chosen(database: Database) -> Language | None:
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    return known.account.language if known else None


def data(handler: Any, time_limit: asyncio.Timeout, **flags: Any) -> dict[str, Any]:
    return {
        "reading": AsyncExitStack(),
        "handler": HandlerObject(handler, flags=flags),
        "handling": Handling(1),
        "now": NOW,
        "time_limit": time_limit,
    }


async def speak(database: Database, handler: Any) -> Handling:
    async with asyncio.timeout(None) as limit:
        given = data(handler, limit, **WRITES)
        await Speech(database)(handler, MESSAGE, given)
    handling: Handling = given["handling"]
    return handling


async def marked(database: Database) -> bool:
    async with database.read() as storage:
        return await storage.handled.has(1)


async def choose(_: object, data: dict[str, Any]) -> None:
    storage: Storage = data["storage"]
    await storage.accounts.choose_language(1, Language.RU)
    await storage.commit()


async def test_what_is_kept_is_kept_together_with_the_mark_that_it_is(database: Database) -> None:
    handling = await speak(database, choose)
    assert handling.kept
    assert await chosen(database) is Language.RU
    assert await marked(database)


async def test_a_failure_after_a_commit_takes_back_what_it_was_to_keep(database: Database) -> None:
    async def fail_late(_: object, data: dict[str, Any]) -> None:
        await choose(_, data)
        raise KeyError

    with pytest.raises(KeyError):
        await speak(database, fail_late)
    assert await chosen(database) is None
    assert not await marked(database)


async def test_an_update_that_was_handled_changes_nothing_when_it_comes_again(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.handled.add(1, at=NOW)
        await storage.commit()
    with pytest.raises(HandledError):
        await speak(database, choose)
    assert await chosen(database) is None


async def test_what_is_not_committed_is_not_kept(database: Database) -> None:
    async def forget(_: object, data: dict[str, Any]) -> None:
        await data["storage"].accounts.choose_language(1, Language.RU)

    assert not (await speak(database, forget)).kept
    assert await chosen(database) is None
    assert not await marked(database)
