"""What forms that ask for text have in common."""

from bot.i18n import Texts, lines
from bot.screen import Screen
from bot.screens.cancel import cancel_button

LONGEST_REASON = 500  # characters


def too_long(texts: Texts, length: int) -> Screen:
    """Ask for a shorter reason."""
    return Screen(
        lines(
            texts("Too long: {length} characters. At most {limit} are kept.", length=length, limit=LONGEST_REASON),
            texts("Write the reason in fewer words."),
        ),
        (cancel_button(texts),),
    )
