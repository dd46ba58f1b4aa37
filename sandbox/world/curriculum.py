"""What is taught, to whom, in which semester: read from `curriculum.toml`."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Course:
    """A course of the plan; `form` is how it is examined."""

    code: str
    credits: int
    form: str
    kk: str
    ru: str
    course_work: bool


@dataclass(frozen=True, slots=True)
class Programme:
    """A degree programme; `semesters[0]` are the courses of the first semester."""

    code: str
    group: str
    level: str
    institute: str
    credits: int
    semesters: tuple[tuple[Course, ...], ...]


def load_programmes() -> dict[str, Programme]:
    """Return the programmes by the letters their groups begin with."""
    data = tomllib.loads(files(__package__).joinpath("curriculum.toml").read_text(encoding="utf-8"))
    courses = {
        code: Course(code, one["credits"], one["form"], one["kk"], one["ru"], one.get("course_work", False))
        for code, one in data["courses"].items()
    }
    return {
        one["group"]: Programme(
            one["code"],
            one["group"],
            one["level"],
            one["institute"],
            one["credits"],
            tuple(tuple(courses[code] for code in semester) for semester in one["semesters"]),
        )
        for one in data["programmes"]
    }
