"""A student who files requests, and through what: the handlers of requests ask for `applicant`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.types import TelegramObject

from bot.i18n import Texts
from bot.middlewares.study import of_own_study
from policy.people import Language
from policy.profile import Profile
from services.attempts import Stranger, note
from services.requests.history import OBJECT
from services.standing import Study
from storage.requests import Request
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who is there with their own study and nobody else's; `user` is their Telegram account, and their chat."""

    storage: Storage
    texts: Texts
    voices: Mapping[Language, Texts]
    study: Study
    user: int
    now: datetime
    profile: Profile

    @property
    def student_id(self) -> str:
        """Who they are in the records."""
        return self.study.student.person_id

    def request(self, number: int) -> Request | None:
        """Return a request of theirs by its number; that they tried somebody else's is noted."""
        one = next((each for each in self.study.requests if each.id == number), None)
        if one is None:
            note(Stranger.NOT_THEIRS, OBJECT, number, by=self.student_id, cause=OBJECT, now=self.now)
        return one


async def _know(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    names = ("storage", "texts", "voices", "study", "now", "profile")
    data["applicant"] = Applicant(user=data["event_context"].user_id, **{name: data[name] for name in names})
    return await handler(event, data)


def of_applicants(name: str) -> Router:
    """Return a router whose handlers may ask for `applicant: Applicant`."""
    router = of_own_study(name)
    router.message.middleware(_know)
    router.callback_query.middleware(_know)
    return router
