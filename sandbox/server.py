"""Puts the sandbox together: one aiohttp application with the Bot API, the page and what the page asks."""

from pathlib import Path

from aiohttp import web

from sandbox.cast import BotAccount, Group, Person, World

__all__ = ["BotAccount", "Group", "Person", "World", "make_app", "serve"]


def make_app(world: World, *, token: str, clock_file: Path | None = None) -> web.Application:
    """Return an application that serves this world.

    `token` is the one token the Bot API knows; its number must be the bot's id. `clock_file` is rewritten with the
    offset in seconds whenever the clock moves: what KENES_CLOCK may name. Raises WorldError.
    """
    raise NotImplementedError


async def serve(world: World, *, token: str, port: int, host: str = "127.0.0.1", clock_file: Path | None = None) -> None:
    """Serve until cancelled; `host` must be a loopback address."""
    raise NotImplementedError
