"""How what is owed is said: in whose language, by which notice, with which paper; handed to delivery."""

from collections.abc import Mapping
from datetime import datetime

from aiogram import Bot

from bot.i18n import Texts
from bot.notices.telling import Notice, Telling
from bot.papers import LayOut, MakePaper
from bot.screen import Paper, Screen
from bot.screens.review.papers import no_longer_yours
from bot.voices import language_of, voice_of
from policy.people import Language
from policy.profile import Profile
from storage.outbox import Owed, OwedState
from storage.unit import Storage


class Wording:
    """Words what the features owe, spoken by `voices`."""

    def __init__(
        self,
        bot: Bot,
        profile: Profile,
        voices: Mapping[Language, Texts],
        *,
        notices: Mapping[str, Notice],
        papers: Mapping[str, MakePaper],
    ) -> None:
        """Speak as `bot`, of what these notices and papers are about."""
        self._bot = bot
        self._profile = profile
        self._voices = voices
        self._notices = notices
        self._papers = papers

    def knows(self, kind: str) -> bool:
        """Tell whether messages of this kind can be worded."""
        return kind in self._notices

    async def word(self, storage: Storage, owed: Owed, chat: int, now: datetime) -> Screen | None:
        """Return what a message says now, in the language read there: a group's stands in its content."""
        known = await storage.accounts.acquaintance(chat) if chat > 0 else None
        language = Language(owed.content["language"]) if "language" in owed.content else language_of(known, None)
        texts, stands = self._voices[language], owed.state is OwedState.SENT
        telling = Telling(storage, texts, owed.content, owed.person_id, now, self._profile, self._bot, stands)
        return await self._notices[owed.kind](telling)

    async def paper(self, storage: Storage, paper: Paper, chat: int, now: datetime) -> LayOut | Screen:
        """Return what lays a paper out, or what is said when it is not for whoever asked for it any more."""
        lay_out = await self._papers[paper.what](storage, paper.of, now, self._profile)
        return lay_out or no_longer_yours(await voice_of(storage, self._voices, chat))
