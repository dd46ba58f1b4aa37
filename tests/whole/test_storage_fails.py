"""Storage that fails under load, over and over: every update the bot was told of is handled once, in its order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from storage.migrations import migrate
from tests.storage.faults import end_connections, held, unwritable
from tests.whole.conftest import Show, engine
from tests.whole.crowd import PROFILE, Crowd, populate, roll_of, world_of
from tests.whole.disks import small_disk
from tests.whole.reckoning import reckoning
from tests.whole.scene import IN_A_HURRY, Scene, instants, scene
from tests.whole.servers import server


@dataclass(frozen=True)
class Size:
    """How much of it: so many people, so many times, for so long where it lasts."""

    people: int
    times: int
    seconds: float
    settings: Mapping[str, str] = field(default_factory=dict)
    seed: int = 20_261_129


SIZES = [
    pytest.param(Size(people=40, times=3, seconds=5, settings=IN_A_HURRY), id="small"),
    pytest.param(Size(people=200, times=3, seconds=90), id="full", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_another_writer_has_the_lock_is_done_once_and_answered_in_order(
    size: Size, database_url: str, tmp_path: Path, show: Show
) -> None:
    async def lock() -> None:
        async with held(database_url):
            await asyncio.sleep(size.seconds)

    await _lived_through(size, database_url, tmp_path, show, what=f"lock held for {size.seconds:.0f} s", strike=lock)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_connections_end_is_done_once_and_answered_in_order(
    size: Size, database_url: str, tmp_path: Path, show: Show
) -> None:
    async def end() -> None:
        assert await end_connections(database_url)

    await _lived_through(size, database_url, tmp_path, show, what="connections ended", strike=end)


@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_the_server_restarts_is_done_once_and_answered_in_order(
    size: Size, tmp_path: Path, show: Show
) -> None:
    with server() as own:
        await asyncio.to_thread(migrate, own.url)

        async def restart() -> None:
            await asyncio.to_thread(own.restart)

        await _lived_through(size, own.url, tmp_path, show, what="server restarted", strike=restart)


@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_nothing_can_be_written_is_done_once_and_answered_in_order(
    size: Size, database_url: str, tmp_path: Path, show: Show
) -> None:
    async def refuse() -> None:
        async with unwritable(database_url):
            await asyncio.sleep(size.seconds)

    what = f"no writes taken for {size.seconds:.0f} s"
    await _lived_through(size, database_url, tmp_path, show, what=what, strike=refuse)


@pytest.mark.soak
async def test_what_people_do_while_the_disk_is_full_is_done_once_and_answered_in_order(
    tmp_path: Path, show: Show
) -> None:
    size = Size(people=200, times=3, seconds=20)
    with small_disk(tmp_path / "disk") as disk:
        url = f"sqlite+aiosqlite:///{disk.folder / 'kenes.db'}"
        await asyncio.to_thread(migrate, url)

        async def fill() -> None:
            with disk.full():
                await asyncio.sleep(size.seconds)

        await _lived_through(size, url, tmp_path, show, what=f"disk full for {size.seconds:.0f} s", strike=fill)


async def _lived_through(
    size: Size, url: str, folder: Path, show: Show, *, what: str, strike: Callable[[], Awaitable[None]]
) -> None:
    """Let everybody do what they came for while storage fails, and count what came of it."""
    roll = roll_of(size.people)
    codes = await populate(url, folder, roll)
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    chance = Random(size.seed)
    async with scene(world_of(roll), url, folder, KENES_PROFILE="profile.toml", **size.settings) as stage:
        crowd = Crowd(stage, roll, codes, size.seed)
        await stage.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(_strike_at(stage, instants(chance, size.times, roll.deeds), strike))
            group.create_task(crowd.live())
        counted = await reckoning(stage, crowd, url)
        title = (
            f"{what.capitalize()}, {stage.struck} times: {roll.deeds} updates of {size.people} people, {engine(url)}"
        )
        show(title, counted.table(title))
        assert not crowd.done.missing, stage.log()
        assert crowd.done.deeds == roll.deeds
        assert stage.struck == size.times
    counted.is_whole()


async def _strike_at(stage: Scene, answers: list[int], strike: Callable[[], Awaitable[None]]) -> None:
    for instant in answers:
        while stage.answers() < instant:
            if stage.quiet.is_set():
                return
            await asyncio.sleep(0.001)
        stage.struck += 1
        await strike()
