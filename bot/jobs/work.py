"""Work that takes longer than a moment: it goes on after its handler, tells how far it is, ends with the process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from aiogram import Bot
from aiogram.enums import ChatAction, ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Chat, MaybeInaccessibleMessageUnion, Message

from bot.screen import Screen, replace, send
from storage.trouble import TroubleError

SECONDS_BETWEEN = 2  # how often a message tells how far the work is
SECONDS_TO_STOP = 5

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Work:
    """All that is going on, each piece under a key of its own; `turn` lets one at a time do what takes much memory.

    `jobs` are the numbers of those that are kept in the records, `left` of those that storage cut short or that came
    while another was at the same: what becomes of them is found out as of those of a process that is gone
    (`bot/jobs/resuming.py`).
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.turn = asyncio.Semaphore(1)
        self.jobs: set[int] = set()
        self.left: set[int] = set()

    def goes_on(self, key: str) -> bool:
        """Tell whether there is a job with this key."""
        return key in self._tasks

    def start(self, key: str, job: Coroutine[Any, Any, None], number: int) -> bool:
        """Begin a job; False, and it is left for later, while one with this key goes on."""
        if key in self._tasks:
            job.close()
            self.left.add(number)
            return False
        self._tasks[key] = asyncio.create_task(self._do(key, job, number))
        return True

    async def _do(self, key: str, job: Coroutine[Any, Any, None], number: int) -> None:
        self.jobs.add(number)
        try:
            await job
        except TroubleError as error:
            log.warning("job waits for storage", job=key, why=str(error))
            self.left.add(number)
        except Exception:
            log.exception("job failed", job=key)
        finally:
            self.jobs.discard(number)
            del self._tasks[key]

    async def finish(self) -> None:
        """Wait until nothing goes on."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def stop(self) -> None:
        """Interrupt all that goes on; each may say so before it ends."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=SECONDS_TO_STOP)


class ProgressMessage:
    """The message in which one piece of work tells how far it is, and at last what came of it."""

    def __init__(self, bot: Bot, standing: MaybeInaccessibleMessageUnion) -> None:
        """Take the place of a message of the bot."""
        self._bot = bot
        self._standing = standing
        self._shown: Screen | None = None

    @classmethod
    async def send(cls, bot: Bot, chat: int, screen: Screen) -> "ProgressMessage":
        """Begin with a message of its own."""
        return cls(bot, await send(bot, chat, screen))

    @classmethod
    def at(cls, bot: Bot, chat: int, message_id: int) -> "ProgressMessage":
        """Go on in the text message a process that is gone began."""
        private = Chat(id=chat, type=ChatType.PRIVATE)
        return cls(bot, Message(message_id=message_id, date=datetime.now(UTC), chat=private, text=""))

    @property
    def message_id(self) -> int:
        """Where it stands now."""
        return self._standing.message_id

    async def show(self, *screens: Screen) -> None:
        """Show the first screen here, the others below; raises TelegramAPIError."""
        self._standing = await replace(self._bot, self._standing, screens[0])
        self._shown = screens[0]
        for screen in screens[1:]:
            await send(self._bot, self._standing.chat.id, screen)

    async def during(self, work: Awaitable[Result], tell: Callable[[], Screen]) -> Result:
        """Wait for work, showing now and then what `tell` says; a message that cannot be shown stops nothing."""
        working = asyncio.ensure_future(work)
        try:
            await self._tell(None)
            while not (await asyncio.wait([working], timeout=SECONDS_BETWEEN))[0]:
                await self._tell(tell())
        except asyncio.CancelledError:
            working.cancel()
            await asyncio.wait([working])
            raise
        return await working

    async def _tell(self, screen: Screen | None) -> None:
        """Show that something is done; what has not changed is not sent again: many files may wait for their turn."""
        if screen is not None and screen == self._shown:
            return
        with suppress(TelegramAPIError):
            if screen is not None:
                await self.show(screen)
            await self._bot.send_chat_action(self._standing.chat.id, ChatAction.TYPING)
