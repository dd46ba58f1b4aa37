"""How long somebody waits for storage: who has little time can tell that it was storage that took it.

A lock that another holds is waited for in many places, each of them perhaps not for long: for a connection, in one
statement after another, for one's turn, for what was written to be kept. All of them note it here.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

LONG_SECONDS = 5.0  # who waits for so long in all is held up: no handler's statements take it by themselves


@dataclass(slots=True)
class Waited:
    """How long, in seconds; `cut`: a wait that may last was cancelled."""

    seconds: float = 0.0
    cut: bool = False

    @property
    def held_up(self) -> bool:
        """Whether whoever has no time left lost it here."""
        return self.cut or self.seconds >= LONG_SECONDS


_waited: ContextVar[Waited | None] = ContextVar("waited", default=None)


@contextmanager
def noticing() -> Iterator[Waited]:
    """Note how long what is done inside waits for storage."""
    waited = Waited()
    token = _waited.set(waited)
    try:
        yield waited
    finally:
        _waited.reset(token)


@contextmanager
def waits(*, counted: bool = True, lasts: bool = False) -> Iterator[None]:
    """Wait for storage inside: its time is `counted`; of what `lasts` by right it counts that it was cancelled."""
    waited = _waited.get()
    if waited is None:
        yield
        return
    began = perf_counter()
    try:
        yield
    except asyncio.CancelledError:
        waited.cut = waited.cut or lasts
        raise
    finally:
        if counted:
            waited.seconds += perf_counter() - began
