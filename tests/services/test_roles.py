"""Roles: given, taken, over; in a scope or everywhere."""

from datetime import date, timedelta

import pytest

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.reading import covers
from policy.two_people import RoleChange
from services.roles import RoleRefusal, Term, grant, revoke
from storage.database import Database
from storage.outbox import Owed
from storage.records import Person
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, REGISTRAR

PROFILE = load_profile(None)

TODAY = NOW.date()
PERSON = REGISTRAR.person_id
SCHOOL, OTHER = "Энергетика мектебі", "Сәулет және құрылыс мектебі"


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR])
        await storage.commit()


async def give(
    database: Database, term: Term | None = None, scope: str | None = None, person_id: str = PERSON
) -> object:
    async with database.write() as storage:
        return await grant(
            storage,
            person_id=person_id,
            role=Role.DEAN_OFFICE,
            scope=scope,
            term=term or Term(),
            now=NOW,
            profile=PROFILE,
        )


async def take(database: Database, scope: str | None = None) -> object:
    async with database.write() as storage:
        return await revoke(storage, person_id=PERSON, role=Role.DEAN_OFFICE, scope=scope, now=NOW, profile=PROFILE)


async def held(database: Database) -> tuple[RoleGrant, ...]:
    async with database.read() as storage:
        return await storage.roles.of_person(PERSON)


async def test_a_role_given_twice_is_given_once(database: Database) -> None:
    standing = RoleGrant(PERSON, Role.DEAN_OFFICE, SCHOOL, TODAY)
    assert await give(database, Term(TODAY), SCHOOL) == RoleChange(None, standing)
    assert await give(database, Term(TODAY), SCHOOL) == RoleChange(standing, standing)
    assert await held(database) == (standing,)
    async with database.read() as storage:
        assert len(await storage.changes.about(PERSON)) == 1


async def test_giving_it_again_changes_its_last_day_and_the_history_says_so(database: Database) -> None:
    await give(database, Term(TODAY))
    await give(database, Term(endless=True))
    assert await held(database) == (RoleGrant(PERSON, Role.DEAN_OFFICE),)
    async with database.read() as storage:
        change = (await storage.changes.of("role", [PERSON, Role.DEAN_OFFICE, ""]))[-1]
    assert change.before
    assert change.after
    assert (change.before["until"], change.after["until"]) == (TODAY.isoformat(), None)


async def test_giving_it_again_without_a_term_keeps_the_term_it_has(database: Database) -> None:
    await give(database, Term(TODAY))
    standing = RoleGrant(PERSON, Role.DEAN_OFFICE, None, TODAY)
    assert await give(database) == RoleChange(standing, standing)
    assert await held(database) == (standing,)


async def test_what_the_command_line_changes_is_told_to_all_administrators_and_the_heads_concerned(
    database: Database,
) -> None:
    chair, secretary = Person("T0030", DEAN.name, DEAN.language), Person("T0031", DEAN.name, DEAN.language)
    async with database.write() as storage:
        await storage.people.save([DEAN, chair, secretary])
        admins = [RoleGrant(DEAN.person_id, Role.ADMIN), RoleGrant(PERSON, Role.ADMIN, None, TODAY - timedelta(days=1))]
        heads = [RoleGrant(chair.person_id, Role.APPEALS_CHAIR), RoleGrant(chair.person_id, Role.ELECTION_CHAIR)]
        await storage.roles.grant([*admins, *heads], at=NOW, by=None)
        await storage.commit()
        await grant(
            storage,
            person_id=secretary.person_id,
            role=Role.APPEALS_SECRETARY,
            scope=None,
            term=Term(),
            now=NOW,
            profile=PROFILE,
        )
        told = {each.person_id for each in await leased(storage)}
    assert told == {DEAN.person_id, chair.person_id, secretary.person_id}


async def leased(storage: Storage) -> tuple[Owed, ...]:
    return await storage.outbox.lease("test", now=NOW, real=NOW, until=NOW + timedelta(minutes=1), room=50)


async def test_a_last_day_may_be_today_but_not_yesterday(database: Database) -> None:
    assert await give(database, Term(TODAY - timedelta(days=1))) == Refused(RoleRefusal.ALREADY_OVER, (HOUSE,))
    assert await held(database) == ()
    assert isinstance(await give(database, Term(TODAY)), RoleChange)


async def test_nobody_outside_the_records_gets_a_role(database: Database) -> None:
    assert await give(database, person_id="T9999") == Refused(RoleRefusal.UNKNOWN_PERSON, (HOUSE,))


async def test_a_role_is_taken_in_its_own_scope_only(database: Database) -> None:
    await give(database, scope=SCHOOL)
    assert await take(database) == Refused(RoleRefusal.NOT_HELD, (HOUSE,))
    assert await take(database, SCHOOL) == RoleChange(RoleGrant(PERSON, Role.DEAN_OFFICE, SCHOOL), None)
    assert await take(database, SCHOOL) == Refused(RoleRefusal.NOT_HELD, (HOUSE,))
    assert await held(database) == ()
    async with database.read() as storage:
        assert [(change.cause, change.actor) for change in await storage.changes.about(PERSON)] == [
            ("grant", None),
            ("revoke", None),
        ]


@pytest.mark.parametrize(
    ("standing", "scope", "day", "expected"),
    [
        (RoleGrant(PERSON, Role.REGISTRAR), SCHOOL, TODAY, True),
        (RoleGrant(PERSON, Role.REGISTRAR, SCHOOL), SCHOOL, TODAY, True),
        (RoleGrant(PERSON, Role.REGISTRAR, SCHOOL), OTHER, TODAY, False),
        (RoleGrant(PERSON, Role.REGISTRAR, SCHOOL), None, TODAY, False),  # of one institute, not of the university
        (RoleGrant(PERSON, Role.REGISTRAR, None, TODAY), None, TODAY, True),
        (RoleGrant(PERSON, Role.REGISTRAR, None, TODAY), None, TODAY + timedelta(days=1), False),
        (RoleGrant(PERSON, Role.DEAN_OFFICE), None, TODAY, False),
    ],
)
def test_a_role_holds_in_its_scope_to_the_end_of_its_last_day(
    standing: RoleGrant, scope: str | None, day: date, expected: bool
) -> None:
    assert covers([standing], {Role.REGISTRAR}, [scope], on=day) is expected
