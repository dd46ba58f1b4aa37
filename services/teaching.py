"""Teaching: who teaches or examines a sheet, as far as the timetable says: its cases are not for them."""

from collections.abc import Iterable

from storage.requests import ExamKey
from storage.unit import Storage

Sitting = tuple[str, ExamKey]
"""A student and one of their sittings."""


async def lecturers_of(storage: Storage, student_id: str, exam: ExamKey) -> frozenset[str]:
    """Return who teaches the sheet of a student's exam; where the records tell no group, whoever teaches the course."""
    enrolment = await storage.marks.by_key(student_id, exam.period, exam.course_code)
    return await storage.calendar.lecturers(exam.period, exam.course_code, enrolment.group if enrolment else None)


async def taught_by(storage: Storage, person_id: str, sittings: Iterable[Sitting]) -> frozenset[Sitting]:
    """Return those of these sittings that are on a sheet this person teaches.

    The same as `lecturers_of` says of each.
    """
    sheets = await storage.calendar.taught_by(person_id)
    courses = {(period, code) for period, code, _ in sheets}
    near = [each for each in sittings if (each[1].period, each[1].course_code) in courses]
    keys = {each: (each[0], each[1].period, each[1].course_code) for each in near}
    known = await storage.marks.by_keys(keys.values())
    groups = {each: known[key].group if key in known else None for each, key in keys.items()}
    return frozenset(
        each
        for each, group in groups.items()
        if group is None or (each[1].period, each[1].course_code, group) in sheets
    )
