"""Help: what the bot does, what it never does, and where a human answers."""

from collections.abc import Mapping

from bot.feature import Audience, Commands
from bot.i18n import Html, Texts, bold, escape, lines, msgid, paragraphs
from bot.screen import Screen
from bot.screens.menu import OFFICE, back, reviews
from bot.words.contacts import desk
from policy.profile import Profile
from storage.records import Acquaintance


def help_screen(texts: Texts, who: Acquaintance, profile: Profile, commands: Commands) -> Screen:
    """List the commands this person has, say what is kept private and who answers."""
    office = any(grant.role in OFFICE for grant in who.roles)
    return Screen(
        paragraphs(
            _commands(texts, msgid("Commands"), commands[Audience.EVERYBODY]),
            _commands(texts, msgid("Students' requests"), commands[Audience.REVIEWERS]) if reviews(who) else None,
            _commands(texts, msgid("The registrar's office"), commands[Audience.OFFICE]) if office else None,
            lines(
                texts("Everything here is between you and the university: groups never see it."),
                texts("The bot never asks for your portal password."),
            ),
            desk(texts, profile.contacts.service_desk),
        ),
        (back(texts),),
    )


def _commands(texts: Texts, title: str, commands: Mapping[str, str]) -> Html:
    told = (Html(f"/{name} – {escape(texts.plain(says))}") for name, says in commands.items())
    return lines(bold(texts(title)), *told)
