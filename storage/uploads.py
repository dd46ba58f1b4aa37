"""Uploads: files sent to the bot that wait for Confirm or Cancel."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func, select

from storage.connection import Connection
from storage.records import Upload
from storage.tables import uploads


class Uploads:
    """Waiting files by their number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(
        self,
        *,
        user_id: int | None,
        person_id: str | None,
        kind: str | None,
        file_name: str,
        content: bytes,
        sent_at: datetime,
        period: str | None = None,
        course_code: str | None = None,
    ) -> int:
        """Keep a file and return its number; one of the watched folder is nobody's."""
        row = {
            "user_id": user_id,
            "person_id": person_id,
            "kind": kind,
            "file_name": file_name,
            "content": content,
            "sent_at": sent_at,
            "period": period,
            "course_code": course_code,
        }
        kept: int = (await self._connection.execute(_KEEP, row)).scalar_one()
        return kept

    async def by_id(self, upload_id: int) -> Upload | None:
        """Give a waiting file; None when it was answered already."""
        row = (await self._connection.execute(_BY_ID, {"id": upload_id})).first()
        return Upload(*row) if row else None

    async def size(self, person_id: str | None = None) -> int:
        """Count the bytes of the files that wait, of one person or of all."""
        statement = _SIZE if person_id is None else _SIZE.where(uploads.c.person_id == person_id)
        return await self._connection.scalar(statement) or 0

    async def set_kind(self, upload_id: int, kind: str) -> None:
        """Keep what kind of file it is said to be."""
        await self._connection.execute(_SET_KIND, {"of_id": upload_id, "new_kind": kind})

    async def say(self, upload_id: int, *, period: str | None, course_code: str | None) -> None:
        """Keep what its sender says of a file."""
        told = {"of_id": upload_id, "new_period": period, "new_course": course_code}
        await self._connection.execute(_SAY, told)

    async def drop(self, upload_id: int) -> bool:
        """Forget a file that was answered; True for one of two people who press at once."""
        return (await self._connection.execute(_DROP, {"of_id": upload_id})).rowcount > 0

    async def drop_older_than(self, instant: datetime, *, but: Iterable[int] = ()) -> int:
        """Forget files nobody answered, sent before this instant, but for these; return how many."""
        return (await self._connection.execute(_DROP_OLDER, {"before": instant, "but": list(but)})).rowcount


_KEEP = uploads.insert().returning(uploads.c.id)
_BY_ID = select(uploads).where(uploads.c.id == bindparam("id"))
_SIZE = select(func.sum(func.length(uploads.c.content)))
_SET_KIND = uploads.update().where(uploads.c.id == bindparam("of_id")).values(kind=bindparam("new_kind"))
_SAY = (
    uploads.update()
    .where(uploads.c.id == bindparam("of_id"))
    .values(period=bindparam("new_period"), course_code=bindparam("new_course"))
)
_DROP = uploads.delete().where(uploads.c.id == bindparam("of_id"))
_DROP_OLDER = uploads.delete().where(
    uploads.c.sent_at < bindparam("before"), uploads.c.id.not_in(bindparam("but", expanding=True))
)
