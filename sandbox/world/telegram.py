"""The university's people on Telegram, as the sandbox's server takes them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count

from sandbox.cast import Group, Person, Tag, World
from sandbox.world.cases import Cases, PersonCase
from sandbox.world.records import StaffRow, University
from sandbox.world.session import DEMO_MOMENT
from sandbox.world.studies import Learner

FAMILY_PHONE = "77090000001"
"""A mother's number, written into the records of two students."""


def to_sandbox_world(university: University, invitations: Mapping[str, str]) -> World:
    """Return the world for the sandbox's server; `invitations` are `/start` payloads by id in the records."""
    people = tuple(
        replace(person, start=invitations.get(university.person_ids.get(person.id, ""))) for person in university.people
    )
    return World(people=people, groups=university.groups, start=DEMO_MOMENT)


def accounts(
    cases: Cases, learners: Iterable[Learner], staff: Iterable[StaffRow]
) -> tuple[tuple[Person, ...], dict[int, str]]:
    """Return who is on Telegram, students first, and the id in the records of those who are there."""
    people: list[Person] = []
    person_ids: dict[int, str] = {}
    own_numbers = count(77_093_000_001)
    for number, (case, tag, person_id, phone) in enumerate(_cast(cases, learners, staff), 5_100_000_001):
        person = Person(
            id=number,
            first_name=case.name[1],
            last_name=case.name[0],
            username=case.username or None,
            language_code=case.code or case.language,
            phone=phone or str(next(own_numbers)),
            note={"kk": case.kk, "ru": case.ru},
            tag=tag,
        )
        people.append(person)
        if person_id:
            person_ids[number] = person_id
    return tuple(people), person_ids


def chats(people: Iterable[Person], person_ids: Mapping[int, str], staff: Iterable[StaffRow]) -> tuple[Group, ...]:
    """Return the group chats the bot is in: four students who study together, the appeal commission, the service desk.

    The staff's chats have the administrator of the system for theirs.
    """
    students = tuple(person.id for person in people if person.tag == "student")[:4]
    numbers = {person_id: number for number, person_id in person_ids.items()}
    roles = [(row.role, numbers[row.person_id]) for row in staff if row.person_id in numbers]
    admins = tuple(number for role, number in roles if role == "admin")
    commission = tuple(number for role, number in roles if role.startswith("appeals."))
    desk = tuple(number for role, number in roles if role == "service_desk")
    return (
        Group(-4_100_000_001, "АЖ-25-1", students, students[:1], bot="member"),
        Group(-4_100_000_002, "Апелляциялық комиссия", commission, admins, bot="member"),
        Group(-4_100_000_003, "СҚКО", desk, admins, bot="member"),
    )


def _cast(
    cases: Cases, learners: Iterable[Learner], staff: Iterable[StaffRow]
) -> Iterator[tuple[PersonCase, Tag, str, str]]:
    """Yield each case with an account: its tag, id in the records and number; empty where there is none."""
    for learner in learners:
        case = learner.case
        if case and case.kk:
            phone = "" if case.family_phone else _as_contact(learner.row.phone)
            yield case, "officer" if case.roles else "student", learner.row.student_id, phone
    rows = {(row.surname, row.given_name, row.patronymic): row for row in staff}
    for case in cases.staff:
        row = rows[case.name]
        if case.kk:
            yield case, "guest" if case.former else "staff", row.person_id, _as_contact(row.phone)
    for case in cases.guests:
        yield case, "guest", "", FAMILY_PHONE if case.family_phone else ""


def _as_contact(phone: str) -> str:
    """Return a number as Telegram writes it in a contact: digits with the country code."""
    return "7" + "".join(filter(str.isdigit, phone))[1:]
