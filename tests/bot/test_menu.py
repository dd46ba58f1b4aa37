"""The menu and what every screen has in common."""

from collections.abc import Awaitable, Callable

from tests.bot.conftest import AIGERIM, DMITRY, REGISTRAR
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]


async def test_the_menu_speaks_the_language_of_the_records(linked: Linked) -> None:
    aigerim, dmitry = await linked(AIGERIM, 1), await linked(DMITRY, 2)
    await aigerim.sends("/menu")
    assert "Не білгіңіз келеді, Айгерім?" in aigerim.sees
    await dmitry.sends("/menu")
    assert "Дмитрий, что вы хотите узнать?" in dmitry.sees


async def test_who_is_no_student_is_offered_no_marks(linked: Linked) -> None:
    registrar, dmitry = await linked(REGISTRAR, 1), await linked(DMITRY, 2)
    await registrar.sends("/menu")
    await dmitry.sends("/menu")
    assert (
        len(set(dmitry.buttons) - set(registrar.buttons)) == 6
    )  # marks, GPA, what is needed; appeals, retakes, requests
