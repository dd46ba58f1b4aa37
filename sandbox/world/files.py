"""Write the university down as the files a registrar's office would export."""

from pathlib import Path

from sandbox.world.records import University

LOAD_ORDER = (
    ("students", "students.csv"),
    ("staff", "staff.csv"),
    ("calendar", "calendar.csv"),
    ("days", "days.csv"),
    ("exams", "exams.csv"),
    ("components", "components.csv"),
    ("marks", "marks.csv"),
    ("marks", "ratings.csv"),
    ("marks", "session.csv"),
)
"""Kind of import and file name, in the order in which they can be loaded."""

BY_HAND = "by-hand"
"""The folder, inside the written one, of files that are left for the registrar to try."""


def write(university: University, folder: Path) -> None:
    """Write every file of the university into the folder (made when missing), and `people.json`."""
    raise NotImplementedError
