"""Components of iGPA that the university's records bring: research, iROS, SSCI, year by year."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select

from policy.gpa import Components
from storage.connection import Connection
from storage.tables import components
from storage.upsert import NAMES_AT_ONCE, chunks, upsert

ComponentsKey = tuple[str, str]  # student id, academic year


class ComponentsOfStudents:
    """Components by student and academic year (`2025-2026`); None is not yet known."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, those: Mapping[ComponentsKey, Components]) -> None:
        """Keep these components, over what was kept."""
        await upsert(
            self._connection,
            components,
            (
                {
                    "student_id": student_id,
                    "academic_year": academic_year,
                    "research": each.research,
                    "iros": each.iros,
                    "ssci": each.ssci,
                }
                for (student_id, academic_year), each in those.items()
            ),
        )

    async def remove(self, keys: Iterable[ComponentsKey]) -> None:
        """Withdraw what was kept for these students and years."""
        rows = [{"of_student": student_id, "of_year": academic_year} for student_id, academic_year in keys]
        if rows:
            await self._connection.execute(_REMOVE, rows)

    async def of_student(self, student_id: str) -> dict[str, Components]:
        """Give a student's components by academic year, oldest first."""
        rows = await self._connection.execute(_OF_STUDENT, {"student_id": student_id})
        return {row.academic_year: Components(row.research, row.iros, row.ssci) for row in rows}

    async def of_students(self, student_ids: Iterable[str]) -> dict[ComponentsKey, Components]:
        """Give the components of these students, by student and academic year."""
        found = {}
        for chunk in chunks(dict.fromkeys(student_ids), NAMES_AT_ONCE):
            rows = await self._connection.execute(_OF_STUDENTS, {"student_ids": chunk})
            found.update(
                {(row.student_id, row.academic_year): Components(row.research, row.iros, row.ssci) for row in rows}
            )
        return found


_ALL = select(components).order_by(components.c.student_id, components.c.academic_year)
_OF_STUDENT = _ALL.where(components.c.student_id == bindparam("student_id"))
_OF_STUDENTS = _ALL.where(components.c.student_id.in_(bindparam("student_ids", expanding=True)))
_REMOVE = components.delete().where(
    components.c.student_id == bindparam("of_student"), components.c.academic_year == bindparam("of_year")
)
