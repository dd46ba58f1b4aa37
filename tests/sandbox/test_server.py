"""Who may ask the sandbox, its clock, its world file, and the program that serves it alone."""

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from sandbox.cast import BotAccount, Group, Person, World, WorldError
from sandbox.clock import ClockWentBackError, SandboxClock
from sandbox.server import make_app, serve
from tests.sandbox.conftest import AIGERIM, GROUPS, PEOPLE, TOKEN, Opener, Sandbox

START = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/", "/sandbox/api/world", "/sandbox/clock", "/page/index.html", f"/bot{TOKEN}/getMe"]
)
async def test_other_sites_are_shut_out(sandbox: Sandbox, headers: dict[str, str], path: str) -> None:
    async with sandbox.http.get(path, headers=headers) as response:
        assert response.status == 403


async def test_the_page_itself_may_act(sandbox: Sandbox) -> None:
    act = {"as": AIGERIM, "chat": AIGERIM, "do": "send", "text": "x"}
    for headers, status in (({"Origin": sandbox.address}, 200), ({"Origin": "https://evil.example"}, 403)):
        async with sandbox.http.post("/sandbox/api/act", json=act, headers=headers) as response:
            assert response.status == status
    assert len(await sandbox.messages(AIGERIM)) == 1


async def test_the_page_is_served_with_a_policy(sandbox: Sandbox) -> None:
    async with sandbox.http.get("/") as response:
        assert response.content_type == "text/html"
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
    async with sandbox.http.get("/page/../server.py") as response:
        assert response.status == 404


async def test_the_clock_goes_forward_and_says_so_in_its_file(open_sandbox: Opener, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    async with open_sandbox(World(BotAccount(), PEOPLE, GROUPS, start=START), clock_file=file) as sandbox:

        async def offset() -> float:
            async with sandbox.http.get("/sandbox/clock") as response:
                text = await response.text()
            assert text == file.read_text()
            return float(text)

        begun = await offset()
        assert abs((datetime.now(UTC) + timedelta(seconds=begun) - START).total_seconds()) < 20
        answer = await sandbox.post("/clock", {"advance": 3600})
        assert await offset() == pytest.approx(begun + 3600)
        assert answer["offset_seconds"] == pytest.approx(begun + 3600)
        answer = await sandbox.post("/clock", {"to": "2026-01-13T12:59:00+05:00"})
        assert answer["now"].startswith("2026-01-13T12:59:")
        moved = await offset()
        for wrong in (
            {"to": "2026-01-13T12:00:00+05:00"},
            {"to": "2026-01-14T12:00:00"},
            {"to": "tomorrow"},
            {"advance": -1},
            {"advance": 1e300},
            {"advance": "3600"},
            {},
        ):
            assert (await sandbox.post("/clock", wrong))["ok"] is False
        assert await offset() == moved


def test_a_clock_never_goes_back() -> None:
    clock = SandboxClock(START)
    with pytest.raises(ClockWentBackError):
        clock.move_to(START - timedelta(seconds=1))
    with pytest.raises(ClockWentBackError):
        clock.advance(float("nan"))


def test_a_world_file_gives_the_same_world(tmp_path: Path) -> None:
    world = World(BotAccount(), PEOPLE, GROUPS, start=START, zone="Asia/Almaty", history_limit=100)
    world.dump(tmp_path / "world.json")
    assert World.load(tmp_path / "world.json") == world


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"peoples": []}, "unknown peoples"),
        ({"people": [{"id": 1}]}, "first_name"),
        ({"people": [{"id": "1", "first_name": "A"}]}, r"people\[0\].id"),
        ({"people": [{"id": 1, "first_name": "A", "tag": "king"}]}, "tag"),
        ({"people": [{"id": 1, "first_name": "A"}] * 2}, "share an id"),
        ({"groups": [{"id": -5, "title": "G", "members": [9]}]}, "unknown members"),
        ({"groups": [{"id": 5, "title": "G"}]}, "not an id of a group"),
        ({"groups": [{"id": -5, "title": "G", "type": "supergroup"}]}, "not an id of a supergroup"),
        ({"start": "2026-01-12T10:00:00"}, "no offset"),
        ({"start": "soon"}, "start"),
        ({"zone": "Asia/Atlantis"}, "zone"),
        ({"people": 5}, "people"),
    ],
)
def test_a_world_that_cannot_be_is_refused_with_its_place(wrong: dict[str, object], complaint: str) -> None:
    with pytest.raises(WorldError, match=complaint):
        World.from_json(wrong)


async def test_a_token_of_another_bot_and_an_open_address_are_refused() -> None:
    with pytest.raises(WorldError, match="not the bot's id"):
        make_app(World(), token="1:x")
    with pytest.raises(ValueError, match="loopback only"):
        await serve(World(), token=TOKEN, port=0, host="0.0.0.0")


async def test_the_sandbox_runs_by_itself(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    World(BotAccount(), (Person(1, "A", started=True),), (Group(-2, "G", (1,)),)).dump(world)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--world", str(world), "--port", "0", "--token", TOKEN,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+", (await process.stdout.readline()).decode())
        assert address is not None
        async with aiohttp.ClientSession() as http, http.get(f"{address[0]}/bot{TOKEN}/getMe") as response:
            assert json.loads(await response.text())["result"]["username"] == "kenes_demo_bot"
    finally:
        process.terminate()
        assert await process.wait() == 0
