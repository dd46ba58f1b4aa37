"""A plan: which objects become what. The same steps are applied, checked for being stale, and, turned round, undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.objects import Key

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Step:
    """One object that is made (``before`` None), changed, or withdrawn (``after`` None); ``object`` names its shelf."""

    object: str
    key: Key
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of an import, and the number of the latest change in the history they were made against."""

    steps: Sequence[Step]
    made_against: int
