"""People in the records, students and staff: kept, found by id, by phone, by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, exists, or_, select, true

from policy.people import Language, Name, Sex
from storage.alphabet import folded, sort_key
from storage.connection import Connection
from storage.phones import phone_digits
from storage.records import Person
from storage.tables import metadata, people, role_grants, student_years, students
from storage.upsert import NAMES_AT_ONCE, chunks, upsert

WORDS = 8  # of a search: more narrow it no further, and each is a condition


class People:
    """Anybody with a person id. A student's is the student id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, persons: Iterable[Person]) -> None:
        """Keep these people as they are given, over what was kept."""
        await upsert(self._connection, people, map(person_row, persons))

    async def by_id(self, person_id: str) -> Person | None:
        """Give the person with this id."""
        row = (await self._connection.execute(_BY_ID, {"person_id": person_id})).mappings().first()
        return person_of(row) if row else None

    async def by_ids(self, person_ids: Iterable[str]) -> dict[str, Person]:
        """Give those of these people who are there, by id."""
        found = {}
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            rows = await self._connection.execute(_BY_IDS, {"person_ids": chunk})
            found.update({row["person_id"]: person_of(row) for row in rows.mappings()})
        return found

    async def with_phone(self, phone: str) -> tuple[Person, ...]:
        """Give everybody who has this number. More than one: the number tells nobody apart and links nobody."""
        digits = phone_digits(phone)
        if digits is None:
            return ()
        rows = await self._connection.execute(_WITH_PHONE, {"digits": digits})
        return tuple(map(person_of, rows.mappings()))

    async def found(
        self, text: str, *, limit: int = 20, within: Iterable[str] | None = None, staff: bool = False
    ) -> tuple[Person, ...]:
        """Search by the beginnings of names or id, in any order and case, Kazakh letters or not; alphabetical.

        `within` are institutes (None: all): only their students, and who is no student but holds roles in them alone
        (with `staff`: whoever is no student).
        """
        words = searched(text)
        if not words:
            return ()
        statement = select(people).order_by(people.c.sort_key, people.c.person_id).limit(limit)
        for word in words:
            statement = statement.where(people.c.search.like(f"% {word}%"))
        if within is not None:
            statement = statement.where(or_(_studies(within), and_(~_IS_STUDENT, true() if staff else _works(within))))
        return tuple(map(person_of, (await self._connection.execute(statement)).mappings()))

    async def all_ids(self) -> set[str]:
        """Give every person id there is."""
        return set(await self._connection.scalars(select(people.c.person_id)))

    async def bound(self, person_ids: Iterable[str]) -> dict[str, str]:
        """Tell which of these people something stands on (marks, a role, an account ...), and the table it is in.

        Their being students, and of which year, does not count.
        """
        wanted = list(dict.fromkeys(person_ids))
        found: dict[str, str] = {}
        for column in _REFERENCES:
            statement = select(column).where(column.in_(bindparam("person_ids", expanding=True))).distinct()
            for chunk in chunks(wanted, NAMES_AT_ONCE):
                for person_id in await self._connection.scalars(statement, {"person_ids": chunk}):
                    found.setdefault(person_id, column.table.name)
        return found

    async def remove(self, person_ids: Iterable[str]) -> None:
        """Withdraw people whom an undone import had brought; ask `bound` first."""
        keys = [{"of_person": person_id} for person_id in person_ids]
        if keys:
            await self._connection.execute(_REMOVE, keys)


def searched(text: str) -> list[str]:
    """Return the words of what somebody looks for, as the search column has them."""
    return folded(text).replace("\\", " ").replace("%", " ").replace("_", " ").split()[:WORDS]


def _studies(institutes: Iterable[str]) -> ColumnElement[bool]:
    return exists().where(students.c.person_id == people.c.person_id, students.c.institute.in_(list(institutes)))


def _works(institutes: Iterable[str]) -> ColumnElement[bool]:
    """Say that somebody holds roles in these institutes and nowhere else, whether or not their terms are over."""
    there = role_grants.c.scope.in_(list(institutes))
    return and_(exists().where(_HOLDS, there), ~exists().where(_HOLDS, ~there))


def person_row(person: Person) -> dict[str, Any]:
    """Write a person as a row of `people`."""
    name = person.name
    return {
        "person_id": person.person_id,
        "surname": name.surname,
        "given_name": name.given_name,
        "patronymic": name.patronymic,
        "sex": person.sex,
        "birth_year": person.birth_year,
        "phone": person.phone,
        "phone_digits": phone_digits(person.phone),
        "language": person.language,
        "search": folded(f" {person.person_id} {name.surname} {name.given_name} {name.patronymic or ''}").rstrip(),
        "sort_key": sort_key(name.surname, name.given_name, name.patronymic or "", person.person_id),
    }


def person_of(row: Mapping[str, Any] | RowMapping) -> Person:
    """Read a person from a row that holds the columns of `people`."""
    return Person(
        person_id=row["person_id"],
        name=Name(row["surname"], row["given_name"], row["patronymic"]),
        language=Language(row["language"]),
        phone=row["phone"],
        sex=Sex(row["sex"]) if row["sex"] else None,
        birth_year=row["birth_year"],
    )


_IS_STUDENT = exists().where(students.c.person_id == people.c.person_id)
_HOLDS = and_(role_grants.c.person_id == people.c.person_id, role_grants.c.revoked_at.is_(None))
_REFERENCES = [
    key.parent
    for table in metadata.sorted_tables
    if table not in {students, student_years}
    for key in table.foreign_keys
    if key.column.table in {people, students}
]
_REMOVE = people.delete().where(people.c.person_id == bindparam("of_person"))
_BY_ID = select(people).where(people.c.person_id == bindparam("person_id"))
_BY_IDS = select(people).where(people.c.person_id.in_(bindparam("person_ids", expanding=True)))
_WITH_PHONE = select(people).where(people.c.phone_digits == bindparam("digits")).order_by(people.c.person_id)
