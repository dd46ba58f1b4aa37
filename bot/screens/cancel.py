"""Leaving a form."""

from bot.buttons import CallbackData
from bot.i18n import Html, Texts
from bot.screen import Button


class Cancel(CallbackData, prefix="stop"):
    """Leave what I was writing."""


def cancel_button(texts: Texts) -> tuple[Button, ...]:
    """Return the row that leaves a form."""
    return (Button(texts.plain("Cancel"), Cancel()),)


def cancelled(texts: Texts) -> Html:
    """Confirm that nothing was filed."""
    return texts("Cancelled: nothing was filed.")


def nothing_to_cancel(texts: Texts) -> Html:
    """Say that no form was open."""
    return texts("There was nothing to cancel.")
