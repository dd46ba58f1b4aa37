"""The administrators' chats as they were known last: the way to them that is left when storage does not work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError

from bot.delivery.troubles import Standing
from bot.i18n import Texts
from bot.screen import Screen, send
from bot.screens.alerts import storage_alert, storage_back
from bot.voices import language_of
from policy.people import Language, Role
from policy.profile import Profile
from services.clock import Clock
from storage.database import Database

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Administrators:
    """Who holds the role, as of the last `look`; `remember` hears of them when that changes.

    They are told past the records and the outbox, once and at best.
    """

    bot: Bot
    database: Database
    profile: Profile
    clock: Clock
    voices: Mapping[Language, Texts]
    remember: Callable[[Mapping[int, Language]], None] | None = None
    chats: dict[int, Language] = field(default_factory=dict)

    async def look(self) -> None:
        """Look up who they are now; raises TroubleError, and what was known stays."""
        today = self.clock.now().astimezone(self.profile.university.zone).date()
        async with self.database.read() as storage:
            holders = {each.person_id for each in await storage.roles.holders(Role.ADMIN) if each.holds_on(today)}
            accounts = await storage.accounts.of_people(sorted(holders))
            known = [await storage.accounts.acquaintance(each.user_id) for each in accounts.values()]
        chats = {each.account.user_id: language_of(each, None) for each in known if each}
        if chats != self.chats and self.remember:
            self.remember(chats)
        self.chats = chats

    async def tell_of(self, standing: Standing, over: datetime | None) -> None:
        """Say to each of them what of storage is wrong, or when it was over."""
        trouble, since = standing.trouble, standing.since
        screen = (
            partial(storage_back, since=since, over=over)
            if over
            else partial(storage_alert, trouble=trouble, since=since)
        )
        await tell(self.bot, self.chats, self.voices, screen)


async def tell(
    bot: Bot, chats: Mapping[int, Language], voices: Mapping[Language, Texts], screen: Callable[[Texts], Screen]
) -> None:
    """Say something in each of these chats, in its language; who cannot be reached is passed over."""
    for chat, language in chats.items():
        try:
            await send(bot, chat, screen(voices[language]))
        except (TelegramAPIError, ClientDecodeError) as error:
            log.warning("an administrator is not told", error=type(error).__name__)
