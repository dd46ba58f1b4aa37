"""Nothing is kept without a commit, two writers take turns, and the migrations make the tables."""

import asyncio
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from policy.people import Language
from storage.database import Database
from storage.migrations import is_current, migrate
from storage.migrations.check import differences_of
from storage.migrations.compare import differences
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student


async def test_what_is_not_committed_is_forgotten(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
    async with database.write() as storage:
        await storage.people.save([DEAN])
        await storage.rollback()
        await storage.commit()
    with pytest.raises(DBAPIError):  # noqa: PT012
        async with database.write() as storage:
            await storage.people.save([DEAN])
            await storage.marks.save([enrolment("of nobody")])
    async with database.read() as storage:
        assert await storage.people.all_ids() == set()


async def test_what_is_committed_stays_though_what_follows_fails(database: Database) -> None:
    with pytest.raises(DBAPIError):  # noqa: PT012
        async with database.write() as storage:
            await storage.people.save([REGISTRAR])
            await storage.commit()
            await storage.people.save([DEAN])
            await storage.marks.save([enrolment("of nobody")])
    async with database.read() as storage:
        assert await storage.people.all_ids() == {"T0001"}


async def test_a_reader_cannot_write(database: Database) -> None:
    async with database.read() as storage:
        with pytest.raises(DBAPIError):
            await storage.people.save([REGISTRAR])


async def test_a_reader_sees_one_moment_while_somebody_writes(database: Database) -> None:
    async with database.read() as reader:
        assert await reader.people.all_ids() == set()
        async with database.write() as storage:
            await storage.people.save([REGISTRAR])
            assert await reader.people.all_ids() == set()
            await storage.commit()
        assert await reader.people.all_ids() == set()
    async with database.read() as reader:
        assert await reader.people.all_ids() == {"T0001"}


async def test_more_readers_than_connections_wait_for_one_another(database: Database) -> None:
    async def read() -> set[str]:
        async with database.read() as storage:
            await asyncio.sleep(0)
            return await storage.people.all_ids()

    assert await asyncio.gather(*(read() for _ in range(20))) == [set()] * 20


async def test_of_two_who_link_at_once_one_does(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
        await storage.commit()

    async def link(user_id: int) -> bool:
        async with database.write() as storage:
            linked = await storage.accounts.link(user_id, "T0001", at=NOW, consent_version="1")
            await storage.commit()
            return linked

    assert sorted(await asyncio.gather(*map(link, range(1, 9)))) == [False] * 7 + [True]


async def test_two_processes_that_write_at_once_lose_nothing(database: Database, database_url: str) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
        await storage.commit()

    async def choose(through: Database, user_id: int) -> None:
        async with through.write() as storage:
            known = await storage.accounts.acquaintance(user_id)
            assert known is None
            await storage.accounts.choose_language(user_id, Language.KK)
            await storage.commit()

    async with Database.open(database_url) as other:
        await asyncio.gather(*(choose((database, other)[number % 2], number) for number in range(1, 21)))
    async with database.read() as storage:
        for number in range(1, 21):
            assert await storage.accounts.acquaintance(number) is not None


async def test_a_commit_that_is_cancelled_is_finished_first(database: Database) -> None:
    async def save() -> None:
        async with database.write() as storage:
            await storage.people.save([REGISTRAR])
            committing = asyncio.current_task()
            assert committing is not None
            asyncio.get_running_loop().call_soon(committing.cancel)
            await storage.commit()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(save())
    async with database.read() as storage:
        assert await storage.people.all_ids() == {"T0001"}


async def test_a_cancelled_writer_gives_its_place_back(database: Database) -> None:
    begun = asyncio.Event()

    async def wait_forever() -> None:
        async with database.write() as storage:
            await storage.people.save([REGISTRAR])
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_forever())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as storage:
        assert await storage.people.all_ids() == set()
        await storage.people.save([DEAN])
        await storage.commit()


async def test_errors_do_not_tell_what_was_stored(database: Database) -> None:
    async with database.write() as storage:
        with pytest.raises(DBAPIError) as failure:
            await storage.marks.save([enrolment("of nobody")])
    assert "of nobody" not in str(failure.value).replace(str(failure.value.orig), "")


async def test_sqlite_keeps_its_promises(tmp_path: Path, sqlite_template: Path) -> None:
    async with Database.open(f"sqlite+aiosqlite:///{sqlite_template}") as database, database.write() as storage:
        connection = storage._connection
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert await connection.scalar(text("PRAGMA synchronous")) == 2


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "sqlite:///kenes.db", "mysql+aiomysql://h/kenes"]
)
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"SQLite must be a file|is not sqlite"):
        Database.open(url)
    with pytest.raises(ValueError, match=r"SQLite must be a file|is not sqlite"):
        migrate(url)


async def test_the_migrations_make_the_tables(database_url: str) -> None:
    assert await differences_of(database_url) == []


async def test_a_table_that_no_migration_knows_is_noticed(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        await connection.execute(text("DROP TABLE drafts"))
        await connection.execute(text("ALTER TABLE imports ADD COLUMN more INTEGER"))
        found = await connection.run_sync(differences)
        await connection.rollback()
    await engine.dispose()
    assert sorted(each[0] for each in found) == ["add_table", "remove_column"]


def test_a_migrated_database_is_current_and_migrating_it_again_changes_nothing(database_url: str) -> None:
    assert is_current(database_url)
    migrate(database_url)
    assert is_current(database_url)


def test_a_new_database_file_is_its_owners_alone_and_asking_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "var" / "kenes.db"
    url = f"sqlite+aiosqlite:///{file}"
    assert not is_current(url)
    assert not file.parent.exists()
    migrate(url)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert is_current(url)


async def test_a_student_is_kept_by_another_opening_of_the_same_file(database: Database, database_url: str) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        await storage.commit()
    async with Database.open(database_url) as other, other.read() as storage:
        assert await storage.students.by_id("02500000") == student()


async def test_a_long_read_lets_others_have_their_turn(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.connection.TURN_SECONDS", 0)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with database.read() as storage:
        others = asyncio.create_task(take_turns())
        assert await storage.students.by_ids(f"{number:08}" for number in range(3_000)) == {}
        others.cancel()
    assert turns > 0


async def knows(database: Database, *users: int) -> list[bool]:
    async with database.read() as storage:
        return [await storage.accounts.acquaintance(user) is not None for user in users]


async def test_of_short_writes_that_queue_up_each_takes_back_its_own_only(database: Database) -> None:
    async def choose(user: int) -> None:
        async with database.write(briefly=True) as storage:
            await storage.accounts.choose_language(user, Language.KK)
            if user % 3 == 0:
                raise ValueError(user)
            if user % 3 == 1:
                await storage.commit()
                assert await knows(database, user) == [True]  # by the time it is told so

    told = await asyncio.gather(*map(choose, range(1, 10)), return_exceptions=True)
    assert [user for user, error in enumerate(told, start=1) if error] == [3, 6, 9]
    assert await knows(database, *range(1, 10)) == [True, False, False] * 3


async def test_a_long_write_waits_for_nobody_s_commit_and_nobody_for_its_own(database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def import_(first: asyncio.Task[None]) -> None:
        async with database.write() as storage:
            await storage.people.save([REGISTRAR])
            begun.set()
            await first
            await go_on.wait()

    async def choose(user: int) -> None:
        async with database.write(briefly=True) as storage:
            await storage.accounts.choose_language(user, Language.KK)
            await storage.commit()

    first = asyncio.create_task(choose(1))
    long = asyncio.create_task(import_(first))
    await begun.wait()
    second = asyncio.create_task(choose(2))
    await first
    assert await knows(database, 1) == [True]
    go_on.set()
    await asyncio.gather(long, second)
    async with database.read() as storage:
        assert await storage.people.all_ids() == set()
    assert await knows(database, 2) == [True]


async def test_short_writes_whose_commit_fails_are_told_so_and_the_next_one_works(
    sqlite_template: Path, tmp_path: Path
) -> None:
    file = tmp_path / "kenes.db"
    shutil.copy(sqlite_template, file)
    async with Database.open(f"sqlite+aiosqlite:///{file}") as database:

        async def link(user: int, person: str) -> None:
            async with database.write(briefly=True) as storage:
                await storage._connection.execute(text("PRAGMA defer_foreign_keys = ON"))  # so that the commit finds it
                await storage.accounts.choose_language(user, Language.KK)
                change = text(f"UPDATE accounts SET person_id = '{person}' WHERE user_id = {user}")
                await storage._connection.execute(change)
                await storage.commit()

        told = await asyncio.gather(link(1, "nobody"), link(2, "nobody else"), return_exceptions=True)
        assert [type(error).__name__ for error in told] == ["IntegrityError", "IntegrityError"]
        assert await knows(database, 1, 2) == [False, False]
        async with database.write(briefly=True) as storage:
            await storage.accounts.choose_language(3, Language.KK)
            await storage.commit()
        assert await knows(database, 3) == [True]


async def test_a_cancelled_short_write_is_committed_with_the_others_or_not_at_all(database: Database) -> None:
    async def choose(user: int) -> None:
        async with database.write(briefly=True) as storage:
            await storage.accounts.choose_language(user, Language.KK)
            await storage.commit()

    writing = [asyncio.create_task(choose(user)) for user in range(1, 8)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in writing[1::2]:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    known = await knows(database, *range(1, 8))
    assert all(known[0::2])
    async with database.write(briefly=True) as storage:
        await storage.accounts.choose_language(8, Language.KK)
        await storage.commit()
    assert await knows(database, 8) == [True]
