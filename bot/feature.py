"""A feature: all that the rest of the bot knows of it. `bot/app.py` lists them, and the registries come from there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from aiogram import Router

from bot.notices.telling import Notice
from bot.papers import MakePaper

Declared = TypeVar("Declared")


class Audience(Enum):
    """To whom a command is named."""

    EVERYBODY = auto()  # Telegram shows them by itself, in this order
    REVIEWERS = auto()  # those who deal with students' requests, in /help
    OFFICE = auto()  # the registrar's office, in /help


@dataclass(frozen=True, slots=True)
class NamedCommand:
    """A command: its `name` after the slash, what it `says` it does, and its `place` among those of its audience."""

    name: str
    says: str
    place: int
    audience: Audience = Audience.EVERYBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a feature brings: its routes, its commands, how its notices are worded and its papers are made."""

    router: Callable[[], Router] | None = None
    commands: tuple[NamedCommand, ...] = ()
    notices: Mapping[str, Notice] = field(default_factory=dict)
    papers: Mapping[str, MakePaper] = field(default_factory=dict)


Commands = Mapping[Audience, Mapping[str, str]]
"""What each command says it does, by audience and name, in the order they are named."""


def commands_of(features: Iterable[Feature]) -> Commands:
    """Return the commands of all features; raises ValueError where two share a place."""
    found: dict[Audience, dict[int, NamedCommand]] = {audience: {} for audience in Audience}
    for command in (each for feature in features for each in feature.commands):
        if found[command.audience].setdefault(command.place, command) is not command:
            raise ValueError(f"/{command.name} has the place of another command")
    return {
        audience: {those[place].name: those[place].says for place in sorted(those)} for audience, those in found.items()
    }


def merged(those: Iterable[Mapping[str, Declared]]) -> Mapping[str, Declared]:
    """Return what all features declare by name; raises ValueError for a name that two declare."""
    found: dict[str, Declared] = {}
    for each in those:
        if twice := found.keys() & each.keys():
            raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
        found.update(each)
    return found
