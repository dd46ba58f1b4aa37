"""Damaged files: none ends the process that asks, takes too much, or changes a posted mark; none loses one in silence.

What is held of each damaged file, against records in which its clean twin is loaded and posted:

- reading it ends in its sheets or in Unreadable with a reason that has a text, within its limits;
- what would be loaded of it changes no posted mark;
- an archive of parts (XLSX, ODS) reads cell by cell as its clean twin, or is refused: by its checksums, its structure,
  or row by row;
- a text or a workbook of the old kind has no checksums: a digit turned in it is another number, and no reader can know.
  There it is the records that refuse to change what is posted.
"""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from policy.marks import Attempt
from services.importing import Kind, Preview, preview
from services.importing.columns import known_words
from services.importing.wording import texts
from services.tabular import Reading, Unreadable
from services.tabular import reading as reading_files
from storage.database import Database
from tests.services.damage import HURT, TEXTS, WRITTEN, Damage, is_archive
from tests.services.importing_cases import NOW, PROFILE, SAMPLES, load
from tests.services.workbooks import changed

FIRST_SEED = int(os.environ.get("KENES_TEST_SEED", "1"))
FILES = (
    *("marks.xlsx", "mark-sheet.kk.xlsx", "mark-sheet.ru.xlsx", "field/office.ods", "field/binary.xls"),
    *("marks.csv", "marks.ru.cp1251.csv", "ratings.csv", "field/web-table.xls"),
)
PERCENT = changed((SAMPLES / "field/percent-cells.xlsx").read_bytes(), "INF2304", "INF2305", "xl/sharedStrings.xml")
Rows = list[list[tuple[Any, ...]]]


class Sample(NamedTuple):
    """A file that loads, and what is on its sheets."""

    name: str
    data: bytes
    rows: Rows


def rows_of(reading: Reading, like: Rows | None = None) -> Rows:
    """Return the rows of the visible sheets that are not blank; as far as the rows and columns of `like` reach."""
    found = []
    for place, sheet in enumerate(each for each in reading.sheets() if each.visible):
        wide = max(map(len, like[place]), default=0) if like and place < len(like) else None
        high = len(like[place]) if like and place < len(like) else None
        rows = [tuple(trimmed(row[:wide])) for row in sheet.records]
        found.append([row for row in rows if row][:high])
    return found


def trimmed(row: Any) -> list[Any]:
    cells = [*row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def damages(samples: list[Sample], number: int) -> Iterator[tuple[str, Sample, bytes, bool]]:
    """Give damaged files, each with the seed it comes from, its clean twin, and whether it must read as that."""
    for seed in range(FIRST_SEED, FIRST_SEED + number):
        chance = random.Random(seed)
        sample = chance.choice(samples)
        kinds: dict[str, Damage] = {**TEXTS}
        if is_archive(sample.data):
            kinds = {**HURT, **(WRITTEN if sample.name.endswith(".xlsx") else {})}
        name = chance.choice(sorted(kinds))
        yield f"seed {seed}: {sample.name}, {name}", sample, kinds[name](sample.data, chance), is_archive(sample.data)


@pytest.fixture
async def posted(sqlite_template: Path, tmp_path: Path) -> Any:
    """Give records in which every sample is loaded, and all its marks posted."""
    shutil.copy(sqlite_template, tmp_path / "kenes.db")
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path}/kenes.db") as database:
        for kind, file in (
            ("students", "students.csv"),
            ("students", "field/students.csv"),
            ("calendar", "calendar.csv"),
            ("marks", "marks.csv"),
            ("marks", "ratings.csv"),
            ("marks", "field/binary.xls"),
            ("marks", PERCENT),
        ):
            await load(database, kind, file)
        yield database


MEASURE = """
import os, resource, signal, sys
child = os.fork()
if not child:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "a") as told:
    print(used.ru_maxrss, file=told)
if os.WIFSIGNALED(status):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.WTERMSIG(status) != signal.SIGKILL:
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
os._exit(os.WEXITSTATUS(status))
"""


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Give what measures: the largest number of KB that a process that reads files has had, and how many there were.

    What began a process counts towards its largest memory, and what it was forked from is this whole test run: so each
    is begun by a small process between the two, which measures that one alone and ends as it did.
    """
    told, command, begun = tmp_path / "memory", reading_files._command, []

    def measured() -> list[str]:
        begun.append(told)
        return [sys.executable, "-I", "-S", "-c", MEASURE, str(told), *command()]

    def largest() -> tuple[int, int]:
        found = [int(each) for each in told.read_text(encoding="ascii").split()]
        assert len(found) == len(begun), "each was measured"
        return max(found), len(found)

    monkeypatch.setattr(reading_files, "_command", measured)
    return largest


def test_the_memory_of_what_reads_files_is_its_own(memory: Any) -> None:
    held = bytearray(b"x") * (300 << 20)
    with Reading((SAMPLES / "marks.xlsx").read_bytes(), known_words()) as one:
        one.sheets()
    largest, number = memory()
    assert number == 1
    assert 5 << 10 < largest < len(held) >> 10


@pytest.mark.parametrize("number", [200, pytest.param(2000, marks=pytest.mark.soak)])
async def test_damaged_files_are_read_as_their_clean_twins_or_refused(
    posted: Database, memory: Any, number: int
) -> None:
    samples = []
    for name, data in (*((name, (SAMPLES / name).read_bytes()) for name in FILES), ("percent.xlsx", PERCENT)):
        with Reading(data, known_words()) as reading:
            samples.append(Sample(name, data, rows_of(reading)))
            assert (await look(posted, reading)).nothing_to_do, name
    outcomes = {"refused": 0, "the same": 0, "refused by its rows": 0, "other": 0}
    for told, sample, data, must_be_same in damages(samples, number):
        with Reading(data, known_words()) as reading:
            try:
                same = rows_of(reading, sample.rows) == sample.rows
            except Unreadable as refused:
                outcomes["refused" if refused.reason in texts() else f"{told}: {refused.reason}"] += 1
                continue
            shown = await look(posted, reading)
            assert_no_posted_mark_changes(shown, told)
            if same:
                assert shown.nothing_to_do or shown.refused, told
                outcomes["the same"] += 1
            else:
                assert shown.refused or not must_be_same, told
                outcomes["refused by its rows" if shown.refused else "other"] += 1
    largest, _ = memory()
    assert largest < 1 << 20, "KB of the largest process"
    print(number, "damaged files from seed", FIRST_SEED, outcomes)  # noqa: T201
    assert all(outcomes.values())


async def look(database: Database, reading: Reading) -> Preview:
    async with database.read() as storage:
        return await preview(storage, kind=Kind.MARKS, source=reading, file_name="damaged", profile=PROFILE, now=NOW)


def assert_no_posted_mark_changes(shown: Preview, told: str) -> None:
    for step in shown.plan.steps if not shown.refused else ():
        before, after = step.before, step.after
        if isinstance(before, Attempt) and before.posted_at is not None:
            for name in ("rating1", "rating2", "exam", "outcome"):
                was = getattr(before, name)
                assert was is None or getattr(after, name) == was, told
