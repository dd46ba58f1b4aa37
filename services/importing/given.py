"""What whoever sends a file says about it, because the file itself does not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from services.importing.cells import code, period
from services.importing.problems import Unacceptable
from services.importing.spelling import compared

GIVABLE = ("period", "course_code")
_PERIOD = re.compile(r"(20\d\d-20\d\d)[-.](\d)")


@dataclass(frozen=True, slots=True)
class Given:
    """The period (``2025-2026/1``) and the course code of every row of a file that has neither column nor title."""

    period: str | None = None
    course_code: str | None = None

    def __getitem__(self, name: str) -> str | None:
        """Return what is given for a column."""
        return {"period": self.period, "course_code": self.course_code}[name]


NOTHING = Given()


def read_given(name: str, written: str) -> str:
    """Read a period or a course code as somebody writes it; raises Unacceptable."""
    return period(written) if name == "period" else code(written)


def given_by_name(file_name: str, courses: Iterable[str]) -> Given:
    """Return what a file's name says: ``marks_2025-2026-1_MAT1105.xlsx``, where the course is one that is known."""
    parts = PurePath(file_name).stem.split("_")[1:]
    periods = [f"{found[1]}/{found[2]}" for part in parts if (found := _PERIOD.fullmatch(part))]
    known = {compared(course): course for course in courses}
    codes = [known[compared(part)] for part in parts if compared(part) in known]
    try:
        said = period(periods[0]) if len(periods) == 1 else None
    except Unacceptable:
        said = None
    return Given(said, codes[0] if len(codes) == 1 else None)
