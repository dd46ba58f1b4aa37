"""Which updates were handled: marked in the transaction of their effects, so that no effect happens twice."""

from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.connection import Connection
from storage.tables import inbox


class HandledUpdates:
    """Marks of updates whose effects are kept. They stay for a day: that is how long Telegram may send one again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, update_id: int, *, at: datetime) -> bool:
        """Mark an update as handled; False when it was already, and what was done for it now must not be kept."""
        row = {"update_id": update_id, "received_at": at, "body": "", "state": "done", "tries": 0, "handled_at": at}
        return (await self._connection.execute(_MARK[self._connection.dialect.name], row)).rowcount > 0

    async def has(self, update_id: int) -> bool:
        """Tell whether the effects of an update are kept."""
        return bool(await self._connection.scalar(_HAS, {"update_id": update_id}))

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget updates handled before this instant; return how many."""
        return (await self._connection.execute(_DROP_OLDER, {"before": instant})).rowcount


def _mark(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    marked = {name: insert.excluded[name] for name in ("state", "body", "handled_at")}
    return insert.on_conflict_do_update(
        index_elements=[inbox.c.update_id], set_=marked, where=inbox.c.state == "waiting"
    )


_MARK = {"sqlite": _mark(sqlite.insert(inbox)), "postgresql": _mark(postgresql.insert(inbox))}
_HAS = select(exists().where(inbox.c.update_id == bindparam("update_id"), inbox.c.state == "done"))
_DROP_OLDER = delete(inbox).where(inbox.c.state != "waiting", inbox.c.handled_at < bindparam("before"))
