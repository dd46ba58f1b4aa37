"""The sandbox without pacing in this process, and a bot of any kind beside it as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from aiohttp import web

from bench.records import FIRST_USER, fill
from policy.profile import load_profile, use_pinned_time_zones
from sandbox.acts import People
from sandbox.server import TELEGRAM, Person, World, make_app
from sandbox.state import Json, Telegram
from services.outages import in_touch
from storage.database import Database
from storage.migrations import migrate

TOKEN = "7000000001:bench-bench-bench-bench-bench"
ECHO = ("-m", "bench.echo")
INBOX = ("-m", "bench.inbox")
KENES = ("-m", "kenes", "run")
STUDENTS = 200
COURSES = 40
PATIENCE_SECONDS = 60
USERS = range(FIRST_USER, FIRST_USER + STUDENTS)


async def filled(folder: Path, students: int = STUDENTS) -> str:
    """Make a SQLite database of students with their marks; returns its URL."""
    use_pinned_time_zones()
    url = f"sqlite+aiosqlite:///{folder}/kenes.db"
    await asyncio.to_thread(migrate, url)
    async with Database.open(url) as database:
        await fill(database, folder, load_profile(None), students=students, courses=COURSES)
    return url


def people(count: int) -> tuple[Person, ...]:
    """Return the accounts of so many students, who have spoken to the bot before."""
    return tuple(Person(id=FIRST_USER + number, first_name="Нұрлан", started=True) for number in range(count))


class Serving:
    """A bot at work, and the people who keep it busy."""

    def __init__(self, telegram: Telegram, bot: Process) -> None:
        """Let people act on `telegram`."""
        self.telegram = telegram
        self.people = People(telegram)
        self._bot = bot

    def says(self, user: int, text: str) -> Json:
        """Let somebody write; returns the message."""
        message: Json = self.people.act({"as": user, "chat": user, "do": "send", "text": text})["message"]
        return message

    def presses(self, user: int, data: str) -> None:
        """Let somebody press a button of their latest message."""
        message = self.telegram.chats[user].last_id
        self.people.press({"as": user, "chat": user, "message_id": message, "data": data, "forged": True})

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something; raises RuntimeError when the bot ends, or does nothing for a minute."""
        time = asyncio.get_running_loop().time
        calls, since = 0, time()
        while not true():
            if self._bot.returncode is not None:
                raise RuntimeError(f"the bot ended with {self._bot.returncode}")
            if calls != (calls := self.telegram.calls.total()):
                since = time()
            elif time() - since > PATIENCE_SECONDS:
                raise RuntimeError("the bot does nothing any more")
            await asyncio.sleep(0.002)

    def memory(self) -> float:
        """Return what the bot has in memory now, in MB."""
        lines = Path(f"/proc/{self._bot.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@asynccontextmanager
async def serving(
    command: tuple[str, ...], database_url: str, world: World | None = None, **more: str
) -> AsyncIterator[Serving]:
    """Start a server and a bot; the bot is stopped at the end. What the bench did meanwhile is no outage.

    `more` is added to the bot's environment; a `world` with a start of its own has the bot's clock go along.
    """
    world = world or World(people=people(STUDENTS), history_limit=5)
    async with Database.open(database_url) as database, database.write() as storage:
        await in_touch(storage, at=world.start or datetime.now(UTC))
    app = make_app(world, token=TOKEN)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("KENES_", "WEBHOOK_"))},
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": address,
        "DATABASE_URL": database_url,
        "KENES_MESSAGES_A_SECOND": "inf",
        "KENES_UPDATES_A_MINUTE": "inf",
        **({"KENES_CLOCK": f"{address}/sandbox/clock"} if world.start else {}),
        **more,
    }
    with TemporaryFile() as log:
        bot = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdout=DEVNULL, stderr=log
        )
        try:
            yield Serving(app[TELEGRAM], bot)
        except RuntimeError as error:
            log.seek(0)
            error.add_note(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            if bot.returncode is None:
                bot.terminate()
            await bot.wait()
            await runner.cleanup()
