"""Owed messages a second, from the outbox into a server that takes everything at once."""

from datetime import UTC, datetime
from time import perf_counter

from bench.serving import KENES, STUDENTS, serving
from bench.table import Table
from bot.delivery.worded import SCREEN, stored
from bot.i18n import Html
from bot.screen import Screen
from services.owing import owe
from storage.database import Database
from storage.outbox import Priority


async def measure_sending(database_url: str, *, each: int) -> Table:
    """Owe everybody so many messages, then start the bot; from the first that arrives to the last."""
    now = datetime.now(UTC)
    content = stored(Screen(Html("Хабарландыру")))
    async with Database.open(database_url) as database, database.write() as storage:
        for person_id in await storage.students.all_ids():
            for _ in range(each):
                await owe(storage, to=person_id, kind=SCREEN, content=content, now=now, priority=Priority.ANNOUNCEMENT)
        await storage.commit()
    messages = STUDENTS * each
    async with serving(KENES, database_url) as bot:
        await bot.until(lambda: bot.telegram.calls["sendMessage"] > 0)
        began = perf_counter()
        await bot.until(lambda: bot.telegram.calls["sendMessage"] >= messages)
        took = perf_counter() - began
    table = Table(f"Sending {messages} owed messages to {STUDENTS} people", ("engine", "messages/s", "goal"))
    table.add("SQLite", f"{messages / took:.0f}", "300")
    return table
