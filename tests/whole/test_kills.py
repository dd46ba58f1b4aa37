"""Killed at any instant, over and over: no update is lost, none takes effect twice, no answer is out of order."""

from pathlib import Path

import pytest

from tests.whole.conftest import Show, free_port
from tests.whole.reckoning import Size, lived_through
from tests.whole.scene import IN_A_HURRY, kill_at

SIZES = [
    pytest.param(Size(people=40, times=5, settings=IN_A_HURRY), id="small"),
    pytest.param(Size(people=200, times=25), id="full", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("way", ["polling", "webhook"])
@pytest.mark.parametrize("size", SIZES)
async def test_what_people_do_while_the_bot_is_killed_is_done_once_and_answered_in_order(
    size: Size, way: str, database_url: str, tmp_path: Path, show: Show
) -> None:
    settings: dict[str, str] = {}
    if way == "webhook":
        port = str(free_port())
        settings["WEBHOOK_URL"] = f"http://127.0.0.1:{port}/telegram"
        settings |= {"WEBHOOK_PORT": port, "WEBHOOK_SECRET": "only-Telegram-knows"}
    await lived_through(
        size, database_url, tmp_path, show, what="Killed {n} times", strike=kill_at, way=way, settings=settings
    )
