"""Killed at any instant, over and over: no update is lost, none takes effect twice, no answer is out of order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.whole.conftest import Show, engine, free_port
from tests.whole.crowd import PROFILE, Crowd, populate, roll_of, world_of
from tests.whole.reckoning import reckoning
from tests.whole.scene import IN_A_HURRY, instants, kill_at, scene


@dataclass(frozen=True)
class Size:
    """How much of it."""

    people: int
    kills: int
    settings: Mapping[str, str] = field(default_factory=dict)
    seed: int = 20_261_121


SIZES = [
    pytest.param(Size(people=40, kills=5, settings=IN_A_HURRY), id="small"),
    pytest.param(Size(people=200, kills=25), id="full", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("way", ["polling", "webhook"])
@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_the_bot_is_killed_is_done_once_and_answered_in_order(
    size: Size, way: str, database_url: str, tmp_path: Path, show: Show
) -> None:
    roll = roll_of(size.people)
    codes = await populate(database_url, tmp_path, roll)
    (tmp_path / "profile.toml").write_text(PROFILE, encoding="utf-8")
    settings = {"KENES_PROFILE": "profile.toml", **size.settings}
    if way == "webhook":
        port = str(free_port())
        settings["WEBHOOK_URL"] = f"http://127.0.0.1:{port}/telegram"
        settings |= {"WEBHOOK_PORT": port, "WEBHOOK_SECRET": "only-Telegram-knows"}
    chance = Random(size.seed)
    async with scene(world_of(roll), database_url, tmp_path, **settings) as stage:
        crowd = Crowd(stage, roll, codes, size.seed)
        await stage.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(kill_at(stage, instants(chance, size.kills, roll.deeds), chance))
            group.create_task(crowd.live())
        counted = await reckoning(stage, crowd, database_url)
        title = (
            f"Killed {stage.kills} times: {roll.deeds} updates of {size.people} people, {way}, {engine(database_url)}"
        )
        show(title, counted.table(title))
        assert not crowd.done.missing, stage.log()
        assert crowd.done.deeds == roll.deeds
        assert stage.kills == size.kills
    counted.is_whole()
