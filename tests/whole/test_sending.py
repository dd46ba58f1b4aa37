"""What is owed arrives, in order, whatever happens to the bot, the network and Telegram; in flight, perhaps twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bench.records import FIRST_USER, fill
from bench.table import Table
from bot.delivery.sender import CONCURRENCY
from bot.delivery.worded import SCREEN, stored
from bot.i18n import Html
from bot.screen import Screen
from policy.profile import load_profile
from sandbox.cast import Person, World
from services.owing import Delivery, delivery, owe
from storage.database import Database
from storage.outbox import Priority
from tests.whole.conftest import Show, engine
from tests.whole.crowd import NOW
from tests.whole.scene import IN_A_HURRY, Scene, instants, kill_at, scene

GROUP = "announcement:1"
EACH = 2
"""Messages to a person: the second must not overtake the first."""


@dataclass(frozen=True)
class Size:
    """How much of it."""

    people: int
    kills: int
    seed: int = 20_261_121
    trouble: Mapping[str, float] = field(default_factory=dict)
    blocked: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


ROUGH = {"5xx": 5, "drop_before": 2, "drop_after": 2, "429": 1}
SIZES = [
    pytest.param(Size(people=100, kills=5, settings=IN_A_HURRY), id="small"),
    pytest.param(Size(people=100, kills=5, settings=IN_A_HURRY, trouble=ROUGH, blocked=3), id="small in trouble"),
    pytest.param(Size(people=2500, kills=25), id="full", marks=pytest.mark.soak),
    pytest.param(Size(people=2500, kills=25, trouble=ROUGH, blocked=75), id="full in trouble", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("size", SIZES)
async def test_everybody_gets_what_is_owed_though_the_bot_is_killed(
    size: Size, database_url: str, tmp_path: Path, show: Show
) -> None:
    await _owe_everybody(database_url, tmp_path, size)
    chance = Random(size.seed)
    async with scene(_world(size), database_url, tmp_path, **size.settings) as stage:
        stage.trouble.change({"seed": size.seed, "fail_percent": dict(size.trouble)})
        await stage.start()
        owed = size.people * EACH
        await kill_at(stage, instants(chance, size.kills, owed), chance)
        await stage.until(lambda: _people_told(stage, size) == size.people - size.blocked, "everybody has theirs")
        await stage.until_nothing_is_left()
        stage.trouble.change({"fail_percent": dict.fromkeys(size.trouble, 0)})
        await stage.restart_says_nothing()
        counts = await _delivery(database_url)
        heard = [[message["text"] for message in stage.by_bot(user)] for user in _users(size)]
        twice = sum(len(texts) - len(set(texts)) for texts in heard)
        bound = stage.kills * CONCURRENCY + stage.trouble.answers_lost()
        title = _title(size, stage.kills, engine(database_url))
        table = Table(title, ("what", "there", "wanted"))
        table.add("told, by the outbox", f"{counts.told}", f"{owed - size.blocked * EACH}")
        table.add("unreachable, by the outbox", f"{counts.unreachable}", f"{size.blocked * EACH}")
        table.add("arrived twice", f"{twice}", f"at most {stage.kills} x {CONCURRENCY} in flight")
        table.add("", "", f"and {stage.trouble.answers_lost()} whose answer the network lost")
        show(title, table)
    assert stage.kills == size.kills
    assert counts == Delivery(told=owed - size.blocked * EACH, unreachable=size.blocked * EACH)
    assert all(list(dict.fromkeys(texts)) == _texts() for texts in heard[size.blocked :])
    assert not any(heard[: size.blocked])
    assert twice <= bound


def _title(size: Size, kills: int, engine: str) -> str:
    trouble = ", ".join(f"{share} % {fault}" for fault, share in size.trouble.items())
    over = f", {trouble}, {size.blocked} people blocked the bot" if size.trouble else ""
    return f"Killed {kills} times: {size.people * EACH} owed messages{over}, {engine}"


def _users(size: Size) -> range:
    return range(FIRST_USER, FIRST_USER + size.people)


def _world(size: Size) -> World:
    people = (
        Person(id=user, first_name="Нұрлан", started=True, blocked=number < size.blocked)
        for number, user in enumerate(_users(size))
    )
    return World(people=tuple(people), start=NOW)


def _texts() -> list[str]:
    return [f"№ {number}" for number in range(EACH)]


async def _owe_everybody(database_url: str, folder: Path, size: Size) -> None:
    async with Database.open(database_url) as database:
        await fill(database, folder, load_profile(None), students=size.people, courses=0)
        async with database.write() as storage:
            for person_id in sorted(await storage.students.all_ids()):
                for text in _texts():
                    await owe(
                        storage,
                        to=person_id,
                        kind=SCREEN,
                        content=stored(Screen(Html(text))),
                        now=NOW,
                        priority=Priority.ANNOUNCEMENT,
                        group_key=GROUP,
                    )
            await storage.commit()


def _people_told(stage: Scene, size: Size) -> int:
    return sum(len({message["text"] for message in stage.by_bot(user)}) == EACH for user in _users(size))


async def _delivery(database_url: str) -> Delivery:
    async with Database.open(database_url) as database, database.read() as storage:
        return await delivery(storage, GROUP)


@pytest.mark.parametrize(
    "size", [pytest.param(Size(people=60, kills=0, settings=IN_A_HURRY, trouble=ROUGH), id="small")]
)
async def test_without_a_kill_only_a_lost_answer_makes_a_message_arrive_twice(
    size: Size, database_url: str, tmp_path: Path
) -> None:
    await _owe_everybody(database_url, tmp_path, size)
    async with scene(_world(size), database_url, tmp_path, **size.settings) as stage:
        stage.trouble.change({"seed": size.seed, "fail_percent": dict(size.trouble)})
        await stage.start()
        await stage.until(lambda: _people_told(stage, size) == size.people, "everybody has theirs")
        await stage.until_nothing_is_left()
        await stage.stop()
        heard = [[message["text"] for message in stage.by_bot(user)] for user in _users(size)]
        lost = stage.trouble.answers_lost()
    assert sum(map(len, heard)) == size.people * EACH + lost
