"""Killed at any instant, over and over: no update is lost, none takes effect twice, no answer is out of order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bench.table import Table
from bot.updates import AT_ONCE
from tests.whole.conftest import Show, engine, free_port
from tests.whole.crowd import PROFILE, Crowd, Done, populate, roll_of, world_of
from tests.whole.reckoning import Heard, Kept, heard_by, kept_in
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
        if not crowd.done.missing:
            await stage.until_nothing_is_left()
            await stage.restart_says_nothing()
        heard = heard_by(stage, crowd.done)
        kept = await kept_in(database_url, roll, crowd.done)
        title = (
            f"Killed {stage.kills} times: {roll.deeds} updates of {size.people} people, {way}, {engine(database_url)}"
        )
        show(title, _table(title, crowd.done, heard, kept, stage.kills))
        assert not crowd.done.missing, stage.log()
        assert crowd.done.deeds == roll.deeds
        assert stage.kills == size.kills
    assert not heard.missing
    assert not heard.out_of_order
    assert heard.repeated <= size.kills * AT_ONCE
    assert kept.there == kept.wanted


def _table(title: str, done: Done, heard: Heard, kept: Kept, kills: int) -> Table:
    table = Table(title, ("what", "there", "wanted"))
    for what, there in kept.there.items():
        table.add(what, f"{there}", f"{kept.wanted[what]}")
    table.add('"Load it" pressed again after a kill', f"{done.pressed_again}", "")
    table.add("files given up after two kills, sent again", f"{done.sent_again}", "")
    table.add("questions answered", f"{heard.answered}", f"{sum(map(len, done.asked.values()))}")
    table.add("answered twice", f"{heard.repeated}", f"at most {kills} x {AT_ONCE}")
    table.add("chats out of order", f"{len(heard.out_of_order)}", "0")
    return table
