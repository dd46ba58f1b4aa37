"""Killed at any instant while students file and the commission decides: each is filed, decided and told once."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from bench.table import Table
from bot.delivery.sender import CONCURRENCY
from bot.delivery.updates import AT_ONCE
from policy.people import Language
from policy.requests import RequestState
from sandbox.state import Json
from tests.bot.studies import course
from tests.whole.commission import (
    AUTUMN,
    CHAIR,
    COMMISSION,
    DEPUTY,
    FIRST_STUDENT,
    MEMBER,
    REASON,
    SECRETARY,
    STAFF,
    Phone,
    Records,
    University,
    is_card,
    local,
    opens_form,
    prepares,
    signs,
    student_id,
    takes,
    text_of,
)
from tests.whole.conftest import Show, engine
from tests.whole.scene import instants, kill_at

BEGINS = local(12, 10, 10)
POSTED = local(12, 9, 18, 30)
PROFILE = "[requests]\ncards_an_hour = 1000\n"  # a card each, however many file
ANSWERS_EACH = 12  # messages, edits and answers to presses from a student's first to the decision
POINTS = 5
STEPS = 4  # filed, taken, prepared, signed
FILED = "✅ Filed: <b>{number}</b>"
RAISED = "Exam: {before} → <b>{after}</b> (points added: {points})"
NUMBER = re.compile(r"№\s(\d+)")


@dataclass(frozen=True)
class Size:
    """How much of it."""

    students: int
    kills: int
    seed: int = 20_261_121


SIZES = [
    pytest.param(Size(students=16, kills=5), id="small"),
    pytest.param(Size(students=100, kills=25), id="full", marks=pytest.mark.soak),
]


@dataclass
class Done:
    """What people did: when each student's message was sent, and the cases that wait for the staff."""

    filed: dict[int, datetime] = field(default_factory=dict)
    to_prepare: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    to_sign: asyncio.Queue[int] = field(default_factory=asyncio.Queue)


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_filed_and_decided_between_kills_is_so_once_and_everybody_is_told(
    size: Size, database_url: str, tmp_path: Path, show: Show
) -> None:
    (tmp_path / "profile.toml").write_text(PROFILE, encoding="utf-8")
    numbers = range(1, size.students + 1)

    async def empty() -> tuple[str, Path]:
        return database_url, tmp_path

    records = Records({one: (course("KIL1", "60", posted=POSTED, period=AUTUMN),) for one in numbers})
    university = University(records, Language.RU, empty, KENES_PROFILE="profile.toml")
    try:
        await university.at(BEGINS)
        done = await _live(university, numbers, size)
        title = f"Killed {size.kills} times: {size.students} appeals from filing to signature, {engine(database_url)}"
        counted, table = await _counted(university, done), Table(title, ("what", "there", "wanted"))
        for what, there, wanted in counted.exactly:
            table.add(what, f"{there}", f"{wanted}")
        for what, there, most in counted.at_most:
            table.add(what, f"{there}", f"at most {most}")
        show(title, table)
    finally:
        await university.close()
    assert [each for each in counted.exactly if each[1] != each[2]] == []
    assert [each for each in counted.at_most if each[1] > each[2]] == []


async def _live(university: University, numbers: range, size: Size) -> Done:
    """Let everybody do what they came for while the bot is killed, and wait until it has no more to say."""
    stage, done, chance = university.stage, Done(), Random(size.seed)
    begun = stage.answers()
    kills = [begun + each for each in instants(chance, size.kills, ANSWERS_EACH * size.students)]
    async with asyncio.TaskGroup() as group:
        group.create_task(kill_at(stage, kills, chance))
        for one in numbers:
            group.create_task(_file(university.student(one), done, one))
        for preparing, signing in ((SECRETARY, CHAIR), (MEMBER, DEPUTY)):
            group.create_task(_prepare(university.staff(preparing), done, size.students // 2))
            group.create_task(_sign(university.staff(signing), done, size.students // 2))
    await stage.until_nothing_is_left()
    await stage.restart_says_nothing()
    assert stage.kills == size.kills
    return done


async def _file(phone: Phone, done: Done, one: int) -> None:
    await opens_form(phone, "/appeal")
    done.filed[one] = datetime.fromtimestamp(phone.says(REASON)["date"], UTC)
    receipt = await phone.reads(FILED, number=...)
    found = NUMBER.search(text_of(receipt))
    assert found
    done.to_prepare.put_nowait(int(found[1]))


async def _prepare(phone: Phone, done: Done, cases: int) -> None:
    for _ in range(cases):
        number = await done.to_prepare.get()
        await takes(phone, number)
        await prepares(phone, number, RequestState.UPHELD, POINTS)
        done.to_sign.put_nowait(number)


async def _sign(phone: Phone, done: Done, cases: int) -> None:
    for _ in range(cases):
        await signs(phone, await done.to_sign.get())


@dataclass
class Counted:
    """What is in the records and in the chats: (what, there, wanted or most)."""

    exactly: list[tuple[str, int, int]]
    at_most: list[tuple[str, int, int]]


async def _counted(university: University, done: Done) -> Counted:
    filed = steps = decisions = marks = receipts = told = cards = 0
    receipts_again = told_again = cards_again = stale = 0
    stage, everybody = university.stage, len(done.filed)
    group = stage.by_bot(COMMISSION)
    async with university.records() as storage:
        for one, instant in done.filed.items():
            requests = await storage.requests.of_student(student_id(one))
            filed += [request.filed_at for request in requests] == [instant]
            request = requests[-1]
            steps += (request.state, request.version) == (RequestState.UPHELD, STEPS)
            signed = (await storage.requests.decisions_of([request.id])).get(request.id, ())
            decisions += len(signed) == 1
            marked = await storage.marks.by_key(student_id(one), AUTUMN, "KIL1")
            marks += marked is not None and marked.attempts[-1].exam == Decimal(60 + POINTS)
            student, name = university.student(one), STAFF[signed[-1].signed_by][0].short
            heard = stage.by_bot(FIRST_STUDENT + one)
            here = [sum(_says(message, parts) for message in heard) for parts in (_filed(student), _raised(student))]
            receipts += here[0] > 0
            told += here[1] > 0
            of_case = [name in text_of(message) for message in group if is_card(message, request.id)]
            cards += any(of_case)
            stale += len(of_case) - sum(of_case)
            receipts_again += here[0] - 1
            told_again += here[1] - 1
            cards_again += sum(of_case) - 1
    return Counted(
        [
            ("filed once, as of when it was sent", filed, everybody),
            ("taken, prepared, signed once each", steps, everybody),
            ("one signed decision", decisions, everybody),
            ("mark raised once", marks, everybody),
            ("receipt arrived", receipts, everybody),
            ("decision told", told, everybody),
            ("card in the group says who decided", cards, everybody),
        ],
        [
            ("receipts repeated", receipts_again, stage.kills * AT_ONCE),
            ("decisions told again", told_again, stage.kills * CONCURRENCY),
            ("cards posted again", cards_again, stage.kills * CONCURRENCY),
            ("cards left as they were", stale, stage.kills * CONCURRENCY),
        ],
    )


def _filed(phone: Phone) -> list[str]:
    return phone.parts(FILED, number=...)


def _raised(phone: Phone) -> list[str]:
    return phone.parts(RAISED, before=60, after=60 + POINTS, points=POINTS)


def _says(message: Json, parts: list[str]) -> bool:
    return all(part in text_of(message) for part in parts)
