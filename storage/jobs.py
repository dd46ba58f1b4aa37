"""Jobs: work that takes longer than a moment, kept so that a process that is killed leaves word of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select

from storage.connection import Connection
from storage.tables import jobs


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """What was being done, for whom, and the message that tells how far it is; `arguments` are JSON values.

    `begun` is how often its work was begun and neither ended nor was stopped in order: the process ended during it.
    """

    id: int
    kind: str
    arguments: Mapping[str, Any]
    person_id: str
    chat_id: int
    message_id: int | None
    made_at: datetime
    begun: int


class Jobs:
    """Jobs by their number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        *,
        person_id: str | None,
        chat_id: int | None,
        message_id: int | None,
        at: datetime,
    ) -> int:
        """Keep that a job runs from now on, for somebody or for the watched folder, and return its number."""
        row = {
            "kind": kind,
            "arguments": arguments,
            "person_id": person_id,
            "chat_id": chat_id,
            "message_id": message_id,
            "state": JobState.RUNNING,
            "made_at": at,
            "started_at": at,
            "updated_at": at,
        }
        made: int = (await self._connection.execute(_BEGIN, row)).scalar_one()
        return made

    async def tell_in(self, job_id: int, message_id: int) -> None:
        """Keep which message tells how far a job is."""
        await self._connection.execute(_TELL_IN, {"of_id": job_id, "new_message": message_id})

    async def go_on_as(self, job_id: int, kind: str, arguments: Mapping[str, Any]) -> None:
        """Keep that a job has come so far that what is left of it is another one."""
        await self._connection.execute(_GO_ON_AS, {"of_id": job_id, "new_kind": kind, "new_arguments": arguments})

    async def work_begins(self, job_id: int) -> None:
        """Keep that what a job is about begins now: should it end the process, that is known by it."""
        await self._connection.execute(_WORK_BEGINS, {"of_id": job_id})

    async def work_stopped(self, job_id: int) -> None:
        """Keep that it was stopped in order: this beginning does not count."""
        await self._connection.execute(_WORK_STOPPED, {"of_id": job_id})

    async def of_nobody(self, kind: str, arguments: Mapping[str, Any]) -> tuple[int, int] | None:
        """Find the running job of the watched folder with these arguments: its number, and how often it was begun."""
        rows = await self._connection.execute(_OF_NOBODY, {"of_kind": kind})
        return next(((row.id, row.begun) for row in rows if row.arguments == arguments), None)

    async def beat(self, job_ids: Collection[int], *, at: datetime) -> None:
        """Keep that somebody is at work on these."""
        await self._connection.execute(_BEAT, {"of_ids": list(job_ids), "new_at": at})

    async def end(self, job_id: int, state: JobState, *, at: datetime) -> None:
        """Keep that a job is over."""
        await self._connection.execute(_END, {"of_id": job_id, "new_state": state, "new_at": at})

    async def take_over(self, *, since: datetime | None, at: datetime) -> tuple[Job, ...]:
        """Take people's running jobs nobody gave a sign of `since` then (None: all), so that no other process does.

        A sign later than now was given before the clock was set back.
        """
        statement = _TAKE_OVER if since is None else _TAKE_OVER.where(_unseen(since, at))
        rows = await self._connection.execute(statement, {"new_at": at})
        return tuple(sorted((Job(*row) for row in rows), key=lambda job: job.id))

    async def take_up(self, job_ids: Collection[int], *, at: datetime) -> tuple[Job, ...]:
        """Take those of these jobs that are not over."""
        statement = _TAKE_OVER.where(jobs.c.id.in_(bindparam("of_ids", expanding=True)))
        rows = await self._connection.execute(statement, {"new_at": at, "of_ids": list(job_ids)})
        return tuple(sorted((Job(*row) for row in rows), key=lambda job: job.id))

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget jobs that were over before this instant, and the folder's of files that are gone; return how many."""
        return (await self._connection.execute(_DROP_OLDER, {"before": instant})).rowcount


def _unseen(since: datetime, at: datetime) -> ColumnElement[bool]:
    return or_(jobs.c.updated_at < since, jobs.c.updated_at > at + (at - since))


_BEGIN = jobs.insert().returning(jobs.c.id)
_ONE = jobs.update().where(jobs.c.id == bindparam("of_id"))
_TELL_IN = _ONE.values(message_id=bindparam("new_message"))
_GO_ON_AS = _ONE.values(kind=bindparam("new_kind"), arguments=bindparam("new_arguments"))
_WORK_BEGINS = _ONE.values(begun=jobs.c.begun + 1)
_WORK_STOPPED = _ONE.values(begun=jobs.c.begun - 1)
_OF_NOBODY = select(jobs.c.id, jobs.c.arguments, jobs.c.begun).where(
    jobs.c.kind == bindparam("of_kind"), jobs.c.person_id.is_(None), jobs.c.state == JobState.RUNNING
)
_BEAT = jobs.update().where(jobs.c.id.in_(bindparam("of_ids", expanding=True))).values(updated_at=bindparam("new_at"))
_END = _ONE.values(state=bindparam("new_state"), ended_at=bindparam("new_at"), updated_at=bindparam("new_at"))
_TAKE_OVER = (
    jobs.update()
    .where(jobs.c.state == JobState.RUNNING, jobs.c.person_id.is_not(None))
    .values(updated_at=bindparam("new_at"))
    .returning(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.arguments,
        jobs.c.person_id,
        jobs.c.chat_id,
        jobs.c.message_id,
        jobs.c.made_at,
        jobs.c.begun,
    )
)
_DROP_OLDER = jobs.delete().where(
    or_(
        jobs.c.ended_at < bindparam("before"),
        and_(jobs.c.person_id.is_(None), jobs.c.made_at < bindparam("before")),
    )
)
