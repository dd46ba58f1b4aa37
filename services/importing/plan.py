"""A plan: which objects become what. The same plan is applied, checked for being stale, and, turned round, undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fields = Mapping[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One object that is made (``before`` None), changed, or withdrawn (``after`` None)."""

    object: str
    key: Key
    before: Fields | None
    after: Fields | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of an import, and the number of the latest change in the history they were made against."""

    steps: Sequence[Step]
    made_against: int
