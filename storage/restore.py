"""The restore: an archive of a backup put into an empty database, of whichever engine, all of it or nothing."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

from sqlalchemy import URL, Column, Connection, MetaData, Table, exists, inspect, literal, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.archive import (
    DAMAGE,
    DOCUMENT,
    FILES,
    KINDS,
    LONGEST_LINE,
    ROWS_AT_ONCE,
    ArchiveError,
    Kept,
    Kind,
    Manifest,
    Progress,
    document_entry,
    table_entry,
    unpacked,
)
from storage.database import is_sqlite, understood
from storage.files import Files
from storage.inbox import Inbox, Waiting
from storage.migrations import changing, forget_tables, knows, make_room, take_steps
from storage.tables import metadata
from storage.witness import STORED, forget

HELD = "held"  # the state of an owed message that waits for somebody to look at it

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: `held` owed messages wait for review, `updates` were not handled yet and will be."""

    manifest: Manifest
    held: int
    updates: int


class Unfinished(ArchiveError):  # noqa: N818 - as a restore is
    """The records were restored, and something beside them was not; the text says what."""


def restore(url: str, file: Path, *, files: Files, replace: bool, at: datetime, progress: Progress) -> Restored:
    """Put an archive into `files` and the database `url` names, which must be empty unless it is to be replaced.

    No event loop may run here. The archive is read and checked whole before anything is changed: whoever made it, it is
    a file. Its tables are made as they were when it was written, filled, and then brought up to date; the files follow,
    and only then all of it counts. What it owed and had not sent is held: who got what since the backup is not known.
    Raises ArchiveError, and changes nothing, when it cannot be done; Unfinished, a kind of it, as that says.
    """
    parsed = understood(url)
    made = is_sqlite(parsed) and not Path(parsed.database or "").exists()
    try:
        return _restore(parsed, file, files=files, replace=replace, at=at, progress=progress)
    except BaseException as error:
        if made and not isinstance(error, Unfinished):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{parsed.database}{suffix}").unlink(missing_ok=True)
        raise


def _restore(url: URL, file: Path, *, files: Files, replace: bool, at: datetime, progress: Progress) -> Restored:
    try:
        with ZipFile(file) as archive:
            manifest = Manifest.read(archive)
            manifest.check(archive, file.stat().st_size)
            if not knows(manifest.revision):
                raise ArchiveError(f"it was made at step {manifest.revision}, which this program does not know")
            _find_room(archive, url, files)
            make_room(url)
            return asyncio.run(_Reading(archive, manifest, files, progress).into(url, replace=replace, at=at))
    except DAMAGE:
        raise ArchiveError("it is no backup of Kenes, or not a whole one") from None


def _find_room(archive: ZipFile, url: URL, files: Files) -> None:
    """Raise ArchiveError where the disk would fill before all of it is unpacked."""
    needed = {files.folder: unpacked(archive, FILES)}
    if is_sqlite(url):
        folder = Path(url.database or "").parent
        needed[folder] = needed.get(folder, 0) + unpacked(archive) - unpacked(archive, FILES)
    for folder, size in needed.items():
        there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        if size > (free := shutil.disk_usage(there).free):
            megabytes = f"{size / 1024**2:.0f} MB, and {free / 1024**2:.0f} MB are free"
            raise ArchiveError(f"it unpacks to {megabytes} where {folder} is")


class _Reading:
    """An archive on its way into a database."""

    def __init__(self, archive: ZipFile, manifest: Manifest, files: Files, progress: Progress) -> None:
        self._archive = archive
        self._manifest = manifest
        self._files = files
        self._progress = progress
        self._done = self._held = 0
        self._updates: list[Waiting] = []
        self._kept: list[str] = []

    async def into(self, url: URL, *, replace: bool, at: datetime) -> Restored:
        try:
            await self._records(url, replace=replace)
        except BaseException as error:
            for sha256 in self._kept:
                with suppress(OSError):
                    self._files.forget(sha256)
            if isinstance(error, SQLAlchemyError | OSError | RuntimeError):
                cause = error.orig if isinstance(error, DBAPIError) else error
                raise ArchiveError(f"it cannot be put there ({type(cause).__name__})") from None
            raise
        if is_sqlite(url):  # there updates wait in a file of their own
            try:
                forget(Path(url.database or ""))
                if self._updates:
                    async with Inbox.open(url.render_as_string(hide_password=False)) as beside:
                        await beside.keep(self._updates, at=at)
            except (sqlite3.Error, SQLAlchemyError, OSError) as error:
                number = len(self._updates)
                why = f"{number} updates from people cannot be put beside the records ({type(error).__name__})"
                raise Unfinished(why) from None
        return Restored(self._manifest, self._held, len(self._updates))

    async def _records(self, url: URL, *, replace: bool) -> None:
        names = [table.name for table in reversed(metadata.sorted_tables)]
        names += [name for name in self._manifest.tables if name not in metadata.tables]
        async with changing(url) as connection:
            if not replace and (full := await connection.run_sync(_not_empty, names)):
                raise ArchiveError(f"the database is not empty: there are rows in {full}. --replace forgets them")
            await connection.run_sync(forget_tables, names)
            await connection.run_sync(take_steps, self._manifest.revision)
            await connection.run_sync(self._compare)
            for name, kept in self._manifest.tables.items():
                await self._table(connection, name, kept)
            await connection.run_sync(take_steps, "head")
            await connection.execute(text("DELETE FROM pulse WHERE name = :name"), {"name": STORED})
            for sha256 in self._manifest.files:  # last: what the records speak of is there before they count
                if not self._files.has(sha256):
                    self._kept.append(sha256)
                    self._files.keep(self._archive.read(FILES + sha256))

    def _compare(self, connection: Connection) -> None:
        """Raise ArchiveError for a table or a column that there was not when the archive is said to be made."""
        there = inspect(connection)
        tables = set(there.get_table_names())
        for name, kept in self._manifest.tables.items():
            columns = {column["name"] for column in there.get_columns(name)} if name in tables else set()
            if columns != set(kept.columns):
                raise ArchiveError(f"its table {name} is not that of step {self._manifest.revision}")

    async def _table(self, connection: AsyncConnection, name: str, kept: Kept) -> None:
        kinds = {column: KINDS[kind] for column, kind in kept.columns.items()}
        table = Table(name, MetaData(), *(Column(column, kind.type) for column, kind in kinds.items()))
        insert = table.insert()
        documents = [entry for entry in self._manifest.sha256 if entry.startswith(document_entry(name, ""))]
        if documents and not {"id", DOCUMENT} <= kinds.keys():
            raise ArchiveError(f"its table {name} has no documents")
        count = 0
        with self._archive.open(table_entry(name)) as lines:
            rows = (_row(line, kinds) for line in _lines(lines))
            while some := self._some(rows, name, count):
                count += len(some)
                self._done += len(some)
                if documents:
                    some = [{**row, DOCUMENT: b""} for row in some]
                if name == "outbox":
                    some = [self._reviewed(row) for row in some]
                if name == "inbox":
                    some = self._marks(connection, some)
                if some:
                    await connection.execute(insert, some)
                self._progress(self._done, self._manifest.rows)
        if count != kept.rows:
            raise ArchiveError(f"{count} rows are in its table {name}, and {kept.rows} were written")
        for entry in documents:
            update = table.update().where(table.c.id == int(entry.rpartition("/")[2]))
            if not (await connection.execute(update.values({DOCUMENT: self._archive.read(entry)}))).rowcount:
                raise ArchiveError(f"{entry} in it belongs to no row")
        if kept.last_id:
            await _count_on(connection, name, kept.last_id)

    def _some(self, rows: Iterator[Row], name: str, before: int) -> list[Row]:
        """Take the next rows of a table; raises ArchiveError where they are none."""
        some: list[Row] = []
        try:
            some.extend(islice(rows, ROWS_AT_ONCE))
        except DAMAGE:
            raise ArchiveError(f"row {before + len(some) + 1} of its table {name} cannot be read") from None
        return some

    def _reviewed(self, row: Row) -> Row:
        """Hold an owed message that was not sent yet."""
        if row["state"] != "waiting":
            return row
        self._held += 1
        return {**row, "state": HELD, "leased_until": None, "leased_by": None}

    def _marks(self, connection: AsyncConnection, rows: list[Row]) -> list[Row]:
        """Put the updates aside that were not handled yet; return the rows that stand in the table."""
        left = [row for row in rows if row["state"] == "waiting"]
        self._updates += [Waiting(row["update_id"], row["chat_id"], json.loads(row["body"])) for row in left]
        return [row for row in rows if row["state"] != "waiting"] if connection.dialect.name == "sqlite" else rows


def _lines(lines: IO[bytes]) -> Iterator[bytes]:
    while line := lines.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise ValueError("a line without end")
        yield line


def _row(line: bytes, kinds: Mapping[str, Kind]) -> Row:
    return {
        column: kind.read(value) if kind.read and value is not None else value
        for (column, kind), value in zip(kinds.items(), json.loads(line), strict=True)
    }


async def _count_on(connection: AsyncConnection, table: str, last_id: int) -> None:
    """Let a table give no number again that it gave before; where SQLite counts by the rows there are, let it."""
    values: Row = {"name": table, "last": last_id}
    if connection.dialect.name == "postgresql":
        number = metadata.tables[table].autoincrement_column if table in metadata.tables else None
        values["number"] = "id" if number is None else number.name
        await connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, :number), :last)"), values)
    elif await connection.scalar(
        text("SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE name = :name"), {"name": table}
    ):
        await connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        await connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values)


def _not_empty(connection: Connection, names: Iterable[str]) -> str | None:
    """Name a table that has rows."""
    there = set(inspect(connection).get_table_names())
    for name in names:
        if name in there and connection.scalar(select(exists(select(literal(1)).select_from(table(name))))):
            return name
    return None
