"""Which acts of two people there are too few people for."""

import pytest

from policy.people import Role, RoleGrant
from policy.profile import load_profile
from services.motions.enough import Short, short_of_people
from storage.database import Database
from storage.records import Person
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

PROFILE = load_profile(None)
SCHOOL = student().institute
EVERY = {"correction", "undo", "unlock", "role", "load", "decision"}
MARKS = {"correction", "undo", "unlock"}


async def short(database: Database) -> set[tuple[str, str | None]]:
    async with database.read() as storage:
        found = await short_of_people(storage, on=NOW.date(), profile=PROFILE)
    return {(each.act, each.scope) for each in found}


async def employ(database: Database, *grants: RoleGrant, linked: bool = True) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        people = dict.fromkeys(grant.person_id for grant in grants)
        await storage.people.save([Person(each, DEAN.name, DEAN.language) for each in people])
        await storage.roles.grant(grants, at=NOW, by=None)
        for number, person_id in enumerate(people if linked else (), start=1):
            await storage.accounts.link(number, person_id, at=NOW, consent_version="1")
        await storage.commit()


async def test_where_nobody_is_everything_is_short(database: Database) -> None:
    async with database.read() as storage:
        found = await short_of_people(storage, on=NOW.date(), profile=PROFILE)
    assert {each.act for each in found} == EVERY
    assert found[0] == Short("correction", None, 0)


async def test_two_registrars_are_two_for_marks_and_none_for_roles(database: Database) -> None:
    await employ(database, RoleGrant("T0001", Role.REGISTRAR), RoleGrant("T0002", Role.REGISTRAR))
    assert await short(database) == {("role", None), ("load", None), ("decision", SCHOOL)}


async def test_one_person_with_every_role_is_one(database: Database) -> None:
    await employ(database, *(RoleGrant("T0001", role) for role in Role))
    assert {act for act, _ in await short(database)} == EVERY


async def test_who_is_not_linked_confirms_nothing(database: Database) -> None:
    await employ(database, RoleGrant("T0001", Role.REGISTRAR), RoleGrant("T0002", Role.ADMIN), linked=False)
    assert {act for act, _ in await short(database)} == EVERY


@pytest.mark.parametrize(("scope", "enough"), [(SCHOOL, True), (None, True), ("Another school", False)])
async def test_a_second_person_counts_where_their_role_reaches(
    database: Database, scope: str | None, enough: bool
) -> None:
    await employ(database, RoleGrant(REGISTRAR.person_id, Role.REGISTRAR), RoleGrant("T0002", Role.REGISTRAR, scope))
    assert {(act, SCHOOL) not in await short(database) for act in MARKS} == {enough}


async def test_a_secretary_and_a_chair_decide_appeals(database: Database) -> None:
    await employ(database, RoleGrant("T0001", Role.APPEALS_SECRETARY), RoleGrant("T0002", Role.APPEALS_CHAIR))
    assert ("decision", SCHOOL) not in await short(database)
