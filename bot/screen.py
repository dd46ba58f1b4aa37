"""What a person reads: a screen of text and buttons, and the one place that puts it into a chat.

A screen is a value made by a function of `bot/screens/` from facts and the person's `Texts`; a handler returns it, the
middleware commits or closes what the handler read and shows it. All that is normal life in a chat is dealt with here:
a message that is not modified, is gone or is too old to edit, a press that is too old to be answered.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramBadRequest
from aiogram.methods import EditMessageMedia, EditMessageText, SendDocument, SendMessage, SendPhoto
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    MaybeInaccessibleMessageUnion,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.buttons import CallbackData
from bot.i18n import TAG, Html, escape

CANNOT_BE_EDITED = ("message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID", "there is no text in")
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ANSWER_LIMIT = 200

Event = Message | CallbackQuery


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: it asks again (`data`; text when packed already) or opens a page (`url`)."""

    text: str
    data: CallbackData | str | None = None
    url: str | None = None


Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a screen."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SentBefore:
    """A file that Telegram has already, by the id it gave this bot."""

    file_id: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that is made when it is sent, because making it takes long: what it is (`bot/papers.py`), and of what."""

    name: str
    what: str
    of: Mapping[str, Any]  # JSON values


@dataclass(frozen=True, slots=True)
class Screen:
    """One thing to read, and what can be done next.

    `picture` (a PNG) or `document` makes the text its caption. `ask_contact` is the label of a button that shares the
    person's own contact, in place of the usual keyboard; `keys` are buttons there that send what they say;
    `drop_keyboard` gives the usual keyboard back. `toast` is said over the chat when the screen answers a press. `anew`
    never edits: what stands there must stay. `protected` cannot be forwarded or saved.
    """

    text: Html
    buttons: Rows = ()
    picture: File | SentBefore | None = None
    document: File | SentBefore | Paper | None = None
    ask_contact: str | None = None
    keys: Sequence[str] = ()
    drop_keyboard: bool = False
    toast: str | None = None
    anew: bool = False
    protected: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the message whose button was pressed gives way to this screen."""
        return not (self.anew or self.document or self.drop_keyboard)


@dataclass(frozen=True, slots=True)
class Standing:
    """A message of the bot that may give way to a screen; `holds` None: nothing that can be edited."""

    chat: int
    message_id: int
    holds: Literal["text", "photo"] | None

    @classmethod
    def of(cls, message: MaybeInaccessibleMessageUnion) -> "Standing":
        """Return what is to be known of a message."""
        holds: Literal["text", "photo"] | None = None
        if isinstance(message, Message):
            holds = "photo" if message.photo else "text" if message.text is not None else None
        return cls(message.chat.id, message.message_id, holds)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A screen for another chat; when it cannot be sent, the person here reads `unreachable`."""

    chat: int
    screen: Screen
    unreachable: Screen | None = None


@dataclass(frozen=True, slots=True)
class Toast:
    """Words over the chat for whoever pressed a button, while nothing in it changes; a `loud` one waits to be read."""

    text: str
    loud: bool = True


class UnsaidError(Exception):
    """What was to be kept is kept; what failed came after, as the telling of it."""


async def say(event: Event, said: Screen | Elsewhere | Toast) -> None:
    """Say what a handler that kept nothing returned; raises UnsaidError from Telegram's error.

    Raises TypeError for a screen for another chat: others are told of what was kept, by owed messages.
    """
    if isinstance(said, Elsewhere):
        raise TypeError("a handler that keeps nothing tells nobody else")
    if isinstance(said, Toast):
        await toast(event, said)
        return
    try:
        await show(event, said)
    except (TelegramAPIError, ClientDecodeError) as error:
        raise UnsaidError from error


def _bot(event: Event) -> Bot:
    if event.bot is None:
        raise RuntimeError("an event from nowhere: it has no bot to answer through")
    return event.bot


async def show(event: Event, screen: Screen) -> None:
    """Show a screen where the person is: in place of the message they pressed a button of, else as a new message."""
    bot = _bot(event)
    if isinstance(event, Message):
        await send(bot, event.chat.id, screen, thread=event.message_thread_id if event.is_topic_message else None)
        return
    if event.message is not None:
        await replace(bot, event.message, screen)
    await answer(event, screen.toast)


async def replace(bot: Bot, standing: MaybeInaccessibleMessageUnion, screen: Screen) -> MaybeInaccessibleMessageUnion:
    """Show a screen in place of a message of the bot, or anew where that cannot be; return the message it is in."""
    if await edited(bot, Standing.of(standing), screen):
        return standing
    sent = await send(bot, standing.chat.id, screen)
    if screen.replaces:
        await delete(bot, Standing.of(standing))
    return sent


async def send(bot: Bot, chat: int, screen: Screen, *, thread: int | None = None) -> Message:
    """Send a screen as new messages: as many as its text needs, the buttons under the last, which is returned."""
    *first, last = parts(chat, screen, thread=thread)
    for part in first:
        await bot(part)
    return await bot(last)


def parts(chat: int, screen: Screen, *, thread: int | None = None) -> list[SendMessage | SendPhoto | SendDocument]:
    """Return the calls that send a screen, in order; there is at least one."""
    *first, last = pages(screen.text)
    attached = screen.picture or screen.document
    if attached and length(last) > CAPTION_LIMIT:
        first, last = [*first, last], Html("")
    method: SendMessage | SendPhoto | SendDocument
    if screen.picture:
        method = SendPhoto(chat_id=chat, photo=_upload(screen.picture), caption=last or None)
    elif screen.document:
        method = SendDocument(chat_id=chat, document=_upload(screen.document), caption=last or None)
    else:
        method = SendMessage(chat_id=chat, text=last)
    where = {"message_thread_id": thread, "protect_content": screen.protected}
    return [
        *(SendMessage(chat_id=chat, text=page).model_copy(update=where) for page in first),
        method.model_copy(update={**where, "reply_markup": _keyboard(screen)}),
    ]


async def delete(bot: Bot, standing: Standing) -> None:
    """Take a message of the bot away, where that can be."""
    with suppress(TelegramBadRequest):
        await bot.delete_message(standing.chat, standing.message_id)


async def answer(press: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer a press at last; one that is too old or cannot be answered now is let be: it only stops a spinner."""
    with suppress(TelegramAPIError, ClientDecodeError):
        await press.answer(text[:ANSWER_LIMIT] if text else None, show_alert=alert)


async def toast(event: Event, said: Toast) -> None:
    """Answer a press with a toast; whoever did not press has no place to read it."""
    if isinstance(event, CallbackQuery):
        await answer(event, said.text, alert=said.loud)


async def edited(bot: Bot, standing: Standing, screen: Screen) -> bool:
    """Turn a message of the bot into the screen; False when it cannot be and the screen has to be sent anew."""
    if standing.holds is None or not screen.replaces or screen.ask_contact or screen.keys:
        return False
    fits = length(screen.text) <= (CAPTION_LIMIT if screen.picture else TEXT_LIMIT)
    method: EditMessageText | EditMessageMedia
    if screen.picture and standing.holds == "photo" and fits:
        method = EditMessageMedia(media=InputMediaPhoto(media=_upload(screen.picture), caption=screen.text))
    elif standing.holds == "text" and not screen.picture and fits:
        method = EditMessageText(text=screen.text)
    else:
        return False
    where = {"chat_id": standing.chat, "message_id": standing.message_id, "reply_markup": _inline(screen)}
    try:
        await bot(method.model_copy(update=where))
    except TelegramBadRequest as error:
        if "message is not modified" in error.message:
            return True
        if any(reason in error.message for reason in CANNOT_BE_EDITED):
            return False
        raise
    return True


def pages(text: Html) -> list[Html]:
    """Cut HTML into parts that Telegram takes as one message each, between lines, tags closed and opened again."""
    if 2 * len(text) <= TEXT_LIMIT:  # a character is at most two units
        return [text]
    done: list[Html] = []
    page, open_tags = "", list[str]()
    for line in (part for whole in text.split("\n") for part in _short(whole)):
        longer = f"{page}\n{line}" if page else line
        if page and length(longer) > TEXT_LIMIT:
            done.append(Html(page.rstrip("\n") + _closing(open_tags)))
            longer = "".join(open_tags) + line
        page = longer
        _follow(open_tags, line)
    return [*done, Html(page)]


def length(text: str) -> int:
    """Return how long HTML is for Telegram: UTF-16 units of what is left when tags and entities are read."""
    return len(html.unescape(TAG.sub("", text)).encode("utf-16-le")) // 2


def _short(line: str) -> Iterator[str]:
    """Give a line that no message could hold in pieces and without its markup; any other as it is."""
    if length(line) <= TEXT_LIMIT:
        yield line
        return
    bare = html.unescape(TAG.sub("", line))
    for start in range(0, len(bare), TEXT_LIMIT // 2):
        yield escape(bare[start : start + TEXT_LIMIT // 2])


def _follow(open_tags: list[str], line: str) -> None:
    for tag in TAG.findall(line):
        if tag.startswith("</"):
            open_tags.pop()
        else:
            open_tags.append(tag)


def _closing(open_tags: list[str]) -> str:
    return "".join(f"</{tag[1:-1].split()[0]}>" for tag in reversed(open_tags))


def _inline(screen: Screen) -> InlineKeyboardMarkup | None:
    rows = [
        [
            _inline_button(
                button.text, button.data.pack() if isinstance(button.data, CallbackData) else button.data, button.url
            )
            for button in row
        ]
        for row in screen.buttons
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


@lru_cache(4096)  # most buttons are everybody's, and one takes longer to build than to find
def _inline_button(text: str, data: str | None, url: str | None) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data, url=url)


def _keyboard(screen: Screen) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    if screen.ask_contact:
        button = KeyboardButton(text=screen.ask_contact, request_contact=True)
        return ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, one_time_keyboard=True)
    if screen.keys:
        keys = [[KeyboardButton(text=key)] for key in screen.keys]
        return ReplyKeyboardMarkup(keyboard=keys, resize_keyboard=True, one_time_keyboard=True)
    return ReplyKeyboardRemove() if screen.drop_keyboard else _inline(screen)


def _upload(file: File | SentBefore | Paper) -> BufferedInputFile | str:
    if isinstance(file, Paper):
        raise TypeError(f"{file.name} is not made yet: only owed answers bring papers")
    if isinstance(file, SentBefore):
        return file.file_id
    return BufferedInputFile(file.content, file.name)
