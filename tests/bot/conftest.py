"""A university of a few people, a clock that is moved by hand, and a bot to talk to."""

import math
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app import make_dispatcher, make_wording
from bot.delivery.pacing import Pace
from bot.delivery.sender import Sender
from bot.i18n import Texts, load_texts
from bot.screens.start import CONSENT
from policy.people import (
    Funding,
    Language,
    Level,
    Name,
    Role,
    RoleGrant,
    Sex,
    Status,
    Student,
    StudyForm,
)
from policy.profile import Profile, load_profile
from services import invitations
from services.requests.binding import follow_chat
from storage.database import Database
from storage.inbox import Inbox
from storage.migrations import migrate
from storage.records import Person
from tests.telegram import Person as TelegramPerson
from tests.telegram import Telegram

NOW = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)  # a Thursday of the winter session, 10:00 in Almaty


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load_profile(None)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "kenes.db"
    migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
async def database(empty_database: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "kenes.db"
    shutil.copyfile(empty_database, path)
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        await populate(database)
        yield database


@pytest.fixture(scope="session")
def voices(profile: Profile) -> Mapping[Language, Texts]:
    return load_texts(profile.university.zone)


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Inbox]:
    async with Inbox.open(f"sqlite+aiosqlite:///{tmp_path / 'kenes.db'}") as inbox:
        yield inbox


@pytest.fixture
def telegram_of(database: Database, inbox: Inbox, clock: HandClock) -> Callable[[Profile], Telegram]:
    """Give the chats with the bot of a university."""

    def make(profile: Profile, voices: Mapping[Language, Texts] | None = None) -> Telegram:
        voices = voices or load_texts(profile.university.zone)
        dispatcher = make_dispatcher(database=database, profile=profile, clock=clock, voices=voices)
        telegram = Telegram(dispatcher, clock, database, inbox)
        pace = Pace(overall=math.inf)
        telegram.sends_through(
            Sender(
                bot=telegram.bot,
                database=database,
                pace=pace,
                clock=clock,
                wording=make_wording(telegram.bot, profile, voices),
                follow=follow_chat,
            )
        )
        return telegram

    return make


@pytest.fixture
def telegram(
    telegram_of: Callable[[Profile, Mapping[Language, Texts]], Telegram],
    profile: Profile,
    voices: Mapping[Language, Texts],
) -> Telegram:
    return telegram_of(profile, voices)


AIGERIM = "02500001"  # reads Kazakh
DMITRY = "02500002"  # reads Russian
TWIN = "02500003"  # has the same number as the registrar
REGISTRAR = "T0001"
PHONES = {AIGERIM: "77010000001", DMITRY: "77010000002", TWIN: "77010000003", REGISTRAR: "77010000003"}


async def populate(database: Database) -> None:
    """Put a few people into the records."""
    async with database.write() as storage:
        await storage.students.save(
            [
                student(AIGERIM, Name("Ахметова", "Айгерім", "Серікқызы"), Sex.F, Language.KK),
                student(DMITRY, Name("Ким", "Дмитрий"), Sex.M, Language.RU),
                student(TWIN, Name("Өмірзақ", "Әлия", "Нұрланқызы"), Sex.F, Language.KK),
            ]
        )
        registrar = Person(REGISTRAR, Name("Иванова", "Ольга", "Петровна"), Language.RU, PHONES[REGISTRAR])
        await storage.people.save([registrar])
        await storage.roles.grant([RoleGrant(REGISTRAR, Role.REGISTRAR)], at=NOW, by=None)
        await storage.commit()


def student(student_id: str, name: Name, sex: Sex, language: Language) -> Student:
    """A bachelor of the second year."""
    return Student(
        person_id=student_id,
        name=name,
        sex=sex,
        birth_year=2006,
        phone=PHONES[student_id],
        institute="IT",
        degree_programme="6B06101",
        level=Level.BACHELOR,
        form=StudyForm.FULL_TIME,
        year=2,
        group="IS-24-1",
        funding=Funding.GRANT,
        language=language,
        status=Status.ACTIVE,
        penalty=False,
        credits_total=Decimal(60),
    )


@pytest.fixture
def code(database: Database, profile: Profile, clock: HandClock) -> Callable[[str], Awaitable[str]]:
    """Make an invitation for a person and give its code."""

    async def make(person_id: str) -> str:
        async with database.write() as storage:
            (card,) = await invitations.invite(
                storage, person_ids=[person_id], actor=None, now=clock.now(), profile=profile
            )
            await storage.commit()
        return card.code

    return make


@pytest.fixture
def linked(telegram: Telegram, database: Database, clock: HandClock) -> Callable[..., Awaitable[TelegramPerson]]:
    """Link a Telegram account to somebody in the records, and give them to act as."""

    async def make(person_id: str, user_id: int = 1, *, language_code: str = "en") -> TelegramPerson:
        async with database.write() as storage:
            await storage.accounts.link(user_id, person_id, at=clock.now(), consent_version=CONSENT)
            await storage.commit()
        return telegram.person(user_id, "x", language_code=language_code)

    return make
