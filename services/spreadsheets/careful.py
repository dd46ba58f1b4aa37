"""The rows of a sheet of an XLSX workbook, read by expat: all that the library would lose, and nothing for empty space.

The library gives a formula without a value, an error and a number with a comment in it as an empty cell, loses how a
number is shown, and makes room for everything between the outermost cells.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from services.spreadsheets.merging import Merged, filled
from services.spreadsheets.plain import mentions
from services.spreadsheets.told import MOST_COLUMNS, Missing, Refused, RowRead
from services.spreadsheets.workbook import Book, keeps_spaces, unescaped
from services.spreadsheets.xml import Handling, fed, parser_of_xml, read_xml, whole_number

LAST_ROW = 1_048_576


def read_with_care(book: Book, part: str) -> Iterator[RowRead]:
    """Read the rows of a sheet."""
    merges = _Merges()
    if mentions(book.archive.pieces(part), b"mergeCell"):
        read_xml(book.archive.pieces(part), merges)
    return filled(_rows(book, part), merges.found)


class _Merges(Handling):
    """The merged cells of a sheet; they stand behind its rows."""

    def __init__(self) -> None:
        self.found = Merged()
        self._columns = _Columns()

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "mergeCell":
            first, _, last = attributes.get("ref", "").replace("$", "").partition(":")
            (row, column), (last_row, last_column) = self._place(first), self._place(last or first)
            self.found.add(row, column, last_row, last_column)

    def _place(self, reference: str) -> tuple[int, int]:
        letters = reference.rstrip("0123456789")
        return whole_number(reference[len(letters) :]), self._columns[letters]


class _Columns(dict[str, int]):
    """Letters of columns -> their places from 0."""

    def __missing__(self, letters: str) -> int:
        if not 1 <= len(letters) <= 3 or not letters.isascii() or not letters.isupper() or not letters.isalpha():
            raise Refused("damaged")
        place = 0
        for letter in letters:
            place = place * 26 + ord(letter) - ord("A") + 1
        if place > MOST_COLUMNS:
            raise Refused("damaged")
        self[letters] = place - 1
        return place - 1


def _rows(book: Book, part: str) -> Iterator[RowRead]:  # noqa: PLR0915 - a large sheet has millions of tags
    """Give the rows with anything in them."""
    done: list[RowRead] = []
    columns = _Columns()
    cells: dict[int, Any] = {}
    row, row_written, column = 0, "0", -1
    kind, style, formula = "", "", False
    inside, listens, pronounced, as_it_is = False, False, False, False
    written: list[str] = []
    rich: list[str] = []
    cell_tag = value_tag = text_tag = formula_tag = row_tag = sound_tag = ""
    value = _values(book)

    def root(name: str, _: Mapping[str, str]) -> None:
        nonlocal cell_tag, value_tag, text_tag, formula_tag, row_tag, sound_tag
        space = name[: name.rfind(" ") + 1]
        cell_tag, value_tag, text_tag = f"{space}c", f"{space}v", f"{space}t"
        formula_tag, row_tag, sound_tag = f"{space}f", f"{space}row", f"{space}rPh"
        parser.StartElementHandler = start

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, row_written, column, kind, style, formula, inside, listens, pronounced, as_it_is
        if name == cell_tag:
            if reference := attributes.get("r"):
                if not reference.endswith(row_written):
                    raise Refused("damaged")
                column = columns[reference[: -len(row_written)]]
            else:
                column += 1
                if column >= MOST_COLUMNS:
                    raise Refused("damaged")
            kind, style, formula, inside = attributes.get("t", "n"), attributes.get("s", "0"), False, True
        elif name == value_tag:
            listens = inside
        elif name == text_tag:
            listens, as_it_is = inside and not pronounced, keeps_spaces(attributes)
        elif name == formula_tag:
            formula = True
        elif name == row_tag:
            number = whole_number(attributes["r"]) if "r" in attributes else row + 1
            if not row < number <= LAST_ROW:
                raise Refused("damaged")
            row, row_written, column = number, str(number), -1
        elif name == sound_tag:
            pronounced = True

    def end(name: str) -> None:
        nonlocal inside, listens, pronounced
        if name == value_tag:
            listens = False
        elif name == text_tag:
            listens = False
            rich.append("".join(written) if as_it_is else "".join(written).strip())
            written.clear()
        elif name == cell_tag:
            told = value(kind, style, "".join(rich if kind == "inlineStr" else written), formula=formula)
            written.clear()
            rich.clear()
            inside = False
            if told is not None and told != "":
                if column in cells:
                    raise Refused("damaged")
                cells[column] = told
        elif name == row_tag:
            if cells:
                wide = [None] * (max(cells) + 1)
                for place, told in cells.items():
                    wide[place] = told
                cells.clear()
                done.append(RowRead(row, wide))
        elif name == sound_tag:
            pronounced = False

    def text(part_of_text: str) -> None:
        if listens:
            written.append(part_of_text)

    parser = parser_of_xml()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = root, end, text
    for _ in fed(parser, book.archive.pieces(part)):
        yield from done
        done.clear()


def _values(book: Book) -> Any:
    """Return what makes a value of a cell's type, style and text."""
    shows = {str(style): shown for style, shown in enumerate(book.shows)}

    def value(kind: str, style: str, written: str, *, formula: bool) -> Any:
        if kind == "inlineStr":
            return unescaped(written)
        written = written.strip()
        if kind == "e":
            return Missing(written or "=")
        if not written:
            return Missing("=") if formula else None
        if kind == "n":
            try:
                number = float(written)
            except ValueError:
                return written
            shown = shows.get(style)
            return shown(number) if shown and number - number == 0 else number
        if kind == "s":
            return book.string(whole_number(written))
        if kind == "str":
            return unescaped(written)
        if kind == "b":
            return written in {"1", "true"}
        if kind == "d":
            return _moment(written)
        raise Refused("damaged")

    return value


def _moment(written: str) -> Any:
    """Return an ISO 8601 date, instant or time of day; the text where it is none."""
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            return read(written.removesuffix("Z"))
        except ValueError:
            continue
    return written
