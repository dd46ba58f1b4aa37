"""The Bot API's methods over the sandbox's state, refusing what Telegram refuses, in its words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any
from urllib.parse import urlsplit

from sandbox.entities import formatted, utf16_length
from sandbox.files import FETCHED_BYTES, StoredFile, Upload
from sandbox.keyboards import check_markup, is_inline
from sandbox.refusal import ApiRefusal, bad_request, forbidden
from sandbox.schema import method_named
from sandbox.state import PRESENT, Chat, Json, Telegram, Topic
from sandbox.updates import Webhook

TEXT_LENGTH = 4096
CAPTION_LENGTH = 1024
ANSWER_LENGTH = 200
WITHDRAWN_SECONDS = 48 * 3600
ACTION_SECONDS = 5
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


Fields = Mapping[str, Any]
Uploads = Mapping[str, Upload]


@dataclass(frozen=True)
class Call:
    """One request: the decoded fields and the files that came with it."""

    fields: Fields
    uploads: Uploads

    def __getitem__(self, name: str) -> Any:
        """Return a field; raises KeyError."""
        return self.fields[name]

    def get(self, name: str, otherwise: Any = None) -> Any:
        """Return a field, if given."""
        return self.fields.get(name, otherwise)


Handler = Callable[[Call], Any]


class BotMethods:
    """What the bot may ask of this Telegram; `perform` is the one door."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram
        self._handlers: dict[str, Handler] = {name.lower(): handler for name, handler in self._all_handlers().items()}

    def _all_handlers(self) -> dict[str, Handler]:
        return {
            "getMe": self._get_me,
            "logOut": lambda _: True,
            "close": lambda _: True,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "sendMediaGroup": self._send_media_group,
            "sendChatAction": self._send_chat_action,
            "forwardMessage": self._forward_message,
            "copyMessage": self._copy_message,
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
            "getFile": self._get_file,
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "getChatMemberCount": self._get_chat_member_count,
            "getChatAdministrators": self._get_chat_administrators,
            "leaveChat": self._leave_chat,
            "createForumTopic": self._create_topic,
            "closeForumTopic": lambda call: self._close_topic(call, closed=True),
            "reopenForumTopic": lambda call: self._close_topic(call, closed=False),
            "deleteForumTopic": self._delete_topic,
            "setMyCommands": self._set_commands,
            "getMyCommands": self._get_commands,
            "deleteMyCommands": self._delete_commands,
            "setMyName": lambda call: self._set_about(call, "name", 64),
            "getMyName": lambda call: self._get_about(call, "name"),
            "setMyDescription": lambda call: self._set_about(call, "description", 512),
            "getMyDescription": lambda call: self._get_about(call, "description"),
            "setMyShortDescription": lambda call: self._set_about(call, "short_description", 120),
            "getMyShortDescription": lambda call: self._get_about(call, "short_description"),
            "setChatMenuButton": self._set_menu_button,
            "getChatMenuButton": self._get_menu_button,
        }

    async def perform(self, name: str, given: Fields, uploads: Uploads) -> Any:
        """Do what a request asks and return its result; raises ApiRefusal.

        `given` holds the fields as they came (text, or JSON values), `uploads` the file parts by field name.
        """
        method = method_named(name)
        if method is None:
            raise ApiRefusal(404, "Not Found")
        handler = self._handlers.get(name.lower())
        if handler is None:
            raise bad_request(f"method {method.name} is not in this sandbox")
        call = Call(method.decode(given), uploads)
        if missing := [field for field in method.required if field not in call.fields and field not in uploads]:
            raise bad_request(_MISSING.get(missing[0], f'parameter "{missing[0]}" is required'))
        if self._telegram.trouble.pacing and method.name in PACED:
            self._pace(call)
        result = handler(call)
        return await result if isawaitable(result) else result

    def _pace(self, call: Call) -> None:
        chat = call.get("chat_id")
        if isinstance(chat, int):
            media = call.get("media")
            self._telegram.pacing.admit(chat, len(media) if isinstance(media, list) else 1)

    # --- the bot itself

    def _get_me(self, _: Call) -> Json:
        account = self._telegram.world.bot
        return {
            **self._bot_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": account.reads_all_group_messages,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _bot_user(self) -> Json:
        return self._telegram.bot

    async def _get_updates(self, call: Call) -> "RawJson":
        queue = self._telegram.updates
        if (allowed := call.get("allowed_updates")) is not None:
            queue.allowed = allowed
        limit = min(max(call.get("limit", 100), 1), 100)
        timeout = min(max(call.get("timeout", 0), 0), 50)
        texts = await queue.poll(call.get("offset", 0), limit, timeout)
        return RawJson("[" + ",".join(texts) + "]")

    async def _set_webhook(self, call: Call) -> bool:
        url = call.get("url", "")
        parts = urlsplit(url)
        if url and not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = call.get("secret_token")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        queue = self._telegram.updates
        if call.get("drop_pending_updates"):
            queue.drop()
        if (allowed := call.get("allowed_updates")) is not None:
            queue.allowed = allowed
        connections = min(max(call.get("max_connections", 40), 1), 100)
        await queue.set_webhook(Webhook(url, secret, connections) if url else None)
        return True

    async def _delete_webhook(self, call: Call) -> bool:
        if call.get("drop_pending_updates"):
            self._telegram.updates.drop()
        await self._telegram.updates.set_webhook(None)
        return True

    def _get_webhook_info(self, _: Call) -> Json:
        queue = self._telegram.updates
        webhook = queue.webhook
        info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": queue.count()}
        if webhook is not None:
            info |= {"url": webhook.url, "max_connections": webhook.max_connections}
            if webhook.last_error_at is not None:
                info |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
        if queue.allowed:
            info["allowed_updates"] = queue.allowed
        return info

    # --- where it goes

    def _chat(self, chat_id: int | str) -> Chat:
        """Return the chat when the bot can reach it; raises ApiRefusal."""
        telegram = self._telegram
        if chat_id == "":
            raise bad_request("chat_id is empty")
        chat = telegram.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise bad_request("chat not found")
        if chat.type == "private":
            if not chat.started and not any(
                group.bot in PRESENT and chat.id in group.members for group in telegram.chats.values()
            ):
                raise bad_request("chat not found")
            return chat
        if chat.migrated_to is not None:
            raise ApiRefusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.bot == "kicked":
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        if chat.bot == "left":
            raise forbidden(f"bot is not a member of the {chat.type} chat")
        return chat

    def _writable(self, chat_id: int | str) -> Chat:
        """Return the chat when the bot may write there; raises ApiRefusal."""
        chat = self._chat(chat_id)
        if chat.type == "private":
            if self._telegram.accounts[chat.id].person.deactivated:
                raise forbidden("user is deactivated")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
        if chat.bot == "restricted":
            raise bad_request("not enough rights to send text messages to the chat")
        return chat

    def _thread(self, chat: Chat, call: Call) -> int | None:
        thread = call.get("message_thread_id")
        if thread is None:
            return None
        topic = chat.topics.get(thread)
        if topic is None:
            raise bad_request("message thread not found")
        if topic.closed and chat.bot != "administrator":
            raise bad_request("TOPIC_CLOSED")
        return int(thread)

    def _message(self, chat: Chat, message_id: int | None, what: str) -> Json:
        if message_id is None:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request(f"message to {what} not found")
        return message

    # --- sending

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
            if is_inline(markup):
                content["reply_markup"] = markup
        message = self._telegram.append(chat, self._bot_user(), content, thread=thread)
        if markup and not is_inline(markup):
            self._show_keyboard(chat, message["message_id"], markup)
        return message

    def _replied(self, chat: Chat, call: Call) -> Json | None:
        parameters = call.get("reply_parameters")
        if not parameters:
            return None
        if parameters.get("chat_id", chat.id) != chat.id:
            raise bad_request("replies to other chats are not in this sandbox")
        replied = chat.messages.get(parameters["message_id"])
        if replied is None and not parameters.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return replied

    def _show_keyboard(self, chat: Chat, message_id: int, markup: Json) -> None:
        chat.not_inline.add(message_id)
        if "keyboard" in markup:
            chat.reply_keyboard, chat.force_reply = markup, None
        elif "force_reply" in markup:
            placeholder = markup.get("input_field_placeholder")
            chat.force_reply = {"message_id": message_id, "input_field_placeholder": placeholder}
        else:
            chat.reply_keyboard = None
        self._telegram.tell("chat", chat.id)

    def _send_message(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        return self._post(chat, call, self._text(call))

    def _text(self, call: Call) -> Json:
        text, entities = self._formatted(call["text"], call, "entities")
        if not text:
            raise bad_request("message text is empty")
        if utf16_length(text) > TEXT_LENGTH:
            raise bad_request("message is too long")
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if options := call.get("link_preview_options"):
            content["link_preview_options"] = options
        return content

    def _caption(self, call: Call | Json) -> Json:
        text, entities = self._formatted(call.get("caption") or "", call, "caption_entities")
        if utf16_length(text) > CAPTION_LENGTH:
            raise bad_request("message caption is too long")
        content: Json = {"caption": text} if text else {}
        if entities:
            content["caption_entities"] = entities
        if text and call.get("show_caption_above_media"):
            content["show_caption_above_media"] = True
        if call.get("has_spoiler"):
            content["has_media_spoiler"] = True
        return content

    def _formatted(self, text: str, call: Call | Json, given: str) -> tuple[str, list[Json]]:
        text, entities = formatted(text, call.get("parse_mode"), call.get(given))
        known = []
        for entity in entities:
            if entity["type"] == "text_mention":
                account = self._telegram.accounts.get(entity["user"]["id"])
                if account is None:
                    continue
                entity = {**entity, "user": account.user}  # noqa: PLW2901
            known.append(entity)
        return text, known

    def _file(self, call: Call, reference: str | None, field: str) -> StoredFile | Upload:
        """Return what a field names: a part of the request, attach://part, or a file_id."""
        if reference is None:
            if field not in call.uploads:
                raise bad_request(f"there is no {field} in the request")
            return call.uploads[field]
        if reference.startswith("attach://"):
            upload = call.uploads.get(reference.removeprefix("attach://"))
            if upload is None:
                raise bad_request(f"there is no {field} in the request")
            return upload
        stored = self._telegram.files.get(reference)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return stored

    def _photo(self, file: StoredFile | Upload) -> Json:
        if isinstance(file, Upload):
            file = self._telegram.files.keep_photo(file)
        if not file.is_photo:
            raise bad_request("can't use file of type Document as Photo")
        return file.content()

    def _document(self, file: StoredFile | Upload) -> Json:
        if isinstance(file, Upload):
            file = self._telegram.files.keep_document(file)
        if file.is_photo:
            raise bad_request("can't use file of type Photo as Document")
        return file.content()

    def _send_photo(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        photo = self._photo(self._file(call, call.get("photo"), "photo"))
        return self._post(chat, call, photo | self._caption(call))

    def _send_document(self, call: Call) -> Json:
        chat = self._writable(call["chat_id"])
        document = self._document(self._file(call, call.get("document"), "document"))
        return self._post(chat, call, document | self._caption(call))

    def _media(self, call: Call, media: Json) -> Json:
        kind = media["type"]
        if kind not in {"photo", "document"}:
            raise bad_request(f"media of type {kind} is not in this sandbox")
        file = self._file(call, media["media"], kind)
        content = self._photo(file) if kind == "photo" else self._document(file)
        return content | self._caption(media)

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

    # --- changing and withdrawing

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

    # --- looking

    def _get_file(self, call: Call) -> Json:
        stored = self._telegram.files.get(call["file_id"])
        if stored is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if stored.size > FETCHED_BYTES:
            raise bad_request("file is too big")
        path = self._telegram.files.link(stored, self._telegram.clock.timestamp())
        return {**stored.reference(), "file_path": path}

    def _get_chat(self, call: Call) -> Json:
        chat = self._chat(call["chat_id"])
        body = self._telegram.chat_object(chat)
        body |= {"accent_color_id": 0, "max_reaction_count": 11, "permissions": {"can_send_messages": True}}
        gifts = ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"]
        body["accepted_gift_types"] = dict.fromkeys(gifts, False)
        if chat.type == "private":
            del body["permissions"]
        if chat.pinned:
            body["pinned_message"] = chat.messages[chat.pinned[-1]]
        return body

    def _get_chat_member(self, call: Call) -> Json:
        chat = self._chat(call["chat_id"])
        user = call["user_id"]
        if user != self._bot_user()["id"] and user not in self._telegram.accounts:
            raise bad_request("user not found")
        if chat.type == "private":
            person = user in {chat.id, self._bot_user()["id"]}
            return {**self._telegram.member_object(chat, user), "status": "member" if person else "left"}
        return self._telegram.member_object(chat, user)

    def _get_chat_member_count(self, call: Call) -> int:
        chat = self._chat(call["chat_id"])
        return 2 if chat.type == "private" else len(chat.members) + 1

    def _get_chat_administrators(self, call: Call) -> list[Json]:
        chat = self._chat(call["chat_id"])
        if chat.type == "private":
            raise bad_request("there are no administrators in the private chat")
        admins = [person for person in chat.members if chat.is_admin(person)]
        if chat.bot == "administrator":
            admins.append(self._bot_user()["id"])
        return [self._telegram.member_object(chat, one) for one in admins]

    def _leave_chat(self, call: Call) -> bool:
        chat = self._chat(call["chat_id"])
        if chat.type == "private":
            raise bad_request("chat member status can't be changed in private chats")
        self._telegram.change_bot(chat, "left", self._bot_user())
        return True

    # --- forum topics

    def _forum(self, call: Call) -> Chat:
        chat = self._chat(call["chat_id"])
        if not chat.is_forum:
            raise bad_request("the chat is not a forum")
        if chat.bot != "administrator":
            raise bad_request("not enough rights to manage topics")
        return chat

    def _topic(self, chat: Chat, call: Call) -> Topic:
        topic = chat.topics.get(call["message_thread_id"])
        if topic is None:
            raise bad_request("message thread not found")
        return topic

    def _create_topic(self, call: Call) -> Json:
        chat = self._forum(call)
        if not 1 <= utf16_length(call["name"]) <= 128:
            raise bad_request("topic name must be 1 to 128 characters")
        topic = self._telegram.open_topic(chat, call["name"], self._bot_user(), call.get("icon_color", 0x6FB9F0))
        return {"message_thread_id": topic.id, "name": topic.name, "icon_color": topic.icon_color}

    def _close_topic(self, call: Call, *, closed: bool) -> bool:
        chat = self._forum(call)
        topic = self._topic(chat, call)
        if topic.closed == closed:
            raise bad_request("TOPIC_NOT_MODIFIED")
        self._telegram.close_topic(chat, topic, self._bot_user(), closed=closed)
        return True

    def _delete_topic(self, call: Call) -> bool:
        chat = self._forum(call)
        self._telegram.delete_topic(chat, self._topic(chat, call))
        return True

    # --- what it says about itself

    def _scope(self, call: Call) -> tuple[str, int, int]:
        scope = call.get("scope") or {"type": "default"}
        chat = scope.get("chat_id", 0)
        if chat:
            self._chat(chat)
        return str(scope["type"]), chat, scope.get("user_id", 0)

    def _language(self, call: Call) -> str:
        language = call.get("language_code") or ""
        if language and not re.fullmatch("[a-z]{2}", language):
            raise bad_request("invalid language code specified")
        return str(language)

    def _set_commands(self, call: Call) -> bool:
        commands = call["commands"]
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for one in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", one["command"].removeprefix("/")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= utf16_length(one["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept = [{**one, "command": one["command"].removeprefix("/")} for one in commands]
        self._telegram.commands.setdefault(self._scope(call), {})[self._language(call)] = kept
        self._telegram.tell("commands")
        return True

    def _get_commands(self, call: Call) -> list[Json]:
        return self._telegram.commands.get(self._scope(call), {}).get(self._language(call), [])

    def _delete_commands(self, call: Call) -> bool:
        self._telegram.commands.get(self._scope(call), {}).pop(self._language(call), None)
        self._telegram.tell("commands")
        return True

    def _about(self, what: str) -> dict[str, str]:
        telegram = self._telegram
        return {
            "name": telegram.names,
            "description": telegram.descriptions,
            "short_description": telegram.short_descriptions,
        }[what]

    def _set_about(self, call: Call, what: str, limit: int) -> bool:
        text = call.get(what) or ""
        if utf16_length(text) > limit:
            raise bad_request(f"bot {what.replace('_', ' ')} is too long")
        if text:
            self._about(what)[self._language(call)] = text
        else:
            self._about(what).pop(self._language(call), None)
        self._telegram.tell("commands")
        return True

    def _get_about(self, call: Call, what: str) -> Json:
        texts = self._about(what)
        first_name = self._bot_user()["first_name"] if what == "name" else ""
        return {what: texts.get(self._language(call)) or texts.get("") or first_name}

    def _set_menu_button(self, call: Call) -> bool:
        chat = call.get("chat_id")
        if chat is not None:
            self._chat(chat)
        self._telegram.menu_buttons[chat] = call.get("menu_button") or {"type": "default"}
        self._telegram.tell("commands")
        return True

    def _get_menu_button(self, call: Call) -> Json:
        buttons = self._telegram.menu_buttons
        return buttons.get(call.get("chat_id")) or buttons.get(None) or {"type": "default"}


class RawJson(str):
    """A result that is JSON text already."""

    __slots__ = ()


PACED = {"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup", "forwardMessage", "copyMessage"}
CONTENT = {"text", "photo", "document", "contact"}
CAPTION = {"caption", "caption_entities", "show_caption_above_media", "has_media_spoiler"}
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
}


def forwarded(message: Json) -> Json:
    """Return the content of a message as its forward carries it: with its origin, without callback buttons."""
    content = {name: value for name, value in message.items() if name in CONTENT | CAPTION | {"entities"}}
    markup = message.get("reply_markup")
    if markup and all("url" in button for row in markup["inline_keyboard"] for button in row):
        content["reply_markup"] = markup
    origin = message.get("forward_origin")
    if origin is None:
        origin = {"type": "user", "date": message["date"], "sender_user": message["from"]}
        if "sender_chat" in message:
            origin = {"type": "chat", "date": message["date"], "sender_chat": message["sender_chat"]}
    return {**content, "forward_origin": origin}


def _is_loopback(host: str | None) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}
