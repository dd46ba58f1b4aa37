"""`make bench`: how fast Kenes is, as ratios within one run. Nothing here is asserted; the tables are the result."""

import asyncio
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.loading import measure_import
from bench.table import Table
from bench.throughput import measure_marks


@click.command
@click.option("--full", is_flag=True, help="More rounds and more rows: minutes instead of a few.")
def main(*, full: bool) -> None:
    """Measure `/marks` against a bare echo bot, and the loading of a large workbook."""
    click.echo(f"Python {platform.python_version()}, {platform.machine()}, {sys.platform}")
    with TemporaryDirectory(prefix="kenes-bench-") as folder:
        tables: list[Table] = [
            asyncio.run(measure_marks(Path(folder), rounds=5 if full else 3, updates=6000 if full else 2000)),
            measure_import(Path(folder), rows=100_000),
        ]
    for table in tables:
        click.echo(f"\n{table}")


main()
