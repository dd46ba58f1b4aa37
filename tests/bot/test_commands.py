"""The command menu in Telegram."""

from collections.abc import Mapping

from aiogram.exceptions import TelegramNetworkError, TelegramNotFound, TelegramRetryAfter
from aiogram.methods import GetMyCommands, SetMyCommands
from structlog.testing import capture_logs

from bot.app import COMMANDS as ALL
from bot.commands import register_commands
from bot.feature import Audience
from bot.i18n import Texts
from policy.people import Language
from tests.telegram import Telegram

COMMANDS = ALL[Audience.EVERYBODY]


async def test_commands_are_told_in_both_languages_and_only_when_they_change(
    telegram: Telegram, voices: Mapping[Language, Texts]
) -> None:
    await register_commands(telegram.bot, voices, COMMANDS)
    told = {code: {one.command: one.description for one in said} for code, said in telegram.commands.items()}
    assert told["kk"]["language"] == told[""]["language"] == "Тілді ауыстыру"
    assert told["ru"]["language"] == "Сменить язык"
    assert all(list(said) == list(COMMANDS) for said in told.values())
    assert telegram.short_descriptions[""] == telegram.short_descriptions["kk"]
    assert telegram.descriptions["ru"].startswith("Ваши оценки, GPA и сроки")
    telegram.calls.clear()
    await register_commands(telegram.bot, voices, COMMANDS)
    assert not [call for call in telegram.calls if type(call).__name__.startswith("Set")]
    telegram.commands["ru"] = []
    await register_commands(telegram.bot, voices, COMMANDS)
    assert [call.language_code for call in telegram.calls if isinstance(call, SetMyCommands)] == ["ru"]


async def test_a_server_that_takes_no_commands_stops_nothing(
    telegram: Telegram, voices: Mapping[Language, Texts]
) -> None:
    telegram.failures.append(TelegramNotFound(GetMyCommands(), "Not Found"))
    with capture_logs() as logs:
        await register_commands(telegram.bot, voices, COMMANDS)
    assert [line["event"] for line in logs] == ["commands not registered"]


async def test_a_server_that_takes_no_commands_for_hours_is_asked_when_it_said(
    telegram: Telegram, voices: Mapping[Language, Texts]
) -> None:
    telegram.failures += [
        TelegramRetryAfter(SetMyCommands(commands=[]), "Too Many Requests", 7200),
        TelegramNetworkError(GetMyCommands(), "down"),
    ]
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    await register_commands(telegram.bot, voices, COMMANDS, sleep=sleep)
    assert waited[0] == 7200
    assert len(waited) == 2
    assert list(telegram.commands) == ["", "kk", "ru"]
