"""Tables of a web page, as many systems write them under the name of a workbook: what a cell shows is its text."""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from services.spreadsheets.told import MOST_COLUMNS, Read, Refused, RowRead, SheetBegins

_PIECE = 64 * 1024  # letters
_DEEPEST = 50
_MOST_ACROSS, _MOST_DOWN = 1_000, 65_534  # as browsers
_SILENT = {"script", "style"}


def read_html(text: str) -> Read:
    """Read each table as a sheet, named by its number, an inner one before the one around it."""
    page = _Page()
    for begins in range(0, len(text), _PIECE):
        page.feed(text[begins : begins + _PIECE])
        yield from page.taken()
    page.close()
    while page.open:
        page.table_ends()
    yield from page.taken()


class _Table:
    """A table that is open: its rows, the row and the cell that are open, and what earlier rows hold downwards."""

    def __init__(self) -> None:
        self.rows: list[RowRead] = []
        self.number = 0
        self.row: dict[int, str] | None = None
        self.cell: list[str] | None = None
        self.column = self.across = self.down = 0
        self.taken: dict[int, tuple[int, int]] = {}  # column -> down to which row and across to which a cell takes it
        self.held: dict[int, str] = {}  # column -> what that cell says, in its own column


class _Page(HTMLParser):
    """A page, as its tables are finished."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Table] = []
        self._done: list[list[RowRead]] = []
        self._number = 0
        self._silent = ""

    def taken(self) -> Iterator[SheetBegins | RowRead]:
        """Take the tables that are finished."""
        for rows in self._done:
            self._number += 1
            yield SheetBegins(str(self._number))
            yield from rows
        self._done = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent = tag
        elif tag == "table":
            if len(self.open) == _DEEPEST:
                raise Refused("damaged")
            self.open.append(_Table())
        elif not self.open:
            return
        elif tag == "tr":
            self._row_begins()
        elif tag in {"td", "th"}:
            self._cell_begins(dict(attrs))
        elif tag in {"br", "p", "div"} and self.open[-1].cell:
            self.open[-1].cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif not self.open:
            return
        elif tag == "table":
            self.table_ends()
        elif tag == "tr":
            self._row_ends()
        elif tag in {"td", "th"}:
            self._cell_ends()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].cell is not None and not self._silent:
            self.open[-1].cell.append(data)

    def table_ends(self) -> None:
        """End the innermost table that is open."""
        self._row_ends()
        self._done.append(self.open.pop().rows)

    def _row_begins(self) -> None:
        self._row_ends()
        table = self.open[-1]
        table.number += 1
        table.row, table.column = {}, 0

    def _row_ends(self) -> None:
        self._cell_ends()
        table = self.open[-1]
        if table.row is None:
            return
        if any(table.row.values()):
            for column, text in list(table.held.items()):
                if table.taken[column][0] < table.number:
                    del table.held[column]
                else:
                    table.row.setdefault(column, text)
            cells: list[Any] = [None] * (max(table.row) + 1)
            for column, text in table.row.items():
                cells[column] = text
            table.rows.append(RowRead(table.number, cells))
        table.row = None

    def _cell_begins(self, attributes: Mapping[str, str | None]) -> None:
        self._cell_ends()
        table = self.open[-1]
        if table.row is None:
            self._row_begins()
        while (taken := table.taken.get(table.column)) and taken[0] >= table.number:
            table.column = taken[1]
        table.cell = []
        table.across = _span(attributes.get("colspan"), _MOST_ACROSS)
        table.down = _span(attributes.get("rowspan"), _MOST_DOWN)

    def _cell_ends(self) -> None:
        table = self.open[-1]
        if table.cell is None or table.row is None:
            return
        text = " ".join("".join(table.cell).split())
        if table.column + table.across > MOST_COLUMNS:
            raise Refused("too_much_inside")
        table.row[table.column] = text
        if table.down > 1:
            table.taken[table.column] = table.number + table.down - 1, table.column + table.across
            table.held[table.column] = text
        table.column += table.across
        table.cell = None


def _span(written: str | None, most: int) -> int:
    written = (written or "").strip()
    return max(1, min(int(written), most)) if written.isascii() and written.isdigit() and len(written) < 10 else 1
