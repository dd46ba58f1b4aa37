"""Four who try what is not theirs, through the bot itself: refused, the records as they were, the audit tells of it.

How each of these doors is closed in detail, with its words: `test_motions.py`, `test_cases.py`, `test_protocols.py`,
`test_sheets.py`.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.words.courses import reference
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile
from policy.requests import RequestState
from storage.database import Database
from storage.records import Change
from storage.records import Person as Recorded
from tests.bot.applicants import speaks
from tests.bot.conftest import AIGERIM, DMITRY, REGISTRAR, HandClock
from tests.bot.staff import ADMIN, SECRETARY, at_work, employ, request_of
from tests.bot.studies import WINTER, load, local, slot
from tests.bot.world import (
    AUDIT,
    LAW_REGISTRAR,
    LAW_SECRETARY,
    MARKS,
    SECRETS,
    TEACHER,
    USERS,
    World,
    build,
    differing,
    dump,
    settle,
    tried,
)
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
FRIEND = "T0400"
HUGE = (2**63, 2**64, -(2**63), -1, 0, "")
EVERY_LANGUAGE = pytest.mark.parametrize("language", Language)
OF_A_CASE = (
    "case:{}:0", "ctake:{}:0", "ask:{}:{}", "back:{}:{}", "verd:{}:{}:upheld:0", "verd:{}:{}:upheld:1", "sign:{}:{}",
    "seat:{}:{}", "off:{}:{}", "rel:{}:{}", "enter:{}", "capp:{}", "subst:{}", "substy:{}:{}:T0010",
)  # fmt: skip
OF_A_MOTION = ("fixo:{}", "fixy:{}", "fixa:{}", "fixn:{}", "fixt:{}")
THEMSELF = (
    "person_id,surname,given_name,patronymic,role,scope,phone,language,until\n"
    f"{REGISTRAR},Иванова,Ольга,Петровна,admin,,,ru,\n{REGISTRAR},Иванова,Ольга,Петровна,appeals.chair,,,ru,\n"
).encode()


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 7)


@pytest.fixture
async def world(telegram: Telegram, database: Database, profile: Profile, clock: HandClock, olga: Person) -> World:
    return await build(telegram, database, profile, clock, olga)


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], object]:
    """Give everything the records hold, but for what waits to be loaded and the audit."""
    return lambda: dump(tmp_path / "kenes.db", but={*AUDIT, "uploads"})


async def presses(person: Person, *those: str) -> None:
    """Press buttons that nobody offered, each under the menu."""
    for data in those:
        await person.sends("/menu")
        await person.presses(data)
        await settle(person.telegram)


async def things(database: Database, person_id: str) -> set[tuple[object, ...]]:
    """Return what somebody tried, and why it was refused."""
    return {(object_, *key, why) for object_, key, why in await tried(database, person_id)}


def reads_nothing_of(person: Person, *students: str) -> None:
    """Nothing of these students stands in somebody's chat."""
    said = "\n".join(shown.text for shown in person.room.messages if shown.by_bot)
    assert [word for student in students for word in SECRETS[student] if word in said] == []
    assert [shown.document for shown in person.room.messages if shown.by_bot and shown.document] == []


def on(numbers: Iterable[object], *forms: str, version: int = 1) -> list[str]:
    return [form.format(number, version) for number in numbers for form in forms]


@EVERY_LANGUAGE
async def test_a_malicious_registrar(  # noqa: PLR0917
    world: World,
    olga: Person,
    telegram: Telegram,
    database: Database,
    clock: HandClock,
    linked: Linked,
    records: Callable[[], dict[str, object]],
    language: Language,
) -> None:
    await employ(database, (Recorded(FRIEND, Name("Досов", "Дос"), Language.RU), RoleGrant(FRIEND, Role.REGISTRAR)))
    friend = await linked(FRIEND, 400)
    await speaks(database, language, 7)
    async with database.write() as storage:  # as it is written when somebody's invitation is made
        line = Change("invitation", (FRIEND,), None, {}, "invite", clock.now(), FRIEND, actor=REGISTRAR)
        await storage.changes.record([line])
        await storage.commit()
    before = records()

    await presses(olga, f"undo:{world.done}")
    await olga.sends("Оценки другой группы")
    await settle(telegram)
    await presses(olga, f"undo1:{world.done}", *on(world.motions, "fixy:{}", "fixa:{}"))
    await presses(friend, *on(world.motions, "fixy:{}"))
    await olga.uploads("staff.csv", THEMSELF)
    await settle(telegram)
    keyboards = [each.keyboard for each in olga.room.messages if each.keyboard]
    offered = [each.callback_data or "" for one in keyboards for row in one.inline_keyboard for each in row]
    seen = next(each for each in reversed(offered) if each.startswith("load2:"))
    number, told = seen.split(":")[1:]
    await presses(olga, f"load:{number}:{told}", f"loadk:{number}:{told}:0:0")
    await presses(olga, *on((world.appeal, world.decided), *OF_A_CASE), f"protp:{world.protocol}", "cfile:1")
    await presses(olga, *on(HUGE, *OF_A_CASE, *OF_A_MOTION, "undo1:{}", "import:{}", "load:{}:x"))

    assert differing(before, records()) == set()
    found = await things(database, REGISTRAR)
    assert {("import", str(world.done), "two_needed"), ("protocol", str(world.protocol), "no_role")} <= found
    assert {("motion", str(each), "same_person") for each in world.motions} <= found
    assert {("request", str(each), "no_role") for each in (world.appeal, world.decided)} <= found
    assert [each for each in found if each[0] == "file"]
    friends = await things(database, FRIEND)
    assert {("motion", str(world.motions[0]), "made_able"), ("motion", str(world.motions[1]), "made_able")} <= friends

    sergey = await at_work(linked, ADMIN)
    await presses(sergey, f"fixy:{world.motions[1]}")
    withdrawn = records()
    assert differing(before, withdrawn) >= {"attempts", "imports"}
    await olga.uploads("marks.csv", MARKS.replace(b"82.7,63.9", b"82.7,44"))
    await settle(telegram)
    assert "63.9" in "".join(shown.text for shown in olga.room.messages[-2:])
    await presses(olga, *on((3, 4, 5), "load:{}:" + world.seen, "loadk:{}:" + world.seen + ":0:0"))
    assert differing(withdrawn, records()) == set()


@EVERY_LANGUAGE
async def test_a_malicious_registrar_of_another_institute(  # noqa: PLR0917
    world: World,
    telegram: Telegram,
    database: Database,
    linked: Linked,
    records: Callable[[], dict[str, object]],
    language: Language,
) -> None:
    asan = await linked(LAW_REGISTRAR, USERS[LAW_REGISTRAR])
    await speaks(database, language, USERS[LAW_REGISTRAR])
    before = records()
    cases = (world.appeal, world.decided, world.own)
    await presses(asan, *on(cases, *OF_A_CASE), *on(world.motions, *OF_A_MOTION))
    await presses(
        asan,
        *on([world.done], "import:{}", "undo:{}", "undo1:{}", "undot:{}", "undo2:{}"),
        *on([world.upload], "file:{}", "drop:{}", "diff:{}", "load:{}:" + world.seen, "load2:{}:" + world.seen),
        f"protp:{world.protocol}",
        "cfile:1",
        f"person:{AIGERIM}",
        f"invite:{AIGERIM}:0",
        f"free:{AIGERIM}:1",
        "regx:appeals:2026-01-01:2026-01-31",
        *(
            f"{each}:{WINTER}:{reference(WINTER, 'IS-24-1')}:{reference(WINTER, 'PHY1')}"
            for each in ("sheet", "sheetun")
        ),
    )
    reads_nothing_of(asan, AIGERIM, DMITRY)
    await asan.uploads("marks.csv", MARKS)
    await settle(telegram)
    await presses(asan, *on((4, 5), "load:{}:" + world.seen))
    assert differing(before, records()) == set()
    found = await things(database, LAW_REGISTRAR)
    assert {("request", str(each), "no_role") for each in cases} <= found
    assert {
        ("import", str(world.done), "other_institute"),
        ("upload", str(world.upload), "not_theirs"),
        ("protocol", str(world.protocol), "no_role"),
        ("register", "appeals", "no_role"),
        ("link", AIGERIM, "other_institute"),
        ("motion", str(world.motions[0]), "other_institute"),
        ("motion", str(world.motions[1]), "other_institute"),
        ("motion", str(world.motions[3]), "other_institute"),
    } <= found


@EVERY_LANGUAGE
async def test_a_malicious_secretary(
    world: World,
    database: Database,
    linked: Linked,
    records: Callable[[], dict[str, object]],
    language: Language,
) -> None:
    of_law = await linked(LAW_SECRETARY, USERS[LAW_SECRETARY])
    await speaks(database, language, USERS[LAW_SECRETARY])
    before = records()
    await presses(of_law, *on((world.appeal, world.decided), *OF_A_CASE), *on(world.motions, *OF_A_MOTION))
    await presses(of_law, f"protp:{world.protocol}", "cfile:1", "prot:2026-01-15", "regx:appeals:2026-01-01:2026-01-31")
    await of_law.sends(f"/protocol {world.decided}")
    await of_law.sends("/protocol")
    await of_law.sends(f"{world.decided}")
    assert differing(before, records()) == set()
    reads_nothing_of(of_law, AIGERIM, DMITRY)
    found = await things(database, LAW_SECRETARY)
    assert {("request", str(each), "other_institute") for each in (world.appeal, world.decided)} <= found
    assert ("protocol", str(world.protocol), "no_role") in found

    await load(database, slots=[replace(slot("MAT1", local(1, 14, 9)), lecturer_id=SECRETARY)])
    gulnur = await at_work(linked, SECRETARY)
    await speaks(database, language, 12)
    before = records()
    await presses(gulnur, *on([world.appeal], *OF_A_CASE), "cfile:1")
    assert ("request", str(world.appeal), "lecturer") in await things(database, SECRETARY)
    reads_nothing_of(gulnur, DMITRY)
    assert differing(before, records()) == set()

    refused = await request_of(database, world.decided)
    await presses(gulnur, f"verd:{world.decided}:{refused.version}:upheld:1")
    for said in ("5", "Сараптама қайта жүргізілді"):
        await gulnur.sends(said)
    await gulnur.presses(f"sign:{world.decided}:{refused.version}")
    await presses(gulnur, *on([world.decided], "sign:{}:{}", version=refused.version + 1))
    after = await request_of(database, world.decided)
    assert after.state is RequestState.REFUSED
    assert differing(before, records()) <= {"requests", "changes"}, "no more than a proposal"


@EVERY_LANGUAGE
async def test_a_malicious_lecturer(
    world: World,
    database: Database,
    linked: Linked,
    records: Callable[[], dict[str, object]],
    language: Language,
) -> None:
    nurlan = await linked(TEACHER, USERS[TEACHER])
    await speaks(database, language, USERS[TEACHER])
    before = records()
    cases = (world.appeal, world.decided, world.own)
    await presses(nurlan, *on(cases, *OF_A_CASE), f"protp:{world.protocol}", "cfile:1")
    await presses(nurlan, "prot:2026-01-15", "regx:appeals:2026-01-01:2026-01-31", *on(world.motions, *OF_A_MOTION))
    await presses(nurlan, *on([world.upload], "file:{}", "diff:{}", "fper:{}:2025-2026.1", "fsay:{}:period"))
    await nurlan.sends(f"/start case-{world.appeal}")
    assert differing(before, records()) == set()
    reads_nothing_of(nurlan, AIGERIM, DMITRY)
    found = await things(database, TEACHER)
    assert {("request", str(each), "lecturer") for each in cases} <= found
    assert ("protocol", str(world.protocol), "no_role") in found
    assert {("button", each, "not_of_the_office") for each in ("fixy", "file", "diff", "fper", "fsay")} <= found


@EVERY_LANGUAGE
async def test_a_malicious_student(
    world: World,
    database: Database,
    linked: Linked,
    records: Callable[[], dict[str, object]],
    language: Language,
) -> None:
    dmitry = await linked(DMITRY, 2)
    await speaks(database, language, 2)
    before = records()
    mine = ("myreq:{}:0", "myans:{}", "myans0:{}", "myfix:{}", "mygive:{}", "myoff:{}:{}", "myoff0:{}", "myadd:{}")
    texts = ("textadd:{}", "textans:{}")
    others = (world.appeal, world.decided)
    await presses(dmitry, *on(others, *mine, *texts), *on(HUGE, *mine, *texts, "case:{}:0", "course:{}", "need1:{}"))
    await presses(dmitry, *(f"{kind}:{reference(WINTER, 'HIS1')}:1" for kind in ("myfile:appeal", "text:appeal")))
    await presses(dmitry, f"course:{reference(WINTER, 'HIS1')}", f"marks:{AIGERIM}")
    await presses(dmitry, f"myfile:appeal:{reference(WINTER, 'MAT1')}:1")
    await dmitry.sends("Тағы бір рет беремін")
    await presses(dmitry, *on([world.appeal], *OF_A_CASE), f"protp:{world.protocol}", *on(world.motions, *OF_A_MOTION))
    await presses(dmitry, f"load:{world.upload}:{world.seen}", f"undo1:{world.done}", f"role1:x:{DMITRY}")
    assert differing(before, records()) == set()
    reads_nothing_of(dmitry, AIGERIM)
    found = await things(database, DMITRY)
    assert ("request", str(world.decided), "not_theirs") in found
    assert ("request", str(world.appeal), "not_theirs") in found
    assert {("button", each, "not_of_the_office") for each in ("fixy", "fixt", "load", "undo1", "role1")} <= found
