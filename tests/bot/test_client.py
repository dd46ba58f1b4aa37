"""What goes to Telegram: a form with nothing that is not said, in parts when a file goes along."""

import json
import math
from urllib.parse import parse_qsl

from aiogram.methods import SendDocument, SendMessage
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import BytesPayload, FormData

from bot.app import make_bot
from bot.delivery.pacing import Pace

BOT = make_bot("7000000001:" + "t" * 35, "http://127.0.0.1:1", Pace(overall=math.inf))


def test_a_message_goes_with_the_bot_s_defaults_and_nothing_empty() -> None:
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Иә", callback_data="yes")]])
    message = SendMessage(chat_id=1, text="Сәлем", reply_markup=keyboard, protect_content=False)
    body = BOT.session.build_form_data(BOT, message)  # type: ignore[attr-defined]
    assert isinstance(body, BytesPayload)
    assert body.content_type == "application/x-www-form-urlencoded"
    said = dict(parse_qsl(body.decode(), strict_parsing=True))
    assert json.loads(said.pop("reply_markup")) == {"inline_keyboard": [[{"text": "Иә", "callback_data": "yes"}]]}
    assert said == {
        "chat_id": "1",
        "text": "Сәлем",
        "parse_mode": "HTML",
        "link_preview_options": '{"is_disabled":true}',
        "disable_web_page_preview": "true",
        "protect_content": "false",
    }


def test_a_document_goes_in_parts() -> None:
    document = SendDocument(chat_id=1, document=BufferedInputFile(b"x", "x.txt"))
    assert isinstance(BOT.session.build_form_data(BOT, document), FormData)  # type: ignore[attr-defined]
