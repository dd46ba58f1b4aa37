"""Students: their study as the university's records have it, and the year of study they were in, year by year."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, bindparam, select

from policy.people import Funding, Language, Level, Name, Sex, Status, Student, StudyForm
from storage.connection import Connection
from storage.people import person_row, searched
from storage.records import Person
from storage.tables import degree_programmes, people, student_years, students
from storage.upsert import NAMES_AT_ONCE, chunks, insert_missing, upsert


class Students:
    """Students by their id, which is their person id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, those: Iterable[Student]) -> None:
        """Keep these students as they are given, over what was kept, with the people they are."""
        those = list(those)
        await upsert(self._connection, people, (person_row(_person(student)) for student in those))
        programmes = dict.fromkeys(student.degree_programme for student in those)
        await insert_missing(self._connection, degree_programmes, ({"code": code} for code in programmes))
        await upsert(self._connection, students, map(_student_row, those))

    async def by_id(self, student_id: str) -> Student | None:
        """Give the student with this id."""
        row = (await self._connection.execute(_BY_ID, {"student_id": student_id})).mappings().first()
        return student_of(row) if row else None

    async def by_ids(self, student_ids: Iterable[str]) -> dict[str, Student]:
        """Give those of these students who are there, by id."""
        found = {}
        for chunk in chunks(dict.fromkeys(student_ids), NAMES_AT_ONCE):
            rows = await self._connection.execute(_BY_IDS, {"student_ids": chunk})
            found.update({row["person_id"]: student_of(row) for row in rows.mappings()})
        return found

    async def found(self, text: str, *, limit: int, within: Iterable[str] | None) -> tuple[Student, ...]:
        """Search students as `People.found` does, of these institutes (None: of all) and no others; alphabetical."""
        words = searched(text)
        statement = _STUDENTS.order_by(people.c.sort_key, people.c.person_id).limit(limit)
        for word in words:
            statement = statement.where(people.c.search.like(f"% {word}%"))
        if within is not None:
            statement = statement.where(students.c.institute.in_(list(within)))
        return tuple(map(student_of, (await self._connection.execute(statement)).mappings())) if words else ()

    async def all_ids(self) -> set[str]:
        """Give every student id there is."""
        return set(await self._connection.scalars(select(students.c.person_id)))

    async def of_group(self, group: str) -> tuple[Student, ...]:
        """Give the students of a group, in alphabetical order."""
        return tuple(map(student_of, (await self._connection.execute(_OF_GROUP, {"group": group})).mappings()))

    async def all_in_order(self) -> tuple[Student, ...]:
        """Give all students by group, and alphabetically within it."""
        return tuple(map(student_of, (await self._connection.execute(_ALL)).mappings()))

    async def set_years(self, academic_year: str, years: Mapping[str, int]) -> None:
        """Keep which year of study each student (by id) is in during an academic year (`2025-2026`)."""
        await upsert(
            self._connection,
            student_years,
            (
                {"student_id": student_id, "academic_year": academic_year, "year": year}
                for student_id, year in years.items()
            ),
        )

    async def years_of(self, student_id: str) -> dict[str, int]:
        """Give the year of study the student was in, by academic year (`2025-2026`), oldest first."""
        rows = await self._connection.execute(_YEARS_OF, {"student_id": student_id})
        return dict(rows.all())

    async def years_in(self, academic_year: str) -> dict[str, int]:
        """Give the year of study of every student in an academic year, by student id."""
        rows = await self._connection.execute(_YEARS_IN, {"academic_year": academic_year})
        return dict(rows.all())

    async def remove_years(self, keys: Iterable[tuple[str, str]]) -> None:
        """Forget which year of study these students were in, by (student id, academic year)."""
        rows = [{"of_student": student_id, "of_year": academic_year} for student_id, academic_year in keys]
        if rows:
            await self._connection.execute(_REMOVE_YEARS, rows)

    async def institutes(self) -> set[str]:
        """Give every institute that has students."""
        return set(await self._connection.scalars(select(students.c.institute).distinct()))

    async def institute_of_each(self) -> dict[str, str]:
        """Give the institute of every student, by student id."""
        rows = await self._connection.execute(select(students.c.person_id, students.c.institute))
        return dict(rows.all())

    async def institutes_of_groups(self) -> dict[str, set[str]]:
        """Give the institutes of the students of every group."""
        found: dict[str, set[str]] = {}
        statement = select(students.c.group_name, students.c.institute).distinct()
        for group, institute in await self._connection.execute(statement):
            found.setdefault(group, set()).add(institute)
        return found

    async def remove(self, student_ids: Iterable[str]) -> None:
        """Withdraw students whom an undone import had brought, and the people they were.

        Raises IntegrityError when anything (marks, a role, an account) already stands on one of them.
        """
        keys = [{"student_id": student_id} for student_id in student_ids]
        if keys:
            await self._connection.execute(_REMOVE_STUDENT, keys)
            await self._connection.execute(_REMOVE_PERSON, keys)


def _person(student: Student) -> Person:
    return Person(student.person_id, student.name, student.language, student.phone, student.sex, student.birth_year)


def _student_row(student: Student) -> dict[str, Any]:
    return {
        "person_id": student.person_id,
        "institute": student.institute,
        "degree_programme": student.degree_programme,
        "level": student.level,
        "form": student.form,
        "year": student.year,
        "group_name": student.group,
        "funding": student.funding,
        "status": student.status,
        "penalty": student.penalty,
        "credits_total": student.credits_total,
        "dormitory": student.dormitory,
    }


def student_of(row: Mapping[str, Any] | RowMapping) -> Student:
    """Read a student from a row that holds the columns of `people` and `students`."""
    return Student(
        person_id=row["person_id"],
        name=Name(row["surname"], row["given_name"], row["patronymic"]),
        sex=Sex(row["sex"]),
        birth_year=row["birth_year"],
        phone=row["phone"],
        institute=row["institute"],
        degree_programme=row["degree_programme"],
        level=Level(row["level"]),
        form=StudyForm(row["form"]),
        year=row["year"],
        group=row["group_name"],
        funding=Funding(row["funding"]),
        language=Language(row["language"]),
        status=Status(row["status"]),
        penalty=row["penalty"],
        credits_total=row["credits_total"],
        dormitory=row["dormitory"],
    )


_STUDENTS = select(people, *(column for column in students.c if column.name != "person_id")).join_from(people, students)
_BY_ID = _STUDENTS.where(people.c.person_id == bindparam("student_id"))
_BY_IDS = _STUDENTS.where(people.c.person_id.in_(bindparam("student_ids", expanding=True)))
_OF_GROUP = _STUDENTS.where(students.c.group_name == bindparam("group")).order_by(people.c.sort_key)
_ALL = _STUDENTS.order_by(students.c.group_name, people.c.sort_key)
_YEARS_OF = (
    select(student_years.c.academic_year, student_years.c.year)
    .where(student_years.c.student_id == bindparam("student_id"))
    .order_by(student_years.c.academic_year)
)
_YEARS_IN = select(student_years.c.student_id, student_years.c.year).where(
    student_years.c.academic_year == bindparam("academic_year")
)
_REMOVE_YEARS = student_years.delete().where(
    student_years.c.student_id == bindparam("of_student"), student_years.c.academic_year == bindparam("of_year")
)
_REMOVE_STUDENT = students.delete().where(students.c.person_id == bindparam("student_id"))
_REMOVE_PERSON = people.delete().where(people.c.person_id == bindparam("student_id"))
