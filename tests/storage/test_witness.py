"""A file that is older than the other one says is noticed when a process begins, and nothing happens twice for it."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage.archive import ArchiveError
from storage.backup import back_up
from storage.database import Database
from storage.files import Files
from storage.inbox import Inbox, Waiting
from storage.outbox import NewOwed, OwedState
from storage.records import Change
from storage.restore import restore
from storage.witness import LOST, STORED, Loss, damage, last_known, losses, settle
from tests.storage.examples import NOW


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    made = tmp_path / "running"
    made.mkdir()
    shutil.copy(sqlite_template, made / "kenes.db")
    return made


def url_of(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'kenes.db'}"


async def work(folder: Path, *numbers: int) -> None:
    """Store and handle these updates, and note what is noted every few seconds, as a bot does."""
    async with Database.open(url_of(folder)) as database, Inbox.open(url_of(folder)) as inbox:
        for number in numbers:
            at = NOW + timedelta(seconds=number)
            await inbox.keep([Waiting(number, 1, {})], at=at)
            async with database.write(briefly=True) as storage:
                await storage.changes.record([Change("test", (str(number),), None, {}, "test", at)])
                await storage.outbox.add(NewOwed("screen", {}, at, chat_id=1))
                await storage.handled.add(number, at=at)
                await storage.commit()
            await inbox.finish(number, at=at, kept=True)
        async with database.write() as storage:
            await storage.pulse.beat(STORED, at=at, detail={"update": inbox.latest})
            await storage.commit()
            history = await storage.changes.latest_id()
        await inbox.witness(history)


async def owed(folder: Path) -> set[OwedState]:
    async with Database.open(url_of(folder)) as database, database.read() as storage:
        return {each.state for each in await storage.outbox.to_person("", 1)}


def put_back(folder: Path, older: Path, name: str) -> None:
    """Put an older copy of a file in place, and delete the logs beside it."""
    shutil.copy(older / name, folder / name)
    for log in ("-wal", "-shm"):
        (folder / f"{name}{log}").unlink(missing_ok=True)


def delete_inbox(folder: Path) -> None:
    for file in folder.glob("kenes.db-inbox*"):
        file.unlink()


async def test_files_that_belong_together_have_lost_nothing(folder: Path, tmp_path: Path) -> None:
    assert losses(url_of(folder)) == ()
    await work(folder, 1, 2)
    assert losses(url_of(folder)) == ()
    shutil.copytree(folder, tmp_path / "copy")
    assert losses(url_of(tmp_path / "copy")) == ()


async def test_a_database_that_is_older_than_its_inbox_is_noticed_with_the_last_update_it_knows(
    folder: Path, tmp_path: Path
) -> None:
    await work(folder, 1, 2)
    shutil.copytree(folder, tmp_path / "older")
    await work(folder, 3)
    put_back(folder, tmp_path / "older", "kenes.db")
    lost = losses(url_of(folder))
    assert lost == (Loss("kenes.db", 2, NOW + timedelta(seconds=2)),)
    settle(url_of(folder), lost, at=NOW)
    assert losses(url_of(folder)) == ()
    assert await owed(folder) == {OwedState.HELD}, "the lost part may say that it was sent"
    async with Database.open(url_of(folder)) as database, database.read() as storage:
        noted = await storage.pulse.like(LOST)
    assert [(beat.at, dict(beat.detail or {})["update"]) for beat in noted.values()] == [(NOW, 2)]


async def test_the_history_tells_of_what_no_update_did(folder: Path, tmp_path: Path) -> None:
    await work(folder, 1)
    shutil.copytree(folder, tmp_path / "older")
    async with Database.open(url_of(folder)) as database, database.write() as storage:
        await storage.changes.record([Change("test", ("by an import",), None, {}, "test", NOW)])
        await storage.commit()
    await work(folder, 2)
    put_back(folder, tmp_path / "older", "kenes.db")
    with closing(sqlite3.connect(folder / "kenes.db-inbox")) as inbox, inbox:
        inbox.execute("UPDATE inbox SET state = 'done'")
    assert [each.file for each in losses(url_of(folder))] == ["kenes.db"]


async def test_an_inbox_that_is_older_than_the_database_is_noticed(folder: Path, tmp_path: Path) -> None:
    await work(folder, 1)
    shutil.copytree(folder, tmp_path / "older")
    await work(folder, 2)
    put_back(folder, tmp_path / "older", "kenes.db-inbox")
    lost = losses(url_of(folder))
    assert lost == (Loss("kenes.db-inbox", 1, NOW + timedelta(seconds=1)),)
    settle(url_of(folder), lost, at=NOW)
    assert losses(url_of(folder)) == ()
    assert await owed(folder) == {OwedState.WAITING}


async def test_an_inbox_that_is_gone_is_noticed_and_one_that_never_was_is_not(folder: Path) -> None:
    async with Database.open(url_of(folder)) as database, database.write() as storage:
        await storage.changes.record([Change("test", ("by an import",), None, {}, "test", NOW)])
        await storage.commit()
    assert losses(url_of(folder)) == ()
    await work(folder, 1)
    delete_inbox(folder)
    assert losses(url_of(folder)) == (Loss("kenes.db-inbox", None, None),)


async def test_what_was_forgotten_in_time_is_not_lost(folder: Path) -> None:
    await work(folder, 1, 2)
    later = NOW + timedelta(days=2)
    async with Database.open(url_of(folder)) as database, Inbox.open(url_of(folder)) as inbox:
        await inbox.drop_older_than(later)
        assert losses(url_of(folder)) == ()
        async with database.write() as storage:
            await storage.handled.drop_older_than(later)
            await storage.commit()
    assert losses(url_of(folder)) == ()
    await work(folder, 3)
    assert losses(url_of(folder)) == ()


def test_what_is_damaged_is_said_and_what_is_whole_is_not(folder: Path, tmp_path: Path) -> None:
    file = folder / "kenes.db"
    assert damage(file, closely=True) is None
    assert damage(tmp_path / "none", closely=True) is None
    with file.open("r+b") as raw:
        raw.seek(8192)
        raw.write(os.urandom(8192))
    assert damage(file, closely=False)
    file.write_bytes(b"nonsense" * 1000)
    assert damage(file, closely=False)
    assert last_known(file) == (None, None)


async def test_an_index_that_does_not_fit_is_seen_by_whoever_looks_closely(folder: Path) -> None:
    await work(folder, 1, 2)
    file = folder / "kenes.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'chat_id, state', 'id, state') WHERE name = 'ix_outbox_chat'"
        )
    assert damage(file, closely=False) is None
    assert damage(file, closely=True)
    assert last_known(file) == (2, NOW + timedelta(seconds=2))


async def test_a_restored_database_has_lost_nothing(folder: Path, tmp_path: Path) -> None:
    await work(folder, 1)
    archive = tmp_path / "backup.zip"
    with archive.open("wb") as output:
        await back_up(url_of(folder), output, files=Files(tmp_path), at=NOW, progress=lambda *_: None)
    await work(folder, 2)

    def put(url: str, *, replace: bool) -> None:
        restore(url, archive, files=Files(tmp_path), replace=replace, at=NOW, progress=lambda *_: None)

    await asyncio.to_thread(put, url_of(folder), replace=True)
    assert losses(url_of(folder)) == ()
    (tmp_path / "new").mkdir()
    await asyncio.to_thread(put, url_of(tmp_path / "new"), replace=False)
    assert losses(url_of(tmp_path / "new")) == ()
    with pytest.raises(ArchiveError):
        await asyncio.to_thread(put, url_of(folder), replace=False)
