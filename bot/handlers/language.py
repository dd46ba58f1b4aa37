"""/language: choose and remember."""

from collections.abc import Mapping
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Said
from bot.screen import Event
from bot.screens.language import ChooseLanguage, chosen, languages
from bot.screens.menu import OpenLanguage, menu
from policy.people import Language
from services.accounts import choose_language
from storage.records import Acquaintance
from storage.unit import Storage


async def open_languages(_: Event, voices: Mapping[Language, Texts], language: Language) -> Said:
    """Show the choice."""
    return languages(voices, language)


async def choose(
    press: CallbackQuery,
    *,
    callback_data: ChooseLanguage,
    storage: Storage,
    who: Acquaintance,
    voices: Mapping[Language, Texts],
    now: datetime,
) -> Said:
    """Remember the choice and go on in it."""
    await choose_language(storage, user=press.from_user.id, language=callback_data.language, now=now)
    texts = voices[callback_data.language]
    return menu(texts, who, chosen(texts))


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_languages, Command("language"))
    router.callback_query.register(open_languages, OpenLanguage.filter())
    router.callback_query.register(choose, ChooseLanguage.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("language", msgid("Change the language"), 8),))
