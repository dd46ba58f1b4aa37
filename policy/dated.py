"""Dated parameters: a number of a regulation, with its unit, its clause and the days it holds on."""

from dataclasses import dataclass
from datetime import date

from policy.citation import Citation


class MissingValueError(LookupError):
    """A parameter has no value on a day; it is never zero by default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a regulation, or we, fixed; ``key`` reads ``chapter.name``.

    ``values`` are (first day, raw TOML value), in order; ``date.min`` where it has no first day.
    """

    key: str
    unit: str
    cites: Citation
    values: tuple[tuple[date, object], ...]

    def on(self, day: date) -> object:
        """Return the value that holds on a day; raises MissingValueError before the first."""
        raise NotImplementedError
