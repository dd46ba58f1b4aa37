"""The sandbox by itself: `python -m sandbox --world FILE --port P --token T`."""

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

from sandbox.server import World, WorldError, serve


def main() -> None:
    """Serve a world until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A small local Telegram with one bot")
    parser.add_argument("--world", type=Path, required=True, help="the JSON form of sandbox.cast.World")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--token", required=True, help="the bot's token; its number is the bot's id")
    parser.add_argument("--clock-file", type=Path, help="a file that always holds the clock's offset (KENES_CLOCK)")
    given = parser.parse_args()
    try:
        world = World.load(given.world)
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(world, token=given.token, port=given.port, clock_file=given.clock_file))
    except (OSError, WorldError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
