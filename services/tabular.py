"""Turns a file somebody sent, CSV or XLSX, into rows of cells that remember where they stood.

Nothing here knows what the rows mean: which labels are known is told by the caller. Row numbers are those a spreadsheet
shows, from 1, blank rows counted. A cell is None (empty), a str without outer spaces, a Decimal, a bool, a date, a
naive datetime or a time, as the file holds it.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice, zip_longest
from pathlib import Path

import python_calamine

LIMIT_BYTES = 20 * 1024 * 1024
UNPACKED_LIMIT_BYTES = 400 * 1024 * 1024
HEADER_ROWS = 20

Cell = str | Decimal | bool | date | datetime | time | None
Recognise = Callable[[str], str | None]


class Unreadable(ValueError):  # noqa: N818 - as a file is
    """A file that cannot be read as a table at all.

    ``reason`` is a stable code: missing, too_large, empty, pdf, old_excel, encrypted, not_a_workbook, too_much_inside,
    damaged, unknown_encoding, ambiguous_encoding, no_header. ``arguments`` are what a text about it may want to name.
    """

    def __init__(self, reason: str, **arguments: str) -> None:
        """Keep the reason and its arguments."""
        super().__init__(reason)
        self.reason = reason
        self.arguments = arguments


class ValueMissing(str):
    """A formula cell without a kept value (the text is ``=``), or an error (the text is what Excel shows: #DIV/0!)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: where it stands, how the file labels it, and the name it was recognised by, if any."""

    index: int
    label: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number and its cells, one for each of the table's columns.

    ``width`` is how many cells the file gave it, not counting empty ones beyond the header's.
    """

    number: int
    cells: tuple[Cell, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what stood above it; ``rows`` can be walked once. Blank rows are left out of both.

    ``sheet`` is None for a text file; ``width`` is how many cells the header has, empty ones counted; ``height`` is how
    many rows or lines there are at most.
    """

    sheet: str | None
    titles: tuple[Row, ...]
    header_row: int
    width: int
    height: int
    columns: tuple[Column, ...]
    rows: Iterator[Row]
    other_sheets: tuple[str, ...]


def read_source(source: bytes | Path, *, limit: int = LIMIT_BYTES) -> bytes:
    """Return the bytes of a file, refusing before reading what is missing, empty or larger than ``limit``."""
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            data = source.read_bytes() if source.is_file() and size <= limit else b""
        except OSError as error:
            raise Unreadable("missing", file=str(source)) from error
    else:
        size, data = len(source), source
    if size > limit:
        raise Unreadable("too_large", limit=str(limit // (1024 * 1024)))
    if not data.strip(b"\0\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Unreadable("empty")
    return data


def read_table(
    data: bytes,
    recognise: Recognise,
    *,
    known_words: frozenset[str] = frozenset(),
    unpacked_limit: int = UNPACKED_LIMIT_BYTES,
) -> Table:
    """Find the first table with known column labels in the bytes of a file.

    ``recognise`` gives a label's canonical name or None; ``known_words`` (folded) help to tell two code pages apart.
    The kind of file is told from its content, never from its name. Raises Unreadable.
    """
    if data.startswith(b"PK\x03\x04"):
        return _read_workbook(data, recognise, unpacked_limit)
    if data.startswith(b"PK"):
        raise Unreadable("damaged")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        inside = "EncryptedPackage".encode("utf-16-le") in data
        raise Unreadable("encrypted" if inside else "old_excel")
    if data.lstrip()[:5] == b"%PDF-":
        raise Unreadable("pdf")
    return _read_text(decode(data, known_words), recognise)


# Labels


_LATIN_LOOKALIKES = str.maketrans("aceikmoptxyh", "асеикмортхух")
_KAZAKH_TO_RUSSIAN = str.maketrans("әғқңөұүһіё", "агкноуухие")
_SEPARATORS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return a label or a value as it is compared: no case or punctuation, one letter for those that look alike.

    Latin letters typed for Cyrillic ones (``P1``) and Russian letters typed for Kazakh ones fall together, because the
    code pages and keyboards of offices mix them.
    """
    folded = unicodedata.normalize("NFC", text.replace("№", " номер ")).casefold()
    return _SEPARATORS.sub(" ", folded.translate(_LATIN_LOOKALIKES).translate(_KAZAKH_TO_RUSSIAN)).strip()


# Text files

_ODD_NEIGHBOURS = re.compile(r"[Ѐ-ӿ][¤¦¬±µ¶†‡‰\x80-\x9f]|[¤¦¬±µ¶†‡‰\x80-\x9f][Ѐ-ӿ]|[ЂЃѓЉЊЏђљњџ]")
_WORD = re.compile(r"[Ѐ-ӿ]{2,}")
_CASE_JUMP = re.compile(r"[а-яёәғқңөұүһі][А-ЯЁӘҒҚҢӨҰҮҺІ]")
_KAZAKH_ONLY = frozenset(byte for letter in "ӘәҚқҢңҺһ" for byte in letter.encode("kz1048"))
_KAZAKH_OR_UKRAINIAN = frozenset(byte for letter in "ҒғӨөҰұҮү" for byte in letter.encode("kz1048"))


def decode(data: bytes, known_words: frozenset[str] = frozenset()) -> str:
    """Return the text of a CSV file: UTF-8 or UTF-16 with or without mark, Windows-1251 or KZ-1048.

    The two 8-bit pages differ in the places of the Kazakh letters only. Ә, Қ, Ң, Һ stand where Windows-1251 has letters
    no name or heading here uses, so one of them decides for KZ-1048. Ғ, Ө, Ұ, Ү stand where it has Ukrainian and
    Belarusian ones: there the words the caller knows decide, and where they cannot, the file is refused, since a name
    read wrongly would go unnoticed. Raises Unreadable: unknown_encoding, ambiguous_encoding.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _decode_strictly(data, encoding)
    if b"\0" in data:
        odd, even = data[1::2].count(0), data[::2].count(0)
        return _decode_strictly(data, "utf-16-le" if odd > even else "utf-16-be")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_code_page(data, known_words)


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("unknown_encoding") from error


def _decode_code_page(data: bytes, known_words: frozenset[str]) -> str:
    present = set(data)
    if present & _KAZAKH_ONLY:
        return _plausible(data, "kz1048")
    if not present & _KAZAKH_OR_UKRAINIAN:
        return _plausible(data, "cp1251")
    telling = {
        encoding: sum(
            1
            for cell in set(re.split(r"[;,\t\r\n\"]+", data.decode(encoding, "replace")))
            if not cell.isascii()
            and _KAZAKH_OR_UKRAINIAN & set(cell.encode(encoding, "replace"))
            and fold(cell) in known_words
        )
        for encoding in ("kz1048", "cp1251")
    }
    if telling["kz1048"] == telling["cp1251"]:
        raise Unreadable("ambiguous_encoding")
    return _plausible(data, max(telling, key=lambda encoding: telling[encoding]))


def _plausible(data: bytes, encoding: str) -> str:
    """Decode, refusing what only looks like text: other Cyrillic pages break the case or put signs into words."""
    text = _decode_strictly(data, encoding)
    words = len(_WORD.findall(text))
    if _ODD_NEIGHBOURS.search(text) or len(_CASE_JUMP.findall(text)) > words // 20:
        raise Unreadable("unknown_encoding")
    return text


def _read_text(text: str, recognise: Recognise) -> Table:
    if "\0" in text:
        raise Unreadable("not_a_workbook")
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"sep=(.)\s*", first):
        return _table_of_text("\n" + rest, told[1], recognise)
    head = "\n".join(text.splitlines()[: HEADER_ROWS * 3])
    best = max(";,\t", key=lambda delimiter: _best_score(_records(head, delimiter), recognise))
    return _table_of_text(text, best, recognise)


def _best_score(records: Iterable[Sequence[Cell]], recognise: Recognise) -> int:
    return max((_known(row, recognise) for row in islice(records, HEADER_ROWS)), default=0)


def _records(text: str, delimiter: str) -> Iterator[Sequence[Cell]]:
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [cell.strip() or None for cell in record]
    except csv.Error as error:
        raise Unreadable("damaged") from error


def _table_of_text(text: str, delimiter: str, recognise: Recognise) -> Table:
    table = _find(_records(text, delimiter), recognise, sheet=None, height=text.count("\n") + 1)
    if table is None:
        raise Unreadable("no_header")
    return table


# Workbooks


def _read_workbook(data: bytes, recognise: Recognise, unpacked_limit: int) -> Table:
    missing = _values_missing(data, unpacked_limit)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible is python_calamine.SheetVisibleEnum.Visible
            and sheet.typ is python_calamine.SheetTypeEnum.WorkSheet
        ]
        found: Table | None = None
        others = []
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            table = _find(_sheet_rows(sheet, missing.get(name, {})), recognise, sheet=name, height=sheet.total_height)
            if table is None:
                continue
            if found is None:
                found = table
            else:
                others.append(name)
    except python_calamine.PasswordError as error:
        raise Unreadable("encrypted") from error
    except (python_calamine.CalamineError, OSError) as error:
        raise Unreadable("damaged") from error
    if found is None:
        raise Unreadable("no_header")
    return replace(found, other_sheets=tuple(others))


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


# The header


def _find(records: Iterable[Sequence[Cell]], recognise: Recognise, *, sheet: str | None, height: int) -> Table | None:
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
    return joined if _known(joined, recognise) > _known(lower, recognise) else None


def _known(labels: Iterable[Cell], recognise: Recognise) -> int:
    return sum(1 for label in labels if _name(label, recognise))


def _name(label: Cell, recognise: Recognise) -> str | None:
    if not isinstance(label, str):
        return None
    return recognise(label) or recognise(re.sub(r"\s*[(\[][^)\]]*[)\]]\s*$", "", label))


def _row(number: int, cells: Sequence[Cell], indexes: Iterable[int], header_width: int) -> Row:
    width = len(cells)
    picked = tuple(cells[index] if index < width else None for index in indexes)
    while width > header_width and cells[width - 1] is None:
        width -= 1
    return Row(number, picked, width)
