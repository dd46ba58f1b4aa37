"""`kenes audit`: who did what, found by person and by object, on the terminal and as a table."""

import asyncio
import csv
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kenes.__main__ import main
from storage.database import Database
from storage.origin import handling
from storage.records import READ, Change
from tests.storage.examples import NOW

KEY = ("02500000", "2025-2026/1", "MAT1201", "1")
HISTORY = (
    Change("attempt", KEY, None, {"exam": "49"}, "import", NOW, about="02500000", cause_id=1),
    Change(
        "attempt",
        KEY,
        {"exam": "49", "outcome": None},
        {"exam": "54", "outcome": None},
        "correction",
        NOW + timedelta(days=1),
        about="02500000",
        cause_id=7,
        actor="T0001",
        why="=қате\nенгізілген",
    ),
    Change(
        "link", ("02500001",), None, None, "link", NOW + timedelta(days=2), about="02500001", actor="T0001", act=READ
    ),
)


@pytest.fixture(autouse=True)
def history(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fill() -> None:
        async with Database.open(database_url) as database, database.write() as storage:
            for number, change in enumerate(HISTORY):
                with handling(100 + number):
                    await storage.changes.record([change])
            await storage.commit()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "BOT_API_URL", "KENES_PROFILE", "KENES_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)


def kenes(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("audit", *arguments))


def test_it_tells_who_did_what_when_and_from_which_update() -> None:
    outcome = kenes()
    assert outcome.exit_code == 0
    assert outcome.output.splitlines() == [
        "2026-01-14 11:30:00 T0001 read link 02500001 (link, update 102)",
        "2026-01-13 11:30:00 T0001 changed attempt 02500000 2025-2026/1 MAT1201 1 (correction 7, update 101)",
        "    exam: 49 -> 54",
        "    why: =қате енгізілген",
        "2026-01-12 11:30:00 somebody not linked made attempt 02500000 2025-2026/1 MAT1201 1 (import 1, update 100)",
        "    exam: - -> 49",
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("--person", "T0001"), 2),
        (("--person", "02500000"), 2),
        (("--object", "attempt"), 2),
        (("--object", "attempt", "02500000", "2025-2026/1"), 2),
        (("--object", "attempt", "0250"), 0),
        (("--since", "2026-01-13 11:30"), 2),
        (("--since", "14.01.2026"), 1),
        (("--limit", "1"), 1),
        (("--person", "T0001", "--object", "link", "--since", "2026-01-15"), 0),
    ],
)
def test_it_finds_by_person_object_and_day(asked: tuple[str, ...], found: int) -> None:
    outcome = kenes(*asked)
    assert outcome.exit_code == 0
    assert sum(line.startswith("2026-") for line in outcome.output.splitlines()) == found
    assert ("Nothing found." in outcome.output) == (found == 0)


def test_a_table_is_whole_private_and_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    outcome = kenes("--csv", str(file))
    assert "3 lines" in outcome.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text, delimiter=";"))
    assert [row["act"] for row in rows] == ["read", "changed", "made"]
    assert rows[1]["key"] == " ".join(KEY)
    assert rows[1]["before"] == '{"exam":"49","outcome":null}'
    assert rows[1]["why"] == "'=қате\nенгізілген"
    assert (rows[1]["at"], rows[1]["update_id"]) == ("2026-01-13T06:30:00+00:00", "101")


def test_a_key_without_its_kind_is_refused() -> None:
    outcome = kenes("02500000")
    assert outcome.exit_code == 2
    assert "--object" in outcome.output
