"""Telegram's rates are kept though more is offered, and nobody's own answer waits behind an announcement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import pytest

from bench.records import FIRST_USER, fill
from bench.table import Table
from bot.delivery.worded import SCREEN, stored
from bot.i18n import Html
from bot.screen import Screen
from policy.profile import load_profile
from sandbox.cast import Person, World
from services.owing import owe
from storage.database import Database
from storage.outbox import Priority
from tests.whole.conftest import Show, engine
from tests.whole.crowd import NOW, question_of
from tests.whole.scene import Scene, scene

ANNOUNCED = "Хабарландыру"
THINKING_SECONDS = 2.5  # between an answer and the next question


@dataclass(frozen=True)
class Size:
    """How many get an announcement while how many ask things."""

    people: int
    asking: int
    refused_at_most: float  # of all sends
    seed: int = 20_261_121


SIZES = [
    pytest.param(Size(people=150, asking=5, refused_at_most=0.01), id="small"),
    pytest.param(Size(people=5000, asking=20, refused_at_most=0.001), id="full", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("size", SIZES)
async def test_an_announcement_goes_out_at_telegrams_pace_and_answers_go_before_it(
    size: Size, database_url: str, tmp_path: Path, show: Show, request: pytest.FixtureRequest
) -> None:
    await _announce(database_url, tmp_path, size)
    people = (Person(id=FIRST_USER + number, first_name="Нұрлан", started=True) for number in range(size.people))
    async with scene(World(people=tuple(people), start=NOW), database_url, tmp_path) as stage:
        stage.trouble.change({"pacing": True})
        waits: list[float] = []
        told_meanwhile: list[int] = []
        await stage.start()
        async with _asking(stage, size, waits, told_meanwhile):
            await stage.until(lambda: _told(stage, size) == size.people, "everybody has the announcement")
        await stage.stop()
        sends, refused = stage.sends(), stage.telegram.errors[429]
        title = f"Announcement to {size.people} people while {size.asking} ask, strict pacing, {engine(database_url)}"
        table = Table(title, ("what", "there", "wanted"))
        table.add("sends", f"{sends}", "")
        table.add("answered 429", f"{refused}", f"under {size.refused_at_most:.1%}")
        table.add("questions answered meanwhile", f"{len(waits)}", "")
        table.add("answer to a question, median", f"{median(waits):.2f} s", "under 1 s")
        show(title, table)
        announced = [
            sum(message["text"] == ANNOUNCED for message in stage.by_bot(FIRST_USER + number))
            for number in range(size.people)
        ]
    assert announced == [1] * size.people
    assert refused <= size.refused_at_most * sends
    assert len(told_meanwhile) >= size.asking
    assert median(told_meanwhile) < size.people / 4, "answers wait behind the announcement"
    if request.node.get_closest_marker("soak"):
        assert median(waits) < 1


async def _announce(database_url: str, folder: Path, size: Size) -> None:
    async with Database.open(database_url) as database:
        await fill(database, folder, load_profile(None), students=size.people, courses=0)
        async with database.write() as storage:
            for person_id in await storage.students.all_ids():
                content = stored(Screen(Html(ANNOUNCED)))
                await owe(storage, to=person_id, kind=SCREEN, content=content, now=NOW, priority=Priority.ANNOUNCEMENT)
            await storage.commit()


def _told(stage: Scene, size: Size) -> int:
    """How many people have the announcement."""
    return sum(
        any(message["text"] == ANNOUNCED for message in stage.by_bot(FIRST_USER + number))
        for number in range(size.people)
    )


@asynccontextmanager
async def _asking(stage: Scene, size: Size, waits: list[float], told_meanwhile: list[int]) -> AsyncIterator[None]:
    """Let some people ask one thing after another; keeps how long each waited, how many were told meanwhile."""
    asking = [
        asyncio.create_task(_ask(stage, size, FIRST_USER + number, waits, told_meanwhile))
        for number in range(size.asking)
    ]
    try:
        yield
    finally:
        for task in asking:
            task.cancel()
        for ended in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


async def _ask(stage: Scene, size: Size, user: int, waits: list[float], told_meanwhile: list[int]) -> None:
    chance = Random(size.seed + user)
    time = asyncio.get_running_loop().time
    for one, other in chance.sample([(a, b) for a in range(50, 100) for b in range(50, 100)], 1000):
        question = f"/need {one} {other}"
        began, told = time(), _told(stage, size)
        stage.people.act({"as": user, "chat": user, "do": "send", "text": question})
        await stage.seen(user, lambda message, question=question: question_of(message) == question)  # type: ignore[misc]
        waits.append(time() - began)
        told_meanwhile.append(_told(stage, size) - told)
        await asyncio.sleep(chance.uniform(0.5, 1.5) * THINKING_SECONDS)
