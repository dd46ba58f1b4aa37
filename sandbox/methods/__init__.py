"""The Bot API's methods over the sandbox's state, refusing what Telegram refuses, in its words."""

from inspect import isawaitable
from typing import Any

from sandbox.methods.about import About
from sandbox.methods.call import Call, Fields, Handler, RawJson, Uploads
from sandbox.methods.chats import Chats
from sandbox.methods.delivery import Delivery
from sandbox.methods.editing import Editing
from sandbox.methods.sending import Sending
from sandbox.refusal import bad_request
from sandbox.schema import Method
from sandbox.state import Telegram

__all__ = ["BotMethods", "RawJson"]

PACED = {"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup", "forwardMessage", "copyMessage"}
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
}


class BotMethods:
    """What the bot may ask of this Telegram; `perform` is the one door."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram
        self._handlers: dict[str, Handler] = {}
        for chapter in (About, Delivery, Sending, Editing, Chats):
            self._handlers |= chapter(telegram).handlers()

    @property
    def names(self) -> list[str]:
        """The methods that are in this sandbox."""
        return list(self._handlers)

    async def perform(self, method: Method, given: Fields, uploads: Uploads) -> Any:
        """Do what a request asks and return its result; raises ApiRefusal.

        `given` holds the fields as they came (text, or JSON values), `uploads` the file parts by field name.
        """
        handler = self._handlers.get(method.name)
        if handler is None:
            raise bad_request(f"method {method.name} is not in this sandbox")
        call = Call(method.decode(given), uploads)
        if missing := [field for field in method.required if field not in call.fields and field not in uploads]:
            raise bad_request(MISSING.get(missing[0], f'parameter "{missing[0]}" is required'))
        if self._telegram.trouble.pacing and method.name in PACED:
            self._pace(call)
        result = handler(call)
        return await result if isawaitable(result) else result

    def _pace(self, call: Call) -> None:
        chat = call.get("chat_id")
        if isinstance(chat, int):
            media = call.get("media")
            self._telegram.pacing.admit(chat, len(media) if isinstance(media, list) else 1)
