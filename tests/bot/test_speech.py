"""What a handler does is kept as a whole, with the mark that its update is handled, or not at all."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import SendMessage
from aiogram.types import Message

from bot.delivery.sender import Sender
from bot.delivery.updates import Handling
from bot.i18n import Html, Texts
from bot.middlewares.context import FINAL, WRITES, HandledError, Speech
from bot.screen import Elsewhere, Screen, UnsaidError
from policy.people import Language
from storage.database import Database
from storage.outbox import OwedState, Priority
from storage.unit import Storage
from tests.bot.conftest import NOW
from tests.telegram import Telegram

MESSAGE = Message.model_validate({"message_id": 1, "date": NOW, "chat": {"id": 1, "type": "private"}})


async def chosen(database: Database) -> Language | None:
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    return known.account.language if known else None


def data(handler: Any, time_limit: asyncio.Timeout, sender: Sender, **flags: Any) -> dict[str, Any]:
    return {
        "sender": sender,
        "reading": AsyncExitStack(),
        "handler": HandlerObject(handler, flags=flags),
        "handling": Handling(1),
        "now": NOW,
        "time_limit": time_limit,
    }


async def speak(telegram: Telegram, database: Database, handler: Any) -> Handling:
    async with asyncio.timeout(None) as limit:
        given = data(handler, limit, telegram.sender, **WRITES)
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


async def test_what_is_kept_is_kept_together_with_the_mark_that_it_is(telegram: Telegram, database: Database) -> None:
    handling = await speak(telegram, database, choose)
    assert handling.kept
    assert await chosen(database) is Language.RU
    assert await marked(database)


async def test_a_decision_pressed_before_an_outage_asks_again_and_does_nothing(
    telegram: Telegram, database: Database, voices: Mapping[Language, Texts]
) -> None:
    async with asyncio.timeout(None) as limit, database.read() as storage:
        given = {**data(choose, limit, telegram.sender, **FINAL), "texts": voices[Language.RU], "storage": storage}
        given["handling"].old = True
        await Speech(database)(choose, MESSAGE.as_(telegram.bot), given)
    assert await chosen(database) is None
    assert not given["handling"].kept
    assert "нажмите ту же кнопку ещё раз" in telegram.room(1).messages[-1].text


async def test_a_failure_after_a_commit_takes_back_what_it_was_to_keep(telegram: Telegram, database: Database) -> None:
    async def fail_late(_: object, data: dict[str, Any]) -> None:
        await choose(_, data)
        raise KeyError

    with pytest.raises(KeyError):
        await speak(telegram, database, fail_late)
    assert await chosen(database) is None
    assert not await marked(database)


async def test_an_update_that_was_handled_changes_nothing_when_it_comes_again(
    telegram: Telegram, database: Database
) -> None:
    async with database.write() as storage:
        assert await storage.handled.add(1, at=NOW)
        await storage.commit()
    with pytest.raises(HandledError):
        await speak(telegram, database, choose)
    assert await chosen(database) is None


async def test_what_is_not_committed_is_not_kept(telegram: Telegram, database: Database) -> None:
    async def forget(_: object, data: dict[str, Any]) -> None:
        await data["storage"].accounts.choose_language(1, Language.RU)

    assert not (await speak(telegram, database, forget)).kept
    assert await chosen(database) is None
    assert not await marked(database)


async def test_the_answer_is_owed_with_what_was_kept_and_sent_at_once(telegram: Telegram, database: Database) -> None:
    async def answer(_: object, data: dict[str, Any]) -> Screen:
        await choose(_, data)
        return Screen(Html("done"))

    await speak(telegram, database, answer)
    assert [shown.text for shown in telegram.room(1).messages] == ["done"]
    async with database.read() as storage:
        owed = await storage.outbox.by_id(1)
    assert owed
    assert (owed.state, owed.chat_id, owed.priority) == (OwedState.SENT, 1, Priority.ANSWER)


async def test_an_answer_the_network_lost_is_said_later(telegram: Telegram, database: Database) -> None:
    async def answer(_: object, data: dict[str, Any]) -> Screen:
        await choose(_, data)
        return Screen(Html("done"))

    telegram.failures.append(TelegramNetworkError(SendMessage(chat_id=1, text="x"), "down"))
    await speak(telegram, database, answer)
    assert await chosen(database) is Language.RU
    async with database.read() as storage:
        owed = await storage.outbox.by_id(1)
    assert owed
    assert (owed.state, owed.error) == (OwedState.WAITING, "TelegramNetworkError")


async def test_an_answer_telegram_cannot_read_is_owned_up_to(telegram: Telegram, database: Database) -> None:
    async def answer(_: object, data: dict[str, Any]) -> Screen:
        await choose(_, data)
        return Screen(Html("<b>done"))

    with pytest.raises(UnsaidError):
        await speak(telegram, database, answer)
    assert await chosen(database) is Language.RU


async def test_others_are_told_of_what_is_kept_only(telegram: Telegram, database: Database) -> None:
    async def tell(_: object, _data: dict[str, Any]) -> Elsewhere:
        return Elsewhere(2, Screen(Html("x")))

    with pytest.raises(TypeError):
        await speak(telegram, database, tell)
