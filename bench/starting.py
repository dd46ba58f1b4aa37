"""How long from the start of a bot to its first answer, and what it has in memory then.

`python -m bench.starting --against CHECKOUT` measures two versions in one run, turn by turn.
"""

import asyncio
import os
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from aiohttp import web

from bench.loading import HERE, version
from bench.measurements import record
from bench.records import FIRST_USER
from bench.serving import TOKEN, Serving, people
from bench.table import Table
from sandbox.server import TELEGRAM, World, make_app

SETTLES_SECONDS = 2  # after its first answer


@dataclass(frozen=True, slots=True)
class Start:
    """What one start took: seconds to the first answer, MB in memory soon after it."""

    seconds: float
    memory: float


async def compare_starts(folder: Path, other: Path, *, rounds: int) -> Table:
    """Let two checkouts start in turns, each over records of its own that are there already."""
    versions = (other, HERE)
    folders = [folder / str(number) for number in range(len(versions))]
    for checkout, own in zip(versions, folders, strict=True):
        own.mkdir()
        await _start(checkout, own)  # makes the records, and reads the code from the disk
    taken: tuple[list[Start], list[Start]] = ([], [])
    for turn in range(rounds):
        for number in (0, 1) if turn % 2 == 0 else (1, 0):
            taken[number].append(await _start(versions[number], folders[number]))
    table = Table(f"Starting, {rounds} times in turns, SQLite", ("what", "before", "now", "ratio"))
    table.add("version", *map(version, versions), "")
    for what, name, digits in (("seconds to the first answer", "seconds", 2), ("memory then, MB", "memory", 0)):
        before, now = (statistics.median(getattr(start, name) for start in starts) for starts in taken)
        table.add(f"{what}, median", f"{before:.{digits}f}", f"{now:.{digits}f}", f"{now / before:.2f}")
    return table


async def _start(checkout: Path, folder: Path) -> Start:
    """Start the code of a checkout, with somebody who has written to it already."""
    app = make_app(World(people=people(1), history_limit=5), token=TOKEN)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("KENES_", "WEBHOOK_"))},
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/kenes.db",
        "PYTHONPATH": str(checkout),
    }
    command = (sys.executable, "-P", "-m", "kenes", "run")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stdout=DEVNULL, stderr=DEVNULL
    )
    bot = Serving(app[TELEGRAM], process)
    try:
        bot.says(FIRST_USER, "/start")
        await bot.until(lambda: bot.telegram.calls["sendMessage"] > 0)
        seconds = time.perf_counter() - began
        await asyncio.sleep(SETTLES_SECONDS)
        return Start(seconds, bot.memory())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await runner.cleanup()


@click.command
@click.option(
    "--against", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Another checkout."
)
@click.option("--rounds", default=5)
@click.option("--keep", is_flag=True, help="Write the result into docs/measurements.md.")
def main(*, against: Path, rounds: int, keep: bool) -> None:
    """Measure the start of this checkout and of another, in turns."""
    with TemporaryDirectory(prefix="kenes-bench-") as folder:
        table = asyncio.run(compare_starts(Path(folder), against.resolve(), rounds=rounds))
    click.echo(table)
    if keep:
        record("Starting, two versions", [table])


if __name__ == "__main__":
    main()
