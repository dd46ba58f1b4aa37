"""The loading of a large workbook: how long, how much work, and how much memory its processes took together at most.

`python -m bench.loading --against CHECKOUT` measures two versions in one run, turn by turn.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.measurements import record
from bench.records import fill
from bench.table import Table
from bench.university import MARK_COLUMNS, STUDENT_COLUMNS, mark_rows, student_rows, write_csv, write_workbook
from policy.profile import load_profile, use_pinned_time_zones
from storage.database import Database
from storage.migrations import migrate

COURSES = 40
HERE = Path(__file__).parents[1]
SECONDS_BETWEEN = 0.02  # two looks at the memory


@dataclass(frozen=True, slots=True)
class Load:
    """What one load took: seconds on the wall and of processors, MB in all its processes at once."""

    wall: float
    work: float
    memory: float


def measure_import(folder: Path, *, rows: int) -> Table:
    """Make a workbook and let `kenes import` load it in a process of its own."""
    use_pinned_time_zones()
    url = f"sqlite+aiosqlite:///{folder}/import.db"
    migrate(url)
    asyncio.run(_students(url, folder, rows // COURSES))
    path = folder / "marks.xlsx"
    written = write_workbook(path, MARK_COLUMNS, mark_rows(rows // COURSES, courses=COURSES))
    took = _load(HERE, folder / "import.db", "marks", path)
    table = Table("Loading a workbook", ("rows", "seconds", "peak memory, MB"))
    table.add(f"{written}", f"{took.wall:.1f}", f"{took.memory:.0f}")
    return table


def compare_imports(folder: Path, other: Path, *, rows: int, rounds: int) -> Table:
    """Let two checkouts load the same workbook in turns, each into records of its own."""
    students, marks = folder / "students.csv", folder / "marks.xlsx"
    write_csv(students, STUDENT_COLUMNS, student_rows(rows // COURSES))
    written = write_workbook(marks, MARK_COLUMNS, mark_rows(rows // COURSES, courses=COURSES))
    versions = (other, HERE)
    for number, checkout in enumerate(versions):
        _load(checkout, folder / f"empty{number}.db", "students", students)
    taken: tuple[list[Load], list[Load]] = ([], [])
    for turn in range(rounds):
        for number in (0, 1) if turn % 2 == 0 else (1, 0):
            shutil.copy(folder / f"empty{number}.db", folder / "now.db")
            taken[number].append(_load(versions[number], folder / "now.db", "marks", marks))
    before, now = (_median(loads) for loads in taken)
    table = Table(f"Loading a workbook of {written} rows, {rounds} times in turns", ("what", "before", "now", "ratio"))
    table.add("version", *(version(checkout) for checkout in versions), "")
    table.add("seconds, median", f"{before.wall:.1f}", f"{now.wall:.1f}", f"{now.wall / before.wall:.2f}")
    table.add("seconds of processor, median", f"{before.work:.1f}", f"{now.work:.1f}", f"{now.work / before.work:.2f}")
    memory = f"{before.memory:.0f}", f"{now.memory:.0f}", f"{now.memory / before.memory:.2f}"
    table.add("peak memory of all its processes, MB, median", *memory)
    return table


def _load(checkout: Path, database: Path, kind: str, file: Path) -> Load:
    """Let the code of a checkout load a file, and look at what it takes meanwhile."""
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "BOT_API_URL": "",
        "KENES_PROFILE": "",
        "KENES_CLOCK": "",
        "PYTHONPATH": str(checkout),
    }
    command = [sys.executable, "-P", "-m", "kenes", "import", kind, str(file), "--yes"]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=database.parent, stdout=subprocess.DEVNULL)
    memory = 0.0
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        memory = max(memory, _memory(process.pid))
        time.sleep(SECONDS_BETWEEN)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{checkout}: kenes import ended with {process.returncode}")
    return Load(wall, used.ru_utime + used.ru_stime, memory)


def _memory(pid: int) -> float:
    """Return what a process and those it started have in memory, in MB; what they share counts once."""
    shares = 0.0
    with suppress(OSError):  # one that ends just now
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                shares = int(line.split()[1]) / 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            shares += sum(_memory(int(child)) for child in (task / "children").read_text(encoding="ascii").split())
    return shares


def _median(loads: list[Load]) -> Load:
    return Load(*(statistics.median(getattr(load, name) for load in loads) for name in ("wall", "work", "memory")))


def version(checkout: Path) -> str:
    """Return the commit of a checkout."""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


async def _students(url: str, folder: Path, students: int) -> None:
    async with Database.open(url) as database:
        await fill(database, folder, load_profile(None), students=students, courses=0)


@click.command
@click.option(
    "--against", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Another checkout."
)
@click.option("--rows", default=100_000)
@click.option("--rounds", default=3)
@click.option("--keep", is_flag=True, help="Write the result into docs/measurements.md.")
def main(*, against: Path, rows: int, rounds: int, keep: bool) -> None:
    """Measure the loading of a workbook by this checkout and by another, in turns."""
    with TemporaryDirectory(prefix="kenes-bench-") as folder:
        table = compare_imports(Path(folder), against.resolve(), rows=rows, rounds=rounds)
    click.echo(table)
    if keep:
        record("Loading, two versions", [table])


if __name__ == "__main__":
    main()
