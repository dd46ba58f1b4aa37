"""The made-up university: import files and Telegram people, the same for the same seed.

`make_world()` invents it, `write()` puts it into a folder. What the demo loads, in this order, is `LOAD_ORDER`; what
stands beside it in the folder `by-hand` is for the demo's registrar to send to the bot.
"""

from sandbox.world.files import BY_HAND, LOAD_ORDER, write
from sandbox.world.records import University
from sandbox.world.session import DEMO_MOMENT
from sandbox.world.telegram import to_sandbox_world
from sandbox.world.university import make_world

__all__ = [
    "BY_HAND",
    "DEMO_MOMENT",
    "LOAD_ORDER",
    "University",
    "make_world",
    "to_sandbox_world",
    "write",
]
