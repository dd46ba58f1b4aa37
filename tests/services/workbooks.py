"""Workbooks for tests, written cell by cell."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

Sheet = Sequence[Any]


def workbook(*sheets: Sheet, then: Callable[[Any, list[Any]], object] | None = None) -> bytes:
    """Return an XLSX of these sheets, with formulas where a text begins with =; ``then`` may add to book and sheets."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "dd.mm.yyyy"})
    written = []
    for number, rows in enumerate(sheets, start=1):
        sheet = book.add_worksheet(f"Лист{number}")
        written.append(sheet)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(row, column, cell)
                elif isinstance(cell, str):
                    sheet.write_formula(row, column, cell, None, "")
                elif cell is not None:
                    sheet.write(row, column, cell)
    if then:
        then(book, written)
    book.close()
    return content.getvalue()
