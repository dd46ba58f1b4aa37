"""People in chats with the bot, for tests: a person sends, taps and sees, over the real dispatcher.

`Telegram` is the session the bot speaks through: it keeps every chat as its people would see it, enforces the limits
the bot must respect and answers as Telegram does. Nothing of our own code is replaced.

    async def test_a_student_opens_the_menu(telegram):
        aigerim = telegram.person(101, "Айгерім", language_code="kk")
        await aigerim.sends("/menu")
        assert "..." in aigerim.sees
        await aigerim.taps("Көмек")
"""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.default import Default, DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
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
    Chat,
    File,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    User,
)
from pydantic_core import to_jsonable_python

from bot.sender import Sender
from bot.updates import Updates
from services.clock import Clock
from storage.database import Database
from storage.inbox import Inbox

BOT = User(id=7000000001, is_bot=True, first_name="Kenes", username="kenes_bot")
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


@dataclass(slots=True)
class Shown:
    """A message as it stands in a chat now."""

    message_id: int
    by_bot: bool
    text: str
    raw: str
    keyboard: InlineKeyboardMarkup | None = None
    picture: bytes | None = None
    document: tuple[str, bytes] | None = None
    protected: bool = False
    gone: bool = False

    @property
    def buttons(self) -> list[str]:
        """The labels under the message, row after row."""
        return [button.text for row in (self.keyboard.inline_keyboard if self.keyboard else []) for button in row]

    def data_of(self, label: str) -> str:
        """Return what the button whose label holds `label` sends; fails when there is not exactly one."""
        rows = self.keyboard.inline_keyboard if self.keyboard else []
        found = [button for row in rows for button in row if label in button.text]
        assert len(found) == 1, f"{len(found)} buttons hold {label!r}: {self.buttons}"
        assert found[0].callback_data is not None, f"{label!r} sends nothing"
        return found[0].callback_data


@dataclass(slots=True)
class Room:
    """A chat: its messages, and the reply keyboard that stands under it."""

    messages: list[Shown] = field(default_factory=list)
    reply_keyboard: ReplyKeyboardMarkup | None = None
    blocked: bool = False


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
        self.updates = Updates(bot=self.bot, dispatcher=dispatcher, inbox=inbox, database=database, clock=clock)
        self.calls: list[TelegramMethod[Any]] = []
        self.answers: dict[str, AnswerCallbackQuery] = {}
        self.files: dict[str, bytes] = {}
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
        return Person(self, User(id=user_id, is_bot=False, first_name=first_name, language_code=language_code))

    def room(self, chat: int) -> Room:
        """Return a chat by its id."""
        return self._rooms.setdefault(chat, Room())

    def next(self) -> int:
        """Return a number never given before: for messages, updates, presses."""
        self._last += 1
        return self._last

    async def feed(self, **event: Any) -> int:
        """Hand one update to the bot and wait until it is handled; returns its id."""
        update_id = self.next()
        await self.updates.take(
            [to_jsonable_python({"update_id": update_id, **event}, by_alias=True, exclude_none=True)]
        )
        await self.updates.idle()
        await self.sender.send_due()
        return update_id

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, url: str, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file somebody sent."""
        yield self.files[url.rsplit("/", 1)[1]]

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
            case EditMessageText() | EditMessageMedia() | EditMessageReplyMarkup():
                return self._edit(method)
            case DeleteMessage():
                self._find(method, int(method.chat_id), method.message_id).gone = True
                return True
            case AnswerCallbackQuery():
                assert method.text is None or len(method.text) <= 200
                if method.callback_query_id in self.answers or method.callback_query_id.startswith("old"):
                    raise TelegramBadRequest(
                        method, "Bad Request: query is too old and response timeout expired or query ID is invalid"
                    )
                self.answers[method.callback_query_id] = method
                return True
            case GetMe():
                return BOT
            case GetFile():
                return File(
                    file_id=method.file_id, file_unique_id=method.file_id, file_path=f"documents/{method.file_id}"
                )
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

    def _send(self, method: SendMessage | SendPhoto | SendDocument) -> Message:
        chat = int(method.chat_id)
        room = self.room(chat)
        if room.blocked:
            raise TelegramForbiddenError(method, "Forbidden: bot was blocked by the user")
        raw = (method.text if isinstance(method, SendMessage) else method.caption) or ""
        text = read(method, raw, 4096 if isinstance(method, SendMessage) else 1024)
        if isinstance(method, SendMessage) and not text.strip():
            raise TelegramBadRequest(method, "Bad Request: message text is empty")
        markup = method.reply_markup
        keyboard = markup if isinstance(markup, InlineKeyboardMarkup) else None
        check(method, keyboard)
        if isinstance(markup, ReplyKeyboardMarkup):
            room.reply_keyboard = markup
        elif isinstance(markup, ReplyKeyboardRemove):
            room.reply_keyboard = None
        shown = Shown(self.next(), True, text, raw, keyboard, protected=method.protect_content is True)
        if isinstance(method, SendPhoto):
            shown.picture = content(method.photo)[1]
        elif isinstance(method, SendDocument):
            shown.document = content(method.document)
        room.messages.append(shown)
        return self.message(chat, shown)

    def _edit(self, method: EditMessageText | EditMessageMedia | EditMessageReplyMarkup) -> Message:
        chat = int(method.chat_id or 0)
        shown = self._find(method, chat, method.message_id or 0)
        keyboard = method.reply_markup
        check(method, keyboard)
        before = (shown.raw, shown.keyboard, shown.picture)
        if isinstance(method, EditMessageText):
            if shown.picture or shown.document:
                raise TelegramBadRequest(method, "Bad Request: there is no text in the message to edit")
            shown.raw, shown.text = method.text or "", read(method, method.text or "", 4096)
        elif isinstance(method, EditMessageMedia):
            assert isinstance(method.media, InputMediaPhoto)
            shown.picture = content(method.media.media)[1]
            shown.raw = method.media.caption or ""
            shown.text = read(method, shown.raw, 1024)
        shown.keyboard = keyboard
        if (shown.raw, shown.keyboard, shown.picture) == before:
            raise TelegramBadRequest(
                method,
                "Bad Request: message is not modified",
            )
        return self.message(chat, shown)

    def _find(self, method: TelegramMethod[Any], chat: int, message_id: int) -> Shown:
        for shown in self.room(chat).messages:
            if shown.message_id == message_id and not shown.gone:
                return shown
        raise TelegramBadRequest(method, "Bad Request: message to edit not found")

    def message(self, chat: int, shown: Shown) -> Message:
        """Return a message as the Bot API gives it."""
        return Message.model_validate(self.described(chat, shown), context={"bot": self.bot})

    def described(self, chat: int, shown: Shown) -> dict[str, Any]:
        """Return the fields of a message of the bot."""
        kind = "private" if chat > 0 else "supergroup"
        fields: dict[str, Any] = {
            "message_id": shown.message_id,
            "date": self.clock.now(),
            "chat": Chat(id=chat, type=kind),
            "from": BOT,
            "reply_markup": shown.keyboard,
        }
        size = {"file_id": "f", "file_unique_id": "f"}
        if shown.picture:
            return {**fields, "photo": [{**size, "width": 1, "height": 1}], "caption": shown.text or None}
        if shown.document:
            return {**fields, "document": {**size, "file_name": shown.document[0]}, "caption": shown.text or None}
        return {**fields, "text": shown.text}


class Person:
    """Somebody with a Telegram account."""

    def __init__(self, telegram: Telegram, user: User) -> None:
        """Act as `user`."""
        self.telegram = telegram
        self.user = user
        self.toast: str | None = None

    @property
    def room(self) -> Room:
        """The private chat with the bot."""
        return self.telegram.room(self.user.id)

    @property
    def last(self) -> Shown:
        """The last message of the bot that still stands."""
        return next(shown for shown in reversed(self.room.messages) if shown.by_bot and not shown.gone)

    @property
    def sees(self) -> str:
        """What the bot said since this person last wrote; after a tap, what stands there now."""
        said: list[str] = []
        for shown in reversed(self.room.messages):
            if not shown.by_bot:
                break
            if not shown.gone:
                said.append(shown.text)
        return "\n\n".join(reversed(said))

    @property
    def buttons(self) -> list[str]:
        """The buttons under the bot's last message."""
        return self.last.buttons

    async def sends(
        self, text: str | None = None, *, chat: int | None = None, late: timedelta = timedelta(), **fields: Any
    ) -> None:
        """Send a message; `late` is how long it took to arrive; `fields` are the Bot API's (voice=..., contact=...)."""
        where = chat or self.user.id
        message_id = self.telegram.next()
        self.telegram.room(where).messages.append(Shown(message_id, False, text or "", text or ""))
        if text and text.startswith("/"):
            command = re.split(r"\s", text)[0]
            fields["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command)}]
        await self.telegram.feed(message=self._message(where, message_id, late, text=text, **fields))

    async def edits(self, text: str) -> None:
        """Change the text of the last message sent."""
        shown = next(shown for shown in reversed(self.room.messages) if not shown.by_bot)
        edited = self._message(self.user.id, shown.message_id, timedelta(), text=text, edit_date=1)
        await self.telegram.feed(edited_message=edited)

    async def shares_contact(self, phone: str, *, of: int | None = None, **fields: Any) -> None:
        """Share a contact: one's own, or somebody else's by their id."""
        contact = {"phone_number": phone, "first_name": "x", "user_id": of or self.user.id}
        await self.sends(contact=contact, **fields)

    async def uploads(self, name: str, data: bytes, *, caption: str | None = None) -> None:
        """Send a file."""
        file_id = f"file{self.telegram.next()}"
        self.telegram.files[file_id] = data
        document = {"file_id": file_id, "file_unique_id": file_id, "file_name": name, "file_size": len(data)}
        await self.sends(document=document, caption=caption)

    async def taps(self, label: str, *, on: Shown | None = None) -> None:
        """Press the button whose label holds `label`, under the bot's last message or an earlier one."""
        shown = on or self.last
        await self.presses(shown.data_of(label), on=shown)

    async def presses(self, data: str, *, on: Shown | None = None, too_late: bool = False) -> None:
        """Press a button that sends `data`, whether there is one or not."""
        shown = on or self.last
        press = f"{'old' if too_late else 'press'}{self.telegram.next()}"
        chat = Chat(id=self.user.id, type="private")
        under: dict[str, Any] = self.telegram.described(self.user.id, shown)
        if shown.gone:
            under = {"message_id": shown.message_id, "chat": chat, "date": 0}
        query = {"id": press, "from": self.user, "chat_instance": "1", "data": data, "message": under}
        await self.telegram.feed(callback_query=query)
        answer = self.telegram.answers.get(press)
        assert too_late or answer, f"nobody answered the press of {data}"
        self.toast = answer.text if answer else None

    def blocks(self) -> None:
        """Stop the bot."""
        self.room.blocked = True

    def _message(self, chat: int, message_id: int, late: timedelta, **fields: Any) -> dict[str, Any]:
        kind = {"type": "private", "first_name": self.user.first_name} if chat > 0 else {"type": "supergroup"}
        return {
            "message_id": message_id,
            "date": (self.telegram.clock.now() - late).replace(microsecond=0),
            "chat": {"id": chat, **kind},
            "from": self.user,
            **{name: value for name, value in fields.items() if value is not None},
        }


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


def read(method: TelegramMethod[Any], raw: str, limit: int) -> str:
    """Return the text that people see of HTML the bot sent; refuses what Telegram refuses."""
    said = method.media if isinstance(method, EditMessageMedia) else method
    mode = getattr(said, "parse_mode", None)
    assert isinstance(mode, Default) or mode == ParseMode.HTML, "the bot speaks HTML"
    reader = _Reader()
    reader.feed(raw)
    reader.close()
    if reader.problem or reader.open:
        raise TelegramBadRequest(method, f"Bad Request: can't parse entities: {reader.problem or reader.open}")
    text = "".join(reader.text)
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise TelegramBadRequest(method, "Bad Request: message is too long")
    return text


def check(method: TelegramMethod[Any], keyboard: InlineKeyboardMarkup | None) -> None:
    """Refuse a keyboard Telegram refuses."""
    for row in keyboard.inline_keyboard if keyboard else []:
        for button in row:
            if not button.text or (button.callback_data and len(button.callback_data.encode()) > 64):
                raise TelegramBadRequest(method, "Bad Request: BUTTON_DATA_INVALID")


def content(file: Any) -> tuple[str, bytes]:
    """Return name and bytes of a file the bot sends."""
    assert isinstance(file, BufferedInputFile)
    return file.filename or "", file.data
