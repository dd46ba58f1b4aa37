"""People in chats with the bot, for tests: a person sends, taps and sees, over the real dispatcher.

`Telegram` is the session the bot speaks through: it keeps every chat as its people would see it, enforces the limits
the bot must respect and answers as Telegram does. Nothing of our own code is replaced.

    async def test_a_student_opens_the_menu(telegram):
        aigerim = telegram.person(101, "Айгерім", language_code="kk")
        await aigerim.sends("/menu")
        assert "..." in aigerim.sees
        await aigerim.taps("Көмек")

Groups are places like private chats: `in_=group`, or `in_=topic` of a group with topics.

        group = telegram.group("Апелляциялық комиссия")
        await aigerim.sends("/bind appeals", in_=group)
        assert "..." in group.sees
        await dmitry.taps("Қабылдау", in_=group)
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

from aiogram import Bot, Dispatcher
from aiogram.client.default import Default, DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    GetFile,
    GetMe,
    GetMyCommands,
    GetMyDescription,
    GetMyShortDescription,
    SendChatAction,
    SendDocument,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SetMyCommands,
    SetMyDescription,
    SetMyShortDescription,
    TelegramMethod,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotDescription,
    BotShortDescription,
    BufferedInputFile,
    File,
    FSInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    User,
)
from pydantic_core import to_jsonable_python

from bot.delivery.sender import Sender
from bot.delivery.troubles import Troubles
from bot.delivery.updates import Updates
from services.clock import Clock
from storage.database import Database
from storage.inbox import Inbox

BOT = User(id=7000000001, is_bot=True, first_name="Kenes", username="kenes_bot")
GROUP_ADMIN = User(id=1087968824, is_bot=True, first_name="Group", username="GroupAnonymousBot")
"""Who an anonymous administrator of a group writes as, with the group itself as `sender_chat`."""
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
FETCHED_BYTES = 20 * 1024 * 1024

Sends: TypeAlias = SendMessage | SendPhoto | SendDocument
Edits: TypeAlias = EditMessageText | EditMessageMedia | EditMessageReplyMarkup
Kind = Literal["photo", "document", "voice", "sticker"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file Telegram has, by whose id it can be fetched and sent again."""

    kind: Kind
    name: str
    data: bytes


@dataclass(slots=True)
class Shown:
    """A message as it stands in a chat now; `content` is what a person put into it, as the Bot API tells it."""

    chat: int
    message_id: int
    sender: User
    sent: datetime
    text: str
    raw: str
    keyboard: InlineKeyboardMarkup | None = None
    picture: bytes | None = None
    document: tuple[str, bytes] | None = None
    file_id: str = ""
    album: str | None = None
    thread: int | None = None
    reply_to: "Shown | None" = None
    content: dict[str, Any] = field(default_factory=dict)
    protected: bool = False
    gone: bool = False

    @property
    def by_bot(self) -> bool:
        """Whether the bot said it."""
        return self.sender is BOT

    @property
    def buttons(self) -> list[str]:
        """The labels under the message, row after row."""
        return [button.text for row in (self.keyboard.inline_keyboard if self.keyboard else []) for button in row]

    def button(self, label: str) -> InlineKeyboardButton:
        """Return the button whose label holds `label`; fails when there is not exactly one."""
        rows = self.keyboard.inline_keyboard if self.keyboard else []
        found = [button for row in rows for button in row if label in button.text]
        assert len(found) == 1, f"{len(found)} buttons hold {label!r}: {self.buttons}"
        return found[0]

    def data_of(self, label: str) -> str:
        """Return what the button whose label holds `label` sends; fails when there is not exactly one."""
        data = self.button(label).callback_data
        assert data is not None, f"{label!r} sends nothing"
        return data

    def payload_of(self, label: str) -> str:
        """Return what the link to the bot under `label` says after `/start`; fails when Telegram would not open it."""
        link = urlsplit(self.button(label).url or "")
        assert (link.scheme, link.netloc, link.path) == ("https", "t.me", f"/{BOT.username}"), f"{label!r} leads away"
        payload = parse_qs(link.query)["start"][0]
        assert PAYLOAD.fullmatch(payload), f"Telegram passes no {payload!r} on"
        return payload


@dataclass(slots=True)
class Room:
    """A chat: the Bot API's Chat, its messages, its topics, and the reply keyboard that stands under it."""

    chat: dict[str, Any]
    messages: list[Shown] = field(default_factory=list)
    topics: dict[int, "Topic"] = field(default_factory=dict)
    reply_keyboard: ReplyKeyboardMarkup | None = None
    hears_all: bool = True
    blocked: bool = False
    kicked: bool = False
    moved_to: int | None = None

    def passes_on(self, message: dict[str, Any]) -> bool:
        """Whether the bot gets a message: privacy mode lets only commands for it and replies to it through."""
        if self.kicked:
            return False
        if self.hears_all or message.get("reply_to_message", {}).get("from") == BOT:
            return True
        command, _, addressee = (message.get("text") or "").partition(" ")[0].partition("@")
        return command.startswith("/") and addressee in {"", BOT.username}


class Place:
    """Where the bot and people write to each other: a private chat, a group, or a topic of one."""

    telegram: "Telegram"

    @property
    def room(self) -> Room:
        """The chat."""
        raise NotImplementedError

    @property
    def messages(self) -> list[Shown]:
        """All that was said here, also what is gone."""
        return self.room.messages

    @property
    def last(self) -> Shown:
        """The last message of the bot that still stands."""
        return next(shown for shown in reversed(self.messages) if shown.by_bot and not shown.gone)

    @property
    def sees(self) -> str:
        """What the bot said since a person last wrote; after a tap, what stands there now."""
        said: list[str] = []
        for shown in reversed(self.messages):
            if not shown.by_bot:
                break
            if not shown.gone:
                said.append(shown.text)
        return "\n\n".join(reversed(said))

    @property
    def stands(self) -> list[str]:
        """The texts of all the bot's messages that still stand, oldest first."""
        return [shown.text for shown in self.messages if shown.by_bot and not shown.gone]

    @property
    def buttons(self) -> list[str]:
        """The buttons under the bot's last message."""
        return self.last.buttons


def at_once(_seconds: float, what: Callable[[], Any]) -> asyncio.Handle:
    """Let no time pass before something that is to happen later."""
    return asyncio.get_running_loop().call_soon(what)


class Telegram(BaseSession):
    """Everybody's chats with one bot."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, database: Database, inbox: Inbox) -> None:
        """Have what people do handled by `dispatcher`, by way of `inbox`, dated by `clock`."""
        super().__init__()
        self.clock = clock
        self.dispatcher = dispatcher
        self.bot = Bot(
            f"{BOT.id}:{'t' * 35}",
            session=self,
            default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
        )
        self.troubles = Troubles(clock, later=at_once)
        self.updates = Updates(
            bot=self.bot, dispatcher=dispatcher, inbox=inbox, database=database, clock=clock, troubles=self.troubles
        )
        self.calls: list[TelegramMethod[Any]] = []
        self.answers: dict[str, AnswerCallbackQuery] = {}
        self.files: dict[str, Kept] = {}
        self.commands: dict[str, list[BotCommand]] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.failures: list[Exception] = []
        self._rooms: dict[int, Room] = {}
        self._last = 0

    def sends_through(self, sender: Sender) -> None:
        """Have what is owed sent by this sender, after every update."""
        self.sender = self.dispatcher["sender"] = sender

    def person(self, user_id: int, first_name: str, *, language_code: str | None = "kk") -> "Person":
        """Return somebody who may write to the bot."""
        self.room(user_id).chat["first_name"] = first_name
        return Person(self, User(id=user_id, is_bot=False, first_name=first_name, language_code=language_code))

    def group(self, title: str, *, supergroup: bool = True, topics: bool = False, hears_all: bool = False) -> "Group":
        """Return a new group the bot is in, as its administrator when it `hears_all`: else privacy mode hides much."""
        chat_id = -self.next() - (1_000_000_000_000 if supergroup else 0)
        assert supergroup or not topics, "only a supergroup has topics"
        chat = {"id": chat_id, "type": "supergroup" if supergroup else "group", "title": title, "is_forum": topics}
        self._rooms[chat_id] = Room(chat, hears_all=hears_all)
        return Group(self, chat_id)

    def room(self, chat: int) -> Room:
        """Return a chat by its id; a private one is there as soon as it is asked for."""
        return self._rooms.setdefault(chat, Room({"id": chat, "type": "private"})) if chat > 0 else self._rooms[chat]

    def next(self) -> int:
        """Return a number never given before: for messages, updates, presses."""
        self._last += 1
        return self._last

    def keep(self, kind: Kind, name: str, data: bytes) -> str:
        """Keep a file; returns its id."""
        file_id = f"file{self.next()}"
        self.files[file_id] = Kept(kind, name, data)
        return file_id

    async def feed(self, **event: Any) -> int:
        """Hand one update to the bot and wait until it is handled; returns its id."""
        return (await self.feed_all([event]))[0]

    async def feed_all(self, events: Sequence[dict[str, Any]]) -> list[int]:
        """Hand updates to the bot in one batch and wait until all are handled; returns their ids."""
        numbered = [{"update_id": self.next(), **event} for event in events]
        await self.updates.take([to_jsonable_python(one, by_alias=True, exclude_none=True) for one in numbered])
        await self.updates.idle()
        await self.sender.send_due()
        return [one["update_id"] for one in numbered]

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, url: str, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file somebody sent."""
        yield self.files[url.rsplit("/", 1)[1]].data

    async def make_request(
        self,
        bot: Bot,  # noqa: ARG002
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109
    ) -> Any:
        """Do what the bot asks, as Telegram would."""
        self.calls.append(method)
        if self.failures:
            raise self.failures.pop(0)
        match method:
            case SendMessage() | SendPhoto() | SendDocument():
                return self._send(method)
            case SendMediaGroup():
                return self._send_album(method)
            case EditMessageText() | EditMessageMedia() | EditMessageReplyMarkup():
                return self._edit(method)
            case DeleteMessage():
                self._find(method, self._reach(method, int(method.chat_id)), method.message_id).gone = True
                return True
            case AnswerCallbackQuery():
                assert method.text is None or len(method.text) <= 200
                if method.callback_query_id in self.answers or method.callback_query_id.startswith("old"):
                    raise bad_request(method, "query is too old and response timeout expired or query ID is invalid")
                self.answers[method.callback_query_id] = method
                return True
            case GetMe():
                return BOT
            case GetFile():
                return self._fetch(method)
            case SendChatAction():
                return True
        return self._about(method)

    def _about(self, method: TelegramMethod[Any]) -> Any:
        code = getattr(method, "language_code", None) or ""
        match method:
            case GetMyCommands():
                return self.commands.get(code, [])
            case SetMyCommands():
                assert isinstance(method.scope, BotCommandScopeAllPrivateChats)
                self.commands[code] = method.commands
            case GetMyDescription():
                return BotDescription(description=self.descriptions.get(code, ""))
            case SetMyDescription():
                self.descriptions[code] = method.description or ""
            case GetMyShortDescription():
                return BotShortDescription(short_description=self.short_descriptions.get(code, ""))
            case SetMyShortDescription():
                self.short_descriptions[code] = method.short_description or ""
            case _:
                raise AssertionError(f"the bot called {type(method).__name__}, which this Telegram does not know")
        return True

    def _fetch(self, method: GetFile) -> File:
        kept = self.files.get(method.file_id)
        if kept is None:
            raise bad_request(method, "wrong file_id or the file is temporarily unavailable")
        if len(kept.data) > FETCHED_BYTES:
            raise bad_request(method, "file is too big")
        return File(
            file_id=method.file_id,
            file_unique_id=method.file_id,
            file_size=len(kept.data),
            file_path=f"{kept.kind}s/{method.file_id}",
        )

    def _reach(self, method: TelegramMethod[Any], chat: int) -> Room:
        """Return a chat the bot can write to; refuses as Telegram does."""
        if chat < 0 and chat not in self._rooms:
            raise bad_request(method, "chat not found")
        room = self.room(chat)
        if room.moved_to is not None:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            raise TelegramMigrateToChat(method, said, room.moved_to)
        if room.blocked:
            raise TelegramForbiddenError(method, "Forbidden: bot was blocked by the user")
        if room.kicked:
            raise TelegramForbiddenError(method, f"Forbidden: bot was kicked from the {room.chat['type']} chat")
        return room

    def _begin(self, method: Sends | SendMediaGroup, room: Room) -> Shown:
        """Return an empty message of the bot at its place in a chat."""
        shown = Shown(room.chat["id"], self.next(), BOT, self.clock.now(), "", "")
        if method.message_thread_id is not None:
            topic = room.topics.get(method.message_thread_id)
            if topic is None:
                raise bad_request(method, "message thread not found")
            if topic.closed:
                raise bad_request(method, "TOPIC_CLOSED")
            shown.thread = topic.thread
        if method.reply_parameters is not None:
            there = {one.message_id: one for one in room.messages if not one.gone}
            shown.reply_to = there.get(method.reply_parameters.message_id or 0)
            if shown.reply_to is None and method.reply_parameters.allow_sending_without_reply is not True:
                raise bad_request(method, "message to be replied not found")
        shown.protected = method.protect_content is True
        return shown

    def _send(self, method: Sends) -> Message:
        room = self._reach(method, int(method.chat_id))
        shown = self._begin(method, room)
        shown.raw = (method.text if isinstance(method, SendMessage) else method.caption) or ""
        shown.text = read(method, method, shown.raw, 4096 if isinstance(method, SendMessage) else 1024)
        if isinstance(method, SendMessage) and not shown.text.strip():
            raise bad_request(method, "message text is empty")
        markup = method.reply_markup
        check(method, markup, room)
        shown.keyboard = markup if isinstance(markup, InlineKeyboardMarkup) else None
        if isinstance(markup, ReplyKeyboardMarkup):
            room.reply_keyboard = markup
        elif isinstance(markup, ReplyKeyboardRemove):
            room.reply_keyboard = None
        if isinstance(method, SendPhoto):
            self._attach(method, shown, "photo", method.photo)
        elif isinstance(method, SendDocument):
            self._attach(method, shown, "document", method.document)
        room.messages.append(shown)
        return self.message(shown.chat, shown)

    def _send_album(self, method: SendMediaGroup) -> list[Message]:
        room = self._reach(method, int(method.chat_id))
        if not 2 <= len(method.media) <= 10:
            raise bad_request(method, "an album has from 2 to 10 messages")
        if len({type(media) for media in method.media}) > 1:
            raise bad_request(method, "Can't use the media of the specified type in the album")
        album = str(self.next())
        items = []
        for media in method.media:
            assert isinstance(media, InputMediaPhoto | InputMediaDocument)
            shown = self._begin(method, room)
            shown.album, shown.raw = album, media.caption or ""
            shown.text = read(method, media, shown.raw, 1024)
            self._attach(method, shown, "photo" if isinstance(media, InputMediaPhoto) else "document", media.media)
            items.append(shown)
        room.messages.extend(items)
        return [self.message(shown.chat, shown) for shown in items]

    def _attach(self, method: TelegramMethod[Any], shown: Shown, kind: Kind, file: Any) -> None:
        """Put a file into a message: bytes, a file on disk, or the id of one Telegram has."""
        if isinstance(file, str):
            kept = self.files.get(file)
            if kept is None:
                raise bad_request(method, "wrong file identifier/HTTP URL specified")
            if kept.kind != kind:
                said = f"can't use file of type {kept.kind.title()} as {kind.title()}"
                raise bad_request(method, f"{said}")
            shown.file_id = file
        elif isinstance(file, FSInputFile):
            shown.file_id = self.keep(kind, file.filename or "", Path(file.path).read_bytes())
        else:
            assert isinstance(file, BufferedInputFile)
            shown.file_id = self.keep(kind, file.filename or "", file.data)
        kept = self.files[shown.file_id]
        if not kept.data:
            raise bad_request(method, "file must be non-empty")
        if kind == "photo":
            shown.picture = kept.data
        else:
            shown.document = (kept.name, kept.data)

    def _edit(self, method: Edits) -> Message:
        chat = int(method.chat_id or 0)
        shown = self._find(method, self._reach(method, chat), method.message_id or 0)
        keyboard = method.reply_markup
        check(method, keyboard, self.room(chat))
        before = (shown.raw, shown.keyboard, shown.picture)
        if isinstance(method, EditMessageText):
            if shown.picture or shown.document:
                raise bad_request(method, "there is no text in the message to edit")
            shown.raw, shown.text = method.text or "", read(method, method, method.text or "", 4096)
        elif isinstance(method, EditMessageMedia):
            assert isinstance(method.media, InputMediaPhoto)
            self._attach(method, shown, "photo", method.media.media)
            shown.raw = method.media.caption or ""
            shown.text = read(method, method.media, shown.raw, 1024)
        shown.keyboard = keyboard
        if (shown.raw, shown.keyboard, shown.picture) == before:
            raise bad_request(method, "message is not modified")
        return self.message(chat, shown)

    def _find(self, method: TelegramMethod[Any], room: Room, message_id: int) -> Shown:
        for shown in room.messages:
            if shown.message_id == message_id and not shown.gone:
                if not shown.by_bot and not isinstance(method, DeleteMessage):
                    raise bad_request(method, "message can't be edited")
                return shown
        raise bad_request(method, "message to edit not found")

    def message(self, chat: int, shown: Shown) -> Message:
        """Return a message as the Bot API gives it."""
        return Message.model_validate(self.described(chat, shown), context={"bot": self.bot})

    def described(self, chat: int, shown: Shown) -> dict[str, Any]:
        """Return the fields of a message, with what it replies to: in a topic, if nothing else, to its beginning."""
        room = self.room(chat)
        fields = self._plain(room, shown)
        if shown.reply_to is not None:
            fields["reply_to_message"] = self._plain(room, shown.reply_to)
        elif shown.thread in room.topics:
            fields["reply_to_message"] = room.topics[shown.thread].root
        return fields

    def _plain(self, room: Room, shown: Shown) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "message_id": shown.message_id,
            "date": shown.sent.replace(microsecond=0),
            "chat": room.chat,
            "from": shown.sender,
        }
        if shown.sender is GROUP_ADMIN:
            fields["sender_chat"] = room.chat
        if shown.thread is not None:
            fields |= {"message_thread_id": shown.thread, "is_topic_message": True}
        if not shown.by_bot:
            return fields | shown.content
        fields |= {"reply_markup": shown.keyboard, "has_protected_content": shown.protected or None}
        if shown.picture or shown.document:
            kept = self.files[shown.file_id]
            fields |= as_content(shown.file_id, kept) | {"media_group_id": shown.album, "caption": shown.text or None}
        else:
            fields["text"] = shown.text
        return {name: value for name, value in fields.items() if value is not None}


def bad_request(method: TelegramMethod[Any], what: str) -> TelegramBadRequest:
    """Return the refusal that Telegram words as "Bad Request: ..."."""
    return TelegramBadRequest(method, f"Bad Request: {what}")


def as_content(file_id: str, kept: Kept) -> dict[str, Any]:
    """Return the field of a Message that shows a file; of a photo there is a small copy too, the large one last."""
    file = {"file_id": file_id, "file_unique_id": file_id, "file_size": len(kept.data)}
    match kept.kind:
        case "photo":
            small = {"file_id": f"{file_id}-small", "file_unique_id": f"{file_id}-small", "width": 90, "height": 60}
            return {"photo": [small, {**file, "width": 1280, "height": 853}]}
        case "document":
            return {"document": {**file, "file_name": kept.name}}
        case "voice":
            return {"voice": {**file, "duration": 3, "mime_type": "audio/ogg"}}
        case "sticker":
            look = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
            return {"sticker": {**file, **look}}


class Group(Place):
    """A group chat with the bot in it."""

    def __init__(self, telegram: Telegram, chat_id: int) -> None:
        """Be the chat of this id; `Telegram.group` makes one."""
        self.telegram = telegram
        self.id = chat_id

    @property
    def room(self) -> Room:
        """The chat as it is now: another one after the group became a supergroup."""
        return self.telegram.room(self.id)

    async def opens_topic(self, name: str, by: "Person") -> "Topic":
        """Open a topic in a group with topics."""
        assert self.room.chat["is_forum"], "the group has no topics"
        thread = self.telegram.next()
        topic = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
        placed = {"message_thread_id": thread, "is_topic_message": True}
        root = self._service(by.user, message_id=thread, **topic, **placed)
        self.room.topics[thread] = Topic(self, thread, root)
        await self.telegram.feed(message=root)
        return self.room.topics[thread]

    async def becomes_supergroup(self, by: "Person", *, told: bool = True) -> None:
        """Give the group a new id; unless the bot is `told`, it learns of that when it next writes to the old one."""
        old, before = self.room, self.id
        assert old.chat["type"] == "group", "it is a supergroup already"
        self.id = before - 1_000_000_000_000
        chat = {**old.chat, "id": self.id, "type": "supergroup"}
        self.telegram._rooms[self.id] = Room(chat, hears_all=old.hears_all)
        old.moved_to = self.id
        if told:
            leaving = self._service(by.user, chat=old.chat, migrate_to_chat_id=self.id)
            arrived = self._service(GROUP_ADMIN, sender_chat=chat, migrate_from_chat_id=before)
            await self.telegram.feed_all([{"message": leaving}, {"message": arrived}])

    async def turns_on_topics(self, by: "Person") -> None:
        """Let the group have topics, which makes a supergroup of it."""
        if self.room.chat["type"] == "group":
            await self.becomes_supergroup(by)
        self.room.chat["is_forum"] = True

    async def puts_the_bot_out(self, by: "Person") -> None:
        """Remove the bot from the group."""
        self.room.kicked = True
        member = {"user": BOT, "status": "member"}
        change = {"old_chat_member": member, "new_chat_member": {**member, "status": "kicked", "until_date": 0}}
        fields = {"chat": self.room.chat, "from": by.user, "date": self.telegram.clock.now()}
        await self.telegram.feed(my_chat_member={**fields, **change})

    def _service(self, by: User, **fields: Any) -> dict[str, Any]:
        here = {"chat": self.room.chat, "from": by, "date": self.telegram.clock.now()}
        return {"message_id": self.telegram.next(), **here, **fields}


class Topic(Place):
    """A topic of a group; `root` is the service message that opened it."""

    def __init__(self, group: Group, thread: int, root: dict[str, Any]) -> None:
        """Be this thread of the group; `Group.opens_topic` makes one."""
        self.telegram = group.telegram
        self.group = group
        self.thread = thread
        self.root = root
        self.closed = False

    @property
    def room(self) -> Room:
        """The group's chat."""
        return self.group.room

    @property
    def messages(self) -> list[Shown]:
        """All that was said in the topic."""
        return [shown for shown in self.room.messages if shown.thread == self.thread]

    def closes(self) -> None:
        """Let nobody but administrators write here."""
        self.closed = True

    def goes(self) -> None:
        """Delete the topic with all that was said in it."""
        del self.room.topics[self.thread]
        for shown in self.messages:
            shown.gone = True


class Person(Place):
    """Somebody with a Telegram account, and their private chat with the bot."""

    def __init__(self, telegram: Telegram, user: User) -> None:
        """Act as `user`."""
        self.telegram = telegram
        self.user = user
        self.toast: str | None = None

    @property
    def room(self) -> Room:
        """The private chat with the bot."""
        return self.telegram.room(self.user.id)

    async def sends(
        self,
        text: str | None = None,
        *,
        in_: Place | None = None,
        late: timedelta = timedelta(),
        reply_to: Shown | None = None,
        anonymous: bool = False,
        **fields: Any,
    ) -> Shown:
        """Send a message, privately or in a group or topic; returns it.

        `late` is how long it took to arrive; `anonymous`: as a group's nameless administrator; `fields` are the Bot
        API's (contact=..., location=...).
        """
        if text and text.startswith("/"):
            command = re.split(r"\s", text)[0]
            fields["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command)}]
        shown = self._writes(in_ or self, late, reply_to, anonymous=anonymous, text=text, **fields)
        await self._delivers("message", shown)
        return shown

    async def edits(self, text: str, *, of: Shown | None = None) -> None:
        """Change the text or caption of a message of one's own, by default of the last one sent privately."""
        shown = of or next(shown for shown in reversed(self.room.messages) if shown.sender is self.user)
        shown.text = shown.raw = text
        shown.content["text" if "text" in shown.content else "caption"] = text
        shown.content["edit_date"] = int(self.telegram.clock.now().timestamp())
        await self._delivers("edited_message", shown)

    async def shares_contact(self, phone: str, *, of: int | None = None, **fields: Any) -> None:
        """Share a contact: one's own, or somebody else's by their id."""
        contact = {"phone_number": phone, "first_name": "x", "user_id": of or self.user.id}
        await self.sends(contact=contact, **fields)

    async def uploads(self, name: str, data: bytes, *, caption: str | None = None, **how: Any) -> Shown:
        """Send a file as a document; `how` as `sends` takes it."""
        return await self.sends(caption=caption, **self._file("document", name, data), **how)

    async def sends_photo(self, data: bytes, *, caption: str | None = None, **how: Any) -> Shown:
        """Send a photo; `how` as `sends` takes it."""
        return await self.sends(caption=caption, **self._file("photo", "", data), **how)

    async def sends_voice(self, **how: Any) -> Shown:
        """Send a voice note; `how` as `sends` takes it."""
        return await self.sends(**self._file("voice", "", b"OggS"), **how)

    async def sends_sticker(self, **how: Any) -> Shown:
        """Send a sticker; `how` as `sends` takes it."""
        return await self.sends(**self._file("sticker", "", b"RIFF"), **how)

    async def sends_album(
        self,
        files: Sequence[bytes | tuple[str, bytes]],
        *,
        caption: str | None = None,
        apart: bool = False,
        in_: Place | None = None,
        late: timedelta = timedelta(),
        reply_to: Shown | None = None,
    ) -> list[Shown]:
        """Send photos (bytes), or documents (names and bytes), as one album, captioned at its first.

        They come in one batch, or each in its own when `apart`; nothing marks the last of them.
        """
        assert 2 <= len(files) <= 10, "an album has from 2 to 10 messages"
        assert len({type(file) for file in files}) == 1, "photos and documents do not stand in one album"
        album, place = str(self.telegram.next()), in_ or self
        items = []
        for number, file in enumerate(files):
            content = self._file("photo", "", file) if isinstance(file, bytes) else self._file("document", *file)
            said = caption if number == 0 else None
            items.append(self._writes(place, late, reply_to, media_group_id=album, caption=said, **content))
        for batch in [[item] for item in items] if apart else [items]:
            await self._delivers("message", *batch)
        return items

    async def forwards(self, shown: Shown, *, in_: Place | None = None) -> Shown:
        """Forward a message, privately or to a group; its buttons do not go with it."""
        assert not shown.protected, "the message is protected: it cannot be forwarded"
        there = self.telegram.described(shown.chat, shown)
        content = {name: there[name] for name in ("text", "caption", "photo", "document", "voice") if name in there}
        origin = {"type": "user", "date": there["date"], "sender_user": shown.sender}
        return await self.sends(in_=in_, forward_origin=origin, **content)

    async def taps(self, label: str, *, on: Shown | None = None, in_: Place | None = None) -> None:
        """Press the button whose label holds `label`, under the bot's last message there or an earlier one."""
        shown = on or (in_ or self).last
        await self.presses(shown.data_of(label), on=shown)

    async def taps_key(self, label: str, **how: Any) -> None:
        """Press the key of the reply keyboard whose label holds `label`, which sends the label; `how` as in `sends`."""
        keyboard = self.room.reply_keyboard
        assert keyboard is not None, "there is no reply keyboard"
        found = [key for row in keyboard.keyboard for key in row if label in key.text]
        assert len(found) == 1, f"{len(found)} keys hold {label!r}"
        assert not found[0].request_contact, "the key shares the contact: shares_contact"
        if keyboard.one_time_keyboard:
            self.room.reply_keyboard = None
        await self.sends(found[0].text, **how)

    async def follows(self, label: str, *, on: Shown | None = None, in_: Place | None = None) -> None:
        """Open the link to the bot whose label holds `label`: the private chat opens, with `/start` and its payload."""
        shown = on or (in_ or self).last
        self.room.blocked = False
        await self.sends(f"/start {shown.payload_of(label)}")

    async def presses(
        self, data: str, *, on: Shown | None = None, in_: Place | None = None, too_late: bool = False
    ) -> None:
        """Press a button that sends `data`, whether there is one or not."""
        shown = on or (in_ or self).last
        press = f"{'old' if too_late else 'press'}{self.telegram.next()}"
        under: dict[str, Any] = self.telegram.described(shown.chat, shown)
        if shown.gone:
            under = {"message_id": shown.message_id, "chat": under["chat"], "date": 0}
        query = {"id": press, "from": self.user, "chat_instance": "1", "data": data, "message": under}
        await self.telegram.feed(callback_query=query)
        answer = self.telegram.answers.get(press)
        assert too_late or answer, f"nobody answered the press of {data}"
        self.toast = answer.text if answer else None

    def blocks(self) -> None:
        """Stop the bot."""
        self.room.blocked = True

    def _file(self, kind: Kind, name: str, data: bytes) -> dict[str, Any]:
        file_id = self.telegram.keep(kind, name, data)
        return as_content(file_id, self.telegram.files[file_id])

    def _writes(
        self, place: Place, late: timedelta, reply_to: Shown | None, *, anonymous: bool = False, **fields: Any
    ) -> Shown:
        """Put a message of this person into a chat, before the bot hears of it."""
        content = {name: value for name, value in fields.items() if value is not None}
        text = content.get("text") or content.get("caption") or ""
        sender, sent = GROUP_ADMIN if anonymous else self.user, self.telegram.clock.now() - late
        assert not anonymous or place.room.chat["type"] != "private", "only in a group can one be nameless"
        shown = Shown(place.room.chat["id"], self.telegram.next(), sender, sent, text, text, content=content)
        shown.thread, shown.reply_to = place.thread if isinstance(place, Topic) else None, reply_to
        if reply_to is not None and shown.thread is None:
            shown.thread = reply_to.thread
        place.room.messages.append(shown)
        return shown

    async def _delivers(self, what: str, *those: Shown) -> None:
        """Have the bot hear of messages as far as Telegram lets it."""
        told = [self.telegram.described(shown.chat, shown) for shown in those]
        rooms = [self.telegram.room(shown.chat) for shown in those]
        heard = [{what: message} for room, message in zip(rooms, told, strict=True) if room.passes_on(message)]
        await self.telegram.feed_all(heard)


class _Reader(HTMLParser):
    """Reads Telegram's HTML and complains where Telegram would."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.open: list[str] = []
        self.problem: str | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in TAGS:
            self.problem = f"Unsupported start tag {tag!r}"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problem = f"Unexpected end tag {tag!r}"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(method: TelegramMethod[Any], said: Any, raw: str, limit: int) -> str:
    """Return the text that people see of HTML the bot sent; refuses what Telegram refuses.

    `said` is what carries the text with its parse mode: the method itself or an item of its media.
    """
    mode = getattr(said, "parse_mode", None)
    assert isinstance(mode, Default) or mode == ParseMode.HTML, "the bot speaks HTML"
    reader = _Reader()
    reader.feed(raw)
    reader.close()
    if reader.problem or reader.open:
        raise bad_request(method, f"can't parse entities: {reader.problem or reader.open}")
    text = "".join(reader.text)
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise bad_request(method, "message is too long")
    return text


def check(method: TelegramMethod[Any], markup: Any, room: Room) -> None:
    """Refuse a keyboard Telegram refuses."""
    if isinstance(markup, InlineKeyboardMarkup):
        for button in (button for row in markup.inline_keyboard for button in row):
            if not button.text or (button.callback_data and len(button.callback_data.encode()) > 64):
                raise bad_request(method, "BUTTON_DATA_INVALID")
            if len([one for one in (button.callback_data, button.url, button.copy_text) if one is not None]) != 1:
                raise bad_request(method, "can't parse inline keyboard button: exactly one action")
    if isinstance(markup, ReplyKeyboardMarkup):
        keys = [key for row in markup.keyboard for key in row]
        if not keys or not all(key.text for key in keys):
            raise bad_request(method, "can't parse keyboard button: text must be non-empty")
        if room.chat["type"] != "private" and any(key.request_contact for key in keys):
            raise bad_request(method, "phone number can be requested in private chats only")
