"""The bar that a command shows while it works."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

BAR_AFTER_SECONDS = 2


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function to tell how much is done, and of how much: shown on a terminal once two seconds have passed."""
    began = time.monotonic()
    bars: list[Any] = []

    def progress(done: int, total: int) -> None:
        if not bars and time.monotonic() - began >= BAR_AFTER_SECONDS and sys.stderr.isatty():
            bars.append(click.progressbar(length=total, label=label, file=sys.stderr))
        for each in bars:
            each.update(done - each.pos)

    try:
        yield progress
    finally:
        for each in bars:
            each.render_finish()
