"""/me: what is stored about me, to read and to take away; the end of the link."""

from collections.abc import Mapping
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Said
from bot.screen import Event
from bot.screens import me as screens
from bot.screens.me import AskUnlink, OpenSection, TakeAway, Unlink
from bot.screens.menu import OpenMe
from policy.people import Language
from policy.profile import Profile
from services import accounts
from services.personal_data import everything_about
from storage.records import Person
from storage.unit import Storage


async def open_me(_: Event, storage: Storage, person: Person, texts: Texts, now: datetime) -> Said:
    """Show what there is."""
    return screens.me(texts, person, await everything_about(storage, person_id=person.person_id, now=now))


async def open_section(
    _: CallbackQuery, callback_data: OpenSection, storage: Storage, person: Person, texts: Texts, now: datetime
) -> Said:
    """Show one section, a page of it."""
    data = await everything_about(storage, person_id=person.person_id, now=now)
    return screens.section(texts, data, callback_data.section, callback_data.page)


async def take_away(_: CallbackQuery, storage: Storage, person: Person, texts: Texts, now: datetime) -> Said:
    """Give it all as a file."""
    return screens.taken_away(texts, await everything_about(storage, person_id=person.person_id, now=now))


async def ask_unlink(_: CallbackQuery, texts: Texts) -> Said:
    """Ask whether it is meant."""
    return screens.ask_unlink(texts)


async def unlink(
    press: CallbackQuery, storage: Storage, voices: Mapping[Language, Texts], now: datetime, profile: Profile
) -> Said:
    """End the link."""
    await accounts.unlink(storage, user=press.from_user.id, now=now)
    return screens.unlinked(voices, profile)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_me, Command("me"))
    router.callback_query.register(open_me, OpenMe.filter())
    router.callback_query.register(open_section, OpenSection.filter())
    router.callback_query.register(take_away, TakeAway.filter())
    router.callback_query.register(ask_unlink, AskUnlink.filter())
    router.callback_query.register(unlink, Unlink.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("me", msgid("What is stored about me"), 9),))
