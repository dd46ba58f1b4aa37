"""`make bench`: how fast Kenes is, as ratios within one run. Nothing here is asserted; the tables are the result."""

import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.latency import measure_latency
from bench.loading import measure_import
from bench.measurements import record
from bench.memory import measure_memory
from bench.owing import measure_sending
from bench.rush import measure_rush
from bench.serving import filled
from bench.table import Table
from bench.throughput import measure_reading, measure_writing


@click.command
@click.option(
    "--full", is_flag=True, help="More of everything, for docs/measurements.md: half an hour instead of minutes."
)
def main(*, full: bool) -> None:
    """Measure how fast updates are handled and messages sent, how long people wait, what a large workbook takes."""
    click.echo(f"Python {platform.python_version()}, {platform.machine()}, {sys.platform}")
    rounds, updates = (5, 6000) if full else (3, 1000)
    measured: dict[str, Callable[[str], Awaitable[Table]]] = {
        "Updates read": lambda url: measure_reading(url, rounds=rounds, updates=updates),
        "Updates written": lambda url: measure_writing(url, rounds=rounds, updates=updates),
        "Latency": lambda url: measure_latency(url, seconds=60 if full else 15),
        "Outbox": lambda url: measure_sending(url, each=25 if full else 5),
    }
    if full:
        measured["Memory"] = lambda url: measure_memory(url, first=10_000, last=100_000)
    for title, measure in measured.items():
        with TemporaryDirectory(prefix="kenes-bench-") as folder:
            _show(title, asyncio.run(_measured(measure, Path(folder))), full=full)
    with TemporaryDirectory(prefix="kenes-bench-") as folder:
        _show("Rush", asyncio.run(measure_rush(Path(folder), students=2000 if full else 300)), full=full)
    with TemporaryDirectory(prefix="kenes-bench-") as folder:
        _show("Loading", measure_import(Path(folder), rows=100_000 if full else 20_000), full=full)


async def _measured(measure: Callable[[str], Awaitable[Table]], folder: Path) -> Table:
    return await measure(await filled(folder))


def _show(title: str, table: Table, *, full: bool) -> None:
    click.echo(f"\n{table}")
    if full:
        record(title, [table])


main()
