"""What a file is read into: cells, rows and the table they make, or the reason why it cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

Cell = str | Decimal | bool | date | datetime | time | None
Recognise = Callable[[str], str | None]


class Unreadable(ValueError):  # noqa: N818 - as a file is
    """A file that cannot be read as a table at all.

    ``reason`` is a stable code: missing, too_large, empty, takes_too_long, no_header, or one of
    `services.spreadsheets.told.REASONS`. ``arguments`` are what a text about it may want to name.
    """

    def __init__(self, reason: str, **arguments: str) -> None:
        """Keep the reason and its arguments."""
        super().__init__(reason)
        self.reason = reason
        self.arguments = arguments


class ValueMissing(str):
    """A formula cell without a kept value (the text is ``=``), or an error (the text is what Excel shows: #DIV/0!)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: where it stands, how the file labels it, and the name it was recognised by, if any."""

    index: int
    label: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number and its cells, one for each of the table's columns.

    ``width`` is how many cells the file gave it, not counting empty ones beyond the header's. ``heading`` marks a row
    that is the table's heading again, as on every printed page; it has no cells.
    """

    number: int
    cells: tuple[Cell, ...]
    width: int
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as it is read: its rows of cells, blank ones too; a text file is one without a name.

    ``height`` is how many rows there are up to the last that is not blank.
    """

    name: str | None
    visible: bool
    height: int
    records: Iterable[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what stood above it; ``rows`` can be walked once. Blank rows are left out of both.

    ``sheet`` is None for a text file; ``width`` is how many cells the header has, empty ones counted; ``height`` is how
    many rows or lines there are at most.
    """

    sheet: str | None
    titles: tuple[Row, ...]
    header_row: int
    width: int
    height: int
    columns: tuple[Column, ...]
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class Book:
    """What a file holds: a table from each visible sheet that has a heading, in their order.

    Sheets with something on them that gave no table are named: ``headless`` where no heading was found, ``hidden``
    where a table stands that nobody sees.
    """

    tables: tuple[Table, ...]
    headless: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
