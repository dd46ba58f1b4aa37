"""Polling: a batch is asked for, stored, and only then confirmed by asking for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates
from aiohttp import ClientError, ClientTimeout

from bot.delivery.metrics import Meter, Uncounted
from bot.delivery.touch import Touch
from bot.delivery.troubles import Troubles
from bot.delivery.updates import Updates
from storage.trouble import TroubleError

POLL_SECONDS = 30  # how long Telegram waits for something to happen before it answers that nothing did
ANSWER_SECONDS = 15  # how long an answer may take after that
BATCH = 100  # Telegram's limit
LONGEST_PAUSE = 60.0  # seconds
STORAGE_PAUSE = 5.0  # while storage does not work

log = structlog.get_logger(__name__)


class Polling:
    """Asks for updates until told to stop; whatever goes wrong is logged in one line and tried again, ever later."""

    def __init__(
        self,
        bot: Bot,
        updates: Updates,
        touch: Touch,
        *,
        kinds: Sequence[str],
        meter: Meter | None = None,
        troubles: Troubles | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Ask through `bot` for these kinds of updates; `updates` takes them, `touch` hears of every answer."""
        if not isinstance(bot.session, AiohttpSession):
            raise TypeError("polling speaks HTTP")
        self._bot = bot
        self._session = bot.session
        self._updates = updates
        self._touch = touch
        self._kinds = list(kinds)
        self._meter = meter or Uncounted()
        self._troubles = troubles or Troubles()
        self._sleep = sleep
        self._offset: int | None = None
        self._behind = True  # updates may wait with Telegram since before this process

    async def run(self) -> None:
        """Poll until cancelled. A batch that was stored and not confirmed comes again, and changes nothing."""
        failures = 0
        while True:
            await self._updates.room()
            try:
                batch = await self._ask()
                await self._touch.answered()
                await self._updates.take(batch, old=self._behind)
            except Exception as error:  # a database that is full, too: nothing is confirmed until it is stored
                failures += 1
                pause = pause_after(error, failures)
                if isinstance(error, TroubleError):  # which is said once for all
                    self._troubles.struck(error.trouble)
                else:
                    log.warning("polling fails", why=reason(error), pause=pause, failures=failures)
                if isinstance(error, TelegramRetryAfter):
                    self._meter.rate_limited()
                await self._sleep(pause)
                continue
            if failures:
                log.info("polling works again", failures=failures)
                failures = 0
            self._meter.polled()
            self._behind = self._behind and len(batch) == BATCH
            if numbers := [update["update_id"] for update in batch if isinstance(update.get("update_id"), int)]:
                self._offset = max(numbers) + 1

    async def _ask(self) -> list[dict[str, Any]]:
        """Return the next updates as Telegram gave them, at once those that wait there since before this process.

        Raises TelegramAPIError or ClientDecodeError.
        """
        seconds = 0 if self._behind else POLL_SECONDS
        method = GetUpdates(offset=self._offset, limit=BATCH, timeout=seconds, allowed_updates=self._kinds or None)
        session = await self._session.create_session()
        url = self._session.api.api_url(token=self._bot.token, method=method.__api_method__)
        form = self._session.build_form_data(self._bot, method)
        patience = ClientTimeout(total=seconds + ANSWER_SECONDS)
        try:
            async with session.post(url, data=form, timeout=patience) as response:
                content = await response.text()
        except (ClientError, OSError, TimeoutError, UnicodeError) as error:
            raise TelegramNetworkError(method=method, message=type(error).__name__) from None
        with suppress(ValueError, RecursionError):
            answer = self._session.json_loads(content)
            if isinstance(answer, dict) and answer.get("ok") is True and _are_updates(answer.get("result")):
                updates: list[dict[str, Any]] = answer["result"]
                return updates
        self._session.check_response(bot=self._bot, method=method, status_code=response.status, content=content)
        raise ClientDecodeError("not a list of updates", ValueError(), None)


def _are_updates(result: Any) -> bool:
    return isinstance(result, list) and all(isinstance(update, dict) for update in result)


def pause_after(error: Exception, failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: as long as told, else ever longer."""
    growing = min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
    if isinstance(error, TroubleError):
        return min(growing, STORAGE_PAUSE)
    return max(growing, error.retry_after) if isinstance(error, TelegramRetryAfter) else growing


def reason(error: Exception) -> str:
    """Say in a few words what is wrong, with no text that came from outside but Telegram's own description."""
    match error:
        case TelegramConflictError():
            return f"another process polls, or a webhook is set: {error.message}"
        case TelegramUnauthorizedError():
            return "the token is not accepted any more"
        case TelegramRetryAfter():
            return "Telegram asks to wait"
        case TelegramNetworkError():
            return f"no connection: {error.message}"
        case TelegramServerError():
            return f"Telegram is ill: {error.message}"
        case ClientDecodeError():
            return "what came is not an answer of the Bot API"
        case TelegramAPIError():
            return f"refused: {error.message}"
    return type(error).__name__
