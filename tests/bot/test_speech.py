"""What becomes of a failure: nothing is said before it is kept, nothing that was kept is called undone."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import Message

from bot.middlewares.context import WRITES, Speech
from bot.screen import UnsaidError
from policy.people import Language
from storage.database import Database
from storage.unit import Storage
from tests.bot.conftest import NOW

MESSAGE = Message.model_validate({"message_id": 1, "date": NOW, "chat": {"id": 1, "type": "private"}})


async def chosen(database: Database) -> Language | None:
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    return known.account.language if known else None


def data(handler: Any, **flags: Any) -> dict[str, Any]:
    return {"reading": AsyncExitStack(), "handler": HandlerObject(handler, flags=flags)}


async def test_a_failure_after_the_commit_is_not_called_undone(database: Database) -> None:
    async def fail_late(_: object, data: dict[str, Any]) -> None:
        storage: Storage = data["storage"]
        await storage.accounts.choose_language(1, Language.RU)
        await storage.commit()
        raise KeyError

    with pytest.raises(UnsaidError):
        await Speech(database)(fail_late, MESSAGE, data(fail_late, **WRITES))
    assert await chosen(database) is Language.RU


async def test_a_failure_before_the_commit_leaves_nothing_behind(database: Database) -> None:
    async def fail_early(_: object, data: dict[str, Any]) -> None:
        await data["storage"].accounts.choose_language(1, Language.RU)
        raise KeyError

    with pytest.raises(KeyError):
        await Speech(database)(fail_early, MESSAGE, data(fail_early, **WRITES))
    assert await chosen(database) is None


async def test_what_is_not_committed_is_not_kept(database: Database) -> None:
    async def forget(_: object, data: dict[str, Any]) -> None:
        await data["storage"].accounts.choose_language(1, Language.RU)

    await Speech(database)(forget, MESSAGE, data(forget, **WRITES))
    assert await chosen(database) is None
