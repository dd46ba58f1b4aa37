"""What is storage's fault is told from what is the fault of who asked, and storage works again once it can."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.exc import DBAPIError

from policy.people import Language
from storage import turns
from storage.database import Database
from storage.inbox import Inbox, Waiting
from storage.records import Change
from storage.trouble import Trouble, TroubleError, trouble_in
from tests.storage.examples import NOW, enrolment
from tests.storage.faults import Disk, end_connections, file_of, on_postgres, read_only

MUCH = "x" * 50_000  # needs pages of its own


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "kenes.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'kenes.db'}"


@pytest.fixture
async def file_database(disk: Disk, sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(sqlite_url) as database:
        yield database


async def keep(database: Database, key: str, text: str = "", *, briefly: bool = True) -> None:
    async with database.write(briefly=briefly) as storage:
        await storage.changes.record([Change("test", (key,), None, {"text": text}, "test", NOW)])
        await storage.commit()


async def kept(database: Database) -> set[str]:
    async with database.read() as storage:
        return {change.key[0] async for change in storage.changes.found(object_="test")}


async def trouble_of(asked: object) -> Trouble | None:
    try:
        await asked  # type: ignore[misc]
    except TroubleError as error:
        return error.trouble
    return None


@pytest.mark.parametrize("briefly", [True, False])
async def test_a_full_disk_keeps_nothing_half_and_everything_once_there_is_room(
    file_database: Database, disk: Disk, *, briefly: bool
) -> None:
    await keep(file_database, "before")
    disk.fill()
    assert await trouble_of(keep(file_database, "large", MUCH, briefly=briefly)) is Trouble.FULL
    assert await kept(file_database) == {"before"}  # and it can be read
    disk.clear()
    await keep(file_database, "large", MUCH, briefly=briefly)
    assert await kept(file_database) == {"before", "large"}


async def test_whoever_shared_the_transaction_that_a_full_disk_ended_hears_of_it_and_may_try_again(
    file_database: Database, disk: Disk
) -> None:
    await keep(file_database, "before")
    disk.fill()
    told = await asyncio.gather(
        *(trouble_of(keep(file_database, str(number), MUCH if number == 3 else "")) for number in range(6))
    )
    assert told[3] is Trouble.FULL
    there = await kept(file_database)
    assert {str(number) for number in range(6) if told[number] is None} == there - {"before"}
    disk.clear()
    for number in range(6):
        if told[number]:
            await keep(file_database, str(number), MUCH)
    assert await kept(file_database) == {"before", *map(str, range(6))}


async def test_a_lock_that_another_holds_is_waited_for_so_long_and_no_longer(
    file_database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BRIEF_PATIENCE_SECONDS", 0)
    await keep(file_database, "before")
    with closing(sqlite3.connect(file_of(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await trouble_of(keep(file_database, "waits")) is Trouble.BUSY
        assert await kept(file_database) == {"before"}
        monkeypatch.setattr(turns, "BRIEF_PATIENCE_SECONDS", 3600)
        crowd = [trouble_of(keep(file_database, f"waits {number}")) for number in range(20)]
        assert set(await asyncio.gather(*crowd)) == {Trouble.BUSY}, "they do not wait one after another"
        other.execute("COMMIT")
    await keep(file_database, "waits")
    assert await kept(file_database) == {"before", "waits"}


async def test_a_file_that_is_taken_away_is_not_written_to_and_is_the_same_when_it_is_put_back(
    file_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    file = file_of(sqlite_url)
    await keep(file_database, "before")
    file.rename(tmp_path / "away")
    assert await trouble_of(keep(file_database, "lost")) is Trouble.LOST
    assert await trouble_of(kept(file_database)) is Trouble.LOST
    assert not file.exists()
    shutil.copy(tmp_path / "away", file)  # another one
    assert await trouble_of(keep(file_database, "lost")) is Trouble.LOST
    (tmp_path / "away").replace(file)
    await keep(file_database, "after")
    assert await kept(file_database) == {"before", "after"}


async def test_a_file_that_cannot_be_written_to_can_be_again_later(sqlite_template: Path) -> None:
    with TemporaryDirectory() as folder:  # pytest's own lets nobody else in
        file = Path(folder) / "kenes.db"
        shutil.copy(sqlite_template, file)
        url = f"sqlite+aiosqlite:///{file}"
        with read_only(file):
            async with Database.open(url) as database:
                assert await trouble_of(keep(database, "refused")) is Trouble.READ_ONLY
        async with Database.open(url) as database:
            with read_only(file):
                assert await trouble_of(keep(database, "refused")) is Trouble.READ_ONLY
            await keep(database, "after")
            assert await kept(database) == {"after"}


async def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "kenes.db").write_bytes(b"not a database" * 1000)
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'kenes.db'}") as database:
        assert await trouble_of(kept(database)) is Trouble.DAMAGED
        assert await trouble_of(keep(database, "x")) is Trouble.DAMAGED


async def test_connections_that_are_ended_are_made_anew(database: Database, database_url: str) -> None:
    if not database.shared:
        pytest.skip("a file has no server")
    await keep(database, "before")
    async with database.write() as storage:
        await storage.changes.record([Change("test", ("cut",), None, {}, "test", NOW)])
        assert await end_connections(database_url) > 0
        assert await trouble_of(storage.commit()) is Trouble.SILENT
    await keep(database, "after")
    assert await kept(database) == {"before", "after"}


async def test_of_two_who_wait_for_each_other_one_may_try_again(database: Database) -> None:
    if not database.shared:
        pytest.skip("who writes takes turns")
    await asyncio.gather(*(keep(database, str(number)) for number in range(2)))
    both = asyncio.Barrier(2)

    async def change(first: int, second: int) -> None:
        async with database.write() as storage:
            await storage.accounts.choose_language(first, Language.KK)
            await both.wait()
            await storage.accounts.choose_language(second, Language.KK)
            await storage.commit()

    told = await asyncio.gather(trouble_of(change(1, 2)), trouble_of(change(2, 1)))
    assert sorted(map(str, told)) == sorted([str(None), str(Trouble.BUSY)])


async def test_a_server_that_is_not_there_and_a_database_that_is_not_are_troubles(postgres_url: str) -> None:
    for url, trouble in (
        ("postgresql+asyncpg://root@127.0.0.1:9/test", Trouble.SILENT),
        (postgres_url.rpartition("/")[0] + "/nowhere", Trouble.LOST),
    ):
        async with Database.open(url) as database, Inbox.open(url) as inbox:
            assert await trouble_of(kept(database)) is trouble
            assert await trouble_of(keep(database, "x")) is trouble
            assert await trouble_of(inbox.addresses()) is trouble
    for _ in range(5):
        await asyncio.sleep(0)  # asyncpg closes what it could not use a little later


async def test_what_is_wrong_with_what_is_asked_is_no_trouble(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.write() as storage:
            await storage.marks.save([enrolment("of nobody")])
    with pytest.raises((DBAPIError, OverflowError)):
        async with database.write() as storage:
            await storage.accounts.choose_language(2**70, Language.KK)
    with pytest.raises(DBAPIError):
        async with database.read() as storage:
            await storage.accounts.choose_language(1, Language.KK)


def test_a_trouble_is_found_wherever_it_hides() -> None:
    def wrapped(how: str) -> ValueError:
        trouble = TroubleError(Trouble.FULL)
        try:
            try:
                raise trouble
            except TroubleError as error:
                if how == "from":
                    raise ValueError from error
                if how == "while":
                    raise ValueError  # noqa: B904 - as a careless caller does
                raise ValueError from None
        except ValueError as error:
            return error

    assert trouble_in(wrapped("from")) is Trouble.FULL
    assert trouble_in(wrapped("while")) is Trouble.FULL
    assert trouble_in(wrapped("instead")) is None
    assert trouble_in(ExceptionGroup("both", [KeyError(), wrapped("from")])) is Trouble.FULL
    assert trouble_in(OSError("of a network")) is None


# The inbox


def update(number: int, text: str = "") -> Waiting:
    return Waiting(number, 1, {"update_id": number, "text": text})


async def waiting(inbox: Inbox) -> list[int]:
    return [each.update_id for each in await inbox.waiting(at=datetime.now(UTC))]


async def test_what_the_inbox_cannot_store_is_not_confirmed_and_stored_when_it_comes_again(
    disk: Disk, sqlite_url: str
) -> None:
    async with Inbox.open(sqlite_url) as inbox:
        await inbox.keep([update(1)], at=NOW)
        disk.fill()
        assert await trouble_of(inbox.keep([update(2, MUCH)], at=NOW)) is Trouble.FULL
        assert await waiting(inbox) == [1]
        disk.clear()
        assert await inbox.keep([update(2, MUCH)], at=NOW) == {2}
        await inbox.finish(1, at=NOW)
        assert await waiting(inbox) == [2]


async def test_an_inbox_that_is_deleted_under_a_process_is_put_back_with_all_that_waits(sqlite_url: str) -> None:
    file = file_of(sqlite_url + "-inbox")
    async with Inbox.open(sqlite_url) as inbox:
        await inbox.keep([update(1), update(2)], at=NOW)
        for each in file.parent.glob(file.name + "*"):
            each.unlink()
        assert await inbox.keep([update(3)], at=NOW) == {3}
        await inbox.finish(1, at=NOW)
    async with Inbox.open(sqlite_url) as inbox:
        assert await waiting(inbox) == [2, 3]


async def test_a_try_that_storage_cut_short_does_not_count(database: Database, database_url: str) -> None:
    async with Inbox.open(database_url) as inbox:
        await inbox.keep([update(1)], at=NOW)
        assert await inbox.begin(1) == 1
        await inbox.not_begun(1)
        assert await inbox.begin(1) == 1


async def test_who_lost_the_connection_that_held_a_chat_learns_whether_it_is_still_theirs(
    database: Database, database_url: str
) -> None:
    if not database.shared:
        pytest.skip("one process has it to itself")
    async with Inbox.open(database_url) as inbox, Inbox.open(database_url) as other:
        await inbox.keep([update(1)], at=NOW)
        assert await inbox.claim(1)
        assert await inbox.ours(1, 1)
        await end_connections(database_url)
        assert await other.claim(1)
        assert inbox.holds(1)  # as far as it knows
        assert await trouble_of(inbox.ours(1, 1)) is Trouble.SILENT
        assert not inbox.holds(1)
        assert not await inbox.ours(1, 1)
        await other.release(1)
        assert await inbox.ours(1, 1)
        await on_postgres(database_url, "UPDATE inbox SET state = 'done'")
        assert not await inbox.ours(1, 1)
