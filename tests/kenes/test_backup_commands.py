"""`kenes backup`, `kenes restore`, `kenes held`: one private file, put back whole; what was still owed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from kenes.__main__ import main
from services.owing import owe
from services.watching import BACKUP, BACKUP_FAILED
from storage.database import Database
from storage.outbox import OwedState
from storage.unit import Storage
from tests.storage.examples import NOW, REGISTRAR

T = TypeVar("T")


def within(url: str, task: Callable[[Storage], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Database.open(url) as database, database.write() as storage:
            done = await task(storage)
            await storage.commit()
            return done

    return asyncio.run(run())


@pytest.fixture
def url(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    async def fill(storage: Storage) -> None:
        await storage.people.save([REGISTRAR])
        await owe(storage, to=REGISTRAR.person_id, kind="screen", content={}, now=NOW)
        await owe(storage, to=REGISTRAR.person_id, kind="alert", content={}, now=NOW)

    within(database_url, fill)
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "BOT_API_URL", "KENES_PROFILE", "KENES_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def kenes(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's word
    return CliRunner().invoke(main, arguments, input=input)


async def names(storage: Storage) -> list[str]:
    return sorted(await storage.people.all_ids())


def test_a_backup_is_private_and_comes_back_where_it_is_put(url: str, tmp_path: Path) -> None:
    outcome = kenes("backup", "kenes.zip")
    assert outcome.exit_code == 0, outcome.output
    assert "rows" in outcome.output
    assert (tmp_path / "kenes.zip").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "zip" in path.name] == ["kenes.zip"]
    within(url, lambda storage: storage.people.remove([REGISTRAR.person_id]))
    assert within(url, names) == []
    refused = kenes("restore", "kenes.zip")
    assert refused.exit_code == 1
    assert "not empty" in refused.output
    assert kenes("restore", "kenes.zip", "--replace", input="n\n").exit_code == 1
    assert within(url, names) == []
    outcome = kenes("restore", "kenes.zip", "--replace", "--yes")
    assert outcome.exit_code == 0, outcome.output
    assert "2 messages were owed" in outcome.output
    assert within(url, names) == [REGISTRAR.person_id]


def test_what_is_held_is_looked_at_then_sent_or_forgotten(url: str) -> None:
    kenes("backup", "kenes.zip")
    kenes("restore", "kenes.zip", "--replace", "--yes")
    assert "alert: 1, the oldest of 12.01.2026 11:30\nscreen: 1" in kenes("held").output
    assert kenes("held", "--send", "--forget").exit_code == 2
    assert "1 messages are forgotten." in kenes("held", "--forget", "--kind", "screen").output
    assert "1 messages will be sent." in kenes("held", "--send").output
    assert "Nothing is held." in kenes("held").output

    async def states(storage: Storage) -> list[OwedState]:
        return [owed.state for number in (1, 2) if (owed := await storage.outbox.by_id(number))]

    assert within(url, states) == [OwedState.WITHDRAWN, OwedState.WAITING]


def test_the_database_knows_when_a_backup_was_made_and_when_it_could_not_be(url: str, tmp_path: Path) -> None:
    kenes("backup", "kenes.zip")
    made = within(url, lambda storage: storage.pulse.last(BACKUP))
    assert made
    assert made.detail
    assert made.detail["rows"] > 0
    whole = (tmp_path / "kenes.zip").read_bytes()
    outcome = kenes("backup", "missing/kenes.zip")
    assert outcome.exit_code == 1
    assert "No backup was made" in outcome.output
    failed = within(url, lambda storage: storage.pulse.last(BACKUP_FAILED))
    assert failed
    assert failed.detail == {"error": "FileNotFoundError"}
    assert (tmp_path / "kenes.zip").read_bytes() == whole


def test_what_is_no_backup_is_said_so(url: str, tmp_path: Path) -> None:
    (tmp_path / "kenes.zip").write_bytes(b"PK")
    outcome = kenes("restore", "kenes.zip", "--replace", "--yes")
    assert outcome.exit_code == 1
    assert "no backup of Kenes" in outcome.output
    assert within(url, names) == [REGISTRAR.person_id]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:///missing.db")
    outcome = kenes("backup", "kenes.zip")
    assert outcome.exit_code == 1
    assert "is no database of this version" in outcome.output
    assert not (tmp_path / "kenes.zip").exists()
    assert not (tmp_path / "missing.db").exists()
