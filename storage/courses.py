"""Courses: what their codes are called in Kazakh and in Russian."""

from collections.abc import Iterable

from sqlalchemy import bindparam, exists, select

from policy.marks import Course
from storage.connection import Connection
from storage.tables import courses, enrolments, sheets
from storage.upsert import NAMES_AT_ONCE, chunks, upsert


class Courses:
    """Courses by their code."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, those: Iterable[Course]) -> None:
        """Keep these courses as they are given, over what was kept."""
        await upsert(
            self._connection,
            courses,
            ({"code": each.code, "name_kk": each.name_kk, "name_ru": each.name_ru} for each in those),
        )

    async def by_codes(self, codes: Iterable[str]) -> dict[str, Course]:
        """Give those of these courses that are known, by code."""
        found = {}
        for chunk in chunks(dict.fromkeys(codes), NAMES_AT_ONCE):
            rows = await self._connection.execute(_BY_CODES, {"codes": chunk})
            found.update({code: Course(code, name_kk, name_ru) for code, name_kk, name_ru in rows})
        return found

    async def remove_unused(self, codes: Iterable[str]) -> None:
        """Withdraw those of these courses that nobody is enrolled in and no sheet names."""
        rows = [{"of_code": code} for code in codes]
        if rows:
            await self._connection.execute(_REMOVE_UNUSED, rows)


_BY_CODES = select(courses).where(courses.c.code.in_(bindparam("codes", expanding=True)))
_REMOVE_UNUSED = courses.delete().where(
    courses.c.code == bindparam("of_code"),
    ~exists().where(enrolments.c.course_code == courses.c.code),
    ~exists().where(sheets.c.course_code == courses.c.code),
)
