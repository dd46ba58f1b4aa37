"""Updates a second: `/marks` of students with forty courses against a bare aiogram echo bot on the same server.

The server is the sandbox without pacing, in this process; each bot is a process of its own. Rounds alternate between
the two, and the median of each is taken, so that what else the machine does hits both alike.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from statistics import median
from time import perf_counter

from aiohttp import web

from bench.records import FIRST_USER, fill
from bench.table import Table
from policy.profile import load_profile, use_pinned_time_zones
from sandbox.acts import People
from sandbox.server import TELEGRAM, Person, World, make_app
from sandbox.state import Telegram
from storage.database import Database
from storage.migrations import migrate

TOKEN = "7000000001:bench-bench-bench-bench-bench"
STUDENTS = 200
COURSES = 40
PORT = 8181
ECHO = ("-m", "bench.echo")
KENES = ("-m", "kenes", "run")


async def measure_marks(folder: Path, *, rounds: int, updates: int) -> Table:
    """Run both bots in turn and compare."""
    use_pinned_time_zones()
    url = f"sqlite+aiosqlite:///{folder}/marks.db"
    await asyncio.to_thread(migrate, url)
    async with Database.open(url) as database:
        await fill(database, folder, load_profile(None), students=STUDENTS, courses=COURSES)
    rates: dict[tuple[str, ...], list[float]] = {ECHO: [], KENES: []}
    for _ in range(rounds):
        for command, measured in rates.items():
            measured.append(await _rate(command, url, updates))
    bare = median(rates[ECHO])
    table = Table(
        f"`/marks`, {COURSES} courses, {updates} updates of {STUDENTS} people, median of {rounds} rounds",
        ("bot", "updates/s", "to bare aiogram"),
    )
    table.add("bare aiogram, echo, default polling", f"{bare:.0f}", "1.00")
    table.add("kenes run, /marks", f"{median(rates[KENES]):.0f}", f"{median(rates[KENES]) / bare:.2f}")
    return table


async def _rate(command: tuple[str, ...], database_url: str, updates: int) -> float:
    """Start a bot, warm it up, offer it updates at once and return how many a second it answers."""
    people = tuple(Person(id=FIRST_USER + number, first_name="Нұрлан", started=True) for number in range(STUDENTS))
    app = make_app(World(people=people, history_limit=5), token=TOKEN)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", PORT).start()
    bot = await _start(command, database_url)
    try:
        await _offer(app[TELEGRAM], STUDENTS)
        began = perf_counter()
        await _offer(app[TELEGRAM], updates)
        return updates / (perf_counter() - began)
    finally:
        bot.terminate()
        await bot.wait()
        await runner.cleanup()


async def _start(command: tuple[str, ...], database_url: str) -> Process:
    environment = {
        **os.environ,
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": f"http://127.0.0.1:{PORT}",
        "DATABASE_URL": database_url,
        "KENES_PROFILE": "",
        "KENES_CLOCK": "",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environment, stdout=DEVNULL, stderr=DEVNULL
    )


async def _offer(telegram: Telegram, updates: int) -> None:
    """Let everybody write `/marks` in turn and wait until all are answered."""
    people = People(telegram)
    wanted = telegram.calls["sendMessage"] + updates
    for number in range(updates):
        user = FIRST_USER + number % STUDENTS
        people.act({"as": user, "chat": user, "do": "send", "text": "/marks"})
    while telegram.calls["sendMessage"] < wanted:  # noqa: ASYNC110 - the counter belongs to the server
        await asyncio.sleep(0.005)
