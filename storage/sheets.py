"""Mark sheets: which are printed, so that their marks no longer change."""

from datetime import datetime

from sqlalchemy import bindparam, select

from storage.connection import Connection
from storage.records import Lock
from storage.tables import sheets
from storage.upsert import insert_missing


class Sheets:
    """Printed sheets by course, period and group."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, course_code: str, period: str, group: str, *, at: datetime, by: str | None) -> None:
        """Lock a sheet; a sheet locked before keeps its first instant."""
        await insert_missing(
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

    async def locked_in(self, period: str) -> dict[tuple[str, str], Lock]:
        """Give the locked sheets of a period, by (course code, group)."""
        rows = await self._connection.execute(_LOCKED_IN, {"period": period})
        return {(row.course_code, row.group_name): Lock(*row) for row in rows}


_LOCKED_IN = select(sheets).where(sheets.c.period == bindparam("period"))
