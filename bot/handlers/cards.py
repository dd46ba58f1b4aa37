"""What can be done in a staff group itself: take a case from its card, ask what waits."""

from html import unescape

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature
from bot.filters import Where
from bot.handlers.cases import as_outside
from bot.i18n import Texts
from bot.middlewares.context import WRITES, Said
from bot.middlewares.review import Reviewer, of_staff_groups
from bot.notices.cards import NOTICES
from bot.screen import Toast
from bot.screens.review import cards as screens
from bot.screens.review.binding import turn_anonymity_off
from bot.screens.review.buttons import OpenCase, OpenQueue, TakeCase
from bot.words.review import refusal
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.requests import OPEN, Queue
from services.requests.cases import case_of
from services.requests.overdue import overdue_of
from services.requests.reviewing import take
from services.requests.telling import kinds_of, readers_of


async def take_case(_: CallbackQuery, callback_data: TakeCase, reviewer: Reviewer) -> Said:
    """Take a case from its card, which is then written anew for all; whoever may not is told why, alone."""
    done = await take(reviewer.storage, callback_data.number, reviewer.acting())
    if not isinstance(done, Refused):
        return Toast(reviewer.texts.plain("You have taken this case. Open it in the private chat."), loud=False)
    request = await reviewer.storage.requests.by_id(callback_data.number)
    case = await case_of(reviewer.storage, request, now=reviewer.now, profile=reviewer.profile) if request else None
    said = as_outside(done, reviewer.roles, reviewer.profile)
    return Toast(unescape(refusal(reviewer.texts, said, case if said is done else None, now=reviewer.now)))


async def list_queue(message: Message, reviewer: Reviewer, bot: Bot) -> Said:
    """Say what waits in the queues that are bound here, shortly and without marks, in the group's language."""
    storage, now = reviewer.storage, reviewer.now
    topic = message.message_thread_id if message.is_topic_message else None
    chats = [
        chat for chat in await storage.queues.chats() if (chat.chat_id, chat.thread_id) == (message.chat.id, topic)
    ]
    link = f"https://t.me/{(await bot.me()).username}"
    said = []
    held = {grant.role for grant in reviewer.roles}
    for chat in chats:
        if not held & {Role.ADMIN, *readers_of(chat.queue, reviewer.profile.requests)}:
            continue
        waiting = await storage.requests.in_states(kinds_of(chat.queue), OPEN)
        late, texts = await overdue_of(storage, chat.queue, now=now), reviewer.voices[chat.language]
        said.append(screens.listed(texts, chat.queue, waiting, overdue=len(late), link=link, now=now))
    return tuple(said) or screens.elsewhere(reviewer.texts, link)


async def refuse(_: CallbackQuery, texts: Texts) -> Said:
    """Tell somebody the records do not know that cards are for the staff."""
    return Toast(texts.plain("You hold no role that lets you do this."))


async def refuse_anonymous(_: Message, texts: Texts) -> Said:
    """Ask a nameless administrator of the group who they are."""
    return turn_anonymity_off(texts)


async def refuse_in_words(_: Message, texts: Texts) -> Said:
    """Tell somebody who deals with no requests that what waits is for those who do."""
    return screens.not_yours(texts)


async def _deals_with_requests(_: Message, roles: tuple[RoleGrant, ...], profile: Profile) -> bool:
    reading = {role for queue in Queue for role in readers_of(queue, profile.requests)}
    return any(grant.role in {Role.ADMIN, *reading} for grant in roles)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    staff = of_staff_groups(f"{__name__}.staff")
    staff.callback_query.register(take_case, TakeCase.filter(), flags=WRITES)
    staff.message.register(list_queue, Command("queue"), _deals_with_requests)
    others = Router(name=f"{__name__}.others")
    group = Where(F.chat.type != "private")
    others.message.register(refuse_anonymous, Command("queue"), group, Where(F.sender_chat))
    others.message.register(refuse_in_words, Command("queue"), group)
    for button in (TakeCase, OpenCase, OpenQueue):
        others.callback_query.register(refuse, button.filter(), Where(F.message.chat.type != "private"))
    router.include_routers(staff, others)
    return router


FEATURE = Feature(router=router, notices=NOTICES)
