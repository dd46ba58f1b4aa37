"""The process that reads one file: asked on standard input, answers on standard output, within the limits it is given.

The question is a line of JSON (`memory`, `seconds` of processor time, `answer` and `unpacked` in bytes, `words`) and
the bytes of the file. The answer is lines of JSON: a list is a row, a number so many blank rows, and the last, an
object, says where the rows of each sheet stand, or why there is none. Cells that JSON has no value for are objects.
"""

import json
import os
import resource
import signal
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from services.spreadsheets.reading import read
from services.spreadsheets.told import (
    LONGEST_ROW,
    MOST_CELLS,
    MOST_ROWS,
    MOST_SHEETS,
    Missing,
    Read,
    Refused,
    SheetBegins,
)

LONGEST_NAME = 200


def main() -> None:
    """Read one file, and end."""
    question = json.loads(sys.stdin.buffer.readline())
    limit(memory=question["memory"], seconds=question["seconds"], written=question["answer"] + LONGEST_ROW)
    answer(
        sys.stdin.buffer.read(),
        sys.stdout.buffer,
        known_words=frozenset(question["words"]),
        unpacked=question["unpacked"],
        written=question["answer"],
    )
    sys.stdout.buffer.flush()
    os._exit(0)  # what is left in memory is not worth taking apart


def limit(*, memory: int, seconds: int, written: int) -> None:
    """Take the limits; nothing can raise them again."""
    for each, most, later in (
        (resource.RLIMIT_AS, memory, 0),
        (resource.RLIMIT_CPU, seconds, 1),  # the first ends it and says why
        (resource.RLIMIT_FSIZE, written, 0),
        (resource.RLIMIT_NOFILE, 64, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, hard = resource.getrlimit(each)
        allowed = most + later if hard == resource.RLIM_INFINITY else min(most + later, hard)
        resource.setrlimit(each, (min(most, allowed), allowed))
    signal.alarm(4 * seconds)  # nobody may be there any more to end it


def answer(data: bytes, output: BinaryIO, *, known_words: frozenset[str], unpacked: int, written: int) -> None:
    """Read a file and write what is in it, at most so many bytes, or why it cannot be read."""
    told = _Told(output, written)
    try:
        told.rows(read(data, known_words, unpacked))
        last: dict[str, Any] = {"sheets": told.sheets}
    except Refused as refused:
        last = {"refused": refused.reason, "arguments": refused.arguments}
    except MemoryError:
        last = {"refused": "too_much_inside", "arguments": {}}
    except BaseException as error:  # the library's own panic is no Exception
        last = {"refused": "damaged", "arguments": {"why": _where(error)}}
    output.write(json.dumps(last).encode() + b"\n")


class _Told:
    """The rows of the sheets, on their way out."""

    def __init__(self, output: BinaryIO, most: int) -> None:
        self._most = most
        self.sheets: list[tuple[str | None, bool, int, int, int]] = []  # name, visible, rows, from and to which byte
        self._write = output.write
        self._written = 0
        self._cells = 0

    def rows(self, found: Read) -> None:
        """Write all of it."""
        encode = json.JSONEncoder(
            ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_as_object
        ).encode
        sheet: SheetBegins | None = None
        last = began = 0
        for each in found:
            if isinstance(each, SheetBegins):
                self._end(sheet, last, began)
                sheet, last, began = each, 0, self._written
                continue
            number, cells = each
            self._cells += len(cells)
            if number > MOST_ROWS or self._cells > MOST_CELLS:
                raise Refused("too_much_inside")
            if number > last + 1:
                self._line(f"{number - last - 1}")
            self._line(encode(cells))
            last = number
        self._end(sheet, last, began)

    def _end(self, sheet: SheetBegins | None, last: int, began: int) -> None:
        if sheet is None:
            return
        if len(self.sheets) == MOST_SHEETS:
            raise Refused("too_much_inside")
        name = None if sheet.name is None else sheet.name[:LONGEST_NAME]
        self.sheets.append((name, sheet.visible, last, began, self._written))

    def _line(self, line: str) -> None:
        content = line.encode() + b"\n"
        self._written += len(content)
        if len(content) > LONGEST_ROW or self._written > self._most:
            raise Refused("too_much_inside")
        self._write(content)


def _as_object(cell: object) -> dict[str, str]:
    if isinstance(cell, Missing):
        return {"missing": cell.shown}
    if isinstance(cell, datetime):
        return {"datetime": cell.replace(tzinfo=None).isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    if isinstance(cell, time):
        return {"time": cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"text": str(cell)}
    raise TypeError(type(cell).__name__)


def _where(error: BaseException) -> str:
    """Say what went wrong and where, without a word of the file."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + place
