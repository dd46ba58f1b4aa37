"""The columns of each kind of file and the words in them, read from columns.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from services.tabular import fold


class Kind(StrEnum):
    """What a file holds."""

    STUDENTS = "students"
    STAFF = "staff"
    MARKS = "marks"
    COMPONENTS = "components"
    CALENDAR = "calendar"
    DAYS = "days"
    EXAMS = "exams"


@dataclass(frozen=True, slots=True)
class Field:
    """One column by its canonical name: how its cells are read, and whether every row (or each new object) needs it."""

    name: str
    type: str
    required: bool
    needed_when_new: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind; ``names`` leads from a folded label to a canonical name."""

    fields: Mapping[str, Field]
    names: Mapping[str, str]

    def recognise(self, label: str) -> str | None:
        """Return the canonical name of a column by its label, or None."""
        return self.names.get(fold(label))


@cache
def columns_of(kind: Kind) -> Columns:
    """Return the columns of a kind of file."""
    fields = {}
    names: dict[str, str] = {}
    for name, told in _tables()[kind].items():
        required = told.get("required", False)
        fields[name] = Field(name, told["type"], required, required or told.get("new", False))
        for label in (name, *told["aliases"]):
            if names.setdefault(fold(label), name) != name:
                raise ValueError(f"columns.toml: {kind}: {label!r} is both {names[fold(label)]} and {name}")
    return Columns(fields, names)


@cache
def words_of(type_name: str) -> Mapping[str, str]:
    """Return what the folded words of a type mean: word -> canonical value."""
    meanings: dict[str, str] = {}
    for value, words in _tables()["words"][type_name].items():
        for word in (value, *words):
            key = fold(word) or word
            if meanings.setdefault(key, value) != value:
                raise ValueError(f"columns.toml: {type_name}: {word!r} is both {meanings[key]} and {value}")
    return meanings


@cache
def known_words() -> frozenset[str]:
    """Return every label and word that is understood, folded: evidence of what code page a file is in."""
    labels = {label for kind in Kind for label in columns_of(kind).names}
    return frozenset(labels.union(*(words_of(type_name) for type_name in _tables()["words"])))


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("services.importing").joinpath("columns.toml").read_text(encoding="utf-8"))
