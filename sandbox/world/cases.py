"""The people with a Telegram account and their situations: read from `people.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from typing import Any

from sandbox.world.years import WINTER


@dataclass(frozen=True)
class Retake:
    """A second sitting inside the winter session: its mark, its day and when it was posted (local)."""

    exam: str
    date: date
    posted: datetime


@dataclass(frozen=True)
class MarkCase:
    """What is said about one of a student's marks; what is not said is drawn.

    `new_ratings` are those a student got after the old ones did not admit to the exam. `then` tells how an earlier
    failure went on: "retaken" in the additional period, "repeated" in the summer semester, or left as a "debt".
    """

    course: str
    period: str = WINTER
    ratings: Sequence[int] = ()
    new_ratings: Sequence[int] = ()
    exam: str | None = None
    outcome: str | None = None
    course_work: bool | None = None
    missed: int | None = None
    retake: Retake | None = None
    then: str = ""


@dataclass(frozen=True)
class PersonCase:
    """One person of `people.toml`; `kk` is empty for somebody who has no Telegram account.

    For a student: `group`, and what is special; `entered` (a year) for who repeats a year. `fees` False is a winter
    session not paid for; `former` somebody whose role is over. `family_phone` people share one number in the records.
    """

    name: tuple[str, str, str]
    kk: str = ""
    ru: str = ""
    sex: str = ""
    language: str = "kk"
    code: str = ""
    username: str = ""
    former: bool = False
    group: str = ""
    ability: int = 80
    entered: int = 0
    status: str = "active"
    funding: str = ""
    penalty: bool = False
    fees: bool = True
    family_phone: bool = False
    marks: Sequence[MarkCase] = ()
    missing: Sequence[str] = ()
    components: Mapping[str, str] = field(default_factory=dict)
    roles: Sequence[Sequence[str]] = ()
    until: date = date(2027, 8, 31)


@dataclass(frozen=True)
class Cases:
    """The people of the file: students (those without an account too), staff, and guests who are in no records."""

    students: tuple[PersonCase, ...]
    staff: tuple[PersonCase, ...]
    guests: tuple[PersonCase, ...]


def load_cases() -> Cases:
    """Return the people of `people.toml`, in its order."""
    data = tomllib.loads(files(__package__).joinpath("people.toml").read_text(encoding="utf-8"))
    return Cases(
        tuple(_person(one) for one in [*data["students"], *data["records"]]),
        tuple(_person(one) for one in data["staff"]),
        tuple(_person(one) for one in data["guests"]),
    )


def _person(one: dict[str, Any]) -> PersonCase:
    surname, given_name, patronymic = one.pop("name")
    marks = [*one.pop("marks", ()), *one.pop("history", ())]
    return PersonCase(name=(surname, given_name, patronymic), **one, marks=tuple(_mark(mark) for mark in marks))


def _mark(one: dict[str, Any]) -> MarkCase:
    retake = one.pop("retake", None)
    return MarkCase(**one, retake=Retake(**retake) if retake else None)
