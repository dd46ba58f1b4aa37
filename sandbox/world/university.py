"""Put the whole university together."""

from sandbox.world.records import University


def make_world(seed: int = 2026, students: int = 300) -> University:
    """Invent the university: the same for the same seed, with exactly this many students.

    Raises ValueError when `students` is too few to hold everybody who is on Telegram.
    """
    raise NotImplementedError
