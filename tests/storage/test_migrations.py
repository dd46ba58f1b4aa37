"""The steps carry what is there: every row of the tables before, in every state, on both engines."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Connection, make_url, text

from policy.marks import Outcome
from policy.two_people import MotionKind
from storage.database import Database, understood
from storage.migrations import changing, migrate, take_steps
from storage.records import Motion, MotionState
from storage.requests import KeptMark
from tests.conftest import POSTGRES
from tests.storage.examples import NOW

PEOPLE = (
    "INSERT INTO people (person_id, surname, given_name, language, search, sort_key)"
    " VALUES (:id, 'А', 'Б', 'kk', 'а', :key)"
)
CORRECTION = (
    "INSERT INTO corrections (id, student_id, period, course_code, attempt, before, after, reason, proposed_by,"
    " proposed_at, state, decided_by, decided_at, decision_reason) VALUES (:id, '02500000', '2025-2026/1', :course, 2,"
    " :before, :after, 'қате', 'T0001', :at, :state, :by, :decided_at, :why)"
)
PROGRAMME = "INSERT INTO degree_programmes (code, name_kk, name_ru) VALUES ('6B06102', 'А', 'А')"
STUDENT = (
    "INSERT INTO students (person_id, institute, degree_programme, level, form, year, group_name, funding, status,"
    " penalty, credits_total) VALUES ('02500000', 'И', '6B06102', 'bachelor', 'full_time', 1, 'А', 'state_grant',"
    " 'active', false, '0')"
)
REQUEST = (
    "INSERT INTO requests (id, kind, student_id, period, course_code, attempt, filed_at, received_at, closes_at,"
    " due_at, inquiries, state, version) VALUES (:id, 'appeal', '02500000', '2025-2026/1', :course, 1, :at, :at, :at,"
    " :at, '[]', 'upheld', 3)"
)
CHANGE = "INSERT INTO changes (object, key, after, cause, at) VALUES ('attempt', :key, :after, 'import', :at)"
STATES = {1: ("proposed", None), 2: ("confirmed", "T0002"), 3: ("refused", "T0001"), 7: ("expired", None)}


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without tables of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'kenes.db'}"
        return
    request.getfixturevalue("postgres_url")  # skips where no server answers
    name = f"kenes_steps_{os.getpid()}"
    asyncio.run(on_postgres(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    asyncio.run(on_postgres(f"DROP DATABASE {name} WITH (FORCE)"))


async def on_postgres(*commands: str) -> None:
    connection = await asyncpg.connect(POSTGRES.replace("+asyncpg", ""), timeout=10)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()


async def at_step(url: str, revision: str, fill: Callable[[Connection], None]) -> None:
    """Bring a database to a step and put rows into it."""
    async with changing(understood(url)) as connection:
        await connection.run_sync(lambda sync: take_steps(sync, revision))
        await connection.run_sync(fill)


def stored(connection: Connection, at: datetime) -> Any:
    return at if connection.dialect.name == "postgresql" else at.isoformat(timespec="microseconds")


def corrections_of_all_states(connection: Connection) -> None:
    at = stored(connection, NOW)
    for number in (1, 2):
        connection.execute(text(PEOPLE), {"id": f"T000{number}", "key": b"a"})
    for number, (state, by) in STATES.items():
        facts = {
            "id": number,
            "course": f"MAT{number}",
            "before": json.dumps({"exam": "49.4999"}),
            "after": json.dumps({"exam": "54"}),
            "at": at,
            "state": state,
            "by": by,
            "decided_at": None if state == "proposed" else at,
            "why": "жоқ" if state == "refused" else None,
        }
        connection.execute(text(CORRECTION), facts)


def test_corrections_become_motions_under_their_numbers(old: str) -> None:
    asyncio.run(at_step(old, "0003", corrections_of_all_states))

    migrate(old)

    asyncio.run(_compare(old))


async def _compare(url: str) -> None:
    names = {"proposed": MotionState.OPEN, "confirmed": MotionState.CARRIED}
    async with Database.open(url) as database, database.write() as storage:
        kept = {number: await storage.motions.by_id(number) for number in STATES}
        assert [each.id for each in await storage.motions.of_student("02500000")] == [*STATES]
        for number, (state, by) in STATES.items():
            motion = kept[number]
            assert isinstance(motion, Motion)
            assert motion.about == f"attempt:02500000:2025-2026/1:MAT{number}:2"
            assert motion.content == {
                "period": "2025-2026/1",
                "course_code": f"MAT{number}",
                "attempt": 2,
                "before": {"exam": "49.4999"},
                "after": {"exam": "54"},
            }
            assert motion.state == names.get(state, state)
            assert (motion.moved_by, motion.moved_at, motion.reason) == ("T0001", NOW, "қате")
            assert (motion.decided_by, motion.decided_at) == (by, None if state == "proposed" else NOW)
            assert motion.decision_reason == ("жоқ" if state == "refused" else None)
        newer = await storage.motions.add(MotionKind.UNDO, "import:1", {}, reason="қате", by=None, at=NOW)
        assert newer
        assert newer.id > max(STATES), "a number on an old button does not come to mean another motion"
        await storage.rollback()


def requests_about_marks_of_the_history(connection: Connection) -> None:
    """Three requests: of a mark corrected since, of one withdrawn before, of one that had not come."""
    hour = timedelta(hours=1)
    posted = {"exam": "49.4999", "outcome": "took", "posted_at": NOW.isoformat(), "corrected_at": None}
    corrected = {**posted, "exam": "54", "corrected_at": (NOW + hour).isoformat()}
    history = (
        ("MAT1", NOW, posted),
        ("MAT1", NOW + hour, corrected),
        ("MAT2", NOW - hour, posted),
        ("MAT2", NOW, None),
    )
    connection.execute(text(PEOPLE), {"id": "02500000", "key": b"a"})
    connection.execute(text(PROGRAMME))
    connection.execute(text(STUDENT))
    for course, at, after in history:
        key = f'["02500000","2025-2026/1","{course}","1"]'
        facts = {"key": key, "after": after and json.dumps(after), "at": stored(connection, at)}
        connection.execute(text(CHANGE), facts)
    for number in (1, 2, 3):
        at = stored(connection, NOW + hour / 2)
        connection.execute(text(REQUEST), {"id": number, "course": f"MAT{number}", "at": at})


def test_what_was_filed_before_has_the_mark_the_history_tells_of(old: str) -> None:
    asyncio.run(at_step(old, "0004", requests_about_marks_of_the_history))

    migrate(old)

    async def compare() -> None:
        async with Database.open(old) as database, database.read() as storage:
            of_student = await storage.requests.of_student("02500000")
            assert [each.mark for each in of_student] == [
                KeptMark(Decimal("49.4999"), Outcome.TOOK, NOW, None),
                None,
                None,
            ]
            assert [each.window for each in of_student] == [None, None, None], "nobody knows it any more"

    asyncio.run(compare())
