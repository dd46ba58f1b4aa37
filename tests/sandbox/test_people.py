"""What people do on the page, and what each of them sees."""

import asyncio
import json
from typing import Any

import pytest
from aiogram.types import BufferedInputFile
from aiohttp import FormData

from tests.sandbox.conftest import AIGERIM, DANIYAR, FORUM, GONE, GROUP, GROUPS, MEMBER_ONLY, PEOPLE, STRANGER, Sandbox
from tests.sandbox.test_sending import JUNK, button, png


async def test_the_world_is_told_whole(sandbox: Sandbox) -> None:
    world = await sandbox.get("/world")
    assert {one["id"] for one in world["people"]} == {one.id for one in PEOPLE}
    aigerim = next(one for one in world["people"] if one["id"] == AIGERIM)
    assert (aigerim["first_name"], aigerim["phone"], aigerim["blocked"]) == ("Әйгерім", "+77011112233", False)
    assert {one["id"] for one in world["groups"]} == {one.id for one in GROUPS}
    assert world["clock"]["now"].endswith("+05:00")


async def test_a_person_sees_own_chats_with_the_newest_first(sandbox: Sandbox) -> None:
    await sandbox.bot.send_message(AIGERIM, "one")
    await sandbox.post("/clock", {"advance": 5})
    await sandbox.bot.send_message(GROUP, "two")
    cards = (await sandbox.get("/chats", **{"as": AIGERIM}))["chats"]
    assert [card["id"] for card in cards] == [GROUP, AIGERIM, FORUM]
    assert [(card["unread"], (card["last_message"] or {}).get("text")) for card in cards[:2]] == [
        (1, "two"),
        (1, "one"),
    ]
    assert {card["id"] for card in (await sandbox.get("/chats", **{"as": STRANGER}))["chats"]} == {STRANGER}


async def test_reading_a_chat_leaves_nothing_unread(sandbox: Sandbox) -> None:
    async def unread() -> int:
        return int((await sandbox.get("/chats", **{"as": AIGERIM}))["chats"][0]["unread"])

    await sandbox.bot.send_message(AIGERIM, "a")
    await sandbox.act(AIGERIM, "send", text="mine")
    assert await unread() == 0
    await sandbox.bot.send_message(AIGERIM, "b")
    assert await unread() == 1
    await sandbox.messages(AIGERIM)
    assert await unread() == 0
    await sandbox.bot.send_message(AIGERIM, "c")
    await sandbox.act(AIGERIM, "read")
    assert await unread() == 0


async def test_history_is_read_page_by_page(sandbox: Sandbox) -> None:
    for number in range(5):
        await sandbox.bot.send_message(AIGERIM, str(number))
    newest = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM, "limit": 3})
    assert ([one["text"] for one in newest["messages"]], newest["has_more"]) == (["2", "3", "4"], True)
    before = newest["messages"][0]["message_id"]
    older = await sandbox.get("/messages", **{"as": AIGERIM, "chat": AIGERIM, "limit": 3, "before": before})
    assert ([one["text"] for one in older["messages"]], older["has_more"]) == (["0", "1"], False)


async def test_what_one_wrote_is_outgoing_for_oneself_only(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", chat=GROUP, text="/queue")
    assert [one["outgoing"] for one in await sandbox.messages(AIGERIM, GROUP)] == [True]
    assert [one["outgoing"] for one in await sandbox.messages(DANIYAR, GROUP)] == [False]


async def test_sharing_a_contact(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "contact")
    await sandbox.act(AIGERIM, "contact", of=DANIYAR)
    await sandbox.act(AIGERIM, "contact", phone_number="+77009998877", first_name="Ешкім")
    own, others, nobodys = [update.message.contact for update in await sandbox.updates() if update.message]
    assert own is not None
    assert others is not None
    assert nobodys is not None
    assert (own.user_id, own.phone_number) == (AIGERIM, "+77011112233")
    assert others.user_id == DANIYAR
    assert (nobodys.user_id, nobodys.first_name) == (None, "Ешкім")


async def test_sending_files(sandbox: Sandbox) -> None:
    def form(**fields: str) -> FormData:
        made = FormData({"as": str(AIGERIM), "chat": str(AIGERIM), "do": "upload", **fields})
        made.add_field("file", png(), filename="1.png", content_type="image/png")
        return made

    async with sandbox.http.post("/sandbox/api/act", data=form(caption="файл")) as response:
        [message] = (await response.json())["messages"]
    assert (message["caption"], message["document"]["file_name"]) == ("файл", "1.png")
    [update] = await sandbox.updates()
    assert update.message is not None
    assert update.message.document is not None
    downloaded = await sandbox.bot.download(update.message.document)
    assert downloaded is not None
    assert downloaded.read() == png()
    album = form(as_photo="true", caption="екі")
    album.add_field("file", png(50, 50), filename="2.png", content_type="image/png")
    async with sandbox.http.post("/sandbox/api/act", data=album) as response:
        first, second = (await response.json())["messages"]
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], second.get("caption")) == ("екі", None)
    async with sandbox.http.get(second["photo"][0]["file_url"]) as response:
        assert (response.content_type, await response.read()) == ("image/png", png(50, 50))
    broken = FormData({"as": str(AIGERIM), "chat": str(AIGERIM), "do": "upload", "as_photo": "true"})
    broken.add_field("file", b"%PDF", filename="a.png", content_type="image/png")
    async with sandbox.http.post("/sandbox/api/act", data=broken) as response:
        assert (response.status, (await response.json())["error"]) == (400, "IMAGE_PROCESS_FAILED")


async def test_a_voice_note_can_be_fetched_and_a_sticker_has_its_emoji(sandbox: Sandbox) -> None:
    said = (await sandbox.act(AIGERIM, "voice"))["message"]
    await sandbox.act(AIGERIM, "sticker", emoji="👍")
    voice, sticker = [update.message for update in await sandbox.updates()]
    assert voice is not None
    assert voice.voice is not None
    assert sticker is not None
    assert sticker.sticker is not None
    fetched = await sandbox.bot.download(voice.voice)
    assert fetched is not None
    assert fetched.read().startswith(b"OggS")
    assert (sticker.sticker.emoji, sticker.sticker.type) == ("👍", "regular")
    async with sandbox.http.get(said["voice"]["file_url"]) as response:
        assert (await response.read()).startswith(b"OggS")
    await sandbox.act(AIGERIM, "forward", chat=GROUP, from_chat=AIGERIM, message_id=said["message_id"])
    assert [message["voice"]["duration"] for message in await sandbox.messages(DANIYAR, GROUP)] == [1]


async def test_a_nameless_administrator_sends_files_as_the_group(sandbox: Sandbox) -> None:
    form = FormData({"as": str(AIGERIM), "chat": str(FORUM), "do": "upload", "anonymous": "true"})
    form.add_field("file", b"%PDF", filename="1.pdf", content_type="application/pdf")
    async with sandbox.http.post("/sandbox/api/act", data=form) as response:
        assert (await response.json())["ok"]
    [update] = await sandbox.updates()
    assert update.message is not None
    assert update.message.sender_chat is not None
    assert update.message.from_user is not None
    assert (update.message.sender_chat.id, update.message.from_user.username) == (FORUM, "GroupAnonymousBot")


async def test_a_page_uploaded_as_a_document_is_never_served_as_a_page(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_document(AIGERIM, BufferedInputFile(b"<script>alert(1)</script>", "a.html"))
    assert sent.document is not None
    async with sandbox.http.get(f"/sandbox/api/file/{sent.document.file_id}") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.html"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("sandbox")


async def test_forwarding(sandbox: Sandbox) -> None:
    card = await sandbox.bot.send_message(GROUP, "card", reply_markup=button())
    await sandbox.act(DANIYAR, "forward", from_chat=GROUP, message_id=card.message_id)
    [update] = await sandbox.updates()
    assert update.message is not None
    assert update.message.forward_origin is not None
    assert update.message.reply_markup is None
    secret = await sandbox.bot.send_message(GROUP, "secret", protect_content=True)
    act = {"as": DANIYAR, "chat": DANIYAR, "do": "forward", "from_chat": GROUP, "message_id": secret.message_id}
    assert await sandbox.post("/act", act) == {"ok": False, "error": "the message is protected: it can't be forwarded"}
    assert (await sandbox.post("/act", {**act, "as": STRANGER, "chat": STRANGER}))["ok"] is False


async def test_deleting_own_messages_and_leaving(sandbox: Sandbox) -> None:
    sent = (await sandbox.act(DANIYAR, "send", chat=GROUP, text="/queue"))["message"]
    act: dict[str, Any] = {"as": AIGERIM, "chat": GROUP, "do": "delete", "message_id": sent["message_id"]}
    assert (await sandbox.post("/act", act))["ok"] is False
    await sandbox.act(DANIYAR, "delete", chat=GROUP, message_id=sent["message_id"])
    assert await sandbox.messages(AIGERIM, GROUP) == []
    await sandbox.act(DANIYAR, "leave", chat=GROUP)
    assert (await sandbox.messages(AIGERIM, GROUP))[0]["left_chat_member"]["id"] == DANIYAR
    assert (await sandbox.post("/act", {"as": DANIYAR, "chat": GROUP, "do": "send", "text": "x"}))["ok"] is False


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"do": "dance"}, "do must be"),
        ({"do": "send"}, "text is missing"),
        ({"do": "send", "text": " "}, "text is empty"),
        ({"do": "send", "text": 5}, "text must be text"),
        ({"do": "send", "text": "x" * 4097}, "text is longer than 4096 characters"),
        ({"do": "send", "text": "x", "as": 7}, "there is no person 7"),
        ({"do": "send", "text": "x", "chat": DANIYAR}, f"person {AIGERIM} is in no chat {DANIYAR}"),
        ({"do": "send", "text": "x", "as": GONE, "chat": GONE}, "is deactivated"),
        ({"do": "send", "text": "x", "reply_to": 9}, "there is no message 9 to reply to"),
        ({"do": "send", "text": "x", "thread": 9}, "there is no topic 9"),
        ({"do": "start", "payload": "a b"}, "payload: up to 64"),
        ({"do": "edit", "message_id": 9, "text": "x"}, "there is no such message of one's own"),
        ({"do": "press", "message_id": "x", "data": "y"}, "message_id must be a whole number"),
        ({"do": "press", "message_id": 1, "data": "қ" * 33, "forged": True}, "data is longer than 64 bytes"),
        ({"do": "contact", "of": MEMBER_ONLY}, f"there is no phone number of {MEMBER_ONLY}"),
        ({"do": "leave"}, "one cannot leave the private chat"),
    ],
)
async def test_an_act_that_makes_no_sense_is_refused_in_words(
    sandbox: Sandbox, wrong: dict[str, Any], complaint: str
) -> None:
    async with sandbox.http.post("/sandbox/api/act", json={"as": AIGERIM, "chat": AIGERIM, **wrong}) as response:
        answer = await response.json()
    assert response.status == 400
    assert answer["ok"] is False
    assert complaint in answer["error"]


DEEDS: tuple[tuple[str, ...], ...] = (
    ("send", "text", "reply_to", "thread", "anonymous"),
    ("start", "payload"),
    ("press", "message_id", "data"),
    ("contact", "of", "phone_number", "first_name"),
    ("voice", "thread"),
    ("sticker", "emoji"),
    ("edit", "message_id", "text"),
    ("delete", "message_id"),
    ("forward", "message_id", "from_chat"),
    ("read", "as", "chat", "do"),
    ("block",),
    ("unblock",),
    ("delete_chat",),
    ("leave",),
    ("upload", "file", "caption", "as_photo"),
)
GROUP_FIELDS = ("id", "title", "members", "admins", "type", "is_forum", "bot", "open_topic", "close_topic", "by")


async def test_no_junk_makes_the_page_api_stumble(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.page_api.ANSWER_SECONDS", 0)
    sent = (await sandbox.act(AIGERIM, "send", text="x"))["message"]
    act: dict[str, Any] = {
        "as": AIGERIM,
        "chat": AIGERIM,
        "text": "x",
        "data": "x",
        "forged": True,
        "from_chat": AIGERIM,
    }
    act["message_id"] = sent["message_id"]
    asked: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        *(("/act", {**act, "do": deed[0]}, deed[1:]) for deed in DEEDS),
        ("/groups", {"title": "x", "members": [AIGERIM]}, GROUP_FIELDS),
        ("/groups", {"id": FORUM, "members": [AIGERIM]}, GROUP_FIELDS),
        ("/clock", {}, ("to", "advance")),
        ("/trouble", {}, ("pacing", "hold_updates", "methods", "seed", "fail_percent")),
    ]
    for path, given, names in asked:
        for name in names:
            for junk in JUNK:
                async with sandbox.http.post(f"/sandbox/api{path}", json={**given, name: junk}) as response:
                    assert response.status in {200, 400}, (path, given, name, junk)
                    await response.json()
    for body in (b"", b"{", b"[]", b"\xff", b"null"):
        for path in ("/act", "/acts", "/groups", "/clock", "/trouble"):
            async with sandbox.http.post(f"/sandbox/api{path}", data=body) as response:
                assert response.status in {200, 400}, (path, body)
    for query in ("", "as=x", "as=1", f"as={AIGERIM}&chat=x", f"as={AIGERIM}&chat={AIGERIM}&before=x&limit=-5"):
        for path in ("/chats", "/messages", "/events"):
            if path != "/events" or query in {"as=x", "as=1"}:
                async with sandbox.http.get(f"/sandbox/api{path}?{query}") as response:
                    assert response.status in {200, 400}, (path, query)


async def test_a_press_nobody_answers_ends_with_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.page_api.ANSWER_SECONDS", 0)
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=button())
    assert (await sandbox.act(AIGERIM, "press", message_id=sent.message_id, data="yes"))["answer"] is None


async def test_groups_are_made_and_changed(sandbox: Sandbox) -> None:
    made = (
        await sandbox.post(
            "/groups", {"title": "Апелляция", "members": [DANIYAR], "admins": [AIGERIM], "bot": "member"}
        )
    )["group"]
    assert made["id"] < 0
    assert (made["type"], made["members"], made["admins"], made["bot"]) == (
        "group", [DANIYAR, AIGERIM], [AIGERIM], "member",
    )  # fmt: skip
    joined, welcome = await sandbox.updates()
    assert joined.my_chat_member is not None
    assert joined.my_chat_member.new_chat_member.status == "member"
    assert welcome.message is not None
    assert welcome.message.new_chat_members is not None
    changed = (await sandbox.post("/groups", {"id": made["id"], "title": "Комиссия", "members": [AIGERIM]}))["group"]
    assert (changed["title"], changed["members"]) == ("Комиссия", [AIGERIM])
    events = [update.message for update in await sandbox.updates()]
    assert [(one.left_chat_member is not None, one.new_chat_title) for one in events if one] == [
        (True, None),
        (False, "Комиссия"),
    ]
    forum = (await sandbox.post("/groups", {"id": made["id"], "is_forum": True, "open_topic": "Кезек"}))["group"]
    assert (forum["type"], forum["is_forum"], forum["topics"][0]["name"]) == ("supergroup", True, "Кезек")
    assert (await sandbox.post("/groups", {"id": made["id"], "title": "x"}))["ok"] is False
    seen = (await sandbox.get("/chats", **{"as": AIGERIM}))["chats"]
    assert made["id"] not in {card["id"] for card in seen}
    other = (await sandbox.post("/groups", {"title": "S", "members": [AIGERIM], "type": "supergroup"}))["group"]
    assert other["id"] < -1_000_000_000_000
    assert other["id"] != forum["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x"},
        {"title": "x", "members": [9]},
        {"members": [AIGERIM]},
        {"id": AIGERIM},
        {"id": GROUP, "bot": "king"},
    ],
)
async def test_a_group_that_makes_no_sense_is_refused(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    assert (await sandbox.post("/groups", wrong))["ok"] is False


async def _next(stream: Any) -> Any:
    while True:
        line = (await stream.readline()).decode()
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))


async def test_events_tell_what_changed(sandbox: Sandbox) -> None:
    async with sandbox.http.get("/sandbox/api/events", params={"as": AIGERIM}) as response:
        assert response.content_type == "text/event-stream"
        await response.content.readline()
        await sandbox.bot.send_message(DANIYAR, "not for her")
        sent = await sandbox.bot.send_message(AIGERIM, "a", reply_markup=button())
        event = await _next(response.content)
        assert (event["type"], event["chat"], event["message"]["text"]) == ("message", AIGERIM, "a")
        assert event["message"]["outgoing"] is False
        await sandbox.bot.edit_message_text("b", chat_id=AIGERIM, message_id=sent.message_id, reply_markup=button())
        event = await _next(response.content)
        assert (event["type"], event["message"]["text"]) == ("edited", "b")
        await sandbox.bot.send_chat_action(AIGERIM, "typing")
        event = await _next(response.content)
        assert (event["type"], event["action"]) == ("action", "typing")
        press = asyncio.create_task(sandbox.act(AIGERIM, "press", message_id=sent.message_id, data="yes"))
        [update] = await sandbox.bot.get_updates(timeout=30)
        assert update.callback_query is not None
        await sandbox.bot.answer_callback_query(update.callback_query.id, "ok")
        await press
        assert await _next(response.content) == {
            "type": "answer", "chat": AIGERIM, "person": AIGERIM, "text": "ok", "show_alert": False, "url": None,
        }  # fmt: skip
        await sandbox.bot.delete_message(AIGERIM, sent.message_id)
        assert await _next(response.content) == {"type": "deleted", "chat": AIGERIM, "message_ids": [sent.message_id]}
        await sandbox.post("/clock", {"advance": 60})
        assert (await _next(response.content))["type"] == "clock"
        await sandbox.bot.set_my_commands([])
        assert await _next(response.content) == {"type": "commands"}


async def test_events_for_all_leave_the_side_open_in_groups(sandbox: Sandbox) -> None:
    async with sandbox.http.get("/sandbox/api/events") as response:
        await response.content.readline()
        await sandbox.act(DANIYAR, "send", text="x")
        assert (await _next(response.content))["message"]["outgoing"] is True
        await sandbox.act(DANIYAR, "send", chat=GROUP, text="x")
        assert (await _next(response.content))["message"]["outgoing"] is None
