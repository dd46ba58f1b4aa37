"""The heading of a table: where it stands, what its columns are called, and what stood above it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, zip_longest

from services.spreadsheets.folding import fold, without_remark
from services.tabular.cells import Book, Cell, Column, Recognise, Row, Sheet, Table, Unreadable

HEADER_ROWS = 20
HEADING_LINES = 3  # of one heading, where cells are merged over several columns
LONGEST_LABEL = 200

Numbered = tuple[int, Sequence[Cell]]

_UNITS = {fold(word) for word in ("балл", "баллы", "в баллах", "балмен", "%", "цифрой", "цифрами", "санмен", "цифрмен")}
_NUMBER = re.compile(r"[+-]?[\d.,]+%?")


def find_tables(sheets: Iterable[Sheet], recognise: Recognise) -> Book:
    """Find the table of each sheet; raises Unreadable where no visible one has a heading."""
    tables, headless, hidden = [], [], []
    for sheet in sheets:
        table, empty = find_table(sheet, recognise)
        if table and sheet.visible:
            tables.append(table)
        elif table:
            hidden.append(sheet.name or "")
        elif sheet.visible and not empty:
            headless.append(sheet.name or "")
    if not tables:
        raise Unreadable("no_header")
    return Book(tuple(tables), tuple(headless), tuple(hidden))


def find_table(sheet: Sheet, recognise: Recognise) -> tuple[Table | None, bool]:
    """Find the heading in the first rows: the row, or several of a merged one, with most labels known, two at least.

    Return the table, and whether there is nothing at all where a heading could stand.
    """
    numbered = enumerate(sheet.records, start=1)
    head = list(islice(numbered, HEADER_ROWS + HEADING_LINES))
    best: tuple[int, int, Sequence[Cell]] | None = None
    most = 1
    rows = [cells for _, cells in head[:HEADER_ROWS]]
    for place in range(len(rows)):
        for lines, labels in _headings(rows[place : place + HEADING_LINES], recognise):
            known = known_labels(labels, recognise)
            if known > most or (best and known == most and best[0] == place):
                best, most = (place, lines, labels), known
    if best is None:
        return None, not any(any(cells) for _, cells in head)
    place, lines, labels = best
    columns = tuple(
        Column(index, str(label), name_of(label, recognise)) for index, label in enumerate(labels) if label is not None
    )
    titles = tuple(Row(number, tuple(cells), len(cells)) for number, cells in head[:place] if any(cells))
    heading = [_trimmed(cells) for _, cells in head[place : place + lines]]
    below = _rows(chain(head[place + lines :], numbered), heading, [column.index for column in columns], len(labels))
    header_row = head[place + lines - 1][0]
    return Table(sheet.name, titles, header_row, len(labels), sheet.height, columns, below), False


def _headings(rows: Sequence[Sequence[Cell]], recognise: Recognise) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Give what the first rows could be as a heading: one line, and as many more as continue it."""
    labels = rows[0]
    yield 1, labels
    for lines, lower in enumerate(rows[1:], start=2):
        joined = _joined(labels, lower, recognise)
        if joined is None:
            return
        labels = joined
        yield lines, labels


def _joined(upper: Sequence[Cell], lower: Sequence[Cell], recognise: Recognise) -> list[Cell] | None:
    """Join two lines of a heading, where a cell merged over several columns stands above their own labels.

    A label of the lower line is known, alone or behind the one above it, or its unit, or at least no number. A row of
    data never is all that: with a label that nobody knows, the lower line must make more of them known.
    """
    if not any(upper) or not any(lower):
        return None
    joined: list[Cell] = []
    above: Cell = None
    strange = False
    for high, low in zip_longest(upper, lower):
        above = high if high is not None else above
        if low is None or low == high:
            joined.append(high)
            continue
        both = f"{above} {low}" if above is not None else str(low)
        unit = str(above) if above is not None and fold(str(low)) in _UNITS else ""
        label = next((label for label in (both, str(low), unit) if name_of(label, recognise)), None)
        if label is None:
            if not isinstance(low, str) or _NUMBER.fullmatch(low):
                return None
            label, strange = both, True
        joined.append(label)
    known, of_upper = known_labels(joined, recognise), known_labels(upper, recognise)
    more = known > of_upper or (known == of_upper and not strange)
    return joined if more and known > known_labels(lower, recognise) else None


def known_labels(labels: Iterable[Cell], recognise: Recognise) -> int:
    """Return how many of these cells are labels that are known."""
    return sum(1 for label in labels if name_of(label, recognise))


def name_of(label: Cell, recognise: Recognise) -> str | None:
    """Return the name of the column a label stands for; a remark in brackets behind it does not matter."""
    if not isinstance(label, str) or len(label) > LONGEST_LABEL:
        return None
    return recognise(label) or recognise(without_remark(label))


def _rows(
    rest: Iterable[Numbered], heading: Sequence[tuple[Cell, ...]], indexes: Sequence[int], header_width: int
) -> Iterator[Row]:
    """Give the rows below a heading that are not blank, without the numbers that printed forms give their columns."""
    first, *others = heading
    lead = next(index for index, cell in enumerate(first) if cell is not None)
    top = True  # directly below the heading
    for number, cells in rest:
        if len(cells) > lead and cells[lead] == first[lead] and _trimmed(cells) == first:
            top = True
            yield Row(number, (), 0, heading=True)
            continue
        if not any(cell is not None for cell in cells):
            continue
        if top and (_trimmed(cells) in others or _numbers_columns(cells, len(indexes))):
            continue
        top = False
        yield _row(number, cells, indexes, header_width)


def _trimmed(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    width = len(cells)
    while width and cells[width - 1] is None:
        width -= 1
    return tuple(cells[:width])


def _numbers_columns(cells: Sequence[Cell], columns: int) -> bool:
    """Tell whether a row says 1, 2, 3 ... under all columns, or all but one: four at least, so that no student can."""
    filled = [str(cell) for cell in cells if cell is not None]
    if len(filled) < max(4, columns - 1) or filled[0] != "1":
        return False
    return all(one.isdecimal() and len(one) < 4 for one in filled) and all(
        int(following) == int(one) + 1 for one, following in pairwise(filled)
    )


def _row(number: int, cells: Sequence[Cell], indexes: Iterable[int], header_width: int) -> Row:
    width = len(cells)
    picked = tuple(cells[index] if index < width else None for index in indexes)
    while width > header_width and cells[width - 1] is None:
        width -= 1
    return Row(number, picked, width)
