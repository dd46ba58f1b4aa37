"""/menu: back to where everything begins."""

from aiogram import Router
from aiogram.filters import Command

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens.menu import OpenMenu, menu
from storage.records import Acquaintance


async def open_menu(_: Event, who: Acquaintance, texts: Texts) -> Said:
    """Show the menu."""
    return menu(texts, who)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_menu, Command("menu"))
    router.callback_query.register(open_menu, OpenMenu.filter())
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("menu", msgid("Everything I can do here"), 1),))
