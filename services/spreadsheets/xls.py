"""XLS workbooks of Excel 97 and later: read by the library, but for what it loses (`biff.py`)."""

import io
from functools import partial
from typing import Any

from services.spreadsheets import biff
from services.spreadsheets.told import Missing, Read, Refused, SheetBegins
from services.spreadsheets.xlsx import library_rows


def read_xls(data: bytes) -> Read:
    """Read the sheets of a workbook."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    sheets = biff.tell(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in sheets:
            yield SheetBegins(sheet.name, sheet.visible)
            yield from library_rows(workbook.get_sheet_by_index(sheet.place), partial(_mend, shows=sheet.shows))
    except PasswordError:
        raise Refused("encrypted") from None
    except CalamineError:
        raise Refused("damaged") from None


def _mend(row: int, cells: list[Any], shows: biff.Places) -> None:
    """Put into a row what its cells show."""
    for column, shown in shows.get(row, {}).items():
        if column >= len(cells):
            cells += [None] * (column + 1 - len(cells))
        if shown is not biff.TEXT:
            cells[column] = shown
        elif cells[column] is None or cells[column] == "":
            cells[column] = Missing("=")
