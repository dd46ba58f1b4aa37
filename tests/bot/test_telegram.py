"""The Telegram of these tests: what it hides from the bot, and what it refuses, as the real one does."""

import math
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from bot.app import make_wording
from bot.delivery.pacing import Pace
from bot.delivery.sender import Sender
from policy.profile import Profile
from services.requests.binding import follow_chat
from storage.database import Database
from storage.inbox import Inbox
from tests.bot.conftest import NOW, HandClock
from tests.telegram import GROUP_ADMIN, Person, Telegram

LINK = "https://t.me/kenes_bot?start=case-12"


class Heard:
    """What a bot that says nothing was told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.edited: list[Message] = []
        self.presses: list[CallbackQuery] = []
        self.members: list[ChatMemberUpdated] = []

    def dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher(disable_fsm=True)
        dispatcher.message.register(self.message)
        dispatcher.edited_message.register(self.edit)
        dispatcher.callback_query.register(self.press)
        dispatcher.my_chat_member.register(self.member)
        return dispatcher

    async def message(self, message: Message) -> None:
        self.messages.append(message)

    async def edit(self, message: Message) -> None:
        self.edited.append(message)

    async def press(self, query: CallbackQuery) -> None:
        self.presses.append(query)
        await query.answer("ok")

    async def member(self, change: ChatMemberUpdated) -> None:
        self.members.append(change)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def telegram(heard: Heard, clock: HandClock, database: Database, inbox: Inbox, profile: Profile) -> Telegram:
    telegram = Telegram(heard.dispatcher(), clock, database, inbox)
    pace = Pace(overall=math.inf)
    telegram.sends_through(
        Sender(
            bot=telegram.bot,
            database=database,
            pace=pace,
            clock=clock,
            wording=make_wording(telegram.bot, profile, {}),
            follow=follow_chat,
        )
    )
    return telegram


@pytest.fixture
def aigerim(telegram: Telegram) -> Person:
    return telegram.person(1, "Айгерім")


def under(**button: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(**{"text": "Ашу", **button})]])


async def test_privacy_mode_lets_only_commands_for_the_bot_and_replies_to_it_through(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия")
    await telegram.bot.send_message(group.id, "Қанша балл?")
    for text in ("сәлем", "/queue@other_bot", "/queue", "/queue@kenes_bot soon"):
        await aigerim.sends(text, in_=group)
    await aigerim.sends("5", in_=group, reply_to=group.messages[0])
    await aigerim.sends("бес", in_=group, reply_to=group.messages[1])
    assert [message.text for message in heard.messages] == ["/queue", "/queue@kenes_bot soon", "5"]
    assert heard.messages[-1].reply_to_message
    assert heard.messages[-1].reply_to_message.text == "Қанша балл?"


async def test_an_administrator_hears_everything(telegram: Telegram, heard: Heard, aigerim: Person) -> None:
    await aigerim.sends("сәлем", in_=telegram.group("Комиссия", hears_all=True))
    assert [message.text for message in heard.messages] == ["сәлем"]


async def test_a_nameless_administrator_writes_as_the_group(telegram: Telegram, heard: Heard, aigerim: Person) -> None:
    group = telegram.group("Комиссия")
    await aigerim.sends("/bind appeals", in_=group, anonymous=True)
    (message,) = heard.messages
    assert message.from_user
    assert message.sender_chat
    assert (message.from_user.id, message.sender_chat.id) == (GROUP_ADMIN.id, group.id)


async def test_what_is_said_in_a_topic_stands_there_and_replies_to_its_beginning(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия", topics=True)
    physics, law = [await group.opens_topic(name, aigerim) for name in ("Физика", "Құқық")]
    await aigerim.sends("/queue", in_=physics)
    message = heard.messages[-1]
    assert message.reply_to_message
    assert message.reply_to_message.forum_topic_created
    assert (message.message_thread_id, message.is_topic_message) == (physics.thread, True)
    await message.answer("Кезек бос")
    assert (physics.sees, law.stands, group.stands) == ("Кезек бос", [], ["Кезек бос"])


async def test_a_topic_that_is_closed_or_gone_takes_no_message(telegram: Telegram, aigerim: Person) -> None:
    topic = await telegram.group("Комиссия", topics=True).opens_topic("Физика", aigerim)
    topic.closes()
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await telegram.bot.send_message(topic.group.id, "x", message_thread_id=topic.thread)
    topic.goes()
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await telegram.bot.send_message(topic.group.id, "x", message_thread_id=topic.thread)


async def test_a_group_that_became_a_supergroup_is_told_of_twice_and_refuses_its_old_id(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия", supergroup=False)
    before = group.id
    card = await telegram.bot.send_message(before, "case 12")
    await group.becomes_supergroup(aigerim)
    left, arrived = heard.messages
    assert (left.chat.id, left.migrate_to_chat_id) == (before, group.id)
    assert (arrived.chat.id, arrived.migrate_from_chat_id) == (group.id, before)
    for call in (
        telegram.bot.send_message(before, "x"),
        telegram.bot.edit_message_text("x", chat_id=before, message_id=card.message_id),
    ):
        with pytest.raises(TelegramMigrateToChat) as caught:
            await call
        assert caught.value.migrate_to_chat_id == group.id
    await telegram.bot.send_message(group.id, "case 12 again")
    assert group.stands == ["case 12 again"]


async def test_topics_make_a_supergroup_and_the_bot_may_learn_of_it_by_a_refusal_alone(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия", supergroup=False)
    await group.becomes_supergroup(aigerim, told=False)
    assert heard.messages == []
    await group.turns_on_topics(aigerim)
    await aigerim.sends("/queue", in_=await group.opens_topic("Физика", aigerim))
    assert heard.messages[-1].chat.is_forum


async def test_a_bot_that_was_put_out_hears_nothing_and_may_not_write(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия")
    await group.puts_the_bot_out(aigerim)
    await aigerim.sends("/queue", in_=group)
    assert ([change.new_chat_member.status for change in heard.members], heard.messages) == (["kicked"], [])
    with pytest.raises(TelegramForbiddenError, match="kicked from the supergroup"):
        await telegram.bot.send_message(group.id, "x")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await telegram.bot.send_message(-5, "x")


async def test_a_press_under_a_card_names_who_pressed_and_when_the_card_was_sent(
    telegram: Telegram, heard: Heard, aigerim: Person, clock: HandClock
) -> None:
    group = telegram.group("Комиссия")
    await telegram.bot.send_message(group.id, "case 12", reply_markup=under(callback_data="take:12"))
    clock.move(timedelta(hours=1))
    await aigerim.taps("Ашу", in_=group)
    (press,) = heard.presses
    assert isinstance(press.message, Message)
    assert (press.from_user.id, press.message.chat.id, press.message.date) == (1, group.id, NOW)
    assert aigerim.toast == "ok"


async def test_a_link_to_the_bot_opens_the_private_chat_with_its_payload(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия")
    await telegram.bot.send_message(group.id, "case 12", reply_markup=under(url=LINK))
    await aigerim.follows("Ашу", in_=group)
    (message,) = heard.messages
    assert (message.chat.id, message.text) == (1, "/start case-12")
    for link in ("https://t.me/other_bot?start=case-12", "https://t.me/kenes_bot?start=case%2012"):
        await telegram.bot.send_message(group.id, "case 12", reply_markup=under(url=link))
        with pytest.raises(AssertionError):
            await aigerim.follows("Ашу", in_=group)


async def test_an_album_is_messages_with_one_number_and_one_caption_each_with_a_file_to_fetch(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    await aigerim.sends_album([b"one", b"two"], caption="Анықтама")
    await aigerim.sends_album([("a.pdf", b"%PDF"), ("b.pdf", b"%PDF 2")], apart=True)
    photos, documents = heard.messages[:2], heard.messages[2:]
    assert [message.caption for message in heard.messages] == ["Анықтама", None, None, None]
    assert len({message.media_group_id for message in photos}) == len({one.media_group_id for one in documents}) == 1
    assert photos[0].media_group_id != documents[0].media_group_id
    files = [message.photo[-1] for message in photos if message.photo] + [one.document for one in documents]
    fetched = [await telegram.bot.download(file) for file in files if file]
    assert [file.read() for file in fetched if file] == [b"one", b"two", b"%PDF", b"%PDF 2"]


async def test_a_file_of_more_than_20_megabytes_is_seen_but_not_fetched(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    await aigerim.uploads("scan.pdf", b"x" * (20 * 1024 * 1024 + 1))
    (message,) = heard.messages
    assert message.document
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await telegram.bot.download(message.document)


async def test_a_file_somebody_sent_is_sent_again_by_its_id_as_what_it_was(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    await aigerim.sends_photo(b"jpeg")
    photo = (heard.messages[0].photo or [])[-1].file_id
    group = telegram.group("Комиссия")
    await telegram.bot.send_photo(group.id, photo, protect_content=True)
    assert (group.last.picture, group.last.protected) == (b"jpeg", True)
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
        await telegram.bot.send_document(group.id, photo)
    with pytest.raises(AssertionError, match="protected"):
        await aigerim.forwards(group.last)


async def test_an_album_of_the_bot_has_two_to_ten_of_one_kind(telegram: Telegram) -> None:
    photo, paper = InputMediaPhoto(media=file("1.png")), InputMediaDocument(media=file("1.pdf"))
    sent = await telegram.bot.send_media_group(1, [photo, photo])
    assert len({message.media_group_id for message in sent}) == 1
    for wrong in ([photo], [photo] * 11, [photo, paper]):
        with pytest.raises(TelegramBadRequest):
            await telegram.bot.send_media_group(1, list[Any](wrong))


def file(name: str) -> BufferedInputFile:
    return BufferedInputFile(b"x", name)


async def test_an_edit_keeps_the_date_of_the_message(heard: Heard, aigerim: Person, clock: HandClock) -> None:
    first = await aigerim.sends("Себебі: ...", late=timedelta(minutes=20))
    await aigerim.sends_photo(b"jpeg", caption="анықтама")
    clock.move(timedelta(hours=4))
    await aigerim.edits("Себебі: 7-сұрақ", of=first)
    await aigerim.edits("дәрігер анықтамасы")
    text, caption = heard.edited
    assert (text.text, text.date, text.edit_date) == (
        "Себебі: 7-сұрақ", NOW - timedelta(minutes=20), int(clock.now().timestamp()),
    )  # fmt: skip
    assert (caption.caption, caption.date) == ("дәрігер анықтамасы", NOW)


async def test_a_forward_tells_who_said_it_and_has_no_buttons(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    group = telegram.group("Комиссия")
    await telegram.bot.send_message(group.id, "case 12", reply_markup=under(callback_data="take:12"))
    await aigerim.forwards(group.last)
    (message,) = heard.messages
    assert (message.text, message.reply_markup) == ("case 12", None)
    assert message.forward_origin
    assert message.chat.id == 1


async def test_voice_notes_and_stickers_come_as_such(heard: Heard, aigerim: Person) -> None:
    await aigerim.sends_voice()
    await aigerim.sends_sticker()
    assert [message.content_type for message in heard.messages] == ["voice", "sticker"]


async def test_a_key_sends_its_label_and_a_keyboard_for_one_use_goes(
    telegram: Telegram, heard: Heard, aigerim: Person
) -> None:
    keys = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Өтінішті беру")]], one_time_keyboard=True)
    await telegram.bot.send_message(1, "Бересіз бе?", reply_markup=keys)
    await aigerim.taps_key("беру")
    assert [message.text for message in heard.messages] == ["Өтінішті беру"]
    with pytest.raises(AssertionError, match="no reply keyboard"):
        await aigerim.taps_key("беру")


@pytest.mark.parametrize(
    ("text", "more", "refusal"),
    [
        ("x" * 4097, {}, "too long"),
        ("<b>x", {}, "can't parse entities"),
        ("x", {"reply_markup": under(callback_data="қ" * 33)}, "BUTTON_DATA_INVALID"),
        ("x", {"reply_markup": under()}, "exactly one action"),
        ("x", {"reply_markup": under(url=LINK, callback_data="x")}, "exactly one action"),
        ("x", {"reply_markup": ReplyKeyboardMarkup(keyboard=[[]])}, "must be non-empty"),
        (
            "x",
            {"reply_markup": ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="x", request_contact=True)]])},
            "private chats only",
        ),
        ("x", {"reply_parameters": ReplyParameters(message_id=9)}, "message to be replied not found"),
        ("x", {"message_thread_id": 9}, "message thread not found"),
    ],
)
async def test_what_telegram_does_not_take_is_refused(
    telegram: Telegram, text: str, more: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=refusal):
        await telegram.bot.send_message(telegram.group("Комиссия").id, text, **more)
