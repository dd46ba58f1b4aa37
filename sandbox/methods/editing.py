"""Methods that change or withdraw what was sent, pin it, or answer a press of its buttons."""

from sandbox.entities import utf16_length
from sandbox.keyboards import check_markup, is_inline
from sandbox.methods.call import Call, Handler
from sandbox.methods.content import CAPTION, CONTENT, Content
from sandbox.refusal import bad_request
from sandbox.state import Chat, Json

ANSWER_LENGTH = 200
WITHDRAWN_SECONDS = 48 * 3600


class Editing(Content):
    """What changes messages that are there."""

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each method."""
        return {
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_reply_markup,
            "editMessageMedia": self._edit_media,
            "deleteMessage": self._delete_message,
            "deleteMessages": self._delete_messages,
            "pinChatMessage": self._pin,
            "unpinChatMessage": self._unpin,
            "unpinAllChatMessages": self._unpin_all,
            "answerCallbackQuery": self._answer_callback_query,
        }

    def _editable(self, call: Call) -> tuple[Chat, Json]:
        if call.get("inline_message_id"):
            raise bad_request("inline messages are not in this sandbox")
        if call.get("chat_id") is None:
            raise bad_request("chat_id is empty")
        chat = self._writable(call["chat_id"])
        message = self._message(chat, call.get("message_id"), "edit")
        if (
            message["from"]["id"] != self._bot_user()["id"]
            or message["message_id"] in chat.not_inline
            or not CONTENT & message.keys()
            or "forward_origin" in message
        ):
            raise bad_request("message can't be edited")
        return chat, message

    def _edit(self, chat: Chat, message: Json, call: Call, gone: set[str], fresh: Json, *, dated: bool = True) -> Json:
        """Put fresh content in place of the fields named in `gone`; the keyboard goes unless it is given again."""
        markup = call.get("reply_markup")
        if markup:
            check_markup(markup, chat.type)
            if not is_inline(markup):
                raise bad_request("inline keyboard expected")
            if any(markup["inline_keyboard"]):
                fresh = {**fresh, "reply_markup": markup}
        kept = {name: value for name, value in message.items() if name not in gone | {"reply_markup"}}
        changed = {**kept, **fresh}
        if changed == message:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        if dated:
            changed["edit_date"] = self._telegram.now()
        chat.messages[message["message_id"]] = changed
        self._telegram.tell("edited", chat.id, message=changed)
        return changed

    def _edit_text(self, call: Call) -> Json:
        chat, message = self._editable(call)
        if call.get("rich_message") is not None:
            raise bad_request("rich messages are not in this sandbox")
        if call.get("text") is None:
            raise bad_request("message text is empty")
        if "text" not in message:
            raise bad_request("there is no text in the message to edit")
        return self._edit(chat, message, call, {"text", "entities", "link_preview_options"}, self._text(call))

    def _edit_caption(self, call: Call) -> Json:
        chat, message = self._editable(call)
        if "text" in message:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(chat, message, call, CAPTION - {"has_media_spoiler"}, self._caption(call))

    def _edit_reply_markup(self, call: Call) -> Json:
        chat, message = self._editable(call)
        return self._edit(chat, message, call, set(), {}, dated=False)

    def _edit_media(self, call: Call) -> Json:
        chat, message = self._editable(call)
        content = self._media(call, call["media"])
        if "media_group_id" in message and not content.keys() & message.keys() & {"photo", "document"}:
            raise bad_request("Can't use the media of the specified type in the album")
        return self._edit(chat, message, call, CONTENT | CAPTION | {"entities"}, content)

    def _deletable(self, chat: Chat, message: Json) -> bool:
        own: bool = message["from"]["id"] == self._bot_user()["id"]
        fresh: bool = self._telegram.now() - message["date"] < WITHDRAWN_SECONDS
        if chat.type == "private" or own:
            return fresh
        return chat.bot == "administrator"

    def _delete_message(self, call: Call) -> bool:
        chat = self._chat(call["chat_id"])
        message = self._message(chat, call["message_id"], "delete")
        if not self._deletable(chat, message):
            raise bad_request("message can't be deleted for everyone")
        self._telegram.delete(chat, [call["message_id"]])
        return True

    def _delete_messages(self, call: Call) -> bool:
        chat = self._chat(call["chat_id"])
        if not 1 <= len(call["message_ids"]) <= 100:
            raise bad_request("message identifiers must be 1 to 100")
        found = [chat.messages[one] for one in call["message_ids"] if one in chat.messages]
        self._telegram.delete(chat, [one["message_id"] for one in found if self._deletable(chat, one)])
        return True

    def _may_pin(self, call: Call) -> Chat:
        chat = self._chat(call["chat_id"])
        if chat.type != "private" and chat.bot != "administrator":
            raise bad_request("not enough rights to manage pinned messages in the chat")
        return chat

    def _pin(self, call: Call) -> bool:
        chat = self._may_pin(call)
        message = self._message(chat, call["message_id"], "pin")
        if message["message_id"] not in chat.pinned:
            chat.pinned.append(message["message_id"])
            self._telegram.service(chat, self._bot_user(), {"pinned_message": self._telegram.reply_object(message)})
            self._telegram.tell("chat", chat.id)
        return True

    def _unpin(self, call: Call) -> bool:
        chat = self._may_pin(call)
        message_id = call.get("message_id") or (chat.pinned[-1] if chat.pinned else None)
        if message_id not in chat.pinned:
            raise bad_request("message to unpin not found")
        chat.pinned.remove(message_id)
        self._telegram.tell("chat", chat.id)
        return True

    def _unpin_all(self, call: Call) -> bool:
        chat = self._may_pin(call)
        chat.pinned.clear()
        self._telegram.tell("chat", chat.id)
        return True

    def _answer_callback_query(self, call: Call) -> bool:
        text = call.get("text")
        if text and utf16_length(text) > ANSWER_LENGTH:
            raise bad_request("MESSAGE_TOO_LONG")
        answer = {"text": text, "show_alert": bool(call.get("show_alert")), "url": call.get("url")}
        if not self._telegram.answer(call["callback_query_id"], answer):
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        return True
