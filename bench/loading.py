"""The loading of a large workbook: how long, and how much memory the process took at its peak."""

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from bench.records import fill
from bench.table import Table
from bench.university import MARK_COLUMNS, mark_rows, write_workbook
from policy.profile import load_profile, use_pinned_time_zones
from storage.database import Database
from storage.migrations import migrate

COURSES = 40


def measure_import(folder: Path, *, rows: int) -> Table:
    """Make a workbook and let `kenes import` load it in a process of its own."""
    use_pinned_time_zones()
    url = f"sqlite+aiosqlite:///{folder}/import.db"
    migrate(url)
    asyncio.run(_students(url, folder, rows // COURSES))
    path = folder / "marks.xlsx"
    written = write_workbook(path, MARK_COLUMNS, mark_rows(rows // COURSES, courses=COURSES))
    environment = {**os.environ, "DATABASE_URL": url, "BOT_API_URL": "", "KENES_PROFILE": "", "KENES_CLOCK": ""}
    began = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "kenes", "import", "marks", str(path), "--yes"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    took = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    table = Table("Loading a workbook", ("rows", "seconds", "peak memory, MB"))
    table.add(f"{written}", f"{took:.1f}", f"{peak:.0f}")
    return table


async def _students(url: str, folder: Path, students: int) -> None:
    async with Database.open(url) as database:
        await fill(database, folder, load_profile(None), students=students, courses=0)
