"""What Telegram shows of the bot by itself: the command menu, and what it is for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats

from bot.i18n import Texts, msgid
from policy.people import Language

SCOPE = BotCommandScopeAllPrivateChats()
DESCRIPTION = msgid(
    "Your marks, GPA and deadlines at the university, appeals and retakes filed in time, in Kazakh and Russian. "
    "To begin you need the university's invitation or your number in its records."
)
SHORT_DESCRIPTION = msgid("Marks, GPA and deadlines in your university's chat.")
CODES = {"": Language.KK, "kk": Language.KK, "ru": Language.RU}  # Kazakh for whoever has set another language

LONGEST_PAUSE = 3600.0  # seconds

log = structlog.get_logger(__name__)


async def register_commands(
    bot: Bot,
    voices: Mapping[Language, Texts],
    commands: Mapping[str, str],
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Tell Telegram the commands and what the bot is for, in both languages; asks first, tells only what changed.

    It takes no such thing for hours at times: to be done beside the work, however long it takes. A server that refuses
    it is no reason not to run: that is logged.
    """
    failures = 0
    while True:
        try:
            for code, language in CODES.items():
                await _tell(bot, voices[language], commands, code or None)
        except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError, ClientDecodeError) as error:
            failures += 1
            pause = min(60.0 * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
            if isinstance(error, TelegramRetryAfter):
                pause = max(pause, error.retry_after)
            log.info("commands are registered later", error=type(error).__name__, pause=pause)
            await sleep(pause)
        except TelegramAPIError as error:
            log.warning("commands not registered", error=type(error).__name__, why=error.message)
            return
        else:
            return


async def _tell(bot: Bot, texts: Texts, commands: Mapping[str, str], code: str | None) -> None:
    told = [BotCommand(command=name, description=texts.plain(says)) for name, says in commands.items()]
    if await bot.get_my_commands(scope=SCOPE, language_code=code) != told:
        await bot.set_my_commands(told, scope=SCOPE, language_code=code)
    description, short = texts.plain(DESCRIPTION), texts.plain(SHORT_DESCRIPTION)
    if (await bot.get_my_description(language_code=code)).description != description:
        await bot.set_my_description(description, language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != short:
        await bot.set_my_short_description(short, language_code=code)
