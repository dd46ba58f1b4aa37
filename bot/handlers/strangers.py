"""Whoever is not linked: one screen in both languages, whatever they send, and nothing else."""

from collections.abc import Mapping

from aiogram import Router

from bot.feature import Feature
from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens.start import welcome
from policy.people import Language
from policy.profile import Profile
from storage.records import Acquaintance


async def unlinked(_: Event, who: Acquaintance | None) -> bool:
    """Tell whether this account is nobody's yet."""
    return who is None


async def greet(_: Event, voices: Mapping[Language, Texts], profile: Profile) -> Said:
    """Say what this is and how to get a link."""
    return welcome(voices, profile)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(greet, unlinked)
    router.callback_query.register(greet, unlinked)
    return router


FEATURE = Feature(router=router)
