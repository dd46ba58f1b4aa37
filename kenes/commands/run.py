"""`kenes run`: the bot as a process, from its settings to a clean stop."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import structlog

from kenes.commands.opening import Environment, read_environment
from kenes.commands.starting import StartError, started
from kenes.logs import configure_logs
from kenes.settings import Settings, SettingsError
from services.clock import Clock, RemoteClock
from storage.holding import Holding
from storage.trouble import TroubleError

if TYPE_CHECKING:  # aiogram costs two seconds; a wrong setting is to be named before that
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping

    from aiogram import Bot, Dispatcher

    from bot.administrators import Administrators
    from bot.delivery.metrics import Meter
    from bot.delivery.sender import Sender
    from bot.delivery.touch import Touch
    from bot.delivery.troubles import Troubles
    from bot.delivery.updates import Updates
    from bot.i18n import Texts
    from bot.jobs.resuming import Resuming
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
    gc.disable()  # until everything is imported: none of it is garbage, and looking for it costs half a second
    environment = read_environment()
    try:
        token = environment.settings.token
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    configure_logs()
    with started(environment, token) as held:
        asyncio.run(_serve(environment, token, held))


async def _serve(environment: Environment, token: str, held: Holding) -> None:
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
            await _receive(environment, token, held, stack)
    log.info("stopped")


async def _receive(environment: Environment, token: str, held: Holding, stack: AsyncExitStack) -> None:
    """Put everything together, take in updates until cancelled; what has to be closed then is left on the stack."""
    from bot.app import COMMANDS
    from bot.commands import register_commands
    from bot.delivery.models import warm_up
    from bot.feature import Audience

    parts = await _put_together(environment, token, stack)
    administrators = _administrators(environment, parts, held)
    _while_open(stack, parts.troubles.run(partial(_write, parts.database, environment.clock), administrators.tell_of))
    resuming = await _sweep(environment, parts, administrators, stack)
    if isinstance(environment.clock, RemoteClock):
        _while_open(stack, environment.clock.follow())
    warm_up()
    await _answered(parts.bot.me)
    _while_open(stack, register_commands(parts.bot, parts.voices, COMMANDS[Audience.EVERYBODY]))
    gc.freeze()
    gc.enable()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    await parts.troubles.tried(parts.touch.answered)
    await _now_or_later(stack, parts.troubles, resuming.start)
    _while_open(stack, parts.sender.run())
    await parts.troubles.through(parts.updates.resume)
    _while_open(stack, parts.updates.run())
    _while_open(stack, parts.touch.run())
    if environment.settings.webhook_url:
        await _be_called(environment.settings, parts, stack)
    else:
        await _poll(parts)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a bot is made of."""

    database: "Database"
    meter: "Meter"
    troubles: "Troubles"
    bot: "Bot"
    voices: "Mapping[Language, Texts]"
    dispatcher: "Dispatcher"
    sender: "Sender"
    touch: "Touch"
    updates: "Updates"


async def _put_together(environment: Environment, token: str, stack: AsyncExitStack) -> _Parts:
    from bot.app import make_bot, make_dispatcher, make_wording
    from bot.delivery.health import Health, answering
    from bot.delivery.metrics import Metrics, Uncounted
    from bot.delivery.pacing import Pace
    from bot.delivery.sender import Sender
    from bot.delivery.touch import Touch
    from bot.delivery.troubles import Troubles
    from bot.delivery.updates import Updates
    from bot.i18n import load_texts
    from services.requests.binding import follow_chat
    from storage.database import Database
    from storage.inbox import Inbox

    settings, profile, clock = environment.settings, environment.profile, environment.clock
    database = await stack.enter_async_context(Database.open(settings.database_url))
    inbox = await stack.enter_async_context(Inbox.open(settings.database_url))
    metrics = Metrics() if settings.kenes_metrics_port else None
    meter = metrics or Uncounted()
    troubles = Troubles(clock)
    if metrics and settings.kenes_metrics_port:
        health = Health(metrics, database, clock, polls=not settings.webhook_url, troubles=troubles)
        with _taking("KENES_METRICS_PORT", settings.kenes_metrics_port):
            await stack.enter_async_context(answering(health, settings.kenes_metrics_port))
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
    counted: dict[str, Any] = {"meter": meter, "troubles": troubles}
    spoken: dict[str, Any] = {"bot": bot, "database": database, "clock": clock, **counted}
    sender = Sender(pace=pace, wording=make_wording(bot, profile, voices), follow=follow_chat, **spoken)
    dispatcher["sender"] = sender
    stack.push_async_callback(dispatcher.emit_shutdown)
    touch = Touch(database, clock, inbox=inbox, troubles=troubles)
    updates = Updates(dispatcher=dispatcher, inbox=inbox, touch=touch, **spoken)
    stack.push_async_callback(updates.stop, STOP_SECONDS)
    return _Parts(database, meter, troubles, bot, voices, dispatcher, sender, touch, updates)


def _administrators(environment: Environment, parts: _Parts, held: Holding) -> "Administrators":
    from bot.administrators import Administrators

    def remember(chats: "Mapping[int, Language]") -> None:
        """Note whom to tell when the records cannot be asked."""
        with suppress(TroubleError):
            held.note(administrators={str(chat): language for chat, language in chats.items()})

    return Administrators(
        parts.bot, parts.database, environment.profile, environment.clock, parts.voices, remember=remember
    )


async def _sweep(
    environment: Environment, parts: _Parts, administrators: "Administrators", stack: AsyncExitStack
) -> "Resuming":
    """Sweep, and go on doing so, with a look at what may be wrong; return what takes up the work that was left."""
    from bot.jobs.documents import DocumentFetching
    from bot.jobs.folder import ImportFolder
    from bot.jobs.overdue import OverdueRequests
    from bot.jobs.resuming import Resuming
    from bot.jobs.sweeps import scheduler, sweep
    from bot.jobs.watch import Watch
    from services.watching import Expected
    from storage.files import Files

    settings, profile, clock = environment.settings, environment.profile, environment.clock
    database, meter, troubles = parts.database, parts.meter, parts.troubles
    expected = Expected(backup=_hours(settings.kenes_backup_hours), imported=_hours(settings.kenes_import_hours))
    sweeps = scheduler(database, profile, clock, meter, troubles)
    watch = Watch(database, profile, clock, expected, settings.records_folder, meter, administrators)
    watch.join(sweeps)
    OverdueRequests(database, profile, clock, meter).join(sweeps)
    resuming = Resuming(parts.bot, parts.dispatcher["work"], database, profile, clock, parts.voices)
    resuming.join(sweeps)
    fetching = DocumentFetching(parts.bot, database, Files(settings.documents_folder), profile, clock, meter)
    await fetching.clear()
    fetching.join(sweeps)
    if folder := settings.kenes_import_dir:
        ImportFolder(folder, database, profile, clock, resuming.work.turn, meter).join(sweeps)
    await _now_or_later(stack, troubles, partial(sweep, database, profile, clock, meter))
    await _now_or_later(stack, troubles, watch.look)
    sweeps.start()
    stack.callback(sweeps.shutdown, wait=False)
    return resuming


def _hours(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(hours=number)


async def _write(database: "Database", clock: Clock) -> None:
    """Find out whether storage works."""
    async with database.write(briefly=True) as storage:
        await storage.pulse.beat("works", at=clock.now())
        await storage.commit()


async def _now_or_later(stack: AsyncExitStack, troubles: "Troubles", step: "Callable[[], Awaitable[None]]") -> None:
    """Do something, beside all else when storage does not let us do it now."""
    if not await troubles.tried(step):
        _while_open(stack, troubles.through(step))


@contextmanager
def _taking(setting: str, port: int) -> "Iterator[None]":
    """Take a port of this machine; raises StartError when it cannot be had."""
    try:
        yield
    except OSError as error:
        raise StartError(f"{setting}={port}: {error.strerror or error}") from None


async def _poll(parts: _Parts) -> None:
    from bot.delivery.polling import Polling
    from bot.delivery.webhook import renounce

    await _answered(lambda: renounce(parts.bot))
    log.info("polling", bot_id=parts.bot.id)
    kinds = _kinds(parts.dispatcher)
    polling = Polling(parts.bot, parts.updates, parts.touch, kinds=kinds, meter=parts.meter, troubles=parts.troubles)
    await polling.run()


async def _be_called(settings: Settings, parts: _Parts, stack: AsyncExitStack) -> None:
    """Listen, and only then tell Telegram where."""
    from aiohttp import web

    from bot.delivery.touch import BEAT_SECONDS
    from bot.delivery.webhook import Webhook, announce, path_of

    url, secret = settings.webhook_url or "", settings.webhook_secret
    if secret is None:
        raise RuntimeError("a webhook without a secret")
    webhook = Webhook(parts.updates, secret.get_secret_value(), meter=parts.meter)
    runner = web.AppRunner(webhook.app(path_of(url)), access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    with _taking("WEBHOOK_PORT", settings.webhook_port):
        await web.TCPSite(runner, settings.webhook_listen, settings.webhook_port).start()
    await _answered(lambda: announce(parts.bot, url, secret.get_secret_value(), _kinds(parts.dispatcher)))
    log.info("listening", bot_id=parts.bot.id, port=settings.webhook_port)
    while True:  # to be called is to be in touch
        await asyncio.sleep(BEAT_SECONDS)
        await parts.troubles.tried(parts.touch.answered)


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


async def _answered(ask: "Callable[[], Awaitable[object]]") -> None:
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

    from bot.delivery.polling import pause_after, reason

    failures = 0
    while True:
        try:
            await ask()
        except TelegramUnauthorizedError:
            raise click.ClickException(
                "BOT_TOKEN is not known to BOT_API_URL; allowed: the token BotFather gave"
            ) from None
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError) as error:
            failures += 1
            pause = pause_after(error, failures)
            log.warning("the Bot API server does not answer", why=reason(error), pause=pause, failures=failures)
            await asyncio.sleep(pause)
        else:
            return
