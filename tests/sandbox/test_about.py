"""What a bot says about itself and may ask about chats."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    MenuButtonCommands,
)

from tests.sandbox.conftest import AIGERIM, DANIYAR, FORUM, GROUP, MEMBER_ONLY, STRANGER, Sandbox

Refused = Callable[[Awaitable[Any]], Awaitable[str]]


async def test_who_it_is(sandbox: Sandbox) -> None:
    me = await sandbox.bot.get_me()
    assert (me.id, me.username, me.can_read_all_group_messages) == (7_000_000_001, "kenes_demo_bot", False)


async def test_commands_by_language_and_scope(sandbox: Sandbox) -> None:
    def commands(name: str) -> list[BotCommand]:
        return [BotCommand(command="marks", description=name)]

    async def shown(person: int, chat: int | None = None) -> list[str]:
        page = await sandbox.get("/messages", **{"as": person, "chat": chat or person})
        return [one["description"] for one in page["commands"]]

    bot = sandbox.bot
    await bot.set_my_commands(commands("default"))
    await bot.set_my_commands(commands("Бағалар"), BotCommandScopeAllPrivateChats(), "kk")
    await bot.set_my_commands(commands("Оценки"), BotCommandScopeAllPrivateChats(), "ru")
    assert (await shown(AIGERIM), await shown(DANIYAR)) == (["Бағалар"], ["Оценки"])
    assert await shown(AIGERIM, GROUP) == ["default"]
    await bot.set_my_commands(commands("here"), BotCommandScopeChat(chat_id=GROUP))
    await bot.set_my_commands(commands("for her"), BotCommandScopeChatMember(chat_id=GROUP, user_id=AIGERIM))
    assert (await shown(AIGERIM, GROUP), await shown(DANIYAR, GROUP)) == (["for her"], ["here"])
    [russian] = await bot.get_my_commands(BotCommandScopeAllPrivateChats(), "ru")
    assert (russian.command, russian.description) == ("marks", "Оценки")
    assert await bot.get_my_commands(language_code="ru") == []
    world = await sandbox.get("/world")
    assert {language: these[0]["description"] for language, these in world["bot"]["commands"].items()} == {
        "": "default",
        "kk": "Бағалар",
        "ru": "Оценки",
    }
    await bot.delete_my_commands(BotCommandScopeAllPrivateChats(), "ru")
    assert await shown(DANIYAR) == ["default"]


@pytest.mark.parametrize(
    ("command", "description", "complaint"),
    [("Marks", "x", "BOT_COMMAND_INVALID"), ("marks", "x" * 257, "BOT_COMMAND_DESCRIPTION_INVALID")],
)
async def test_commands_telegram_would_not_take(
    sandbox: Sandbox, refused: Refused, command: str, description: str, complaint: str
) -> None:
    call = sandbox.bot.set_my_commands([BotCommand(command=command, description=description)])
    assert await refused(call) == f"Bad Request: {complaint}"


async def test_names_and_descriptions_by_language(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    await bot.set_my_description("Что это", "ru")
    await bot.set_my_description("Бұл не")
    await bot.set_my_short_description("Қысқа", "kk")
    assert (await bot.get_my_description("ru")).description == "Что это"
    assert (await bot.get_my_description("kk")).description == "Бұл не"
    assert (await bot.get_my_short_description("kk")).short_description == "Қысқа"
    assert (await bot.get_my_name()).name == "Kenes"
    await bot.set_my_name("Кеңес", "kk")
    assert (await bot.get_my_name("kk")).name == "Кеңес"
    assert (await sandbox.get("/world"))["bot"]["description"] == {"ru": "Что это", "": "Бұл не"}
    assert await refused(bot.set_my_description("x" * 513)) == "Bad Request: bot description is too long"
    assert await refused(bot.set_my_name("x", "kaz")) == "Bad Request: invalid language code specified"


async def test_the_menu_button(sandbox: Sandbox) -> None:
    await sandbox.bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert (await sandbox.bot.get_chat_menu_button(AIGERIM)).type == "commands"
    page = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM})
    assert page["menu_button"] == {"type": "commands"}


async def test_chats_and_members(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    assert (await bot.get_chat(AIGERIM)).first_name == "Әйгерім"
    assert (await bot.get_chat(FORUM)).is_forum
    assert await bot.get_chat_member_count(GROUP) == 4
    assert [one.user.id for one in await bot.get_chat_administrators(GROUP)] == [AIGERIM]
    assert bot.id in {one.user.id for one in await bot.get_chat_administrators(FORUM)}
    for user, status in ((AIGERIM, "administrator"), (MEMBER_ONLY, "member"), (STRANGER, "left"), (bot.id, "member")):
        assert (await bot.get_chat_member(GROUP, user)).status == status
    assert await refused(bot.get_chat_member(GROUP, 9)) == "Bad Request: user not found"
    await sandbox.post("/groups", {"id": GROUP, "bot": "restricted"})
    assert (await bot.get_chat_member(GROUP, bot.id)).status == "restricted"


async def test_leaving(sandbox: Sandbox, refused: Refused) -> None:
    assert await sandbox.bot.leave_chat(GROUP)
    complaint = "Forbidden: bot is not a member of the group chat"
    assert await refused(sandbox.bot.send_message(GROUP, "x")) == complaint
