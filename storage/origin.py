"""Which update is being handled here: the history stamps what is written meanwhile with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_update: ContextVar[int | None] = ContextVar("update", default=None)


@contextmanager
def handling(update_id: int) -> Iterator[None]:
    """Handle an update: what is written inside, and by tasks begun inside, comes from it."""
    before = _update.set(update_id)
    try:
        yield
    finally:
        _update.reset(before)


def current_update() -> int | None:
    """Return the update that is being handled; None for the command line, a sweep and what else nobody sent."""
    return _update.get()
