"""What was not understood, and what broke."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from structlog.testing import capture_logs

from services.clock import Clock
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


def spoil(folder: Path) -> None:
    """Break the database under the running bot."""
    with closing(sqlite3.connect(folder / "kenes.db")) as connection:
        connection.execute("DROP TABLE components")


async def test_a_stray_text_is_answered_with_what_is_understood(linked: Linked) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends("какая у меня оценка <b>?")
    assert "Этот текст не понят, ничего не отправлено." in dmitry.sees
    assert "Что обо мне хранится" in dmitry.buttons


@pytest.mark.parametrize(
    "sent",
    [
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
        {
            "sticker": {
                "file_id": "s",
                "file_unique_id": "s",
                "type": "regular",
                "width": 1,
                "height": 1,
                "is_animated": False,
                "is_video": False,
            }
        },
        {"location": {"latitude": 43.2, "longitude": 76.9}},
    ],
)
async def test_voices_stickers_and_places_are_not_understood(linked: Linked, sent: dict[str, object]) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends(**sent)  # type: ignore[arg-type]
    assert "Мұнда тек мәтін мен батырмалар түсініледі." in aigerim.sees


async def test_an_unknown_command_leads_to_help(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/bagalar")
    assert "Мұндай пәрмен жоқ." in aigerim.sees
    await aigerim.sends("/help")
    assert "/language – Тілді ауыстыру" in aigerim.sees
    await aigerim.taps("« Мәзір")
    assert "Не білгіңіз келеді" in aigerim.sees


async def test_an_edited_message_is_passed_over(linked: Linked, telegram: Telegram) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/menu")
    before = len(telegram.calls)
    await aigerim.edits("/me")
    assert len(telegram.calls) == before


@pytest.mark.parametrize("data", ["gone:1", "x", "kept:person:first", "move:1", "me:1:2:3", "ж" * 32])
async def test_an_old_or_forged_button_gives_a_fresh_menu(linked: Linked, data: str) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends("/help")
    await dmitry.presses(data)
    assert dmitry.toast == "Эта кнопка устарела. Вот меню."
    assert "что вы хотите узнать?" in dmitry.last.text


async def test_cancel_leaves_a_form_once(linked: Linked, database: Database, clock: Clock) -> None:
    aigerim = await linked(AIGERIM)
    async with database.write() as storage:
        await storage.drafts.keep(1, 1, "need", {}, at=clock.now())
        await storage.commit()
    await aigerim.sends("/cancel")
    assert "Тоқтатылды: ештеңе жіберілген жоқ." in aigerim.sees
    await aigerim.sends("/cancel")
    assert "Тоқтататын ештеңе жоқ." in aigerim.sees


async def test_a_failure_is_told_in_the_persons_language_and_logged_by_the_updates_number(
    linked: Linked, tmp_path: Path
) -> None:
    dmitry = await linked(DMITRY)
    spoil(tmp_path)
    with capture_logs() as logs:
        await dmitry.sends("/me")
    assert "Не получилось, ничего не изменено." in dmitry.sees
    assert "Центр обслуживания студентов" in dmitry.sees
    (failed,) = [line for line in logs if line["log_level"] == "error"]
    assert isinstance(failed["update"], int)
    await dmitry.sends("/menu")
    assert "что вы хотите узнать?" in dmitry.sees


async def test_a_press_that_fails_is_answered_too(linked: Linked, tmp_path: Path) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends("/menu")
    spoil(tmp_path)
    await dmitry.taps("Что обо мне хранится")
    assert "Не получилось" in dmitry.last.text


async def test_what_was_done_but_could_not_be_said_is_not_called_undone(linked: Linked, telegram: Telegram) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/language")
    telegram.failures.append(TelegramBadRequest(SendMessage(chat_id=1, text="x"), "Bad Request: something new"))
    await aigerim.taps("По-русски")
    assert "Жауапты көрсету мүмкін болмады." in aigerim.last.text
    await aigerim.sends("/menu")
    assert "что вы хотите узнать?" in aigerim.sees


async def test_a_person_who_blocked_the_bot_is_let_be(linked: Linked, telegram: Telegram) -> None:
    aigerim = await linked(AIGERIM)
    aigerim.blocks()
    with capture_logs() as logs:
        await aigerim.sends("/menu")
    assert [line["event"] for line in logs] == ["unreachable"]


async def test_a_press_too_old_to_be_answered_still_shows_its_screen(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/menu")
    await aigerim.presses("help", too_late=True)
    assert "Пәрмендер" in aigerim.last.text
