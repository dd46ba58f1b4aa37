"""A file that is opened to be read: once, however often it is looked at meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policy.profile import Profile
from services.importing.columns import known_words
from services.tabular import Reading


@contextmanager
def opened(source: bytes | Path | Reading, profile: Profile) -> Iterator[Reading]:
    """Lend what reads a file; what reads it already is lent on. Left early, the process that reads is ended."""
    if isinstance(source, Reading):
        yield source
        return
    with Reading(source, known_words(profile.columns)) as reading:
        yield reading
