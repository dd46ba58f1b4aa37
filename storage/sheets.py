"""Mark sheets: which are printed, so that their marks no longer change."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, select

from storage.connection import Connection
from storage.records import Lock
from storage.tables import enrolments, sheets, students
from storage.upsert import upsert


class Sheets:
    """Printed sheets by course, period and group."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, course_code: str, period: str, group: str, *, at: datetime, by: str | None) -> None:
        """Lock the marks that stand on a sheet now; of a sheet locked before, those that came since too."""
        await upsert(
            self._connection,
            sheets,
            [
                {
                    "course_code": course_code,
                    "period": period,
                    "group_name": group,
                    "locked_at": at,
                    "locked_by": by,
                }
            ],
        )

    async def unlock(self, course_code: str, period: str, group: str) -> None:
        """Undo a lock: the marks on the sheet can be appealed and corrected as if it had not been printed."""
        key = {"of_course": course_code, "of_period": period, "of_group": group}
        await self._connection.execute(_UNLOCK, key)

    async def periods(self, *, limit: int) -> tuple[str, ...]:
        """Give the latest periods that have marks or will, the latest first; each is one look into an index."""
        found: list[str] = []
        period = await self._connection.scalar(_LATEST)
        while period is not None and len(found) < limit:
            found.append(period)
            period = await self._connection.scalar(_LATEST_BEFORE, {"period": period})
        return tuple(found)

    async def groups_in(self, period: str, *, within: Iterable[str] | None = None) -> tuple[tuple[str, int, int], ...]:
        """Give the groups of a period with how many sheets each has, and how many of them are printed.

        `within` are institutes (None: all): groups all of whose students are theirs.
        """
        statement = _GROUPS_IN
        if within is not None:
            others = exists().where(
                enrolments.c.period == bindparam("period"),
                enrolments.c.group_name == _OF_PERIOD.c.group_name,
                students.c.person_id == enrolments.c.student_id,
                students.c.institute.not_in(list(within)),
            )
            statement = statement.where(~others)
        rows = await self._connection.execute(statement, {"period": period})
        return tuple((row.group_name, row.sheets, row.printed) for row in rows)

    async def locked_in(self, period: str) -> dict[tuple[str, str], Lock]:
        """Give the locked sheets of a period, by (course code, group)."""
        rows = await self._connection.execute(_LOCKED_IN, {"period": period})
        return {(row.course_code, row.group_name): Lock(*row) for row in rows}


_UNLOCK = sheets.delete().where(
    sheets.c.course_code == bindparam("of_course"),
    sheets.c.period == bindparam("of_period"),
    sheets.c.group_name == bindparam("of_group"),
)
_LATEST = select(func.max(enrolments.c.period))
_LATEST_BEFORE = _LATEST.where(enrolments.c.period < bindparam("period"))
_OF_PERIOD = (
    select(enrolments.c.group_name, enrolments.c.course_code)
    .where(enrolments.c.period == bindparam("period"), enrolments.c.group_name.is_not(None))
    .distinct()
    .subquery()
)
_GROUPS_IN = (
    select(_OF_PERIOD.c.group_name, func.count().label("sheets"), func.count(sheets.c.locked_at).label("printed"))
    .select_from(
        _OF_PERIOD.outerjoin(
            sheets,
            and_(
                sheets.c.period == bindparam("period"),
                sheets.c.course_code == _OF_PERIOD.c.course_code,
                sheets.c.group_name == _OF_PERIOD.c.group_name,
            ),
        )
    )
    .group_by(_OF_PERIOD.c.group_name)
    .order_by(_OF_PERIOD.c.group_name)
)
_LOCKED_IN = select(sheets).where(sheets.c.period == bindparam("period"))
