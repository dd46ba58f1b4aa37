"""Text files: which code page one is in, what separates its cells, and the records in it."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from services.spreadsheets.folding import fold, without_remark
from services.spreadsheets.told import MOST_COLUMNS, Read, Refused, RowRead, SheetBegins

_HEAD_LINES = 60  # of which the first 20 records may hold the labels
_HEAD_RECORDS = 20
_HEAD_LETTERS = 200_000
_ODD_NEIGHBOURS = re.compile(r"[Ѐ-ӿ][¤¦¬±µ¶†‡‰\x80-\x9f]|[¤¦¬±µ¶†‡‰\x80-\x9f][Ѐ-ӿ]|[ЂЃѓЉЊЏђљњџ]")
_WORD = re.compile(r"[Ѐ-ӿ]{2,}")
_CASE_JUMP = re.compile(r"[а-яёәғқңөұүһі][А-ЯЁӘҒҚҢӨҰҮҺІ]")
_KAZAKH_ONLY = frozenset(byte for letter in "ӘәҚқҢңҺһ" for byte in letter.encode("kz1048"))
_KAZAKH_OR_UKRAINIAN = frozenset(byte for letter in "ҒғӨөҰұҮү" for byte in letter.encode("kz1048"))


def decode(data: bytes, known_words: frozenset[str] = frozenset()) -> str:
    """Return the text of a file: UTF-8 or UTF-16 with or without mark, Windows-1251 or KZ-1048.

    The two 8-bit pages differ in the places of the Kazakh letters only. Ә, Қ, Ң, Һ stand where Windows-1251 has letters
    no name or heading here uses, so one of them decides for KZ-1048. Ғ, Ө, Ұ, Ү stand where it has Ukrainian and
    Belarusian ones: there the words the caller knows decide, and where they cannot, the file is refused, since a name
    read wrongly would go unnoticed. Raises Refused: unknown_encoding, ambiguous_encoding.
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
    except UnicodeDecodeError:
        raise Refused("unknown_encoding") from None


def _decode_code_page(data: bytes, known_words: frozenset[str]) -> str:
    present = set(data)
    if present & _KAZAKH_ONLY:
        return _plausible(data, "kz1048")
    if not present & _KAZAKH_OR_UKRAINIAN:
        return _plausible(data, "cp1251")
    telling = {
        encoding: sum(
            1
            for cell in set(re.split(r"[;,\t\r\n\"<>]+", data.decode(encoding, "replace")))
            if not cell.isascii()
            and _KAZAKH_OR_UKRAINIAN & set(cell.encode(encoding, "replace"))
            and fold(cell) in known_words
        )
        for encoding in ("kz1048", "cp1251")
    }
    if telling["kz1048"] == telling["cp1251"]:
        raise Refused("ambiguous_encoding")
    return _plausible(data, max(telling, key=lambda encoding: telling[encoding]))


def _plausible(data: bytes, encoding: str) -> str:
    """Decode, refusing what only looks like text: other Cyrillic pages break the case or put signs into words."""
    text = _decode_strictly(data, encoding)
    words = len(_WORD.findall(text))
    if _ODD_NEIGHBOURS.search(text) or len(_CASE_JUMP.findall(text)) > words // 20:
        raise Refused("unknown_encoding")
    return text


def read_csv(text: str, known_words: frozenset[str]) -> Read:
    """Read records; what separates their cells is what gives most known words in one of the first.

    Raises Refused: not_a_workbook, quotes_unpaired, too_much_inside.
    """
    if "\0" in text:
        raise Refused("not_a_workbook")
    first, newline, _ = text[:100].partition("\n")
    yield SheetBegins(None)
    if len(first.rstrip("\r ")) == 5 and first.startswith("sep="):
        rest = io.StringIO(text, newline="")
        rest.seek(len(first + newline))
        yield from _records(rest, first[4], before=1)
        return
    head = "".join(islice(io.StringIO(text), _HEAD_LINES))[:_HEAD_LETTERS]
    known = {delimiter: _most_known(head, delimiter, known_words) for delimiter in ";,\t"}
    yield from _records(io.StringIO(text, newline=""), max(known, key=lambda delimiter: known[delimiter]))


def _most_known(head: str, delimiter: str, known_words: frozenset[str]) -> int:
    records: Iterable[Sequence[str]] = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    most = 0
    try:
        for cells in islice(records, _HEAD_RECORDS):
            known = sum(fold(cell) in known_words or fold(without_remark(cell)) in known_words for cell in cells)
            most = max(most, known)
    except csv.Error:
        pass  # the head ends within quotation marks
    return most


def _records(text: io.StringIO, delimiter: str, *, before: int = 0) -> Read:
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    number = before
    try:
        for number, cells in enumerate(reader, start=before + 1):
            if len(cells) > MOST_COLUMNS:
                raise Refused("too_much_inside")
            if cells and not all(cell.isspace() or not cell for cell in cells):
                yield RowRead(number, cells)
    except csv.Error as error:
        if "limit" in str(error):
            raise Refused("too_much_inside") from None  # in one cell
        raise Refused("quotes_unpaired", row=str(number + 1)) from None
