"""Text files: which code page one is in, what separates its cells, and the records in it."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from services.tabular.cells import Book, Cell, Recognise, Sheet, Unreadable
from services.tabular.folding import fold
from services.tabular.headings import HEADER_ROWS, find_tables, known_labels

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


def read_text(text: str, recognise: Recognise) -> Book:
    if "\0" in text:
        raise Unreadable("not_a_workbook")
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"sep=(.)\s*", first):
        return _table_of_text("\n" + rest, told[1], recognise)
    head = "\n".join(text.splitlines()[: HEADER_ROWS * 3])
    best = max(";,\t", key=lambda delimiter: _best_score(_records(head, delimiter), recognise))
    return _table_of_text(text, best, recognise)


def _best_score(records: Iterable[Sequence[Cell]], recognise: Recognise) -> int:
    return max((known_labels(row, recognise) for row in islice(records, HEADER_ROWS)), default=0)


def _records(text: str, delimiter: str) -> Iterator[Sequence[Cell]]:
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [cell.strip() or None for cell in record]
    except csv.Error as error:
        raise Unreadable("damaged") from error


def _table_of_text(text: str, delimiter: str, recognise: Recognise) -> Book:
    return find_tables([Sheet(None, True, text.count("\n") + 1, _records(text, delimiter))], recognise)
