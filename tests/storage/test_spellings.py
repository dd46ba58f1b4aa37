"""What is written already is given once each, by where it stands, however many rows have it."""

from dataclasses import replace
from datetime import timedelta

from policy.calendar import ExamSlot
from policy.marks import ExamForm
from policy.people import Role, RoleGrant
from storage.database import Database
from tests.storage.examples import DEAN, NOW, PERIOD, enrolment, student


async def test_names_come_by_where_they_stand(database: Database) -> None:
    other, slot = "2024-2025/2", ExamSlot(PERIOD, "FIZ1", "АЖ-1", ExamForm.ORAL, NOW, NOW + timedelta(hours=2))
    async with database.write() as storage:
        await storage.students.save([student(), replace(student("02500001"), group="ЭН-25-2", institute="IT")])
        await storage.people.save([DEAN])
        await storage.roles.grant(
            [RoleGrant(DEAN.person_id, Role.DEAN_OFFICE, scope) for scope in ("IT", "Заң", None)], at=NOW, by=None
        )
        await storage.marks.save(
            [
                enrolment(),
                enrolment(code="FIZ2"),
                enrolment("02500001"),
                replace(enrolment("02500001", "HIM1"), group=None),
                replace(enrolment(period=other), group="ЭН-24-1"),
                replace(enrolment("02500001", period=other), group="АА-1"),
            ]
        )
        await storage.calendar.save_exams([slot])
        await storage.commit()
    async with database.read() as storage:
        names = storage.spellings
        assert list(await names.of_courses()) == [{"MAT1201", "FIZ2", "HIM1"}, {"FIZ1"}]
        assert list(await names.of_groups([PERIOD])) == [{"ЭН-25-1", "ЭН-25-2"}, {"ЭН-25-1"}, {"АЖ-1"}]
        assert (await names.of_groups([PERIOD, other]))[1] == {"ЭН-25-1", "ЭН-24-1", "АА-1"}
        assert list(await names.of_institutes()) == [{"Энергетика мектебі", "IT"}, {"IT", "Заң"}]
        assert list(await names.of_degree_programmes()) == [{"6B07102"}]
        assert await names.sheets_in([PERIOD]) == {
            (PERIOD, "MAT1201", "ЭН-25-1"),
            (PERIOD, "FIZ2", "ЭН-25-1"),
            (PERIOD, "HIM1", None),
        }


async def test_where_nothing_is_there_are_no_names(database: Database) -> None:
    async with database.read() as storage:
        names = storage.spellings
        assert not any([*await names.of_courses(), *await names.of_groups([PERIOD])])
        assert await names.sheets_in([]) == frozenset()
