"""The records of an XLS workbook, as far as the library loses what they say: errors, formulas without a value, formats.

The library reads the cells; here is told which of them show something else than it gives. (MS-XLS, MS-CFB.)
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from services.spreadsheets.formats import Shows, code_of, what_shows
from services.spreadsheets.told import Missing, Refused

_BEGINS, _ENDS = 0x0809, 0x000A
_FREE = 0xFFFFFFFA  # from here on no sector
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


Places = dict[int, dict[int, Any]]  # row -> column -> what there is, both from 0


class Told(NamedTuple):
    """A sheet: its name, whether it is visible, its place, what cells show instead of what the library gives.

    TEXT stands where it gives the text of a formula, which is to be one.
    """

    name: str
    visible: bool
    place: int
    shows: Places


TEXT = object()


def tell(data: bytes) -> list[Told]:
    """Read the records of a workbook; raises Refused for what is none, is older than Excel 97, or has a password."""
    streams = _Streams(data)
    if "EncryptedPackage" in streams.names:
        raise Refused("encrypted")
    if "Workbook" not in streams.names:
        raise Refused("old_excel" if "Book" in streams.names else "not_a_workbook")
    book = streams.read("Workbook")
    formats: dict[int, str] = {}
    used: list[int] = []
    sheets: list[tuple[int, int, int, str]] = []  # where it begins, how hidden it is, of which kind, its name
    since_1904 = False
    for kind, content in _records(book, 0):
        if kind == _BEGINS and struct.unpack_from("<H", content)[0] != 0x0600:
            raise Refused("old_excel")
        if kind == 0x002F:
            raise Refused("encrypted")
        if kind == 0x0022:
            since_1904 = content[:1] == b"\1"
        elif kind == 0x041E:
            formats[struct.unpack_from("<H", content)[0]] = _string(content, 2, "<H")
        elif kind == 0x00E0:
            used.append(struct.unpack_from("<H", content, 2)[0])
        elif kind == 0x0085:
            sheets.append((*struct.unpack_from("<IBB", content), _string(content, 6, "<B")))
    shown = [what_shows(code_of(number, formats), since_1904=since_1904) for number in used]
    shows = [None if is_date else show for show, is_date in shown]  # the library knows dates
    return [
        Told(name, not hidden & 3, place, _Cells(shows).read(book, begins))
        for place, (begins, hidden, of, name) in enumerate(sheets)
        if of == 0
    ]


class _Cells:
    """What the cells of a sheet show that is not what the library gives, as their records are read."""

    def __init__(self, shows: list[Shows | None]) -> None:
        self.told: Places = defaultdict(dict)
        self._shows = shows
        self._heard: Mapping[int, Callable[[bytes], None]] = {
            0x0203: self._number,
            0x027E: self._packed,
            0x00BD: self._several_packed,
            0x0205: self._error,
            0x0006: self._formula,
        }

    def read(self, book: bytes, begins: int) -> Places:
        """Read the records of a sheet."""
        depth = 0
        for kind, content in _records(book, begins):
            if kind == _BEGINS:
                depth += 1  # a chart among the cells has records of its own
            elif kind == _ENDS:
                depth -= 1
            elif depth == 1 and kind in self._heard:
                self._heard[kind](content)
        return self.told

    def _show(self, row: int, column: int, style: int, value: float) -> None:
        show = self._shows[style] if style < len(self._shows) else None
        if show:
            self.told[row][column] = show(value)

    def _number(self, content: bytes) -> None:
        self._show(*struct.unpack_from("<HHHd", content))

    def _packed(self, content: bytes) -> None:
        row, column, style, packed = struct.unpack_from("<HHHI", content)
        self._show(row, column, style, _unpacked(packed))

    def _several_packed(self, content: bytes) -> None:
        row, first = struct.unpack_from("<HH", content)
        for place in range((len(content) - 6) // 6):
            style, packed = struct.unpack_from("<HI", content, 4 + 6 * place)
            self._show(row, first + place, style, _unpacked(packed))

    def _error(self, content: bytes) -> None:
        row, column, _, code, error = struct.unpack_from("<HHHBB", content)
        if error:
            self.told[row][column] = Missing(_ERRORS.get(code, "#N/A"))

    def _formula(self, content: bytes) -> None:
        row, column, style, result, flags = struct.unpack_from("<HHH8sH", content)
        if result[6:] == b"\xff\xff":
            if result[0] == 2:
                self.told[row][column] = Missing(_ERRORS.get(result[2], "#N/A"))
            elif result[0] == 3:
                self.told[row][column] = Missing("=")
            elif result[0] == 0:
                self.told[row][column] = TEXT
        elif flags & 2:  # to be computed when it is opened: the value is none
            self.told[row][column] = Missing("=")
        else:
            self._show(row, column, style, struct.unpack("<d", result)[0])


def _unpacked(packed: int) -> float:
    """Return the number of an RK value."""
    if packed & 2:
        whole = packed >> 2
        value = float(whole - (1 << 30) if whole >> 29 else whole)
    else:
        value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return value / 100 if packed & 1 else value


def _records(book: bytes, begins: int) -> Iterator[tuple[int, bytes]]:
    """Give the records of one part of a workbook, to its end."""
    depth = 0
    while begins + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, begins)
        begins += 4
        yield kind, book[begins : begins + length]
        begins += length
        if kind == _BEGINS:
            depth += 1
        elif kind == _ENDS:
            depth -= 1
            if depth <= 0:
                return
    raise Refused("damaged")


def _string(content: bytes, begins: int, length: str) -> str:
    (letters,) = struct.unpack_from(length, content, begins)
    begins += struct.calcsize(length)
    wide = content[begins] & 1
    written = content[begins + 1 : begins + 1 + letters * (2 if wide else 1)]
    return written.decode("utf-16-le" if wide else "latin-1")


class _Streams:
    """The streams of a compound file, by name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sector = 1 << struct.unpack_from("<H", data, 30)[0]
        self._small_sector = 1 << struct.unpack_from("<H", data, 32)[0]
        if self._sector not in {512, 4096} or self._small_sector != 64:
            raise Refused("damaged")
        tables, directory, self._cutoff, small, _, more, _ = struct.unpack_from("<II4xIIIII", data, 44)
        listed = list(struct.unpack_from("<109I", data, 76))
        seen = 0
        while more < _FREE and seen * self._sector < len(data):
            *part, more = struct.unpack(f"<{self._sector // 4}I", self._at(more))
            listed += part
            seen += 1
        self._next = [
            each
            for place in listed[:tables]
            if place < _FREE
            for each in struct.unpack(f"<{self._sector // 4}I", self._at(place))
        ]
        entries = self._chain(directory)
        self.names: dict[str, tuple[int, int]] = {}
        root = (0, 0)
        for place in range(0, len(entries) - 127, 128):
            named, of = struct.unpack_from("<HB", entries, place + 64)
            begins, size = struct.unpack_from("<II", entries, place + 116)
            name = entries[place : place + max(named - 2, 0)].decode("utf-16-le", "replace")
            if of == 5:
                root = begins, size
            elif of == 2:
                self.names[name] = begins, size
        chained = self._chain(small)
        self._next_small = struct.unpack(f"<{len(chained) // 4}I", chained)
        self._small = self._chain(root[0])[: root[1]]

    def read(self, name: str) -> bytes:
        """Return the content of a stream."""
        begins, size = self.names[name]
        if size >= self._cutoff:
            content = self._chain(begins)[:size]
        else:
            parts: list[bytes] = []
            while begins < _FREE and len(parts) <= len(self._next_small):
                parts.append(self._small[begins * 64 : begins * 64 + 64])
                begins = self._next_small[begins]
            content = b"".join(parts)[:size]
        if len(content) < size:
            raise Refused("damaged")
        return content

    def _at(self, place: int) -> bytes:
        begins = (place + 1) * self._sector
        sector = self._data[begins : begins + self._sector]
        return sector.ljust(self._sector, b"\0")

    def _chain(self, place: int) -> bytes:
        parts: list[bytes] = []
        while place < _FREE:
            if len(parts) > len(self._next) or place >= len(self._next):
                raise Refused("damaged")
            parts.append(self._at(place))
            place = self._next[place]
        return b"".join(parts)
