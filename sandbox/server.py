"""Puts the sandbox together: one aiohttp application with the Bot API, the page and what the page asks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.bot_api import BotApi
from sandbox.cast import BotAccount, Group, Person, World, WorldError
from sandbox.clock import SandboxClock
from sandbox.files import SENT_BYTES
from sandbox.page_api import LOOPBACK, PageApi, is_foreign
from sandbox.state import Telegram

__all__ = ["TELEGRAM", "BotAccount", "Group", "Person", "World", "WorldError", "make_app", "serve"]

PAGE = Path(__file__).parent / "page"
TELEGRAM = web.AppKey("telegram", Telegram)
"""The state behind an application, for tests and benchmarks that share its event loop."""

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def make_app(
    world: World,
    *,
    token: str,
    clock_file: Path | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> web.Application:
    """Return an application that serves this world: a fresh Telegram, forgotten when the application ends.

    `token` is the one token the Bot API knows; its number must be the bot's id. `clock_file` is rewritten with the
    offset in seconds whenever the clock moves: what KENES_CLOCK may name. `monotonic` times the strict pacing and
    `sleep` the webhook's redeliveries, both in real seconds. Raises WorldError.
    """
    if token.partition(":")[0] != str(world.bot.id):
        raise WorldError(f"the token's number is not the bot's id {world.bot.id}")
    clock = SandboxClock(world.start, clock_file)
    telegram = Telegram(world, token=token, clock=clock, monotonic=monotonic, sleep=sleep)
    page = PageApi(telegram)
    app = web.Application(client_max_size=SENT_BYTES + 1024 * 1024, middlewares=[_only_from_here])
    app[TELEGRAM] = telegram
    BotApi(telegram).add_routes(app.router)
    page.add_routes(app.router)
    app.router.add_get("/", _index)
    app.router.add_static("/page/", PAGE)
    app.on_response_prepare.append(_guard_page)

    async def stop(_: web.Application) -> None:
        page.close()
        await telegram.updates.close()

    async def clear(_: web.Application) -> AsyncIterator[None]:
        yield
        telegram.files.close()

    app.on_shutdown.append(stop)
    app.cleanup_ctx.append(clear)
    return app


async def serve(
    world: World,
    *,
    token: str,
    port: int,
    host: str = "127.0.0.1",
    clock_file: Path | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until cancelled; `ready` gets the address once it answers (port 0 takes any that is free).

    Raises WorldError, ValueError when `host` is not of loopback, OSError when the port is taken.
    """
    if host not in LOOPBACK:
        raise ValueError(f"host={host}: the sandbox serves loopback only: {', '.join(sorted(LOOPBACK))}")
    runner = web.AppRunner(make_app(world, token=token, clock_file=clock_file), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        ready(f"http://{host}:{runner.addresses[0][1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


@web.middleware
async def _only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if is_foreign(request):
        return web.json_response({"ok": False, "error": "only from this machine and this page"}, status=403)
    return await handler(request)


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


async def _guard_page(request: web.Request, response: web.StreamResponse) -> None:
    if request.path == "/" or request.path.startswith("/page/"):
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-cache"
