"""`kenes run`: the bot as a process, from its settings to a clean stop."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import structlog

from kenes.commands.opening import Environment, read_environment
from kenes.logs import configure_logs
from kenes.settings import Settings, SettingsError
from services.clock import RemoteClock

if TYPE_CHECKING:  # aiogram costs two seconds; a wrong setting is to be named before that
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from aiogram import Bot, Dispatcher

    from bot.i18n import Texts
    from bot.jobs.resuming import Resuming
    from bot.jobs.touch import Touch
    from bot.metrics import Meter
    from bot.updates import Updates
    from policy.people import Language
    from storage.database import Database

log = structlog.get_logger(__name__)

GC_THRESHOLD = (
    50_000  # what a bot makes lives for one update: collecting less often gives a third more updates a second
)
STOP_SECONDS = 10  # what is being handled may take so long to end
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@click.command
def run() -> None:
    """Start the bot: migrate the database, poll BOT_API_URL or be called at WEBHOOK_URL, stop cleanly on SIGTERM."""
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
    """Serve until SIGTERM or SIGINT; then what is being handled ends, and everything is closed in order."""
    serving = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for each in SIGNALS:
            loop.remove_signal_handler(each)  # a second one ends the process at once
        if serving:
            serving.cancel()

    for each in SIGNALS:
        loop.add_signal_handler(each, stop)
    async with AsyncExitStack() as stack:
        with suppress(asyncio.CancelledError):
            await _receive(environment, token, stack)
    log.info("stopped")


async def _receive(environment: Environment, token: str, stack: AsyncExitStack) -> None:
    """Put everything together, take in updates until cancelled; what has to be closed then is left on the stack."""
    from bot.app import make_bot, make_dispatcher
    from bot.health import Health, answering
    from bot.i18n import load_texts
    from bot.jobs.resuming import Resuming
    from bot.jobs.touch import Touch
    from bot.metrics import Metrics, Uncounted
    from bot.pacing import Pace
    from bot.sender import Sender
    from bot.updates import Updates
    from storage.database import Database
    from storage.inbox import Inbox

    settings, profile, clock = environment.settings, environment.profile, environment.clock
    database = await stack.enter_async_context(Database.open(settings.database_url))
    inbox = await stack.enter_async_context(Inbox.open(settings.database_url))
    metrics = Metrics() if settings.kenes_metrics_port else None
    meter = metrics or Uncounted()
    pace = Pace(overall=settings.kenes_messages_a_second, meter=meter)
    bot = make_bot(token, settings.bot_api_url, pace)
    stack.push_async_callback(bot.session.close)
    voices = load_texts(profile.university.zone)
    dispatcher = make_dispatcher(
        database=database,
        profile=profile,
        clock=clock,
        voices=voices,
        updates_a_minute=settings.kenes_updates_a_minute,
    )
    sender = Sender(bot=bot, database=database, pace=pace, profile=profile, clock=clock, voices=voices, meter=meter)
    dispatcher["sender"] = sender
    stack.push_async_callback(dispatcher.emit_shutdown)
    touch = Touch(database, clock)
    updates = Updates(
        bot=bot, dispatcher=dispatcher, inbox=inbox, database=database, clock=clock, meter=meter, touch=touch
    )
    stack.push_async_callback(updates.stop, STOP_SECONDS)
    resuming = Resuming(bot, dispatcher["work"], database, profile, clock, voices)
    await _sweep(environment, database, meter, resuming, stack)
    if isinstance(clock, RemoteClock):
        _while_open(stack, clock.follow())
    await _answered(lambda: _introduce(bot, voices))
    gc.freeze()
    gc.enable()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    await touch.answered()
    await resuming.start()
    _while_open(stack, sender.run())
    await updates.resume()
    _while_open(stack, updates.run())
    _while_open(stack, touch.run())
    if metrics and settings.kenes_metrics_port:
        health = Health(metrics, database, clock, polls=not settings.webhook_url)
        await stack.enter_async_context(answering(health, settings.kenes_metrics_port))
    if settings.webhook_url:
        await _be_called(settings, stack, bot=bot, dispatcher=dispatcher, updates=updates, touch=touch, meter=meter)
    else:
        await _poll(bot, dispatcher, updates, touch, meter)


async def _sweep(
    environment: Environment, database: "Database", meter: "Meter", resuming: "Resuming", stack: AsyncExitStack
) -> None:
    """Sweep, and go on doing so, with a look at what may be wrong."""
    from bot.jobs.documents import DocumentFetching
    from bot.jobs.folder import ImportFolder
    from bot.jobs.overdue import OverdueRequests
    from bot.jobs.sweeps import scheduler, sweep
    from bot.jobs.watch import Watch
    from services.watching import Expected
    from storage.files import Files

    settings, profile, clock = environment.settings, environment.profile, environment.clock
    expected = Expected(backup=_hours(settings.kenes_backup_hours), imported=_hours(settings.kenes_import_hours))
    await sweep(database, profile, clock, meter)
    sweeps = scheduler(database, profile, clock, meter)
    Watch(database, profile, clock, expected, settings.records_folder, meter).join(sweeps)
    OverdueRequests(database, profile, clock, meter).join(sweeps)
    resuming.join(sweeps)
    fetching = DocumentFetching(resuming.bot, database, Files(settings.documents_folder), profile, clock, meter)
    await fetching.clear()
    fetching.join(sweeps)
    if folder := settings.kenes_import_dir:
        ImportFolder(folder, database, profile, clock, resuming.work.turn, meter).join(sweeps)
    sweeps.start()
    stack.callback(sweeps.shutdown, wait=False)


def _hours(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(hours=number)


async def _poll(bot: "Bot", dispatcher: "Dispatcher", updates: "Updates", touch: "Touch", meter: "Meter") -> None:
    from bot.polling import Polling
    from bot.webhook import renounce

    await _answered(lambda: renounce(bot))
    log.info("polling", bot_id=bot.id)
    await Polling(bot, updates, touch, kinds=_kinds(dispatcher), meter=meter).run()


async def _be_called(
    settings: Settings,
    stack: AsyncExitStack,
    *,
    bot: "Bot",
    dispatcher: "Dispatcher",
    updates: "Updates",
    touch: "Touch",
    meter: "Meter",
) -> None:
    """Listen, and only then tell Telegram where."""
    from aiohttp import web

    from bot.jobs.touch import BEAT_SECONDS
    from bot.webhook import Webhook, announce, path_of

    url, secret = settings.webhook_url or "", settings.webhook_secret
    if secret is None:
        raise RuntimeError("a webhook without a secret")
    webhook = Webhook(updates, secret.get_secret_value(), meter=meter)
    runner = web.AppRunner(webhook.app(path_of(url)), access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.webhook_listen, settings.webhook_port).start()
    await _answered(lambda: announce(bot, url, secret.get_secret_value(), _kinds(dispatcher)))
    log.info("listening", bot_id=bot.id, port=settings.webhook_port)
    while True:  # to be called is to be in touch
        await asyncio.sleep(BEAT_SECONDS)
        await touch.answered()


def _kinds(dispatcher: "Dispatcher") -> list[str]:
    """Name the kinds of updates there is a handler for."""
    return sorted(dispatcher.resolve_used_update_types())


def _while_open(stack: AsyncExitStack, work: "Coroutine[Any, Any, None]") -> None:
    """Do something beside all else until the stack is closed."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


async def _introduce(bot: "Bot", voices: "Mapping[Language, Texts]") -> None:
    from bot.commands import register_commands

    await bot.me()
    await register_commands(bot, voices)


async def _answered(ask: "Callable[[], Awaitable[None]]") -> None:
    """Ask the server until it answers, with growing pauses.

    Raises ClickException for a token the server does not know.
    """
    from aiogram.exceptions import (
        ClientDecodeError,
        TelegramNetworkError,
        TelegramRetryAfter,
        TelegramServerError,
        TelegramUnauthorizedError,
    )

    from bot.polling import pause_after, reason

    failures = 0
    while True:
        try:
            return await ask()
        except TelegramUnauthorizedError:
            raise click.ClickException(
                "BOT_TOKEN is not known to BOT_API_URL; allowed: the token BotFather gave"
            ) from None
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError) as error:
            failures += 1
            pause = pause_after(error, failures)
            log.warning("the Bot API server does not answer", why=reason(error), pause=pause, failures=failures)
            await asyncio.sleep(pause)
