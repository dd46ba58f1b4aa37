"""When a handler fails: logged by the update's number, told to the person in their language, and on with the next."""

from contextlib import suppress

import structlog
from aiogram import Bot, Router
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramForbiddenError
from aiogram.types import ErrorEvent

from bot.i18n import Texts
from bot.middlewares.context import HandledError
from bot.screen import Screen, UnsaidError, answer, send
from bot.screens.fallback import broken, unsaid
from bot.updates import Handling
from policy.profile import Profile
from storage.database import Database

log = structlog.get_logger(__name__)


async def fail(
    event: ErrorEvent,
    *,
    bot: Bot,
    event_context: EventContext,
    texts: Texts,
    profile: Profile,
    database: Database,
    handling: Handling,
) -> bool:
    """Log and tell; a person who blocked the bot is told nothing, nor is anybody when others handled the update."""
    if isinstance(event.exception, HandledError):
        log.info("handled elsewhere", update=handling.update_id)
        return True
    untold = isinstance(event.exception, UnsaidError)
    cause = event.exception.__cause__ if untold else event.exception
    if isinstance(cause, TelegramForbiddenError):
        log.info("unreachable", update=handling.update_id)
        return True
    log.error("update failed", update=handling.update_id, exc_info=cause)
    handling.error = type(cause).__name__
    if not handling.kept:  # a commit that was interrupted may have happened
        async with database.read() as storage:
            handling.kept = await storage.handled.has(handling.update_id)
    if handling.kept and not untold:
        return True  # the answer is owed and will come
    chat = event_context.chat
    with suppress(TelegramAPIError, ClientDecodeError):
        if chat and chat.type == "private":
            await send(bot, chat.id, Screen((unsaid if untold else broken)(texts, profile)))
    if event.update.callback_query:
        await answer(event.update.callback_query)
    return True


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.errors.register(fail)
    return router
