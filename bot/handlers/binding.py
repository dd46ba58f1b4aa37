"""/bind and /unbind: an administrator makes a group, or a topic of one, the place of a queue's cards."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot.feature import Audience, Feature, NamedCommand
from bot.filters import Where
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Said
from bot.screen import Event, Toast
from bot.screens.review import binding as screens
from bot.screens.review.buttons import BindQueue, SetQueueLanguage, UnbindQueue
from bot.words.desks import DESK_WORDS
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from policy.reading import ReadingRefusal, covers
from policy.requests import Queue
from services.attempts import note
from services.requests.binding import bind, unbind
from storage.queues import QueueChat
from storage.records import Person
from storage.unit import Storage

Place = tuple[int, int | None]


async def refuse_anonymous(_: Message, texts: Texts) -> Said:
    """Ask a nameless administrator of the group who they are."""
    return screens.turn_anonymity_off(texts)


async def send_to_group(_: Message, texts: Texts) -> Said:
    """Say that a queue is bound where its cards shall stand."""
    return screens.in_the_group(texts)


async def begin_binding(
    message: Message,
    *,
    command: CommandObject,
    storage: Storage,
    texts: Texts,
    voices: Mapping[Language, Texts],
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Bind the queue that is named, or ask which."""
    queue = queue_named(command.args or "", voices)
    if queue is None:
        here = await _here(storage, _place(message))
        said = [screens.unknown_queue(texts)] if command.args else []
        return screens.choose_queue(texts, here, *said)
    chat = QueueChat(queue, *_place(message), texts.language, person.person_id, now)
    return await _bind(storage, chat, texts, most=profile.requests.cards_an_hour)


async def choose_queue(
    press: CallbackQuery,
    *,
    callback_data: BindQueue,
    storage: Storage,
    texts: Texts,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Bind the queue whose button was pressed."""
    chat = QueueChat(callback_data.queue, *_place(press), texts.language, person.person_id, now)
    return await _bind(storage, chat, texts, most=profile.requests.cards_an_hour)


async def choose_language(
    press: CallbackQuery,
    *,
    callback_data: SetQueueLanguage,
    storage: Storage,
    voices: Mapping[Language, Texts],
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Write the cards in another language from now on."""
    language = callback_data.language
    chat = QueueChat(callback_data.queue, *_place(press), language, person.person_id, now)
    return await _bind(storage, chat, voices[language], most=profile.requests.cards_an_hour)


async def begin_unbinding(
    message: Message,
    *,
    command: CommandObject,
    storage: Storage,
    texts: Texts,
    voices: Mapping[Language, Texts],
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Unbind the queue that is named, or the only one that is here, or ask which."""
    here = await _here(storage, _place(message))
    named = queue_named(command.args or "", voices)
    wanted = [chat for chat in here if named in {None, chat.queue}]
    if len(wanted) == 1:
        await unbind(storage, wanted[0].queue, by=person.person_id, now=now, profile=profile)
        return screens.unbound(texts, wanted[0].queue)
    return screens.choose_unbinding(texts, wanted) if wanted else screens.nothing_bound(texts)


async def choose_unbinding(
    press: CallbackQuery,
    *,
    callback_data: UnbindQueue,
    storage: Storage,
    texts: Texts,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Unbind the queue whose button was pressed, if it is here still."""
    if not any(chat.queue is callback_data.queue for chat in await _here(storage, _place(press))):
        return screens.nothing_bound(texts)
    await unbind(storage, callback_data.queue, by=person.person_id, now=now, profile=profile)
    return screens.unbound(texts, callback_data.queue)


async def refuse(press: CallbackQuery, texts: Texts, person: Person | None, now: datetime) -> Said:
    """Say who may."""
    if person and press.message:
        note(ReadingRefusal.NO_ROLE, "queue_chat", press.message.chat.id, by=person.person_id, cause="bind", now=now)
    return Toast(screens.only_administrators(texts))


async def refuse_in_words(message: Message, texts: Texts, person: Person | None, now: datetime) -> Said:
    """Say who may, to somebody who wrote."""
    if person:
        note(ReadingRefusal.NO_ROLE, "queue_chat", message.chat.id, by=person.person_id, cause="bind", now=now)
    return screens.refused(texts)


def queue_named(written: str, voices: Mapping[Language, Texts]) -> Queue | None:
    """Return the queue that goes by what was written: its own name, or its words in either language."""
    wanted = written.strip().casefold()
    for queue in Queue:
        words = DESK_WORDS[queue]
        said = (texts.plain(each) for texts in voices.values() for each in (words.name, words.typed))
        if wanted in {queue.value, queue.value.replace("_", " "), *(each.casefold() for each in said)}:
            return queue
    return None


async def _bind(storage: Storage, chat: QueueChat, texts: Texts, *, most: int) -> Said:
    before = await bind(storage, chat, most=most)
    moved = before is not None and (before.chat_id, before.thread_id) != (chat.chat_id, chat.thread_id)
    return screens.bound(texts, chat, moved=moved)


async def _here(storage: Storage, place: Place) -> list[QueueChat]:
    return [chat for chat in await storage.queues.chats() if (chat.chat_id, chat.thread_id) == place]


def _place(event: Event) -> Place:
    """Return the chat an event is in, and the topic where there are topics."""
    message = event if isinstance(event, Message) else event.message
    if message is None:
        raise ValueError("a press of nothing")
    topic = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    return message.chat.id, topic


async def _administers(_event: Any, roles: tuple[RoleGrant, ...], today: date) -> bool:
    """Tell whether somebody administers the whole university: a queue's cards speak of every institute."""
    return covers(roles, {Role.ADMIN}, {None}, on=today)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    group = Where(F.chat.type != "private")
    in_group = Where(F.message.chat.type != "private")
    both = Command("bind", "unbind")
    router.message.register(refuse_anonymous, both, group, Where(F.sender_chat))
    router.message.register(begin_binding, Command("bind"), group, _administers, flags=WRITES)
    router.message.register(begin_unbinding, Command("unbind"), group, _administers, flags=WRITES)
    router.message.register(refuse_in_words, both, group)
    router.message.register(send_to_group, both, _administers)
    router.callback_query.register(choose_queue, BindQueue.filter(), in_group, _administers, flags=WRITES)
    router.callback_query.register(choose_language, SetQueueLanguage.filter(), in_group, _administers, flags=WRITES)
    router.callback_query.register(choose_unbinding, UnbindQueue.filter(), in_group, _administers, flags=WRITES)
    for button in (BindQueue, SetQueueLanguage, UnbindQueue):
        router.callback_query.register(refuse, button.filter(), in_group)
    return router


FEATURE = Feature(
    router=router,
    commands=(NamedCommand("bind", msgid("In a staff group: let a queue's cards stand there"), 6, Audience.OFFICE),),
)
