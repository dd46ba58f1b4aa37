"""Nothing an update passes through is handed to a thread."""

from collections.abc import Iterator

from aiogram import Router
from aiogram.dispatcher.event.handler import CallableObject

from tests.telegram import Telegram


def callables(router: Router) -> Iterator[CallableObject]:
    """Yield every handler and filter of a router and those below it."""
    for observer in router.observers.values():
        yield from observer._handler.filters or ()
        for handler in observer.handlers:
            yield handler
            yield from handler.filters or ()
    for below in router.sub_routers:
        yield from callables(below)


def test_every_handler_and_filter_runs_in_the_loop(telegram: Telegram) -> None:
    found = list(callables(telegram.dispatcher))
    assert len(found) > 50
    assert [one.callback for one in found if not one.awaitable] == []
