"""Two hundred people at once: they read, choose languages, follow invitations, fill in forms, send files.

Each does ten things. Some they do without waiting for the answer to the one before, so that the order within a chat is
put to the test; some can only follow an answer. What was done is remembered, so that it can be compared with what is in
the database and in the chats when all is over.
"""

import asyncio
import csv
import io
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.records import FIRST_USER, fill
from bench.university import MARK_COLUMNS
from bot.jobs.resuming import MOST_BEGINNINGS
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import load_profile
from sandbox.cast import Person, World
from sandbox.files import Upload
from sandbox.state import Json
from services.invitations import invite
from storage.database import Database
from storage.records import Person as Registrar
from tests.whole.scene import Scene, buttons

DEEDS_EACH = 10
NOW = datetime(2026, 6, 10, 5, tzinfo=UTC)
COURSES = 8
FIRST_STRANGER = 3_000_001
FIRST_REGISTRAR = 2_000_001
ROWS_IN_A_FILE = 20
PATIENCE_SECONDS = 20  # how long somebody waits for the bot before they press a button once more
GIVEN_UP = re.compile("дважды дала сбой на этом файле|осы файлмен жұмыс істегенде екі рет істен шықты")
PROFILE = "[service]\nfree_wrong_codes = 100\n"  # so that every wrong code is counted, once for each time it is handled


@dataclass(frozen=True)
class Roll:
    """Who is there: students linked from the start, students with an invitation, strangers, two kinds of registrar."""

    linked: int
    invited: int
    strangers: int
    correcting: int
    loading: int

    @property
    def students(self) -> range:
        """The accounts of all students."""
        return range(FIRST_USER, FIRST_USER + self.linked + self.invited)

    @property
    def registrars(self) -> range:
        """The accounts of all registrars, those who correct first."""
        return range(FIRST_REGISTRAR, FIRST_REGISTRAR + self.correcting + self.loading)

    @property
    def everybody(self) -> list[int]:
        """All accounts."""
        strangers = range(FIRST_STRANGER, FIRST_STRANGER + self.strangers)
        return [*self.students, *strangers, *self.registrars]

    @property
    def deeds(self) -> int:
        """How many updates there will be."""
        return DEEDS_EACH * len(self.everybody)


def roll_of(people: int) -> Roll:
    """Divide so many people: a twentieth corrects, a fortieth loads files, a tenth are strangers."""
    strangers, correcting, loading = people // 10, people // 20, people // 40
    students = people - strangers - correcting - loading
    return Roll(students - students // 2, students // 2, strangers, correcting, loading)


def world_of(roll: Roll) -> World:
    """Return the Telegram of these people."""
    return World(people=tuple(Person(id=one, first_name="Нұрлан", started=True) for one in roll.everybody), start=NOW)


async def populate(database_url: str, folder: Path, roll: Roll) -> dict[int, str]:
    """Fill a database with them; returns the invitation of every student who is not linked."""
    profile = load_profile(None)
    async with Database.open(database_url) as database:
        await fill(database, folder, profile, students=len(roll.students), courses=COURSES)
        async with database.write() as storage:
            for number, user in enumerate(roll.registrars):
                person_id = f"T{number:04}"
                await storage.people.save([Registrar(person_id, Name("Иванова", "Ольга"), Language.RU, None)])
                await storage.roles.grant([RoleGrant(person_id, Role.REGISTRAR)], at=NOW, by=None)
                await storage.accounts.link(user, person_id, at=NOW, consent_version="whole")
            invited = roll.students[roll.linked :]
            persons = {user: await storage.accounts.unlink(user) or "" for user in invited}
            cards = await invite(storage, person_ids=persons.values(), actor=None, now=NOW, profile=profile)
            await storage.commit()
    codes = {card.person_id: card.code for card in cards}
    return {user: codes[person_id] for user, person_id in persons.items()}


@dataclass
class Done:
    """What people did, and what should have come of it."""

    deeds: int = 0
    missing: list[str] = field(default_factory=list)
    languages: dict[int, str] = field(default_factory=dict)
    wrong_codes: Counter[int] = field(default_factory=Counter)
    linked: set[int] = field(default_factory=set)
    corrections: int = 0
    imports: int = 0
    pressed_again: int = 0
    sent_again: int = 0
    asked: dict[int, list[str]] = field(default_factory=dict)
    """By chat: each question that has an answer of its own, in order, as `question_of` finds it in the answer."""


class Crowd:
    """All of them, each with a course of events of their own drawn from a seed."""

    def __init__(self, scene: Scene, roll: Roll, codes: dict[int, str], seed: int) -> None:
        self.scene = scene
        self.roll = roll
        self.done = Done()
        self._codes = codes
        self._seed = seed

    async def live(self) -> None:
        """Let everybody do what they came for."""
        async with asyncio.TaskGroup() as group:
            for user in self.roll.everybody:
                group.create_task(self._live(user))

    async def _live(self, user: int) -> None:
        one = OnePerson(self.scene, self.done, user, Random(self._seed * 1_000_003 + user))
        try:
            if user in self._codes:
                await one.follows_an_invitation(self._codes[user])
            if user in self.roll.students:
                await one.looks_around(DEEDS_EACH - (2 if user in self._codes else 0))
            elif user in self.roll.registrars[: self.roll.correcting]:
                await one.corrects(f"022{user - FIRST_REGISTRAR:05}")
            elif user in self.roll.registrars:
                await one.loads_files()
            else:
                await one.guesses()
        except NoAnswerError as error:
            self.done.missing.append(f"{user}: {error}")


class NoAnswerError(Exception):
    """Somebody waited in vain."""


class OnePerson:
    """One person at their phone."""

    def __init__(self, scene: Scene, done: Done, user: int, chance: Random) -> None:
        self._scene = scene
        self._done = done
        self._user = user
        self._chance = chance
        self._tokens: set[str] = set()
        self._pairs = iter(chance.sample([(a, b) for a in range(50, 100) for b in range(50, 100)], DEEDS_EACH))

    # --- what one does

    def _says(self, text: str) -> None:
        self._act(do="send", text=text)

    def _act(self, **act: object) -> Json:
        self._done.deeds += 1
        return self._scene.people.act({"as": self._user, "chat": self._user, **act})

    def _taps(self, message: Json, prefix: str) -> None:
        self._done.deeds += 1
        self._press(message, prefix)

    def _press(self, message: Json, prefix: str) -> None:
        """Press the first button that sends this, as a finger does: even if the message changes under it."""
        data = next(each for each in buttons(message) if f"{each}:".startswith(f"{prefix}:"))
        self._scene.people.press(
            {"as": self._user, "chat": self._user, "message_id": message["message_id"], "data": data, "forged": True}
        )

    async def _sees(self, what: str, matches: Callable[[Json], bool]) -> Json:
        found = await self._scene.seen(self._user, matches)
        if found is None:
            raise NoAnswerError(what)
        return found

    async def _button(self, prefix: str, *, after: int = 0) -> Json:
        """Wait for the latest message with a button that sends this."""
        return await self._sees(
            f"a button {prefix}", lambda message: message["message_id"] > after and prefix in _sent_by(message)
        )

    # --- reading

    def _asks(self, question: str) -> None:
        self._done.asked.setdefault(self._user, []).append(question)
        self._says(question)

    async def _all_answered(self) -> None:
        for question in self._done.asked[self._user]:
            await self._sees(question, lambda message, question=question: question_of(message) == question)  # type: ignore[misc]

    def _need(self) -> str:
        one, other = next(self._pairs)
        return f"/need {one} {other}"

    async def looks_around(self, deeds: int) -> None:
        """Choose a language, read, ask several things at once, and one thing last."""
        language, burst, reads = self._chooses_language, self._asks_at_once, self._reads
        parts: list[Callable[[], Awaitable[None]]] = [language, burst, reads]
        if deeds == DEEDS_EACH:
            parts.append(language)
        self._chance.shuffle(parts)
        for part in parts:
            await part()
        await self._asks_at_once(1)

    async def _asks_at_once(self, count: int = 3) -> None:
        for _ in range(count):
            self._asks(self._need())
        await self._all_answered()

    async def _reads(self) -> None:
        for question in self._chance.sample(["/marks", "/gpa"], 2):
            self._asks(question)
        await self._all_answered()

    async def _chooses_language(self) -> None:
        before = self._scene.telegram.chats[self._user].last_id
        self._says("/language")
        choice = await self._button("speak", after=before)
        chosen = self._chance.choice(["kk", "ru"])
        self._taps(choice, f"speak:{chosen}")
        self._done.languages[self._user] = chosen
        await self._button("gpa", after=before)  # the menu, in place of the choice or below it

    # --- being linked

    async def follows_an_invitation(self, code: str) -> None:
        """Open the link, agree, and see the menu."""
        self._act(do="start", payload=code)
        self._taps(await self._button("yes"), "yes")
        await self._button("gpa")
        self._done.linked.add(self._user)

    async def guesses(self) -> None:
        """Try nine codes, one after another without waiting, and give up."""
        for number in range(DEEDS_EACH - 1):
            self._act(do="start", payload=f"wrong-{number}")
            self._done.wrong_codes[self._user] += 1
        begun = self._scene.telegram.chats[self._user].last_id
        self._says("?")
        await self._sees("an answer to a stranger", lambda message: message["message_id"] > begun + 1)

    # --- the registrar's office

    async def corrects(self, student_id: str) -> None:
        """Propose one correction, step by step, and ask three questions."""
        begun = self._scene.telegram.chats[self._user].last_id
        self._says("/correct")
        await self._button("stop", after=begun)
        self._says(student_id)
        self._taps(await self._form_with("fix2"), "fix2")
        self._taps(await self._form_with("fix3"), "fix3")
        await self._form_with("fixb")
        self._says("20")
        await self._form_with("fixb")
        self._says("Описка в ведомости")
        proposal = await self._form_with("fix5")
        self._taps(proposal, "fix5")
        self._done.corrections += 1
        await self._sees(
            "the receipt",
            lambda message: message["message_id"] >= proposal["message_id"] and "fixes" in _sent_by(message),
        )
        await self._asks_at_once(2)
        await self._asks_at_once(1)

    async def _form_with(self, prefix: str) -> Json:
        """Wait for the next screen of the form: its buttons carry a token not seen before."""
        shown = await self._sees(
            f"the form with {prefix}",
            lambda message: prefix in _sent_by(message) and _token(message) not in self._tokens,
        )
        self._tokens.add(_token(shown))
        return shown

    async def loads_files(self) -> None:
        """Send three files of marks, load each once it is shown, and ask four questions."""
        for number in range(3):
            await self._loads(self._marks(number))
            self._done.imports += 1
        await self._asks_at_once(3)
        await self._asks_at_once(1)

    async def _loads(self, file: Upload) -> None:
        """Send a file, and load it; when it can still be loaded a while after a kill, press that again.

        A file that was being read at two kills is given up, and that is told: then it is sent again.
        """
        self._done.deeds += 2
        while not await self._is_loaded(file):
            self._done.sent_again += 1

    async def _is_loaded(self, file: Upload) -> bool:
        """Send a file and press until it is loaded; False when it is given up."""
        sent = struck = self._scene.struck  # one may strike between what is shown and the press
        after = self._scene.telegram.chats[self._user].last_id
        self._scene.people.upload({"as": self._user, "chat": self._user, "do": "upload"}, [file])
        shown = await self._offers(file, "load", after=after)
        if not _given_up(shown):
            self._press(shown, "load")
            while not await self._soon(self._offers(file, "undo", after=after)):
                shown = await self._offers(file, after=after)
                if self._scene.struck > struck and "load" in _sent_by(shown):
                    struck = self._scene.struck
                    self._press(shown, "load")
                    self._done.pressed_again += 1
            shown = await self._offers(file, "undo", after=after)
        if _given_up(shown) and self._scene.struck - sent < MOST_BEGINNINGS:
            raise NoAnswerError(f"{file.name} is given up after fewer than {MOST_BEGINNINGS} kills")
        return not _given_up(shown)

    async def _soon(self, what: Awaitable[Json]) -> bool:
        """Tell whether something is seen before patience ends."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await what
        except TimeoutError:
            return False
        return True

    async def _offers(self, file: Upload, prefix: str = "", *, after: int = 0) -> Json:
        """Wait for the latest message about a file with a button that sends this, or that it is given up."""
        return await self._sees(
            f"a button {prefix} below {file.name}",
            lambda message: (
                message["message_id"] > after
                and file.name in message.get("text", "")
                and (not prefix or prefix in _sent_by(message) or _given_up(message))
            ),
        )

    def _marks(self, number: int) -> Upload:
        course = f"IMP{self._user - FIRST_REGISTRAR:03}{number}"
        sheet = io.StringIO()
        writer = csv.writer(sheet)
        writer.writerow(MARK_COLUMNS)
        for student in range(ROWS_IN_A_FILE):
            writer.writerow(
                (
                    f"022{student:05}", "2025-2026/2", course, f"Пән {course}", f"Дисциплина {course}", 5, "written",
                    80, 80, 80, "took", "", 0, "yes", "ЭН-22-0", "2026-06-01", "2026-06-09T18:30:00", 1,
                )
            )  # fmt: skip
        return Upload(sheet.getvalue().encode(), f"{course}.csv", "text/csv")


def _sent_by(message: Json) -> set[str]:
    """Return the prefixes of what the buttons under a message send."""
    return {data.partition(":")[0] for data in buttons(message)}


def _given_up(message: Json) -> bool:
    """Tell whether a message says that a file will not be read again."""
    return GIVEN_UP.search(message.get("text", "")) is not None


def _token(message: Json) -> str:
    """Return the token of a step of a form."""
    return next(data.split(":")[1] for data in buttons(message) if data.startswith("fixb:"))


def question_of(message: Json) -> str | None:
    """Return which of the questions that have an answer of their own a message answers."""
    if "photo" in message:
        return "/gpa"
    if rated := re.match(r"\D+(\d+)\D+(\d+)\n", message.get("text") or ""):
        return f"/need {rated[1]} {rated[2]}" if "need" in _sent_by(message) else None
    return "/marks" if {"course", "marks"} <= _sent_by(message) else None
