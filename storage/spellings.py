"""Spellings: what courses, groups and institutes are written like already, so that none is written in two ways."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from storage.connection import Connection
from storage.tables import courses, degree_programmes, enrolments, exams, role_grants, students

Tiers = Sequence[frozenset[str]]
"""Spellings by where they stand; what stands in an earlier one counts first."""


class Spellings:
    """The names that are compared by how they look; each is asked for as tiers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_courses(self) -> Tiers:
        """Give the codes of the courses, then those only the timetable has."""
        return [await self._all(select(courses.c.code)), await self._all(select(exams.c.course_code).distinct())]

    async def of_groups(self, periods: Iterable[str]) -> Tiers:
        """Give the groups students are in, those of the mark sheets of these periods, then those of the timetable."""
        sheets = [await self._groups_of(period) for period in dict.fromkeys(periods)]
        return [
            await self._all(select(students.c.group_name).distinct()),
            frozenset().union(*sheets),
            await self._all(select(exams.c.group_name).distinct()),
        ]

    async def of_institutes(self) -> Tiers:
        """Give the institutes that have students, then those that roles are limited to."""
        return [
            await self._all(select(students.c.institute).distinct()),
            await self._all(select(role_grants.c.scope).distinct().where(role_grants.c.scope != "")),
        ]

    async def of_degree_programmes(self) -> Tiers:
        """Give the codes of the degree programmes."""
        return [await self._all(select(degree_programmes.c.code))]

    async def sheets_in(self, periods: Iterable[str]) -> frozenset[tuple[str, str, str | None]]:
        """Give the period, course code and group (None: not known) of everybody enrolled in these periods."""
        rows = await self._connection.execute(_SHEETS_IN, {"periods": list(dict.fromkeys(periods))})
        return frozenset((period, course_code, group) for period, course_code, group in rows)

    async def _groups_of(self, period: str) -> frozenset[str]:
        found = await self._connection.scalars(_GROUPS_OF, {"period": period})
        return frozenset(group for group in found if group is not None)

    async def _all(self, statement: Select[str]) -> frozenset[str]:
        return frozenset(each for each in await self._connection.scalars(statement) if each is not None)


def _each(column: ColumnElement[str], *where: ColumnElement[bool]) -> Select[str]:
    """Select the values of a column an index begins with: from each to the next, however many rows have it."""
    first: Select[str] = select(func.min(column).label("value")).where(*where)
    found = first.cte("found", recursive=True)
    after = select(func.min(column)).where(*where, column > found.c.value).correlate(found).scalar_subquery()
    found = found.union_all(select(after).select_from(found).where(found.c.value.is_not(None)))
    return select(found.c.value)


_GROUPS_OF = _each(enrolments.c.group_name, enrolments.c.period == bindparam("period"))
_SHEETS_IN = (
    select(enrolments.c.period, enrolments.c.course_code, enrolments.c.group_name)
    .distinct()
    .where(enrolments.c.period.in_(bindparam("periods", expanding=True)))
)
