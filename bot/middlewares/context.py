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
| `voices`   | `Mapping[Language, Texts]` | both voices |
| `now`      | `datetime`                 | this instant, UTC |
| `today`    | `date`                     | the day it is at the university |
| `filed`    | `MessageInstant`           | Telegram's date of the message; not there for a press, which has none |
| `storage`  | `Storage`                  | a reader, or the writer for a handler registered with `flags=WRITES` |
| `database` | `Database`                 | for work that outlives the handler |
| `profile`  | `Profile`                  | the university's |
| `study`    | `Study`                    | the student's own; in routers of `bot/middlewares/study.py` only |
| `work`     | `Work`                     | where what takes longer than a moment goes on |
| `handling` | `Handling`                 | the update, and what becomes of it |

besides aiogram's own: the event first, `bot`, `callback_data`, `command`.

A handler returns what is to be said: a `Screen`, several, screens for others (`Elsewhere`), or None. It is said when
the storage is closed: nothing is told before it is committed, and no transaction waits for Telegram. A `commit` inside
a handler that writes says that what it did is to be kept; it is, at its end, together with the mark that the update is
handled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.dispatcher.middlewares.user_context import EventContext
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message, TelegramObject, Update

from bot.i18n import Texts
from bot.screen import Elsewhere, Screen, say
from bot.updates import Handling
from bot.voices import language_of
from policy.instant import MessageInstant
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from services.clock import Clock
from storage.database import Database
from storage.records import Draft
from storage.unit import Storage

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
Said = Screen | tuple[Screen | Elsewhere, ...] | None
WRITES = {"writes": True}
HANDLER_SECONDS = 30  # what takes longer is work (`bot/jobs`)


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

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Handle the update with everything that is known about it; a reader is open until the handler is done.

        Raises TimeoutError from a handler that is not done in time; what is said after it has as long as it takes.
        """
        context: EventContext = data["event_context"]
        now = self._clock.now()
        today = now.astimezone(self._profile.university.zone).date()
        self._speak(data, language_of(None, context.user.language_code if context.user else None))
        data.update(now=now, today=today, profile=self._profile, database=self._database, voices=self._voices)
        data.update(who=None, account=None, person=None, student=None, roles=(), draft=None)
        if isinstance(event, Update) and event.message:
            data["filed"] = MessageInstant(event.message.date)
        async with asyncio.timeout(HANDLER_SECONDS) as time_limit, AsyncExitStack() as reading:
            data["time_limit"] = time_limit
            storage = await reading.enter_async_context(self._database.read())
            data.update(storage=storage, reading=reading)
            if context.user and (known := await storage.accounts.acquaintance(context.user.id)):
                self._speak(data, language_of(known, context.user.language_code))
                known = replace(known, roles=tuple(role for role in known.roles if role.holds_on(today)))
                data.update(who=known if known.person else None, account=known.account, person=known.person)
                data.update(student=known.student, roles=known.roles)
            if isinstance(event, Update) and (message := event.message) and not (message.text or "").startswith("/"):
                data["draft"] = await storage.drafts.of(message.chat.id, context.user_id or 0)
            return await handler(event, data)

    def _speak(self, data: dict[str, Any], language: Language) -> None:
        data.update(language=language, texts=self._voices[language])


class Speech(BaseMiddleware):
    """Gives the handler its storage, and says what it returns once that is closed."""

    def __init__(self, database: Database) -> None:
        """Open the writer of `database` for handlers that write."""
        self._database = database

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Run the handler, keep what it did and speak; raises UnsaidError when only the speaking failed."""
        reading: AsyncExitStack = data["reading"]
        said: Said
        if get_flag(data, "writes"):
            await reading.aclose()
            async with self._database.write() as storage:
                storage.put_off_commits()
                said = await handler(event, {**data, "storage": storage})
                if storage.committed:
                    await _keep(storage, data["handling"], data["now"])
        else:
            said = await handler(event, data)
            await reading.aclose()
        time_limit: asyncio.Timeout = data["time_limit"]
        time_limit.reschedule(None)
        if said is not None and isinstance(event, Message | CallbackQuery):
            await say(event, said if isinstance(said, tuple) else (said,))
        return True


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
