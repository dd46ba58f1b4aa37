"""A university whose commission and service desk work in chat: its records, its groups, and phones to act with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiogram.filters.callback_data import CallbackData

from bot.i18n import TAG, Texts, load_texts
from bot.screens.requests.buttons import OpenForm
from bot.screens.review.buttons import BeginVerdict, ConfirmStep, SignCase, StepOn, TakeCase
from bot.words.desks import DESK_WORDS
from policy.calendar import DateSpan, ExamSlot, PeriodDates, PeriodEvent
from policy.marks import Enrolment
from policy.people import Language, Name, Role, RoleGrant
from policy.requests import Queue, RequestState
from sandbox.cast import Group, World
from sandbox.cast import Person as Account
from sandbox.state import Json, Query
from services.calendar import renew_public_days
from storage.database import Database
from storage.records import Person
from storage.requests import Request
from storage.unit import Storage
from tests.storage.examples import student
from tests.whole.scene import IN_A_HURRY, Scene, buttons, scene

ALMATY = ZoneInfo("Asia/Almaty")
AUTUMN, SPRING = "2025-2026/1", "2025-2026/2"
DATES = (
    PeriodDates(AUTUMN, {PeriodEvent.SESSION: DateSpan(date(2025, 12, 8), date(2025, 12, 20))}),
    PeriodDates(SPRING, {PeriodEvent.SESSION: DateSpan(date(2026, 3, 2), date(2026, 3, 14))}),
)
GROUP = "ЭН-25-1"
CHAIR, DEPUTY, SECRETARY, MEMBER, FORMER, DESK, REGISTRAR, ADMIN = (f"T00{number}" for number in range(10, 18))
STAFF: Mapping[str, tuple[Name, Role]] = {
    CHAIR: (Name("Сейітов", "Марат", "Әліұлы"), Role.APPEALS_CHAIR),
    DEPUTY: (Name("Петрова", "Анна", "Ильинична"), Role.APPEALS_DEPUTY),
    SECRETARY: (Name("Жұмабаева", "Гүлнұр"), Role.APPEALS_SECRETARY),
    MEMBER: (Name("Цой", "Виктор"), Role.APPEALS_MEMBER),
    FORMER: (Name("Бұрынғы", "Төлеген"), Role.APPEALS_MEMBER),
    DESK: (Name("Оспанова", "Динара"), Role.SERVICE_DESK),
    REGISTRAR: (Name("Ахметова", "Гүлнар"), Role.REGISTRAR),
    ADMIN: (Name("Ли", "Сергей"), Role.ADMIN),
}
LAST_DAY_OF_FORMER = date(2025, 12, 9)
ACCOUNTS = {person_id: 6_000_001 + number for number, person_id in enumerate(STAFF)}
COMMISSION, SERVICE_DESK = -4_100_000_002, -4_100_000_003
FIRST_STUDENT = 5_000_000
PRESS_SECONDS = 60
REASON = "3-сұрақтың жауабы дұрыс: формула дәл солай шығады."
WHY = "Жауап дұрыс деп танылды."
ABOUT = timedelta(minutes=1)  # what people and the bot do takes the clock a little further
_ANYTHING = "\0"


def local(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, *, year: int = 2025) -> datetime:
    """Return an instant of the university's clock."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ALMATY)


def student_id(number: int) -> str:
    """Return what the records call a student."""
    return f"025{number:05}"


@dataclass(frozen=True)
class Records:
    """What is known about the students: the courses of each by number, and the timetable."""

    enrolments: Mapping[int, tuple[Enrolment, ...]]
    slots: tuple[ExamSlot, ...] = ()


async def populate(database_url: str, records: Records, language: Language, now: datetime) -> None:
    """Put everybody into the records, all reading one language, and link them to their accounts."""
    async with Database.open(database_url) as database, database.write() as storage:
        for number, enrolments in records.enrolments.items():
            one = replace(student(student_id(number), f"Студент{number}", None), language=language, group=GROUP)
            await storage.students.save([one])
            await storage.courses.save([each.course for each in enrolments])
            await storage.marks.save([replace(each, student_id=one.person_id, group=GROUP) for each in enrolments])
            await storage.accounts.link(FIRST_STUDENT + number, one.person_id, at=now, consent_version="whole")
        await storage.people.save([Person(one, name, language) for one, (name, _) in STAFF.items()])
        for person_id, (_, role) in STAFF.items():
            until = LAST_DAY_OF_FORMER if person_id == FORMER else None
            await storage.roles.grant([RoleGrant(person_id, role, until=until)], at=now, by=None)
            await storage.accounts.link(ACCOUNTS[person_id], person_id, at=now, consent_version="whole")
        await storage.calendar.save_dates(DATES)
        await storage.calendar.save_exams(records.slots)
        await renew_public_days(storage, today=now.date())
        await storage.commit()


def world_of(records: Records, start: datetime) -> World:
    """Return the Telegram of these people; the bot is in the staff's two groups."""
    users = [*(FIRST_STUDENT + number for number in records.enrolments), *ACCOUNTS.values()]
    commission = [ACCOUNTS[each] for each in (CHAIR, DEPUTY, SECRETARY, MEMBER, FORMER, ADMIN)]
    return World(
        people=tuple(Account(id=user, first_name="Нұрлан", started=True) for user in users),
        groups=(
            Group(COMMISSION, "Апелляция", tuple(commission), bot="member"),
            Group(SERVICE_DESK, "СҚКО", (ACCOUNTS[DESK], ACCOUNTS[ADMIN]), bot="member"),
        ),
        start=start,
    )


def text_of(message: Json) -> str:
    """Return what a message says."""
    return str(message.get("text") or message.get("caption") or "")


Empty = Callable[[], Awaitable[tuple[str, Path]]]
"""Makes an empty migrated database and a folder for its bot; returns the database's URL and the folder."""


class Phone:
    """One person's view of one chat: what they do there and what they see of the bot."""

    def __init__(self, stage: Scene, texts: Texts, user: int, chat: int) -> None:
        self.texts = texts
        self.user = user
        self.chat = chat
        self._stage = stage
        self._since = 0

    def says(self, text: str) -> Json:
        """Write; what is seen from now on comes after it."""
        done = self._stage.people.act({"as": self.user, "chat": self.chat, "do": "send", "text": text})
        message: Json = done["message"]
        self._since = message["message_id"]
        return message

    def does(self, what: str, **how: object) -> None:
        """Do anything else one does in this chat: block the bot, start it by a link."""
        self._stage.people.act({"as": self.user, "chat": self.chat, "do": what, **how})
        self._since = self._stage.telegram.chats[self.chat].last_id

    async def sees(self, *fragments: str, matching: Callable[[Json], bool] = lambda _: True) -> Json:
        """Return the latest message of the bot since one's own that says all of this, waiting for it."""
        found = await self._stage.seen(
            self.chat,
            lambda message: (
                message["message_id"] >= self._since
                and all(each in text_of(message) for each in fragments)
                and matching(message)
            ),
        )
        if found is None:
            said = "\n---\n".join(map(text_of, self._stage.by_bot(self.chat)[-4:]))
            pytest.fail(f"{self.user} never sees {fragments} in {self.chat}, but:\n{said}\n===\n{self._stage.log()}")
        return found

    async def reads(self, sentence: str, /, **values: object) -> Json:
        """Wait for a sentence of the catalogues in this person's language; values left open are `...`."""
        return await self.sees(*self.parts(sentence, **values))

    def parts(self, sentence: str, /, **values: object) -> list[str]:
        """Return what a sentence of the catalogues says between those of its values that are `...`."""
        given = {place: _ANYTHING if value is ... else value for place, value in values.items()}
        return self.said(sentence, **given).split(_ANYTHING)

    def said(self, sentence: str, /, **values: object) -> str:
        """Return a sentence of the catalogues as this person reads it."""
        return unescape(TAG.sub("", self.texts(sentence, **values)))

    async def press(self, button: type[CallbackData], *holding: object) -> Query:
        """Wait for a message with a button of this kind that holds these values, and press it as a finger does."""

        def wanted(data: str) -> bool:
            kind, *values = data.split(":")
            return kind == button.__prefix__ and all(str(each) in values for each in holding)

        shown = await self.sees(matching=lambda message: any(map(wanted, buttons(message))))
        return self.presses(next(filter(wanted, buttons(shown))), shown["message_id"])

    def presses(self, data: str, message_id: int) -> Query:
        """Press a button, whether it is there or not."""
        act = {"as": self.user, "chat": self.chat, "message_id": message_id, "data": data, "forged": True}
        return self._stage.people.press(act)

    async def told(self, query: Query) -> str:
        """Wait for what the answer to a press says above the chat; nothing when it says nothing."""
        async with asyncio.timeout(PRESS_SECONDS):
            answer = await query.answer
        return str(answer.get("text") or "")


async def opens_form(phone: Phone, command: str) -> None:
    """Choose the exam that can be filed about, and see until when that counts."""
    phone.says(command)
    await phone.press(OpenForm)
    await phone.reads(
        "⏰ Until <b>{until}</b> ({left} left): it has to reach Telegram before that.", until=..., left=...
    )


async def takes(phone: Phone, number: int) -> None:
    """Open a case by its card's link and take it."""
    phone.does("start", payload=f"case-{number}")
    await phone.press(TakeCase, number)
    await phone.reads("👤 You have taken this case.")


async def prepares(phone: Phone, number: int, outcome: RequestState, points: int | None = None) -> None:
    """Open a case by its card's link and prepare a decision."""
    phone.does("start", payload=f"case-{number}")
    await phone.press(BeginVerdict, number, outcome)
    if points:
        await phone.reads("Change the number by the buttons, or write it.")
        phone.says(f"{points}")
        await phone.reads("Points added: <b>+{points}</b>", points=points)
        await phone.press(StepOn)
    await phone.reads("Write the reason: it is told to the student and stands in the protocol.")
    phone.says(WHY)
    await phone.press(ConfirmStep)
    await phone.reads("✅ Prepared. It waits for a signature.")


async def signs(phone: Phone, number: int) -> None:
    """Open a case by its card's link and sign what is proposed."""
    phone.does("start", payload=f"case-{number}")
    await phone.press(SignCase, number)
    await phone.reads("✅ Signed. The student is told.")


def is_card(message: Json, number: int) -> bool:
    """Tell whether a message in a group is the card of this request: a button leads to it."""
    rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return any(button.get("url", "").endswith(f"?start=case-{number}") for row in rows for button in row)


class University:
    """The university with a bot at work and a clock that is moved; begun anew when the clock would have to go back."""

    def __init__(self, records: Records, language: Language, empty: Empty, **more: str) -> None:
        """Work on databases that `empty` makes; `more` is added to the bot's environment."""
        self._more = more
        self.texts = load_texts(ALMATY)[language]
        self._records = records
        self._language = language
        self._empty = empty
        self._open = AsyncExitStack()
        self._stage: Scene | None = None

    @property
    def stage(self) -> Scene:
        """The sandbox and the bot."""
        assert self._stage is not None
        return self._stage

    async def at(self, instant: datetime) -> None:
        """Move the clock there, unless it has just passed it; a new beginning the first time, or back."""
        if self._stage is None or self._stage.quiet.is_set() or self._stage.telegram.clock.now() - instant > ABOUT:
            await self.close()
            await self._begin(instant)
        elif self._stage.telegram.clock.now() < instant:
            self._stage.telegram.clock.move_to(instant)

    async def close(self) -> None:
        """Stop the bot as an operator does."""
        stage, self._stage = self._stage, None
        try:
            if stage is not None:
                await stage.stop()
        finally:
            await self._open.aclose()

    async def _begin(self, instant: datetime) -> None:
        database_url, folder = await self._empty()
        await populate(database_url, self._records, self._language, instant)
        world = world_of(self._records, instant)
        self._stage = await self._open.enter_async_context(
            scene(world, database_url, folder, **IN_A_HURRY, **self._more)
        )
        await self._stage.start()
        await self._stage.until_it_polls()
        for queue, chat in ((Queue.APPEALS, COMMISSION), (Queue.SERVICE_DESK, SERVICE_DESK)):
            admin = self.staff(ADMIN, chat)
            admin.says(f"/bind {queue}")
            await admin.sees(admin.texts.plain(DESK_WORDS[queue].name))

    def student(self, number: int) -> Phone:
        """Give a student's phone."""
        return Phone(self.stage, self.texts, FIRST_STUDENT + number, FIRST_STUDENT + number)

    def staff(self, person_id: str, chat: int | None = None) -> Phone:
        """Give the phone of somebody of the staff: in a group, or their private chat."""
        return Phone(self.stage, self.texts, ACCOUNTS[person_id], chat or ACCOUNTS[person_id])

    @asynccontextmanager
    async def records(self) -> AsyncIterator[Storage]:
        """Open a second session of the database."""
        async with Database.open(self.stage.environment["DATABASE_URL"]) as database, database.read() as storage:
            yield storage

    async def requests(self, number: int) -> tuple[Request, ...]:
        """Return what a student has filed, as the records have it now."""
        async with self.records() as storage:
            return await storage.requests.of_student(student_id(number))
