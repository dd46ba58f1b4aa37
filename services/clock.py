"""The wall clock as something that is handed in, and that the sandbox may move.

``KENES_CLOCK`` names a file or an HTTP address that gives one number: how many seconds this process's clock is away
from the machine's (a fraction is allowed). It exists for the sandbox and for tests and goes forward only: an offset
smaller than one already seen is ignored, so that no deadline opens twice.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.request import urlopen

REFRESH_SECONDS = 0.25


class Clock(Protocol):
    """Tells the time to whoever needs it."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        return datetime.now(UTC)


class MovedClock:
    """A wall clock with an offset that only grows."""

    def __init__(self) -> None:
        """Begin with the machine's time."""
        self._offset: timedelta | None = None

    def now(self) -> datetime:
        """Return this instant, moved, in UTC."""
        return datetime.now(UTC) + (self._offset or timedelta())

    def move(self, offset: timedelta) -> None:
        """Take a new offset, unless it would turn the clock back."""
        if self._offset is None or offset > self._offset:
            self._offset = offset


class FileClock(MovedClock):
    """Reads its offset from a file whenever the file changes; a file that is gone or half-written changes nothing."""

    def __init__(self, path: Path) -> None:
        """Read the file now; raises OSError or ValueError when it does not hold a number."""
        super().__init__()
        self._path = path
        self._changed = path.stat().st_mtime_ns
        self.move(_offset(path.read_text()))

    def now(self) -> datetime:
        """Return this instant, moved by what the file says now, in UTC."""
        with suppress(OSError, ValueError):
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                self.move(_offset(self._path.read_text()))
                self._changed = changed
        return super().now()


class RemoteClock(MovedClock):
    """Asks an address for its offset: once when made, then as often as `follow` does."""

    def __init__(self, address: str) -> None:
        """Ask now; raises OSError or ValueError when no number comes back."""
        super().__init__()
        self._address = address
        self.move(self._ask())

    def _ask(self) -> timedelta:
        with urlopen(self._address, timeout=5) as answer:  # noqa: S310 - the operator's own setting
            return _offset(answer.read(64).decode())

    async def follow(self) -> None:
        """Keep asking until cancelled; an address that does not answer changes nothing."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            with suppress(OSError, ValueError, HTTPException):
                self.move(await asyncio.to_thread(self._ask))


class ClockError(ValueError):
    """``KENES_CLOCK`` cannot be used."""


def clock_from(setting: str | None) -> WallClock | FileClock | RemoteClock:
    """Return the clock a setting asks for; raises ClockError when it names nothing readable."""
    if not setting:
        return WallClock()
    try:
        if setting.startswith(("http://", "https://")):
            return RemoteClock(setting)
        return FileClock(Path(setting))
    except (OSError, ValueError, HTTPException) as error:
        raise ClockError(
            f"KENES_CLOCK={setting}: {error}; allowed: a file or http address that holds seconds, as 0 or 86400.5"
        ) from None


def _offset(text: str) -> timedelta:
    """Read one number of seconds; a number no clock can be moved by is a ValueError too."""
    try:
        return timedelta(seconds=float(text))
    except OverflowError:
        raise ValueError("too many seconds") from None
