"""Compound files and the XLS workbooks in them, written record by record: what no library here writes."""

import struct
from collections.abc import Sequence
from typing import Any

_SECTOR = 512
_END, _FREE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
PLAIN, PERCENT, ZEROS, DAY = range(4)  # styles of cells
FORMATS = {PERCENT: 9, ZEROS: 164, DAY: 14}


class Formula:
    """A formula with the eight bytes and the flags that say what came of it."""

    def __init__(self, result: float | bytes, flags: int = 0) -> None:
        """Keep both."""
        self.result = result if isinstance(result, bytes) else struct.pack("<d", result)
        self.flags = flags


class Error:
    """A cell that holds an error, by its code."""

    def __init__(self, code: int) -> None:
        """Keep the code."""
        self.code = code


def compound(name: str, content: bytes) -> bytes:
    """Return a compound file of one stream."""
    content = content.ljust(4096, b"\0")
    sectors = -(-len(content) // _SECTOR)
    tables = -(-(sectors + 2) * 4 // _SECTOR) + 1
    chain = [*range(1, sectors), _END, _END, *([_TABLE] * tables)]
    chain += [_FREE] * (tables * _SECTOR // 4 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 62, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, tables, sectors, 0, 4096, _END, 0, _END, 0)
    listed = [sectors + 1 + each for each in range(tables)]
    header += struct.pack("<109I", *listed, *([_FREE] * (109 - tables)))
    entries = _entry("Root Entry", 5, _END, 0, child=1) + _entry(name, 2, 0, len(content)) + bytes(256)
    return header + content.ljust(sectors * _SECTOR, b"\0") + entries + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, begins: int, size: int, child: int = _FREE) -> bytes:
    letters = (name + "\0").encode("utf-16-le")
    head = letters.ljust(64, b"\0") + struct.pack("<HBBIII", len(letters), kind, 1, _FREE, _FREE, child)
    return head + bytes(36) + struct.pack("<IQ", begins, size)


def xls(rows: Sequence[Sequence[Any]], *, hidden: bool = False, version: int = 0x0600) -> bytes:
    """Return an XLS workbook of one sheet; a cell may be (number, style)."""
    styles = [0, *(FORMATS[style] for style in (PERCENT, ZEROS, DAY))]
    begin = struct.pack("<HHHHII", version, 5, 0x0DBB, 1996, 0, 6)
    code = "00000000"
    head = _record(0x0809, begin) + _record(0x0042, struct.pack("<H", 1200))
    head += _record(0x041E, struct.pack("<HHB", 164, len(code), 0) + code.encode())
    head += b"".join(_record(0x00E0, struct.pack("<HH16x", 0, each)) for each in styles)
    name = "Балл".encode("utf-16-le")
    place = len(head) + 4 + 8 + len(name) + 4
    head += _record(0x0085, struct.pack("<IBBBB", place, hidden, 0, 4, 1) + name) + _record(0x000A)
    sheet = _record(0x0809, struct.pack("<HHHHII", version, 16, 0x0DBB, 1996, 0, 6))
    width = max(map(len, rows))
    sheet += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for row, cells in enumerate(rows):
        sheet += b"".join(_cell(row, column, cell) for column, cell in enumerate(cells) if cell is not None)
    return compound("Workbook", head + sheet + _record(0x000A))


def _cell(row: int, column: int, cell: Any) -> bytes:
    value, style = cell if isinstance(cell, tuple) else (cell, PLAIN)
    place = struct.pack("<HHH", row, column, style)
    if isinstance(value, str):
        return _record(0x0204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    if isinstance(value, Error):
        return _record(0x0205, place + struct.pack("<BB", value.code, 1))
    if isinstance(value, Formula):
        return _record(0x0006, place + value.result + struct.pack("<HIH", value.flags, 0, 0))
    return _record(0x0203, place + struct.pack("<d", value))


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
