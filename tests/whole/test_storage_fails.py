"""Storage that fails under load, over and over: every update the bot was told of is handled once, in its order."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from storage.migrations import migrate
from tests.storage.faults import end_connections, held, unwritable
from tests.whole.conftest import Show
from tests.whole.disks import small_disk
from tests.whole.reckoning import Size, lived_through
from tests.whole.scene import IN_A_HURRY, Scene
from tests.whole.servers import server

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
    async def strike_at(stage: Scene, answers: list[int], _: Random) -> None:
        for instant in answers:
            while stage.answers() < instant:
                if stage.quiet.is_set():
                    return
                await asyncio.sleep(0.001)
            stage.struck += 1
            await strike()

    await lived_through(size, url, folder, show, what=f"{what.capitalize()}, {{n}} times", strike=strike_at)
