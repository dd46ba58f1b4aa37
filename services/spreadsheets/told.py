"""What reading a file tells: sheets and their rows one after another, or the reason why it cannot be read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_ROWS = 2 * 1024 * 1024  # of a sheet, blank ones counted
MOST_COLUMNS = 16_384
MOST_CELLS = 20_000_000  # of a file, empty ones left of filled ones counted
MOST_SHEETS = 1_000
MOST_STYLES = 100_000
MOST_STRINGS = 2_000_000  # that the sheets of a workbook share
LONGEST_STRINGS = 64 * 1024 * 1024  # letters, of all of them
LONGEST_ROW = 4 * 1024 * 1024  # in bytes, as it is written


REASONS = frozenset(
    {
        *("empty", "pdf", "old_excel", "binary_workbook", "xml_spreadsheet", "encrypted", "not_a_workbook"),
        *("too_much_inside", "damaged", "unknown_encoding", "ambiguous_encoding", "quotes_unpaired"),
    }
)


class Refused(Exception):  # noqa: N818 - as a file is
    """A file that cannot be read: `reason` is one of REASONS, `arguments` what its text may name."""

    def __init__(self, reason: str, **arguments: str) -> None:
        """Keep the reason and its arguments."""
        super().__init__(reason)
        self.reason = reason
        self.arguments = arguments


class SheetBegins(NamedTuple):
    """The rows that follow are those of another sheet; a text file is one without a name."""

    name: str | None
    visible: bool = True


class RowRead(NamedTuple):
    """A row that is not blank: its number from 1, ascending, and its cells from column A on; '' and None are empty."""

    number: int
    cells: list[Any]


class Missing:
    """A cell whose value is not there: a formula that was not computed (``=``), or an error, as it shows (#DIV/0!)."""

    __slots__ = ("shown",)

    def __init__(self, shown: str) -> None:
        """Keep what the cell shows."""
        self.shown = shown


Read = Iterator[SheetBegins | RowRead]
