"""/help: how this works and where a human answers."""

from aiogram import Router
from aiogram.filters import Command

from bot.feature import Commands, Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens.help import help_screen
from bot.screens.menu import OpenHelp
from policy.profile import Profile
from storage.records import Acquaintance


async def open_help(_: Event, who: Acquaintance, texts: Texts, profile: Profile, commands: Commands) -> Said:
    """Show the help."""
    return help_screen(texts, who, profile, commands)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_help, Command("help"))
    router.callback_query.register(open_help, OpenHelp.filter())
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("help", msgid("How this works and whom to ask"), 10),))
