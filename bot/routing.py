"""Asking only those who may take it: a press goes to those that know its button, a command to those that have it.

aiogram asks one router after another, each with its filters, until one takes the update. Most routers take certain
buttons and commands only; which they are stands in their handlers, so the others need not be asked.
"""

from collections.abc import Iterator
from typing import Any

from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import CallbackQuery, Message, TelegramObject

ANYTHING = None  # what a handler takes that no button and no command is written for
PRESSED, SENT = "callback_query", "message"


class Directory(Dispatcher):
    """A dispatcher, without filters of its own, that asks those routers which may take an update, in their order.

    What they take is looked up when the first update comes: all of them have to be included by then.
    """

    def __init__(self, **given: Any) -> None:
        """Take what a dispatcher takes."""
        super().__init__(**given)
        self._takes: dict[str, list[tuple[Router, frozenset[str | None]]]] = {}
        self._found: dict[tuple[str, str | None], tuple[Router, ...]] = {}

    async def _propagate_event(
        self, observer: TelegramEventObserver | None, update_type: str, event: TelegramObject, **kwargs: Any
    ) -> Any:
        """Do as aiogram's router does, with fewer routers."""
        if observer and observer.handlers:
            response = await observer.trigger(event, **kwargs)
            if response is not UNHANDLED:
                return response
        for router in self.those_for(update_type, event):
            response = await router.propagate_event(update_type=update_type, event=event, **kwargs)
            if response is not UNHANDLED:
                return response
        return UNHANDLED

    def those_for(self, update_type: str, event: TelegramObject) -> tuple[Router, ...]:
        """Return the routers that may take an update."""
        if update_type not in {PRESSED, SENT}:
            return tuple(self.sub_routers)
        if update_type not in self._takes:
            self._takes[update_type] = [(each, frozenset(_taken(each, update_type))) for each in self.sub_routers]
            self._found[update_type, ANYTHING] = self._named(update_type, ANYTHING)
        key = _key(event)
        found = self._found.get((update_type, key))
        if found is None:
            found = self._named(update_type, key)
            if found != self._found[update_type, ANYTHING]:  # what nobody knows is not remembered: anybody may send it
                self._found[update_type, key] = found
        return found

    def _named(self, update_type: str, key: str | None) -> tuple[Router, ...]:
        return tuple(router for router, taken in self._takes[update_type] if ANYTHING in taken or key in taken)


def _key(event: TelegramObject) -> str | None:
    """Return which button was pressed, or which command was sent."""
    if isinstance(event, CallbackQuery):
        return (event.data or "").split(":", 1)[0] or ANYTHING
    text = (event.text or event.caption or "") if isinstance(event, Message) else ""
    first = next(iter(text.split(maxsplit=1)), "")
    return first[1:].partition("@")[0] if first.startswith("/") else ANYTHING


def _taken(router: Router, update_type: str) -> Iterator[str | None]:
    """Give the buttons or commands that a router and those in it take, or that it may take anything."""
    for handler in router.observers[update_type].handlers:
        yield from _taken_by(handler)
    for each in router.sub_routers:
        yield from _taken(each, update_type)


def _taken_by(handler: HandlerObject) -> frozenset[str | None]:
    for each in handler.filters or ():
        asked = each.callback
        if isinstance(asked, CallbackQueryFilter) and asked.callback_data.__separator__ == ":":
            return frozenset({asked.callback_data.__prefix__})
        if isinstance(asked, Command) and not asked.ignore_case and asked.prefix == "/":
            commands = frozenset(each for each in asked.commands if isinstance(each, str))
            return commands if len(commands) == len(set(asked.commands)) else frozenset({ANYTHING})
    return frozenset({ANYTHING})
