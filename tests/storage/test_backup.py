"""Backup and restore: everything comes back as it was, from either engine into either, and nothing by halves."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import Table, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from storage.archive import ArchiveError, Manifest, kind_of
from storage.backup import back_up
from storage.database import Database
from storage.files import Files
from storage.inbox import Inbox, Waiting
from storage.restore import Restored, restore
from storage.tables import metadata
from tests.storage.examples import NOW, REGISTRAR

DIFFICULT = 'Қ"ұ;\n\t\\ 😀 \u2028 {}'
VALUES: Mapping[str, tuple[Any, Any]] = {  # two of each kind, the least pleasant there are
    "instant": (NOW.replace(microsecond=123456), NOW - timedelta(days=40_000)),
    "exact": (Decimal("49.50"), Decimal(0)),
    "date": (date(2026, 2, 28), date(1999, 12, 31)),
    "json": ({"ә": [1, None, 1.5, {"x": "49.50"}]}, []),
    "binary": (bytes(range(256)), b""),
    "boolean": (True, False),
    "integer": (7, 1),
    "text": (DIFFICULT, ""),
}
LEGAL: Mapping[str, Mapping[str, tuple[Any, Any]]] = {  # where the tables ask for more than a type
    "accounts": {"user_id": (2**40, -5), "person_id": (DIFFICULT, None), "linked_at": (NOW, None)},
    "motions": {
        "kind": ("correction", "undo"),
        "state": ("carried", "open"),
        "moved_by": (DIFFICULT, DIFFICULT),
        "decided_by": ("", None),
        "decided_at": (NOW, None),
    },
    "exams": {"ends_at": (NOW + timedelta(days=1), NOW)},
    "inbox": {"state": ("done", "failed")},  # what waits is put in by its own door, below
    "outbox": {"chat_id": (None, -(2**40)), "state": ("sent", "waiting")},
    "request_documents": {"sha256": (sha256(DIFFICULT.encode()).hexdigest(), None)},
    "uploads": {"content": (bytes(range(256)) * 5_000, b"")},
}


def rows_of(table: Table) -> Iterator[dict[str, Any]]:
    """Two rows that fill every column, the second with NULL wherever there may be one."""
    for number in (0, 1):
        row = {}
        for column in table.columns:
            value = VALUES[kind_of(column)][number]
            if number and column.nullable:
                value = None
            row[column.name] = LEGAL.get(table.name, {}).get(column.name, (value, value))[number]
        yield row


UPDATE = Waiting(2**40, -9, {"message": {"text": DIFFICULT}})


LATER_TABLES = {  # those of requests, and of what is said of files
    "requests",
    "decisions",
    "request_documents",
    "queue_chats",
    "cards",
    "reason_templates",
    "protocols",
    "motions",
    "refused_exports",
}


async def fill(url: str) -> None:
    """Put two rows into every table, and an update that waits to be handled."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            await connection.execute(insert(table), list(rows_of(table)))
    await engine.dispose()
    async with Inbox.open(url) as inbox:
        await inbox.keep([UPDATE], at=NOW)


async def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, and the updates that wait, which each engine keeps in its own way."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found: dict[str, list[tuple[Any, ...]]] = {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }
    await engine.dispose()
    found["inbox"] = [row for row in found["inbox"] if "waiting" not in row]
    async with Inbox.open(url) as inbox:
        found["waiting"] = [(each.update_id, each.chat_id, each.body) for each in await inbox.waiting(at=NOW)]
    return found


def held(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the same, with what was owed held and its lease forgotten."""
    outbox = metadata.tables["outbox"]
    named = [dict(zip(outbox.columns.keys(), row, strict=True)) for row in rows["outbox"]]
    for row in named:
        if row["state"] == "waiting":
            row |= {"state": "held", "leased_until": None, "leased_by": None}
    return {**rows, "outbox": [tuple(row.values()) for row in named]}


def back_up_to(file: Path, url: str) -> Manifest:
    with file.open("wb") as output:
        files = Files(file.parent / "documents")
        return asyncio.run(back_up(url, output, files=files, at=NOW, progress=lambda _done, _total: None))


def restore_from(file: Path, url: str, *, replace: bool = False) -> Restored:
    files = Files(file.parent / "documents")
    return restore(url, file, files=files, replace=replace, at=NOW, progress=lambda _done, _total: None)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "first.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'first.db'}"


@pytest.fixture
def filled(database_url: str) -> str:
    asyncio.run(fill(database_url))
    return database_url


def test_everything_goes_from_sqlite_to_postgresql_and_back(sqlite_url: str, database_url: str, tmp_path: Path) -> None:
    asyncio.run(fill(sqlite_url))
    before = asyncio.run(everything(sqlite_url))
    assert all(before.values())
    manifest = back_up_to(tmp_path / "there.zip", sqlite_url)
    restored = restore_from(tmp_path / "there.zip", database_url)
    assert asyncio.run(everything(database_url)) == held(before)
    assert (restored.held, restored.updates, restored.manifest) == (1, 1, manifest)
    back_up_to(tmp_path / "back.zip", database_url)
    new = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'kenes.db'}"
    restore_from(tmp_path / "back.zip", new)
    assert asyncio.run(everything(new)) == held(before)
    assert (tmp_path / "new" / "kenes.db").stat().st_mode & 0o777 == 0o600


def test_a_number_that_was_given_is_not_given_again(filled: str, tmp_path: Path) -> None:
    async def keep_and_drop(url: str) -> int:
        async with Database.open(url) as database, database.write() as storage:
            number = await storage.uploads.keep(
                user_id=1, person_id="", kind=None, file_name="x", content=b"x", sent_at=NOW
            )
            await storage.uploads.drop(number)
            await storage.commit()
        return number

    if filled.startswith("postgresql"):
        asyncio.run(run_sql(filled, "SELECT setval(pg_get_serial_sequence('uploads', 'id'), 7)"))
    last = asyncio.run(keep_and_drop(filled))
    back_up_to(tmp_path / "kenes.zip", filled)
    restore_from(tmp_path / "kenes.zip", filled, replace=True)
    assert asyncio.run(keep_and_drop(filled)) == last + 1


def test_a_database_that_holds_anything_is_left_alone_unless_told(filled: str, tmp_path: Path) -> None:
    back_up_to(tmp_path / "kenes.zip", filled)
    asyncio.run(run_sql(filled, "UPDATE people SET surname = 'x'"))
    before = asyncio.run(everything(filled))
    with pytest.raises(ArchiveError, match="not empty"):
        restore_from(tmp_path / "kenes.zip", filled)
    assert asyncio.run(everything(filled)) == before
    restore_from(tmp_path / "kenes.zip", filled, replace=True)
    assert asyncio.run(everything(filled)) != before
    with pytest.raises(IntegrityError, match="the history is never altered"):
        asyncio.run(run_sql(filled, "DELETE FROM changes"))


def test_what_is_written_during_a_backup_is_in_it_wholly_or_not_at_all(filled: str, tmp_path: Path) -> None:
    """Rows that belong together are added to tables that were written and that were not yet."""

    async def add() -> None:
        async with Database.open(filled) as database, database.write() as storage:
            await storage.people.save([REGISTRAR])
            await storage.accounts.link(77, REGISTRAR.person_id, at=NOW, consent_version="1")
            await storage.commit()

    tables: list[int] = []

    def progress(done: int, _total: int) -> None:
        tables.append(done)
        if len(tables) == 3:  # somebody else commits here, before the backup goes on
            with ThreadPoolExecutor() as elsewhere:
                elsewhere.submit(asyncio.run, add()).result()

    before = asyncio.run(everything(filled))
    with (tmp_path / "kenes.zip").open("wb") as output:
        asyncio.run(back_up(filled, output, files=Files(tmp_path / "documents"), at=NOW, progress=progress))
    assert asyncio.run(everything(filled)) != before
    restore_from(tmp_path / "kenes.zip", filled, replace=True)
    assert asyncio.run(everything(filled)) == held(before)


def test_documents_of_requests_come_back_from_a_backup(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(fill(sqlite_url))
    here, there = Files(tmp_path / "documents"), Files(tmp_path / "elsewhere" / "documents")
    named = here.keep(DIFFICULT.encode())
    manifest = back_up_to(tmp_path / "kenes.zip", sqlite_url)
    assert (manifest.files, manifest.missing) == ((named,), [])

    new = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    restore(new, tmp_path / "kenes.zip", files=there, replace=False, at=NOW, progress=lambda _done, _total: None)

    assert there.read(named) == DIFFICULT.encode()
    assert there.path(named).stat().st_mode & 0o777 == 0o600


def test_a_document_that_is_missing_is_named_and_keeps_nobody_from_a_backup(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(fill(sqlite_url))
    manifest = back_up_to(tmp_path / "kenes.zip", sqlite_url)
    assert (manifest.files, manifest.missing) == ((), [sha256(DIFFICULT.encode()).hexdigest()])
    restore_from(tmp_path / "kenes.zip", f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")


@pytest.mark.parametrize("hurt", ["cut", "changed", "missing", "no zip", "later"])
def test_a_damaged_archive_changes_nothing(sqlite_url: str, tmp_path: Path, hurt: str) -> None:
    asyncio.run(fill(sqlite_url))
    whole, broken = tmp_path / "whole.zip", tmp_path / "broken.zip"
    back_up_to(whole, sqlite_url)
    content = whole.read_bytes()
    with ZipFile(whole) as archive, ZipFile(broken, "w", ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            entry = archive.read(name)
            if name == "tables/people.jsonl":
                entry = entry.replace(b"a", b"b") + b" " if hurt == "changed" else entry
                if hurt == "missing":
                    continue
            if name == "manifest.json" and hurt == "later":
                entry = json.dumps({**json.loads(entry), "revision": "9999"}).encode()
            copy.writestr(name, entry)
    if hurt == "cut":
        broken.write_bytes(content[: len(content) // 2])
    if hurt == "no zip":
        broken.write_bytes(b"not a backup")
    before = asyncio.run(everything(sqlite_url))
    with pytest.raises(ArchiveError):
        restore_from(broken, sqlite_url, replace=True)
    assert asyncio.run(everything(sqlite_url)) == before


def test_an_archive_of_earlier_tables_is_brought_up_to_date(sqlite_url: str, tmp_path: Path) -> None:
    """One that was made at the first step, when there was no outbox and the history told no update."""
    asyncio.run(fill(sqlite_url))
    somebodys = "DELETE FROM uploads WHERE user_id IS NULL OR person_id IS NULL"  # at the first step each was
    asyncio.run(run_sql(sqlite_url, somebodys))
    back_up_to(tmp_path / "now.zip", sqlite_url)
    later = {
        "accounts": {"unreachable_since", "unreachable_why"},
        "changes": {"act", "update_id"},
        "uploads": {"period", "course_code"},
    }
    gone = {"inbox", "outbox", "jobs", "pulse", *LATER_TABLES}
    with ZipFile(tmp_path / "now.zip") as archive, ZipFile(tmp_path / "then.zip", "w") as copy:
        manifest = json.loads(archive.read("manifest.json"))
        manifest["revision"] = "0001"
        for name, kept in list(manifest["tables"].items()):
            lines = [json.loads(line) for line in archive.read(f"tables/{name}.jsonl").splitlines()]
            del manifest["sha256"][f"tables/{name}.jsonl"]
            if name in gone:
                del manifest["tables"][name]
                continue
            stays = [column not in later.get(name, ()) for column in kept["columns"]]
            kept["columns"] = {key: kind for key, kind in kept["columns"].items() if key not in later.get(name, ())}
            cut = ([value for value, stay in zip(line, stays, strict=True) if stay] for line in lines)
            content = "".join(f"{json.dumps(line)}\n" for line in cut).encode()
            copy.writestr(f"tables/{name}.jsonl", content)
            manifest["sha256"][f"tables/{name}.jsonl"] = sha256(content).hexdigest()
        for entry in archive.namelist():
            if entry.startswith("documents/"):
                copy.writestr(entry, archive.read(entry))
        copy.writestr("manifest.json", json.dumps(manifest))
    before = asyncio.run(everything(sqlite_url))
    new = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    restore_from(tmp_path / "then.zip", new)
    after = asyncio.run(everything(new))
    assert after["people"] == before["people"]
    assert [row[:7] for row in after["uploads"]] == [row[:7] for row in before["uploads"]]
    assert after["outbox"] == []
    assert [row[:11] for row in after["changes"]] == [row[:11] for row in before["changes"]]


def test_a_database_of_other_tables_is_not_backed_up(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(run_sql(sqlite_url, "UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(ArchiveError, match="step 0001"):
        back_up_to(tmp_path / "kenes.zip", sqlite_url)


async def run_sql(url: str, statement: str) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
