"""Cells merged downwards: what the first of them holds stands for the rows below it too."""

from collections import defaultdict
from collections.abc import Iterator

from services.spreadsheets.told import Refused, RowRead

MOST = 100_000


class Merged:
    """Merged cells that are one column wide: by their first row, the columns and the last rows."""

    def __init__(self) -> None:
        self._from: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._number = 0

    def add(self, row: int, column: int, last_row: int, last_column: int) -> None:
        """Keep merged cells, rows from 1, columns from 0; a table's title is not held, nor is a heading's label."""
        if last_row > row and last_column == column:
            self._from[row].append((column, last_row))
            self._number += 1
            if self._number > MOST:
                raise Refused("too_much_inside")

    def beginning(self, row: int) -> list[tuple[int, int]]:
        """Return the columns where merged cells begin in a row, each with its last row."""
        return self._from.get(row, [])

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._from)


def filled(rows: Iterator[RowRead], merged: Merged) -> Iterator[RowRead]:
    """Give rows with what merged cells above hold; a row that has nothing of its own stays blank and is left out."""
    held: dict[int, tuple[int, object]] = {}
    for row in rows:
        number, cells = row
        if cells.count("") + cells.count(None) == len(cells):
            continue
        for column in [column for column, (last, _) in held.items() if last < number]:
            del held[column]
        for column, (_, value) in held.items():
            if column >= len(cells):
                cells += [None] * (column + 1 - len(cells))
            if cells[column] is None or cells[column] == "":
                cells[column] = value
        for column, last in merged.beginning(number):
            if column < len(cells) and cells[column] not in {None, ""}:
                held[column] = last, cells[column]
        yield row
