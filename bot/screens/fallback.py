"""What is said to what was not understood, and when something broke."""

from collections.abc import Sequence
from dataclasses import replace

from bot.i18n import Html, Texts, lines, paragraphs
from bot.screen import Screen
from bot.screens.menu import menu
from bot.words.contacts import desk
from policy.profile import Profile
from storage.records import Acquaintance


def unknown_text(texts: Texts, who: Acquaintance) -> Screen:
    """Answer a text that no form waits for."""
    return menu(texts, who, texts("This text was not understood and nothing was filed. Choose below:"))


def unknown_command(texts: Texts, who: Acquaintance) -> Screen:
    """Answer a command there is not."""
    return menu(texts, who, texts("There is no such command. /help lists them all."))


def only_text(texts: Texts, who: Acquaintance) -> Screen:
    """Answer a voice, a picture, a sticker, a place."""
    return menu(texts, who, texts("Only text and buttons are understood here."))


def old_button(texts: Texts, who: Acquaintance) -> Screen:
    """Answer a button that is no longer there."""
    return replace(menu(texts, who), toast=texts.plain("This button is old. Here is the menu."))


def press_again(texts: Texts) -> Screen:
    """Ask again after an outage: whoever pressed then may have thought better of it."""
    return Screen(
        lines(
            texts("⏳ Your press reached me only now, after an outage. Nothing was done."),
            texts("If it still holds, press the same button once more."),
        ),
        anew=True,
    )


def kept(tongues: Sequence[Texts]) -> Screen:
    """Say that storage does not work and that what was sent is not lost by it; in each of these languages."""
    return Screen(
        paragraphs(
            *(
                lines(
                    texts("⏳ The records do not answer just now. What you sent is kept, as of when you sent it."),
                    texts("The answer comes by itself as soon as they do: nothing needs to be sent again."),
                )
                for texts in tongues
            )
        )
    )


def kept_toast(tongues: Sequence[Texts]) -> str:
    """Say it over the chat."""
    return "\n".join(
        texts.plain("The records do not answer just now. Your press is kept and done as soon as they do.")
        for texts in tongues
    )


def broken(texts: Texts, profile: Profile) -> Html:
    """Say that something failed and that nothing was changed."""
    return paragraphs(
        texts("This did not work, and nothing was changed. Please try again in a minute."),
        desk(texts, profile.contacts.service_desk),
    )


def unsaid(texts: Texts, profile: Profile) -> Html:
    """Say that it was done though it could not be shown."""
    return paragraphs(
        texts("The answer could not be shown. Open /menu to see how things stand."),
        desk(texts, profile.contacts.service_desk),
    )
