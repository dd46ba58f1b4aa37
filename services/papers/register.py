"""The register of requests as a workbook: one row each, dates and numbers as such, people's text always as text."""

import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from policy.people import Language
from policy.requests import Kind, RequestState, desk_of
from services.papers.decided import PrintedDecision
from services.papers.wording import Words

_A3 = 8
_FORMULA_BEGINS_WITH = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """A request; ``course`` is in the reader's language, ``period`` reads ``2025-2026/1``, ``decision`` is the latest.

    ``mark`` is the exam mark it is about, before any decision.
    """

    number: int
    kind: Kind
    state: RequestState
    student_id: str
    student: str
    group: str
    course: str
    period: str
    filed_at: datetime
    in_time_until: datetime
    due_at: datetime
    on_paper: bool = False
    exam_day: date | None = None
    mark: Decimal | int | None = None
    decision: PrintedDecision | None = None
    entered_at: datetime | None = None
    entered_by: str | None = None


Value = str | int | Decimal | date | datetime | None


async def register_of_requests(rows: Sequence[RegisterRow], *, title: str, language: Language, zone: ZoneInfo) -> bytes:
    """Write the register as XLSX, with a header that stays in sight and filters; instants are local to ``zone``.

    ``title`` stands on printed pages. The whole workbook is held in memory, some 7 KB a row.
    """
    return await asyncio.to_thread(_written, rows, title, Words(language, zone))


def _written(rows: Sequence[RegisterRow], title: str, words: Words) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title})
        sheet = book.add_worksheet(words("register_sheet", "name"))
        cells = _Cells(book, sheet, words.zone)
        header = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#EFEFEF"})
        for place, (name, width, value_of) in enumerate(_COLUMNS):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, words("register", name), header)
            for line, row in enumerate(rows, start=1):
                cells.write(line, place, value_of(row, words))
        last = len(_COLUMNS) - 1
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows), last)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{xlsxwriter.utility.xl_rowcol_to_cell(len(rows), last)}"})
        sheet.set_landscape()
        sheet.set_paper(_A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        zone = words("register_sheet", "zone", zone=words.zone.key)
        sheet.set_header(f"&L{title.replace('&', '&&')}&R{zone}")
        sheet.set_footer("&R&P / &N")
    return content.getvalue()


class _Cells:
    """Writes each value as what it is."""

    def __init__(self, book: Any, sheet: Any, zone: ZoneInfo) -> None:
        plain = {"valign": "top"}
        self._sheet = sheet
        self._zone = zone
        self._number = book.add_format(plain)
        self._text = book.add_format({**plain, "text_wrap": True})
        # A text that looks like a formula stays a text when somebody edits its cell.
        self._quoted = book.add_format({**plain, "text_wrap": True, "quote_prefix": True})
        self._day = book.add_format({**plain, "align": "left", "num_format": "dd.mm.yyyy"})
        self._instant = book.add_format({**plain, "align": "left", "num_format": "dd.mm.yyyy hh:mm:ss"})

    def write(self, line: int, place: int, value: Value) -> None:
        match value:
            case str():
                looks_like_formula = value.startswith(_FORMULA_BEGINS_WITH)
                self._sheet.write_string(line, place, value, self._quoted if looks_like_formula else self._text)
            case int() | Decimal():
                self._sheet.write_number(line, place, value, self._number)
            case datetime():
                local = value.astimezone(self._zone).replace(tzinfo=None)
                self._sheet.write_datetime(line, place, local, self._instant)
            case date():
                self._sheet.write_datetime(line, place, value, self._day)


def _decided(name: str) -> Callable[[RegisterRow, Words], Value]:
    """Return what reads one field of the decision, where there is one."""

    def value_of(row: RegisterRow, _: Words) -> Value:
        value: Value = getattr(row.decision, name) if row.decision else None
        return value

    return value_of


def _state(row: RegisterRow, words: Words) -> str:
    """Return how a request stands: a desk may have words of its own for it."""
    return words("states", desk_of(row.kind).names(row.state))


_COLUMNS: Sequence[tuple[str, int, Callable[[RegisterRow, Words], Value]]] = (
    ("number", 11, lambda row, _: row.number),
    ("kind", 26, lambda row, words: words("kinds", row.kind)),
    ("filed", 19, lambda row, _: row.filed_at),
    ("until", 19, lambda row, _: row.in_time_until),
    ("timely", 14, lambda row, words: words("timely", "late" if row.filed_at >= row.in_time_until else "in_time")),
    ("way", 15, lambda row, words: words("ways", "on_paper" if row.on_paper else "in_chat")),
    ("student_id", 14, lambda row, _: row.student_id),
    ("student", 34, lambda row, _: row.student),
    ("group", 12, lambda row, _: row.group),
    ("course", 32, lambda row, _: row.course),
    ("period", 24, lambda row, words: words.period(row.period)),
    ("exam_date", 12, lambda row, _: row.exam_day),
    ("state", 20, _state),
    ("due", 19, lambda row, _: row.due_at),
    ("mark_before", 17, lambda row, _: row.mark),
    ("points", 12, _decided("points")),
    ("mark_after", 17, _decided("mark_after")),
    ("final", 12, _decided("final")),
    ("letter", 12, _decided("letter")),
    ("decided", 19, _decided("signed_at")),
    ("prepared_by", 30, _decided("prepared_by")),
    ("signed_by", 30, _decided("signed_by")),
    ("reason", 60, _decided("reason")),
    ("entered", 19, lambda row, _: row.entered_at),
    ("entered_by", 30, lambda row, _: row.entered_by),
)
