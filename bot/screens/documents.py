"""Documents of requests: what their student hears when one could not be kept."""

from bot.i18n import Texts, bold, lines, msgid, paragraphs
from bot.screen import Screen
from bot.screens.menu import back
from services.requests.documents import Loss

LOSSES = {
    Loss.GONE: msgid("Telegram does not give it to the bot."),
    Loss.TOO_LARGE: msgid("It is too large for the bot."),
}


def lost(texts: Texts, request: int, file_name: str, why: Loss) -> Screen:
    """Tell a student that a document did not reach those who decide, and what helps."""
    return Screen(
        paragraphs(
            bold(texts("📎 A document of your request № {number} was not kept", number=request)),
            lines(bold(file_name), texts(LOSSES[why])),
            texts("The request itself stands. Send the document again, smaller or as a photo: /requests"),
        ),
        (back(texts),),
    )
