"""Workbooks for tests, written cell by cell."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xlsxwriter

Sheet = Sequence[Any]
SHEET = "xl/worksheets/sheet1.xml"


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


def parts(data: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(given: Mapping[str, bytes | str]) -> bytes:
    """Return an archive of these parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in given.items():
            archive.writestr(name, part)
    return content.getvalue()


def changed(data: bytes, old: str, new: str, part: str = SHEET) -> bytes:
    """Return a workbook with something else in one of its parts; `old` must be there."""
    given = parts(data)
    assert old.encode() in given[part]
    return packed({**given, part: given[part].replace(old.encode(), new.encode())})
