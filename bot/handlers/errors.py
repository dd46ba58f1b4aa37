"""When a handler fails: logged by the update's number, told to the person in their language, and on with the next.

That storage does not work is nobody's failure: the update waits, and the person is told that it is kept.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from aiogram import Bot, Router
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramForbiddenError
from aiogram.types import ErrorEvent, Update

from bot.delivery.sender import Sender
from bot.delivery.updates import Handling
from bot.delivery.worded import owed_screen
from bot.feature import Feature
from bot.i18n import Texts
from bot.middlewares.context import HandledError
from bot.screen import Screen, UnsaidError, answer, send
from bot.screens.fallback import broken, kept, kept_toast, unsaid
from policy.profile import Profile
from storage.database import Database
from storage.trouble import trouble_in

log = structlog.get_logger(__name__)


async def fail(
    event: ErrorEvent,
    *,
    bot: Bot,
    event_context: EventContext,
    texts: Texts,
    tongues: tuple[Texts, ...],
    profile: Profile,
    database: Database,
    sender: Sender,
    handling: Handling,
    now: datetime,
) -> bool:
    """Log and tell; a person who blocked the bot is told nothing, nor is anybody when others handled the update.

    Raises TroubleError when storage does not work meanwhile.
    """
    if isinstance(event.exception, HandledError):
        log.info("handled elsewhere", update=handling.update_id)
        handling.elsewhere = True
        return True
    if not handling.kept and (trouble := trouble_in(event.exception)):
        handling.trouble = trouble
        if event_context.chat and event_context.chat.type == "private":
            handling.sender = event_context.user_id
        handling.tell = partial(_tell_it_is_kept, bot, event.update, handling.sender, tongues)
        return True
    untold = isinstance(event.exception, UnsaidError)
    cause = event.exception.__cause__ if untold else event.exception
    if isinstance(cause, TelegramForbiddenError):
        log.info("unreachable", update=handling.update_id)
        return True
    log.error("update failed", update=handling.update_id, exc_info=cause)
    handling.error = type(cause).__name__
    chat = event_context.chat
    async with database.read() as storage:
        if not handling.kept:  # a commit that was interrupted may have happened
            handling.kept = await storage.handled.has(handling.update_id)
        waits = chat is not None and await storage.outbox.answer_waits(chat.id)
    if handling.kept and not untold:
        return True  # the answer is owed and will come
    if chat and chat.type == "private":
        said = Screen((unsaid if untold else broken)(texts, profile))
        if waits:
            async with database.write(briefly=True) as storage:
                await storage.outbox.add(
                    replace(owed_screen(chat.id, said, now=now), dedupe_key=f"failed:{handling.update_id}")
                )
                await storage.commit()
            sender.wake()
        else:
            with suppress(TelegramAPIError, ClientDecodeError):
                await send(bot, chat.id, said)
    if event.update.callback_query:
        await answer(event.update.callback_query)
    return True


async def _tell_it_is_kept(bot: Bot, update: Update, private: int | None, tongues: tuple[Texts, ...]) -> None:
    """Tell somebody past the outbox, which does not work now; in a group, only whoever pressed. Best effort."""
    press = update.callback_query
    if private is None:
        if press:
            await answer(press, kept_toast(tongues), alert=True)
        return
    with suppress(TelegramAPIError, ClientDecodeError):
        await send(bot, private, kept(tongues))
    if press:
        await answer(press)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.errors.register(fail)
    return router


FEATURE = Feature(router=router)
