"""What an import would do, before it does it: counts, refusals, notices, and the plan that is then carried out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.importing.columns import Kind
from services.importing.differences import NONE, Differences
from services.importing.guarding import ByTwo
from services.importing.plan import Plan
from services.importing.problems import Notice, Refusal
from services.importing.summary import MarksSummary
from services.news import Telling


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a file by what would happen to them; the sum is every row of the table."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What loading one file would do. Made by `preview`, shown to a person, handed back to `apply`.

    ``objects`` counts by object ("student", "attempt", "course" ...) how many would be made and how many changed.
    ``refusals`` are all of them, in the order of rows. While there are any nobody loads it alone, and two together
    only where all of them allow that (`overruled_by_two`). ``telling`` says which marks students are told of;
    ``by_two`` what of it nobody loads alone; ``replaced_phones`` whose number in the records would be another.
    ``lacks`` is what neither the file nor whoever sent it said, and could. ``differences`` are the values that become
    others, ``marks`` sums up the marks that would come.
    """

    kind: Kind
    file_name: str
    sha256: str
    made_at: datetime
    telling: Telling
    rows: Counts
    objects: Mapping[str, Counts]
    refusals: tuple[Refusal, ...]
    notices: tuple[Notice, ...]
    plan: Plan
    by_two: ByTwo = field(default_factory=ByTwo)
    replaced_phones: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()
    differences: Differences = NONE
    marks: MarksSummary | None = None

    @property
    def refused(self) -> bool:
        """Whether nobody can load the file alone."""
        return bool(self.refusals)

    @property
    def overruled_by_two(self) -> bool:
        """Whether it is refused for nothing but what two people may decide together: then the plan has steps."""
        return self.refused and bool(self.plan.steps)

    @property
    def by_hand(self) -> bool:
        """Whether somebody is to look at it before it is loaded, of whatever else that is done by itself.

        What takes two, what concerns who works here, other phones (accounts are linked by them), and marks of which
        students would hear when they can no longer appeal them, or only for a moment.
        """
        guarded = bool(self.by_two or self.replaced_phones or self.kind is Kind.STAFF)
        return bool(self.plan.steps) and (guarded or (self.marks is not None and any(self.marks.hurries)))

    @property
    def asks(self) -> bool:
        """Whether all that is wrong is what whoever sent the file could say of it."""
        return bool(self.lacks) and all(
            refusal.reason == "column_missing" and refusal.column in self.lacks for refusal in self.refusals
        )

    @property
    def nothing_to_do(self) -> bool:
        """Whether the file is fine and says nothing that is not there already."""
        return not self.refusals and not self.plan.steps


@dataclass(frozen=True, slots=True)
class Imported:
    """An import that was done."""

    import_id: int
    rows: Counts


@dataclass(frozen=True, slots=True)
class Stale:
    """An import that was not done: the records have changed since the preview was made. Make a new one."""
