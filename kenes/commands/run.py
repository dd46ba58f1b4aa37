"""`kenes run`: the bot as a process, from its settings to a clean stop."""

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click
import structlog

from kenes.commands.opening import Environment, read_environment
from kenes.logs import configure_logs
from kenes.settings import SettingsError
from services.clock import RemoteClock

if TYPE_CHECKING:  # aiogram costs two seconds; a wrong setting is to be named before that
    from collections.abc import Mapping

    from aiogram import Bot

    from bot.i18n import Texts
    from policy.people import Language

log = structlog.get_logger(__name__)

GC_THRESHOLD = (
    50_000  # what a bot makes lives for one update: collecting less often gives a third more updates a second
)
LONGEST_PAUSE = 60


@click.command
def run() -> None:
    """Start the bot: migrate the database, poll BOT_API_URL, stop cleanly on SIGTERM and SIGINT."""
    from storage.migrations import migrate

    gc.disable()  # until everything is imported: none of it is garbage, and looking for it costs half a second
    environment = read_environment()
    try:
        token = environment.settings.token
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    configure_logs()
    migrate(environment.settings.database_url)
    asyncio.run(_serve(environment, token))


async def _serve(environment: Environment, token: str) -> None:
    from bot.app import make_bot, make_dispatcher
    from bot.i18n import load_texts
    from bot.jobs.sweeps import scheduler, sweep
    from storage.database import Database

    settings, profile, clock = environment.settings, environment.profile, environment.clock
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(settings.database_url))
        bot = make_bot(token, settings.bot_api_url)
        stack.push_async_callback(bot.session.close)
        voices = load_texts(profile.university.zone)
        dispatcher = make_dispatcher(database=database, profile=profile, clock=clock, voices=voices)
        await sweep(database, profile, clock)
        sweeps = scheduler(database, profile, clock)
        sweeps.start()
        stack.callback(sweeps.shutdown, wait=False)
        if isinstance(clock, RemoteClock):
            stack.callback(asyncio.create_task(clock.follow()).cancel)
        await _introduce(bot, voices)
        gc.freeze()
        gc.enable()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        log.info("polling", bot_id=bot.id)
        await dispatcher.start_polling(bot, close_bot_session=False)
    log.info("stopped")


async def _introduce(bot: "Bot", voices: "Mapping[Language, Texts]") -> None:
    """Register the commands as soon as the server answers, trying again with growing pauses.

    Raises ClickException for a token the server does not know.
    """
    from aiogram.exceptions import (
        ClientDecodeError,
        TelegramNetworkError,
        TelegramRetryAfter,
        TelegramServerError,
        TelegramUnauthorizedError,
    )

    from bot.commands import register_commands

    pause = 1
    while True:
        try:
            await bot.me()
            await register_commands(bot, voices)
        except TelegramUnauthorizedError:
            raise click.ClickException(
                "BOT_TOKEN is not known to BOT_API_URL; allowed: the token BotFather gave"
            ) from None
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError) as error:
            wait = max(pause, error.retry_after if isinstance(error, TelegramRetryAfter) else 0)
            log.warning("the Bot API server does not answer", pause=wait, exc_info=True)
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return
