"""What somebody who asks all the time may keep for a few seconds instead of reading it each time."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from storage.unit import Storage

KEPT = timedelta(seconds=5)

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Something that is read anew when it is older than KEPT by the clock."""

    def __init__(self, read: Callable[[Storage], Awaitable[Value]]) -> None:
        """Begin with nothing read."""
        self._read = read
        self._last: tuple[datetime, Value] | None = None

    async def at(self, now: datetime, storage: Storage) -> Value:
        """Return it, at most KEPT old."""
        if self._last is None or not timedelta() <= now - self._last[0] < KEPT:
            self._last = now, await self._read(storage)
        return self._last[1]
