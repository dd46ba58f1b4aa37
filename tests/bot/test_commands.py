"""The command menu in Telegram."""

from collections.abc import Mapping

from aiogram.methods import SetMyCommands

from bot.commands import COMMANDS, register_commands
from bot.i18n import Texts
from policy.people import Language
from tests.telegram import Telegram


async def test_commands_are_told_in_both_languages_and_only_when_they_change(
    telegram: Telegram, voices: Mapping[Language, Texts]
) -> None:
    await register_commands(telegram.bot, voices)
    told = {code: {one.command: one.description for one in said} for (_, code), said in telegram.commands.items()}
    assert told["kk"]["language"] == told[""]["language"] == "Тілді ауыстыру"
    assert told["ru"]["language"] == "Сменить язык"
    assert all(list(said) == list(COMMANDS) for said in told.values())
    telegram.calls.clear()
    await register_commands(telegram.bot, voices)
    assert not [call for call in telegram.calls if isinstance(call, SetMyCommands)]
    telegram.commands["all_private_chats", "ru"] = []
    await register_commands(telegram.bot, voices)
    assert [call.language_code for call in telegram.calls if isinstance(call, SetMyCommands)] == ["ru"]
