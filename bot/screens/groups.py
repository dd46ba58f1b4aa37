"""What a group gets to read: the way to the private chat."""

from bot.i18n import Texts
from bot.screen import Button, Screen


def pointer(texts: Texts, username: str) -> Screen:
    """Point to the private chat with the bot."""
    return Screen(
        texts("Personal things are shown in the private chat only."),
        ((Button(texts.plain("Open the private chat"), url=f"https://t.me/{username}?start=menu"),),),
    )
