"""Filters that run where they stand: aiogram hands a plain function or a bare `F` to a thread, once an update each."""

from typing import Any

from aiogram.filters import Filter
from aiogram.types import TelegramObject
from magic_filter import MagicFilter


class Where(Filter):
    """Passes events of which a magic filter is true."""

    def __init__(self, condition: MagicFilter) -> None:
        """Ask `condition`, as in ``Where(F.document)``."""
        self._condition = condition

    async def __call__(self, event: TelegramObject) -> Any:
        """Return what the condition makes of the event."""
        return self._condition.resolve(event)
