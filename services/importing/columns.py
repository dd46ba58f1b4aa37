"""The columns of each kind of file and the words in them, read from columns.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from policy.profile import OwnColumn, ProfileError
from policy.values import near
from services.tabular import fold

OwnColumns = tuple[OwnColumn, ...]

IDENTITY = "national_identity_number"
"""The name of a column that is never read: what is in it is not the university's to keep here."""


class Kind(StrEnum):
    """What a file holds."""

    STUDENTS = "students"
    STAFF = "staff"
    MARKS = "marks"
    COMPONENTS = "components"
    CALENDAR = "calendar"
    DAYS = "days"
    EXAMS = "exams"


_IDENTITY_WORDS = frozenset(map(fold, ("ИИН", "ЖСН", "IIN")))
_IDENTITY_LABELS = frozenset(
    map(
        fold,
        (
            "Жеке сәйкестендіру нөмірі",
            "Индивидуальный идентификационный номер",
            "National identity number",
            "Individual identification number",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column by its canonical name: how its cells are read, and whether every row (or each new object) needs it."""

    name: str
    type: str
    required: bool
    needed_when_new: bool

    @property
    def computed(self) -> bool:
        """Whether it only repeats what is worked out here, so that it may stand in a file twice."""
        return self.type in {"computed", "total", "letter"}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind; ``names`` leads from a folded label to a canonical name.

    A label of ``weaker`` means its column only where no other label of the file does.
    """

    fields: Mapping[str, Field]
    names: Mapping[str, str]
    weaker: frozenset[str]

    def recognise(self, label: str) -> str | None:
        """Return the canonical name of a column by its label, or None; `IDENTITY` for what is never read."""
        return recognised(fold(label), self.names)

    def is_weaker(self, label: str) -> bool:
        """Tell whether another label for the same column counts rather than this one."""
        return fold(label) in self.weaker


def recognised(folded: str, names: Mapping[str, str]) -> str | None:
    """Return the name a folded label has; one of national identity numbers is `IDENTITY`, whatever else it says."""
    return IDENTITY if _names_identity(folded) else names.get(folded)


def _names_identity(folded: str) -> bool:
    words = folded.split()
    return not _IDENTITY_WORDS.isdisjoint(words) or folded in _IDENTITY_LABELS


@cache
def columns_of(kind: Kind, own: OwnColumns = ()) -> Columns:
    """Return the columns of a kind of file, also by the words that a university's profile adds.

    Raises ProfileError for words that cannot be added.
    """
    fields = {}
    names: dict[str, str] = {}
    weaker: set[str] = set()
    for name, told in _tables()[kind].items():
        required = told.get("required", False)
        fields[name] = Field(name, told["type"], required, required or told.get("new", False))
        weaker.update(map(fold, told.get("weaker", ())))
        for label in (name, *told["aliases"], *told.get("weaker", ())):
            if names.setdefault(fold(label), name) != name:
                raise ValueError(f"columns.toml: {kind}: {label!r} is both {names[fold(label)]} and {name}")
    for each in own:
        if each.kind == kind:
            _add(each, fields, names)
            weaker.difference_update(map(fold, each.words))
    return Columns(fields, names, frozenset(weaker))


def _add(own: OwnColumn, fields: Mapping[str, Field], names: dict[str, str]) -> None:
    key = f"columns.{own.kind}.{own.column}"
    if own.column not in fields:
        raise ProfileError(key, list(own.words), f"one of {', '.join(fields)}{near(own.column, fields)}")
    for place, word in enumerate(own.words):
        folded = fold(word)
        if not folded:
            raise ProfileError(f"{key}[{place}]", word, "a label with letters or digits")
        if _names_identity(folded):
            raise ProfileError(f"{key}[{place}]", word, "no column of national identity numbers: those are never read")
        if names.setdefault(folded, own.column) != own.column:
            raise ProfileError(f"{key}[{place}]", word, f"a label that does not mean {names[folded]} already")


def check_columns(own: OwnColumns) -> None:
    """Check the words that a profile adds; raises ProfileError with the key, the word and what is allowed."""
    for each in own:
        if each.kind not in [*Kind]:
            raise ProfileError(f"columns.{each.kind}", each.column, f"one of {', '.join(Kind)}{near(each.kind, Kind)}")
    for kind in Kind:
        columns_of(kind, own)


def words_for(type_name: str) -> Mapping[str, list[str]]:
    """Return the words of a type that stand for each value, those people know best first."""
    words: Mapping[str, list[str]] = _tables()["words"][type_name]
    return words


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
def known_words(own: OwnColumns = ()) -> frozenset[str]:
    """Return every label and word that is understood, folded: evidence of what code page a file is in."""
    labels = {label for kind in Kind for label in columns_of(kind, own).names}
    return frozenset(labels.union(*(words_of(type_name) for type_name in _tables()["words"])))


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("services.importing").joinpath("columns.toml").read_text(encoding="utf-8"))
