"""Papers in chat: the protocol of a day or of chosen cases, kept and printed again; the register; the application."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from bot.papers import PROTOCOL, LayOut
from policy.profile import Profile
from policy.requests import RequestState
from services.requests.reviewing import Acting, Verdict, propose, sign
from storage.database import Database
from storage.records import READ
from storage.unit import Storage
from tests.bot.conftest import AIGERIM, HandClock
from tests.bot.staff import CHAIR, DEPUTY, DESK, MEMBER, SECRETARY, at_work, employ, file
from tests.bot.studies import course, load, local, slot
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]


@pytest.fixture(autouse=True)
async def records(database: Database, clock: HandClock) -> None:
    clock.move(timedelta(hours=1))
    await employ(database)
    await load(
        database,
        course(exam="60", posted=local(1, 15, 9)),
        course("PHY1", "70", posted=local(1, 15, 9), names=("Физика", "Физика")),
    )


async def decided(
    database: Database,
    profile: Profile,
    telegram: Telegram,
    clock: HandClock,
    code: str = "MAT1",
    *,
    points: int | None,
) -> int:
    """File an appeal, have it prepared by the secretary and signed by the deputy; nobody is linked yet."""
    number = (await file(database, profile, code=code)).id
    outcome = RequestState.UPHELD if points else RequestState.REFUSED
    async with database.write() as storage:
        await propose(storage, number, Verdict(outcome, "Себебі бар", points), Acting(SECRETARY, clock.now(), profile))
    async with database.write() as storage:
        await sign(storage, number, Acting(DEPUTY, clock.now(), profile))
    await telegram.sender.send_due()
    return number


async def test_the_protocol_of_a_day_is_made_with_those_present_and_printed_again_as_it_was(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    await load(database, slots=[slot("PHY1", local(1, 14, 9))])
    await decided(database, profile, telegram, clock, points=5)
    await decided(database, profile, telegram, clock, "PHY1", points=None)
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/protocol")
    await secretary.taps("15 қаңтар: шешім 2")
    assert "№ 1, № 2" in secretary.sees
    assert "☑️ Сейітов М. Ә., төраға" in secretary.buttons
    await secretary.taps("Сейітов")
    assert "⬜️ Сейітов М. Ә., төраға" in secretary.buttons
    await secretary.taps("✅ Хаттама жасау")
    printed = secretary.last.document
    assert printed
    assert printed[0] == "protocol-1.pdf"
    assert printed[1].startswith(b"%PDF")
    async with database.read() as storage:
        kept = await storage.queues.protocol(1)
    assert kept
    names = [each["name"] for each in kept.content["present"]]
    assert "Сейітов Марат Әліұлы" not in names
    assert "Петрова Анна Ильинична" in names
    assert [case["number"] for case in kept.content["cases"]] == ["1", "2"]

    member = await at_work(linked, MEMBER)
    await member.sends("/protocol")
    await member.taps("Протокол № 1")
    assert member.last.document == printed
    async with database.read() as storage:
        seen = [each for each in await storage.changes.about(AIGERIM) if each.cause == "protocol"]
    assert [(each.actor, each.act) for each in seen] == [(SECRETARY, READ), (MEMBER, READ)]


@pytest.fixture
async def upheld(database: Database, profile: Profile, telegram: Telegram, clock: HandClock) -> int:
    return await decided(database, profile, telegram, clock, points=5)


@pytest.mark.usefixtures("upheld")
async def test_others_may_write_while_a_paper_is_laid_out(
    database: Database, telegram: Telegram, linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary = await at_work(linked, SECRETARY)
    laid_out = []
    wording: Any = telegram.sender._wording

    async def slow(_storage: Storage, of: Mapping[str, Any], now: datetime, _: Profile) -> LayOut:
        async def lay_out() -> bytes:
            async with asyncio.timeout(10), database.write() as storage:
                await storage.pulse.take_turn(f"written meanwhile {of}", at=now, every=timedelta(days=1))
                await storage.commit()
            laid_out.append(of)
            return b"%PDF"

        return lay_out

    monkeypatch.setitem(wording._papers, PROTOCOL, slow)
    await secretary.sends("/protocol")
    await secretary.taps("15 қаңтар: шешім 1")
    await secretary.taps("✅ Хаттама жасау")
    assert secretary.last.document == ("protocol-1.pdf", b"%PDF")
    assert laid_out == [{"number": 1, "by": SECRETARY}]


async def test_a_decision_stands_in_one_protocol_unless_it_is_chosen_for_another(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    await decided(database, profile, telegram, clock, points=5)
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/protocol")
    await secretary.taps("15 қаңтар: шешім 1")
    await secretary.taps("✅ Хаттама жасау")
    await decided(database, profile, telegram, clock, "PHY1", points=None)
    await secretary.sends("/protocol")
    await secretary.taps("15 қаңтар: шешім 1")
    assert "№ 2" in secretary.sees
    assert "№ 1" not in secretary.sees
    await secretary.sends("/protocol")
    await secretary.sends("1")
    assert "№ 1" in secretary.sees


async def test_a_conflict_of_interest_is_noted_and_chosen_cases_make_a_protocol(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    line = slot("MAT1", local(1, 14, 9))
    mine = type(line)(**{**{name: getattr(line, name) for name in line.__slots__}, "lecturer_id": CHAIR})
    await load(database, slots=[mine])
    await decided(database, profile, telegram, clock, points=5)
    deputy = await at_work(linked, DEPUTY)
    await deputy.sends("/protocol")
    await deputy.sends("1, 77")
    await deputy.taps("✅ Составить протокол")
    async with database.read() as storage:
        kept = await storage.queues.protocol(1)
    assert kept
    aside = {each["name"]: each["withdrew_from"] for each in kept.content["present"]}
    assert aside["Сейітов Марат Әліұлы"] == ["1"]
    assert aside["Петрова Анна Ильинична"] == []


async def test_without_decisions_or_anybody_present_there_is_no_protocol(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/protocol")
    assert "Соңғы күндері қол қойылған шешім жоқ" in secretary.sees
    await secretary.sends("14.01")
    assert "комиссия қол қойған шешім жоқ" in secretary.sees
    await secretary.sends("ертең")
    assert "Күнді (15.01)" in secretary.sees
    await decided(database, profile, telegram, clock, points=5)
    await secretary.sends("15.01")
    for label in [each for each in secretary.buttons if each.startswith("☑️")]:
        await secretary.taps(label)
    await secretary.taps("✅ Хаттама жасау")
    assert secretary.toast == "Алдымен кім қатысқанын белгілеңіз."


async def test_the_register_of_a_period_is_a_table_of_ones_own_queue(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    await decided(database, profile, telegram, clock, points=5)
    secretary, desk = await at_work(linked, SECRETARY), await at_work(linked, DESK)
    await secretary.sends("/protocol")
    await secretary.sends("01.01-31.01.2026")
    await secretary.taps("Тізілім 01.01.2026–31.01.2026: Апелляциялық комиссия")
    written = secretary.last.document
    assert written
    name, content = written
    assert name == "register-appeals-2026-01-01-2026-01-31.xlsx"
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert AIGERIM in sheet[1]
    await desk.sends("/protocol")
    assert "Хаттама" not in str(desk.buttons)
    await desk.presses("regx:appeals:2026-01-01:2026-01-31")
    assert "рөліңіз жоқ" in desk.sees
    await desk.presses("regx:service_desk:2026-01-01:2026-01-31")
    assert desk.toast == "Бұл уақытта өтініш берілмеген."


async def test_the_application_of_a_case_is_printed_for_those_who_read_it(
    database: Database, profile: Profile, telegram: Telegram, linked: Linked, clock: HandClock
) -> None:
    await decided(database, profile, telegram, clock, points=5)
    member, desk = await at_work(linked, MEMBER), await at_work(linked, DESK)
    await member.sends("/start case-1")
    await member.taps("Заявление (PDF)")
    document = member.last.document
    assert document
    assert document[0] == "application-1.pdf"
    assert document[1].startswith(b"%PDF")
    await desk.sends("/queue")
    await desk.presses("capp:1")
    assert "рөліңізге жатпайды" in desk.sees
