"""Help: what the bot does, what it never does, and where a human answers."""

from bot.commands import COMMANDS
from bot.i18n import Html, Texts, bold, escape, lines, paragraphs
from bot.screen import Screen
from bot.screens.contacts import desk
from bot.screens.menu import back
from policy.profile import Profile


def help_screen(texts: Texts, profile: Profile) -> Screen:
    """List the commands, say what is kept private and who answers."""
    return Screen(
        paragraphs(
            lines(
                bold(texts("Commands")),
                *(Html(f"/{name} – {escape(texts.plain(says))}") for name, says in COMMANDS.items()),
            ),
            lines(
                texts("Everything here is between you and the university: groups never see it."),
                texts("The bot never asks for your portal password."),
            ),
            desk(texts, profile.contacts.service_desk),
        ),
        (back(texts),),
    )
