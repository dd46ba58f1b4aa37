"""The sandbox by itself: `python -m sandbox --world FILE --port P --token T`."""

import argparse
import asyncio
import signal
import sys
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
        with suppress(asyncio.CancelledError):
            asyncio.run(_serve_until_told(world, given))
    except (OSError, WorldError) as error:
        parser.error(str(error))


async def _serve_until_told(world: World, given: argparse.Namespace) -> None:
    this = asyncio.current_task()
    if this is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    await serve(world, token=given.token, port=given.port, clock_file=given.clock_file, ready=_announce)


def _announce(address: str) -> None:
    sys.stdout.write(f"sandbox at {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
