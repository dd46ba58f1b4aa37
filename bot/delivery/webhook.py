"""The webhook: Telegram calls, the update is stored, and only then it hears 200; anything else makes it call again."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiohttp import web

from bot.delivery.metrics import Meter, Uncounted
from bot.delivery.updates import FullError, Updates
from storage.trouble import TroubleError

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
LARGEST = 4 * 1024 * 1024  # bytes of one update
CONNECTIONS = 100  # calls at a time, Telegram's limit

log = structlog.get_logger(__name__)


class Webhook:
    """Takes updates in over HTTP from whoever knows the secret."""

    def __init__(self, updates: Updates, secret: str, *, meter: Meter | None = None) -> None:
        """Have `updates` take what comes with `secret`."""
        self._updates = updates
        self._secret = _digest(secret)
        self._meter = meter or Uncounted()

    async def receive(self, request: web.Request) -> web.Response:
        """Answer 200 when the update is safe, 401 to strangers, 400 to nonsense, 503 when it has to come again."""
        if not hmac.compare_digest(_digest(request.headers.get(SECRET_HEADER, "")), self._secret):
            return web.Response(status=401)
        try:
            body: Any = await request.json()
        except (ValueError, RecursionError, LookupError):  # of a charset nobody knows
            return web.Response(status=400)
        try:
            await self._updates.take([body])
        except FullError:
            log.warning("webhook refuses", why="too much waits")
            return web.Response(status=503)
        except TroubleError:  # which is said once for all
            return web.Response(status=503)
        except Exception as error:
            log.warning("webhook refuses", why=f"not stored: {type(error).__name__}")
            return web.Response(status=503)
        self._meter.polled()
        return web.Response()

    def app(self, path: str) -> web.Application:
        """Return the application that listens at `path`."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(path, self.receive)
        return app


def _digest(secret: str) -> bytes:
    """Return something that can be compared in a time that tells nothing, whatever letters a header holds."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def path_of(url: str) -> str:
    """Return where this process listens for what Telegram sends to `url`."""
    return urlsplit(url).path or "/"


async def announce(bot: Bot, url: str, secret: str, kinds: list[str]) -> None:
    """Tell Telegram where to call; raises TelegramAPIError."""
    await bot.set_webhook(url, secret_token=secret, allowed_updates=kinds, max_connections=CONNECTIONS)


async def renounce(bot: Bot) -> None:
    """Tell Telegram that updates will be asked for; what waits there is kept. Raises TelegramAPIError."""
    await bot.delete_webhook(drop_pending_updates=False)
