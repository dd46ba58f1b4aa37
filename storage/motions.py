"""Motions: what one person proposed, and what another decided."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from policy.two_people import MotionKind
from storage.connection import Connection
from storage.records import Motion, MotionState
from storage.tables import motions


class Motions:
    """Motions by their number; of what one is about, one is open at most."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        kind: MotionKind,
        about: str,
        content: Mapping[str, Any],
        *,
        reason: str,
        by: str | None,
        at: datetime,
        student_id: str | None = None,
    ) -> Motion | None:
        """Keep a motion; None when one about the same is open already."""
        row = {
            "kind": kind,
            "about": about,
            "student_id": student_id,
            "content": content,
            "reason": reason,
            "moved_by": by,
            "moved_at": at,
            "state": MotionState.OPEN,
        }
        insert = (sqlite if self._connection.dialect.name == "sqlite" else postgresql).insert(motions)
        statement = insert.on_conflict_do_nothing().returning(*motions.c)
        added = (await self._connection.execute(statement, row)).first()
        return _motion(added) if added else None

    async def decide(
        self, number: int, state: MotionState, *, by: str | None, at: datetime, reason: str | None = None
    ) -> bool:
        """Settle an open motion; False when somebody was first. `by` None: the command line, or nobody: it expired.

        Raises IntegrityError when the one who moved it carries it.
        """
        decision = {"of_id": number, "new_state": state, "new_by": by, "new_at": at, "new_reason": reason}
        return (await self._connection.execute(_DECIDE, decision)).rowcount > 0

    async def agree(self, number: int, *, by: str, at: datetime) -> bool:
        """Keep that the commission's chair agrees; False when that was said, or the motion decided, before."""
        return (await self._connection.execute(_AGREE, {"of_id": number, "new_by": by, "new_at": at})).rowcount > 0

    async def by_id(self, number: int, *, lock: bool = False) -> Motion | None:
        """Give a motion by its number; with `lock` it is the caller's alone until the transaction ends."""
        row = (await self._connection.execute(_BY_ID_LOCKED if lock else _BY_ID, {"id": number})).first()
        return _motion(row) if row else None

    async def open(self) -> tuple[Motion, ...]:
        """Give every motion that waits for a second person, oldest first."""
        return tuple(map(_motion, await self._connection.execute(_OPEN)))

    async def open_about(self, about: str) -> Motion | None:
        """Give the open motion about this."""
        row = (await self._connection.execute(_OPEN_ABOUT, {"about": about})).first()
        return _motion(row) if row else None

    async def latest_about(self, about: str) -> Motion | None:
        """Give the last motion about this, open or not."""
        row = (await self._connection.execute(_LATEST_ABOUT, {"about": about})).first()
        return _motion(row) if row else None

    async def of_student(self, student_id: str) -> tuple[Motion, ...]:
        """Give every correction of a student's marks, oldest first."""
        return tuple(map(_motion, await self._connection.execute(_OF_STUDENT, {"student_id": student_id})))


def _motion(row: Row[*tuple[Any, ...]]) -> Motion:
    return Motion(**{**row._asdict(), "kind": MotionKind(row.kind), "state": MotionState(row.state)})


_ALL = select(motions).order_by(motions.c.id)
_BY_ID = _ALL.where(motions.c.id == bindparam("id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_OPEN = _ALL.where(motions.c.state == MotionState.OPEN)
_OPEN_ABOUT = _OPEN.where(motions.c.about == bindparam("about"))
_LATEST_ABOUT = select(motions).where(motions.c.about == bindparam("about")).order_by(motions.c.id.desc()).limit(1)
_OF_STUDENT = _ALL.where(motions.c.student_id == bindparam("student_id"))
_STANDING = motions.update().where(motions.c.id == bindparam("of_id"), motions.c.state == MotionState.OPEN)
_DECIDE = _STANDING.values(
    state=bindparam("new_state"),
    decided_by=bindparam("new_by"),
    decided_at=bindparam("new_at"),
    decision_reason=bindparam("new_reason"),
)
_AGREE = _STANDING.where(motions.c.agreed_at.is_(None)).values(
    agreed_by=bindparam("new_by"), agreed_at=bindparam("new_at")
)
