"""A sandbox served on loopback, a real aiogram bot that talks to it, and people who act."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Update
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from sandbox.cast import BotAccount, Group, Person, World
from sandbox.server import TELEGRAM, make_app
from sandbox.state import Telegram

TOKEN = "7000000001:AAHdemo-demo-demo-demo-demo-demo-demo"
AIGERIM, DANIYAR, STRANGER, GONE, MEMBER_ONLY = 101, 102, 103, 104, 105
GROUP, FORUM = -501, -1_000_000_000_777

PEOPLE = (
    Person(AIGERIM, "Әйгерім", "Сәрсен", "aigerim", "kk", "+77011112233", started=True),
    Person(DANIYAR, "Данияр", None, None, "ru", "+77014445566", started=True),
    Person(STRANGER, "Stranger"),
    Person(GONE, "Gone", started=True, deactivated=True),
    Person(MEMBER_ONLY, "Member"),
)
GROUPS = (
    Group(GROUP, "Кеңес", (AIGERIM, DANIYAR, MEMBER_ONLY), (AIGERIM,), bot="member"),
    Group(FORUM, "Форум", (AIGERIM, DANIYAR), (AIGERIM,), "supergroup", bot="administrator", is_forum=True),
)


class QuickSession(AiohttpSession):
    """aiogram's session without its pause after closing."""

    async def close(self) -> None:
        """Close at once."""
        if self._session is not None:
            await self._session.close()


class Sandbox:
    """What a test has in hand: the bot, the page's questions, the state behind both."""

    def __init__(self, bot: Bot, http: ClientSession, address: str, telegram: Telegram) -> None:
        self.bot = bot
        self.http = http
        self.address = address
        self.telegram = telegram

    async def get(self, path: str, **query: Any) -> Any:
        """Ask as the page does."""
        async with self.http.get(f"/sandbox/api{path}", params=query) as response:
            return await response.json()

    async def post(self, path: str, body: Any) -> Any:
        """Tell as the page does."""
        async with self.http.post(f"/sandbox/api{path}", json=body) as response:
            return await response.json()

    async def act(self, person: int, do: str, *, chat: int | None = None, **fields: Any) -> Any:
        """Do one act, in the private chat unless another is named; fail the test when it is refused."""
        answer = await self.post("/act", {"as": person, "chat": chat or person, "do": do, **fields})
        assert answer["ok"], answer
        return answer

    async def call(self, method: str, token: str = TOKEN, **fields: Any) -> tuple[int, Any]:
        """Call a method with a JSON body, as no library would; return status and answer."""
        async with self.http.post(f"/bot{token}/{method}", json=fields) as response:
            return response.status, await response.json()

    async def updates(self) -> list[Update]:
        """Take and confirm all updates that wait."""
        taken = await self.bot.get_updates()
        if taken:
            await self.bot.get_updates(offset=taken[-1].update_id + 1)
        return taken

    async def messages(self, person: int, chat: int | None = None) -> list[Any]:
        """Return what a person sees in a chat."""
        page = await self.get("/messages", **{"as": person, "chat": chat or person})
        return list(page["messages"])


Opener = Callable[..., Any]


@pytest.fixture
def open_sandbox() -> Opener:
    """Give a way to open a sandbox with a world of one's own."""

    @asynccontextmanager
    async def opened(world: World | None = None, **options: Any) -> AsyncIterator[Sandbox]:
        world = world or World(BotAccount(), PEOPLE, GROUPS)
        app = make_app(world, token=TOKEN, **options)
        async with TestServer(app) as server:
            address = str(server.make_url("")).rstrip("/")
            bot = Bot(TOKEN, session=QuickSession(api=TelegramAPIServer.from_base(address)))
            async with ClientSession(address) as http:
                yield Sandbox(bot, http, address, app[TELEGRAM])
                await bot.session.close()

    return opened


@pytest.fixture
async def sandbox(open_sandbox: Opener) -> AsyncIterator[Sandbox]:
    """Give a sandbox with a few people and two groups."""
    async with open_sandbox() as opened:
        yield opened


@pytest.fixture
def refused() -> Callable[[Awaitable[Any]], Awaitable[str]]:
    """Give a way to read what a bot is told when a call is refused."""
    from aiogram.exceptions import TelegramAPIError

    async def message(call: Awaitable[Any]) -> str:
        with pytest.raises(TelegramAPIError) as caught:
            await call
        return caught.value.message

    return message
