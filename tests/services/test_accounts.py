"""Accounts: one Telegram account for one person, and a link that moves only by those who may move it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Language
from policy.profile import load_profile
from services import accounts
from services.accounts import Linked, LinkRefusal, LinkWay, MoveAsked, MoveDeclined, Offer
from services.invitations import invite, redeem
from storage.database import Database
from tests.storage.examples import NOW, student

PROFILE = load_profile(None)
PATIENCE = timedelta(hours=PROFILE.service.link_offer_hours)
AIDA = student("02500000", phone="8 701 100 0137")
BERIK = student("02500001", "Ахметов", phone="+7 (702) 200-02-74")
OLD, NEW = 1001, 1002


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([AIDA, BERIK])
        await storage.commit()


async def open_code(database: Database, user: int, person_id: str = AIDA.person_id, now: datetime = NOW) -> object:
    async with database.write() as storage:
        (card,) = await invite(storage, person_ids=[person_id], actor=None, now=now, profile=PROFILE)
        return await redeem(storage, code=card.code, user=user, now=now, profile=PROFILE)


async def share(database: Database, user: int, phone: str = "77011000137") -> object:
    async with database.write() as storage:
        return await accounts.offer_by_contact(storage, phone=phone, user=user, now=NOW)


async def agree(database: Database, user: int, now: datetime = NOW) -> object:
    async with database.write() as storage:
        return await accounts.link(storage, user=user, consent_version="1", now=now, profile=PROFILE)


async def answer(database: Database, move: object, user: int, *, agreed: bool, now: datetime = NOW) -> object:
    assert isinstance(move, MoveAsked)
    async with database.write() as storage:
        return await accounts.answer_move(
            storage, move_id=move.move_id, user=user, agreed=agreed, now=now, profile=PROFILE
        )


async def holder(database: Database, person_id: str = AIDA.person_id) -> int | None:
    async with database.read() as storage:
        account = await storage.accounts.of_person(person_id)
    return account.user_id if account else None


def refused(reason: LinkRefusal) -> Refused[LinkRefusal]:
    return Refused(reason, (HOUSE,))


async def linked(database: Database, user: int = OLD, person_id: str = AIDA.person_id) -> None:
    await open_code(database, user, person_id)
    assert await agree(database, user) == Linked(person_id, user, None, new=True)


async def test_a_link_keeps_the_consent_and_its_history(database: Database) -> None:
    await linked(database)
    async with database.read() as storage:
        account = await storage.accounts.of_person(AIDA.person_id)
        (change,) = await storage.changes.of("link", [AIDA.person_id])
    assert account
    assert (account.consent_version, account.consented_at) == ("1", NOW)
    assert (change.before, change.why, change.about) == (None, "code", AIDA.person_id)
    assert change.after == {"user_id": OLD, "consented_at": NOW.isoformat(), "consent_version": "1"}


async def test_nothing_is_linked_without_an_offer(database: Database) -> None:
    assert await agree(database, OLD) == refused(LinkRefusal.NOTHING_OFFERED)


async def test_a_declined_offer_is_gone(database: Database) -> None:
    await share(database, OLD)
    async with database.write() as storage:
        assert await accounts.offer_to(storage, user=OLD)
        await accounts.decline(storage, user=OLD)
    assert await agree(database, OLD) == refused(LinkRefusal.NOTHING_OFFERED)
    assert await holder(database) is None


async def test_consent_is_given_while_the_offer_stands_and_not_at_its_end(database: Database) -> None:
    await share(database, OLD)
    assert await agree(database, OLD, NOW + PATIENCE) == refused(LinkRefusal.NOTHING_OFFERED)
    assert await agree(database, OLD, NOW + PATIENCE - timedelta(seconds=1)) == Linked(
        AIDA.person_id, OLD, None, new=True
    )


async def test_a_code_replaced_before_consent_links_nobody(database: Database) -> None:
    await open_code(database, OLD)
    async with database.write() as storage:
        await invite(storage, person_ids=[AIDA.person_id], actor=None, now=NOW, profile=PROFILE)
        await storage.commit()
    assert await agree(database, OLD) == refused(LinkRefusal.NOTHING_OFFERED)


@pytest.mark.parametrize("way", [open_code, share])
async def test_two_presses_at_once_link_once(database: Database, way: object) -> None:
    await way(database, OLD)  # type: ignore[operator]
    outcomes = await asyncio.gather(agree(database, OLD), agree(database, OLD))
    assert sorted(outcome.new for outcome in outcomes if isinstance(outcome, Linked)) == [False, True]
    async with database.read() as storage:
        assert len(await storage.changes.of("link", [AIDA.person_id])) == 1


@pytest.mark.parametrize("phone", ["87011000137", "+7 701 100 01 37", "7011000137"])
async def test_a_number_is_one_however_it_is_written(database: Database, phone: str) -> None:
    assert await share(database, OLD, phone) == Offer(
        AIDA.person_id, AIDA.name, AIDA.language, LinkWay.CONTACT, moves_from=None, linked=False
    )


async def test_a_number_nobody_has_or_two_have_links_nobody(database: Database) -> None:
    assert await share(database, OLD, "77770000000") == refused(LinkRefusal.NOBODY_WITH_THIS_NUMBER)
    assert await share(database, OLD, "") == refused(LinkRefusal.NOBODY_WITH_THIS_NUMBER)
    async with database.write() as storage:
        await storage.students.save([replace(BERIK, phone=AIDA.phone)])
        await storage.commit()
    assert await share(database, OLD) == refused(LinkRefusal.NUMBER_IS_SHARED)
    assert await agree(database, OLD) == refused(LinkRefusal.NOTHING_OFFERED)


async def test_an_account_of_one_person_is_not_linked_to_another(database: Database) -> None:
    await linked(database)
    assert await share(database, OLD, "77022000274") == refused(LinkRefusal.ACCOUNT_IS_ANOTHERS)
    assert await holder(database) == OLD


async def test_an_account_linked_after_an_offer_does_not_take_that_person_too(database: Database) -> None:
    await share(database, OLD)
    async with database.write() as storage:
        await storage.accounts.link(OLD, BERIK.person_id, at=NOW, consent_version="1")
        await storage.commit()
    assert await agree(database, OLD) == refused(LinkRefusal.ACCOUNT_IS_ANOTHERS)


async def test_a_code_alone_does_not_move_a_link(database: Database) -> None:
    await linked(database)
    await open_code(database, NEW)
    asked = await agree(database, NEW)
    assert asked == MoveAsked(NEW, AIDA.person_id, OLD, NEW, NOW + PATIENCE, again=False)
    assert await agree(database, NEW, NOW + timedelta(minutes=5)) == replace(asked, again=True)
    assert await holder(database) == OLD


async def test_the_old_account_lets_the_link_move_once(database: Database) -> None:
    await linked(database)
    await open_code(database, NEW)
    asked = await agree(database, NEW)
    assert await answer(database, asked, OLD, agreed=True) == Linked(AIDA.person_id, NEW, OLD, new=True)
    assert await holder(database) == NEW
    assert await answer(database, asked, OLD, agreed=True) == refused(LinkRefusal.MOVE_OVER)
    assert await holder(database) == NEW


async def test_the_old_account_keeps_the_link_and_the_code_is_spent(database: Database) -> None:
    await linked(database)
    await open_code(database, NEW)
    asked = await agree(database, NEW)
    assert await answer(database, asked, OLD, agreed=False) == MoveDeclined(AIDA.person_id, OLD, NEW)
    assert await agree(database, NEW) == refused(LinkRefusal.NOTHING_OFFERED)
    async with database.read() as storage:
        invitations = await storage.invitations.of_person(AIDA.person_id)
    assert all(invitation.used_at for invitation in invitations)
    assert await holder(database) == OLD


async def test_nobody_but_the_old_account_answers_and_not_too_late(database: Database) -> None:
    await linked(database)
    await linked(database, 1003, BERIK.person_id)
    await open_code(database, NEW)
    asked = await agree(database, NEW)
    for stranger in (NEW, 1003):
        assert await answer(database, asked, stranger, agreed=True) == refused(LinkRefusal.NOT_YOURS_TO_ANSWER)
    assert await answer(database, asked, OLD, agreed=True, now=NOW + PATIENCE) == refused(LinkRefusal.MOVE_OVER)
    assert await holder(database) == OLD


async def test_a_move_nobody_asked_for_is_not_answered(database: Database) -> None:
    await linked(database)
    await open_code(database, NEW)  # offered, but its owner has not consented
    forged = MoveAsked(NEW, AIDA.person_id, OLD, NEW, NOW, again=False)
    assert await answer(database, forged, OLD, agreed=True) == refused(LinkRefusal.MOVE_OVER)


async def test_the_shared_contact_moves_a_link(database: Database) -> None:
    await linked(database)
    offer = await share(database, NEW)
    assert isinstance(offer, Offer)
    assert offer.moves_from == OLD
    assert await holder(database) == OLD
    assert await agree(database, NEW) == Linked(AIDA.person_id, NEW, OLD, new=True)
    assert await holder(database) == NEW
    async with database.read() as storage:
        change = (await storage.changes.of("link", [AIDA.person_id]))[-1]
    assert change.before == {"user_id": OLD}


async def test_the_registrar_frees_a_person_for_a_new_account(database: Database) -> None:
    await linked(database)
    async with database.write() as storage:
        assert await accounts.release(storage, person_id=AIDA.person_id, actor="T0001", now=NOW) == OLD
        assert await accounts.release(storage, person_id=AIDA.person_id, actor="T0001", now=NOW) is None
        await storage.commit()
    await linked(database, NEW)


async def test_a_person_unlinks_and_keeps_the_language(database: Database) -> None:
    await linked(database)
    async with database.write() as storage:
        await accounts.choose_language(storage, user=OLD, language=Language.KK, now=NOW)
        assert await accounts.unlink(storage, user=OLD, now=NOW) == AIDA.person_id
        assert await accounts.unlink(storage, user=OLD, now=NOW) is None
        known = await storage.accounts.acquaintance(OLD)
    assert known
    assert (known.person, known.account.language, known.account.consented_at) == (None, Language.KK, None)


async def test_a_language_is_remembered_before_linking(database: Database) -> None:
    async with database.write() as storage:
        await accounts.choose_language(storage, user=OLD, language=Language.KK, now=NOW)
    await linked(database)
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(OLD)
    assert known
    assert known.account.language is Language.KK
