"""What there is in an XLSX workbook beside its sheets' rows: which sheets, how numbers are shown, shared strings."""

import posixpath
import re
from collections.abc import Mapping
from typing import NamedTuple

from services.spreadsheets.archive import Archive
from services.spreadsheets.formats import code_of, what_shows
from services.spreadsheets.plain import strings_are_plain
from services.spreadsheets.told import LONGEST_STRINGS, MOST_SHEETS, MOST_STRINGS, MOST_STYLES, Refused
from services.spreadsheets.xml import Handling, read_xml, whole_number

_SPACE = "http://www.w3.org/XML/1998/namespace space"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SheetOfBook(NamedTuple):
    """A sheet of cells: its name, whether it is visible, its part of the archive, its place among all sheets."""

    name: str
    visible: bool
    part: str
    place: int


class Book:
    """What there is in the archive: the sheets of cells, how numbers are shown, and the strings the sheets share."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        main = next(iter(_relations(archive, "").of("/officeDocument")), "xl/workbook.xml")
        if main.endswith(".bin"):
            raise Refused("binary_workbook")
        if main not in archive or not main.endswith(".xml"):
            raise Refused("not_a_workbook")
        relations = _relations(archive, main)
        listed = _Listed()
        read_xml(archive.pieces(main), listed)
        worksheets = relations.by_id("/worksheet")
        self.sheets = [
            SheetOfBook(name, visible, worksheets[relation], place)
            for place, (name, relation, visible) in enumerate(listed.sheets)
            if relation in worksheets
        ]
        if any(relation not in relations.of_all for _, relation, _ in listed.sheets):
            raise Refused("damaged")
        styles = _Styles()
        for part in relations.of("/styles") or _beside(archive, main, "styles.xml"):
            read_xml(archive.pieces(part), styles)
        shown = [what_shows(code_of(number, styles.custom), since_1904=listed.since_1904) for number in styles.used]
        self.shows = [shows for shows, _ in shown]
        self.telling_styles = {style for style, (shows, is_date) in enumerate(shown) if shows and not is_date}
        self._strings_in = relations.of("/sharedStrings") or _beside(archive, main, "sharedStrings.xml")
        self._strings: list[str] | None = None
        self.strings_are_plain = all(strings_are_plain(archive.pieces(part)) for part in self._strings_in)

    def string(self, place: int) -> str:
        """Return a string the sheets share."""
        if self._strings is None:
            strings = _Strings()
            for part in self._strings_in:
                read_xml(self.archive.pieces(part), strings)
            self._strings = strings.found
        if not 0 <= place < len(self._strings):
            raise Refused("damaged")
        return self._strings[place]


class _Relations(Handling):
    """Which parts belong to one: identity -> kind and name."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._found: dict[str, tuple[str, str]] = {}

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/" + self._folder, attributes.get("Target", "")))
            self._found[attributes.get("Id", "")] = attributes.get("Type", ""), target.lstrip("/")

    @property
    def of_all(self) -> Mapping[str, object]:
        """All there are, by identity."""
        return self._found

    def of(self, kind: str) -> list[str]:
        """Name the parts of a kind, by how the kind ends."""
        return list(self.by_id(kind).values())

    def by_id(self, kind: str) -> dict[str, str]:
        """Name the parts of a kind by their identities."""
        return {each: part for each, (of, part) in self._found.items() if of.endswith(kind)}


def _relations(archive: Archive, part: str) -> _Relations:
    folder, _, name = part.rpartition("/")
    relations = _Relations(folder)
    if (told := posixpath.join(folder, "_rels", f"{name}.rels")) in archive:
        read_xml(archive.pieces(told), relations)
    return relations


def _beside(archive: Archive, main: str, name: str) -> list[str]:
    """Name the part where the library looks for it whatever is said."""
    part = posixpath.join(posixpath.dirname(main), name)
    return [part] if part in archive else []


class _Listed(Handling):
    """The sheets of a workbook, in order: name, identity of the part, whether it is visible."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.since_1904 = False

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            visible = attributes.get("state", "visible") == "visible"
            self.sheets.append((attributes.get("name", ""), relation, visible))
            if len(self.sheets) > MOST_SHEETS:
                raise Refused("too_much_inside")
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in {"1", "true"}


class _Styles(Handling):
    """Number formats by their numbers, and the number of the one each style of a cell uses."""

    def __init__(self) -> None:
        self.custom: dict[int, str] = {}
        self.used: list[int] = []
        self._inside = ""

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in {"numFmts", "cellXfs"}:
            self._inside = name
        elif name == "numFmt" and self._inside == "numFmts":
            self.custom[whole_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "xf" and self._inside == "cellXfs":
            self.used.append(whole_number(attributes.get("numFmtId", "0")))
            if len(self.used) > MOST_STYLES:
                raise Refused("too_much_inside")

    def closed(self, name: str) -> None:
        if name == self._inside:
            self._inside = ""


class _Strings(Handling):
    """The strings the sheets share: of each all of its `t`, but for how it is pronounced."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._length = 0
        self._rich: list[str] = []
        self._parts: list[str] = []
        self._listens = self._pronounced = self._as_it_is = False

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "rPh":
            self._pronounced = True
        elif name == "t":
            self._listens, self._as_it_is = not self._pronounced, keeps_spaces(attributes)

    def closed(self, name: str) -> None:
        if name == "rPh":
            self._pronounced = False
        elif name == "t":
            self._listens = False
            written = "".join(self._parts)
            self._parts.clear()
            self._rich.append(written if self._as_it_is else written.strip())
        elif name == "si":
            self.found.append(unescaped("".join(self._rich)))
            self._rich.clear()
            self._length += len(self.found[-1])
            if len(self.found) > MOST_STRINGS or self._length > LONGEST_STRINGS:
                raise Refused("too_much_inside")

    def text(self, written: str) -> None:
        if self._listens:
            self._parts.append(written)


def keeps_spaces(attributes: Mapping[str, str]) -> bool:
    """Tell whether the outer spaces of a text belong to it."""
    return attributes.get(_SPACE) == "preserve"


def unescaped(written: str) -> str:
    """Return text with the letters that Excel writes as _x000D_."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), written) if "_x" in written else written
