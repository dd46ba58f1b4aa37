"""The bytes of a file somebody sent, and the tables in them."""

from pathlib import Path

from services.tabular.cells import Book, Recognise, Unreadable
from services.tabular.text import decode, read_text
from services.tabular.workbooks import read_workbook

LIMIT_BYTES = 20 * 1024 * 1024
UNPACKED_LIMIT_BYTES = 400 * 1024 * 1024


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


def read_tables(
    data: bytes,
    recognise: Recognise,
    *,
    known_words: frozenset[str] = frozenset(),
    unpacked_limit: int = UNPACKED_LIMIT_BYTES,
) -> Book:
    """Find every table with known column labels in the bytes of a file, one on each sheet.

    ``recognise`` gives a label's canonical name or None; ``known_words`` (folded) help to tell two code pages apart.
    The kind of file is told from its content, never from its name. Raises Unreadable.
    """
    if data.startswith(b"PK\x03\x04"):
        return read_workbook(data, recognise, unpacked_limit)
    if data.startswith(b"PK"):
        raise Unreadable("damaged")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        inside = "EncryptedPackage".encode("utf-16-le") in data
        raise Unreadable("encrypted" if inside else "old_excel")
    if data.lstrip()[:5] == b"%PDF-":
        raise Unreadable("pdf")
    return read_text(decode(data, known_words), recognise)
