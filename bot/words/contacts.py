"""Where a human answers: the last lines of every refusal and failure."""

from bot.i18n import Html, Texts, lines
from policy.people import Language
from policy.profile import Bilingual, Desk


def desk(texts: Texts, contact: Desk) -> Html:
    """Say who answers, where and when, as far as the university has told."""
    place, hours = said(texts, contact.place), said(texts, contact.hours)
    return lines(
        texts("Questions are answered by: {desk}", desk=said(texts, contact.desk)),
        texts("Place: {place}", place=place) if place else None,
        texts("Hours: {hours}", hours=hours) if hours else None,
        texts("Phone: {phone}", phone=contact.phone) if contact.phone else None,
    )


def said(texts: Texts, text: Bilingual) -> str:
    """Return a text of the profile in this language."""
    return text.kk if texts.language is Language.KK else text.ru
