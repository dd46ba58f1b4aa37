"""Methods that send: messages, photos, documents, albums, forwards, copies, chat actions."""

import re

from sandbox.keyboards import check_markup, is_inline
from sandbox.methods.call import Call, Handler
from sandbox.methods.content import CAPTION, CONTENT, Content, forwarded
from sandbox.refusal import bad_request
from sandbox.state import Chat, Json

ACTION_SECONDS = 5
MENTION = re.compile(r"@(\w+)")
ACTIONS = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
]


class Sending(Content):
    """What adds messages to a chat."""

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each method."""
        return {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "sendMediaGroup": self._send_media_group,
            "sendChatAction": self._send_chat_action,
            "forwardMessage": self._forward_message,
            "copyMessage": self._copy_message,
        }

    def _post(self, chat: Chat, call: Call, content: Json) -> Json:
        """Add the bot's message with what every send method may carry."""
        thread = self._thread(chat, call)
        replied = self._replied(chat, call)
        if replied is not None:
            content["reply_to_message"] = self._telegram.reply_object(replied)
            thread = thread or replied.get("message_thread_id")
        elif thread is not None and thread in chat.messages:
            content["reply_to_message"] = self._telegram.reply_object(chat.messages[thread])
        if call.get("protect_content"):
            content["has_protected_content"] = True
        markup = call.get("reply_markup")
        if markup:
            check_markup(markup, chat.type)
            if is_inline(markup) and any(markup["inline_keyboard"]):
                content["reply_markup"] = markup
        message = self._telegram.append(chat, self._bot_user(), content, thread=thread)
        if markup and not is_inline(markup):
            self._show_keyboard(chat, message, markup)
        return message

    def _replied(self, chat: Chat, call: Call) -> Json | None:
        parameters = call.get("reply_parameters")
        if not parameters:
            return None
        if parameters.get("chat_id", chat.id) != chat.id:
            raise bad_request("replies to other chats are not in this sandbox")
        replied = chat.messages.get(parameters.get("message_id", 0))
        if replied is None and not parameters.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return replied

    def _show_keyboard(self, chat: Chat, message: Json, markup: Json) -> None:
        message_id = message["message_id"]
        chat.not_inline.add(message_id)
        placeholder = markup.get("input_field_placeholder")
        for person in self._meant(chat, message) if markup.get("selective") else chat.people:
            if "keyboard" in markup:
                chat.reply_keyboards[person] = markup
                chat.force_replies.pop(person, None)
            elif "force_reply" in markup:
                chat.force_replies[person] = {"message_id": message_id, "input_field_placeholder": placeholder}
            else:
                chat.reply_keyboards.pop(person, None)
        self._telegram.tell("chat", chat.id)

    def _meant(self, chat: Chat, message: Json) -> set[int]:
        """Return whom a selective keyboard is for: who is mentioned in the text, and whose message it replies to."""
        meant = {message.get("reply_to_message", {}).get("from", {}).get("id")}
        text = message.get("text") or message.get("caption") or ""
        names = {name.lower() for name in MENTION.findall(text)}
        for entity in message.get("entities") or message.get("caption_entities") or ():
            meant.add(entity.get("user", {}).get("id"))
        accounts = self._telegram.accounts
        return {one for one in chat.people if one in meant or (accounts[one].person.username or "").lower() in names}

    def _send_message(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        return self._post(chat, call, self._text(call))

    def _send_photo(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        photo = self._photo(self._file(call, call.get("photo"), "photo"))
        return self._post(chat, call, photo | self._caption(call))

    def _send_document(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        document = self._document(self._file(call, call.get("document"), "document"))
        return self._post(chat, call, document | self._caption(call))

    def _send_media_group(self, call: Call) -> list[Json]:
        chat = self._writable(call["chat_id"])
        media = call["media"]
        if len(media) < 2:
            raise bad_request("too few messages to send as an album")
        if len(media) > 10:
            raise bad_request("too many messages to send as an album")
        if len({one["type"] for one in media}) > 1:
            raise bad_request("Can't use the media of the specified type in the album")
        contents = [self._media(call, one) for one in media]
        album = self._telegram.album_id()
        return [self._post(chat, call, {**content, "media_group_id": album}) for content in contents]

    def _send_chat_action(self, call: Call) -> bool:
        chat = self._writable(call["chat_id"])
        if call["action"] not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        self._thread(chat, call)
        chat.action = {"action": call["action"], "until": self._telegram.now() + ACTION_SECONDS}
        self._telegram.tell("action", chat.id, **chat.action)
        return True

    def _forward_message(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        message = self._message(self._chat(call["from_chat_id"]), call["message_id"], "forward")
        if message.get("has_protected_content") or not CONTENT & message.keys():
            raise bad_request("the message can't be forwarded")
        return self._post(chat, call, forwarded(message))

    def _copy_message(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        message = self._message(self._chat(call["from_chat_id"]), call["message_id"], "copy")
        if message.get("has_protected_content") or not CONTENT & message.keys():
            raise bad_request("the message can't be copied")
        content = {name: value for name, value in message.items() if name in CONTENT | CAPTION | {"entities"}}
        if call.get("caption") is not None and "text" not in content:
            content = {name: value for name, value in content.items() if name not in CAPTION} | self._caption(call)
        return {"message_id": self._post(chat, call, content)["message_id"]}
