"""How a screen gets into a chat: sent, edited, cut, sent anew."""

from aiogram.types import CallbackQuery, Chat

from bot.buttons import CallbackData
from bot.i18n import Html
from bot.screen import TEXT_LIMIT, Button, File, Screen, length, pages, send, show
from tests.telegram import Shown, Telegram

PNG = File("gpa.png", b"\x89PNG")


class Again(CallbackData, prefix="again"):
    """A button."""


AGAIN = ((Button("Again", Again()),),)


async def press(telegram: Telegram, shown: Shown, screen: Screen) -> None:
    """Show a screen as the answer to a press under a message."""
    under = telegram.described(1, shown)
    if shown.gone:
        under = {"chat": Chat(id=1, type="private"), "message_id": shown.message_id, "date": 0}
    query = {"id": f"q{telegram.next()}", "from": {"id": 1, "is_bot": False, "first_name": "x"}, "chat_instance": "1"}
    event = CallbackQuery.model_validate({**query, "message": under}, context={"bot": telegram.bot})
    await show(event, screen)
    assert event.id in telegram.answers


def standing(telegram: Telegram) -> list[str]:
    return [shown.text for shown in telegram.room(1).messages if not shown.gone]


async def test_a_press_turns_the_message_into_the_next_screen(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("one"), AGAIN))
    await press(telegram, telegram.room(1).messages[0], Screen(Html("two"), AGAIN))
    assert standing(telegram) == ["two"]


async def test_a_press_that_changes_nothing_is_normal_life(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("<b>one</b>"), AGAIN))
    await press(telegram, telegram.room(1).messages[0], Screen(Html("<b>one</b>"), AGAIN))
    assert standing(telegram) == ["one"]


async def test_a_message_that_is_gone_is_sent_anew(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("one"), AGAIN))
    telegram.room(1).messages[0].gone = True
    await press(telegram, telegram.room(1).messages[0], Screen(Html("two")))
    assert standing(telegram) == ["two"]


async def test_a_message_deleted_since_it_was_pressed_is_sent_anew(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("one"), AGAIN))
    shown = telegram.room(1).messages.pop()
    await press(telegram, shown, Screen(Html("two")))
    assert standing(telegram) == ["two"]


async def test_a_picture_takes_the_place_of_a_text_and_back(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("one"), AGAIN))
    await press(telegram, telegram.room(1).messages[0], Screen(Html("chart"), AGAIN, picture=PNG))
    assert standing(telegram) == ["chart"]
    assert telegram.room(1).messages[-1].picture == PNG.content
    await press(telegram, telegram.room(1).messages[-1], Screen(Html("other"), AGAIN, picture=File("x", b"2")))
    assert standing(telegram) == ["other"]
    assert telegram.room(1).messages[-1].picture == b"2"
    await press(telegram, telegram.room(1).messages[-1], Screen(Html("two"), AGAIN))
    assert standing(telegram) == ["two"]


async def test_a_document_leaves_what_was_pressed_where_it_is(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("one"), AGAIN))
    await press(telegram, telegram.room(1).messages[0], Screen(Html("file"), document=File("a.json", b"{}")))
    assert standing(telegram) == ["one", "file"]
    assert telegram.room(1).messages[-1].document == ("a.json", b"{}")


async def test_a_long_text_is_cut_between_lines_with_the_buttons_under_the_last(telegram: Telegram) -> None:
    rows = "\n".join(f"{number} <i>сабақ &amp; 🎓</i>" for number in range(600))
    text = Html(f"<blockquote>{rows}</blockquote>")
    await send(telegram.bot, 1, Screen(text, AGAIN))
    first, *rest = telegram.room(1).messages
    assert first.keyboard is None
    assert rest[-1].buttons == ["Again"]
    assert "\n".join(shown.text for shown in (first, *rest)).splitlines() == [f"{n} сабақ & 🎓" for n in range(600)]


async def test_a_caption_that_is_too_long_becomes_a_message_before_the_picture(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("x" * 1025), AGAIN, picture=PNG))
    text, picture = telegram.room(1).messages
    assert (len(text.text), text.buttons) == (1025, [])
    assert (picture.text, picture.buttons) == ("", ["Again"])


def test_a_line_no_message_can_hold_is_cut_without_its_markup() -> None:
    parts = pages(Html("<b>" + "&lt;" * 9000 + "</b>"))
    assert all(length(part) <= TEXT_LIMIT for part in parts)
    assert sum(length(part.replace("\n", "")) for part in parts) == 9000


async def test_a_protected_screen_cannot_be_forwarded(telegram: Telegram) -> None:
    await send(telegram.bot, 1, Screen(Html("marks"), protected=True))
    assert telegram.room(1).messages[0].protected
