"""Which language, in which case."""

from collections.abc import Awaitable, Callable

import pytest

from bot.voices import language_of
from policy.people import Language
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, HandClock
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]


@pytest.mark.parametrize(
    ("telegram", "spoken"),
    [("ru", "ru"), ("ru-RU", "ru"), ("kk", "kk"), ("en", "kk"), ("rue", "kk"), ("", "kk"), (None, "kk")],
)
def test_of_somebody_unknown_telegram_tells_russian_and_all_else_is_kazakh(telegram: str | None, spoken: str) -> None:
    assert language_of(None, telegram) == spoken


async def test_once_linked_the_records_tell_the_language(linked: Linked) -> None:
    dmitry = await linked(DMITRY, language_code="kk")
    await dmitry.sends("/menu")
    assert "что вы хотите узнать?" in dmitry.sees


async def test_the_choice_overrules_the_records_and_is_remembered(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/language")
    assert "Қай тілде сөйлесеміз?" in aigerim.sees
    assert "На каком языке будем говорить?" in aigerim.sees
    await aigerim.taps("По-русски")
    assert "Теперь говорим по-русски." in aigerim.sees
    await aigerim.sends("/menu")
    assert "Айгерім, что вы хотите узнать?" in aigerim.sees


async def test_a_choice_made_before_linking_holds_after_it(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    async with database.write() as storage:
        await storage.accounts.choose_language(1, Language.RU)
        await storage.commit()
    aigerim = await linked(AIGERIM, 1)
    await aigerim.sends("/menu")
    assert "что вы хотите узнать?" in aigerim.sees


async def test_a_forged_language_is_answered_with_the_menu(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/language")
    await aigerim.presses("speak:en")
    assert aigerim.toast == "Бұл батырма ескірген. Міне, мәзір."
    assert "Не білгіңіз келеді" in aigerim.sees
