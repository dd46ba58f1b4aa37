"""Students who file requests, and the staff who answers them: what the tests of requests share."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from policy.decision import Refused
from policy.marks import Enrolment
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import RequestState
from services.requests.reviewing import Acting, Verdict, decide, propose, sign, take
from storage.database import Database
from storage.records import Person as Known
from storage.requests import Document, Request
from tests.bot.conftest import AIGERIM, NOW, HandClock
from tests.bot.studies import course, load, local
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]

PROFILE = load_profile(None)
SECRETARY, CHAIR, DESK, REGISTRAR = "T0101", "T0102", "T0103", "T0001"
REASON = "Үшінші сұраққа жауабым дұрыс, формуланы қараңыз"
MATHS = "Математика"


async def marked(
    database: Database, linked: Linked, *enrolments: Enrolment, student: str = AIGERIM, user: int = 1
) -> Person:
    """Load these courses (an appealable one where there are none) and return their student."""
    those = enrolments or (course("MAT1", "60", posted=local(1, 14, 15)),)
    await load(database, *(replace(each, student_id=student) for each in those))
    return await linked(student, user)


async def appealed(database: Database, linked: Linked, **who: object) -> Person:
    """Return a student who has just appealed a mark of 60."""
    student = await marked(database, linked, **who)  # type: ignore[arg-type]
    await begins(student)
    await student.sends(REASON)
    return student


async def begins(student: Person, command: str = "/appeal", name: str = "Математи") -> None:
    """Open the form of a request about a course."""
    await student.sends(command)
    await student.taps(name)


async def requests_of(database: Database, student_id: str = AIGERIM) -> tuple[Request, ...]:
    """Return what a student has filed."""
    async with database.read() as storage:
        return await storage.requests.of_student(student_id)


async def documents_of(database: Database, number: int = 1) -> tuple[Document, ...]:
    """Return the documents of a request."""
    async with database.read() as storage:
        return await storage.requests.documents_of(number)


async def speaks(database: Database, language: Language, user: int = 1) -> None:
    """Choose a language."""
    async with database.write() as storage:
        await storage.accounts.choose_language(user, language)
        await storage.commit()


async def employ(database: Database) -> None:
    """Give the commission a secretary and a chair, the service desk and the registrar's office somebody."""
    roles = {
        SECRETARY: Role.APPEALS_SECRETARY,
        CHAIR: Role.APPEALS_CHAIR,
        DESK: Role.SERVICE_DESK,
    }
    async with database.write() as storage:
        await storage.people.save([Known(each, Name("Қызметкер", each), Language.KK) for each in roles])
        await storage.roles.grant([RoleGrant(each, role) for each, role in roles.items()], at=NOW, by=None)
        await storage.commit()


def acting(by: str, clock: HandClock) -> Acting:
    """Let somebody of the staff act now."""
    return Acting(by, clock.now(), PROFILE)


async def decided(
    database: Database, clock: HandClock, outcome: RequestState, *, points: int | None = None, number: int = 1
) -> None:
    """Have the commission decide an appeal: the secretary takes and prepares it, the chair signs."""
    async with database.write() as storage:
        await take(storage, number, acting(SECRETARY, clock))
    async with database.write() as storage:
        verdict = Verdict(outcome, "Жауап тексерілді", points)
        done = await propose(storage, number, verdict, acting(SECRETARY, clock))
        assert not isinstance(done, Refused), done
    async with database.write() as storage:
        signed = await sign(storage, number, acting(CHAIR, clock))
        assert not isinstance(signed, Refused), signed


async def settled(database: Database, clock: HandClock, outcome: RequestState, by: str = DESK, number: int = 1) -> None:
    """Have a desk decide an application."""
    async with database.write() as storage:
        done = await decide(storage, number, Verdict(outcome, "Құжаттар тексерілді"), acting(by, clock))
        assert not isinstance(done, Refused), done


def to(clock: HandClock, instant: datetime, *, seconds: int = 0) -> None:
    """Move the clock to an instant."""
    clock.at = instant + timedelta(seconds=seconds)
