"""The restore: an archive of a backup put into an empty database, of whichever engine, all of it or nothing."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from sqlalchemy import URL, Column, Connection, MetaData, Table, exists, inspect, literal, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.archive import (
    DOCUMENT,
    FILES,
    KINDS,
    ROWS_AT_ONCE,
    ArchiveError,
    Kept,
    Kind,
    Manifest,
    Progress,
    document_entry,
    table_entry,
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


def restore(url: str, file: Path, *, files: Files, replace: bool, at: datetime, progress: Progress) -> Restored:
    """Put an archive into `files` and the database `url` names, which must be empty unless it is to be replaced.

    No event loop may run here. The archive is read and checked whole before anything is changed; its tables are made as
    they were when it was written, filled, and then brought up to date. What it owed and had not sent is held: who got
    what since the backup is not known. Raises ArchiveError, and changes nothing, when it cannot be done.
    """
    parsed = understood(url)
    try:
        with ZipFile(file) as archive:
            manifest = Manifest.read(archive)
            manifest.check(archive)
            if not knows(manifest.revision):
                raise ArchiveError(f"it was made at step {manifest.revision}, which this program does not know")
            for sha256 in manifest.files:  # first: the database then speaks of nothing that is not there
                files.keep(archive.read(FILES + sha256))
            make_room(parsed)
            return asyncio.run(_Reading(archive, manifest, progress).into(parsed, replace=replace, at=at))
    except BadZipFile:
        raise ArchiveError("it is no backup of Kenes, or not a whole one") from None


class _Reading:
    """An archive on its way into a database."""

    def __init__(self, archive: ZipFile, manifest: Manifest, progress: Progress) -> None:
        self._archive = archive
        self._manifest = manifest
        self._progress = progress
        self._done = self._held = 0
        self._updates: list[Waiting] = []

    async def into(self, url: URL, *, replace: bool, at: datetime) -> Restored:
        names = [table.name for table in reversed(metadata.sorted_tables)]
        names += [name for name in self._manifest.tables if name not in metadata.tables]
        async with changing(url) as connection:
            if not replace and (full := await connection.run_sync(_not_empty, names)):
                raise ArchiveError(f"the database is not empty: there are rows in {full}. --replace forgets them")
            await connection.run_sync(forget_tables, names)
            await connection.run_sync(take_steps, self._manifest.revision)
            for name, kept in self._manifest.tables.items():
                await self._table(connection, name, kept)
            await connection.run_sync(take_steps, "head")
            await connection.execute(text("DELETE FROM pulse WHERE name = :name"), {"name": STORED})
        if is_sqlite(url):
            forget(Path(url.database or ""))
        if self._updates and is_sqlite(url):  # there they wait in a file of their own
            async with Inbox.open(url.render_as_string(hide_password=False)) as beside:
                await beside.keep(self._updates, at=at)
        return Restored(self._manifest, self._held, len(self._updates))

    async def _table(self, connection: AsyncConnection, name: str, kept: Kept) -> None:
        kinds = {column: KINDS[kind] for column, kind in kept.columns.items()}
        table = Table(name, MetaData(), *(Column(column, kind.type) for column, kind in kinds.items()))
        insert = table.insert()
        documents = [entry for entry in self._manifest.sha256 if entry.startswith(document_entry(name, ""))]
        with self._archive.open(table_entry(name)) as lines:
            rows = (_row(line, kinds) for line in lines)
            while some := list(islice(rows, ROWS_AT_ONCE)):
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
        for entry in documents:
            update = table.update().where(table.c.id == int(entry.rpartition("/")[2]))
            await connection.execute(update.values({DOCUMENT: self._archive.read(entry)}))
        if kept.last_id:
            await _count_on(connection, name, kept.last_id)

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
