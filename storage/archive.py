"""The archive of a backup: what it holds and how values are written in it, whatever engine they come from.

A ZIP file of `tables/NAME.jsonl` (one JSON array a row, columns as the manifest names them, ordered by primary key),
`documents/TABLE/ID` (the large binaries of rows, left out of the lines), `files/SHA256` (documents of requests) and,
last, `manifest.json`: what is in it, and the SHA-256 of every other entry. Instants are ISO 8601 in UTC, exact numbers
text, small binaries base64.
"""

import hashlib
import json
import re
import stat
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Self
from zipfile import BadZipFile, ZipFile

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from storage.columns import Exact, Instant
from storage.tables import Json

FORMAT = 1
MANIFEST = "manifest.json"
DOCUMENT = "content"  # the column of whole documents, in tables whose rows have a number
FILES = "files/"
ROWS_AT_ONCE = 2_000
LONGEST_LINE = 64 << 20  # bytes of a row
LARGEST_DOCUMENT = 64 << 20
_LONGEST_MANIFEST = 256 << 20
_MOST_TO_PACKED, _ALWAYS_ALLOWED = 250, 64 << 20  # rows pack well, but not like that
_PIECE = 1 << 20  # bytes read at once
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
DAMAGE = (
    BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)  # what is raised by an archive that is none, or only half, and by values that are not what they are said to be

Progress = Callable[[int, int], None]  # how many rows are done, of how many


class ArchiveError(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One table in the archive: its columns by kind, how many rows, and the last number it gave to a row itself."""

    columns: Mapping[str, str]
    rows: int
    last_id: int | None = None

    def is_one(self) -> bool:
        """Tell whether all of it is what it is to be."""
        return (
            all(_NAME.fullmatch(column) and kind in KINDS for column, kind in self.columns.items())
            and type(self.rows) is int
            and self.rows >= 0
            and (self.last_id is None or type(self.last_id) is int)
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds: `made_at` in UTC, `revision` of the tables, checksums (hexadecimal) by entry.

    `missing` names the files that the tables speak of and that were not there to be put in.
    """

    format: int
    made_at: str
    revision: str
    tables: Mapping[str, Kept]
    sha256: Mapping[str, str]
    missing: Sequence[str] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files in it, by the SHA-256 of their contents."""
        return tuple(name.removeprefix(FILES) for name in self.sha256 if name.startswith(FILES))

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(kept.rows for kept in self.tables.values())

    def written(self) -> bytes:
        """Return the manifest as it stands in the archive."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, archive: ZipFile) -> Self:
        """Read the manifest of an archive; raises ArchiveError for what is none, or of a later format."""
        try:
            if archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
                raise ArchiveError("its list of contents is longer than any backup's")
            told = json.loads(archive.read(MANIFEST))
            if told["format"] != FORMAT:
                raise ArchiveError(f"its format is {told['format']}, this program reads {FORMAT}: use a later Kenes")
            tables = {name: Kept(**kept) for name, kept in told.pop("tables").items()}
            manifest = cls(**told, tables=tables)
            if not manifest._is_one():
                raise ArchiveError("its list of contents is none that Kenes writes")
        except DAMAGE:
            raise ArchiveError("it is no backup of Kenes, or not a whole one") from None
        return manifest

    def _is_one(self) -> bool:
        """Tell whether all of it is what it is to be: it comes from a file, and names tables and entries."""
        datetime.fromisoformat(self.made_at).astimezone(UTC)
        return (
            type(self.revision) is str
            and all(_NAME.fullmatch(name) and kept.is_one() for name, kept in self.tables.items())
            and all(table_entry(name) in self.sha256 for name in self.tables)
            and all(_SHA256.fullmatch(told) and self._knows(name, told) for name, told in self.sha256.items())
            and all(_SHA256.fullmatch(each) for each in self.missing)
        )

    def _knows(self, entry: str, sha256: str) -> bool:
        """Tell whether an entry is a table, a document of a row of one, or a file under its own checksum."""
        match entry.split("/"):
            case ["tables", name]:
                return name.removesuffix(".jsonl") in self.tables and name.endswith(".jsonl")
            case ["documents", table, number]:
                return table in self.tables and number.isascii() and number.isdigit() and len(number) < 19
            case ["files", name]:
                return name == sha256
        return False

    def check(self, archive: ZipFile, size: int) -> None:
        """Read the whole archive of `size` bytes, piece by piece; raises ArchiveError naming what is not as written."""
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if len(entries) != len(names):
            raise ArchiveError("something is in it twice")
        if stranger := next(iter(names - self.sha256.keys() - {MANIFEST}), None):
            raise ArchiveError(f"{stranger[:100]!r} in it is nothing its list of contents knows")
        for entry in entries:
            if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG} or entry.is_dir():
                raise ArchiveError(f"{entry.filename} in it is no file")
            if entry.filename.startswith(("documents/", FILES)) and entry.file_size > LARGEST_DOCUMENT:
                raise ArchiveError(f"{entry.filename} in it is larger than any document")
        if unpacked(archive) > _MOST_TO_PACKED * size + _ALWAYS_ALLOWED:
            raise ArchiveError("it unpacks to more than any backup does")
        for name, expected in self.sha256.items():
            digest = hashlib.sha256()
            try:
                with archive.open(name) as read:
                    while piece := read.read(_PIECE):
                        digest.update(piece)
            except DAMAGE:
                raise ArchiveError(f"{name} in it is missing or damaged") from None
            if digest.hexdigest() != expected:
                raise ArchiveError(f"{name} in it is not what was written")


class Entry:
    """One entry being written, and its checksum; a context."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        self._file: IO[bytes] = archive.open(name, "w", force_zip64=True)
        self._digest = hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Add to it."""
        self._file.write(content)
        self._digest.update(content)

    @property
    def sha256(self) -> str:
        """The checksum of what was written, hexadecimal."""
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()


def unpacked(archive: ZipFile, begins: str = "") -> int:
    """Return how many bytes the entries unpack to whose names begin so, as the archive says."""
    return sum(entry.file_size for entry in archive.infolist() if entry.filename.startswith(begins))


def table_entry(table: str) -> str:
    """Name the entry of a table's rows."""
    return f"tables/{table}.jsonl"


def document_entry(table: str, number: int | str) -> str:
    """Name the entry of a row's document, by its number."""
    return f"documents/{table}/{number}"


def document_of(table: Table) -> Column[Any] | None:
    """Return the column of a table that holds whole documents, if there is one."""
    document = table.columns.get(DOCUMENT)
    return document if document is not None and isinstance(document.type, LargeBinary) else None


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a kind are stored in a database and written in an archive; None is None everywhere."""

    type: TypeEngine[Any]
    written: Callable[[Any], Any] | None = None  # None: as it is
    read: Callable[[Any], Any] | None = None


def _exact(value: Decimal) -> str:
    return format(value, "f")


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


KINDS: Mapping[str, Kind] = {
    "instant": Kind(Instant(), datetime.isoformat, datetime.fromisoformat),
    "exact": Kind(Exact(), _exact, Decimal),
    "date": Kind(Date(), date.isoformat, date.fromisoformat),
    "json": Kind(Json),
    "binary": Kind(LargeBinary(), _base64, b64decode),
    "boolean": Kind(Boolean()),
    "integer": Kind(BigInteger()),
    "text": Kind(Text()),
}


def kind_of(column: Column[Any]) -> str:
    """Return the kind of a column's values; raises TypeError for one that archives do not know yet."""
    if column.type.python_type is str:
        return "text"
    for known, kind in _BY_TYPE.items():
        if isinstance(column.type, known):
            return kind
    raise TypeError(f"{column}: no way to write a {column.type!r} into an archive")


_BY_TYPE: Mapping[type[TypeEngine[Any]], str] = {
    Instant: "instant",
    Exact: "exact",
    Date: "date",
    JSON: "json",
    LargeBinary: "binary",
    Boolean: "boolean",
    Integer: "integer",
}
