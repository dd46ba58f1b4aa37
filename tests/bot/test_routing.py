"""A directory asks fewer routers than a dispatcher does, and whoever would have taken an update takes it."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from aiogram import Dispatcher, F, Router
from aiogram.filters import Command, CommandStart
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.app import FEATURES
from bot.filters import Where
from bot.routing import Directory
from tests.bot.conftest import NOW
from tests.telegram import Telegram


class Apple(CallbackData, prefix="apple"):
    """One button."""

    number: int


class Pear(CallbackData, prefix="pear"):
    """Another."""


SENDER = {"id": 1, "is_bot": False, "first_name": "x"}


def pressed(data: str | None) -> CallbackQuery:
    return CallbackQuery.model_validate({"id": "1", "from": SENDER, "chat_instance": "1", "data": data})


def sent(where: str, text: str | None) -> Message:
    chat = {"id": 1, "type": "private"}
    return Message.model_validate({"message_id": 1, "date": NOW, "chat": chat, "from": SENDER, where: text})


FILTERS: tuple[Callable[[], tuple[Any, ...]], ...] = (
    lambda: (Apple.filter(F.number > 5),),
    lambda: (Apple.filter(),),
    lambda: (Pear.filter(), Where(F.data)),
    lambda: (Command("apple"),),
    lambda: (Command("pear", "plum"), Where(F.text)),
    lambda: (CommandStart(deep_link=True, magic=F.args == "x"),),
    lambda: (Command("APPLE", ignore_case=True),),
    lambda: (Where(F.text == "plum"),),
    tuple,
)
PRESSES = (None, "", "apple", "apple:1", "apple:9", "pear", "pear:1", "plum", ":apple", "apple:1:2")
TEXTS: tuple[str | None, ...] = (
    *(None, "plum", "/", "/ apple", "!apple", "//apple"),
    *("/apple", " /apple", "/APPLE", "/apple@bot", "/apple@other_bot", "/pear 1", "/plum", "/start", "/start x"),
)


def events() -> list[tuple[str, TelegramObject]]:
    messages = [sent(where, text) for text in TEXTS for where in ("text", "caption")]
    return [*(("callback_query", pressed(data)) for data in PRESSES), *(("message", each) for each in messages)]


def taking(name: str) -> Callable[[TelegramObject], Any]:
    async def take(_: TelegramObject) -> str:
        return name

    return take


def some_router(chance: Random, name: str, depth: int = 0) -> Router:
    """Make a router that takes this and that, perhaps with others in it."""
    router = Router(name=name)
    if chance.random() < 0.2:
        router.message.filter(Where(F.text))
    for number in range(chance.randint(0, 2)):
        observer = chance.choice((router.message, router.callback_query))
        observer.register(taking(f"{name}.{number}"), *chance.choice(FILTERS)())
    for number in range(chance.randint(0, 2) if depth < 2 else 0):
        router.include_router(some_router(chance, f"{name}/{number}", depth + 1))
    return router


@pytest.mark.parametrize("seed", range(40))
async def test_whoever_takes_an_update_of_a_dispatcher_takes_that_of_a_directory(seed: int, telegram: Telegram) -> None:
    dispatcher, directory = Dispatcher(disable_fsm=True), Directory(disable_fsm=True)
    for each in (dispatcher, directory):
        chance = Random(seed)
        each.message.register(taking("itself"), Command("plum"))
        for number in range(6):
            each.include_router(some_router(chance, str(number)))
    taken = []
    for kind, event in events():
        bound = event.as_(telegram.bot)
        wanted, got = [await each.propagate_event(kind, bound, bot=telegram.bot) for each in (dispatcher, directory)]
        assert got == wanted
        taken.append(got)
    assert len(set(map(str, taken))) > 1


def test_a_press_is_put_to_few() -> None:
    directory = Directory(disable_fsm=True)
    for feature in FEATURES:
        if feature.router:
            directory.include_router(feature.router())
    asked = directory.those_for("callback_query", pressed("menu"))
    assert len(asked) < 6 < len(directory.sub_routers)
    assert directory.those_for("my_chat_member", pressed("menu")) == tuple(directory.sub_routers)


def test_what_nobody_knows_is_not_remembered() -> None:
    directory = Directory(disable_fsm=True)
    directory.include_router(some_router(Random(1), "1"))
    for number in range(100):
        directory.those_for("callback_query", pressed(f"unknown{number}"))
    assert len(directory._found) == 1
