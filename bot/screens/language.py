"""Which language to speak."""

from collections.abc import Mapping

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, both
from bot.screen import Button, Screen
from bot.screens.menu import back
from policy.people import Language


class ChooseLanguage(CallbackData, prefix="speak"):
    """Speak this language from now on."""

    language: Language


def languages(voices: Mapping[Language, Texts], spoken: Language) -> Screen:
    """Offer both languages, each in its own words."""
    choice = tuple(
        Button(voices[language].plain("Speak this language"), ChooseLanguage(language=language))
        for language in Language
    )
    return Screen(both(voices, lambda texts: texts("Which language shall we speak?")), (choice, back(voices[spoken])))


def chosen(texts: Texts) -> Html:
    """Confirm the choice."""
    return texts("We speak this language from now on.")
