"""What people heard and what was kept, counted beside what they did."""

from collections import Counter
from dataclasses import dataclass

from storage.database import Database
from storage.records import READ
from tests.whole.crowd import Done, Roll, question_of
from tests.whole.scene import Scene


@dataclass(frozen=True)
class Heard:
    """What people heard."""

    answered: int
    repeated: int
    missing: list[str]
    out_of_order: list[int]


def heard_by(stage: Scene, done: Done) -> Heard:
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


async def kept_in(database_url: str, roll: Roll, done: Done) -> Kept:
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
