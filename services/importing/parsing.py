"""Rows of cells become rows of values: each column read as its type asks, every cell that cannot be is named."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from policy.profile import Profile
from services.importing.cells import readers
from services.importing.columns import Kind, columns_of
from services.importing.plan import Progress
from services.importing.problems import Notice, Refusal, Unacceptable, shown
from services.tabular import (
    Cell,
    Column,
    Reading,
    Row,
    Table,
    Unreadable,
    ValueMissing,
    fold,
    read_table,
    without_remark,
)

_SIGNATURES = {
    fold(word)
    for word in (
        "тіркеуші", "регистратор", "декан", "қолы", "подпись", "оқытушы", "преподаватель", "эдвайзер", "емтихан",
        "экзаменатор", "кафедра", "барлығы", "итого", "всего", "жалпы", "орташа", "средний", "средняя", "басшысы",
        "руководитель", "директор", "төраға", "председатель", "ескерту", "примечание",
    )
}  # fmt: skip
_NAMING_A_MARK = {"student_id", "full_name", "period", "course_code"}
_IN_TITLES = {
    *("period", "course_code", "course_kk", "course_ru", "credits", "exam_form", "group"),
    *("exam_date", "posted_at", "attempt"),
}
_CODE = re.compile(r"[^\W_][\w./-]*")
_PROGRESS_ROWS = 1000


@dataclass(slots=True)
class ValueRow:
    """One row: its number and its values by canonical name; None for an empty cell and for an absent column."""

    number: int
    _places: Mapping[str, int]
    _values: tuple[Any, ...]

    def __getitem__(self, name: str) -> Any:
        """Return the value in a column."""
        place = self._places.get(name)
        return None if place is None else self._values[place]


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file of one kind, read: good rows, and everything that is wrong with the others or with the whole.

    ``present`` are the columns the file has (or its title lines give), ``labels`` what it calls them.
    """

    kind: Kind
    file_name: str
    sha256: str
    present: frozenset[str]
    labels: Mapping[str, str]
    rows: tuple[ValueRow, ...]
    refusals: tuple[Refusal, ...]
    notices: tuple[Notice, ...]


def read_file(
    reading: Reading, *, kind: Kind, file_name: str, profile: Profile, day: date, progress: Progress | None = None
) -> FileRows:
    """Read a file of this kind by the rules of a day; whatever is wrong with it is in the answer, nothing is raised.

    ``progress`` is told now and then how many rows are read, and of about how many. Not for an event loop: 100,000 rows
    take seconds.
    """
    try:
        table = read_table(reading, columns_of(kind).recognise)
        digest = reading.sha256
        return _Reading(kind, table, file_name=file_name, digest=digest, profile=profile, day=day).rows(progress)
    except Unreadable as error:
        refusal = Refusal(error.reason, arguments=error.arguments)
        return FileRows(kind, file_name, reading.sha256, frozenset(), {}, (), (refusal,), ())


class _Reading:
    """One table while it is being read."""

    def __init__(self, kind: Kind, table: Table, *, file_name: str, digest: str, profile: Profile, day: date) -> None:
        self._kind, self._file_name, self._digest = kind, file_name, digest
        self._columns, self._table = columns_of(kind), table
        maxima = profile.on(day).gpa.component_maxima
        self._make_reader = readers(profile.university.zone, {str(part): most for part, most in maxima.items()})
        self._refusals: list[Refusal] = []
        self._notices: list[Notice] = []

    def rows(self, progress: Progress | None) -> FileRows:
        columns = self._recognised()
        titles = self._titles() if self._kind is Kind.MARKS else {}
        titles = {name: value for name, value in titles.items() if name not in columns}
        present = frozenset(columns) | frozenset(titles)
        labels = {name: column.label for name, column in columns.items()}
        self._require(present)
        rows: list[ValueRow] = []
        total = 0
        if not any(refusal.row in {None, self._table.header_row} for refusal in self._refusals):
            names = list(columns)
            places = {name: place for place, name in enumerate((*names, *titles))}
            constant = tuple(titles.values())
            read = self._row_reader(columns)
            for row in self._body(columns):
                total += 1
                if progress and total % _PROGRESS_ROWS == 0:
                    progress(total, self._table.height)
                values = read(row)
                if values is not None:
                    rows.append(ValueRow(row.number, places, values + constant))
            if not total:
                self._refusals.append(Refusal("no_rows"))
        return FileRows(
            self._kind,
            self._file_name,
            self._digest,
            present,
            labels,
            tuple(rows),
            tuple(self._refusals),
            tuple(self._notices),
        )

    def _recognised(self) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        unknown = []
        for column in self._table.columns:
            if column.name is None:
                unknown.append(column.label)
            elif column.name not in columns:
                columns[column.name] = column
            elif self._columns.fields[column.name].type != "computed":
                labels = {"first": columns[column.name].label, "column": column.name}
                self._refuse("column_twice", self._table.header_row, column.label, arguments=labels)
        if unknown:
            self._notices.append(Notice("unknown_columns", {"columns": ", ".join(unknown)}))
        if self._table.other_sheets:
            sheets = {"sheet": self._table.sheet or "", "others": ", ".join(self._table.other_sheets)}
            self._notices.append(Notice("other_sheets", sheets))
        return columns

    def _require(self, present: frozenset[str]) -> None:
        needed = {field.name for field in self._columns.fields.values() if field.required}
        if self._kind is Kind.MARKS:
            needed |= {"period", "course_code"}
            if "student_id" not in present and not {"full_name", "group"} <= present:
                needed.add("student_id")
        for name in self._columns.fields:
            if name in needed - present:
                self._refuse("column_missing", self._table.header_row, name)

    def _titles(self) -> dict[str, Any]:
        """Read the title lines of a mark sheet: ``label: value`` in one cell, or label and value in two."""
        values: dict[str, Any] = {}
        for row in self._table.titles:
            for label, written in _pairs(row):
                name = self._columns.recognise(label)
                if name not in _IN_TITLES or written is None:
                    continue
                told: dict[str, Cell] = {name: written}
                if name in {"course_kk", "course_ru"} and (split := _course_and_code(str(written))):
                    told = {name: split[0], "course_code": split[1]}
                for each, cell in told.items():
                    try:
                        values[each] = self._make_reader[self._columns.fields[each].type](each)(cell)
                    except Unacceptable as error:
                        self._refuse(error.reason, row.number, label, shown(cell), error.arguments)
        return values

    def _body(self, columns: Mapping[str, Column]) -> Iterator[Row]:
        """Give the rows of the table, up to the signatures and sums below it.

        What stands below must not look like more of the table: that would be data silently left out.
        """
        place = {column.index: number for number, column in enumerate(self._table.columns)}
        required = [
            place[columns[field.name].index]
            for field in self._columns.fields.values()
            if field.name in columns and (field.required or field.name in _NAMING_A_MARK)
        ]
        last = self._table.header_row
        ended = False
        for row in self._table.rows:
            filled = [row.cells[number] is not None for number in required]
            closes = _closes(row, after_gap=row.number > last + 1, filled=sum(filled))
            if not ended and not closes:
                last = row.number
                yield row
            elif not closes and all(filled) and sum(cell is not None for cell in row.cells) > 2:
                self._refuse("row_after_end", row.number)
            ended = ended or closes

    def _row_reader(self, columns: Mapping[str, Column]) -> Callable[[Row], tuple[Any, ...] | None]:
        place = {column.index: number for number, column in enumerate(self._table.columns)}
        text_file = self._table.sheet is None
        plan: list[tuple[int, str, Callable[[Cell], Any], dict[Cell, Any], bool]] = []
        for name, column in columns.items():
            field = self._columns.fields[name]
            plan.append((place[column.index], column.label, self._make_reader[field.type](name), {}, field.required))

        def read(row: Row) -> tuple[Any, ...] | None:
            good = True
            values: list[Any] = []
            if text_file and row.width != self._table.width:
                widths = {"cells": str(row.width), "columns": str(self._table.width)}
                self._refuse("cells_unequal", row.number, arguments=widths)
                return None
            for number, label, reader, seen, required in plan:
                cell = row.cells[number]
                if cell is None:
                    if required:
                        self._refuse("value_missing", row.number, label)
                        good = False
                    values.append(None)
                    continue
                try:
                    if isinstance(cell, ValueMissing | bool):  # equal to texts and numbers that are something else
                        values.append(reader(cell))
                    elif cell in seen:
                        values.append(seen[cell])
                    else:
                        values.append(seen.setdefault(cell, reader(cell)))
                except Unacceptable as error:
                    self._refuse(error.reason, row.number, label, shown(cell), error.arguments)
                    good = False
            return tuple(values) if good else None

        return read

    def _refuse(
        self,
        reason: str,
        row: int | None = None,
        column: str | None = None,
        value: str = "",
        arguments: Mapping[str, str] | None = None,
    ) -> None:
        self._refusals.append(Refusal(reason, row, column, value, arguments or {}))


def _course_and_code(written: str) -> tuple[str, str] | None:
    """Take "Математика 1 (MAT1201)" apart: a code in brackets at the end has a digit."""
    course = without_remark(written)
    code = written[len(course) :].strip(" \t\n\xa0()[]")
    return (course, code) if course and _CODE.fullmatch(code) and any(sign.isdigit() for sign in code) else None


def _pairs(row: Row) -> Iterator[tuple[str, Cell]]:
    cells = [cell for cell in row.cells if cell is not None]
    skip = False
    for number, cell in enumerate(cells):
        if skip:
            skip = False
            continue
        following = cells[number + 1] if number + 1 < len(cells) else None
        if isinstance(cell, str):
            label, colon, written = cell.partition(":")
            if colon and written.strip():
                yield label, written.strip()
            else:
                skip = following is not None
                yield label, following


def _closes(row: Row, *, after_gap: bool, filled: int) -> bool:
    """Tell whether a row stands below the table: a signature, a sum, a remark.

    ``filled`` is how many it has of the cells that say what a row is about.
    """
    cells = [cell for cell in row.cells if cell is not None]
    if len(cells) > 4 or filled > 1:
        return False
    signed = any("__" in str(cell) for cell in cells) or bool(
        _SIGNATURES & set(fold(str(cells[0])).split()[:1] if cells else ())
    )
    return signed or (after_gap and not filled)
