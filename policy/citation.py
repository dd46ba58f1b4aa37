"""Where a rule comes from: a clause of a document, or the university's own decision."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Final, TypeVar

_Rule = TypeVar("_Rule", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, order=True)
class Citation:
    """A clause of a document: ``Citation("AP", "8")`` reads "AP 8"; the documents stand in ``sources.toml``."""

    source: str
    clause: str

    def __str__(self) -> str:
        """Return the short form that code and parameter files use."""
        return f"{self.source} {self.clause}".rstrip()

    @classmethod
    def parse(cls, text: str) -> "Citation":
        """Read the short form; raises ValueError unless it is ``HOUSE`` or a document and a clause."""
        if text == str(HOUSE):
            return HOUSE
        source, _, clause = text.partition(" ")
        if not source or not clause:
            raise ValueError(f"{text!r} is no citation; write a document and a clause, as in 'AP 8', or {HOUSE}")
        return cls(source, clause)


Cites = tuple[Citation, ...]

HOUSE: Final = Citation("HOUSE", "")
"""Ours, or the university's own: no regulation may be claimed for it."""

ENCODED: Final[dict[str, Cites]] = {}
"""Every rule that encodes a clause, by its dotted name; the tests on the references read it."""


def encodes(*clauses: str) -> Callable[[_Rule], _Rule]:
    """Mark a rule with the clauses it puts into code, as ``@encodes("AP 8")``."""
    cites = tuple(Citation.parse(clause) for clause in clauses)

    def register(rule: _Rule) -> _Rule:
        ENCODED[f"{rule.__module__}.{rule.__qualname__}"] = cites
        return rule

    return register


@dataclass(frozen=True, slots=True)
class Source:
    """A document: its titles, who issued it, where it is published (None: not on the internet, as far as we know)."""

    key: str
    title_kk: str
    title_ru: str
    issued_by: str
    published: str | None
    checked_on: date
    clauses: Mapping[str, tuple[str, str]]
    """Clause -> what it is about, in our words: (Kazakh, Russian)."""


@cache
def sources() -> Mapping[str, Source]:
    """Return every document the rules come from, by its short name."""
    text = resources.files("policy").joinpath("sources.toml").read_text(encoding="utf-8")
    return {
        key: Source(
            key=key,
            title_kk=entry["title"]["kk"],
            title_ru=entry["title"]["ru"],
            issued_by=entry["issued_by"],
            published=entry.get("published"),
            checked_on=entry["checked_on"],
            clauses={clause: (title["kk"], title["ru"]) for clause, title in entry["clauses"].items()},
        )
        for key, entry in tomllib.loads(text).items()
    }
