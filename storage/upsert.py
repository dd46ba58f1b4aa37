"""Writing many rows at once, whether they are there already or not."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage.connection import Connection

ROWS_AT_ONCE = 5_000  # bounds the memory an import of 100,000 rows takes
NAMES_AT_ONCE = 100  # in one IN (...): a few milliseconds of reading, after which others have their turn

T = TypeVar("T")


async def upsert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert each row, or set all its other columns where its primary key is there; the last of equal keys wins."""
    statement = _statement(table, connection.dialect.name, overwrite=True)
    for chunk in chunks(rows, ROWS_AT_ONCE):
        await connection.execute(statement, chunk)


async def insert_missing(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert the rows whose primary key is not there yet; leave the others as they are."""
    statement = _statement(table, connection.dialect.name, overwrite=False)
    for chunk in chunks(rows, ROWS_AT_ONCE):
        await connection.execute(statement, chunk)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


@cache
def _statement(table: Table, dialect: str, *, overwrite: bool) -> Insert:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    key = list(table.primary_key.columns)
    others = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    if overwrite:
        statement: Insert = insert.on_conflict_do_update(index_elements=key, set_=others)
    else:
        statement = insert.on_conflict_do_nothing(index_elements=key)
    return statement
