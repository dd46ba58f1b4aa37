"""`kenes run` against a server that is not the sandbox: it answers as Telegram documents, and nothing more."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

TOKEN = "424242:any-server-any-server-any-server"
BOT = {"id": 424242, "is_bot": True, "first_name": "Kenes", "username": "some_bot"}
STRANGER = {"id": 77, "is_bot": False, "first_name": "Әлия", "language_code": "kk"}


@dataclass
class Server:
    """The few methods a bot needs, by their documentation."""

    url: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    said: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    polled: asyncio.Event = field(default_factory=asyncio.Event)
    down: int = 0  # how many more calls are answered with 502

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one method."""
        if request.match_info["token"] != TOKEN:
            refusal = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            return web.json_response(refusal, status=401)
        if self.down:
            self.down -= 1
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        fields = dict(await request.post())
        return web.json_response({"ok": True, "result": await self.result(request.match_info["method"], fields)})

    async def result(self, method: str, fields: dict[str, Any]) -> Any:
        """Return what a method returns."""
        match method:
            case "getMe":
                return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False}
            case "getUpdates":
                self.polled.set()
                self.updates = [one for one in self.updates if one["update_id"] >= int(fields.get("offset", 0))]
                if not self.updates:
                    await asyncio.sleep(0.1)
                return self.updates
            case "getMyCommands":
                return []
            case "getMyDescription":
                return {"description": ""}
            case "getMyShortDescription":
                return {"short_description": ""}
            case "sendMessage":
                await self.said.put(fields)
                chat = {"id": int(fields["chat_id"]), "type": "private", "first_name": "Әлия"}
                return {"message_id": 2, "date": 1_768_200_000, "chat": chat, "from": BOT, "text": fields["text"]}
            case _:
                return True


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", server.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


async def start(server: Server, folder: Path, **more: str) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": server.url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/kenes.db",
        **more,
    }
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kenes", "run", cwd=folder, env=environment, stdout=pipe, stderr=pipe
    )


async def first(answer: Coroutine[Any, Any, dict[str, Any]], bot: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return what was waited for; fails when the bot ends before."""
    waiting, ending = asyncio.create_task(answer), asyncio.create_task(bot.wait())
    async with asyncio.timeout(60):
        await asyncio.wait([waiting, ending], return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        pytest.fail(f"the bot ended with {bot.returncode}: {(await bot.communicate())[1].decode()[-2000:]}")
    ending.cancel()
    return waiting.result()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_bot_answers_on_any_server_survives_its_hiccups_and_stops_cleanly(
    server: Server, tmp_path: Path, stop: signal.Signals
) -> None:
    server.down = 2
    chat = {"id": 77, "type": "private", "first_name": "Әлия"}
    message = {"message_id": 1, "date": 1_768_200_000, "chat": chat, "from": STRANGER, "text": "сәлем"}
    server.updates.append({"update_id": 5, "message": message})
    bot = await start(server, tmp_path)
    said = await first(server.said.get(), bot)
    assert said["chat_id"] == "77"
    assert "Kenes" in said["text"]
    bot.send_signal(stop)
    async with asyncio.timeout(30):
        _, log = await bot.communicate()
    assert bot.returncode == 0
    lines = [json.loads(line) for line in log.decode().splitlines()]
    assert lines[-1]["event"] == "stopped"
    assert "сәлем" not in log.decode()
    assert "Әлия" not in log.decode()
    assert TOKEN not in log.decode()


async def test_a_token_the_server_does_not_know_ends_the_start_with_its_name(server: Server, tmp_path: Path) -> None:
    bot = await start(server, tmp_path, BOT_TOKEN="424242:some-other-token-some-other-token")
    async with asyncio.timeout(60):
        _, said = await bot.communicate()
    assert bot.returncode == 1
    assert "BOT_TOKEN" in said.decode()


async def test_a_profile_with_a_wrong_value_stops_the_start_and_says_which(server: Server, tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text("[university]\nworking_week = 9\n")
    bot = await start(server, tmp_path, KENES_PROFILE="profile.toml")
    async with asyncio.timeout(60):
        _, said = await bot.communicate()
    assert bot.returncode == 1
    assert "working_week = 9; allowed:" in said.decode()
