"""Turns a file somebody sent into rows of cells that remember where they stood.

Nothing here knows what the rows mean: which labels are known is told by the caller. Row numbers are those a spreadsheet
shows, from 1, blank rows counted. A cell is None (empty), a str without outer spaces, a Decimal, a bool, a date, a
naive datetime or a time, as the file shows it.
"""

from services.spreadsheets.folding import fold, without_remark
from services.tabular.cells import Book, Cell, Column, Recognise, Row, Sheet, Table, Unreadable, ValueMissing
from services.tabular.reading import LIMIT_BYTES, Limits, Reading, read_source, read_tables

__all__ = [
    "LIMIT_BYTES",
    "Book",
    "Cell",
    "Column",
    "Limits",
    "Reading",
    "Recognise",
    "Row",
    "Sheet",
    "Table",
    "Unreadable",
    "ValueMissing",
    "fold",
    "read_source",
    "read_tables",
    "without_remark",
]
