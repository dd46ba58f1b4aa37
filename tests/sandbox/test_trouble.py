"""What goes wrong on purpose: pacing as Telegram publishes it, faults before and after the effect."""

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from sandbox.cast import BotAccount, Group, Person, World
from sandbox.refusal import ApiRefusal
from sandbox.trouble import Pacing, Trouble
from tests.sandbox.conftest import AIGERIM, GROUP, Opener, Sandbox


class Seconds:
    """A clock that stands until moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(pacing: Pacing, chat: int, count: int = 1) -> int:
    """Return 0, or the seconds to wait."""
    try:
        pacing.admit(chat, count)
    except ApiRefusal as refusal:
        return int((refusal.parameters or {})["retry_after"])
    return 0


def test_one_chat_takes_a_message_a_second_after_a_short_burst() -> None:
    seconds = Seconds()
    pacing = Pacing(seconds)
    assert [admitted(pacing, 1) for _ in range(4)] == [0, 0, 0, 1]
    seconds.now = 0.9
    assert admitted(pacing, 1) == 1
    seconds.now = 1.0
    assert [admitted(pacing, 1) for _ in range(2)] == [0, 1]


def test_all_chats_together_take_thirty_a_second() -> None:
    seconds = Seconds()
    pacing = Pacing(seconds)
    assert sum(admitted(pacing, chat) == 0 for chat in range(1, 41)) == 30
    seconds.now = 1.0
    assert sum(admitted(pacing, chat) == 0 for chat in range(101, 141)) == 30


def test_a_group_takes_twenty_a_minute() -> None:
    seconds = Seconds()
    pacing = Pacing(seconds)
    for second in range(20):
        seconds.now = second
        assert admitted(pacing, -1) == 0
    seconds.now = 20
    assert admitted(pacing, -1) == 40
    assert admitted(pacing, 1) == 0
    seconds.now = 60
    assert [admitted(pacing, -1) for _ in range(2)] == [0, 1]


def test_an_album_counts_as_its_messages() -> None:
    pacing = Pacing(Seconds())
    assert [admitted(pacing, chat, 10) for chat in (1, 2, 3)] == [0, 0, 0]
    assert admitted(pacing, 4) == 1


async def test_strict_pacing_answers_with_retry_after(open_sandbox: Opener) -> None:
    seconds = Seconds()
    async with open_sandbox(monotonic=seconds) as sandbox:
        for _ in range(10):
            await sandbox.bot.send_message(AIGERIM, "x")
        await sandbox.post("/trouble", {"pacing": True})
        for _ in range(3):
            await sandbox.bot.send_message(AIGERIM, "x")
        with pytest.raises(TelegramRetryAfter) as caught:
            await sandbox.bot.send_message(AIGERIM, "x")
        assert caught.value.retry_after == 1
        await sandbox.bot.send_message(GROUP, "x")
        seconds.now = 1
        await sandbox.bot.send_message(AIGERIM, "x")
        assert (await sandbox.get("/stats"))["errors"] == {"429": 1}


@pytest.mark.parametrize(("fault", "arrived"), [("5xx", 0), ("429", 0), ("drop_before", 0), ("drop_after", 1)])
async def test_a_fault_strikes_before_or_after_the_effect(sandbox: Sandbox, fault: str, arrived: int) -> None:
    errors = {"5xx": TelegramServerError, "429": TelegramRetryAfter}
    await sandbox.post("/trouble", {"fail_percent": {fault: 100}, "methods": ["sendMessage"]})
    with pytest.raises(errors.get(fault, TelegramNetworkError)):
        await sandbox.bot.send_message(AIGERIM, "x")
    assert len(await sandbox.messages(AIGERIM)) == arrived
    await sandbox.bot.get_me()
    await sandbox.post("/trouble", {"fail_percent": {fault: 0}})
    await sandbox.bot.send_message(AIGERIM, "x")


async def test_a_dropped_answer_to_a_poll_loses_no_update(sandbox: Sandbox) -> None:
    await sandbox.act(AIGERIM, "send", text="x")
    await sandbox.post("/trouble", {"fail_percent": {"drop_after": 100}})
    with pytest.raises(TelegramNetworkError):
        await sandbox.bot.get_updates()
    await sandbox.post("/trouble", {"fail_percent": {"drop_after": 0}})
    assert len(await sandbox.bot.get_updates()) == 1


def test_faults_come_as_often_as_asked_and_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[str | None]:
        trouble = Trouble()
        trouble.change({"fail_percent": {"5xx": 5, "drop_before": 2}, "seed": seed})
        return [trouble.draw("sendMessage") for _ in range(10_000)]

    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
    assert 400 < first.count("5xx") < 600
    assert 140 < first.count("drop_before") < 260
    assert first.count("drop_after") == first.count("429") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"fail_percent": {"5xx": 101}},
        {"fail_percent": {"5xx": 60, "429": 60}},
        {"fail_percent": {"rain": 1}},
        {"fail_percent": []},
        {"pacing": "yes"},
        {"methods": "sendMessage"},
        {"weather": 1},
    ],
)
async def test_trouble_that_makes_no_sense_changes_nothing(sandbox: Sandbox, wrong: object) -> None:
    before = await sandbox.get("/trouble")
    assert (await sandbox.post("/trouble", wrong))["ok"] is False
    assert await sandbox.get("/trouble") == before


async def test_a_chat_keeps_as_many_messages_as_the_world_says(open_sandbox: Opener) -> None:
    world = World(BotAccount(), (Person(1, "A", started=True),), (Group(-2, "G", (1,)),), history_limit=5)
    async with open_sandbox(world) as sandbox:
        first = await sandbox.bot.send_message(1, "first")
        await sandbox.bot.pin_chat_message(1, first.message_id)
        for number in range(8):
            await sandbox.bot.send_message(1, str(number))
        page = await sandbox.get("/messages", **{"as": 1, "chat": 1})
        assert [one["text"] for one in page["messages"]] == ["3", "4", "5", "6", "7"]
        assert page["pinned"] is None
