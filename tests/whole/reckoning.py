"""What people heard and what was kept, counted beside what they did."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.table import Table
from bot.delivery.updates import AT_ONCE
from storage.database import Database
from storage.records import READ
from tests.whole.conftest import Show, engine
from tests.whole.crowd import PROFILE, Crowd, Done, Roll, populate, question_of, roll_of, world_of
from tests.whole.scene import Scene, instants, scene


@dataclass(frozen=True)
class Heard:
    """What people heard."""

    answered: int
    repeated: int
    missing: list[str]
    out_of_order: list[int]


def _heard(stage: Scene, done: Done) -> Heard:
    """Compare the chats with what was asked in them: each question has an answer of its own."""
    missing: list[str] = []
    out_of_order: list[int] = []
    repeated = 0
    for user, asked in done.asked.items():
        answers = [question for message in stage.by_bot(user) if (question := question_of(message))]
        first = list(dict.fromkeys(answers))
        missing += [f"{user}: {question}" for question in asked if question not in first]
        repeated += len(answers) - len(first)
        if [question for question in first if question in asked] != [each for each in asked if each in first]:
            out_of_order.append(user)
    return Heard(sum(map(len, done.asked.values())) - len(missing), repeated, missing, out_of_order)


@dataclass(frozen=True)
class Kept:
    """What is in the database, beside what should be, by kind of write."""

    there: dict[str, int]
    wanted: dict[str, int]


async def _kept(database_url: str, roll: Roll, done: Done) -> Kept:
    """Count every write; whatever can be counted twice is."""
    async with Database.open(database_url) as database, database.read() as storage:
        accounts = {user: await storage.accounts.acquaintance(user) for user in roll.everybody}
        failures = [await storage.accounts.code_failures(user) for user in done.wrong_codes]
        changes = [change async for change in storage.changes.found()]
        repeated = Counter(
            (each.update_id, each.object, each.key, each.act) for each in changes if each.update_id and each.act != READ
        )
        return Kept(
            there={
                "languages chosen": sum(
                    known is not None and known.account.language == done.languages.get(user)
                    for user, known in accounts.items()
                    if user in done.languages
                ),
                "links made": sum(bool((known := accounts[user]) and known.person) for user in done.linked),
                "wrong codes counted": sum(each.failures for each in failures if each),
                "corrections proposed": len(await storage.motions.open()),
                "files loaded": sum(each.actor is not None for each in await storage.imports.latest(limit=1000)),
                "changes recorded twice": sum(count - 1 for count in repeated.values()),
            },
            wanted={
                "languages chosen": len(done.languages),
                "links made": roll.invited,
                "wrong codes counted": done.wrong_codes.total(),
                "corrections proposed": roll.correcting,
                "files loaded": 3 * roll.loading,
                "changes recorded twice": 0,
            },
        )


@dataclass(frozen=True)
class Reckoning:
    """All of it, once everybody has done what they came for."""

    done: Done
    heard: Heard
    kept: Kept
    struck: int

    def table(self, title: str) -> Table:
        """Put what is there beside what should be."""
        table = Table(title, ("what", "there", "wanted"))
        for what, there in self.kept.there.items():
            table.add(what, f"{there}", f"{self.kept.wanted[what]}")
        table.add('"Load it" pressed again after what struck', f"{self.done.pressed_again}", "")
        table.add("files given up after two kills, sent again", f"{self.done.sent_again}", "")
        table.add("questions answered", f"{self.heard.answered}", f"{sum(map(len, self.done.asked.values()))}")
        table.add("answered twice", f"{self.heard.repeated}", f"at most {self.struck} x {AT_ONCE}")
        table.add("chats out of order", f"{len(self.heard.out_of_order)}", "0")
        return table

    def is_whole(self) -> None:
        """Fail where something is lost, was done twice or came out of order."""
        assert not self.heard.missing
        assert not self.heard.out_of_order
        assert self.heard.repeated <= self.struck * AT_ONCE
        assert self.kept.there == self.kept.wanted


@dataclass(frozen=True)
class Size:
    """How much of it: so many people, struck so many times, for so long where it lasts."""

    people: int
    times: int
    seconds: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)
    seed: int = 20_261_121


Striking = Callable[[Scene, list[int], Random], Coroutine[Any, Any, None]]
"""Strikes a scene when the bot has given so many answers, and as often as there are such numbers."""


async def lived_through(
    size: Size,
    database_url: str,
    folder: Path,
    show: Show,
    *,
    what: str,
    strike: Striking,
    way: str = "",
    settings: Mapping[str, str] | None = None,
) -> None:
    """Let everybody do what they came for while something strikes, and count what came of it.

    `what` says it, with `{n}` for how often.
    """
    roll = roll_of(size.people)
    codes = await populate(database_url, folder, roll)
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    chance = Random(size.seed)
    given = {"KENES_PROFILE": "profile.toml", **size.settings, **(settings or {})}
    async with scene(world_of(roll), database_url, folder, **given) as stage:
        crowd = Crowd(stage, roll, codes, size.seed)
        await stage.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(strike(stage, instants(chance, size.times, roll.deeds), chance))
            group.create_task(crowd.live())
        counted = await _reckoning(stage, crowd, database_url)
        where = f"{way}, {engine(database_url)}" if way else engine(database_url)
        title = f"{what.format(n=stage.struck)}: {roll.deeds} updates of {size.people} people, {where}"
        show(title, counted.table(title))
        assert not crowd.done.missing, stage.log()
        assert crowd.done.deeds == roll.deeds
        assert stage.struck == size.times
    counted.is_whole()


async def _reckoning(stage: Scene, crowd: Crowd, database_url: str) -> Reckoning:
    """Wait until nothing is left to do, see that a bot started then says nothing, and count."""
    if not crowd.done.missing:
        await stage.until_nothing_is_left()
        await stage.restart_says_nothing()
    kept = await _kept(database_url, crowd.roll, crowd.done)
    return Reckoning(crowd.done, _heard(stage, crowd.done), kept, stage.struck)
