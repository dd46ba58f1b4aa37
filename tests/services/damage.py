"""Damage to files, each kind by name, from a seed: what happens to them on their way, what somebody may make of them.

A kind of `WRITTEN` changes nothing that is said. One of `HURT` does, to an archive of parts, where it can be noticed.
One of `TEXTS` may turn a digit of a text, and nobody can know.
"""

import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping

from tests.services.workbooks import packed, parts

Damage = Callable[[bytes, random.Random], bytes]
FAR = ("XFD1048576", "Z1048576", "A1048576", "XFD1", "ZZ700000")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def is_archive(data: bytes) -> bool:
    """Tell whether a file is an archive of parts."""
    return data.startswith(b"PK")


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Turn some bits."""
    content = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def overwritten(data: bytes, chance: random.Random) -> bytes:
    """Put a stretch of other bytes over it."""
    begins = chance.randrange(len(data))
    other = chance.choice([bytes(200), b"\xff" * 200, chance.randbytes(200), data[:200]])
    return data[:begins] + other + data[begins + len(other) :]


def cut(data: bytes, chance: random.Random) -> bytes:
    """Leave out its end."""
    return data[: chance.randrange(1, len(data))]


def gap(data: bytes, chance: random.Random) -> bytes:
    """Leave out something in the middle."""
    begins = chance.randrange(len(data))
    return data[:begins] + data[begins + chance.randint(1, 300) :]


def twice(data: bytes, chance: random.Random) -> bytes:
    """Have a stretch of it twice."""
    begins = chance.randrange(len(data))
    ends = min(len(data), begins + chance.randint(1, 3000))
    return data[:ends] + data[begins:]


def glued(data: bytes, chance: random.Random) -> bytes:
    """Have something before or behind it."""
    more = chance.choice([chance.randbytes(100), bytes(5000), b"PK\x05\x06" + bytes(18), data[-500:]])
    return more + data if chance.random() < 0.4 else data + more


def lying(data: bytes, chance: random.Random) -> bytes:
    """Have an archive say another size, place or checksum of a part than it has."""
    content = bytearray(data)
    begins = [place for sign in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for place in _all(data, sign)]
    for _ in range(chance.randint(1, 3)):
        place = chance.choice(begins) + chance.choice([8, 10, 14, 16, 18, 20, 22, 24, 42])
        if place + 4 <= len(content):
            struct.pack_into("<I", content, place, chance.choice([*EXTREMES, chance.getrandbits(32)]))
    return bytes(content)


def _all(data: bytes, sign: bytes) -> list[int]:
    found, place = [], data.find(sign)
    while place >= 0:
        found.append(place)
        place = data.find(sign, place + 1)
    return found


def on_parts(change: Callable[[dict[str, bytes], str, random.Random], None], *names: str) -> Damage:
    """Return damage to a part of an archive, checksums being right again then; `names` are parts of part names."""

    def hurt(data: bytes, chance: random.Random) -> bytes:
        given = parts(data)
        fitting = [name for name in given if not names or any(each in name for each in names)]
        change(given, chance.choice(fitting or [*given]), chance)
        return packed(given)

    return hurt


def _removed(given: dict[str, bytes], name: str, _: random.Random) -> None:
    del given[name]


def _emptied(given: dict[str, bytes], name: str, _: random.Random) -> None:
    given[name] = b""


def _halved(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    given[name] = given[name][: chance.randrange(len(given[name]) or 1)]


def _swapped(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    other = chance.choice([*given])
    given[name], given[other] = given[other], given[name]


def _untagged(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Take a tag out of the XML."""
    tags = _all(given[name], b"<")
    if tags:
        begins = chance.choice(tags)
        given[name] = given[name][:begins] + given[name][given[name].find(b">", begins) + 1 :]


def _moved(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Have a cell say that it stands in another row, or nowhere; in its own row it would be a good cell."""
    cells = _all(given[name], b' r="')
    if cells:
        begins = chance.choice(cells) + 4
        ends = given[name].find(b'"', begins)
        other = chance.choice([*FAR, "A0", "a1", "", "1A", "AAAA1", "A99999999", "A1048577", "A1", "B2", "-1", "A1 "])
        if other.strip(LETTERS) == given[name][begins:ends].decode().strip(LETTERS):
            other = "A0"
        given[name] = given[name][:begins] + other.encode() + given[name][ends:]


def _inflated(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Blow up a number that says how much there is of something."""
    attribute = chance.choice(
        [b'count="', b'uniqueCount="', b'ref="', b'numFmtId="', b'spans="', b' s="', b'sheetId="']
    )
    attribute = chance.choice([attribute, b'columns-repeated="', b'rows-repeated="'])
    begins = given[name].find(attribute)
    if begins >= 0:
        begins += len(attribute)
        ends = given[name].find(b'"', begins)
        other = chance.choice(
            [b"4294967295", b"-1", b"99999999999999999999", b"A1:XFD1048576", b"1048576", b"NaN", b""]
        )
        given[name] = given[name][:begins] + other + given[name][ends:]


def _entities(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Put a document type with entities before the XML."""
    place = max(given[name].find(b"?>") + 2, 0) if given[name].startswith(b"<?") else 0
    nested = b"".join(b'<!ENTITY e%d "%b">' % (each, b"&e%d;" % (each - 1) * 10) for each in range(1, 10))
    doctype = b'<!DOCTYPE x [<!ENTITY e0 "ha">' + nested + b"]>"
    given[name] = given[name][:place] + doctype + given[name][place:]


def _bombed(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Put very much of little into a part."""
    piece = chance.choice(
        [b" ", b"<!-- -->", b"<a>", b"<row/>", b'<c r="A3" t="e" ', b"<si/>", b"<xf/>", b"&#", b"<f "]
    )
    place = max(given[name].rfind(b"<"), 0)
    given[name] = given[name][:place] + piece * (chance.randint(1, 10) * 2_000_000 // len(piece)) + given[name][place:]


def _more(given: dict[str, bytes], _: str, chance: random.Random) -> None:
    """Add parts nobody asked for."""
    for number in range(chance.choice([1, 100, 3000])):
        given[f"xl/extra/{number}.bin"] = bytes(chance.choice([0, 10]))


SHEETS = ("worksheets/", "content.xml")

HURT: Mapping[str, Damage] = {
    "bits": flipped,
    "bytes": overwritten,
    "cut": cut,
    "gap": gap,
    "twice": twice,
    "glued": glued,
    "lying sizes": lying,
    "part removed": on_parts(_removed),
    "part emptied": on_parts(_emptied),
    "part halved": on_parts(_halved),
    "parts swapped": on_parts(_swapped),
    "tag removed": on_parts(_untagged, "workbook", ".rels", "styles", "sharedStrings", "manifest"),
    "cell moved": on_parts(_moved, *SHEETS),
    "numbers inflated": on_parts(_inflated),
    "entities": on_parts(_entities, ".xml", ".rels"),
    "bomb": on_parts(_bombed, ".xml"),
    "more parts": on_parts(_more),
}

# The same file, written otherwise


def _prefixed(given: dict[str, bytes], name: str, _: random.Random) -> None:
    xml = given[name].decode()
    if "<worksheet" in xml and "xmlns=" in xml:
        head, tag, body = xml.partition("<worksheet")
        body = (tag + body).replace("</", "\0").replace("<", "<p:").replace("\0", "</p:")
        given[name] = (head + body.replace("xmlns=", "xmlns:p=", 1)).encode()


def _quoted(given: dict[str, bytes], name: str, _: random.Random) -> None:
    if b"'" not in given[name]:
        given[name] = given[name].replace(b'"', b"'")


def _spaced(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    given[name] = given[name].replace(b'<c r="', chance.choice([b'<c  r="', b'<c\n\tr="', b'<c r = "']))


def _stray(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    far = chance.choice(FAR[:2])
    row = far.lstrip(LETTERS)
    cell = chance.choice([f'<c r="{far}"/>', f'<c r="{far}" s="0"><v>1</v></c>'])
    given[name] = given[name].replace(b"</sheetData>", f'<row r="{row}">{cell}</row></sheetData>'.encode())


def _merged(given: dict[str, bytes], name: str, chance: random.Random) -> None:
    ranges = b"".join(b'<mergeCell ref="%b"/>' % each for each in (b"A1:XFD1048576", b"XFD1:XFD1048576") * 50)
    if b"<mergeCells" not in given[name]:
        given[name] = given[name].replace(b"</sheetData>", b"</sheetData><mergeCells>" + ranges + b"</mergeCells>")


def _unreferenced(given: dict[str, bytes], name: str, _: random.Random) -> None:
    """Take the references out of rows that have no gaps; elsewhere the cells would stand in other columns."""
    xml = given[name]
    out = []
    for row in xml.split(b"<row "):
        cells = [each.partition(b'"')[0] for each in row.split(b'<c r="')[1:]]
        letters = [cell.rstrip(b"0123456789") for cell in cells]
        dense = letters == [bytes([65 + place]) for place in range(len(letters))]
        for cell in cells if dense else ():
            out_of_row = b'<c r="' + cell + b'"'
            row = row.replace(out_of_row, b"<c", 1)  # noqa: PLW2901 - it grows shorter
        out.append(row)
    given[name] = b"<row ".join(out)


def recompressed(data: bytes, chance: random.Random) -> bytes:
    """Pack the parts in another order and another way."""
    given = [*parts(data).items()]
    chance.shuffle(given)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, part in given:
            archive.writestr(name, part)
    return content.getvalue()


WRITTEN: Mapping[str, Damage] = {
    "prefixes": on_parts(_prefixed, "worksheets/"),
    "single quotes": on_parts(_quoted, "worksheets/"),
    "spaces": on_parts(_spaced, "worksheets/"),
    "stray cell": on_parts(_stray, "worksheets/"),
    "merges": on_parts(_merged, "worksheets/"),
    "no references": on_parts(_unreferenced, "worksheets/"),
    "packed anew": recompressed,
}

# Text


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def line_lost(data: bytes, chance: random.Random) -> bytes:
    """Leave out a line."""
    lines = _lines(data)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def line_twice(data: bytes, chance: random.Random) -> bytes:
    """Have a line twice."""
    lines = _lines(data)
    place = chance.randrange(len(lines))
    return b"".join([*lines[:place], lines[place], *lines[place:]])


def lines_mixed(data: bytes, chance: random.Random) -> bytes:
    """Put the rows in another order."""
    head, *lines = _lines(data)
    chance.shuffle(lines)
    return head + b"".join(lines)


def separated(data: bytes, chance: random.Random) -> bytes:
    """Put a sign that means something to the format somewhere."""
    place = chance.randrange(len(data))
    return data[:place] + chance.choice([b";", b",", b'"', b"\t", b"\n", b"\r", b"\0", b"'", b'""']) + data[place:]


TEXTS: Mapping[str, Damage] = {
    "cut": cut,
    "line lost": line_lost,
    "line twice": line_twice,
    "lines mixed": lines_mixed,
    "separator": separated,
    "bits": flipped,
    "bytes": overwritten,
    "gap": gap,
    "twice": twice,
    "glued": glued,
}
