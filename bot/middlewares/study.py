"""A student's own study for the handlers that show it, and nobody else's: it is looked up by who is there."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from aiogram import BaseMiddleware, Router
from aiogram.types import TelegramObject

from bot.i18n import Texts
from bot.screens.marks import no_longer_readable, not_a_student
from policy.calendar import Calendar, PeriodDates
from policy.people import Student
from policy.profile import Profile
from services.calendar import calendar_of
from services.importing import Kind, fresh_of
from services.kept import Kept
from services.standing import study_of
from storage.unit import Storage


class OwnStudy(BaseMiddleware):
    """Gives handlers their `study`, and how fresh its marks are; tells those who may not read it why."""

    def __init__(self) -> None:
        """Begin without a calendar."""
        self._calendar: Kept[Calendar] | None = None
        self._dates = Kept(_dates)
        self._as_of = Kept(partial(fresh_of, kind=Kind.MARKS))

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
        study = await study_of(storage, student=student, now=now, profile=profile, calendar=calendar, dates=dates)
        if not study.readable:
            return no_longer_readable(texts, study, profile)
        return await handler(event, {**data, "study": study, "as_of": await self._as_of.at(now, storage)})


async def _dates(storage: Storage) -> Mapping[str, PeriodDates]:
    return await storage.calendar.dates()


def of_own_study(name: str) -> Router:
    """Return a router whose handlers may ask for `study: Study`."""
    router = Router(name=name)
    middleware = OwnStudy()
    router.message.middleware(middleware)
    router.callback_query.middleware(middleware)
    return router
