"""Groups: nothing about anybody."""

from collections.abc import Awaitable, Callable

from aiogram.methods import AnswerCallbackQuery

from tests.bot.conftest import AIGERIM
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


async def test_a_command_in_a_group_is_answered_with_the_way_to_the_private_chat(
    telegram: Telegram, linked: Linked
) -> None:
    aigerim = await linked(AIGERIM)
    group = telegram.group("IS-24-1")
    await aigerim.sends("/me@kenes_bot", in_=group)
    told = group.last
    assert told.text == "Жеке мәлімет тек жеке чатта көрсетіледі."
    assert told.keyboard
    assert told.keyboard.inline_keyboard[0][0].url == "https://t.me/kenes_bot?start=menu"
    assert aigerim.room.messages == []


async def test_the_way_from_the_group_leads_to_the_menu(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/start menu")
    assert "Не білгіңіз келеді" in aigerim.sees


async def test_what_people_say_to_each_other_and_other_bots_commands_are_let_be(
    telegram: Telegram, linked: Linked
) -> None:
    aigerim = await linked(AIGERIM)
    group = telegram.group("IS-24-1", hears_all=True)
    for text in ("сәлем", "/me@other_bot", "/weather", "/start AAAA"):
        await aigerim.sends(text, in_=group)
    await aigerim.sends(in_=group, contact={"phone_number": "1", "first_name": "x", "user_id": 1})
    assert group.stands == ["Жеке мәлімет тек жеке чатта көрсетіледі."]  # to /start alone, which is ours


async def test_a_press_in_a_group_is_let_go_and_shows_nothing(telegram: Telegram, linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    under = {"message_id": 5, "date": 1, "chat": {"id": -1001, "type": "supergroup"}, "text": "x"}
    query = {"id": "q", "from": aigerim.user, "chat_instance": "1", "data": "me", "message": under}
    await telegram.feed(callback_query=query)
    assert [type(call) for call in telegram.calls] == [AnswerCallbackQuery]
    assert telegram.answers["q"].text is None
