"""Updates pushed to a webhook: the secret, redelivery with growing pauses, order within a chat."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.sandbox.conftest import AIGERIM, DANIYAR, Opener, Sandbox


class Receiver:
    """A bot's webhook that answers as the test says."""

    def __init__(self) -> None:
        self.statuses: dict[str, list[int]] = {}
        self.got: asyncio.Queue[tuple[dict[str, Any], str | None]] = asyncio.Queue()
        self.address = ""

    async def answer(self, request: web.Request) -> web.Response:
        update = await request.json()
        await self.got.put((update, request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        left = self.statuses.get(update["message"]["text"], [])
        return web.Response(status=left.pop(0) if left else 200)

    async def texts(self, count: int) -> list[str]:
        return [(await self.got.get())[0]["message"]["text"] for _ in range(count)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.answer)
    async with TestServer(app) as server:
        made.address = str(server.make_url("/hook"))
        yield made


async def _settled(sandbox: Sandbox) -> None:
    while (await sandbox.bot.get_webhook_info()).pending_update_count:
        pass


async def test_what_waits_and_what_comes_is_pushed_with_the_secret(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.act(AIGERIM, "send", text="before")
    await sandbox.bot.set_webhook(receiver.address, secret_token="only-Telegram_knows")
    await sandbox.act(AIGERIM, "send", text="after")
    for text in ("before", "after"):
        update, secret = await receiver.got.get()
        assert (update["message"]["text"], secret) == (text, "only-Telegram_knows")
    await _settled(sandbox)


async def test_an_update_is_pushed_again_until_it_is_taken_and_the_chat_waits(
    open_sandbox: Opener, receiver: Receiver
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with open_sandbox(sleep=sleep) as sandbox:
        receiver.statuses = {"first": [500, 503, 404, 302, 500]}
        await sandbox.bot.set_webhook(receiver.address)
        acts = [
            {"as": person, "chat": person, "do": "send", "text": text}
            for person, text in ((AIGERIM, "first"), (AIGERIM, "second"), (DANIYAR, "other"))
        ]
        await sandbox.post("/acts", acts)
        texts = await receiver.texts(8)
        assert [text for text in texts if text != "other"] == ["first"] * 6 + ["second"]
        assert Counter(texts)["other"] == 1
        assert pauses == [0, 2, 4, 8, 16]
        await _settled(sandbox)
        info = await sandbox.bot.get_webhook_info()
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_a_webhook_that_is_not_there_gets_it_when_it_comes_back(open_sandbox: Opener, receiver: Receiver) -> None:
    tried = asyncio.Event()
    back = asyncio.Event()

    async def sleep(seconds: float) -> None:
        if seconds:
            tried.set()
            await back.wait()

    async with open_sandbox(sleep=sleep) as sandbox:
        await sandbox.bot.set_webhook("http://127.0.0.1:9/hook")
        await sandbox.act(AIGERIM, "send", text="kept")
        await tried.wait()
        info = await sandbox.bot.get_webhook_info()
        assert (info.pending_update_count, info.last_error_message) == (1, "Connection failed: ClientConnectorError")
        await sandbox.bot.set_webhook(receiver.address)
        assert await receiver.texts(1) == ["kept"]


async def test_polling_and_a_webhook_exclude_each_other(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.bot.set_webhook(receiver.address)
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await sandbox.bot.get_updates()
    await sandbox.bot.delete_webhook()
    await sandbox.act(AIGERIM, "send", text="polled")
    assert len(await sandbox.bot.get_updates()) == 1


async def test_pending_updates_can_be_dropped(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", text="x")
    assert (await sandbox.bot.get_webhook_info()).pending_update_count == 1
    await sandbox.bot.delete_webhook(drop_pending_updates=True)
    assert await sandbox.bot.get_updates() == []


async def test_addresses_and_secrets_telegram_would_not_take(sandbox: Sandbox) -> None:
    with pytest.raises(TelegramBadRequest, match="An HTTPS URL must be provided for webhook"):
        await sandbox.bot.set_webhook("http://bot.kaz.kz/hook")
    with pytest.raises(TelegramBadRequest, match="secret token contains unallowed characters"):
        await sandbox.bot.set_webhook("https://bot.kaz.kz/hook", secret_token="a b")
