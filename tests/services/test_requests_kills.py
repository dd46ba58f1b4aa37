"""Killed at any statement: nothing of a filing or a decision is there, or all of it with everything it owes."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from sqlalchemy import Executable, select

from policy.instant import MessageInstant
from policy.requests import Kind, RequestState
from services.requests.filing import Filed, file_request
from services.requests.reviewing import Acting, Verdict, propose, sign
from services.standing import study_of
from storage.connection import Connection, Parameters, Rows
from storage.database import Database
from storage.requests import SentFile
from storage.tables import metadata
from storage.unit import Storage
from tests.services.test_requests import CHAIR, EXAM, PROFILE, SECRETARY, STUDENT, records
from tests.storage.examples import NOW

Step = Callable[[Storage], Awaitable[object]]
__all__ = ["records"]  # the fixture of the same people and marks


class Killed(BaseException):
    """The process is gone."""


class Mortal(Connection):
    """A connection whose process dies before its n-th statement or commit."""

    def __init__(self, connection: Connection, lives: int) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.lives = lives

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed

    async def begin(self) -> None:
        await self._connection.begin()

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        self._live()
        return await self._connection.execute(statement, parameters)

    def begin_nested(self) -> AbstractAsyncContextManager[object]:
        return self._connection.begin_nested()

    async def commit(self) -> None:
        self._live()
        await self._connection.commit()
        self._live()

    async def rollback(self) -> None:
        await self._connection.rollback()


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    async with database.read() as storage:
        return {
            table.name: [
                tuple(row)
                for row in await storage.marks._connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


async def killed_at_every_statement(database: Database, step: Step) -> int:
    """Take a step, killed ever later until something of it is kept; return how often nothing was."""
    before, lives = await everything(database), 0
    while True:
        async with database.write() as storage:
            mortal = Mortal(storage.marks._connection, lives)
            with suppress(Killed):
                await step(Storage(mortal))
        assert mortal.lives < 0, "it was through, and kept nothing"
        if await everything(database) != before:  # killed right after its commit
            return lives
        lives += 1


async def file(storage: Storage) -> object:
    study = await study_of(storage, student=STUDENT, now=NOW, profile=PROFILE)
    return await file_request(
        storage,
        kind=Kind.APPEAL,
        study=study,
        exam=EXAM,
        filed=MessageInstant(NOW),
        by=STUDENT.person_id,
        now=NOW,
        profile=PROFILE,
        reason="3-сұрақ дұрыс",
        document=SentFile("жауап.jpg", "photo", None, 10, "file id", "unique id"),
    )


async def test_a_filing_is_there_with_its_line_its_document_and_its_cards_or_not_at_all(database: Database) -> None:
    assert await killed_at_every_statement(database, file) >= 8
    async with database.read() as storage:
        (request,) = await storage.requests.of_student(STUDENT.person_id)
        assert len(await storage.changes.of("request", (str(request.id),))) == 1
        assert len(await storage.requests.documents_of(request.id)) == 1
        assert len(await storage.queues.cards_of(request.id)) == 2  # secretary and chair: no group is bound


async def test_a_decision_is_there_with_the_mark_it_makes_and_all_it_owes_or_not_at_all(database: Database) -> None:
    async with database.write() as storage:
        filed = await file(storage)
        assert isinstance(filed, Filed)
        verdict = Verdict(RequestState.UPHELD, "Жауап дұрыс", 5)
        await propose(storage, filed.request.id, verdict, Acting(SECRETARY, NOW, PROFILE))

    async def signing(storage: Storage) -> object:
        return await sign(storage, filed.request.id, Acting(CHAIR, NOW, PROFILE))

    assert await killed_at_every_statement(database, signing) >= 10
    async with database.read() as storage:
        request = await storage.requests.by_id(filed.request.id)
        assert request
        assert request.state is RequestState.UPHELD
        (decision,) = (await storage.requests.decisions_of([request.id]))[request.id]
        enrolment = await storage.marks.by_key(STUDENT.person_id, EXAM.period, EXAM.course_code)
        assert enrolment
        assert enrolment.attempts[0].exam == decision.mark_after == 65
        owed = await storage.outbox.to_person(STUDENT.person_id, None)
        assert [each.content["news"] for each in owed if each.kind == "request news"] == ["decided"]
