"""Turns a file somebody sent, CSV or XLSX, into rows of cells that remember where they stood.

Nothing here knows what the rows mean: which labels are known is told by the caller. Row numbers are those a spreadsheet
shows, from 1, blank rows counted. A cell is None (empty), a str without outer spaces, a Decimal, a bool, a date, a
naive datetime or a time, as the file holds it.
"""

from services.tabular.cells import Book, Cell, Column, Recognise, Row, Table, Unreadable, ValueMissing
from services.tabular.folding import fold
from services.tabular.reading import LIMIT_BYTES, UNPACKED_LIMIT_BYTES, read_source, read_tables
from services.tabular.text import decode

__all__ = [
    "LIMIT_BYTES",
    "UNPACKED_LIMIT_BYTES",
    "Book",
    "Cell",
    "Column",
    "Recognise",
    "Row",
    "Table",
    "Unreadable",
    "ValueMissing",
    "decode",
    "fold",
    "read_source",
    "read_tables",
]
