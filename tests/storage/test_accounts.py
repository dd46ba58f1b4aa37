"""One account is one person's and a person has one account, however many press at once."""

import hashlib
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from policy.people import Language, Role, RoleGrant
from storage.database import Database
from storage.records import CodeFailures, LinkOffer
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

HASH = hashlib.sha256(b"a code").hexdigest()


@pytest.fixture(autouse=True)
async def _people(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        await storage.people.save([REGISTRAR, DEAN])
        await storage.commit()


async def test_one_query_tells_who_is_writing(database: Database) -> None:
    roles = (
        RoleGrant("02500000", Role.LECTURER, "Энергетика мектебі"),
        RoleGrant("02500000", Role.OFFICER, None, date(2026, 8, 31)),
    )
    async with database.write() as storage:
        await storage.roles.grant(roles, at=NOW, by=None)
        await storage.roles.grant([RoleGrant("02500000", Role.ADMIN)], at=NOW, by=None)
        await storage.roles.revoke("02500000", Role.ADMIN, at=NOW, by="T0001")
        assert await storage.accounts.link(7_000_000_001, "02500000", at=NOW, consent_version="1")
        await storage.accounts.choose_language(7_000_000_001, Language.KK)
        known = await storage.accounts.acquaintance(7_000_000_001)
        person = await storage.people.by_id("02500000")
    assert known is not None
    assert (known.person, known.student, known.roles) == (person, student(), roles)
    account = known.account
    assert (account.user_id, account.person_id, account.language) == (7_000_000_001, "02500000", Language.KK)
    assert (account.linked_at, account.consent_version, account.consented_at) == (NOW, "1", NOW)


async def test_staff_are_no_students(database: Database) -> None:
    async with database.write() as storage:
        await storage.accounts.link(1, "T0001", at=NOW, consent_version="1")
        known = await storage.accounts.acquaintance(1)
    assert known is not None
    assert (known.person, known.student, known.roles) == (REGISTRAR, None, ())


async def test_somebody_who_only_chose_a_language_is_remembered_with_it(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.accounts.acquaintance(1) is None
        await storage.accounts.choose_language(1, Language.RU)
        known = await storage.accounts.acquaintance(1)
    assert known is not None
    assert (known.account.language, known.account.person_id, known.person) == (Language.RU, None, None)


async def test_a_second_account_of_a_person_and_a_second_person_of_an_account_are_refused(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.accounts.link(1, "T0001", at=NOW, consent_version="1")
        assert not await storage.accounts.link(2, "T0001", at=NOW, consent_version="1")
        assert not await storage.accounts.link(1, "T0002", at=NOW, consent_version="1")
        assert not await storage.accounts.link(1, "T0001", at=NOW, consent_version="1")
        await storage.commit()
    async with database.read() as storage:
        accounts = await storage.accounts.of_people(["T0001", "T0002"])
        assert {person_id: account.user_id for person_id, account in accounts.items()} == {"T0001": 1}


async def test_nobody_is_linked_to_a_person_who_is_not_there(database: Database) -> None:
    async with database.write() as storage:
        with pytest.raises(IntegrityError):
            await storage.accounts.link(1, "absent", at=NOW, consent_version="1")


async def test_unlinking_takes_the_consent_away_and_leaves_the_language(database: Database) -> None:
    async with database.write() as storage:
        await storage.accounts.choose_language(1, Language.RU)
        await storage.accounts.link(1, "T0001", at=NOW, consent_version="1")
        assert await storage.accounts.unlink(1) == "T0001"
        assert await storage.accounts.unlink(1) is None
        known = await storage.accounts.acquaintance(1)
        assert await storage.accounts.of_person("T0001") is None
        assert await storage.accounts.link(2, "T0001", at=NOW, consent_version="2")
    assert known is not None
    assert (known.account.language, known.account.linked_at, known.account.consented_at) == (Language.RU, None, None)


async def test_an_offer_waits_for_its_answer(database: Database) -> None:
    first = LinkOffer(1, "T0001", "contact", None, NOW)
    second = LinkOffer(1, "T0002", "contact", None, NOW, NOW, "1")
    async with database.write() as storage:
        await storage.accounts.offer(first)
        await storage.accounts.offer(second)
        assert await storage.accounts.offer_to(1) == second
        assert await storage.accounts.offers_of("T0002") == (second,)
        await storage.accounts.forget_offer(1)
        assert await storage.accounts.offer_to(1) is None


async def test_wrong_codes_are_counted_until_a_good_one_comes(database: Database) -> None:
    failures = CodeFailures(1, 3, NOW, NOW + timedelta(minutes=1))
    async with database.write() as storage:
        await storage.accounts.keep_code_failures(CodeFailures(1, 2, NOW, NOW))
        await storage.accounts.keep_code_failures(failures)
        assert await storage.accounts.code_failures(1) == failures
        await storage.accounts.forgive_code_failures(1)
        assert await storage.accounts.code_failures(1) is None


async def test_a_code_opens_for_one_account_and_links_once(database: Database) -> None:
    later = NOW + timedelta(minutes=5)
    async with database.write() as storage:
        await storage.invitations.make(
            [("T0001", HASH)], made_at=NOW, made_by=None, expires_at=NOW + timedelta(days=30)
        )
        made = await storage.invitations.by_hash(HASH)
        assert made is not None
        assert not await storage.invitations.use(made.id, user_id=1, at=NOW)
        assert await storage.invitations.open(made.id, user_id=1, at=NOW)
        assert not await storage.invitations.open(made.id, user_id=2, at=later)
        assert await storage.invitations.open(made.id, user_id=1, at=later)
        assert not await storage.invitations.use(made.id, user_id=2, at=later)
        assert await storage.invitations.use(made.id, user_id=1, at=later)
        assert not await storage.invitations.use(made.id, user_id=1, at=later)
        assert not await storage.invitations.open(made.id, user_id=1, at=later)
        used = await storage.invitations.by_hash(HASH)
    assert used is not None
    assert (used.opened_by, used.opened_at, used.used_at) == (1, NOW, later)


async def test_a_new_invitation_withdraws_the_open_one_of_the_same_person(database: Database) -> None:
    expires, later = NOW + timedelta(days=30), NOW + timedelta(days=1)
    async with database.write() as storage:
        await storage.invitations.make(
            [("T0001", "a" * 64), ("T0002", "b" * 64)], made_at=NOW, made_by=None, expires_at=expires
        )
        await storage.invitations.make([("T0001", "c" * 64)], made_at=later, made_by="T0002", expires_at=expires)
        old, new = await storage.invitations.of_person("T0001")
        (other,) = await storage.invitations.of_person("T0002")
        assert not await storage.invitations.open(old.id, user_id=1, at=later)
    assert (old.withdrawn_at, new.withdrawn_at, other.withdrawn_at) == (later, None, None)
    assert (new.made_by, new.expires_at) == ("T0002", expires)


async def test_no_code_is_kept_twice(database: Database) -> None:
    async with database.write() as storage:
        with pytest.raises(IntegrityError):
            await storage.invitations.make(
                [("T0001", HASH), ("T0002", HASH)], made_at=NOW, made_by=None, expires_at=NOW
            )


async def test_a_role_given_again_takes_the_new_end_and_stands_once(database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant("T0002", Role.DEAN_OFFICE, None, date(2026, 8, 31))], at=NOW, by="T0001")
        await storage.roles.grant([RoleGrant("T0002", Role.DEAN_OFFICE, None, date(2027, 8, 31))], at=NOW, by="T0001")
        assert await storage.roles.holders(Role.DEAN_OFFICE) == (
            RoleGrant("T0002", Role.DEAN_OFFICE, None, date(2027, 8, 31)),
        )
        assert await storage.roles.of_people(["T0001", "T0002"]) == {"T0002": await storage.roles.of_person("T0002")}


async def test_a_role_is_revoked_in_its_own_scope_and_can_be_given_anew(database: Database) -> None:
    everywhere, scoped = (
        RoleGrant("T0002", Role.DEAN_OFFICE),
        RoleGrant("T0002", Role.DEAN_OFFICE, "Энергетика мектебі"),
    )
    async with database.write() as storage:
        await storage.roles.grant([everywhere, scoped], at=NOW, by=None)
        assert await storage.roles.revoke("T0002", Role.DEAN_OFFICE, at=NOW, by="T0001")
        assert not await storage.roles.revoke("T0002", Role.DEAN_OFFICE, at=NOW, by="T0001")
        assert await storage.roles.of_person("T0002") == (scoped,)
        await storage.roles.grant([everywhere], at=NOW, by="T0001")
        history = await storage.roles.history_of("T0002")
    assert [(each.grant, each.granted_by, each.revoked_by) for each in history] == [
        (everywhere, None, "T0001"),
        (scoped, None, None),
        (everywhere, "T0001", None),
    ]
