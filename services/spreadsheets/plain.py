"""A look at the bytes of a sheet: is there nothing in it but what the library reads rightly, and little space between?

A look can only err to the safe side. Each test goes over the bytes once: no pattern here looks further than to the next
`<`, or than a fixed number of bytes.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import groupby
from operator import methodcaller

from services.spreadsheets.told import LONGEST_STRINGS, MOST_STRINGS, Refused

_ROWS_APART = 8 * 1024 * 1024  # bytes: no row is longer
_SMALL = 2_000_000  # cells that may always be made room for
_EMPTY_TO_FILLED = 8
_TELLING = (  # a sign that is rare, and what stands beside it
    (b"!", (b"<!",)),  # a comment in a number, CDATA, a document type
    (b"\0", (b"\0",)),  # UTF-16
    (b"'", (b"'e'", b"='")),
    (b":", (b":c>", b":sheetData")),  # a cell with a prefix
    (b'"e"', (b'"e"',)),  # an error
    (b'"d"', (b't="d"',)),  # a date with a zone
)
_PLACES = re.compile(rb'<(?:row|c) r="([A-Z]{0,3}\d{1,7})"')
_WITHOUT_LETTERS = methodcaller("lstrip", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WITHOUT_PLACE = re.compile(rb'<(?:c|row)(?=[\s/>])(?! r="[A-Z]{0,3}\d{1,7}"[ />])')
_REFERENCE_IN_VALUE = re.compile(rb"<v[\s>][^<]*&#")  # a digit, perhaps
_FORMULA_WITHOUT_VALUE = re.compile(rb"</f(?!><v>[^<])|<f(?=[\s/])[^<>]*/>(?!<v>[^<])")


def is_plain(pieces: Iterable[bytes], telling_styles: Collection[int]) -> bool:
    """Tell whether the library reads a sheet rightly; `telling_styles` are those whose cells show another number."""
    if 0 in telling_styles or len(telling_styles) > 50:
        return False
    style = _style(tuple(sorted(telling_styles))) if telling_styles else None
    last = filled = 0
    wide = 1  # letters of a column
    for rows in _of_whole_rows(pieces):
        if (last == 0 and not _is_utf_8(rows)) or not _is_written_plainly(rows, style):
            return False
        places = _PLACES.findall(rows)
        for number, of_row in groupby(places, key=_WITHOUT_LETTERS):
            first, *cells = of_row
            if first != number or int(number) <= last:
                return False  # a cell of another row, or rows in disorder
            last = int(number)
            wide = max(wide, max(map(len, cells), default=0) - len(number))
        tags = rows.count(b"<c") + rows.count(b"<row")
        if len(set(places)) < len(places) or (tags > len(places) and _WITHOUT_PLACE.search(rows)):
            return False  # a cell twice, or a cell or a row that does not say where it stands
        filled += len(places)
    return wide < 3 and last * int(26**wide) <= max(_SMALL, _EMPTY_TO_FILLED * filled)


def _is_written_plainly(rows: bytes, style: re.Pattern[bytes] | None) -> bool:
    return not (
        any(rare in rows and any(each in rows for each in telling) for rare, telling in _TELLING)
        or (b"<f" in rows and _FORMULA_WITHOUT_VALUE.search(rows))
        or (b"&" in rows and _REFERENCE_IN_VALUE.search(rows))
        or (style and style.search(rows))
    )


def strings_are_plain(pieces: Iterable[bytes]) -> bool:
    """Tell whether the library reads the strings that sheets share rightly; raises Refused when they are too many."""
    plain = True
    number = size = 0
    rest = b""
    for piece in pieces:
        if not size and not _is_utf_8(piece):
            plain = False
        size += len(piece)
        number += piece.count(b"<si")
        plain = plain and not any(each in rest + piece for each in (b"<!", b"\0", b":si>"))
        rest = piece[-4:]
        if number > MOST_STRINGS or size > 2 * LONGEST_STRINGS:
            raise Refused("too_much_inside")
    return plain


def mentions(pieces: Iterable[bytes], word: bytes) -> bool:
    """Tell whether a word may stand in a part."""
    found = False
    rest = b""
    for piece in pieces:
        found = found or word in rest + piece or b"\0" in piece
        rest = piece[-len(word) :]
    return found


def _of_whole_rows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join and cut pieces before a row."""
    rest = b""
    for piece in pieces:
        rest += piece
        cut = rest.rfind(b"<row")
        if cut > 0:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > _ROWS_APART:
            raise Refused("too_much_inside")
    yield rest


def _is_utf_8(beginning: bytes) -> bool:
    declared = beginning[: beginning.find(b"?>") + 1].lower()
    return beginning.startswith((b"<", b"\xef\xbb\xbf<")) and (b"encoding" not in declared or b'"utf-8"' in declared)


@cache
def _style(styles: tuple[int, ...]) -> re.Pattern[bytes]:
    return re.compile(rb' s="(?:%b)"' % b"|".join(str(each).encode() for each in styles))
