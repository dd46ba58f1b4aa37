"""Memory of the bot's process after so many updates: what grows with them never ends well."""

from bench.serving import KENES, STUDENTS, USERS, serving
from bench.table import Table

AT_ONCE = 1000


async def measure_memory(database_url: str, *, first: int, last: int) -> Table:
    """Let everybody write `/marks` and look at the process after `first` and after `last` updates."""
    table = Table("Memory of the process", ("updates", "MB", "to the first", "goal"))
    seen: list[float] = []
    async with serving(KENES, database_url) as bot:
        done = 0
        for goal in (first, last):
            while done < goal:
                for number in range(AT_ONCE):
                    bot.says(USERS[number % STUDENTS], "/marks")
                done += AT_ONCE
                await bot.until(lambda done=done: bot.telegram.calls["sendMessage"] >= done)  # type: ignore[misc]
            seen.append(bot.memory())
            table.add(
                f"{goal}", f"{seen[-1]:.0f}", f"{seen[-1] / seen[0]:.2f}", "at most 1.20" if len(seen) > 1 else ""
            )
    return table
