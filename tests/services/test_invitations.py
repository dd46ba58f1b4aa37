"""Invitations: a code opens once, for one account, for a while; guessing leads to waiting."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from services.accounts import Linked, LinkRefusal, LinkWay, Offer, link
from services.invitations import (
    Card,
    CodeRefusal,
    invite,
    redeem,
    staff_to_invite,
    students_to_invite,
    without_account,
)
from storage.database import Database
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

PROFILE = load_profile(None)
AIDA, BERIK = student("02500000", phone=None), student("02500001", "Ахметов", phone=None)
USER, OTHER = 1001, 1002


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([AIDA, BERIK])
        await storage.people.save([REGISTRAR, DEAN])
        await storage.commit()


async def invited(database: Database, *person_ids: str, now: datetime = NOW) -> tuple[Card, ...]:
    async with database.write() as storage:
        cards = await invite(storage, person_ids=person_ids, actor=None, now=now, profile=PROFILE)
        await storage.commit()
    return cards


async def opened(
    database: Database, code: str, user: int = USER, now: datetime = NOW
) -> Offer | Refused[CodeRefusal] | Refused[LinkRefusal]:
    async with database.write() as storage:
        return await redeem(storage, code=code, user=user, now=now, profile=PROFILE)


async def linked(database: Database, user: int = USER) -> object:
    async with database.write() as storage:
        return await link(storage, user=user, consent_version="1", now=NOW, profile=PROFILE)


def reason(outcome: object) -> object:
    return outcome.reason if isinstance(outcome, Refused) else outcome


async def test_a_code_fits_a_start_payload_and_only_its_hash_is_kept(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,64}", card.code)
    async with database.read() as storage:
        (kept,) = await storage.invitations.of_person(AIDA.person_id)
    assert kept.code_sha256 == sha256(card.code.encode()).hexdigest()
    assert card.code not in repr(kept)


async def test_a_good_code_offers_its_person(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    assert await opened(database, card.code) == Offer(
        AIDA.person_id, AIDA.name, AIDA.language, LinkWay.CODE, moves_from=None, linked=False
    )


async def test_a_code_works_once(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    await opened(database, card.code)
    assert await linked(database) == Linked(AIDA.person_id, USER, None, new=True)
    assert reason(await opened(database, card.code, OTHER)) is CodeRefusal.USED


async def test_the_owner_who_opens_the_used_link_again_is_told_of_the_link(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    await opened(database, card.code)
    await linked(database)
    again = await opened(database, card.code)
    assert isinstance(again, Offer)
    assert again.linked


async def test_of_two_accounts_that_open_a_code_at_once_one_gets_it(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    outcomes = await asyncio.gather(opened(database, card.code, USER), opened(database, card.code, OTHER))
    assert sorted(type(outcome) is Offer for outcome in outcomes) == [False, True]
    assert CodeRefusal.USED in map(reason, outcomes)


async def test_a_code_works_to_the_end_of_its_last_day_at_the_university(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    over = datetime(2026, 2, 11, 19, 0, tzinfo=UTC)  # midnight in Almaty after 30 days
    assert card.last_day == datetime(2026, 2, 11, tzinfo=UTC).date()
    assert isinstance(await opened(database, card.code, now=over - timedelta(seconds=1)), Offer)
    assert await opened(database, card.code, now=over) == Refused(CodeRefusal.EXPIRED, (HOUSE,), over)


async def test_a_new_code_replaces_the_open_one_of_the_same_person_only(database: Database) -> None:
    aida, berik = await invited(database, AIDA.person_id, BERIK.person_id)
    (newer,) = await invited(database, AIDA.person_id)
    assert reason(await opened(database, aida.code)) is CodeRefusal.REPLACED
    assert isinstance(await opened(database, newer.code), Offer)
    assert isinstance(await opened(database, berik.code, OTHER), Offer)


async def test_wrong_codes_lead_to_growing_waits(database: Database) -> None:
    (card,) = await invited(database, AIDA.person_id)
    now, waits = NOW, []
    for _ in range(8):
        refused = await opened(database, "guess", now=now)
        assert isinstance(refused, Refused)
        assert refused.reason is CodeRefusal.WRONG
        waits.append(refused.until and (refused.until - now) // timedelta(minutes=1))
        if refused.until:
            early = await opened(database, card.code, now=refused.until - timedelta(seconds=1))
            assert early == Refused(CodeRefusal.WAIT, (HOUSE,), refused.until)
            now = refused.until
    first = PROFILE.service.free_wrong_codes - 1
    expected = list(PROFILE.service.wrong_code_waits_minutes)
    assert waits == ([None] * first + expected + [expected[-1]] * 8)[:8]
    assert isinstance(await opened(database, card.code, now=now), Offer)


async def test_a_good_code_forgives_the_wrong_ones_and_waiting_is_for_one_account(database: Database) -> None:
    aida, berik = await invited(database, AIDA.person_id, BERIK.person_id)
    for _ in range(PROFILE.service.free_wrong_codes):
        await opened(database, "guess")
    assert reason(await opened(database, aida.code)) is CodeRefusal.WAIT
    assert isinstance(await opened(database, berik.code, OTHER), Offer)
    later = NOW + timedelta(days=1)
    assert isinstance(await opened(database, aida.code, now=later), Offer)
    assert await opened(database, "guess", now=later) == Refused(CodeRefusal.WRONG, (HOUSE,))


async def test_an_account_of_another_person_opens_nothing_and_takes_nothing(database: Database) -> None:
    aida, berik = await invited(database, AIDA.person_id, BERIK.person_id)
    await opened(database, aida.code)
    await linked(database)
    assert reason(await opened(database, berik.code)) is LinkRefusal.ACCOUNT_IS_ANOTHERS
    assert isinstance(await opened(database, berik.code, OTHER), Offer)


async def test_nobody_outside_the_records_is_invited(database: Database) -> None:
    with pytest.raises(KeyError):
        await invited(database, AIDA.person_id, "00000000")
    async with database.read() as storage:
        assert await storage.invitations.of_person(AIDA.person_id) == ()


async def test_students_and_staff_are_chosen_apart(database: Database) -> None:
    today = NOW.date()
    async with database.write() as storage:
        await storage.roles.grant(
            [
                RoleGrant(REGISTRAR.person_id, Role.REGISTRAR, None, today),
                RoleGrant(DEAN.person_id, Role.DEAN_OFFICE, None, today - timedelta(days=1)),
                RoleGrant(AIDA.person_id, Role.OFFICER),
            ],
            at=NOW,
            by=None,
        )
        await storage.commit()
        assert await staff_to_invite(storage, on=today) == (REGISTRAR.person_id,)
        assert set(await students_to_invite(storage)) == {AIDA.person_id, BERIK.person_id}
        assert await students_to_invite(storage, groups=["АЖ-25-1"]) == ()
    (card,) = await invited(database, AIDA.person_id)
    await opened(database, card.code)
    await linked(database)
    async with database.read() as storage:
        assert await without_account(storage, (BERIK.person_id, AIDA.person_id)) == (BERIK.person_id,)
