"""Everything a handler may ask for by the name of a parameter, and nothing else.

| parameter  | type                       | what it is |
|------------|----------------------------|------------|
| `who`      | `Acquaintance | None`      | all of the next four; None for somebody not linked |
| `account`  | `Account | None`           | what is kept about this Telegram account |
| `person`   | `Person | None`            | whose account it is; None for somebody not linked |
| `student`  | `Student | None`           | their studies, if they are a student |
| `roles`    | `tuple[RoleGrant, ...]`    | their roles in force today |
| `draft`    | `Draft | None`             | the form they are in the middle of; None for a command or a press |
| `language` | `Language`                 | the language they read |
| `texts`    | `Texts`                    | that language's voice |
| `tongues`  | `tuple[Texts, ...]`        | that voice; both while it is only guessed |
| `voices`   | `Mapping[Language, Texts]` | both voices |
| `now`      | `datetime`                 | this instant, UTC |
| `today`    | `date`                     | the day it is at the university |
| `filed`    | `MessageInstant`           | Telegram's date of the message; not there for a press, which has none |
| `storage`  | `Storage`                  | a reader; the writer for handlers with `flags=WRITES` or `FINAL` |
| `database` | `Database`                 | for work that outlives the handler |
| `profile`  | `Profile`                  | the university's |
| `study`    | `Study`                    | the student's own; in routers of `bot/middlewares/study.py` only |
| `as_of`    | `datetime | None`          | when marks were last loaded; there too |
| `work`     | `Work`                     | where what takes longer than a moment goes on |
| `handling` | `Handling`                 | the update, and what becomes of it |
| `sender`   | `Sender`                   | to be woken when something was owed outside the handler's storage |

besides aiogram's own: the event first, `bot`, `callback_data`, `command`.

A handler returns what is to be said: a `Screen`, several, screens for others (`Elsewhere`), a `Toast`, or None. It is
said when the storage is closed: nothing is told before it is committed, and no transaction waits for Telegram. A
`commit` inside a handler that writes says that what it did is to be kept; it is, at its end, together with the mark
that the update is handled and with the answer, as owed messages that are sent at once. Others are told by handlers that
write, only so.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.exceptions import ClientDecodeError, TelegramAPIError
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, InaccessibleMessage, Message, TelegramObject, Update, User

from bot.delivery.sender import RefusedError, Sender, may_pass
from bot.delivery.updates import Handling
from bot.delivery.worded import owed_elsewhere, owed_screen
from bot.i18n import Texts
from bot.screen import Elsewhere, Event, Screen, Standing, Toast, UnsaidError, answer, say, toast
from bot.screens.fallback import press_again
from bot.voices import language_of
from policy.instant import MessageInstant
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.attempts import keep, noting
from services.clock import Clock
from storage.database import Database
from storage.outbox import NewOwed, Owed
from storage.records import Account, Draft
from storage.trouble import Trouble, TroubleError
from storage.unit import Storage
from storage.waiting import noticing

log = structlog.get_logger(__name__)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
Part = Screen | Elsewhere | Toast
Said = Screen | Toast | tuple[Part, ...] | None
WRITES = {"writes": True}
FINAL = {"writes": True, "final": True}  # a press that decides or withdraws: one that waited out an outage asks again
HANDLER_SECONDS = 30  # what takes longer is work (`bot/jobs`)
WAIT_TO_WRITE_SECONDS = 600  # for whoever writes for long, as a large import does, before that begins to count
TYPING_AFTER_SECONDS = 2.0
TYPING_SECONDS = 4.5  # Telegram shows it for five
SPOKEN_REMEMBERED = 10_000  # people


class HandledError(Exception):
    """The update was handled already, by another process or before a restart; what was done now is not kept."""


class Context(BaseMiddleware):
    """Finds out, once per update, who is there and when."""

    def __init__(self, database: Database, profile: Profile, clock: Clock, voices: Mapping[Language, Texts]) -> None:
        """Look people up in `database`, tell the time by `clock`."""
        self._database = database
        self._profile = profile
        self._clock = clock
        self._voices = voices
        self._spoken: OrderedDict[int, Language] = OrderedDict()  # to whom what was spoken, for when nobody can look

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Handle the update with everything that is known about it; a reader is open until the handler is done.

        Raises TimeoutError from a handler that is not done in time, TroubleError when it was storage that took it; what
        is said after it has as long as it takes.
        """
        with noticing() as waited:
            try:
                return await self._in_time(handler, event, data)
            except TimeoutError as error:
                if waited.held_up:
                    raise TroubleError(Trouble.BUSY) from error
                raise

    async def _in_time(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context: EventContext = data["event_context"]
        now = self._clock.now()
        today = now.astimezone(self._profile.university.zone).date()
        self._guess(data, context.user)
        data.update(now=now, today=today, profile=self._profile, database=self._database, voices=self._voices)
        data.update(who=None, account=None, person=None, student=None, roles=(), draft=None)
        if isinstance(event, Update) and event.message:
            data["filed"] = MessageInstant(event.message.date)
        async with asyncio.timeout(HANDLER_SECONDS) as time_limit, AsyncExitStack() as reading:
            data["time_limit"] = time_limit
            storage = await reading.enter_async_context(self._database.read())
            data.update(storage=storage, reading=reading)
            if context.user and (known := await storage.accounts.acquaintance(context.user.id)):
                if known.account.unreachable_since and isinstance(event, Update) and not event.my_chat_member:
                    await self._welcome_back(known.account)
                self._speak(data, language_of(known, context.user.language_code), context.user.id)
                known = replace(known, roles=tuple(role for role in known.roles if role.holds_on(today)))
                data.update(who=known if known.person else None, account=known.account, person=known.person)
                data.update(student=known.student, roles=known.roles)
            if isinstance(event, Update) and (message := event.message) and not (message.text or "").startswith("/"):
                data["draft"] = await storage.drafts.of(message.chat.id, context.user_id or 0)
            return await handler(event, data)

    async def _welcome_back(self, account: Account) -> None:
        """Remember that somebody who could not be reached is there again."""
        async with self._database.write(briefly=True) as storage:
            await storage.accounts.mark_reachable(account.user_id)
            await storage.commit()

    def _guess(self, data: dict[str, Any], user: User | None) -> None:
        """Speak as to somebody nobody has looked up yet."""
        code = user.language_code if user else None
        spoken = self._spoken.get(user.id) if user else None
        self._speak(data, spoken or language_of(None, code))
        if spoken is None and (code or "").lower().split("-")[0] not in set(Language):
            data["tongues"] = tuple(self._voices[language] for language in Language)

    def _speak(self, data: dict[str, Any], language: Language, user: int | None = None) -> None:
        data.update(language=language, texts=self._voices[language], tongues=(self._voices[language],))
        if user is not None:
            self._spoken[user] = language
            self._spoken.move_to_end(user)
            if len(self._spoken) > SPOKEN_REMEMBERED:
                self._spoken.popitem(last=False)


class Speech(BaseMiddleware):
    """Gives the handler its storage, and says what it returns once that is closed."""

    def __init__(self, database: Database) -> None:
        """Open the writer of `database` for handlers that write."""
        self._database = database

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Run the handler, keep what it did and speak; raises UnsaidError when only the speaking failed.

        What somebody tried in vain is kept last: the answer does not wait for it.
        """
        with noting() as noted:
            try:
                return await self._handled(handler, event, data)
            finally:
                if noted:
                    profile: Profile = data["profile"]
                    async with self._database.write(briefly=True) as storage:
                        await keep(storage, noted, zone=profile.university.zone)

    async def _handled(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        reading: AsyncExitStack = data["reading"]
        sender: Sender = data["sender"]
        owed: tuple[Owed, ...] | None = None
        behind = False  # something that was owed before
        try:
            if get_flag(data, "final") and data["handling"].old:
                said = _parts(press_again(data["texts"]))
                behind = await _others_go_first(data["storage"], event, said)
                await reading.aclose()
            elif get_flag(data, "writes"):
                await reading.aclose()
                async with self._database.write(briefly=True) as storage:
                    await _take_turn(storage, event, data["time_limit"])
                    storage.put_off_commits()
                    said = _parts(await handler(event, {**data, "storage": storage}))
                    if storage.committed and isinstance(event, Message | CallbackQuery):
                        owed = await sender.owe_now(storage, _answers(event, said, data["handling"], data["now"]))
                        await _keep(storage, data["handling"], data["now"])
                    else:
                        behind = await _others_go_first(storage, event, said)
            else:
                said = _parts(await handler(event, data))
                behind = await _others_go_first(data["storage"], event, said)
                await reading.aclose()
            time_limit: asyncio.Timeout = data["time_limit"]
            time_limit.reschedule(None)
            if isinstance(event, Message | CallbackQuery):
                if owed is None:
                    await self._say(event, said, data, behind=behind)
                else:
                    await _send(event, said, sender, owed)
        finally:
            if owed:
                sender.drop(owed)
        return True

    async def _say(self, event: Event, said: tuple[Part, ...], data: dict[str, Any], *, behind: bool) -> None:
        """Say what a handler that kept nothing returned; what cannot be said now is owed from here on.

        So is what comes `behind` something that is owed in this chat: of two answers the first is read first.
        """
        handling: Handling = data["handling"]
        if said and not await handling.ours():
            raise HandledError
        if behind:
            await self._owe(event, said, data)
            await _acknowledge(event, said)
            return
        for number, part in enumerate(said):
            try:
                await say(event, part)
            except UnsaidError as error:
                if not may_pass(error.__cause__):
                    raise
                log.warning("answer owed", update=handling.update_id, error=type(error.__cause__).__name__)
                await self._owe(event, said[number:], data)
                return

    async def _owe(self, event: Event, said: tuple[Part, ...], data: dict[str, Any]) -> None:
        """Owe what was to be said at once, with the mark that the update is handled."""
        async with self._database.write(briefly=True) as storage:
            for one in _answers(event, said, data["handling"], data["now"]):
                await storage.outbox.add(one)
            await _keep(storage, data["handling"], data["now"])
        sender: Sender = data["sender"]
        sender.wake()


async def _others_go_first(storage: Storage, event: TelegramObject, said: tuple[Part, ...]) -> bool:
    """Tell whether an answer was owed in this chat that has not arrived yet, and there is one to come after it."""
    message = event.message if isinstance(event, CallbackQuery) else event
    if not isinstance(message, Message | InaccessibleMessage) or all(isinstance(part, Toast) for part in said):
        return False
    return await storage.outbox.answer_waits(message.chat.id)


async def _take_turn(storage: Storage, event: TelegramObject, time_limit: asyncio.Timeout) -> None:
    """Wait to write; what is filed meanwhile is late, not lost, and whoever waits sees that something goes on."""
    now = asyncio.get_running_loop().time
    time_limit.reschedule(now() + WAIT_TO_WRITE_SECONDS)
    with _Typing(event):
        await storage.begin()
    time_limit.reschedule(now() + HANDLER_SECONDS)


class _Typing:
    """Shows, from two seconds on, that an answer is being written."""

    def __init__(self, event: TelegramObject) -> None:
        message = event.message if isinstance(event, CallbackQuery) else event
        self._chat = message.chat.id if isinstance(message, Message | InaccessibleMessage) else None
        self._bot = event.bot
        self._loop = asyncio.get_running_loop()
        self._telling: asyncio.Task[None] | None = None  # or it might be collected before it is done

    def __enter__(self) -> None:
        self._next = self._loop.call_later(TYPING_AFTER_SECONDS, self._tell)

    def __exit__(self, *raised: object) -> None:
        self._next.cancel()

    def _tell(self) -> None:
        self._telling = self._loop.create_task(self._type())
        self._next = self._loop.call_later(TYPING_SECONDS, self._tell)

    async def _type(self) -> None:
        if self._bot and self._chat is not None:
            with suppress(TelegramAPIError, ClientDecodeError):
                await self._bot.send_chat_action(self._chat, "typing")


def _parts(said: Said) -> tuple[Part, ...]:
    if said is None:
        return ()
    return said if isinstance(said, tuple) else (said,)


def _answers(event: Event, said: tuple[Part, ...], handling: Handling, now: datetime) -> list[NewOwed]:
    """Return what a handler says as messages to be owed."""
    message = event if isinstance(event, Message) else event.message
    here = message.chat.id if message else event.from_user.id if event.from_user else 0
    thread = event.message_thread_id if isinstance(event, Message) and event.is_topic_message else None
    pressed = Standing.of(message) if message and isinstance(event, CallbackQuery) else None
    owed = [
        owed_screen(here, part, now=now, thread=thread, instead_of=pressed)
        if isinstance(part, Screen)
        else owed_elsewhere(part, here=here, now=now)
        for part in said
        if not isinstance(part, Toast)
    ]
    return [replace(one, from_update=handling.update_id) for one in owed]


async def _send(event: Event, said: tuple[Part, ...], sender: Sender, owed: tuple[Owed, ...]) -> None:
    """Send the answer by the fast path; raises UnsaidError when it never can be."""
    try:
        with _Typing(event):  # a paper that goes with it is made now
            await sender.send_now(owed)
    except RefusedError as error:
        raise UnsaidError from error
    await _acknowledge(event, said)


async def _acknowledge(event: Event, said: tuple[Part, ...]) -> None:
    """Answer a press whose outcome is owed."""
    if toasts := [part for part in said if isinstance(part, Toast)]:
        await toast(event, toasts[0])
    elif isinstance(event, CallbackQuery):
        await answer(event, next((part.toast for part in said if isinstance(part, Screen) and part.toast), None))


async def _keep(storage: Storage, handling: Handling, now: datetime) -> None:
    """Commit with the mark that the update is handled."""
    if not await storage.handled.add(handling.update_id, at=now):
        raise HandledError
    await storage.commit_at_last()
    handling.kept = True


class Answers(Filter):
    """Passes text that answers a form somebody is in the middle of."""

    def __init__(self, form: str) -> None:
        """Wait for `form`."""
        self._form = form

    async def __call__(self, message: Message, draft: Draft | None) -> bool:
        """Tell whether this message is text for the form."""
        return draft is not None and draft.form == self._form and message.text is not None


class Holds(Filter):
    """Passes somebody who holds one of these roles today, in whatever scope."""

    def __init__(self, *roles: Role) -> None:
        """Ask for any of `roles`."""
        self._roles = roles

    async def __call__(self, _event: TelegramObject, roles: tuple[RoleGrant, ...]) -> bool:
        """Tell whether this person holds one."""
        return any(grant.role in self._roles for grant in roles)
