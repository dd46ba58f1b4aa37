"""Workbooks: their sheets' rows, and which cells hold a formula without a value, or an error."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import python_calamine

from services.tabular.cells import Book, Cell, Recognise, Sheet, Unreadable, ValueMissing
from services.tabular.headings import find_tables


def read_workbook(data: bytes, recognise: Recognise, unpacked_limit: int) -> Book:
    missing = _values_missing(data, unpacked_limit)
    try:
        return find_tables(_sheets(data, missing), recognise)
    except python_calamine.PasswordError as error:
        raise Unreadable("encrypted") from error
    except (python_calamine.CalamineError, OSError) as error:
        raise Unreadable("damaged") from error


def _sheets(data: bytes, missing: dict[str, dict[tuple[int, int], str]]) -> Iterator[Sheet]:
    workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    for about in workbook.sheets_metadata:
        if about.typ is python_calamine.SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_name(about.name)
            visible = about.visible is python_calamine.SheetVisibleEnum.Visible
            records = _sheet_rows(sheet, missing.get(about.name, {}))
            yield Sheet(about.name, visible, sheet.total_height, records)


def _sheet_rows(sheet: python_calamine.CalamineSheet, missing: dict[tuple[int, int], str]) -> Iterator[Sequence[Cell]]:
    """Give the rows of a sheet from its first cell A1 on; a cell merged downwards holds its value in every row."""
    left = sheet.start[1] if sheet.start else 0
    anchors = {
        (row, first[1]): first
        for first, last in sheet.merged_cell_ranges or ()
        if first[1] == last[1]
        for row in range(first[0] + 1, last[0] + 1)
    }
    held: dict[tuple[int, int], Cell] = {}
    needed = set(anchors.values())
    for row, values in enumerate(sheet.iter_rows()):
        cells: list[Cell] = [None] * left
        cells += [_cell(value) for value in values]
        if missing or anchors:
            for column, value in enumerate(cells):
                place = (row, column)
                if value is None and place in missing:
                    cells[column] = ValueMissing(missing[place])
                elif value is None and place in anchors:
                    cells[column] = held.get(anchors[place])
                if place in needed:
                    held[place] = cells[column]
        yield cells


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return value
    if isinstance(value, float | int):
        return Decimal(repr(value)).normalize() if value % 1 else Decimal(int(value))
    if isinstance(value, datetime | date | time):
        return value
    return str(value)


_NO_VALUE = re.compile(
    rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
    rb"|<c\b([^>]*\bt=\"e\"[^>]*)>(?:<f\b(?:[^>]*/>|[^>]*>[^<]*</f>))?\s*<v>([^<]*)</v>"
)
_PLACE = re.compile(rb"\br=\"([A-Z]{1,3})(\d{1,7})\"")
_CHUNK = 1024 * 1024
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)  # what zipfile raises on archives that are none, or only half


def _values_missing(data: bytes, unpacked_limit: int) -> dict[str, dict[tuple[int, int], str]]:
    """Unpack a workbook once, within a limit, and say by sheet which cells hold a formula without a value, or an error.

    The reader gives both as empty cells, and an empty mark means something else. Reading every part to its end also
    proves its size and checksum: what the archive says of itself may be a lie. Raises Unreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_what_is_no_workbook(archive, unpacked_limit)
            found = {info.filename: _scan(archive, info) for info in archive.infolist()}
            return {sheet: found[part] for sheet, part in _sheet_parts(archive) if found.get(part)}
    except Unreadable:
        raise
    except _DAMAGE as error:
        raise Unreadable("damaged") from error


def _refuse_what_is_no_workbook(archive: zipfile.ZipFile, unpacked_limit: int) -> None:
    names = set(archive.namelist())
    if "EncryptedPackage" in names or any(info.flag_bits & 1 for info in archive.infolist()):
        raise Unreadable("encrypted")
    if "xl/workbook.xml" not in names:
        raise Unreadable("not_a_workbook")
    if sum(info.file_size for info in archive.infolist()) > unpacked_limit:
        raise Unreadable("too_much_inside")


def _scan(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> dict[tuple[int, int], str]:
    places: dict[tuple[int, int], str] = {}
    sheet = info.filename.startswith("xl/worksheets/")
    with archive.open(info) as part:
        rest = b""
        while chunk := part.read(_CHUNK):
            if not sheet:
                continue
            text = rest + chunk
            for match in _NO_VALUE.finditer(text):
                if place := _PLACE.search(match[1] or match[2]):
                    places[int(place[2]) - 1, _column_index(place[1])] = (match[3] or b"=").decode("utf-8", "replace")
            rest = text[max(text.rfind(b"</c>"), len(text) - _CHUNK, 0) :]
    return places


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index - 1


def _sheet_parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Give each sheet's name and the part of the archive it is in."""
    attributes = re.compile(r"([\w:]+)=\"([^\"]*)\"")
    relations = {}
    for tag in re.findall(r"<Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels").decode("utf-8")):
        relation = dict(attributes.findall(tag))
        target = relation.get("Target", "")
        relations[relation.get("Id", "")] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    for tag in re.findall(r"<sheet\b[^>]*>", archive.read("xl/workbook.xml").decode("utf-8")):
        sheet = dict(attributes.findall(tag))
        identity = next((value for name, value in sheet.items() if name.endswith(":id")), "")
        yield _unescape(sheet.get("name", "")), relations.get(identity, "")


def _unescape(text: str) -> str:
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    return text
