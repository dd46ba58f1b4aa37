"""What goes to Telegram: JSON with nothing that is not said, in parts when a file goes along."""

import json
import math

from aiogram.methods import SendDocument, SendMessage
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import BytesPayload, FormData

from bot.app import make_bot
from bot.pacing import Pace

BOT = make_bot("7000000001:" + "t" * 35, "http://127.0.0.1:1", Pace(overall=math.inf))


def test_a_message_goes_with_the_bot_s_defaults_and_nothing_empty() -> None:
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Иә", callback_data="yes")]])
    message = SendMessage(chat_id=1, text="Сәлем", reply_markup=keyboard, protect_content=False)
    body = BOT.session.build_form_data(BOT, message)  # type: ignore[attr-defined]
    assert isinstance(body, BytesPayload)
    assert body.content_type == "application/json"
    assert json.loads(body.decode()) == {
        "chat_id": 1,
        "text": "Сәлем",
        "reply_markup": {"inline_keyboard": [[{"text": "Иә", "callback_data": "yes"}]]},
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_web_page_preview": True,
        "protect_content": False,
    }


def test_a_document_goes_in_parts() -> None:
    document = SendDocument(chat_id=1, document=BufferedInputFile(b"x", "x.txt"))
    assert isinstance(BOT.session.build_form_data(BOT, document), FormData)  # type: ignore[attr-defined]
