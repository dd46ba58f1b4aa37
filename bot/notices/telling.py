"""What words a notice may ask for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Bot

from bot.i18n import Texts
from bot.screen import Screen
from policy.profile import Profile
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class Telling:
    """What a kind may ask for: a reader, the voice, whom it is for (None: a chat), the content, now, and who speaks.

    `stands`: it was said before, and is worded anew where it stands.
    """

    storage: Storage
    texts: Texts
    content: Mapping[str, Any]
    person_id: str | None
    now: datetime
    profile: Profile
    bot: Bot
    stands: bool = False


Notice = Callable[[Telling], Awaitable[Screen | None]]
