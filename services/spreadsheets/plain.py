"""A look at the bytes of a sheet: is there nothing in it but what the library reads rightly, and little space between?

A look can only err to the safe side. Each test goes over the bytes once: no pattern here looks further than to the next
`<`, or than a fixed number of bytes.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache

from services.spreadsheets.told import LONGEST_STRINGS, MOST_STRINGS, Refused

_ROWS_APART = 8 * 1024 * 1024  # bytes: no row is longer
_SMALL = 2_000_000  # cells that may always be made room for
_EMPTY_TO_FILLED = 8
_WIDTHS = (("[A-Z]", 26), ("[A-C]?[A-Z]", 104), ("[A-Z]?[A-Z]", 702))
_TELLING = (
    b"<!",  # a comment in a number, CDATA, a document type
    b"\0",  # UTF-16
    b'"e"',  # an error
    b"'e'",
    b't="d"',  # a date with a zone
    b"='",
    b":c>",  # a cell with a prefix
    b":sheetData",
)
_ROW = re.compile(rb'<row(?=[\s/>])(?: r="(\d{1,7})")?')
_REFERENCE_IN_VALUE = re.compile(rb"<v[\s>][^<]*&#")  # a digit, perhaps
_FORMULA_WITHOUT_VALUE = re.compile(rb"</f(?!><v>[^<])|<f(?=[\s/])[^<>]*/>(?!<v>[^<])")


def is_plain(pieces: Iterable[bytes], telling_styles: Collection[int]) -> bool:
    """Tell whether the library reads a sheet rightly; `telling_styles` are those whose cells show another number."""
    if 0 in telling_styles or len(telling_styles) > 50:
        return False
    style = _style(tuple(sorted(telling_styles))) if telling_styles else None
    last = cells = width = 0
    plain = True
    for number, rows in enumerate(_of_whole_rows(pieces)):
        if not plain:
            continue  # to its end: the checksum is known there
        if number == 0 and not _is_utf_8(rows):
            plain = False
        numbers = [int(each or 0) for each in _ROW.findall(rows)]
        if any(each <= before for before, each in zip((last, *numbers), numbers, strict=False)):
            plain = False
        last = numbers[-1] if numbers else last
        while plain and width < len(_WIDTHS) and _cell_elsewhere(width, len(str(last))).search(rows):
            width += 1
        if (
            width == len(_WIDTHS)
            or any(each in rows for each in _TELLING)
            or (b"<f" in rows and _FORMULA_WITHOUT_VALUE.search(rows))
            or (b"&#" in rows and _REFERENCE_IN_VALUE.search(rows))
            or (style and style.search(rows))
        ):
            plain = False
        cells += rows.count(b"<c ")
    return plain and (last * _WIDTHS[width][1] <= max(_SMALL, _EMPTY_TO_FILLED * cells))


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
def _cell_elsewhere(width: int, digits: int) -> re.Pattern[bytes]:
    """Find a cell whose reference is missing, or not in so many columns and digits of a row."""
    return re.compile(rb'<c(?=[\s/>])(?! r="%b\d{1,%d}"[ />])' % (_WIDTHS[width][0].encode(), digits))


@cache
def _style(styles: tuple[int, ...]) -> re.Pattern[bytes]:
    return re.compile(rb' s="(?:%b)"' % b"|".join(str(each).encode() for each in styles))
