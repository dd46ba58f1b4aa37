"""Updates a second, against bare aiogram with default polling, which guarantees nothing, on the same server.

Rounds alternate between the bots and the median of each is taken, so that what else the machine does hits all alike.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from bench.serving import COURSES, ECHO, INBOX, KENES, STUDENTS, USERS, Serving, serving
from bench.table import Table

Offer = Callable[[Serving, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A bot, what it is called in the table, and the least it is meant to reach of bare aiogram."""

    name: str
    command: tuple[str, ...]
    goal: str = ""


READING = (
    Contestant("bare aiogram, echo", ECHO),
    Contestant("echo behind the inbox", INBOX),
    Contestant("kenes run, /marks", KENES, "0.40"),
)
WRITING = (Contestant("bare aiogram, edits its message", ECHO), Contestant("kenes run, language chosen", KENES, "0.25"))


async def measure_reading(database_url: str, *, rounds: int, updates: int) -> Table:
    """Let everybody write `/marks`."""
    title = f"Reading: /marks, {COURSES} courses, {updates} updates of {STUDENTS} people, median of {rounds} rounds"
    return await _compared(title, READING, _marks, database_url, rounds=rounds, updates=updates)


async def measure_writing(database_url: str, *, rounds: int, updates: int) -> Table:
    """Let everybody choose a language by a button, now this, now that: a commit and an edited message each time."""
    title = f"Writing: a language chosen, {updates} updates of {STUDENTS} people, median of {rounds} rounds"
    return await _compared(title, WRITING, _language, database_url, rounds=rounds, updates=updates)


async def _compared(
    title: str, those: tuple[Contestant, ...], offer: Offer, database_url: str, *, rounds: int, updates: int
) -> Table:
    rates: dict[Contestant, list[float]] = {each: [] for each in those}
    for _ in range(rounds):
        for each, measured in rates.items():
            async with serving(each.command, database_url) as bot:
                await offer(bot, STUDENTS)  # warm
                began = perf_counter()
                await offer(bot, updates)
                measured.append(updates / (perf_counter() - began))
    bare = median(rates[those[0]])
    table = Table(title, ("bot", "updates/s", "to bare aiogram", "goal"))
    for each, measured in rates.items():
        table.add(each.name, f"{median(measured):.0f}", f"{median(measured) / bare:.2f}", each.goal)
    return table


async def _marks(bot: Serving, updates: int) -> None:
    wanted = bot.telegram.calls["sendMessage"] + updates
    for number in range(updates):
        bot.says(USERS[number % STUDENTS], "/marks")
    await bot.until(lambda: bot.telegram.calls["sendMessage"] >= wanted)


async def _language(bot: Serving, updates: int) -> None:
    if not bot.telegram.calls["sendMessage"]:
        for user in USERS:
            bot.says(user, "/language")
        await bot.until(lambda: bot.telegram.calls["sendMessage"] >= STUDENTS)
    edited = bot.telegram.calls["editMessageText"]
    wanted = edited + updates
    for number in range(edited, wanted):
        bot.presses(USERS[number % STUDENTS], "speak:ru" if number // STUDENTS % 2 else "speak:kk")
    await bot.until(lambda: bot.telegram.calls["editMessageText"] >= wanted)
