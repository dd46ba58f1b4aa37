"""People's names: plausible, varied, and of the right gender; read from `names.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Naming:
    """A person's name and what goes with it; `patronymic` is empty for who has none, `sex` is M or F."""

    surname: str
    given_name: str
    patronymic: str
    sex: str
    language: str


class Names:
    """Gives everybody a surname and given name that nobody had before."""

    def __init__(self, random: Random, taken: Iterable[tuple[str, str]]) -> None:
        """Begin with the surnames and given names that are taken already."""
        data = tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))
        self._peoples: list[Mapping[str, Any]] = data["peoples"]
        self._shares = [people["share"] for people in self._peoples]
        self._random = random
        self._taken = set(taken)

    def draw(self) -> Naming:
        """Return a name that was not given yet."""
        while True:
            people = self._random.choices(self._peoples, self._shares)[0]
            woman = self._random.random() < 0.5
            surname = self._random.choice(people["surnames"])[woman]
            given_name = self._random.choice(people["women" if woman else "men"])
            patronymic = self._random.choice(people["patronymics"])[woman]
            language = "kk" if self._random.random() * 100 < people["kazakh"] else "ru"
            if self._random.random() * 100 < people["unnamed"]:
                patronymic = ""
            alike = surname in {given_name, patronymic} or surname[:5] == patronymic[:5]
            if (surname, given_name) not in self._taken and not alike:
                self._taken.add((surname, given_name))
                return Naming(surname, given_name, patronymic, "F" if woman else "M", language)
