"""The history knows which update a write comes from."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from storage.origin import handling


class Origin(BaseMiddleware):
    """Says which update is being handled, also to the work it begins."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle the update under its number."""
        if not isinstance(event, Update):
            raise TypeError("Origin stands before updates")
        with handling(event.update_id):
            return await handler(event, data)
