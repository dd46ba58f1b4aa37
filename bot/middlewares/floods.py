"""A limit on what one person sends: beyond it they are asked once to slow down, and the rest is left unhandled."""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.enums import ChatType
from aiogram.types import TelegramObject, Update

from bot.delivery.updates import Handling
from bot.i18n import Texts
from bot.screen import UnsaidError, answer, say
from bot.screens.floods import slowly, slowly_toast
from bot.voices import language_of
from policy.people import Language
from services.clock import Clock
from storage.database import Database
from storage.trouble import TroubleError

LONGEST_BACK = 600.0  # seconds; so much older an update may be than one before it
REMEMBERED = 10_000  # people; whoever sent nothing for longest is forgotten, which forgives

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Bucket:
    """How much somebody may still send at once, as of when; `told`: they were asked to slow down."""

    left: float
    at: datetime
    told: bool = False


class Floods(BaseMiddleware):
    """Lets a person's updates through at a rate, a minute's worth at once.

    A message counts at the instant it was sent, so what piles up while the bot is down is no flood; a press, which has
    none, when it is handled.
    """

    def __init__(self, a_minute: float, *, database: Database, clock: Clock, voices: Mapping[Language, Texts]) -> None:
        """Let through `a_minute` (inf: everything)."""
        self._a_minute = a_minute
        self._database = database
        self._clock = clock
        self._voices = voices
        self._buckets: OrderedDict[int, _Bucket] = OrderedDict()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle the update, or ask to slow down, or neither."""
        context: EventContext = data["event_context"]
        if not isinstance(event, Update) or context.user_id is None or math.isinf(self._a_minute):
            return await handler(event, data)
        handling: Handling = data["handling"]
        if handling.failures:  # counted when it was tried first
            return await handler(event, data)
        bucket = self._bucket(context.user_id, event.message.date if event.message else self._clock.now())
        if bucket.left >= 1:
            bucket.left -= 1
            return await handler(event, data)
        if not bucket.told:
            bucket.told = True
            log.warning("somebody sends too much", user=context.user_id)
            await self._ask(event, context)
        return True

    def _bucket(self, user: int, at: datetime) -> _Bucket:
        """Return somebody's bucket as of now; once it is half full again, a new flood is a new one."""
        bucket = self._buckets.setdefault(user, _Bucket(self._a_minute, at))
        self._buckets.move_to_end(user)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        passed = (at - bucket.at).total_seconds()
        if passed < -LONGEST_BACK:  # the clock was set back
            bucket.at = at
        elif passed > 0:
            bucket.left, bucket.at = min(self._a_minute, bucket.left + passed * self._a_minute / 60), at
        bucket.told = bucket.told and bucket.left < self._a_minute / 2
        return bucket

    async def _ask(self, event: Update, context: EventContext) -> None:
        """Ask to slow down, in a private chat; a group is not to read it. What cannot be said is let be."""
        if context.chat is None or context.chat.type != ChatType.PRIVATE:
            return
        known = None
        with suppress(TroubleError):
            async with self._database.read() as storage:
                known = await storage.accounts.acquaintance(context.chat.id)
        texts = self._voices[language_of(known, context.user.language_code if context.user else None)]
        if event.callback_query:
            await answer(event.callback_query, slowly_toast(texts), alert=True)
        elif event.message:
            try:
                await say(event.message, slowly(texts))
            except UnsaidError as error:
                log.warning("not asked to slow down", error=type(error.__cause__).__name__)
