"""What nobody else understood: stray text, voices and pictures, buttons from another time."""

from aiogram import F, Router
from aiogram.types import Message

from bot.feature import Feature
from bot.filters import Where
from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens.fallback import old_button, only_text, unknown_command, unknown_text
from storage.records import Acquaintance


async def misunderstand(message: Message, who: Acquaintance, texts: Texts) -> Said:
    """Say what was not understood, and what is."""
    if message.text is None:
        return only_text(texts, who)
    return unknown_command(texts, who) if message.text.startswith("/") else unknown_text(texts, who)


async def refresh(_: Event, who: Acquaintance, texts: Texts) -> Said:
    """Put a fresh menu in place of a button that leads nowhere."""
    return old_button(texts, who)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(misunderstand, Where(~F.pinned_message))
    router.callback_query.register(refresh)
    return router


FEATURE = Feature(router=router)
