"""What is said to somebody who presses a button of an office they do not hold."""

from bot.i18n import Texts
from bot.screen import Screen
from bot.screens.menu import menu
from storage.records import Acquaintance


def not_yours(texts: Texts, who: Acquaintance) -> Screen:
    """Say that it takes a role, and show what can be done without."""
    said = texts("This is the registrar's office's work. You do not hold such a role today, so nothing was changed.")
    return menu(texts, who, said)
