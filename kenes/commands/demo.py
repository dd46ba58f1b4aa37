"""`kenes demo`: a made-up university, a Telegram of our own and the bot, on one machine, without a token.

The sandbox runs in this process; the bot is a `kenes run` of its own, started as any operator starts it, so that what
the demo shows is the program and not a picture of it. Everything is made anew at each start, under `var/demo`.
"""

import asyncio
import os
import shutil
import signal
import sys
import webbrowser
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import click
from aiohttp import ClientError, ClientSession
from pydantic import SecretStr

from kenes.commands.opening import Environment, Opened, with_database
from kenes.settings import Settings
from policy.decision import Refused
from policy.people import Language, Role
from policy.profile import load_profile, use_pinned_time_zones
from policy.requests import Queue
from sandbox.cast import World
from sandbox.server import serve
from sandbox.world import DEMO_MOMENT, LOAD_ORDER, University, make_world, to_sandbox_world, write
from services.calendar import renew_public_days
from services.clock import MovedClock
from services.importing import Kind, apply, describe, preview
from services.invitations import invite
from services.requests.binding import bind
from services.requests.templates import add_usual_templates
from storage.queues import QueueChat
from storage.unit import Storage

FOLDER = Path("var/demo")
FILES = FOLDER / "university"
CLOCK = FOLDER / "clock"
LOG = FOLDER / "bot.log"
TOKEN = "7000000001:kenes-demo-opens-nothing-else-anywhere"  # noqa: S105 - the sandbox's own, known to everybody
STAFF_GROUPS = {"Апелляциялық комиссия": Queue.APPEALS, "СҚКО": Queue.SERVICE_DESK}
WORDING = {Queue.APPEALS: Role.APPEALS_SECRETARY, Queue.SERVICE_DESK: Role.SERVICE_DESK}
LONGEST_PAUSE = 30
STOPPING_SECONDS = 10


@click.command
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Where the page is.")
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser.")
def demo(port: int, *, browser: bool) -> None:
    """Try everything on this machine: a made-up university, a sandbox in place of Telegram, and the bot."""
    use_pinned_time_zones()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    university = make_world()
    write(university, FILES)
    environment = _environment(port)
    invitations = with_database(lambda opened: _fill(opened, university), environment)
    click.echo(f"A university of {len(university.students)} students is made up and loaded; its files are in {FILES}.")
    world = to_sandbox_world(university, invitations)
    try:
        asyncio.run(_Demo(environment.settings, world, port, browser=browser).run())
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}. Choose another one, as --port 8090.") from None


def _environment(port: int) -> Environment:
    """Return the demo's own environment: nothing of the operator's settings touches it."""
    settings = Settings.model_construct(
        bot_token=SecretStr(TOKEN),
        bot_api_url=f"http://127.0.0.1:{port}",
        database_url=f"sqlite+aiosqlite:///{FOLDER}/kenes.db",
        kenes_profile=None,
        kenes_clock=str(CLOCK),
    )
    clock = MovedClock()
    clock.move(DEMO_MOMENT - datetime.now(UTC))
    return Environment(settings, load_profile(None), clock)


async def _fill(opened: Opened, university: University) -> Mapping[str, str]:
    """Load the university's files the way `kenes import` does, bind the staff's groups, have reasons ready there.

    Returns a `/start` payload for everybody on Telegram.
    """
    async with opened.database.write() as storage:
        await renew_public_days(storage, today=opened.today)
        await storage.commit()
        for kind, name in LOAD_ORDER:
            seen = await preview(
                storage,
                kind=Kind(kind),
                source=FILES / name,
                file_name=name,
                profile=opened.profile,
                now=opened.now,
            )
            if seen.refused:
                raise click.ClickException(f"{name}: {describe(seen.refusals[0], 'en')}")
            await apply(storage, seen, now=opened.now, actor=None)
        people = university.person_ids.values()
        cards = await invite(storage, person_ids=people, actor=None, now=opened.now, profile=opened.profile)
        for group in university.groups:
            if queue := STAFF_GROUPS.get(group.title):
                by = university.person_ids[group.admins[0]]
                await bind(storage, QueueChat(queue, group.id, None, Language.KK, by, opened.now))
        await storage.commit()
        await _offer_reasons(storage, opened)
    return {card.person_id: card.code for card in cards}


async def _offer_reasons(storage: Storage, opened: Opened) -> None:
    """Let the staff have reasons ready to be given."""
    for queue, role in WORDING.items():
        author, *_ = await storage.roles.holders(role)
        made = await add_usual_templates(storage, queue, by=author.person_id, now=opened.now, profile=opened.profile)
        if isinstance(made, Refused):
            raise click.ClickException(f"{author.person_id}: {made.reason}")


class _Demo:
    """The sandbox in this process, the bot beside it, until somebody stops them."""

    def __init__(self, settings: Settings, world: World, port: int, *, browser: bool) -> None:
        self._settings = settings
        self._world = world
        self._port = port
        self._browser = browser
        self._here = Path.cwd()

    async def run(self) -> None:
        """Serve until a signal comes; raises OSError when the port is taken."""
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        serving = asyncio.create_task(serve(self._world, token=TOKEN, port=self._port, clock_file=CLOCK))
        tending = asyncio.create_task(self._keep_bot_running())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, tending, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, tending, serving):  # the bot before its server
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_bot_running(self) -> None:
        """Start the bot, and again after a growing pause whenever it ends by itself."""
        await self._until(lambda _: True)
        pause = 1
        while True:
            began = monotonic()
            bot = await self._start_bot()
            try:
                async with asyncio.TaskGroup() as group:
                    announcing = group.create_task(self._announce(began))
                    code = await bot.wait()
                    announcing.cancel()
            finally:
                await _stop(bot)
            click.echo(f"The bot ended with {code}, see {LOG}; it is started again in {pause} s.", err=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _start_bot(self) -> Process:
        """Start `kenes run` with the demo's settings and nothing of the operator's own."""
        theirs = {name.upper() for name in Settings.model_fields}
        environment = {
            **{name: value for name, value in os.environ.items() if name.upper() not in theirs},
            "BOT_TOKEN": TOKEN,
            "BOT_API_URL": self._settings.bot_api_url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self._here / FOLDER}/kenes.db",
            "KENES_CLOCK": str(self._here / CLOCK),
        }
        with LOG.open("ab") as log:  # in its own folder: the operator's .env stays unread
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kenes", "run", env=environment, cwd=FOLDER, stdout=log, stderr=log
            )

    async def _announce(self, began: float) -> None:
        """Say where the page is once the bot asks for updates."""
        await self._until(lambda calls: "getUpdates" in calls)
        click.echo(f"The bot is up, {monotonic() - began:.1f} s after its start.")
        click.echo(f"Open {self._settings.bot_api_url} - Ctrl+C ends it all.")
        if self._browser:
            webbrowser.open(self._settings.bot_api_url)
            self._browser = False

    async def _until(self, true_of: Callable[[Mapping[str, int]], bool]) -> None:
        """Wait until the sandbox answers and this is true of its counts of calls by method."""
        async with ClientSession() as session:
            while True:
                with suppress(ClientError):
                    async with session.get(f"{self._settings.bot_api_url}/sandbox/api/stats") as answer:
                        if true_of((await answer.json())["calls"]):
                            return
                await asyncio.sleep(0.05)


async def _stop(bot: Process) -> None:
    if bot.returncode is not None:
        return
    bot.terminate()
    try:
        await asyncio.wait_for(bot.wait(), STOPPING_SECONDS)
    except TimeoutError:
        bot.kill()
        await bot.wait()
