"""A student's own study for the handlers that show it, and nobody else's: it is looked up by who is there."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from aiogram import BaseMiddleware, Router
from aiogram.dispatcher.flags import get_flag
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, TelegramObject

from bot.i18n import Texts
from bot.screen import Event
from bot.screens.marks import no_longer_readable, not_a_student
from policy.calendar import Calendar, PeriodDates
from policy.instant import MessageInstant
from policy.people import Student
from policy.profile import Profile
from services.calendar import calendar_of
from services.importing import Kind, fresh_of
from services.kept import Kept, KeptWhileUnchanged
from services.outages import KEPT_BY_TELEGRAM
from services.standing import facts_of, study_of
from storage.records import Acquaintance
from storage.unit import Storage

STUDENTS_KEPT = 500  # some 50 KB each


class OwnStudy(BaseMiddleware):
    """Gives handlers their `study`, and how fresh its marks are; tells those who may not read it why."""

    def __init__(self) -> None:
        """Begin without a calendar."""
        self._calendar: Kept[Calendar] | None = None
        self._dates = Kept(_dates)
        self._as_of = Kept(partial(fresh_of, kind=Kind.MARKS))
        self._facts = KeptWhileUnchanged(facts_of, most=STUDENTS_KEPT)

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Load the study of who is there, or answer in the handler's place."""
        storage: Storage = data["storage"]
        student: Student | None = data["student"]
        texts: Texts = data["texts"]
        profile: Profile = data["profile"]
        now: datetime = data["now"]
        if student is None:
            return not_a_student(texts, profile)
        self._calendar = self._calendar or Kept(partial(calendar_of, profile=profile))
        calendar = await self._calendar.at(now, storage)
        dates = await self._dates.at(now, storage)
        writes = bool(get_flag(data, "writes"))
        facts = None
        if storage.takes_turns and not writes:
            facts = await self._facts.of(student.person_id, storage, history=data["who"].history)
        study = await study_of(
            storage,
            student=student,
            now=now,
            profile=profile,
            calendar=calendar,
            dates=dates,
            facts=facts,
            since=_sent(data) if writes else None,
        )
        if not study.readable:
            return no_longer_readable(texts, study, profile)
        return await handler(event, {**data, "study": study, "as_of": await self._as_of.at(now, storage)})


def _sent(data: Mapping[str, Any]) -> datetime:
    """Return since when changes of marks matter to what is filed now: a press may file what was written a day ago."""
    now: datetime = data["now"]
    filed: MessageInstant | None = data.get("filed")
    return filed.at if filed else now - KEPT_BY_TELEGRAM


async def _dates(storage: Storage) -> Mapping[str, PeriodDates]:
    return await storage.calendar.dates()


async def _in_own_chat(event: Event, who: Acquaintance | None) -> bool:
    """Tell whether somebody linked is in their private chat: marks are shown nowhere else."""
    message = event.message if isinstance(event, CallbackQuery) else event
    return who is not None and message is not None and message.chat.type == ChatType.PRIVATE


def of_own_study(name: str) -> Router:
    """Return a router whose handlers may ask for `study: Study`; it is for those who are linked, in private."""
    router = Router(name=name)
    router.message.filter(_in_own_chat)
    router.callback_query.filter(_in_own_chat)
    middleware = OwnStudy()
    router.message.middleware(middleware)
    router.callback_query.middleware(middleware)
    return router
