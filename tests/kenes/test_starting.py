"""What keeps the bot from starting is one line; and what it found in its files it says wherever somebody looks."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from structlog.testing import capture_logs

from kenes.commands import starting
from kenes.commands.opening import Environment
from kenes.commands.starting import StartError, started
from kenes.settings import Settings
from policy.people import Language
from policy.profile import load_profile
from storage.trouble import Trouble, TroubleError
from tests.storage.faults import read_only
from tests.storage.test_holding import another
from tests.storage.test_witness import delete_inbox, put_back, url_of, work

TOKEN = f"7000000001:{'t' * 35}"


class Wall:
    """A clock on the wall, moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 15, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


Told = list[tuple[Mapping[int, Language], str]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Hear what administrators would be told over the network."""
    said: Told = []

    async def say(chats: Mapping[int, Language], error: Exception, *_: Any) -> None:
        said.append((chats, str(error)))

    monkeypatch.setattr(starting, "_say", say)
    return said


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    made = tmp_path / "running"
    made.mkdir()
    shutil.copy(sqlite_template, made / "kenes.db")
    return made


def environment(folder: Path, clock: Wall | None = None) -> Environment:
    settings = Settings.model_construct(database_url=url_of(folder))
    return Environment(settings, load_profile(None), clock or Wall())


def run_once(folder: Path, *, killed: bool = False, clock: Wall | None = None) -> list[Any]:
    """Start and end as the bot does; return what was logged."""
    with capture_logs() as logs:
        try:
            with started(environment(folder, clock), TOKEN) as held:
                held.note(administrators={"5": "ru"})
                if killed:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
    return [*logs]


def refused(folder: Path, clock: Wall | None = None) -> str:
    """Start, which must fail with a line; return it."""
    with capture_logs() as logs, pytest.raises(SystemExit) as end, started(environment(folder, clock), TOKEN):
        pass
    assert end.value.code == 1
    (line,) = logs
    assert line["event"] == "cannot start"
    assert "exc_info" not in line
    why: str = line["why"]
    assert "\n" not in why
    return why


def test_a_new_folder_is_made_and_is_its_owner_s_only(tmp_path: Path) -> None:
    assert run_once(tmp_path / "var") == []
    files = [tmp_path / "var", *(tmp_path / "var").iterdir()]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_files_that_were_left_in_order_and_those_of_a_kill_start_without_a_word(folder: Path) -> None:
    asyncio.run(work(folder, 1))
    for killed in (False, True, True, False):
        assert run_once(folder, killed=killed) == []


def test_a_database_that_is_gone_is_not_begun_anew(folder: Path, told: Told) -> None:
    run_once(folder)
    (folder / "kenes.db-inbox").touch()
    (folder / "kenes.db").unlink()
    assert "kenes.db is not there" in refused(folder)
    assert not (folder / "kenes.db").exists()
    assert [chats for chats, _ in told] == [{5: Language.RU}]


def test_administrators_are_told_once_however_often_a_service_manager_tries(folder: Path, told: Told) -> None:
    clock = Wall()
    run_once(folder)
    (folder / "kenes.db-inbox").touch()
    (folder / "kenes.db").rename(folder / "away")
    for _ in range(3):
        refused(folder, clock)
    assert len(told) == 1
    clock.at += timedelta(hours=12)
    refused(folder, clock)
    assert len(told) == 2
    (folder / "away").rename(folder / "kenes.db")
    assert run_once(folder, clock=clock) == []
    (folder / "kenes.db").unlink()
    refused(folder, clock)
    assert len(told) == 3, "it is another time"


def test_a_damaged_file_is_named_with_the_last_update_it_knows(folder: Path, told: Told) -> None:
    asyncio.run(work(folder, 1, 7))
    run_once(folder, killed=True)
    with (folder / "kenes.db").open("r+b") as raw:
        raw.seek(-4096, os.SEEK_END)
        raw.write(os.urandom(4096))
    why = refused(folder)
    assert "kenes.db is damaged" in why
    assert len(told) == 1


def test_a_database_whose_log_was_deleted_starts_and_says_what_it_knows(folder: Path, tmp_path: Path) -> None:
    asyncio.run(work(folder, 1, 2))
    shutil.copytree(folder, tmp_path / "older")
    asyncio.run(work(folder, 3))
    put_back(folder, tmp_path / "older", "kenes.db")
    (line,) = run_once(folder, killed=True)
    assert (line["event"], line["file"], line["last_update"]) == ("records are missing", "kenes.db", 2)
    assert run_once(folder) == []


def test_an_inbox_that_was_deleted_is_said_once(folder: Path) -> None:
    asyncio.run(work(folder, 1))
    delete_inbox(folder)
    (line,) = run_once(folder)
    assert line["file"] == "kenes.db-inbox"
    assert run_once(folder) == []


def test_a_second_process_is_refused_with_the_other_s_number(folder: Path, told: Told) -> None:
    with another(url_of(folder)) as first:
        assert f"process {first.pid} runs over" in refused(folder)
    assert told == []
    assert run_once(folder) == []


def test_records_that_cannot_be_written_to_are_one_line(sqlite_template: Path, told: Told) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(sqlite_template, folder / "kenes.db")
        with read_only(folder / "kenes.db", folder=True):
            assert refused(folder) == Trouble.READ_ONLY.value
        assert run_once(folder) == []


def test_a_server_that_is_not_there_is_one_line() -> None:
    settings = Settings.model_construct(database_url="postgresql+asyncpg://root@127.0.0.1:9/test")
    with (
        capture_logs() as logs,
        pytest.raises(SystemExit),
        started(
            Environment(settings, load_profile(None), Wall()),
            TOKEN,
        ),
    ):
        pass
    assert [line["why"] for line in logs] == [Trouble.SILENT.value]


def test_what_ends_the_bot_later_is_one_line_too(folder: Path) -> None:
    for error in (StartError("WEBHOOK_PORT=80: taken"), TroubleError(Trouble.FULL)):
        with capture_logs() as logs, pytest.raises(SystemExit), started(environment(folder), TOKEN):
            raise error
        assert [(line["event"], line["why"]) for line in logs] == [("cannot start", str(error))]
