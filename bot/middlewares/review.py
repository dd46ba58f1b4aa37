"""What every handler of the staff's side asks for: who is at work, through what, and when."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aiogram import F, Router
from aiogram.types import TelegramObject

from bot.filters import Where
from bot.i18n import Texts
from policy.people import Language, RoleGrant
from policy.profile import Profile
from services.requests.reviewing import Acting
from storage.records import Acquaintance, Draft, Person
from storage.unit import Storage

NAMES = ("storage", "texts", "voices", "person", "roles", "now", "today", "profile")


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody of the staff at work; `user` is their Telegram account and private chat."""

    storage: Storage
    texts: Texts
    voices: Mapping[Language, Texts]
    person: Person
    roles: tuple[RoleGrant, ...]
    user: int
    now: datetime
    today: date
    profile: Profile

    @property
    def by(self) -> str:
        """Their person id."""
        return self.person.person_id

    def acting(self, version: int | None = None) -> Acting:
        """Return them as a use case asks for who acts, on the version of a case they saw."""
        return Acting(self.by, self.now, self.profile, version)

    async def draft(self, form: str) -> Draft | None:
        """Return this form if they are in the middle of it."""
        draft = await self.storage.drafts.of(self.user, self.user)
        return draft if draft and draft.form == form else None

    async def keep(self, form: str, content: Mapping[str, Any]) -> None:
        """Keep where they are in a form. Commits."""
        await self.storage.drafts.keep(self.user, self.user, form, content, at=self.now)
        await self.storage.commit()

    async def leave(self, form: str) -> None:
        """Leave a form, if they are in it. Commits."""
        if await self.draft(form):
            await self.storage.drafts.drop(self.user, self.user)
            await self.storage.commit()


async def is_linked(_event: TelegramObject, who: Acquaintance | None) -> bool:
    """Tell whether the records know who this is."""
    return who is not None


def of_staff(name: str) -> Router:
    """Return a router for private chats with people the records know, whose handlers may ask for `reviewer`."""
    router = Router(name=name)
    router.message.filter(Where(F.chat.type == "private"), is_linked)
    router.callback_query.filter(Where(F.message.chat.type == "private"), is_linked)
    return _equipped(router)


def of_staff_groups(name: str) -> Router:
    """Return a router for groups with people the records know, whose handlers may ask for `reviewer`."""
    router = Router(name=name)
    router.message.filter(Where(F.chat.type != "private"), is_linked)
    router.callback_query.filter(Where(F.message.chat.type != "private"), is_linked)
    return _equipped(router)


def _equipped(router: Router) -> Router:
    for observer in (router.message, router.callback_query):
        observer.middleware(_give)
    return router


async def _give(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    data["reviewer"] = Reviewer(user=data["event_context"].user_id, **{name: data[name] for name in NAMES})
    return await handler(event, data)
