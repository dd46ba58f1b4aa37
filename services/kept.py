"""What may be kept instead of being read each time: for a few seconds, or while the history has not grown."""

from collections import OrderedDict
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


class KeptWhileUnchanged(Generic[Value]):
    """Something about each of the people seen last, read anew when anything was changed since."""

    def __init__(self, read: Callable[[Storage, str], Awaitable[Value]], *, most: int) -> None:
        """Keep it about so many people."""
        self._read = read
        self._most = most
        self._kept: OrderedDict[str, tuple[int, Value]] = OrderedDict()

    async def of(self, person_id: str, storage: Storage, *, history: int) -> Value:
        """Return it as of the line of the history with this number, which `storage` was opened at."""
        kept = self._kept.pop(person_id, None)
        if kept is None or kept[0] != history:
            kept = history, await self._read(storage, person_id)
            if len(self._kept) >= self._most:
                self._kept.popitem(last=False)
        self._kept[person_id] = kept
        return kept[1]
