"""Corrections of clerical errors in posted marks: proposed by one person, decided by another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.connection import Connection
from storage.marks import AttemptKey
from storage.records import Correction, CorrectionState
from storage.tables import corrections


class Corrections:
    """Corrections by their number; an attempt has one that waits at most."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def propose(
        self,
        attempt: AttemptKey,
        *,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        reason: str,
        by: str,
        at: datetime,
    ) -> int | None:
        """Keep a proposal and return its number; None when the attempt has one that waits already."""
        student_id, period, course_code, number = attempt
        row = {
            "student_id": student_id,
            "period": period,
            "course_code": course_code,
            "attempt": number,
            "before": before,
            "after": after,
            "reason": reason,
            "proposed_by": by,
            "proposed_at": at,
            "state": CorrectionState.PROPOSED,
        }
        insert = (sqlite if self._connection.dialect.name == "sqlite" else postgresql).insert(corrections)
        statement = insert.on_conflict_do_nothing().returning(corrections.c.id)
        return (await self._connection.execute(statement, row)).scalar_one_or_none()

    async def decide(
        self, correction_id: int, state: CorrectionState, *, by: str | None, at: datetime, reason: str | None = None
    ) -> bool:
        """Settle a waiting correction; False when somebody was first. `by` None: nobody, it expired.

        Raises IntegrityError when the one who proposed it confirms it.
        """
        decision = {
            "of_id": correction_id,
            "new_state": state,
            "new_by": by,
            "new_at": at,
            "new_reason": reason,
        }
        return (await self._connection.execute(_DECIDE, decision)).rowcount > 0

    async def by_id(self, correction_id: int) -> Correction | None:
        """Give a correction by its number."""
        row = (await self._connection.execute(_BY_ID, {"id": correction_id})).first()
        return _correction(row) if row else None

    async def waiting(self) -> tuple[Correction, ...]:
        """Give every correction that waits for a second person, oldest first."""
        return tuple(map(_correction, await self._connection.execute(_WAITING)))

    async def waiting_for(self, attempt: AttemptKey) -> Correction | None:
        """Give the correction of this attempt that waits."""
        key = dict(zip(("student_id", "period", "course_code", "attempt"), attempt, strict=True))
        row = (await self._connection.execute(_WAITING_FOR, key)).first()
        return _correction(row) if row else None

    async def of_student(self, student_id: str) -> tuple[Correction, ...]:
        """Give every correction of a student's marks, oldest first."""
        return tuple(map(_correction, await self._connection.execute(_OF_STUDENT, {"student_id": student_id})))


def _correction(row: Row[*tuple[Any, ...]]) -> Correction:
    return Correction(**{**row._asdict(), "state": CorrectionState(row.state)})


_ALL = select(corrections).order_by(corrections.c.id)
_BY_ID = _ALL.where(corrections.c.id == bindparam("id"))
_WAITING = _ALL.where(corrections.c.state == CorrectionState.PROPOSED)
_WAITING_FOR = _WAITING.where(
    corrections.c.student_id == bindparam("student_id"),
    corrections.c.period == bindparam("period"),
    corrections.c.course_code == bindparam("course_code"),
    corrections.c.attempt == bindparam("attempt"),
)
_OF_STUDENT = _ALL.where(corrections.c.student_id == bindparam("student_id"))
_DECIDE = (
    corrections.update()
    .where(corrections.c.id == bindparam("of_id"), corrections.c.state == CorrectionState.PROPOSED)
    .values(
        state=bindparam("new_state"),
        decided_by=bindparam("new_by"),
        decided_at=bindparam("new_at"),
        decision_reason=bindparam("new_reason"),
    )
)
