"""Down from 12:50 to 13:20: what was sent meanwhile keeps its instant, and everybody who sent something is told."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bench.records import FIRST_USER, fill
from policy.profile import load_profile
from sandbox.cast import Person, World
from sandbox.state import Json
from storage.database import Database
from tests.whole.crowd import question_of
from tests.whole.scene import Scene, scene

ALMATY = ZoneInfo("Asia/Almaty")
BEGINS = datetime(2026, 6, 10, 12, 49, tzinfo=ALMATY)
DOWN, SENT, SENT_LATE, UP = (
    datetime(2026, 6, 10, hour, minute, tzinfo=ALMATY) for hour, minute in ((12, 50), (12, 59), (13, 5), (13, 20))
)
IN_TIME, LATE, NOT_CONCERNED = FIRST_USER, FIRST_USER + 1, FIRST_USER + 2
SECONDS_TO_BEAT = 15  # the beginning of an outage is known to ten seconds


@pytest.mark.parametrize("stop", ["killed", "stopped"])
async def test_what_was_sent_while_the_bot_was_down_keeps_its_instant_and_its_senders_are_told(
    stop: str, database_url: str, tmp_path: Path
) -> None:
    async with Database.open(database_url) as database:
        await fill(database, tmp_path, load_profile(None), students=3, courses=0)
    people = tuple(Person(id=FIRST_USER + number, first_name="Нұрлан", started=True) for number in range(3))
    async with scene(World(people=people, start=BEGINS), database_url, tmp_path) as stage:
        await stage.start()
        await _ask(stage, NOT_CONCERNED, "/need 50 51")
        stage.telegram.clock.move_to(DOWN - timedelta(seconds=SECONDS_TO_BEAT))
        await _ask(stage, NOT_CONCERNED, "/need 50 52")
        await stage.until_nothing_is_left()
        await (stage.kill() if stop == "killed" else stage.stop())
        for at, user, texts in (
            (SENT, IN_TIME, ["/need 60 61", "/need 60 62"]),
            (SENT_LATE, LATE, ["/need 70 71"]),
        ):
            stage.telegram.clock.move_to(at)
            for text in texts:
                _say(stage, user, text)
        stage.telegram.clock.move_to(UP)
        await stage.start()
        await stage.until(lambda: all(_notices(stage, user) for user in (IN_TIME, LATE)), "both are told")
        await _ask(stage, NOT_CONCERNED, "/need 50 53")
        await _ask(stage, IN_TIME, "/need 60 63")
        await stage.restart_says_nothing()
        answers = [
            [question for one in stage.by_bot(user) if (question := question_of(one))] for user in (IN_TIME, LATE)
        ]
        notices = [_notices(stage, user) for user in (IN_TIME, LATE)]
        assert not _notices(stage, NOT_CONCERNED)
    assert answers == [["/need 60 61", "/need 60 62", "/need 60 63"], ["/need 70 71"]]
    assert [len(each) for each in notices] == [1, 1], "each is told, once"
    for (notice,), sent in zip(notices, ("12:59", "13:05"), strict=True):
        assert "13:20" in notice["text"]
        assert sent in notice["text"]


def _say(stage: Scene, user: int, text: str) -> None:
    stage.people.act({"as": user, "chat": user, "do": "send", "text": text})


async def _ask(stage: Scene, user: int, text: str) -> None:
    _say(stage, user, text)
    assert await stage.seen(user, lambda message: question_of(message) == text), stage.log()


def _notices(stage: Scene, user: int) -> list[Json]:
    """Return what the bot said that answers no question."""
    return [message for message in stage.by_bot(user) if question_of(message) is None]
