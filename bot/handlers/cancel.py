"""/cancel: leave a form that asks for text."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.i18n import Texts
from bot.middlewares.context import WRITES, Said
from bot.screen import Event
from bot.screens.cancel import Cancel, cancelled, nothing_to_cancel
from bot.screens.menu import menu
from storage.records import Acquaintance
from storage.unit import Storage


async def cancel(event: Event, storage: Storage, who: Acquaintance, texts: Texts) -> Said:
    """Forget the draft."""
    chat = event.chat.id if isinstance(event, Message) else event.from_user.id
    dropped = await storage.drafts.drop(chat, chat)
    await storage.commit()
    return menu(texts, who, cancelled(texts) if dropped else nothing_to_cancel(texts))


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(cancel, Command("cancel"), flags=WRITES)
    router.callback_query.register(cancel, Cancel.filter(), flags=WRITES)
    return router
