"""What whoever sends a file says about it, because the file itself does not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Given:
    """The period (``2025-2026/1``) and the course code of every row of a file that has neither column nor title."""

    period: str | None = None
    course_code: str | None = None

    def __getitem__(self, name: str) -> str | None:
        """Return what is given for a column."""
        return {"period": self.period, "course_code": self.course_code}[name]


NOTHING = Given()
GIVABLE = ("period", "course_code")
