"""The bot as a process that can be killed at any instant, against a sandbox in this process that sees all it does."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, select

from sandbox.acts import People
from sandbox.server import TELEGRAM, World, make_app
from sandbox.state import Json, Telegram
from sandbox.trouble import Fault, Trouble
from storage.database import Database
from storage.jobs import JobState
from storage.tables import jobs
from tests.whole.hatchery import Hatched, hatchery

TOKEN = "7000000001:whole-whole-whole-whole-whole-whole"
IN_A_HURRY = {"KENES_MESSAGES_A_SECOND": "inf", "KENES_UPDATES_A_MINUTE": "inf"}
QUIET_SECONDS = 150  # longer than a lock is held for: what is missing when the bot is silent so long never comes
STOP_SECONDS = 60
REDELIVERY_SECONDS = 0.2  # in place of Telegram's growing pauses
JITTER_SECONDS = 0.1
STARTING_SECONDS = 1
ANSWERS = ("editMessageText", "editMessageMedia", "answerCallbackQuery")
SENDS = ("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup")
PEOPLES_JOBS = select(func.count()).where(jobs.c.state == JobState.RUNNING, jobs.c.person_id.is_not(None))


class CountedTrouble(Trouble):
    """The sandbox's faults, counted by method and kind."""

    def __init__(self) -> None:
        super().__init__()
        self.struck: Counter[tuple[str, Fault]] = Counter()

    def draw(self, method: str) -> Fault | None:
        """Draw, and remember what struck."""
        fault = super().draw(method)
        if fault is not None:
            self.struck[method, fault] += 1
        return fault

    def answers_lost(self) -> int:
        """How many sends took effect though the bot was told nothing: it can only send those again."""
        return sum(self.struck[method, "drop_after"] for method in SENDS)


class Scene:
    """One sandbox, one database, one bot."""

    def __init__(self, telegram: Telegram, environment: Mapping[str, str], folder: Path) -> None:
        self.telegram = telegram
        self.people = People(telegram)
        self.trouble = CountedTrouble()
        telegram.trouble = self.trouble
        self.folder = folder
        self.kills = 0
        self.struck = 0  # kills, and troubles of other kinds
        self.quiet = asyncio.Event()
        """Set when the bot has done nothing for so long that nothing more is to be expected."""
        self.environment = environment
        self._bot: Hatched | None = None
        self._news: dict[int, asyncio.Event] = {}
        telegram.listeners.add(self._hear)

    # --- the process

    async def start(self, **more: str) -> None:
        """Start the bot."""
        environment = {**self.environment, **more}
        self._bot = await asyncio.to_thread(
            hatchery().start, "run", folder=self.folder, environment=environment, log=self._log
        )

    async def kill(self) -> None:
        """End the bot as a power cut does."""
        assert self._bot is not None
        assert self._bot.returncode is None, f"the bot ended by itself:\n{self.log()}"
        self._bot.send_signal(signal.SIGKILL)
        await self._bot.wait()
        self._bot = None
        self.kills += 1
        self.struck += 1

    async def stop(self) -> None:
        """End the bot as an operator does; it must end cleanly."""
        if self._bot is None:
            return
        bot, self._bot = self._bot, None
        if bot.returncode is None:
            bot.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                code = await bot.wait()
        except TimeoutError:
            bot.send_signal(signal.SIGKILL)
            await bot.wait()
            pytest.fail(f"the bot did not stop:\n{self.log()}")
        assert code == 0, f"the bot ended with {code}:\n{self.log()}"

    async def close(self) -> None:
        """Leave no process behind, whatever happened."""
        if self._bot is not None and self._bot.returncode is None:
            self._bot.send_signal(signal.SIGKILL)
            await self._bot.wait()

    @property
    def _log(self) -> Path:
        return self.folder / "bot.log"

    def log(self, characters: int = 4000) -> str:
        """Return the end of what the bot logged."""
        return self._log.read_text(errors="replace")[-characters:]

    # --- what it does

    def calls(self) -> int:
        """How often the bot has called anything but for updates."""
        return self.telegram.calls.total() - self.telegram.calls["getUpdates"]

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something; fails when the bot does nothing any more and it has not come true."""
        while not true():
            if self.quiet.is_set():
                pytest.fail(f"in vain waited until {what}:\n{self.log()}")
            await asyncio.sleep(0.05)

    async def until_it_polls(self) -> None:
        """Wait until a bot just started has asked for updates, or said where to push them."""
        before = self.telegram.calls["getUpdates"] + self.telegram.calls["setWebhook"]
        await self.until(
            lambda: self.telegram.calls["getUpdates"] + self.telegram.calls["setWebhook"] > before, "it polls"
        )

    async def until_nothing_is_left(self) -> None:
        """Wait until every update is taken, no work is left, nothing is owed, and the bot was silent for a while."""
        await self.until(lambda: self.telegram.updates.count() == 0, "every update is taken")
        async with Database.open(self.environment["DATABASE_URL"]) as database:
            while True:
                async with database.read() as storage:
                    owed = await storage.outbox.depth(now=self.telegram.clock.now())
                    left = await storage._connection.scalar(PEOPLES_JOBS)
                if not any(owed.values()) and not left:
                    break
                assert not self.quiet.is_set(), f"{owed} is owed, {left} jobs are left:\n{self.log()}"
                await asyncio.sleep(0.5)
        silent, calls = 0, -1
        while silent < 20:
            silent, calls = (silent + 1, calls) if calls == self.calls() else (0, self.calls())
            await asyncio.sleep(0.1)

    async def restart_says_nothing(self) -> None:
        """Stop the bot as an operator does and start it again: with nothing left to do it says nothing."""
        await self.stop()
        sent = self.sends()
        await self.start()
        await self.until_it_polls()
        await self.until_nothing_is_left()
        await self.stop()
        assert self.sends() == sent, f"a bot started with nothing to do speaks:\n{self.log()}"

    def answers(self) -> int:
        """How often the bot has tried to send, edit or answer something."""
        return self.sends() + sum(self.telegram.calls[method] for method in ANSWERS)

    def sends(self) -> int:
        """How often the bot has tried to send something."""
        return sum(self.telegram.calls[method] for method in SENDS)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Keep an eye on the bot: it is quiet when it neither calls anything nor is started for a long time."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        seen, idle = (-1, -1), 0
        while idle < QUIET_SECONDS:
            now = (self.calls(), self.struck)
            seen, idle = (now, 0) if now != seen else (seen, idle + 1)
            await asyncio.sleep(1)
        self.quiet.set()
        for news in self._news.values():
            news.set()

    # --- what people see

    def _hear(self, _: str, chat: int | None, __: Json) -> None:
        if chat in self._news:
            self._news[chat].set()

    def by_bot(self, chat: int) -> list[Json]:
        """Return what the bot has said in a chat, oldest first, as it stands now."""
        bot = self.telegram.bot["id"]
        return [message for message in self.telegram.chats[chat].messages.values() if message["from"]["id"] == bot]

    async def seen(self, chat: int, matches: Callable[[Json], bool]) -> Json | None:
        """Return the latest message of the bot that matches, waiting for it; None when it never comes."""
        news = self._news.setdefault(chat, asyncio.Event())
        while True:
            news.clear()
            for message in reversed(self.by_bot(chat)):
                if matches(message):
                    return message
            if self.quiet.is_set():
                return None
            await news.wait()


def buttons(message: Json) -> list[str]:
    """Return what the buttons under a message send."""
    rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


def instants(chance: Random, kills: int, answers: int) -> list[int]:
    """Draw when to kill, in answers given until then; every fifth kill strikes a process that has just begun."""
    drawn = sorted(chance.sample(range(1, answers), kills - kills // 5))
    return sorted(drawn + drawn[2::4][: kills // 5])


async def kill_at(scene: Scene, instants: list[int], chance: Random) -> None:
    """Kill the bot when it has given so many answers, each time a random moment later, and start it again."""
    for before, instant in pairwise([0, *instants]):
        while scene.answers() < instant:
            if scene.quiet.is_set():
                return
            await asyncio.sleep(0.001)
        await asyncio.sleep(chance.uniform(0, STARTING_SECONDS if instant == before else JITTER_SECONDS))
        await scene.kill()
        await scene.start()


@asynccontextmanager
async def scene(world: World, database_url: str, folder: Path, **more: str) -> AsyncIterator[Scene]:
    """Serve a world, its clock and all, to a bot that is not started yet; `more` is added to its environment."""
    clock = folder / "clock"

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, REDELIVERY_SECONDS))

    app = make_app(world, token=TOKEN, clock_file=clock, sleep=sleep)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    environment: dict[str, Any] = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("KENES_", "WEBHOOK_"))},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
        "DATABASE_URL": database_url,
        "KENES_CLOCK": str(clock),
        **more,
    }
    made = Scene(app[TELEGRAM], environment, folder)
    try:
        async with made.watched():
            yield made
    finally:
        await made.close()
        await runner.cleanup()


@asynccontextmanager
async def beside(stage: Scene, **more: str) -> AsyncIterator[Scene]:
    """Give a second process of the same bot over the same records, not started yet; `more` is what differs in it."""
    folder = stage.folder / "beside"
    folder.mkdir()
    other = Scene(stage.telegram, {**stage.environment, **more}, folder)
    other.quiet = stage.quiet
    try:
        yield other
    finally:
        await other.close()
