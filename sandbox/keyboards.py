"""Which keyboards Telegram takes under a message."""

import re
from typing import Any

from sandbox.refusal import bad_request

CALLBACK_DATA_BYTES = 64
INLINE_BUTTONS = 100
ACTIONS = {
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
}
URL = re.compile(r"(?i)(?:https?://)?[^\s/.:]+(?:\.[^\s/.]+)+(?:[/?#:]\S*)?|https?://localhost(?:[/:]\S*)?|tg://\S+")


def check_markup(markup: dict[str, Any], chat_type: str) -> None:
    """Raise ApiRefusal when Telegram would not take this reply_markup in a chat of this type."""
    if "inline_keyboard" in markup:
        _check_inline(markup["inline_keyboard"])
    elif "keyboard" in markup:
        _check_reply(markup["keyboard"], chat_type)


def is_inline(markup: dict[str, Any]) -> bool:
    """Whether the buttons stand under the message itself."""
    return "inline_keyboard" in markup


def _check_inline(rows: list[list[dict[str, Any]]]) -> None:
    if sum(len(row) for row in rows) > INLINE_BUTTONS:
        raise bad_request("reply markup is too long")
    for row in rows:
        for button in row:
            if not button["text"].strip():
                raise bad_request("can't parse inline keyboard button: text must be non-empty")
            actions = ACTIONS & button.keys()
            if not actions:
                raise bad_request(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                )
            if len(actions) > 1:
                raise bad_request(f"can't parse inline keyboard button: exactly one of {', '.join(sorted(actions))}")
            data = button.get("callback_data")
            if data is not None and not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
            url = button.get("url")
            if url is not None and not URL.fullmatch(url):
                raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _check_reply(rows: list[list[dict[str, Any]]], chat_type: str) -> None:
    if not any(rows):
        raise bad_request("reply markup must contain at least one button")
    for row in rows:
        for button in row:
            if not button["text"].strip():
                raise bad_request("can't parse keyboard button: text must be non-empty")
            for what, name in (("request_contact", "phone number"), ("request_location", "location")):
                if button.get(what) and chat_type != "private":
                    raise bad_request(f"{name} can be requested in private chats only")
