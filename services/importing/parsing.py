"""Rows of cells become rows of values: each column read as its type asks, every cell that cannot be is named."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from policy.marks import Outcome
from policy.profile import Profile
from services.importing.cells import Semester, course_and_code, person_name, readers, says_surname_first
from services.importing.columns import IDENTITY, Columns, Kind, columns_of
from services.importing.given import GIVABLE, NOTHING, Given
from services.importing.identity import LENGTHS_WITHOUT_ZEROS, may_have_lost_zeros
from services.importing.plan import Progress
from services.importing.problems import Notice, Refusal, Unacceptable, shown
from services.importing.spelling import compared
from services.tabular import Cell, Column, Reading, Row, Table, Unreadable, ValueMissing, fold, read_tables

_SIGNATURES = {
    fold(word)
    for word in (
        "тіркеуші", "регистратор", "декан", "қолы", "подпись", "оқытушы", "преподаватель", "эдвайзер", "емтихан",
        "экзаменатор", "кафедра", "барлығы", "итого", "всего", "жалпы", "орташа", "средний", "средняя", "басшысы",
        "руководитель", "директор", "төраға", "председатель", "ескерту", "примечание",
    )
}  # fmt: skip
_PAGES = {fold(word) for word in ("бет", "стр", "страница", "лист", "парақ", "page")}
_NAMING_A_MARK = {"student_id", "full_name", "period", "course_code"}
_SAID_OF_A_MARK = ("rating1", "rating2", "exam", "outcome", "course_work", "missed_percent", "fees_cleared")
_NAMES = ("surname", "given_name", "patronymic")
_IN_TITLES = {
    *("period", "academic_year", "course_code", "course_kk", "course_ru", "credits", "exam_form", "group"),
    *("exam_date", "posted_at", "attempt"),
}
_TELLS_SHEETS_APART = ("period", "academic_year", "course_code", "group")
_RESULT_STEMS = [
    fold(word)
    for word in (
        "экзам", "емтихан", "exam", "итог", "қорытынды", "букв", "әріп", "всего балл", "барлық балл", "жалпы балл",
    )
]  # fmt: skip
_NO_RESULT_STEMS = [
    fold(word)
    for word in (
        "допуск", "рұқсат", "жібер", "дата", "күн", "время", "уақыт", "форма", "вид", "түр", "нысан", "аудитор",
        "экзаменатор", "место", "орын", "прописью", "подпись", "қолы",
    )
]  # fmt: skip
_PROGRESS_ROWS = 1000
_KEPT_BETWEEN = 40  # lines between two pages of a table, which may be titles
_SHEET = 10_000_000  # more than a sheet has rows


@dataclass(frozen=True, slots=True)
class Layout:
    """What rows have in common: where each value stands, and what the file calls its column.

    A value that is said above the table, or by whoever sent the file, has a place and no label.
    """

    places: Mapping[str, int]
    labels: Mapping[str, str]


@dataclass(slots=True)
class ValueRow:
    """One row: its number and its values by canonical name; None for an empty cell and for an absent column.

    The number tells it from every other row of the file; `FileRows.place` says where it stands.
    """

    number: int
    layout: Layout
    _values: tuple[Any, ...]

    def __getitem__(self, name: str) -> Any:
        """Return the value in a column."""
        place = self.layout.places.get(name)
        return None if place is None else self._values[place]

    def __contains__(self, name: str) -> bool:
        """Tell whether the row's table has a column, empty here or not."""
        return name in self.layout.places

    def put(self, name: str, value: Any) -> None:
        """Take another value for a column there is."""
        place = self.layout.places[name]
        self._values = (*self._values[:place], value, *self._values[place + 1 :])


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file of one kind, read: good rows, and everything that is wrong with the others or with the whole.

    ``present`` are the columns any table of the file has, ``sheets`` the names of the sheets that were read, ``lacks``
    what neither the file nor whoever sent it says, and could (`Given`).
    """

    kind: Kind
    file_name: str
    sha256: str
    present: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    sheets: tuple[str, ...] = ()
    rows: tuple[ValueRow, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notices: tuple[Notice, ...] = ()

    def place(self, row: ValueRow) -> tuple[str | None, int]:
        """Return where a row stands: its sheet, where several were read, and its number in it."""
        sheet, number = divmod(row.number, _SHEET)
        return (self.sheets[sheet] if len(self.sheets) > 1 else None), number


def read_file(
    reading: Reading,
    *,
    kind: Kind,
    file_name: str,
    profile: Profile,
    day: date,
    given: Given = NOTHING,
    progress: Progress | None = None,
) -> FileRows:
    """Read a file of this kind by the rules of a day; whatever is wrong with it is in the answer, nothing is raised.

    Every sheet that says what its rows are about is read, the others are named. ``given`` says what the file does not.
    ``progress`` is told now and then how many rows are read, and of about how many. Not for an event loop: 100,000 rows
    take seconds.
    """
    try:
        columns = columns_of(kind, profile.columns)
        book = read_tables(reading, columns.recognise)
        tables = [_Reading(kind, table, columns, profile, day=day, given=given) for table in book.tables]
        taken = [each for each in tables if not each.nameless] or tables[:1]
        rows = tuple(row for number, each in enumerate(taken) for row in each.rows(number * _SHEET, progress))
        left = [f"{each.sheet} ({', '.join(each.nameless)})" for each in tables if each not in taken]
        notices = _about_sheets([each.sheet for each in taken], [*left, *book.headless], book.hidden)
        for each in taken:
            notices += (notice for notice in each.notices if notice not in notices)
        return FileRows(
            kind=kind,
            file_name=file_name,
            sha256=reading.sha256,
            present=frozenset(name for each in taken for name in each.present),
            lacks=frozenset(name for each in taken if each.says_something for name in each.lacks if name in GIVABLE),
            sheets=tuple(each.sheet or "" for each in taken),
            rows=rows,
            refusals=tuple(
                replace(refusal, sheet=each.sheet) if len(taken) > 1 else refusal
                for each in taken
                for refusal in each.refusals
            ),
            notices=tuple(notices),
        )
    except Unreadable as error:
        return FileRows(kind, file_name, reading.sha256, refusals=(Refusal(error.reason, arguments=error.arguments),))


def _about_sheets(taken: Sequence[str | None], left: Sequence[str], hidden: Sequence[str]) -> list[Notice]:
    notices = []
    if len(taken) > 1:
        notices.append(Notice("several_sheets", {"sheets": ", ".join(name or "" for name in taken)}))
    if left:
        notices.append(Notice("sheets_left_out", {"sheets": ", ".join(left)}))
    if hidden:
        notices.append(Notice("hidden_sheets", {"sheets": ", ".join(hidden)}))
    return notices


@dataclass(frozen=True, slots=True)
class _Page:
    """What is the same for the rows of one page: their layout, and the values that are not in the table."""

    layout: Layout
    constant: tuple[Any, ...]
    said: Mapping[str, Any]
    given: Collection[str]


class _Reading:
    """One table while it is being read."""

    def __init__(
        self, kind: Kind, table: Table, columns: Columns, profile: Profile, *, day: date, given: Given
    ) -> None:
        self.sheet = table.sheet
        self.refusals: list[Refusal] = []
        self.notices: list[Notice] = []
        self._kind, self._columns, self._table, self._given = kind, columns, table, given
        maxima = profile.on(day).gpa.component_maxima
        self._make_reader = readers(profile.university.zone, {str(part): most for part, most in maxima.items()})
        self._told = [(name, told) for name in GIVABLE if (told := given[name]) is not None]
        self._found = self._recognised()
        self._takes_names_apart = kind is not Kind.MARKS and "full_name" in self._found
        self._page = self._titled({}, table.titles)
        if used := [given[name] or "" for name in GIVABLE if name in self._page.given]:
            self.notices.append(Notice("as_given", {"what": ", ".join(used)}))
        self.present = frozenset(self._page.layout.places)
        self.lacks = self._lacking()

    @property
    def nameless(self) -> list[str]:
        """What is missing to say whom or what the rows are about, and cannot be given."""
        return [name for name in self.lacks if name not in GIVABLE]

    @property
    def says_something(self) -> bool:
        """Whether there is anything to keep besides who is named."""
        return self._kind is not Kind.MARKS or not self.present.isdisjoint(_SAID_OF_A_MARK)

    def rows(self, before: int, progress: Progress | None) -> Sequence[ValueRow]:
        """Return the rows that are good; ``before`` is what their numbers begin at."""
        for name in self.lacks:
            self._refuse("column_missing", self._table.header_row, name)
        if any(refusal.row in {None, self._table.header_row} for refusal in self.refusals):
            return ()
        rows: list[ValueRow] = []
        total = 0
        read = self._row_reader()
        results = self._places_of_results()
        lost = False
        for row in self._body():
            total += 1
            if progress and total % _PROGRESS_ROWS == 0:
                progress(total, self._table.height)
            values = read(row)
            if values is None:
                continue
            made = ValueRow(before + row.number, self._page.layout, values + self._page.constant)
            lost = lost or (results is not None and _tells_result(made, row, results))
            if self._completed(made, row.number):
                rows.append(made)
        if not total:
            self._refuse("no_rows")
        if lost:
            seen = ", ".join(column.label for column in self._table.columns)
            self._refuse("no_exam_column", self._table.header_row, arguments={"columns": seen})
            return ()
        return self._without_identities(rows, before)

    def _without_identities(self, rows: list[ValueRow], before: int) -> Sequence[ValueRow]:
        """Refuse the rows whose ids are identity numbers without their zeros: where most ids of a column seem so."""
        for name, column in self._found.items():
            if self._columns.fields[name].type == "id":
                ids = [row for row in rows if len(row[name] or "") in LENGTHS_WITHOUT_ZEROS]
                seeming = [row for row in ids if may_have_lost_zeros(row[name])]
                if 2 * len(seeming) > len(ids):
                    for row in seeming:
                        self._refuse("identity_number", row.number - before, column.label, shown(row[name]))
                    numbers = {row.number for row in seeming}
                    rows = [row for row in rows if row.number not in numbers]
        return rows

    # What the columns are, and what stands above them

    def _recognised(self) -> dict[str, Column]:
        """Return the columns that are read; the others are named, and so are two that mean the same."""
        columns: dict[str, Column] = {}
        weaker, unknown, identity = [], [], []
        for column in sorted(self._table.columns, key=lambda column: self._columns.is_weaker(column.label)):
            if column.name is None:
                unknown.append(column.label)
            elif column.name == IDENTITY:
                identity.append(column.label)
            elif column.name not in columns:
                columns[column.name] = column
            elif self._columns.is_weaker(column.label) and not self._columns.is_weaker(columns[column.name].label):
                weaker.append(column)
            elif not self._columns.fields[column.name].computed:
                labels = {"first": columns[column.name].label, "column": column.name}
                self._refuse("column_twice", self._table.header_row, column.label, arguments=labels)
        if weaker:  # then they mean something else in this file, all of them
            also = [name for name, column in columns.items() if self._columns.is_weaker(column.label)]
            weaker += [columns.pop(name) for name in also]
        if "full_name" in columns and not columns.keys().isdisjoint(_NAMES):
            unknown.append(columns.pop("full_name").label)
        for reason, labels_of in (
            ("unknown_columns", unknown),
            ("weaker_columns", [column.label for column in sorted(weaker, key=lambda column: column.index)]),
            ("identity_columns", identity),
        ):
            if labels_of:
                self.notices.append(Notice(reason, {"columns": ", ".join(labels_of)}))
        return columns

    def _lacking(self) -> list[str]:
        needed = {field.name for field in self._columns.fields.values() if field.required}
        if self._kind is Kind.MARKS:
            needed |= {"period", "course_code"}
            if "student_id" not in self.present and not {"full_name", "group"} <= self.present:
                needed.add("student_id")
        return [name for name in self._columns.fields if name in needed - self.present]

    def _titled(self, before: Mapping[str, Any], titles: Iterable[Row]) -> _Page:
        """Return the page below these titles; what they leave out is as before, unless they begin another sheet."""
        said = self._titles(titles) if self._kind is Kind.MARKS else {}
        if not any(name in said and said[name] != before.get(name) for name in _TELLS_SHEETS_APART):
            said = {**before, **said}
        constant = {name: value for name, value in said.items() if name not in self._found}
        if isinstance(constant.get("period"), Semester) and not {"academic_year"} & {*constant, *self._found}:
            del constant["period"]  # the year is to be given
        given = [
            name
            for name in GIVABLE
            if self._given[name] is not None and name in self._columns.fields and name not in {*self._found, *constant}
        ]
        constant.update((name, self._given[name]) for name in given)
        if self._takes_names_apart:
            constant.update(dict.fromkeys(_NAMES))  # filled row by row
        labels = {name: column.label for name, column in self._found.items()}
        places = {name: place for place, name in enumerate((*self._found, *constant))}
        return _Page(Layout(places, labels), tuple(constant.values()), said, given)

    def _titles(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Read the title lines of a mark sheet: ``label: value`` in one cell, or label and value in two."""
        values: dict[str, Any] = {}
        for row in rows:
            for label, written in _pairs(row):
                name = self._columns.recognise(label)
                if name not in _IN_TITLES or written is None:
                    continue
                told: dict[str, Cell] = {name: written}
                if name in {"course_kk", "course_ru"} and isinstance(written, str):
                    course, code = course_and_code(written)
                    told = {name: course, **({"course_code": code} if code else {})}
                for each, cell in told.items():
                    try:
                        values[each] = self._make_reader[self._columns.fields[each].type](each)(cell)
                    except Unacceptable as error:
                        self._refuse(error.reason, row.number, label, shown(cell), error.arguments)
        return values

    # The rows

    def _body(self) -> Iterator[Row]:
        """Give the rows of the table, up to the signatures and sums below it, and those of its further pages.

        What stands below must not look like more of the table: that would be data silently left out.
        """
        place = {column.index: number for number, column in enumerate(self._table.columns)}
        found = {name: place[column.index] for name, column in self._found.items()}
        naming = [
            found[field.name]
            for field in self._columns.fields.values()
            if field.name in found and (field.required or field.name in _NAMING_A_MARK)
        ]
        results = [found[name] for name in ("exam", "outcome") if name in found]
        telling = {number for name, number in found.items() if not self._columns.fields[name].computed}
        counting = found.get("number")
        last = self._table.header_row
        ended = False
        between: list[Row] = []
        for row in self._table.rows:
            if row.heading:
                self._page = self._titled(self._page.said, between)
                last, ended, between = row.number, False, []
                continue
            if counting is not None and _only_counts(row, counting):
                continue
            filled = [row.cells[number] is not None for number in naming]
            closes = _closes(row, telling, after_gap=row.number > last + 1, filled=sum(filled))
            if not ended and not closes:
                last = row.number
                yield row
                continue
            ended = True
            between = [*between[1 - _KEPT_BETWEEN :], row]
            if not closes and _filled(row) > 2:
                marked = any(row.cells[number] is not None for number in results)
                if all(filled) or (marked and any(filled)):
                    self._refuse("row_after_end", row.number)

    def _row_reader(self) -> Callable[[Row], tuple[Any, ...] | None]:
        place = {column.index: number for number, column in enumerate(self._table.columns)}
        text_file = self._table.sheet is None
        plan: list[tuple[int, str, Callable[[Cell], Any], dict[Cell, Any], bool]] = []
        for name, column in self._found.items():
            field = self._columns.fields[name]
            reader = self._make_reader[field.type](name)
            if field.type == "person_name":
                reader = partial(person_name, surname_first=says_surname_first(column.label))
            plan.append((place[column.index], column.label, reader, {}, field.required))

        def read(row: Row) -> tuple[Any, ...] | None:
            good = True
            values: list[Any] = []
            if text_file and row.width != self._table.width:
                reason = "cells_unequal" if row.width < self._table.width else "cells_too_many"
                widths = {"cells": str(row.width), "columns": str(self._table.width)}
                self._refuse(reason, row.number, arguments=widths)
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

    def _completed(self, row: ValueRow, number: int) -> bool:
        """Put together what a row says in parts, and what was given; False where it is refused."""
        try:
            period = row["period"]
            if isinstance(period, Semester) or (period and "academic_year" in row):
                row.put("period", _whole_period(period, row["academic_year"]))
            for name, given in self._told:
                if name in row:
                    row.put(name, _as_given(name, row[name], given))
            if self._takes_names_apart:
                for name, part in zip(_NAMES, row["full_name"] or (), strict=False):
                    row.put(name, part)
        except _Wrong as error:
            label = row.layout.labels.get(error.column, error.column)
            self._refuse(error.reason, number, label, error.value, error.arguments)
            return False
        return True

    def _places_of_results(self) -> list[int] | None:
        """Return where a result may stand that is not read; None where exam marks or outcomes are read."""
        if self._kind is not Kind.MARKS or not self.present.isdisjoint(("exam", "outcome")):
            return None
        return [
            number
            for number, column in enumerate(self._table.columns)
            if column.name == "exam_words" or (column.name is None and _sounds_like_result(column.label))
        ]

    def _refuse(
        self,
        reason: str,
        row: int | None = None,
        column: str | None = None,
        value: str = "",
        arguments: Mapping[str, str] | None = None,
    ) -> None:
        self.refusals.append(Refusal(reason, row, column, value, arguments or {}))


class _Wrong(Exception):  # noqa: N818 - as a row is
    """A row whose parts do not go together."""

    def __init__(self, column: str, reason: str, value: Cell, **arguments: str) -> None:
        self.column, self.reason, self.value, self.arguments = column, reason, shown(value), arguments


def _whole_period(period: str | Semester, academic_year: str | None) -> str:
    if isinstance(period, Semester):
        if academic_year is None:
            raise _Wrong("period", "not_a_period", period.written)
        if not period.of_the_year:
            raise _Wrong("period", "semester_unclear", period.written, year=academic_year)
        return f"{academic_year}/{period.number}"
    if academic_year and not period.startswith(academic_year):
        raise _Wrong("period", "periods_disagree", period, year=academic_year)
    return period


def _as_given(name: str, told: str | None, given: str) -> str:
    if told is not None and compared(told) != compared(given):
        raise _Wrong(name, "not_as_given", told, given=given)
    return given if told is None else told


def _sounds_like_result(label: str) -> bool:
    folded = fold(label)
    return any(stem in folded for stem in _RESULT_STEMS) and not any(stem in folded for stem in _NO_RESULT_STEMS)


def _tells_result(row: ValueRow, cells: Row, places: Iterable[int]) -> bool:
    """Tell whether a row says how its exam ended, in a column that is not read."""
    final, letter = row["final"], row["letter"]
    return bool(
        (isinstance(final, Decimal) and final)
        or (letter is not None and not isinstance(letter, Outcome))
        or any(cells.cells[place] is not None for place in places)
    )


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


def _only_counts(row: Row, place: int) -> bool:
    """Tell whether a row is an empty line of a printed form, which has nothing but its number."""
    cell = row.cells[place]
    if cell is None or _filled(row) > 1:
        return False
    return isinstance(cell, Decimal) or str(cell).rstrip(".)").isdecimal()


def _filled(row: Row) -> int:
    return len(row.cells) - row.cells.count(None)


def _closes(row: Row, telling: Container[int], *, after_gap: bool, filled: int) -> bool:
    """Tell whether a row stands below the table: a signature, a sum, a remark, the number of a page.

    ``telling`` are the places of what is read, ``filled`` is how many the row has of the cells that say what it is
    about.
    """
    if _filled(row) > 4 or filled > 1:
        return False
    cells = [(place, cell) for place, cell in enumerate(row.cells) if cell is not None]
    place, first = cells[0] if cells else (0, None)
    words = fold(str(first)).split()
    signed = any("__" in str(cell) for _, cell in cells) or not _SIGNATURES.isdisjoint(words[:1])
    remark = (
        len(cells) == 1
        and isinstance(first, str)
        and (
            ":" in first
            or (place not in telling and any(sign.isalpha() for sign in first))
            or (not _PAGES.isdisjoint(words) and any(sign.isdigit() for sign in first))
        )
    )
    return signed or remark or (after_gap and not filled)
