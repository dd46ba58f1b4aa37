"""What an import has to say about a file: refusals, which stop it, and notices, which do not; codes with arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.importing.identity import without_identity_numbers
from services.tabular import Cell


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why a file is not loaded.

    ``row`` and ``column`` say where (row as a spreadsheet shows it, the column as the file labels it); both are None
    when it is about the whole file. ``sheet`` is told where several were read. ``value`` is the cell as text.
    ``reason`` is a key of wording.toml.
    """

    reason: str
    row: int | None = None
    column: str | None = None
    value: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a registrar should know before confirming; ``reason`` is a key of wording.toml."""

    reason: str
    arguments: Mapping[str, str] = field(default_factory=dict)


class Unacceptable(ValueError):  # noqa: N818 - as a cell is
    """A cell that cannot be what its column asks for; becomes a Refusal where the row is known."""

    def __init__(self, reason: str, **arguments: str) -> None:
        """Keep the reason and its arguments."""
        super().__init__(reason)
        self.reason = reason
        self.arguments = arguments


def shown(cell: Cell) -> str:
    """Return a cell as the text a person would recognise it by; a national identity number is hidden."""
    return "" if cell is None else without_identity_numbers(str(cell))
