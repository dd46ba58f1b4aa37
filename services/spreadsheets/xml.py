"""XML of a file somebody sent, read by expat piece by piece: no document type, and so no entities of its own."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from services.spreadsheets.told import Refused


class Handling:
    """What to do at each tag. Names have no prefixes, and before them their namespace where it is not the root's."""

    def opened(self, name: str, attributes: Mapping[str, str], /) -> None:
        """Hear of a start tag; ``namespace name`` are the names of attributes that are in one."""

    def closed(self, name: str) -> None:
        """Hear of an end tag."""

    def text(self, written: str) -> None:
        """Hear of text, which may come in parts."""


class _Names(dict[str, str]):
    """Full names as expat gives them -> names as `Handling` hears them."""

    root: str | None = None

    def __missing__(self, full: str) -> str:
        space, _, name = full.rpartition(" ")
        if self.root is None:
            self.root = space
        short = self[full] = name if space == self.root else full
        return short


def read_xml(pieces: Iterable[bytes], handling: Handling) -> None:
    """Read XML to its end; raises Refused for what is none, or not as it is to be."""
    names = _Names()
    parser = parser_of_xml()
    parser.StartElementHandler = lambda full, attributes: handling.opened(names[full], attributes)
    parser.EndElementHandler = lambda full: handling.closed(names[full])
    parser.CharacterDataHandler = handling.text
    for _ in fed(parser, pieces):
        pass


def parser_of_xml() -> Any:
    """Return a parser without handlers but for what is refused."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def fed(parser: Any, pieces: Iterable[bytes]) -> Iterator[None]:
    """Let a parser read, giving back control after each piece; raises Refused for what is no XML."""
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise Refused("damaged") from error


def whole_number(written: str | None) -> int:
    """Read a number of at most ten digits; raises Refused."""
    written = (written or "").strip()
    if len(written) > 10 or not (written.isascii() and written.isdigit()):
        raise Refused("damaged")
    return int(written)


def _refuse(*_: Any) -> None:
    raise Refused("damaged")
