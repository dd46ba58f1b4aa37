"""/cancel: leave a form that asks for text."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Said
from bot.screen import Event, Screen
from bot.screens.cancel import Cancel, cancelled, nothing_to_cancel
from bot.screens.menu import menu
from storage.records import Acquaintance
from storage.unit import Storage


async def cancel(event: Event, storage: Storage, who: Acquaintance, texts: Texts) -> Said:
    """Forget the draft, unless what it was for is done, and take its keyboard away."""
    chat = event.chat.id if isinstance(event, Message) else event.from_user.id
    draft = await storage.drafts.of(chat, chat)
    await storage.drafts.drop(chat, chat)
    await storage.commit()
    if draft is None or draft.content.get("done"):
        return menu(texts, who, nothing_to_cancel(texts))
    if draft.content.get("keyboard"):
        return Screen(cancelled(texts), drop_keyboard=True), menu(texts, who)
    return menu(texts, who, cancelled(texts))


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(cancel, Command("cancel"), flags=WRITES)
    router.callback_query.register(cancel, Cancel.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("cancel", msgid("Leave what I was writing"), 11),))
