"""What is said after the bot was down."""

from collections.abc import Mapping
from datetime import datetime

from bot.i18n import Html, Texts, paragraphs
from bot.screen import Screen
from services.outages import KEPT_BY_TELEGRAM


def touched(texts: Texts, content: Mapping[str, str]) -> Screen:
    """Tell somebody who wrote meanwhile that it counts."""
    sent = datetime.fromisoformat(content["sent"])
    return Screen(
        paragraphs(
            _down(texts, content),
            texts("Your message has arrived; the time it was sent is what counts: {sent}.", sent=texts.instant(sent)),
        )
    )


def lost(texts: Texts, content: Mapping[str, str]) -> Screen:
    """Tell the staff what may never have arrived."""
    began, ended = (datetime.fromisoformat(content[name]) for name in ("began", "ended"))
    return Screen(
        paragraphs(
            _down(texts, content),
            texts(
                "Telegram keeps messages for 24 hours only. What was sent in this time may be lost: {began} – {ended}.",
                began=texts.instant(began),
                ended=texts.instant(ended - KEPT_BY_TELEGRAM),
            ),
            texts("If a deadline fell into it, requests have to be taken in another way."),
        ),
    )


def _down(texts: Texts, content: Mapping[str, str]) -> Html:
    began, ended = (datetime.fromisoformat(content[name]) for name in ("began", "ended"))
    return texts("The bot was not working: {began} – {ended}.", began=texts.instant(began), ended=texts.instant(ended))
