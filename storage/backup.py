"""The backup: everything as it stood at one moment, while the bot runs, as an archive that either engine restores."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import NullPool, Select, Table, exists, func, null, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.archive import (
    FILES,
    FORMAT,
    KINDS,
    MANIFEST,
    ROWS_AT_ONCE,
    ArchiveError,
    Entry,
    Kept,
    Manifest,
    Progress,
    document_entry,
    document_of,
    kind_of,
    table_entry,
)
from storage.columns import to_json
from storage.database import is_sqlite, tell_sqlite, understood
from storage.files import Files
from storage.inbox import Inbox
from storage.migrations import head, revision_of
from storage.tables import inbox, metadata, request_documents


async def back_up(url: str, output: IO[bytes], *, files: Files, at: datetime, progress: Progress) -> Manifest:
    """Write an archive of the database `url` names and its `files`, made `at`; nobody who writes meanwhile waits.

    Raises ArchiveError when the tables are not those of this program, ValueError as `Database.open` does.
    """
    parsed = understood(url)
    waiting = await _waiting(url, at) if is_sqlite(parsed) else []  # first: what is handled since is marked in the rest
    engine = create_async_engine(parsed, poolclass=NullPool, hide_parameters=True)
    if is_sqlite(parsed):
        tell_sqlite(engine.sync_engine, "BEGIN", "PRAGMA busy_timeout = 60000", "PRAGMA query_only = ON")
        whole = engine
    else:
        whole = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    try:
        async with whole.connect() as connection:
            revision, expected = await connection.run_sync(revision_of), head()
            if revision != expected:
                raise ArchiveError(
                    f"the database is at step {revision} and this program at {expected}: let its own program back it up"
                )
            with ZipFile(output, "w", ZIP_DEFLATED) as archive:
                return await _Writing(connection, archive, waiting, files, progress).all(at, expected)
    finally:
        await engine.dispose()


async def _waiting(url: str, at: datetime) -> list[list[Any]]:
    """Return the rows of `inbox` that SQLite keeps in a file of their own."""
    received = {"received_at": at.astimezone(UTC).isoformat(), "state": "waiting", "tries": 0}
    async with Inbox.open(url) as beside:
        those = [
            {"update_id": each.update_id, "chat_id": each.chat_id, "body": json.dumps(each.body), **received}
            for each in await beside.waiting(at=at)
        ]
    return [[each.get(column.name) for column in inbox.columns] for each in those]


class _Writing:
    """A backup on its way into its archive."""

    def __init__(
        self,
        connection: AsyncConnection,
        archive: ZipFile,
        waiting: Sequence[list[Any]],
        files: Files,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._archive = archive
        self._waiting = waiting
        self._files = files
        self._progress = progress
        self._sha256: dict[str, str] = {}
        self._done = self._total = 0

    async def all(self, at: datetime, revision: str) -> Manifest:
        """Write everything, the manifest last: an archive without one is not whole."""
        tables = metadata.sorted_tables
        for table in tables:
            self._total += await self._connection.scalar(select(func.count()).select_from(table)) or 0
        kept = {table.name: await self._table(table) for table in tables}
        for table in tables:
            await self._documents(table)
        missing = [each async for each in self._stored() if not self._file(each)]
        manifest = Manifest(FORMAT, at.astimezone(UTC).isoformat(), revision, kept, self._sha256, missing)
        self._archive.writestr(MANIFEST, manifest.written())
        return manifest

    async def _table(self, table: Table) -> Kept:
        kinds = {column.name: kind_of(column) for column in table.columns}
        writers = [KINDS[kind].written for kind in kinds.values()]
        document = document_of(table)
        columns = [null() if column is document else column for column in table.columns]
        count = 0
        with Entry(self._archive, table_entry(table.name)) as entry:
            async for rows in self._rows(select(*columns).order_by(*table.primary_key.columns)):
                lines = [
                    [
                        write(value) if write and value is not None else value
                        for write, value in zip(writers, row, strict=True)
                    ]
                    for row in rows
                ]
                entry.write(_lines(lines))
                count += len(rows)
                self._done += len(rows)
                self._progress(self._done, self._total)
            if table is inbox:
                left = [each for each in self._waiting if not await self._has(each[0])]
                entry.write(_lines(left))
                count += len(left)
        self._sha256[table_entry(table.name)] = entry.sha256
        return Kept(kinds, count, await self._last_id(table))

    async def _has(self, update_id: int) -> bool:
        return bool(await self._connection.scalar(select(exists().where(inbox.c.update_id == update_id))))

    async def _documents(self, table: Table) -> None:
        """Write the documents of a table one by one: each may be large, all of them larger than memory."""
        document, number = document_of(table), table.autoincrement_column
        if document is None or number is None:
            return
        for of in (await self._connection.scalars(select(number).order_by(number))).all():
            name = document_entry(table.name, of)
            with Entry(self._archive, name) as entry:
                entry.write((await self._connection.execute(select(document).where(number == of))).scalar_one())
            self._sha256[name] = entry.sha256

    async def _stored(self) -> AsyncIterator[str]:
        """Name the files that the tables speak of."""
        sha256 = request_documents.c.sha256
        for each in (await self._connection.scalars(select(sha256).where(sha256.is_not(None)).distinct())).all():
            yield each

    def _file(self, sha256: str) -> bool:
        """Write a file; False where it is missing."""
        try:
            content = self._files.read(sha256)
        except OSError:
            return False
        with Entry(self._archive, FILES + sha256) as entry:
            entry.write(content)
        self._sha256[FILES + sha256] = entry.sha256
        return True

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> AsyncIterator[Sequence[Any]]:
        async with self._connection.stream(statement.execution_options(yield_per=ROWS_AT_ONCE)) as found:
            async for rows in found.partitions():
                yield rows

    async def _last_id(self, table: Table) -> int | None:
        """Return the last number a table gave: a row that is gone must not give its number to another."""
        number = table.autoincrement_column
        if number is None:
            return None
        if self._connection.dialect.name == "sqlite":
            last = "SELECT seq FROM sqlite_sequence WHERE name = :table"
            if not table.dialect_options["sqlite"]["autoincrement"]:
                last = f"SELECT max({number.name}) FROM {table.name}"  # noqa: S608 - names of our own
        else:
            last = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, :number) AS regclass))"
        return await self._connection.scalar(text(last), {"table": table.name, "number": number.name}) or 0


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    return "".join(f"{to_json(row)}\n" for row in rows).encode()
