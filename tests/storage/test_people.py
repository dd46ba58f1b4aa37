"""People and students are kept whole, found by phone and by name, and stand in the order of the alphabet."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from policy.people import Language, Name, Sex
from storage.database import Database
from storage.phones import phone_digits
from storage.records import Person
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student


@pytest.mark.parametrize(
    "written",
    ["+77011000137", "87011000137", "8 701 100-01-37", "7 (701) 100 01 37", "7011000137", "877011000137"],
)
def test_a_number_of_kazakhstan_is_the_same_however_it_is_written(written: str) -> None:
    assert phone_digits(written) == "77011000137"


@pytest.mark.parametrize(
    ("written", "digits"),
    [(None, None), ("жоқ", None), ("+49 30 901820", "4930901820"), ("+870773111632", "870773111632")],
)
def test_what_is_no_number_of_kazakhstan_is_not_bent_into_one(written: str | None, digits: str | None) -> None:
    assert phone_digits(written) == digits


async def test_a_student_comes_back_as_they_went_in(database: Database) -> None:
    first = student()
    second = replace(student("02500001"), name=Name("Ли", "Ольга"), sex=Sex.M, penalty=True, dormitory=None, phone=None)
    async with database.write() as storage:
        await storage.students.save([first, second])
        await storage.commit()
    async with database.read() as storage:
        assert await storage.students.by_id("02500000") == first
        assert await storage.students.by_ids(["02500001", "02500000", "absent"]) == {
            "02500000": first,
            "02500001": second,
        }
        assert await storage.students.by_id("absent") is None
        assert await storage.students.all_ids() == {"02500000", "02500001"}
        assert await storage.people.by_id("02500000") == Person(
            first.person_id, first.name, first.language, first.phone, first.sex, first.birth_year
        )


async def test_saving_a_student_again_is_a_change_not_a_second_student(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        await storage.students.save([replace(student(surname="Әбілова"), year=2)])
        assert await storage.students.all_in_order() == (replace(student(surname="Әбілова"), year=2),)
        assert [each.name.surname for each in await storage.people.found("абилова")] == ["Әбілова"]


async def test_staff_need_no_sex_and_no_year_of_birth(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR, DEAN])
        assert await storage.people.by_ids(["T0001", "T0002"]) == {"T0001": REGISTRAR, "T0002": DEAN}


async def test_somebody_is_found_by_their_number_written_in_another_habit(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([REGISTRAR, DEAN])
        assert await storage.people.with_phone("8 705 200-00-00") == (REGISTRAR,)
        assert await storage.people.with_phone("+7 705 200 00 01") == ()
        assert await storage.people.with_phone("жоқ") == ()


async def test_a_number_two_people_share_gives_both(database: Database) -> None:
    both = (replace(DEAN, phone="87052000000"), replace(REGISTRAR, phone="+7 705 200 00 00"))
    async with database.write() as storage:
        await storage.people.save(both)
        assert set(await storage.people.with_phone("77052000000")) == set(both)


@pytest.mark.parametrize("typed", ["нурга", "НҰРҒАЛИЕВА", "виктория нургалиева", "02500", "болаткызы 0250"])
async def test_somebody_is_found_by_the_beginning_of_any_name_or_the_id(database: Database, typed: str) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        await storage.people.save([REGISTRAR])
        assert [each.person_id for each in await storage.people.found(typed)] == ["02500000"]


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "ургалиева", "нургалиева гулнар"])
async def test_nobody_is_found_by_nothing_by_a_wildcard_or_by_a_middle(database: Database, typed: str) -> None:
    async with database.write() as storage:
        await storage.students.save([student()])
        assert await storage.people.found(typed) == ()


async def test_people_and_groups_stand_in_alphabetical_order_in_the_database_too(database: Database) -> None:
    surnames = ["Ысқақ", "Ісмағұлов", "Әбілов", "Абаев", "Ұлан", "Үсен", "Қайрат", "Кузнецов"]
    ordered = ["Абаев", "Әбілов", "Кузнецов", "Қайрат", "Ұлан", "Үсен", "Ысқақ", "Ісмағұлов"]
    async with database.write() as storage:
        await storage.students.save([student(f"{n:08}", surname) for n, surname in enumerate(surnames)])
        assert [each.name.surname for each in await storage.students.of_group("ЭН-25-1")] == ordered
        assert [each.name.surname for each in await storage.people.found("виктория", limit=3)] == ordered[:3]


async def test_the_year_of_study_is_kept_for_each_academic_year(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.students.set_years("2025-2026", {"02500000": 2, "02500001": 1})
        await storage.students.set_years("2024-2025", {"02500000": 1})
        await storage.students.set_years("2025-2026", {"02500000": 1})
        assert await storage.students.years_of("02500000") == {"2024-2025": 1, "2025-2026": 1}
        assert await storage.students.years_in("2025-2026") == {"02500000": 1, "02500001": 1}


async def test_a_student_with_marks_cannot_be_withdrawn(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.marks.save([enrolment()])
        await storage.students.remove(["02500001"])
        assert await storage.people.all_ids() == {"02500000"}
        with pytest.raises(IntegrityError):
            await storage.students.remove(["02500000"])


async def test_a_language_of_the_records_is_kept(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([replace(DEAN, language=Language.KK)])
        found = await storage.people.by_id("T0002")
    assert found is not None
    assert found.language is Language.KK


async def test_it_is_told_on_whom_something_stands(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([student(), student("02500001")])
        await storage.people.save([REGISTRAR, DEAN])
        await storage.marks.save([enrolment()])
        await storage.accounts.link(1, "T0001", at=NOW, consent_version="1")
        ids = ["02500000", "02500001", "T0001", "T0002"]
        assert await storage.people.bound(ids) == {"02500000": "enrolments", "T0001": "accounts"}
        await storage.people.remove(["T0002"])
        assert await storage.people.all_ids() == {"02500000", "02500001", "T0001"}
