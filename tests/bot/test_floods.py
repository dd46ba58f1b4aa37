"""A flood from one person: asked once to slow down, the rest is done with unhandled, and everybody else is served."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import pytest

from bot.i18n import Texts
from bot.middlewares import floods
from bot.middlewares.floods import Floods
from policy.people import Language
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
SLOWLY = {Language.KK: "Асықпаңызшы", Language.RU: "Помедленнее, пожалуйста"}
AT_ONCE = 6  # and as many a minute


@pytest.fixture
def limit(telegram: Telegram, database: Database, clock: HandClock, voices: Mapping[Language, Texts]) -> Floods:
    """Put a small limit before all else."""
    limit = Floods(AT_ONCE, database=database, clock=clock, voices=voices)
    telegram.dispatcher.update.outer_middleware(limit)
    return limit


def said(person: Person, text: str) -> int:
    """How often the bot said something."""
    return sum(text in message.text for message in person.room.messages if message.by_bot)


async def test_it_is_said_once_and_the_rest_is_left(limit: Floods, linked: Linked, telegram: Telegram) -> None:
    aigerim, dmitry = await linked(AIGERIM, 1), await linked(DMITRY, 2)
    for _ in range(AT_ONCE):
        await aigerim.sends("/help")
    answers = len(aigerim.room.messages)
    calls = len(telegram.calls)
    for _ in range(20):
        await aigerim.sends("/help")
    assert said(aigerim, SLOWLY[Language.KK]) == 1
    assert len(aigerim.room.messages) == answers + 20 + 1
    assert len(telegram.calls) == calls + 1
    await dmitry.sends("/help")
    assert SLOWLY[Language.RU] not in dmitry.sees
    assert dmitry.sees


async def test_who_waits_goes_on_and_is_asked_again_in_the_next_flood(
    limit: Floods, linked: Linked, clock: HandClock
) -> None:
    dmitry = await linked(DMITRY, 2)
    for _ in range(AT_ONCE + 3):
        await dmitry.sends("/help")
    clock.move(timedelta(seconds=10))
    await dmitry.sends("/help")
    assert SLOWLY[Language.RU] not in dmitry.sees
    await dmitry.sends("/help")  # still the same flood
    assert dmitry.sees == ""
    clock.move(timedelta(minutes=1))
    for _ in range(AT_ONCE + 1):
        await dmitry.sends("/help")
    assert said(dmitry, SLOWLY[Language.RU]) == 2


async def test_a_press_too_many_is_answered_over_the_chat(limit: Floods, linked: Linked) -> None:
    aigerim = await linked(AIGERIM, 1)
    await aigerim.sends("/language")
    russian = aigerim.last.data_of("По-русски")
    for _ in range(AT_ONCE):
        await aigerim.presses(russian)
    assert aigerim.toast is not None
    assert SLOWLY[Language.RU] in aigerim.toast
    assert said(aigerim, SLOWLY[Language.RU]) == 0


async def test_what_piled_up_while_the_bot_was_down_is_no_flood(limit: Floods, linked: Linked) -> None:
    """Messages of an hour come all at once, each with the instant it was sent."""
    dmitry = await linked(DMITRY, 2)
    for minutes in range(60, 0, -2):
        await dmitry.sends("/help", late=timedelta(minutes=minutes))
    assert said(dmitry, SLOWLY[Language.RU]) == 0
    for _ in range(AT_ONCE + 1):
        await dmitry.sends("/help")
    assert said(dmitry, SLOWLY[Language.RU]) == 1


async def test_only_so_many_people_are_remembered(
    database: Database, clock: HandClock, voices: Mapping[Language, Texts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floods, "REMEMBERED", 3)
    limit = Floods(AT_ONCE, database=database, clock=clock, voices=voices)
    for user in (1, 2, 3, 1, 4):
        limit._bucket(user, clock.now())
    assert [*limit._buckets] == [3, 1, 4]
