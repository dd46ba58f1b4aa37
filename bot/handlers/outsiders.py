"""Buttons of the registrar's office under the thumb of somebody who is not, or no longer, of that office."""

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.buttons import CallbackData
from bot.feature import Feature
from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screens import corrections, imports, links, menu, motions, roles, sheets, undoing
from bot.screens.outsiders import not_yours
from services.attempts import Stranger, note
from storage.records import Acquaintance

SCREENS = (corrections, imports, links, motions, roles, sheets, undoing)
OFFICE: tuple[type[CallbackData], ...] = (
    menu.OpenImports,
    menu.OpenMotions,
    menu.OpenLinks,
    menu.OpenSheets,
    *(
        button
        for screen in SCREENS
        for button in vars(screen).values()
        if isinstance(button, type) and issubclass(button, CallbackData) and button.__module__ == screen.__name__
    ),
)
"""Whichever button a screen of the office gains is the office's."""


async def refuse(press: CallbackQuery, who: Acquaintance, texts: Texts, now: datetime) -> Said:
    """Say whose work it is, and note who tried it."""
    prefix = (press.data or "").partition(":")[0]
    if who.person:
        note(Stranger.NOT_OF_THE_OFFICE, "button", prefix, by=who.person.person_id, cause="button", now=now)
    return not_yours(texts, who)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for button in OFFICE:
        router.callback_query.register(refuse, button.filter())
    return router


FEATURE = Feature(router=router)
