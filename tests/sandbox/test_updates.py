"""How updates reach a bot that polls: order, confirmation, time-outs, one poller, a day's keeping, privacy mode."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiogram.exceptions import TelegramConflictError

from sandbox.cast import BotAccount, World
from tests.sandbox.conftest import AIGERIM, DANIYAR, GROUP, GROUPS, PEOPLE, Opener, Sandbox
from tests.sandbox.test_sending import button


async def test_an_update_comes_again_until_an_offset_confirms_it(sandbox: Sandbox) -> None:
    for text in "abc":
        await sandbox.act(AIGERIM, "send", text=text)
    first = await sandbox.bot.get_updates()
    assert [update.message.text for update in first if update.message] == ["a", "b", "c"]
    assert await sandbox.bot.get_updates() == first
    ids = [update.update_id for update in first]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert await sandbox.bot.get_updates(offset=ids[1], limit=1) == first[1:2]
    assert await sandbox.bot.get_updates() == first[1:]
    assert await sandbox.bot.get_updates(offset=ids[2] + 1) == []
    assert await sandbox.bot.get_updates() == []


async def test_a_negative_offset_forgets_all_but_the_last(sandbox: Sandbox) -> None:
    for text in "abc":
        await sandbox.act(AIGERIM, "send", text=text)
    for _ in range(2):
        [last] = await sandbox.bot.get_updates(offset=-1)
        assert last.message is not None
        assert last.message.text == "c"


async def test_an_offset_from_before_the_numbers_began_anew_confirms_nothing(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", text="a")
    [update] = await sandbox.bot.get_updates()
    assert await sandbox.bot.get_updates(offset=update.update_id + 1_000_000) == [update]


async def test_numbers_begin_anew_after_a_quiet_week(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", text="a")
    [before] = await sandbox.updates()
    await sandbox.post("/clock", {"advance": 7 * 24 * 3600})
    await sandbox.act(AIGERIM, "send", text="b")
    [after] = await sandbox.updates()
    assert abs(after.update_id - before.update_id) > 1


async def test_at_most_a_hundred_come_at_once(sandbox: Sandbox) -> None:
    acts = [{"as": AIGERIM, "chat": AIGERIM, "do": "send", "text": str(number)} for number in range(150)]
    assert all(result["ok"] for result in (await sandbox.post("/acts", acts))["results"])
    assert len(await sandbox.bot.get_updates(limit=1000)) == 100
    assert (await sandbox.get("/stats"))["updates"]["pending"] == 150


async def test_a_waiting_poll_ends_when_something_happens(sandbox: Sandbox) -> None:
    poll = asyncio.create_task(sandbox.bot.get_updates(timeout=30))
    await asyncio.sleep(0)
    await sandbox.act(AIGERIM, "send", text="a")
    [update] = await poll
    assert update.message is not None


async def test_the_newer_of_two_pollers_wins(sandbox: Sandbox) -> None:
    older = asyncio.create_task(sandbox.bot.get_updates(timeout=30))
    while not (await sandbox.get("/stats"))["calls"].get("getUpdates"):
        pass
    newer = asyncio.create_task(sandbox.bot.get_updates(timeout=30))
    with pytest.raises(TelegramConflictError, match="Conflict: terminated by other getUpdates request"):
        await older
    await sandbox.act(AIGERIM, "send", text="a")
    assert len(await newer) == 1


async def test_updates_are_kept_a_day_by_the_sandboxs_clock(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", text="old")
    await sandbox.post("/clock", {"advance": 23 * 3600})
    await sandbox.act(AIGERIM, "send", text="new")
    await sandbox.post("/clock", {"advance": 3601})
    [kept] = await sandbox.bot.get_updates()
    assert kept.message is not None
    assert kept.message.text == "new"


async def test_a_message_keeps_the_instant_it_was_sent(open_sandbox: Opener) -> None:
    start = datetime(2026, 1, 16, 7, 50, tzinfo=UTC)
    async with open_sandbox(World(BotAccount(), PEOPLE, GROUPS, start=start)) as sandbox:
        await sandbox.post("/clock", {"to": "2026-01-16T12:59:30+05:00"})
        await sandbox.act(AIGERIM, "send", text="апелляция")
        await sandbox.post("/clock", {"to": "2026-01-16T13:20:00+05:00"})
        [update] = await sandbox.updates()
        assert update.message is not None
        assert 0 <= (update.message.date - datetime(2026, 1, 16, 7, 59, 30, tzinfo=UTC)).total_seconds() <= 20


async def test_held_updates_come_when_released(sandbox: Sandbox) -> None:
    await sandbox.post("/trouble", {"hold_updates": True})
    await sandbox.act(AIGERIM, "send", text="a")
    assert await sandbox.bot.get_updates() == []
    poll = asyncio.create_task(sandbox.bot.get_updates(timeout=30))
    await sandbox.post("/trouble", {"hold_updates": False})
    assert len(await poll) == 1


async def test_only_allowed_kinds_come_and_the_list_is_remembered(sandbox: Sandbox) -> None:
    await sandbox.bot.get_updates(allowed_updates=["message"])
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=button())
    acts = [{"as": AIGERIM, "chat": AIGERIM, "do": "press", "message_id": sent.message_id, "data": "yes"}]
    await sandbox.post("/acts", acts)
    assert await sandbox.bot.get_updates() == []
    await sandbox.bot.get_updates(allowed_updates=[])
    await sandbox.post("/acts", acts)
    [update] = await sandbox.updates()
    assert update.callback_query is not None


async def test_a_change_of_members_comes_only_when_asked_for(sandbox: Sandbox) -> None:
    await sandbox.post("/groups", {"id": GROUP, "bot": "administrator"})
    await sandbox.post("/groups", {"id": GROUP, "admins": [AIGERIM, DANIYAR]})
    assert [update.event_type for update in await sandbox.updates()] == ["my_chat_member"]
    await sandbox.bot.get_updates(allowed_updates=["chat_member"])
    await sandbox.post("/groups", {"id": GROUP, "admins": [AIGERIM]})
    [update] = await sandbox.updates()
    assert update.chat_member is not None
    assert update.chat_member.old_chat_member.status == "administrator"
    assert update.chat_member.new_chat_member.status == "member"


async def test_a_pressed_button_carries_the_bots_own_message_with_its_date(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=button())
    await sandbox.post("/clock", {"advance": 600})
    press = asyncio.create_task(sandbox.act(AIGERIM, "press", message_id=sent.message_id, data="yes"))
    [update] = await sandbox.bot.get_updates(timeout=30)
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.data, query.from_user.id, query.message.message_id) == ("yes", AIGERIM, sent.message_id)
    assert query.message.date == sent.date
    await sandbox.bot.answer_callback_query(query.id, "Жарайды", show_alert=True)
    assert (await press)["answer"] == {"text": "Жарайды", "show_alert": True, "url": None}


async def test_a_press_is_answered_once_soon_and_briefly(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=button())
    act = {"as": AIGERIM, "chat": AIGERIM, "do": "press", "message_id": sent.message_id, "data": "yes"}
    await sandbox.post("/acts", [act, act])
    first, second = [update.callback_query for update in await sandbox.updates()]
    assert first is not None
    assert second is not None
    long = await sandbox.call("answerCallbackQuery", callback_query_id=first.id, text="x" * 201)
    assert long[1]["description"] == "Bad Request: MESSAGE_TOO_LONG"
    await sandbox.bot.answer_callback_query(first.id)
    await sandbox.post("/clock", {"advance": 61})
    for query in (first, second):
        status, answer = await sandbox.call("answerCallbackQuery", callback_query_id=query.id)
        complaint = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        assert (status, answer["description"]) == (400, complaint)


async def test_a_button_that_is_not_there_can_only_be_forged(sandbox: Sandbox) -> None:
    sent = await sandbox.bot.send_message(AIGERIM, "?", reply_markup=button())
    act = {"as": AIGERIM, "chat": AIGERIM, "do": "press", "message_id": sent.message_id, "data": "other"}
    assert (await sandbox.post("/act", act))["ok"] is False
    await sandbox.bot.delete_message(AIGERIM, sent.message_id)
    await sandbox.post("/acts", [{**act, "forged": True}])
    [update] = await sandbox.updates()
    assert update.callback_query is not None
    assert update.callback_query.data == "other"
    assert update.callback_query.message is not None
    assert update.callback_query.message.date == 0


async def test_stopping_the_bot_and_coming_back(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "block")
    [gone] = await sandbox.updates()
    assert gone.my_chat_member is not None
    assert gone.my_chat_member.new_chat_member.status == "kicked"
    refused = await sandbox.post("/act", {"as": AIGERIM, "chat": AIGERIM, "do": "send", "text": "x"})
    assert refused["ok"] is False
    await sandbox.act(AIGERIM, "start", payload="code-1")
    back, start = await sandbox.updates()
    assert back.my_chat_member is not None
    assert back.my_chat_member.new_chat_member.status == "member"
    assert start.message is not None
    assert start.message.text == "/start code-1"


async def test_an_edited_message_comes_with_its_first_date(sandbox: Sandbox) -> None:
    sent = (await sandbox.act(AIGERIM, "send", text="a"))["message"]
    await sandbox.post("/clock", {"advance": 60})
    await sandbox.act(AIGERIM, "edit", message_id=sent["message_id"], text="b")
    _, update = await sandbox.updates()
    edited = update.edited_message
    assert edited is not None
    assert (edited.text, int(edited.date.timestamp())) == ("b", sent["date"])
    assert edited.edit_date is not None
    assert edited.edit_date >= sent["date"] + 60


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("just talking", False),
        ("/queue", True),
        ("/queue@kenes_demo_bot", True),
        ("/queue@other_bot", False),
        ("ask @kenes_demo_bot", False),
    ],
)
async def test_privacy_mode_hides_what_is_not_meant_for_the_bot(sandbox: Sandbox, text: str, heard: bool) -> None:
    await sandbox.act(DANIYAR, "send", chat=GROUP, text=text)
    assert bool(await sandbox.updates()) is heard


async def test_in_a_group_the_bot_hears_replies_to_itself_and_as_administrator_all(sandbox: Sandbox) -> None:
    card = await sandbox.bot.send_message(GROUP, "card")
    theirs = (await sandbox.act(AIGERIM, "send", chat=GROUP, text="hm"))["message"]
    await sandbox.act(DANIYAR, "send", chat=GROUP, text="no", reply_to=theirs["message_id"])
    assert await sandbox.updates() == []
    await sandbox.act(DANIYAR, "send", chat=GROUP, text="yes", reply_to=card.message_id)
    [reply] = await sandbox.updates()
    assert reply.message is not None
    assert reply.message.reply_to_message is not None
    assert reply.message.reply_to_message.message_id == card.message_id
    await sandbox.post("/groups", {"id": GROUP, "bot": "administrator"})
    await sandbox.updates()
    await sandbox.act(DANIYAR, "send", chat=GROUP, text="anything")
    assert len(await sandbox.updates()) == 1


async def test_an_anonymous_administrator_is_nobody(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", chat=GROUP, text="/bind", anonymous=True)
    [update] = await sandbox.updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.sender_chat is not None
    assert (update.message.from_user.id, update.message.sender_chat.id) == (1087968824, GROUP)
    act = {"as": DANIYAR, "chat": GROUP, "do": "send", "text": "/bind", "anonymous": True}
    assert (await sandbox.post("/act", act))["ok"] is False
