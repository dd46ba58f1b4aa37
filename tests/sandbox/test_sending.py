"""What a bot may send, edit and withdraw, and what Telegram says when it may not."""

import json
import re
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)

from sandbox.methods import BotMethods
from sandbox.schema import method_named
from tests.sandbox.conftest import AIGERIM, DANIYAR, FORUM, GONE, GROUP, MEMBER_ONLY, STRANGER, TOKEN, Sandbox

Refused = Callable[[Awaitable[Any]], Awaitable[str]]


def png(width: int = 40, height: int = 30) -> bytes:
    """Draw a black PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def button(text: str = "Иә", data: str = "yes") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=text, callback_data=data)]])


async def test_a_message_arrives_as_the_person_sees_it(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(
        AIGERIM, "<b>Сәлем</b> 🎓 /marks", parse_mode="HTML", reply_markup=button(), protect_content=True
    )
    assert sent.text == "Сәлем 🎓 /marks"
    [seen] = await sandbox.messages(AIGERIM)
    assert (seen["text"], seen["outgoing"], seen["has_protected_content"]) == (sent.text, False, True)
    assert seen["entities"] == [
        {"type": "bold", "offset": 0, "length": 5},
        {"type": "bot_command", "offset": 9, "length": 6},
    ]
    assert seen["reply_markup"] == {"inline_keyboard": [[{"text": "Иә", "callback_data": "yes"}]]}
    assert seen["from"]["id"] == sandbox.bot.id


async def test_given_entities_are_taken(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "abc", entities=[MessageEntity(type="bold", offset=0, length=1)])
    assert sent.entities is not None
    assert [(one.type, one.length) for one in sent.entities] == [("bold", 1)]


@pytest.mark.parametrize("length", [4096, 4097])
async def test_a_text_holds_4096_units_after_parsing(sandbox: Sandbox, refused: Refused, length: int) -> None:
    call = sandbox.bot.send_message(AIGERIM, f"<b>{'ә' * length}</b>", parse_mode="HTML")
    if length == 4096:
        assert len((await call).text or "") == 4096
    else:
        assert await refused(call) == "Bad Request: message is too long"


async def test_an_emoji_counts_twice(sandbox: Sandbox, refused: Refused) -> None:
    assert await refused(sandbox.bot.send_message(AIGERIM, "🎓" * 2049)) == "Bad Request: message is too long"
    assert (await sandbox.bot.send_message(AIGERIM, "🎓" * 2048)).text == "🎓" * 2048


@pytest.mark.parametrize("length", [1024, 1025])
async def test_a_caption_holds_1024_units(sandbox: Sandbox, refused: Refused, length: int) -> None:
    call = sandbox.bot.send_photo(AIGERIM, BufferedInputFile(png(), "a.png"), caption="ә" * length)
    if length == 1024:
        assert len((await call).caption or "") == 1024
    else:
        assert await refused(call) == "Bad Request: message caption is too long"


@pytest.mark.parametrize("text", ["", " \n ", "<b> </b>"])
async def test_an_empty_text_is_refused(sandbox: Sandbox, refused: Refused, text: str) -> None:
    call = sandbox.bot.send_message(AIGERIM, text, parse_mode="HTML")
    assert await refused(call) == "Bad Request: message text is empty"


@pytest.mark.parametrize(("letters", "fits"), [(32, True), (33, False)])
async def test_callback_data_holds_64_bytes_not_letters(
    sandbox: Sandbox, refused: Refused, letters: int, fits: bool
) -> None:
    call = sandbox.bot.send_message(AIGERIM, "x", reply_markup=button(data="қ" * letters))
    if fits:
        await call
    else:
        assert await refused(call) == "Bad Request: BUTTON_DATA_INVALID"


async def test_buttons_telegram_would_not_take_are_refused(sandbox: Sandbox, refused: Refused) -> None:
    def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup(inline_keyboard=[[one] for one in buttons])

    one = InlineKeyboardButton(text="x", callback_data="x")
    for wrong, complaint in (
        (InlineKeyboardButton(text="x"), "Text buttons are unallowed in the inline keyboard"),
        (InlineKeyboardButton(text=" ", callback_data="x"), "text must be non-empty"),
        (InlineKeyboardButton(text="x", url="not an address"), "is invalid: Wrong HTTP URL"),
        (InlineKeyboardButton(text="x", url="https://a.kz", callback_data="x"), "exactly one of"),
    ):
        call = sandbox.bot.send_message(AIGERIM, "x", reply_markup=keyboard(wrong))
        assert complaint in await refused(call)
    fine = (
        InlineKeyboardButton(text="x", url="https://a.kz"),
        InlineKeyboardButton(text="x", copy_text=CopyTextButton(text="1")),
    )
    await sandbox.bot.send_message(AIGERIM, "x", reply_markup=keyboard(*fine, *[one] * 98))
    call = sandbox.bot.send_message(AIGERIM, "x", reply_markup=keyboard(*[one] * 101))
    assert await refused(call) == "Bad Request: reply markup is too long"


async def test_a_contact_is_asked_for_in_private_only(sandbox: Sandbox, refused: Refused) -> None:
    ask = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Нөмір", request_contact=True)]])
    await sandbox.bot.send_message(AIGERIM, "?", reply_markup=ask)
    complaint = "Bad Request: phone number can be requested in private chats only"
    assert await refused(sandbox.bot.send_message(GROUP, "?", reply_markup=ask)) == complaint


async def test_a_reply_keyboard_stays_until_removed_and_a_one_time_one_until_used(sandbox: Sandbox) -> None:
    async def shown() -> Any:
        return (await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM}))["reply_keyboard"]

    keys = [[KeyboardButton(text="A")]]
    await sandbox.bot.send_message(AIGERIM, "?", reply_markup=ReplyKeyboardMarkup(keyboard=keys))
    await sandbox.act(AIGERIM, "send", text="A")
    assert (await shown())["keyboard"] == [[{"text": "A"}]]
    await sandbox.bot.send_message(AIGERIM, "!", reply_markup=ReplyKeyboardRemove())
    assert await shown() is None
    once = ReplyKeyboardMarkup(keyboard=keys, one_time_keyboard=True)
    await sandbox.bot.send_message(AIGERIM, "?", reply_markup=once)
    assert await shown() is not None
    await sandbox.act(AIGERIM, "send", text="A")
    assert await shown() is None


async def test_a_forced_reply_is_shown_until_the_person_writes(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=ForceReply(input_field_placeholder="Себебі"))
    page = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM})
    assert page["force_reply"] == {"message_id": sent.message_id, "input_field_placeholder": "Себебі"}
    await sandbox.act(AIGERIM, "send", text="x", reply_to=sent.message_id)
    page = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM})
    assert page["force_reply"] is None


async def test_in_a_group_a_selective_keyboard_is_for_those_meant_and_each_uses_up_their_own(sandbox: Sandbox) -> None:
    async def asked(what: str) -> list[bool]:
        pages = [await sandbox.get("/messages", **{"as": one, "chat": GROUP}) for one in (AIGERIM, DANIYAR)]
        return [page[what] is not None for page in pages]

    said = (await sandbox.act(DANIYAR, "send", chat=GROUP, text="/queue"))["message"]
    force = ForceReply(selective=True)
    await sandbox.bot.send_message(GROUP, "?", reply_markup=force)
    assert await asked("force_reply") == [False, False]
    await sandbox.bot.send_message(GROUP, "@aigerim ?", reply_markup=force)
    assert await asked("force_reply") == [True, False]
    mention = f'<a href="tg://user?id={DANIYAR}">?</a>'
    await sandbox.bot.send_message(GROUP, mention, parse_mode="HTML", reply_markup=force)
    assert await asked("force_reply") == [True, True]
    await sandbox.act(DANIYAR, "send", chat=GROUP, text="x")
    assert await asked("force_reply") == [True, False]
    await sandbox.bot.send_message(
        GROUP, "?", reply_markup=force, reply_parameters=ReplyParameters(message_id=said["message_id"])
    )
    assert await asked("force_reply") == [True, True]

    once = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="A")]], one_time_keyboard=True)
    await sandbox.bot.send_message(GROUP, "?", reply_markup=once)
    await sandbox.act(AIGERIM, "send", chat=GROUP, text="A")
    assert await asked("reply_keyboard") == [False, True]


async def test_who_cannot_be_written_to(sandbox: Sandbox) -> None:
    bot = sandbox.bot
    for chat, error, complaint in (
        (999, TelegramBadRequest, "chat not found"),
        (STRANGER, TelegramBadRequest, "chat not found"),
        (MEMBER_ONLY, TelegramForbiddenError, "Forbidden: bot can't initiate conversation with a user"),
        (GONE, TelegramForbiddenError, "Forbidden: user is deactivated"),
    ):
        with pytest.raises(error, match=complaint):
            await bot.send_message(chat, "x")
    await sandbox.act(AIGERIM, "block")
    for call in (bot.send_message(AIGERIM, "x"), bot.send_chat_action(AIGERIM, "typing")):
        with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
            await call
    await sandbox.act(AIGERIM, "unblock")
    await bot.send_message(AIGERIM, "x")
    await sandbox.act(STRANGER, "start")
    await bot.send_message(STRANGER, "x")


async def test_replies(sandbox: Sandbox, refused: Refused) -> None:
    asked = (await sandbox.act(AIGERIM, "send", text="?"))["message"]
    sent = await sandbox.bot.send_message(
        AIGERIM, "!", reply_parameters=ReplyParameters(message_id=asked["message_id"])
    )
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "?"
    lost = ReplyParameters(message_id=99)
    complaint = "Bad Request: message to be replied not found"
    assert await refused(sandbox.bot.send_message(AIGERIM, "!", reply_parameters=lost)) == complaint
    kept = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    assert (await sandbox.bot.send_message(AIGERIM, "!", reply_parameters=kept)).reply_to_message is None


async def test_editing_text_and_keyboard(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    sent = await bot.send_message(AIGERIM, "one", reply_markup=button())
    place: dict[str, Any] = {"chat_id": AIGERIM, "message_id": sent.message_id}
    same = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    assert same in await refused(bot.edit_message_text("one", reply_markup=button(), **place))
    edited = await bot.edit_message_text("<i>two</i>", parse_mode="HTML", **place)
    assert (edited.text, edited.reply_markup) == ("two", None)  # type: ignore[union-attr]
    assert edited.edit_date  # type: ignore[union-attr]
    await bot.edit_message_reply_markup(reply_markup=button("Жоқ", "no"), **place)
    [seen] = await sandbox.messages(AIGERIM)
    assert seen["reply_markup"]["inline_keyboard"][0][0]["text"] == "Жоқ"
    assert seen["entities"] == [{"type": "italic", "offset": 0, "length": 3}]
    assert await refused(bot.edit_message_caption(caption="x", **place)) == (
        "Bad Request: there is no caption in the message to edit"
    )


async def test_what_cannot_be_edited(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    theirs = (await sandbox.act(AIGERIM, "send", text="?"))["message"]["message_id"]
    keys = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="A")]])
    with_keys = (await bot.send_message(AIGERIM, "?", reply_markup=keys)).message_id
    for message_id, complaint in (
        (theirs, "message can't be edited"),
        (with_keys, "message can't be edited"),
        (77, "message to edit not found"),
    ):
        call = bot.edit_message_text("x", chat_id=AIGERIM, message_id=message_id)
        assert await refused(call) == f"Bad Request: {complaint}"


async def test_a_chat_deleted_by_the_person_has_nothing_to_edit(sandbox: Sandbox, refused: Refused) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "x")
    await sandbox.act(AIGERIM, "delete_chat")
    call = sandbox.bot.edit_message_text("y", chat_id=AIGERIM, message_id=sent.message_id)
    assert await refused(call) == "Bad Request: message to edit not found"
    assert (await sandbox.bot.send_message(AIGERIM, "y")).message_id > sent.message_id


async def test_photos_captions_and_media_can_be_edited(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    sent = await bot.send_photo(AIGERIM, BufferedInputFile(png(), "a.png"), caption="<b>a</b>", parse_mode="HTML")
    assert sent.photo is not None
    assert [(size.width, size.height) for size in sent.photo] == [(40, 30)]
    place: dict[str, Any] = {"chat_id": AIGERIM, "message_id": sent.message_id}
    edited = await bot.edit_message_caption(caption="b", **place)
    assert (edited.caption, edited.caption_entities) == ("b", None)  # type: ignore[union-attr]
    fresh = InputMediaPhoto(media=BufferedInputFile(png(50, 50), "b.png"), caption="c")
    edited = await bot.edit_message_media(fresh, **place)
    assert edited.photo[0].width == 50  # type: ignore[union-attr,index]
    assert edited.caption == "c"  # type: ignore[union-attr]
    complaint = "Bad Request: there is no text in the message to edit"
    assert await refused(bot.edit_message_text("x", **place)) == complaint


async def test_files_go_up_and_come_down_whole(sandbox: Sandbox, refused: Refused) -> None:
    content = bytes(range(256)) * 50
    sent = await sandbox.bot.send_document(AIGERIM, BufferedInputFile(content, "бағалар.csv"), caption="файл")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("бағалар.csv", len(content))
    [seen] = await sandbox.messages(AIGERIM)
    async with sandbox.http.get(seen["document"]["file_url"]) as response:
        assert await response.read() == content
        assert response.headers["Content-Disposition"].startswith("attachment")
    downloaded = await sandbox.bot.download(sent.document)
    assert downloaded is not None
    assert downloaded.read() == content
    again = await sandbox.bot.send_document(DANIYAR, sent.document.file_id)
    assert again.document is not None
    assert again.document.file_unique_id == sent.document.file_unique_id
    complaint = "Bad Request: wrong file identifier/HTTP URL specified"
    assert await refused(sandbox.bot.send_document(AIGERIM, "no-such-file")) == complaint


async def test_a_download_link_lives_an_hour(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_document(AIGERIM, BufferedInputFile(b"x", "a.txt"))
    assert sent.document is not None
    path = (await sandbox.bot.get_file(sent.document.file_id)).file_path
    link = f"/file/bot{TOKEN}/{path}"
    async with sandbox.http.get(link) as response:
        assert response.status == 200
    await sandbox.post("/clock", {"advance": 3601})
    async with sandbox.http.get(link) as response:
        assert response.status == 404
    async with sandbox.http.get(f"/file/bot1:x/{path}") as response:
        assert response.status == 401


async def test_a_file_over_20_megabytes_is_seen_but_not_fetched(sandbox: Sandbox, refused: Refused) -> None:
    sent = await sandbox.bot.send_document(AIGERIM, BufferedInputFile(b"x" * (20 * 1024 * 1024 + 1), "big"))
    assert sent.document is not None
    assert await refused(sandbox.bot.get_file(sent.document.file_id)) == "Bad Request: file is too big"


async def test_a_file_over_50_megabytes_is_not_taken(sandbox: Sandbox, refused: Refused) -> None:
    for size in (50 * 1024 * 1024 + 1, 52 * 1024 * 1024):
        call = sandbox.bot.send_document(AIGERIM, BufferedInputFile(b"x" * size, "big"))
        assert "Request Entity Too Large" in await refused(call)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "file must be non-empty"),
        (b"%PDF-1.7", "IMAGE_PROCESS_FAILED"),
        (png(9_000, 1_001), "PHOTO_INVALID_DIMENSIONS"),
        (png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
    ],
)
async def test_what_is_no_photo(sandbox: Sandbox, refused: Refused, content: bytes, complaint: str) -> None:
    call = sandbox.bot.send_photo(AIGERIM, BufferedInputFile(content, "a.png"))
    assert await refused(call) == f"Bad Request: {complaint}"


async def test_an_album_is_two_to_ten_of_a_kind(sandbox: Sandbox, refused: Refused) -> None:
    def photo(number: int) -> Any:
        return InputMediaPhoto(media=BufferedInputFile(png(40 + number, 40), f"{number}.png"), caption=str(number))

    sent = await sandbox.bot.send_media_group(AIGERIM, [photo(number) for number in range(10)])
    assert len({one.media_group_id for one in sent}) == 1
    assert [one.caption for one in sent] == [str(number) for number in range(10)]
    assert [one.photo[0].width for one in sent if one.photo] == [40 + number for number in range(10)]
    document: Any = InputMediaDocument(media=BufferedInputFile(b"x", "a.txt"))
    for media, complaint in (
        ([photo(1)], "too few messages to send as an album"),
        ([photo(number) for number in range(11)], "too many messages to send as an album"),
        ([photo(1), document], "Can't use the media of the specified type in the album"),
    ):
        assert await refused(sandbox.bot.send_media_group(AIGERIM, media)) == f"Bad Request: {complaint}"


async def test_forward_and_copy_but_not_what_is_protected(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    sent = await bot.send_message(AIGERIM, "x", reply_markup=button())
    forwarded = await bot.forward_message(DANIYAR, AIGERIM, sent.message_id)
    assert forwarded.text == "x"
    assert forwarded.reply_markup is None
    assert forwarded.forward_origin is not None
    await bot.copy_message(DANIYAR, AIGERIM, sent.message_id)
    assert "forward_origin" not in (await sandbox.messages(DANIYAR))[-1]
    secret = await bot.send_message(AIGERIM, "y", protect_content=True)
    assert await refused(bot.forward_message(DANIYAR, AIGERIM, secret.message_id)) == (
        "Bad Request: the message can't be forwarded"
    )
    assert await refused(bot.copy_message(DANIYAR, AIGERIM, secret.message_id)) == (
        "Bad Request: the message can't be copied"
    )
    assert await refused(bot.forward_message(DANIYAR, AIGERIM, 99)) == "Bad Request: message to forward not found"


async def test_messages_are_withdrawn_within_48_hours(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    first, second, third = [(await bot.send_message(AIGERIM, str(number))).message_id for number in range(3)]
    await bot.delete_message(AIGERIM, first)
    assert await refused(bot.delete_message(AIGERIM, first)) == "Bad Request: message to delete not found"
    await bot.delete_messages(AIGERIM, [first, second])
    assert [one["message_id"] for one in await sandbox.messages(AIGERIM)] == [third]
    await sandbox.post("/clock", {"advance": 48 * 3600})
    assert await refused(bot.delete_message(AIGERIM, third)) == "Bad Request: message can't be deleted for everyone"


async def test_pinning(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    sent = await bot.send_message(AIGERIM, "x")
    await bot.pin_chat_message(AIGERIM, sent.message_id)
    page = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM})
    assert page["pinned"]["text"] == "x"
    assert page["messages"][-1]["pinned_message"]["message_id"] == sent.message_id
    assert (await bot.get_chat(AIGERIM)).pinned_message is not None
    await bot.unpin_chat_message(AIGERIM)
    assert (await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM}))["pinned"] is None
    in_group = await bot.send_message(GROUP, "x")
    complaint = "Bad Request: not enough rights to manage pinned messages in the chat"
    assert await refused(bot.pin_chat_message(GROUP, in_group.message_id)) == complaint
    in_forum = await bot.send_message(FORUM, "x")
    await bot.pin_chat_message(FORUM, in_forum.message_id)
    await bot.unpin_all_chat_messages(FORUM)


async def test_a_chat_action_is_shown_until_the_message(sandbox: Sandbox, refused: Refused) -> None:
    await sandbox.bot.send_chat_action(AIGERIM, "upload_document")
    page = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM})
    assert [one["action"] for one in page["actions"]] == ["upload_document"]
    await sandbox.bot.send_message(AIGERIM, "x")
    assert (await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM}))["actions"] == []
    complaint = "Bad Request: wrong parameter action in request"
    assert await refused(sandbox.bot.send_chat_action(AIGERIM, "juggling")) == complaint


async def test_a_group_that_became_a_supergroup_answers_with_its_new_id(sandbox: Sandbox) -> None:
    group = (await sandbox.post("/groups", {"id": GROUP, "migrate": True}))["group"]
    with pytest.raises(TelegramMigrateToChat) as caught:
        await sandbox.bot.send_message(GROUP, "x")
    assert caught.value.migrate_to_chat_id == group["id"]
    assert (await sandbox.bot.send_message(group["id"], "x")).chat.type == "supergroup"
    to, since = [update.message for update in await sandbox.updates()]
    assert to is not None
    assert since is not None
    assert (to.chat.id, to.migrate_to_chat_id) == (GROUP, group["id"])
    assert (since.chat.id, since.migrate_from_chat_id) == (group["id"], GROUP)
    assert since.sender_chat is not None
    assert since.sender_chat.id == group["id"]


async def test_forum_topics(sandbox: Sandbox, refused: Refused) -> None:
    bot = sandbox.bot
    topic = await bot.create_forum_topic(FORUM, "Апелляция")
    sent = await bot.send_message(FORUM, "card", message_thread_id=topic.message_thread_id)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic.message_thread_id, True)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.forum_topic_created is not None
    await sandbox.act(DANIYAR, "send", chat=FORUM, text="/queue", thread=topic.message_thread_id)
    written = (await sandbox.updates())[-1].message
    assert written is not None
    assert written.message_thread_id == topic.message_thread_id
    await sandbox.post("/groups", {"id": FORUM, "close_topic": topic.message_thread_id, "bot": "member"})
    call = bot.send_message(FORUM, "x", message_thread_id=topic.message_thread_id)
    assert await refused(call) == "Bad Request: TOPIC_CLOSED"
    await sandbox.post("/groups", {"id": FORUM, "delete_topic": topic.message_thread_id})
    call = bot.send_message(FORUM, "x", message_thread_id=topic.message_thread_id)
    assert await refused(call) == "Bad Request: message thread not found"


async def test_where_the_bot_may_not_write(sandbox: Sandbox, refused: Refused) -> None:
    for status, complaint in (
        ("restricted", "Bad Request: not enough rights to send text messages to the chat"),
        ("kicked", "Forbidden: bot was kicked from the group chat"),
        ("left", "Forbidden: bot is not a member of the group chat"),
    ):
        await sandbox.post("/groups", {"id": GROUP, "bot": status})
        assert await refused(sandbox.bot.send_message(GROUP, "x")) == complaint


async def test_what_is_not_documented_is_refused(sandbox: Sandbox) -> None:
    for method, fields, complaint in (
        ("sendMessage", {"chat_id": AIGERIM, "text": "x", "colour": "red"}, "no field 'colour'"),
        ("sendMessage", {"chat_id": AIGERIM}, "message text is empty"),
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": AIGERIM, "text": ["x"]}, "must be of type String"),
        ("sendMessage", {"chat_id": AIGERIM, "text": "x", "protect_content": "maybe"}, "must be of type Boolean"),
        ("sendMessage", {"chat_id": AIGERIM, "text": "x", "reply_markup": {"rows": []}}, "no field 'rows'"),
        ("setMyCommands", {"commands": [], "scope": {"type": "galaxy"}}, "can't parse field"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, "BotCommandScopeChat needs 'chat_id'"),
        (
            "sendMessage",
            {"chat_id": AIGERIM, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "link": "y"}]]}},
            "InlineKeyboardButton has no field 'link'",
        ),
        ("sendMessage", {"chat_id": AIGERIM, "text": "x", "reply_markup": "{"}, "not a JSON object"),
        ("sendMessage", {"chat_id": AIGERIM, "text": "x", "reply_parameters": {"quote": 1}}, "quote.*String"),
        (
            "sendMessage",
            {"chat_id": AIGERIM, "text": "x", "entities": [{"type": "bold", "offset": 0}]},
            "needs 'length'",
        ),
        ("sendMediaGroup", {"chat_id": AIGERIM, "media": [{"type": "dance", "media": "x"}]}, "can't parse"),
        ("banChatMember", {"chat_id": GROUP, "user_id": 1}, "method banChatMember is not in this sandbox"),
    ):
        status, answer = await sandbox.call(method, **fields)
        assert status == answer["error_code"] == 400
        assert answer["ok"] is False
        assert answer["description"].startswith("Bad Request: ")
        assert re.search(complaint, answer["description"]), answer
    assert await sandbox.call("sendGreeting") == (404, {"ok": False, "error_code": 404, "description": "Not Found"})


JUNK: tuple[Any, ...] = (
    0,
    -1,
    10**30,
    1.5,
    True,
    "",
    "x",
    "\0",
    "🎓" * 5000,
    [],
    [[]],
    {},
    {"a": 1},
    [1],
    [{}],
    "[{]",
    AIGERIM,
)


async def test_no_junk_makes_a_method_stumble(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_document(AIGERIM, BufferedInputFile(b"x", "a.txt"), caption="x")
    topic = await sandbox.bot.create_forum_topic(FORUM, "n")
    assert sent.document is not None
    valid: dict[str, Any] = {
        "chat_id": AIGERIM,
        "from_chat_id": AIGERIM,
        "user_id": AIGERIM,
        "message_id": sent.message_id,
        "document": sent.document.file_id,
        "file_id": sent.document.file_id,
        "media": {"type": "document", "media": sent.document.file_id},
        "text": "y",
        "action": "typing",
        "name": "n",
        "commands": [],
    }
    done = 0
    for method in BotMethods(sandbox.telegram).names:
        schema = method_named(method)
        assert schema is not None
        for field in schema.fields:
            for junk in JUNK:
                given = {name: value for name, value in valid.items() if name in schema.fields}
                if "ForumTopic" in method:
                    given |= {"chat_id": FORUM, "message_thread_id": topic.message_thread_id}
                given |= {"timeout": 0} if method == "getUpdates" else {field: junk}
                status, answer = await sandbox.call(method, **given)
                assert status == answer.get("error_code", 200), (method, field, junk)
                assert status in {200, 400, 403, 409}, (method, field, junk, answer)
                done += status == 200
    assert done > 200


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox) -> None:
    status, answer = await sandbox.call("getMe", token="1:wrong")
    assert (status, answer) == (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})


async def test_every_way_of_passing_fields_is_understood(sandbox: Sandbox) -> None:
    fields = {"chat_id": str(AIGERIM), "text": "x", "reply_markup": button().model_dump_json(exclude_none=True)}
    address = f"/bot{TOKEN}/sendMessage"
    async with sandbox.http.get(address, params=fields) as by_query:
        assert (await by_query.json())["ok"]
    async with sandbox.http.post(address, data=fields) as by_form:
        assert (await by_form.json())["ok"]
    async with sandbox.http.post(f"/bot{TOKEN}/SENDMESSAGE", json={**fields, "text": "y"}) as by_json:
        assert (await by_json.json())["result"]["reply_markup"] == json.loads(fields["reply_markup"])
    for body in (b"{", b"[]"):
        async with sandbox.http.post(address, data=body, headers={"Content-Type": "application/json"}) as broken:
            assert broken.status == 400
