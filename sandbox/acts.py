"""What people do in the sandbox: write, press, share, send files, block, move in and out of groups."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.cast import Group
from sandbox.entities import plain, utf16_length
from sandbox.files import Upload
from sandbox.methods.content import CAPTION_LENGTH, CONTENT, TEXT_LENGTH, forwarded
from sandbox.recordings import STICKER, STICKER_SIDE, VOICE, VOICE_SECONDS
from sandbox.refusal import ApiRefusal
from sandbox.state import ANONYMOUS_ADMIN, PRESENT, Chat, Json, Query, Telegram

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
DATA_BYTES = 64


class ActError(ValueError):
    """What somebody tried to do makes no sense; the text says why, in English."""


class Given:
    """The fields of one act, each read with its kind; raises ActError naming what is wrong."""

    def __init__(self, fields: Json) -> None:
        """Take what came."""
        self._fields = fields

    def number(self, name: str) -> int:
        """Return a whole number that must be there."""
        value = self.optional_number(name)
        if value is None:
            raise ActError(f"{name} is missing")
        return value

    def optional_number(self, name: str) -> int | None:
        """Return a whole number, or None; digits in text (a form) are numbers too."""
        value = self._fields.get(name)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            value = int(value)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise ActError(f"{name} must be a whole number")
        return value

    def text(self, name: str, longest: int = TEXT_LENGTH) -> str:
        """Return a text that must be there."""
        value = self.optional_text(name, longest)
        if not value:
            raise ActError(f"{name} is missing")
        return value

    def optional_text(self, name: str, longest: int = TEXT_LENGTH) -> str | None:
        """Return a text of at most so many UTF-16 units, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise ActError(f"{name} must be text")
        if utf16_length(value) > longest:
            raise ActError(f"{name} is longer than {longest} characters")
        return value

    def flag(self, name: str) -> bool:
        """Return whether something is asked for."""
        return self._fields.get(name) in (True, "true", "1", "on")

    def numbers(self, name: str) -> list[int] | None:
        """Return a list of whole numbers, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(type(one) is int for one in value):
            raise ActError(f"{name} must be a list of whole numbers")
        return value


class People:
    """The hands of the people in this Telegram."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram
        self._deeds: dict[str, Callable[[int, Chat, Given], Json]] = {
            "send": self._send,
            "start": self._start,
            "contact": self._contact,
            "voice": self._voice,
            "sticker": self._sticker,
            "edit": self._edit,
            "delete": self._delete,
            "forward": self._forward,
            "read": self._read,
            "block": self._block,
            "unblock": self._unblock,
            "delete_chat": self._delete_chat,
            "leave": self._leave,
        }

    def act(self, fields: Json) -> Json:
        """Do one act (shapes in page_api) but a press or an upload; returns what it gives. Raises ActError."""
        given = Given(fields)
        deed = self._deeds.get(str(fields.get("do")))
        if deed is None:
            raise ActError(f"do must be press, upload or one of {', '.join(self._deeds)}")
        person, chat = self.at(given)
        return deed(person, chat, given)

    def at(self, given: Given) -> tuple[int, Chat]:
        """Return who acts, and where; raises ActError when that person is not in that chat."""
        person = given.number("as")
        if person not in self._telegram.accounts:
            raise ActError(f"there is no person {person}")
        chat = self._telegram.chats.get(given.number("chat"))
        if chat is None or not chat.sees(person):
            raise ActError(f"person {person} is in no chat {given.number('chat')}")
        if self._telegram.accounts[person].person.deactivated:
            raise ActError(f"the account {person} is deactivated")
        return person, chat

    def press(self, fields: Json) -> Query:
        """Press a button; the query's future gets the bot's answer. Raises ActError."""
        given = Given(fields)
        person, chat = self.at(given)
        self._check_not_blocked(chat)
        data = given.text("data", DATA_BYTES)
        if len(data.encode()) > DATA_BYTES:
            raise ActError(f"data is longer than {DATA_BYTES} bytes")
        message_id = given.number("message_id")
        message = chat.messages.get(message_id)
        if not given.flag("forged"):
            rows = (message or {}).get("reply_markup", {}).get("inline_keyboard", [])
            if not any(button.get("callback_data") == data for row in rows for button in row):
                raise ActError(f"message {message_id} has no such button")
        if message is None:
            message = {"chat": self._telegram.chat_object(chat), "message_id": message_id, "date": 0}
        return self._telegram.press(person, chat, message, data)

    def upload(self, fields: Json, uploads: Sequence[Upload]) -> Json:
        """Send files: one message each, several as an album. Raises ActError."""
        given = Given(fields)
        person, chat = self.at(given)
        if not 1 <= len(uploads) <= 10:
            raise ActError("file: from 1 to 10 of them")
        caption, entities = plain(given.optional_text("caption", CAPTION_LENGTH) or "")
        keep = self._telegram.files.keep_photo if given.flag("as_photo") else self._telegram.files.keep_document
        try:
            contents = [keep(upload).content() for upload in uploads]
        except ApiRefusal as refusal:
            raise ActError(refusal.description.removeprefix("Bad Request: ")) from None
        if caption:
            contents[0]["caption"] = caption
            if entities:
                contents[0]["caption_entities"] = entities
        if len(contents) > 1:
            album = self._telegram.album_id()
            contents = [{**content, "media_group_id": album} for content in contents]
        return {"messages": [self._post(person, chat, content, given) for content in contents]}

    # --- messages

    def _post(self, person: int, chat: Chat, content: Json, given: Given) -> Json:
        """Add a person's message; the bot hears of it as privacy mode allows."""
        self._check_not_blocked(chat)
        sender, thread = self._telegram.accounts[person].user, given.optional_number("thread")
        if thread is not None:
            topic = chat.topics.get(thread)
            if topic is None:
                raise ActError(f"there is no topic {thread}")
            if topic.closed and not chat.is_admin(person):
                raise ActError("the topic is closed")
        if given.flag("anonymous"):
            if not chat.is_admin(person):
                raise ActError("only an administrator of a group can be anonymous")
            sender = ANONYMOUS_ADMIN
            content["sender_chat"] = self._telegram.chat_object(chat)
        reply_to = given.optional_number("reply_to")
        if reply_to is not None:
            if reply_to not in chat.messages:
                raise ActError(f"there is no message {reply_to} to reply to")
            replied = chat.messages[reply_to]
            thread = thread or replied.get("message_thread_id")
            content["reply_to_message"] = self._telegram.reply_object(replied)
        elif thread is not None and thread in chat.messages:
            content["reply_to_message"] = self._telegram.reply_object(chat.messages[thread])
        if chat.type == "private":
            chat.started = True
        message = self._telegram.append(chat, sender, content, thread=thread)
        chat.read[person] = chat.last_id
        if self._telegram.hears(chat, message):
            self._telegram.updates.add("message", chat.id, message)
        self._use_keyboard(person, chat)
        return message

    def _use_keyboard(self, person: int, chat: Chat) -> None:
        once = chat.reply_keyboards.get(person, {}).get("one_time_keyboard")
        if once:
            del chat.reply_keyboards[person]
        if chat.force_replies.pop(person, None) or once:
            self._telegram.tell("chat", chat.id)

    def _check_not_blocked(self, chat: Chat) -> None:
        if chat.blocked:
            raise ActError("the bot is blocked; unblock it first")

    def _send(self, person: int, chat: Chat, given: Given) -> Json:
        text, entities = plain(given.text("text"))
        if not text:
            raise ActError("text is empty")
        content: Json = {"text": text, "entities": entities} if entities else {"text": text}
        return {"message": self._post(person, chat, content, given)}

    def _start(self, person: int, chat: Chat, given: Given) -> Json:
        self._check_private(chat)
        payload = given.optional_text("payload")
        if payload and not PAYLOAD.fullmatch(payload):
            raise ActError("payload: up to 64 of A-Z, a-z, 0-9, _ and -")
        self._telegram.change_bot(chat, "member", self._telegram.accounts[person].user)
        text, entities = plain(f"/start {payload or ''}")
        return {"message": self._post(person, chat, {"text": text, "entities": entities}, given)}

    def _contact(self, person: int, chat: Chat, given: Given) -> Json:
        phone = given.optional_text("phone_number", 32)
        if phone:
            contact: Json = {"phone_number": phone, "first_name": given.text("first_name", 64)}
        else:
            of = given.optional_number("of") or person
            account = self._telegram.accounts.get(of)
            if account is None or not account.person.phone:
                raise ActError(f"there is no phone number of {of}")
            names: Json = {name: account.user[name] for name in ("first_name", "last_name") if name in account.user}
            contact = {"phone_number": account.person.phone, **names, "user_id": of}
        return {"message": self._post(person, chat, {"contact": contact}, given)}

    def _voice(self, person: int, chat: Chat, given: Given) -> Json:
        stored = self._telegram.files.keep_document(VOICE)
        voice = {**stored.reference(), "duration": VOICE_SECONDS, "mime_type": stored.mime_type}
        return {"message": self._post(person, chat, {"voice": voice}, given)}

    def _sticker(self, person: int, chat: Chat, given: Given) -> Json:
        stored = self._telegram.files.keep_document(STICKER)
        look = {"type": "regular", "is_animated": False, "is_video": False, "emoji": given.text("emoji", 16)}
        sticker = {**stored.reference(), "width": STICKER_SIDE, "height": STICKER_SIDE, **look}
        return {"message": self._post(person, chat, {"sticker": sticker}, given)}

    def _own(self, person: int, chat: Chat, given: Given) -> Json:
        message = chat.messages.get(given.number("message_id"))
        if message is None or message["from"]["id"] != person or not CONTENT & message.keys():
            raise ActError("there is no such message of one's own")
        return message

    def _edit(self, person: int, chat: Chat, given: Given) -> Json:
        self._check_not_blocked(chat)
        message = self._own(person, chat, given)
        kind = "text" if "text" in message else "caption"
        if kind == "caption" and not {"photo", "document"} & message.keys():
            raise ActError("there is nothing to edit in this message")
        text, entities = plain(given.text("text", TEXT_LENGTH if kind == "text" else CAPTION_LENGTH))
        if not text:
            raise ActError("text is empty")
        name = "entities" if kind == "text" else "caption_entities"
        changed = {key: value for key, value in message.items() if key != name}
        changed |= {kind: text, "edit_date": self._telegram.now()}
        if entities:
            changed[name] = entities
        chat.messages[message["message_id"]] = changed
        if self._telegram.hears(chat, changed):
            self._telegram.updates.add("edited_message", chat.id, changed)
        self._telegram.tell("edited", chat.id, message=changed)
        return {"message": changed}

    def _delete(self, person: int, chat: Chat, given: Given) -> Json:
        message = self._own(person, chat, given)
        self._telegram.delete(chat, [message["message_id"]])
        return {}

    def _forward(self, person: int, chat: Chat, given: Given) -> Json:
        source = self._telegram.chats.get(given.number("from_chat"))
        if source is None or not source.sees(person):
            raise ActError("there is no such chat to forward from")
        message = source.messages.get(given.number("message_id"))
        if message is None or not CONTENT & message.keys():
            raise ActError("there is no such message to forward")
        if message.get("has_protected_content"):
            raise ActError("the message is protected: it can't be forwarded")
        return {"message": self._post(person, chat, forwarded(message), given)}

    def _read(self, person: int, chat: Chat, given: Given) -> Json:  # noqa: ARG002
        self.mark_read(person, chat)
        return {}

    def mark_read(self, person: int, chat: Chat) -> None:
        """Mark everything in a chat as read by a person."""
        if chat.read.get(person, 0) < chat.last_id:
            chat.read[person] = chat.last_id
            self._telegram.tell("chat", chat.id)

    # --- the bot and the chat

    def _check_private(self, chat: Chat) -> None:
        if chat.type != "private":
            raise ActError("this is done in the private chat with the bot")

    def _block(self, person: int, chat: Chat, given: Given) -> Json:  # noqa: ARG002
        self._check_private(chat)
        self._telegram.change_bot(chat, "kicked", self._telegram.accounts[person].user)
        return {}

    def _unblock(self, person: int, chat: Chat, given: Given) -> Json:  # noqa: ARG002
        self._check_private(chat)
        self._telegram.change_bot(chat, "member", self._telegram.accounts[person].user)
        return {}

    def _delete_chat(self, person: int, chat: Chat, given: Given) -> Json:  # noqa: ARG002
        self._check_private(chat)
        self._telegram.delete(chat, list(chat.messages))
        chat.reply_keyboards.clear()
        self._telegram.tell("chat", chat.id)
        return {}

    def _leave(self, person: int, chat: Chat, given: Given) -> Json:  # noqa: ARG002
        if chat.type == "private":
            raise ActError("one cannot leave the private chat")
        self._telegram.change_member(chat, person, "left", self._telegram.accounts[person].user)
        return {}


class Groups:
    """Making and changing groups."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram

    def change(self, fields: Json) -> Chat:
        """Make a group, or change the one with this id; fields as in page_api. Raises ActError."""
        given = Given(fields)
        chat_id = given.optional_number("id")
        if chat_id is None:
            return self._make(given, fields)
        chat = self._telegram.chats.get(chat_id)
        if chat is None or chat.type == "private" or chat.migrated_to is not None:
            raise ActError(f"there is no group {chat_id}")
        self._check_bot_status(fields.get("bot"))
        by = self._actor(chat, given)
        self._change_members(chat, given, by)
        title = given.optional_text("title", 128)
        if title and title != chat.title:
            chat.title = title
            self._telegram.service(chat, by, {"new_chat_title": title})
        self._change_bot(chat, fields.get("bot"), by)
        if given.flag("migrate") or (given.flag("is_forum") and chat.type == "group"):
            if chat.type != "group":
                raise ActError(f"{chat_id} is a supergroup already")
            chat = self._telegram.migrate(chat, by)
        if given.flag("is_forum"):
            chat.is_forum = True
        self._change_topics(chat, given, by)
        self._telegram.tell("chat", chat.id)
        return chat

    def _make(self, given: Given, fields: Json) -> Chat:
        kind: Any = fields.get("type", "supergroup" if given.flag("is_forum") else "group")
        if kind not in ("group", "supergroup"):
            raise ActError("type must be group or supergroup")
        if kind == "group" and given.flag("is_forum"):
            raise ActError("only a supergroup can be a forum")
        members, admins = given.numbers("members") or [], given.numbers("admins") or []
        self._check_people([*members, *admins])
        if not members and not admins:
            raise ActError("a group needs at least one person")
        floor = -1_000_000_000_000 if kind == "supergroup" else 0
        ceiling = float("-inf") if kind == "supergroup" else -1_000_000_000_000
        group_id = min((chat for chat in self._telegram.chats if ceiling < chat < floor), default=floor) - 1
        self._check_bot_status(fields.get("bot"))
        title, forum = given.text("title", 128), given.flag("is_forum")
        chat = self._telegram.add_group(Group(group_id, title, tuple(members), tuple(admins), kind, is_forum=forum))
        by = self._telegram.accounts[(admins or members)[0]].user
        self._telegram.append(chat, by, {"group_chat_created": True})
        self._change_bot(chat, fields.get("bot"), by)
        self._telegram.tell("chat", chat.id)
        return chat

    def _check_people(self, people: list[int]) -> None:
        if strangers := set(people) - set(self._telegram.accounts):
            raise ActError(f"there are no people {sorted(strangers)}")

    def _check_bot_status(self, status: Any) -> None:
        if status is not None and (not isinstance(status, str) or status not in {*PRESENT, "left", "kicked"}):
            raise ActError("bot must be administrator, member, restricted, left or kicked")

    def _actor(self, chat: Chat, given: Given) -> Json:
        person = given.optional_number("by")
        if person is None:
            person = next((one for one in chat.members if chat.is_admin(one)), None) or next(iter(chat.members), None)
        if person is None:
            return ANONYMOUS_ADMIN
        self._check_people([person])
        return self._telegram.accounts[person].user

    def _change_members(self, chat: Chat, given: Given, by: Json) -> None:
        members, admins = given.numbers("members"), given.numbers("admins")
        if members is None and admins is None:
            return
        if admins is None:
            admins = [one for one in chat.members if chat.is_admin(one) and one in (members or [])]
        members = list(chat.members) if members is None else members
        self._check_people([*members, *admins])
        wanted = dict.fromkeys(members, "member") | dict.fromkeys(admins, "administrator")
        for person in [one for one in chat.members if one not in wanted]:
            self._telegram.change_member(chat, person, "left", by)
        for person, status in wanted.items():
            if chat.members.get(person) != "creator":
                self._telegram.change_member(chat, person, status, by)

    def _change_bot(self, chat: Chat, status: Any, by: Json) -> None:
        if status is not None:
            self._telegram.change_bot(chat, status, by)

    def _change_topics(self, chat: Chat, given: Given, by: Json) -> None:
        name = given.optional_text("open_topic", 128)
        threads = {what: given.optional_number(what) for what in ("close_topic", "reopen_topic", "delete_topic")}
        if not chat.is_forum and (name or any(threads.values())):
            raise ActError("the group has no topics; set is_forum")
        if name:
            self._telegram.open_topic(chat, name, by)
        for what, thread in threads.items():
            if thread is None:
                continue
            topic = chat.topics.get(thread)
            if topic is None:
                raise ActError(f"there is no topic {thread}")
            if what == "delete_topic":
                self._telegram.delete_topic(chat, topic)
            else:
                self._telegram.close_topic(chat, topic, by, closed=what == "close_topic")
