"""The sandbox's clock: the machine's time with an offset that only grows, told to others through a file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class ClockWentBackError(ValueError):
    """Somebody asked the clock to go back."""


class SandboxClock:
    """Wall time plus an offset in seconds; `file`, when given, always holds that offset as one number."""

    def __init__(self, start: datetime | None = None, file: Path | None = None) -> None:
        """Begin at `start` (aware; None is the machine's own time)."""
        self.offset = 0.0 if start is None else (start - datetime.now(UTC)).total_seconds()
        self._file = file
        self._tell()

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def timestamp(self) -> float:
        """Return this instant in Unix seconds."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Move forward; raises ClockWentBackError for a negative number, OverflowError beyond the calendar."""
        if not seconds >= 0:
            raise ClockWentBackError("the clock only goes forward")
        _ = self.now() + timedelta(seconds=seconds)
        self.offset += seconds
        self._tell()

    def move_to(self, instant: datetime) -> None:
        """Move forward to an aware instant; raises ClockWentBackError when it has passed."""
        self.advance((instant - self.now()).total_seconds())

    def _tell(self) -> None:
        if self._file is not None:
            fresh = self._file.with_name(self._file.name + ".new")
            fresh.write_text(f"{self.offset:.6f}\n", encoding="ascii")
            fresh.replace(self._file)
