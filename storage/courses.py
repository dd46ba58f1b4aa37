"""Courses: what their codes are called in Kazakh and in Russian."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from policy.marks import Course
from storage.tables import courses
from storage.upsert import NAMES_AT_ONCE, chunks, upsert


class Courses:
    """Courses by their code."""

    def __init__(self, connection: AsyncConnection) -> None:
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


_BY_CODES = select(courses).where(courses.c.code.in_(bindparam("codes", expanding=True)))
