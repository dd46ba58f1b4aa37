"""Dated parameters: a number of a regulation, with its unit, its clause and the days it holds on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from policy.citation import Citation, Cites


class MissingValueError(LookupError):
    """A parameter has no value on a day; it is never zero by default."""


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value, the first day it holds on (``date.min``: always did) and the clause it comes from."""

    first_day: date
    value: object
    cites: Citation


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a regulation, or we, fixed; ``key`` reads ``chapter.name``, ``values`` go in order of days."""

    key: str
    unit: str
    values: tuple[DatedValue, ...]

    def on(self, day: date) -> DatedValue:
        """Return the value that holds on a day; raises MissingValueError before the first."""
        held = [value for value in self.values if value.first_day <= day]
        if not held:
            raise MissingValueError(f"{self.key} has no value on {day}")
        return held[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The parameters of one chapter on one day; each field is a parameter of the same name.

    ``cites`` says where each value comes from: a value that a university's profile overrides is the university's own.
    """

    cites: Mapping[str, Citation]
    _cited: dict[tuple[str, ...], Cites] = field(default_factory=dict, init=False, repr=False, compare=False)

    def cited(self, *names: str) -> Cites:
        """Return where these values come from, each citation once; kept, for every mark that is worked out asks."""
        if names not in self._cited:
            self._cited[names] = tuple(dict.fromkeys(self.cites[name] for name in names))
        return self._cited[names]
