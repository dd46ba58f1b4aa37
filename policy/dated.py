"""Dated parameters: a number of a regulation, with its unit, its clause and the days it holds on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from policy.citation import Citation, Cites


class MissingValueError(LookupError):
    """A parameter has no value on a day; it is never zero by default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a regulation, or we, fixed; ``key`` reads ``chapter.name``.

    ``values`` are (first day, value) in order of days; ``date.min`` where a value has no first day.
    """

    key: str
    unit: str
    cites: Citation
    values: tuple[tuple[date, object], ...]

    def on(self, day: date) -> object:
        """Return the value that holds on a day; raises MissingValueError before the first."""
        held = [value for first, value in self.values if first <= day]
        if not held:
            raise MissingValueError(f"{self.key} has no value on {day}")
        return held[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The parameters of one chapter on one day; each field is a parameter of the same name.

    ``cites`` says where each value comes from: a value that a university's profile overrides is the university's own.
    """

    cites: Mapping[str, Citation]

    def cited(self, *names: str) -> Cites:
        """Return where these values come from, each citation once."""
        return tuple(dict.fromkeys(self.cites[name] for name in names))
