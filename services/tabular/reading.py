"""A file somebody sent, read in a process of its own with limits: its sheets, and the tables in them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from services.spreadsheets.told import MOST_ROWS, REASONS
from services.tabular.cells import Book, Cell, Recognise, Sheet, Unreadable, ValueMissing
from services.tabular.headings import find_tables

LIMIT_BYTES = 20 * 1024 * 1024
_BLOCK = 1 << 18  # bytes of an answer read at once
_LAST_LINE = 1 << 20  # bytes in which the last line of an answer is looked for
_CELLS = {str, Decimal, bool, date, datetime, time, ValueMissing, type(None)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: bytes of memory, of its parts, of what is told; seconds of work, of waiting."""

    memory: int = 1 << 30
    unpacked: int = 400 << 20
    answer: int = 512 << 20
    processor: int = 45
    waiting: float = 55.0


LIMITS = Limits()


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


class Reading:
    """One file being read, once, when it is first asked for its sheets. A context: what it read is gone after it.

    ``sha256`` (hexadecimal) is there once the file is read at all. ``known_words`` (folded) help to tell two code pages
    apart. The kind of file is told from its content, never from its name.
    """

    def __init__(self, source: bytes | Path, known_words: Collection[str] = (), *, limits: Limits = LIMITS) -> None:
        """Take a file to be read."""
        self.sha256 = ""
        self._source, self._words, self._limits = source, known_words, limits
        self._answer: IO[bytes] | None = None
        self._sheets: tuple[Sheet, ...] | None = None
        self._refused: Unreadable | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._over = self._late = False

    def sheets(self) -> tuple[Sheet, ...]:
        """Return the sheets, whose records can be walked again; waits for the process that reads. Raises Unreadable."""
        if self._refused:
            raise self._refused
        if self._sheets is None:
            try:
                self._sheets = self._read()
            except Unreadable as refused:
                self._refused = refused
                raise
        return self._sheets

    def stop(self) -> None:
        """End the process; whoever waits for it or takes rows gets Unreadable. May be called from any thread."""
        with self._lock:
            self._over = True
            if self._process:
                self._process.kill()
            if self._answer:
                self._answer.close()

    def __enter__(self) -> Self:
        """Begin nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was read."""
        self.stop()

    def block(self, begins: int, ends: int) -> bytes:
        """Return bytes of the answer; raises Unreadable once this is over."""
        with self._lock:
            if self._over or self._answer is None:
                raise Unreadable("damaged")
            return os.pread(self._answer.fileno(), min(_BLOCK, ends - begins), begins)

    def _read(self) -> tuple[Sheet, ...]:
        status = self._ask(self._taken())
        with self._lock:
            if self._over or self._answer is None:
                raise Unreadable("damaged")
            size = os.fstat(self._answer.fileno()).st_size
            tail = os.pread(self._answer.fileno(), _LAST_LINE, max(0, size - _LAST_LINE))
        if status == 0 and tail.endswith(b"\n"):
            return self._told(tail.removesuffix(b"\n").rpartition(b"\n")[2])
        if status == 1 and not size:
            raise RuntimeError("the process that reads files does not start")
        if self._late or status in {-signal.SIGXCPU, -signal.SIGALRM}:
            raise Unreadable("takes_too_long")
        if status in {-signal.SIGABRT, -signal.SIGKILL}:  # no memory was left
            raise Unreadable("too_much_inside")
        raise Unreadable("damaged", why=f"status {status}")

    def _taken(self) -> bytes:
        data = read_source(self._source)
        self.sha256 = sha256(data).hexdigest()
        return data

    def _ask(self, data: bytes) -> int:
        """Let a process read, and return with which status it ended."""
        question = {
            "memory": self._limits.memory,
            "seconds": self._limits.processor,
            "unpacked": self._limits.unpacked,
            "answer": self._limits.answer,
            "words": list(self._words),
        }
        with self._lock:
            if self._over:
                raise Unreadable("damaged")
            self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
            process = self._process = subprocess.Popen(  # noqa: S603 - our own program
                _command(), stdin=subprocess.PIPE, stdout=self._answer, stderr=subprocess.DEVNULL, env={}
            )
        clock = threading.Timer(self._limits.waiting, self._end)
        clock.daemon = True
        clock.start()
        try:
            with suppress(BrokenPipeError), process.stdin or nullcontext():  # it may end before it has read all
                if process.stdin:
                    process.stdin.write(json.dumps(question).encode() + b"\n")
                    process.stdin.write(data)
            del data  # where it came from a file, it is not needed in two processes
            return process.wait()
        finally:
            clock.cancel()
            process.kill()
            process.wait()

    def _end(self) -> None:
        self._late = True
        if self._process:
            self._process.kill()

    def _told(self, last: bytes) -> tuple[Sheet, ...]:
        """Take the last line of the answer for what it is to be: nothing the process says is believed."""
        try:
            told = json.loads(last)
            if (refused := told.get("refused")) in REASONS:
                raise Unreadable(refused, **{str(key): str(value) for key, value in told["arguments"].items()})
            return tuple(self._sheet(*each) for each in told["sheets"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("damaged") from error

    def _sheet(self, name: object, visible: object, height: object, begins: object, ends: object) -> Sheet:
        if not (isinstance(height, int) and isinstance(begins, int) and isinstance(ends, int)):
            raise Unreadable("damaged")
        records = _Records(self, height, begins, ends)
        return Sheet(None if name is None else str(name), visible is True, height, records)


@dataclass(frozen=True, slots=True)
class _Records:
    """The rows of a sheet, taken from the answer as they are walked; raises Unreadable."""

    _reading: Reading
    _height: int
    _begins: int
    _ends: int

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        number = 0
        try:
            for line in self._lines():
                told = _DECODE(line)
                if type(told) is list:
                    cells = [(cell.strip() or None) if type(cell) is str else cell for cell in told]
                    if not _CELLS.issuperset(map(type, cells)):
                        raise Unreadable("damaged")
                    number += 1
                    yield cells
                else:
                    blank = int(told)
                    number += blank
                    if not 0 <= number <= min(self._height, MOST_ROWS):
                        raise Unreadable("damaged")
                    for _ in range(blank):
                        yield ()
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("damaged") from error

    def _lines(self) -> Iterator[str]:
        place, rest = self._begins, b""
        while place < self._ends:
            block = self._reading.block(place, self._ends)
            if not block:
                raise Unreadable("damaged")
            place += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield line.decode()


def read_tables(reading: Reading, recognise: Recognise) -> Book:
    """Find every table with known column labels in a file, one on each sheet; raises Unreadable.

    ``recognise`` gives a label's canonical name or None.
    """
    return find_tables(reading.sheets(), recognise)


def _command() -> list[str]:
    """Return what starts the process: Python alone, with our own package and the reader of workbooks."""
    library = find_spec("python_calamine")
    places = [Path(__file__).parents[2], Path(library.origin).parents[1] if library and library.origin else None]
    begin = "import sys; sys.path += sys.argv[1:]; from services.spreadsheets.main import main; main()"
    return [sys.executable, "-I", "-S", "-c", begin, *(str(place) for place in places if place)]


def _special(told: dict[str, Any]) -> Cell:
    """Return the cell an object stands for."""
    ((kind, written),) = told.items()
    return _SPECIAL[kind](str(written))


def _number(written: str) -> Decimal:
    """Return a number in its shortest exact form."""
    if written.endswith(".0"):
        return Decimal(written[:-2]) + 0  # no sign before 0
    return Decimal(int(float(written))) if "e+" in written else Decimal(written)


_SPECIAL: dict[str, Callable[[str], Cell]] = {
    "missing": ValueMissing,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "text": str,
}
_DECODE = json.JSONDecoder(object_hook=_special, parse_float=_number, parse_int=Decimal, parse_constant=str).decode
