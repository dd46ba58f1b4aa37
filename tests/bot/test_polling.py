"""Polling: nothing is confirmed before it is stored, and whatever the server does, it is asked again, ever later."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.types import Message
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import make_bot
from bot.delivery.pacing import Pace
from bot.delivery.polling import BATCH, POLL_SECONDS, Polling
from bot.delivery.touch import Touch
from bot.delivery.updates import Updates
from storage.database import Database
from storage.inbox import Inbox
from tests.bot.conftest import HandClock

TOKEN = f"1:{'t' * 35}"
DROPPED = object()

Answer = object  # DROPPED, or a status and a body


def refusal(code: int, description: str, **parameters: int) -> tuple[int, str]:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters or None}
    return code, json.dumps(body)


def batch(*numbers: int) -> tuple[int, str]:
    chat = {"id": 1, "type": "private"}
    messages = [
        {
            "update_id": number,
            "message": {"message_id": number, "date": 1_768_453_200, "chat": chat, "text": str(number)},
        }
        for number in numbers
    ]
    return 200, json.dumps({"ok": True, "result": messages})


class Server:
    """A Bot API server that answers getUpdates as it was told, and remembers what was asked and stored by then."""

    def __init__(self, file: Path) -> None:
        self.answers: list[Any] = []
        self.asked: list[tuple[str | None, int]] = []
        self.patience: list[str] = []
        self.kinds: Any = None
        self.handled: list[str] = []
        self.pauses: list[float] = []
        self.all_asked = asyncio.Event()
        self._file = file

    async def serve(self, request: web.Request) -> web.Response:
        fields = await request.post()
        offset = fields.get("offset")
        self.asked.append((offset if isinstance(offset, str) else None, stored(self._file)))
        self.patience.append(str(fields["timeout"]))
        self.kinds = json.loads(str(fields["allowed_updates"]))
        if not self.answers:
            self.all_asked.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if answer is DROPPED:
            assert request.transport
            request.transport.close()
            return web.Response()
        status, body = answer
        return web.Response(status=status, text=body)


def stored(file: Path) -> int:
    """Count what is in the inbox's file, as whoever starts after a kill would find it."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file)) as connection:
        count: int = connection.execute("SELECT count(*) FROM inbox").fetchone()[0]
        return count


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "kenes.db-inbox")


@pytest.fixture
async def polling(server: Server, inbox: Inbox, database: Database, clock: HandClock) -> AsyncIterator[Polling]:
    app = web.Application()
    app.router.add_route("*", f"/bot{TOKEN}/getUpdates", server.serve)

    async def receive(message: Message) -> None:
        server.handled.append(message.text or "")

    async def pause(seconds: float) -> None:
        server.pauses.append(seconds)

    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(receive)
    async with TestServer(app, shutdown_timeout=0) as listening:
        bot = make_bot(TOKEN, str(listening.make_url("")).rstrip("/"), Pace())
        updates = Updates(bot=bot, dispatcher=dispatcher, inbox=inbox, database=database, clock=clock)
        yield Polling(bot, updates, Touch(database, clock), kinds=["message", "my_chat_member"], sleep=pause)
        await updates.idle()
        await bot.session.close()


async def run(polling: Polling, server: Server) -> None:
    """Poll until everything was answered."""
    running = asyncio.create_task(polling.run())
    await server.all_asked.wait()
    running.cancel()
    await asyncio.wait([running])
    await polling._updates.idle()


async def test_a_batch_is_stored_before_it_is_confirmed(polling: Polling, server: Server) -> None:
    server.answers = [batch(), batch(7, 8), batch(), batch(9)]
    await run(polling, server)
    assert server.asked == [(None, 0), (None, 0), ("9", 2), ("9", 2), ("10", 3)]
    assert server.kinds == ["message", "my_chat_member"]
    assert server.pauses == []
    assert server.handled == ["7", "8", "9"]


async def test_what_waited_before_the_process_began_is_taken_without_waiting_for_more(
    polling: Polling, server: Server
) -> None:
    server.answers = [batch(*range(1, BATCH + 1)), batch(BATCH + 1), batch(BATCH + 2)]
    await run(polling, server)
    assert server.patience == ["0", "0", str(POLL_SECONDS), str(POLL_SECONDS)]


async def test_whatever_the_server_does_it_is_asked_again_ever_later(
    polling: Polling, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [
        (502, "<html>Bad Gateway</html>"),
        refusal(500, "Internal Server Error"),
        DROPPED,
        refusal(409, "Conflict: terminated by other getUpdates request"),
        refusal(401, "Unauthorized"),
        (200, json.dumps({"ok": True, "result": "nonsense"})),
        (200, "[]"),
        refusal(429, "Too Many Requests: retry after 100", retry_after=100),
        (500, "null"),
        batch(7),
        DROPPED,
    ]
    await run(polling, server)
    assert server.pauses == [1, 2, 4, 8, 16, 32, 60, 100, 60, 1]
    assert [offset for offset, _ in server.asked] == [None] * 10 + ["8", "8"]
    lines = [line for line in capsys.readouterr().out.splitlines() if "polling" in line]
    assert len([line for line in lines if "polling fails" in line]) == len(server.pauses)
    assert len([line for line in lines if "polling works again" in line]) == 1
    assert TOKEN not in "".join(lines)


async def test_what_cannot_be_stored_is_not_confirmed(server: Server, polling: Polling, tmp_path: Path) -> None:
    obstacle = tmp_path / "kenes.db-inbox"
    obstacle.mkdir()  # as a disk that takes nothing
    server.answers = [batch(7), batch(7), batch()]
    sleep = polling._sleep

    async def clear_away(seconds: float) -> None:
        await sleep(seconds)
        obstacle.rmdir()

    polling._sleep = clear_away
    server._file = tmp_path / "nowhere"
    await run(polling, server)
    assert server.pauses == [1]
    assert [offset for offset, _ in server.asked] == [None, None, "8", "8"]
    assert stored(obstacle) == 1
