"""One chat in order: what a chat sends is handled one update after another, chats side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.types import TelegramObject


class Turns(BaseMiddleware):
    """Makes an update wait for the earlier ones of its chat, so that a double tap is two presses and not two races."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._locks: dict[int, tuple[asyncio.Lock, int]] = {}

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle the update when its turn has come."""
        context: EventContext = data["event_context"]
        chat = context.chat_id or context.user_id
        if chat is None:
            return await handler(event, data)
        lock, waiting = self._locks.get(chat, (asyncio.Lock(), 0))
        self._locks[chat] = lock, waiting + 1
        try:
            async with lock:
                return await handler(event, data)
        finally:
            lock, waiting = self._locks[chat]
            if waiting == 1:
                del self._locks[chat]
            else:
                self._locks[chat] = lock, waiting - 1
