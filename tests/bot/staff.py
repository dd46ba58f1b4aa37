"""The staff for tests of the bot: who holds which role, and requests that wait for them."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from policy.instant import MessageInstant
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile
from policy.requests import Kind
from services.requests.filing import Filed, file_request
from services.standing import study_of
from storage.database import Database
from storage.records import Person
from storage.requests import ExamKey, Request
from tests.bot.conftest import AIGERIM, NOW
from tests.bot.studies import WINTER
from tests.telegram import Person as TelegramPerson

CHAIR, DEPUTY, SECRETARY, MEMBER, DESK, ADMIN, ENDED = (f"T00{number}" for number in range(10, 17))
STAFF = (
    (Person(CHAIR, Name("Сейітов", "Марат", "Әліұлы"), Language.KK), RoleGrant(CHAIR, Role.APPEALS_CHAIR)),
    (Person(DEPUTY, Name("Петрова", "Анна", "Ильинична"), Language.RU), RoleGrant(DEPUTY, Role.APPEALS_DEPUTY)),
    (Person(SECRETARY, Name("Жұмабаева", "Гүлнұр"), Language.KK), RoleGrant(SECRETARY, Role.APPEALS_SECRETARY)),
    (Person(MEMBER, Name("Цой", "Виктор"), Language.RU), RoleGrant(MEMBER, Role.APPEALS_MEMBER)),
    (Person(DESK, Name("Оспанова", "Динара"), Language.KK), RoleGrant(DESK, Role.SERVICE_DESK)),
    (Person(ADMIN, Name("Ли", "Сергей"), Language.RU), RoleGrant(ADMIN, Role.ADMIN)),
    (
        Person(ENDED, Name("Бұрынғы", "Төлеген"), Language.KK),
        RoleGrant(ENDED, Role.APPEALS_MEMBER, until=date(2026, 1, 14)),
    ),
)
ACCOUNTS = {CHAIR: 10, DEPUTY: 11, SECRETARY: 12, MEMBER: 13, DESK: 14, ADMIN: 15, ENDED: 16}
Linked = Callable[..., Awaitable[TelegramPerson]]


async def employ(database: Database, *others: tuple[Person, RoleGrant]) -> None:
    """Put the staff into the records."""
    async with database.write() as storage:
        await storage.people.save([person for person, _ in (*STAFF, *others)])
        await storage.roles.grant([grant for _, grant in (*STAFF, *others)], at=NOW, by=None)
        await storage.commit()


async def at_work(linked: Linked, person_id: str) -> TelegramPerson:
    """Link somebody of the staff."""
    return await linked(person_id, ACCOUNTS[person_id])


async def file(
    database: Database,
    profile: Profile,
    *,
    kind: Kind = Kind.APPEAL,
    code: str = "MAT1",
    at: datetime = NOW,
    student_id: str = AIGERIM,
    attempt: int = 1,
    **how: Any,
) -> Request:
    """File a request of a student about an exam of the winter session."""
    facts: dict[str, Any] = {"reason": "3-сұрақтың жауабы дұрыс деп санаймын"} | how
    async with database.write() as storage:
        student = await storage.students.by_id(student_id)
        assert student
        study = await study_of(storage, student=student, now=at, profile=profile)
        outcome = await file_request(
            storage,
            kind=kind,
            study=study,
            exam=ExamKey(WINTER, code, attempt),
            filed=MessageInstant(at),
            by=student_id,
            now=at,
            profile=profile,
            **facts,
        )
    assert isinstance(outcome, Filed), outcome
    return outcome.request


async def request_of(database: Database, number: int) -> Request:
    """Return a request as it stands."""
    async with database.read() as storage:
        request = await storage.requests.by_id(number)
    assert request
    return request
