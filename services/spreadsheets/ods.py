"""OpenDocument tables, read by expat: a cell holds its value and the text it shows, rows and cells may be repeated."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from services.spreadsheets.archive import Archive
from services.spreadsheets.merging import Merged, filled
from services.spreadsheets.plain import mentions
from services.spreadsheets.told import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Missing, Read, Refused, RowRead, SheetBegins
from services.spreadsheets.xml import fed, parser_of_xml, whole_number

_OFFICE, _TABLE, _TEXT, _STYLE = (
    f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0 " for name in ("office", "table", "text", "style")
)
_ERROR = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_DURATION = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,]\d{1,9})?S")
_MOST_SPACES = 1_000


def read_ods(archive: Archive) -> Read:
    """Read the sheets of a document."""
    if "META-INF/manifest.xml" in archive and mentions(archive.pieces("META-INF/manifest.xml"), b"encryption-data"):
        raise Refused("encrypted")
    tables = _Tables()
    parser = parser_of_xml()
    parser.StartElementHandler, parser.EndElementHandler = tables.opened, tables.closed
    parser.CharacterDataHandler = tables.text
    for _ in fed(parser, archive.pieces("content.xml")):
        for sheet, merged, rows in tables.taken():
            if sheet:
                yield sheet
            yield from filled(iter(rows), merged)


class _Tables:
    """The tables of a document, as their rows are finished."""

    def __init__(self) -> None:
        self._done: list[tuple[SheetBegins | None, Merged, list[RowRead]]] = []
        self._hidden: set[str] = set()
        self._style = ""
        self._depth = self._table = self._cell_at = self._text_at = 0
        self._merged = Merged()
        self._rows: list[RowRead] = []
        self._row = self._repeated = self._counted = 0
        self._cells: list[Any] = []
        self._cell: Mapping[str, str] = {}
        self._written: list[str] = []

    def taken(self) -> Iterator[tuple[SheetBegins | None, Merged, list[RowRead]]]:
        """Take what is finished: rows, and before those of another sheet that it begins."""
        self._finish()
        done, self._done = self._done, []
        return iter(done)

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        space, _, short = name.rpartition(" ")
        if space + " " == _TEXT and self._cell_at:
            self._text_opened(short, attributes)
        elif name == f"{_STYLE}style":
            self._style = attributes.get(f"{_STYLE}name", "")
        elif name == f"{_STYLE}table-properties" and attributes.get(f"{_TABLE}display") == "false":
            self._hidden.add(self._style)
        elif name == f"{_TABLE}table" and not self._table:
            self._begin(attributes)
        elif not self._table or self._cell_at:
            return
        elif name == f"{_TABLE}table-row":
            self._repeated = whole_number(attributes.get(f"{_TABLE}number-rows-repeated", "1"))
            self._cells = []
        elif name in {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}:
            self._cell, self._cell_at, self._written = attributes, self._depth, []

    def closed(self, name: str) -> None:
        if self._depth == self._text_at:
            self._text_at = 0
        elif self._depth == self._cell_at:
            self._cell_at = 0
            self._cell_ends(covered=name.endswith("covered-table-cell"))
        elif self._depth == self._table:
            self._table = 0
        elif self._table and not self._cell_at and name == f"{_TABLE}table-row":
            self._row_ends()
        self._depth -= 1

    def text(self, written: str) -> None:
        if self._text_at:
            self._written.append(written)

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._finish()
        self._table = self._depth
        visible = attributes.get(f"{_TABLE}style-name") not in self._hidden
        self._done.append((SheetBegins(attributes.get(f"{_TABLE}name", ""), visible), Merged(), []))
        self._merged, self._rows, self._row = Merged(), [], 0

    def _finish(self) -> None:
        if self._rows:
            self._done.append((None, self._merged, self._rows))
            self._rows = []

    def _text_opened(self, short: str, attributes: Mapping[str, str]) -> None:
        if short == "p" and self._depth == self._cell_at + 1:  # not that of a note or a drawing in the cell
            self._text_at = self._depth
            if self._written:
                self._written.append("\n")
        elif self._text_at and short == "s":
            self._written.append(" " * min(whole_number(attributes.get(f"{_TEXT}c", "1")), _MOST_SPACES))
        elif self._text_at and short in {"tab", "line-break"}:
            self._written.append("\t" if short == "tab" else "\n")

    def _cell_ends(self, *, covered: bool) -> None:
        value = None if covered else _value(self._cell, "".join(self._written).strip())
        repeated = whole_number(self._cell.get(f"{_TABLE}number-columns-repeated", "1"))
        column = len(self._cells)
        if column + repeated > MOST_COLUMNS:
            if value is not None:
                raise Refused("too_much_inside")
            repeated = MOST_COLUMNS - column
        self._cells += [value] * repeated
        downwards = whole_number(self._cell.get(f"{_TABLE}number-rows-spanned", "1"))
        across = whole_number(self._cell.get(f"{_TABLE}number-columns-spanned", "1"))
        self._merged.add(self._row + 1, column, self._row + downwards, column + across - 1)

    def _row_ends(self) -> None:
        while self._cells and self._cells[-1] is None:
            self._cells.pop()
        if self._cells:
            self._counted += self._repeated * len(self._cells)
            if self._row + self._repeated > MOST_ROWS or self._counted > MOST_CELLS:
                raise Refused("too_much_inside")
            self._rows += [RowRead(self._row + number, [*self._cells]) for number in range(1, self._repeated + 1)]
        self._row += self._repeated


def _value(cell: Mapping[str, str], shown: str) -> Any:
    kind = cell.get(f"{_OFFICE}value-type")
    if cell.get(_ERROR) == "error":
        return Missing(shown or "=")
    if kind is None:
        return Missing("=") if f"{_TABLE}formula" in cell and not shown else shown or None
    if kind in {"float", "currency", "percentage"}:
        return _number(cell.get(f"{_OFFICE}value", ""), shown, percent=kind == "percentage")
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    if kind == "date":
        return _date(cell.get(f"{_OFFICE}date-value", ""), shown)
    if kind == "time":
        return _time(cell.get(f"{_OFFICE}time-value", ""), shown)
    text = cell.get(f"{_OFFICE}string-value", "").strip() or shown
    return text or (Missing("=") if f"{_TABLE}formula" in cell else None)


def _number(written: str, shown: str, *, percent: bool) -> Any:
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise Refused("damaged") from None
    if not number.is_finite() or number.adjusted() > 300:
        return shown or written
    if percent:
        return float(number.scaleb(2))
    if shown.startswith("0") and shown.isascii() and shown.isdigit() and len(shown) < 100 and int(shown) == number:
        return shown if len(shown) > 1 else 0
    return int(number) if number == number.to_integral_value() else float(number)


def _date(written: str, shown: str) -> Any:
    try:
        return date.fromisoformat(written) if len(written) == 10 else datetime.fromisoformat(written)
    except ValueError:
        return shown or written


def _time(written: str, shown: str) -> Any:
    found = _DURATION.fullmatch(written)
    if found is None:
        return shown or written
    hours, minutes, seconds = (int(each) for each in found.groups())
    lasts = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return time(lasts.seconds // 3600, lasts.seconds // 60 % 60, lasts.seconds % 60) if lasts.days == 0 else lasts
