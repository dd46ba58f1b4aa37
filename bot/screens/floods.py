"""What somebody reads who sends more than one person can read answers to."""

from bot.i18n import Texts, msgid
from bot.screen import Screen

SLOWLY = msgid(
    "Slowly, please: that was too much at once. This and what you send right after it is left undone. "
    "Wait a minute, then send it again."
)


def slowly(texts: Texts) -> Screen:
    """Ask to slow down, and say what to do."""
    return Screen(texts(SLOWLY))


def slowly_toast(texts: Texts) -> str:
    """Say the same over the chat."""
    return texts.plain(SLOWLY)
