"""The heading of a table: where it stands, what its columns are called, and what stood above it."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice, zip_longest

from services.spreadsheets.folding import without_remark
from services.tabular.cells import Cell, Column, Recognise, Row, Table

HEADER_ROWS = 20


def find_table(
    records: Iterable[Sequence[Cell]], recognise: Recognise, *, sheet: str | None, height: int
) -> Table | None:
    """Find the header in the first rows: the row, or two of a merged header, with most labels known, two at least."""
    numbered = enumerate(records, start=1)
    head = list(islice(numbered, HEADER_ROWS + 1))
    best: tuple[int, int, int, list[Column]] | None = None
    for place, (_, cells) in enumerate(head[:HEADER_ROWS]):
        candidates = [(1, cells)]
        if place + 1 < min(len(head), HEADER_ROWS) and (joined := _two_rows(cells, head[place + 1][1], recognise)):
            candidates.append((2, joined))
        for lines, labels in candidates:
            columns = [
                Column(index, str(label), _name(label, recognise))
                for index, label in enumerate(labels)
                if label is not None
            ]
            known = sum(1 for column in columns if column.name)
            if known >= 2 and (best is None or known > sum(1 for column in best[3] if column.name)):
                best = (place, lines, len(labels), columns)
    if best is None:
        return None
    place, lines, width, columns = best
    indexes = [column.index for column in columns]
    titles = tuple(Row(number, tuple(cells), len(cells)) for number, cells in head[:place] if any(cells))
    rest = chain(head[place + lines :], numbered)
    rows = (_row(number, cells, indexes, width) for number, cells in rest if any(cell is not None for cell in cells))
    return Table(sheet, titles, head[place + lines - 1][0], width, height, tuple(columns), rows, ())


def _two_rows(upper: Sequence[Cell], lower: Sequence[Cell], recognise: Recognise) -> list[Cell] | None:
    """Join a header of two rows, where a cell merged over several columns stands above their own labels.

    Every label of the lower row must be known, alone or behind the one above it: a row of data never is.
    """
    if not any(upper) or not any(lower):
        return None
    joined: list[Cell] = []
    above: Cell = None
    for high, low in zip_longest(upper, lower):
        above = high if high is not None else above
        if low is None or low == high:
            joined.append(high)
            continue
        both = f"{above} {low}" if above is not None else str(low)
        label = next((label for label in (both, str(low)) if _name(label, recognise)), None)
        if label is None:
            return None
        joined.append(label)
    return joined if known_labels(joined, recognise) > known_labels(lower, recognise) else None


def known_labels(labels: Iterable[Cell], recognise: Recognise) -> int:
    return sum(1 for label in labels if _name(label, recognise))


def _name(label: Cell, recognise: Recognise) -> str | None:
    if not isinstance(label, str):
        return None
    return recognise(label) or recognise(without_remark(label))


def _row(number: int, cells: Sequence[Cell], indexes: Iterable[int], header_width: int) -> Row:
    width = len(cells)
    picked = tuple(cells[index] if index < width else None for index in indexes)
    while width > header_width and cells[width - 1] is None:
        width -= 1
    return Row(number, picked, width)
