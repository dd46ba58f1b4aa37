"""`kenes run`: the bot as a process, from its settings to a clean stop."""

import asyncio
import gc
from contextlib import AsyncExitStack

import click
import structlog

from kenes.logs import configure_logs
from kenes.settings import Settings, SettingsError, load_settings
from policy.profile import Profile, ProfileError, load_profile, use_pinned_time_zones
from services.clock import ClockError, MovedClock, RemoteClock, WallClock, clock_from

log = structlog.get_logger(__name__)

GC_THRESHOLD = 50_000  # what a bot makes lives for one update; collecting less often is a third more updates a second


@click.command
def run() -> None:
    """Start the bot: migrate the database, poll BOT_API_URL, stop cleanly on SIGTERM and SIGINT."""
    try:
        settings = load_settings()
        token = settings.token
        use_pinned_time_zones()
        profile = load_profile(settings.kenes_profile)
        clock = clock_from(settings.kenes_clock)
    except (SettingsError, ProfileError, ClockError) as error:
        raise click.ClickException(str(error)) from None
    configure_logs()
    _migrate(settings)
    asyncio.run(_serve(settings, token, profile, clock))


def _migrate(settings: Settings) -> None:
    from storage.migrations import migrate

    migrate(settings.database_url)
    log.info("database ready")


async def _serve(settings: Settings, token: str, profile: Profile, clock: WallClock | MovedClock) -> None:
    from bot.app import make_bot, make_dispatcher
    from bot.commands import register_commands
    from storage.database import Database

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(settings.database_url))
        bot = make_bot(token, settings.bot_api_url)
        stack.push_async_callback(bot.session.close)
        dispatcher = make_dispatcher(database=database, profile=profile, clock=clock)
        following = asyncio.create_task(clock.follow()) if isinstance(clock, RemoteClock) else None
        await register_commands(bot)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        log.info("polling", bot_id=bot.id)
        await dispatcher.start_polling(bot, close_bot_session=False)
        if following:
            following.cancel()
    log.info("stopped")
