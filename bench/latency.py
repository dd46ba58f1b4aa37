"""How long a person waits for an answer while fifty updates a second come in."""

import asyncio
from statistics import quantiles

from bench.serving import KENES, STUDENTS, USERS, serving
from bench.table import Table

A_SECOND = 50


async def measure_latency(database_url: str, *, seconds: int) -> Table:
    """Offer `/marks` at an even rate and time each from the person's message to the bot's."""
    time = asyncio.get_running_loop().time
    asked: dict[int, float] = {}
    waits: list[float] = []
    async with serving(KENES, database_url) as bot:

        def hear(kind: str, chat: int | None, news: dict[str, object]) -> None:
            message = news.get("message")
            ours = isinstance(message, dict) and message["from"]["id"] == bot.telegram.bot["id"]
            if kind == "message" and ours and chat in asked:
                waits.append(time() - asked.pop(chat))

        bot.telegram.listeners.add(hear)
        for user in USERS:
            bot.says(user, "/marks")
        await bot.until(lambda: bot.telegram.calls["sendMessage"] >= STUDENTS)
        began = time()
        for number in range(A_SECOND * seconds):
            await asyncio.sleep(began + number / A_SECOND - time())
            user = USERS[number % STUDENTS]
            asked.setdefault(user, time())  # the first wait counts, should the bot fall behind by a whole round
            bot.says(user, "/marks")
        await bot.until(lambda: not asked)
    cuts = quantiles(waits, n=100)
    table = Table(f"Waiting for /marks at {A_SECOND} updates a second, {seconds} s", ("p50", "p95", "p99", "longest"))
    table.add(*(f"{1000 * wait:.0f} ms" for wait in (cuts[49], cuts[94], cuts[98], max(waits))))
    return table
