"""The webhook: 200 says that an update is safe, and only who knows the secret is listened to."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import Message
from aiohttp.test_utils import TestClient, TestServer

from bot.delivery.updates import FULL, Updates
from bot.delivery.webhook import SECRET_HEADER, Webhook, path_of
from storage.database import Database
from storage.inbox import Inbox
from tests.bot.conftest import NOW, HandClock

SECRET = "only-Telegram-knows-it"
MESSAGE = {"message_id": 1, "date": 1_768_453_200, "chat": {"id": 1, "type": "private"}, "text": "сәлем"}
UPDATE: dict[str, Any] = {"update_id": 7, "message": MESSAGE}

Client = TestClient[Any, Any]


class Hall:
    """Where handlers wait until they may go on."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.handled: list[str] = []

    async def receive(self, message: Message) -> None:
        await self.open.wait()
        self.handled.append(message.text or "")


@pytest.fixture
async def hall() -> Hall:
    return Hall()


@pytest.fixture
async def updates(inbox: Inbox, database: Database, clock: HandClock, hall: Hall) -> Updates:
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(hall.receive)
    bot = Bot(f"1:{'t' * 35}")
    return Updates(bot=bot, dispatcher=dispatcher, inbox=inbox, database=database, clock=clock)


@pytest.fixture
async def client(updates: Updates, hall: Hall) -> AsyncIterator[Client]:
    async with TestClient(TestServer(Webhook(updates, SECRET).app("/telegram"))) as client:
        yield client
    hall.open.set()
    await updates.idle()


async def call(client: Client, body: Any = UPDATE, **headers: str) -> int:
    async with client.post("/telegram", json=body, headers=headers or {SECRET_HEADER: SECRET}) as response:
        return response.status


async def test_200_says_that_it_is_stored_not_that_it_is_handled(
    client: Client, updates: Updates, inbox: Inbox, hall: Hall
) -> None:
    assert await call(client) == 200
    assert [each.body for each in await inbox.waiting(at=NOW)] == [UPDATE]
    assert await call(client) == 200  # Telegram did not hear the first answer
    hall.open.set()
    await updates.idle()
    assert await call(client) == 200
    await updates.idle()
    assert hall.handled == ["сәлем"]


@pytest.mark.parametrize("secret", ["", "only-telegram-knows-it", SECRET + "!", "not-it"])
async def test_nobody_else_is_listened_to(client: Client, inbox: Inbox, secret: str) -> None:
    assert await call(client, **{SECRET_HEADER: secret}) == 401
    assert await call(client, **{"X-Other": SECRET}) == 401
    assert await inbox.waiting(at=NOW) == []


@pytest.mark.parametrize("secret", ["құпия".encode(), b"\xff\xfe", b"\xed\xa0\x80"])
async def test_letters_a_header_should_not_hold_are_a_wrong_secret(client: Client, secret: bytes) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    header = SECRET_HEADER.encode() + b": " + secret
    writer.write(b"POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + header + b"\r\n\r\n{}")
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert b" 401 " in status


async def test_what_is_no_update_is_refused_or_passed_over(client: Client, inbox: Inbox) -> None:
    async with client.post("/telegram", data=b"{", headers={SECRET_HEADER: SECRET}) as response:
        assert response.status == 400
    those: list[Any] = [[], {}, 7, {"update_id": "x"}]
    for nonsense in those:
        assert await call(client, nonsense) == 200  # sent again it would be no better
    assert await inbox.waiting(at=NOW) == []


@pytest.mark.parametrize("charset", ["nobody-knows-it", "hex", "rot13", "utf-16", "undefined"])
async def test_a_charset_that_is_not_what_came_is_refused(client: Client, inbox: Inbox, charset: str) -> None:
    headers = {SECRET_HEADER: SECRET, "Content-Type": f"application/json; charset={charset}"}
    async with client.post("/telegram", data=json.dumps(UPDATE).encode(), headers=headers) as response:
        assert response.status == 400
    async with client.post("/telegram", data=b"\xff\xfe{", headers={SECRET_HEADER: SECRET}) as response:
        assert response.status == 400


async def test_what_cannot_be_stored_has_to_come_again(client: Client, updates: Updates, tmp_path: Path) -> None:
    obstacle = tmp_path / "kenes.db-inbox"
    obstacle.mkdir()  # as a disk that takes nothing
    assert await call(client) == 503
    obstacle.rmdir()
    assert await call(client) == 200


async def test_when_too_much_waits_it_has_to_come_again(client: Client, updates: Updates, hall: Hall) -> None:
    await updates.take([{**UPDATE, "update_id": number} for number in range(100, 100 + FULL)])
    assert await call(client) == 503
    hall.open.set()
    await updates.room()
    assert await call(client) == 200


@pytest.mark.parametrize(
    ("url", "path"), [("https://bot.kz/telegram/7", "/telegram/7"), ("https://bot.kz", "/"), ("https://bot.kz/", "/")]
)
def test_the_path_is_that_of_the_address(url: str, path: str) -> None:
    assert path_of(url) == path
