"""What an import would change, value by value: the first for a screen, all of them for a spreadsheet."""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from services.importing.plan import Plan, Step
from services.importing.refused import harmless
from services.importing.wording import Tongue
from services.objects import Key

_HEADER = {
    "en": ("object", "which", "value", "was", "becomes"),
    "kk": ("нысан", "қайсысы", "мән", "болған", "болады"),
    "ru": ("объект", "какой", "значение", "было", "станет"),
}


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value of one object that is there: what it was, as text, and what it becomes; empty where there is none."""

    object: str
    key: Key
    value: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How many values would change, and the first of them: those that take the place of others come first."""

    number: int = 0
    first: tuple[ValueChange, ...] = ()


NONE = Differences()


def differences(plan: Plan, *, at_most: int) -> Differences:
    """Return what a plan changes, value by value. Not for an event loop: 100,000 steps take seconds."""
    number = 0
    replaced: list[ValueChange] = []
    filled: list[ValueChange] = []
    for each in value_changes(plan.steps):
        number += 1
        those = replaced if each.before else filled
        if len(those) < at_most:
            those.append(each)
    return Differences(number, tuple(islice((*replaced, *filled), at_most)))


def value_changes(steps: Iterable[Step]) -> Iterator[ValueChange]:
    """Give every value of what is there that becomes another; what is new or withdrawn as a whole has none."""
    for step in steps:
        if step.before is not None and step.after is not None:
            for value, before, after in _differing("value", step.before, step.after):
                yield ValueChange(step.object, step.key, value, _text(before), _text(after))


def differences_csv(plan: Plan, language: Tongue) -> bytes:
    """Return all that a plan changes as a CSV file: UTF-8 with mark, semicolons, a header row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_HEADER[language])
    changes = sorted(value_changes(plan.steps), key=lambda each: not each.before)
    writer.writerows(
        (each.object, *map(harmless, (" ".join(each.key), name_of(each.value, language), each.before, each.after)))
        for each in changes
    )
    return text.getvalue().encode("utf-8-sig")


def name_of(value: str, language: Tongue) -> str:
    """Return what a value is called, for people."""
    told = _names().get(value)
    return told[language] if told else value


def _differing(name: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if is_dataclass(before) and is_dataclass(after):
        for field in fields(before):
            yield from _differing(field.name, getattr(before, field.name), getattr(after, field.name))
    else:
        yield name, before, after


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(" ", "minutes")
    return str(value)


@cache
def _names() -> dict[str, dict[Tongue, str]]:
    text = files("services.importing").joinpath("values.toml").read_text(encoding="utf-8")
    told: dict[str, dict[Tongue, str]] = tomllib.loads(text)
    return told
