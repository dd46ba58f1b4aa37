"""XLSX workbooks: a sheet is read by the library where a look at its bytes shows that nothing in it needs more care."""

import io
from collections.abc import Callable, Iterator
from typing import Any

from services.spreadsheets.archive import Archive
from services.spreadsheets.careful import read_with_care
from services.spreadsheets.merging import Merged, filled
from services.spreadsheets.plain import is_plain
from services.spreadsheets.told import Read, RowRead, SheetBegins
from services.spreadsheets.workbook import Book, SheetOfBook


def read_xlsx(data: bytes, archive: Archive) -> Read:
    """Read the sheets of a workbook."""
    book = Book(archive)
    library = _Library(data)
    for sheet in book.sheets:
        yield SheetBegins(sheet.name, sheet.visible)
        plain = is_plain(archive.pieces(sheet.part), book.telling_styles) and book.strings_are_plain
        rows = library.rows(sheet) if plain else None
        yield from read_with_care(book, sheet.part) if rows is None else rows


class _Library:
    """The workbook as the library reads it, opened when there is a sheet for it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._workbook: Any = None

    def rows(self, sheet: SheetOfBook) -> Iterator[RowRead] | None:
        """Read a sheet; None where the library cannot, or finds another one in its place."""
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            if self._workbook is None:
                self._workbook = CalamineWorkbook.from_filelike(io.BytesIO(self._data))
            names = [each.name for each in self._workbook.sheets_metadata]
            if names[sheet.place : sheet.place + 1] != [sheet.name]:
                return None
            return library_rows(self._workbook.get_sheet_by_index(sheet.place))
        except CalamineError:
            return None


def library_rows(found: Any, mend: Callable[[int, list[Any]], None] | None = None) -> Iterator[RowRead]:
    """Give the rows of a sheet the library has read; `mend` may change the cells of a row (by its place from 0)."""
    left: list[Any] = [None] * (found.start[1] if found.start else 0)

    def rows() -> Iterator[RowRead]:
        for place, values in enumerate(found.iter_rows()):
            cells = left + values if left else values
            if mend:
                mend(place, cells)
            yield RowRead(place + 1, cells)

    merged = Merged()
    for (row, column), (last_row, last_column) in found.merged_cell_ranges or ():
        merged.add(row + 1, column, last_row + 1, last_column)
    return filled(rows(), merged)
