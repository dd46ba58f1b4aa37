"""Every button, command and text with every role: what is not theirs changes nothing, fails nowhere, shows nobody."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from io import BytesIO
from itertools import islice, product
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin
from zipfile import ZipFile

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, TelegramMethod
from aiogram.types import BufferedInputFile
from structlog.testing import capture_logs

from bot.app import COMMANDS
from bot.screens.language import ChooseLanguage
from bot.screens.me import Unlink
from bot.screens.review.buttons import BindQueue, OpenCase, OpenQueue, SetQueueLanguage, TakeCase, UnbindQueue
from bot.words.courses import reference
from policy.profile import Profile
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, REGISTRAR, TWIN, HandClock
from tests.bot.staff import ADMIN, CHAIR
from tests.bot.studies import WINTER
from tests.bot.test_buttons import every_button, kind_of, usual
from tests.bot.world import (
    LAW_CHAIR,
    LAW_REGISTRAR,
    LAW_SECRETARY,
    SECRETS,
    TEACHER,
    World,
    build,
    differing,
    dump,
    settle,
)
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
Button: TypeAlias = type[CallbackData]
HOSTILE = (str(2**63), str(2**64), str(2**63 - 1), "-1", "")
PAPER = "a paper nobody reads here"
LAST = (ChooseLanguage, Unlink)


@dataclass(frozen=True)
class Walker:
    """Who walks: `never` is what they never read, `may` which tables they change by which act."""

    person_id: str | None
    user: int
    never: tuple[str, ...]
    may: Mapping[str, Collection[str]] = field(default_factory=dict)


REASONS = ("жасырын дәлел", "құпия себеп")
FOREIGN = (*SECRETS[AIGERIM], *SECRETS[DMITRY])
INVITES = {"invite": {"changes", "invitations"}}
TEMPLATES = {"tmplx": {"changes", "reason_templates"}, "tmplu": {"changes", "reason_templates"}}
CARRIED = {
    "attempts", "changes", "courses", "enrolments", "imports", "motions", "people", "requests", "role_grants",
    "sheets", "uploads",
}  # fmt: skip
WALKERS = {
    "stranger": Walker(None, 999, (*FOREIGN, *SECRETS[TWIN])),
    "student": Walker(DMITRY, 2, (*SECRETS[AIGERIM], *SECRETS[TWIN])),
    "registrar of an institute": Walker(LAW_REGISTRAR, 300, FOREIGN, INVITES),
    "registrar": Walker(REGISTRAR, 7, REASONS, INVITES | {"drop": {"uploads"}}),
    "secretary": Walker(LAW_SECRETARY, 301, FOREIGN, TEMPLATES),
    "chair": Walker(LAW_CHAIR, 302, FOREIGN, TEMPLATES),
    "lecturer": Walker(TEACHER, 303, ("71,3", "82,7", "57,7", "63,9", "68,1", *REASONS)),
    "admin": Walker(ADMIN, 15, REASONS, INVITES | {"fixy": CARRIED}),
}
OWN = {"speak": {"accounts", "changes"}, "unlink": {"accounts", "changes"}}


@dataclass
class Walk:
    """Somebody who tries everything, and what came of it."""

    world: World
    who: Walker
    person: Person
    path: Path
    database: Database
    token: str | None = None  # of the form they are in
    wrong: list[tuple[str, object]] = field(default_factory=list)

    async def tries(self, what: str, *acts: Callable[[], Awaitable[object]]) -> None:
        """Do something, and keep what it did that it may not."""
        telegram = self.person.telegram
        before, calls = dump(self.path), len(telegram.calls)
        with capture_logs() as logs:
            for act in acts:
                await act()
            await settle(telegram)
        self.wrong += [(what, each) for each in logs if each["log_level"] in {"error", "critical"}]
        if changed := differing(before, dump(self.path)) - {*self.who.may.get(what, ()), *OWN.get(what, ())}:
            self.wrong.append((what, changed))
        for call in telegram.calls[calls:]:
            self.wrong += [(what, (word, text)) for text in self._shown(call) for word in self._read(text)]

    async def form(self) -> None:
        """Find out which form they are in."""
        async with self.database.read() as storage:
            draft = await storage.drafts.of(self.person.user.id, self.person.user.id)
        self.token = draft.content.get("token") if draft else None

    def _shown(self, call: TelegramMethod[Any]) -> Iterator[str]:
        if isinstance(call, AnswerCallbackQuery) or getattr(call, "chat_id", None) == self.person.user.id:
            yield from texts_of(call)

    def _read(self, text: str) -> Iterator[str]:
        for word in (*self.who.never, PAPER):
            if word in text or word.replace(",", ".") in text:
                yield word


def texts_of(call: object) -> Iterator[str]:
    """Go through what a call of the Bot API shows."""
    for name in ("text", "caption"):
        if text := getattr(call, name, None):
            yield text
    for media in getattr(call, "media", None) or ():
        yield from texts_of(media)
    for row in getattr(getattr(call, "reply_markup", None), "inline_keyboard", ()):
        yield from (button.text for button in row)
    document = getattr(call, "document", None)
    if document is not None:
        yield from words_of(document.data) if isinstance(document, BufferedInputFile) else (PAPER,)


def words_of(data: bytes) -> Iterator[str]:
    """Give what a file says, as far as it can be read without laying it out."""
    if data.startswith(b"PK"):
        with ZipFile(BytesIO(data)) as archive:
            yield from (archive.read(name).decode(errors="replace") for name in archive.namelist())
    else:
        yield PAPER if data.startswith(b"%PDF") else data.decode(errors="replace")


def kind(button: Button, name: str) -> type[Any] | None:
    """Return what a field holds; None where it is one of a few words."""
    annotation = button.model_fields[name].annotation
    return None if get_origin(annotation) is Literal else kind_of(annotation)


def values(button: Button, name: str, walk: Walk) -> list[str]:
    """Return what a field may name that is there, and is somebody else's where it can be."""
    held, world = kind(button, name), walk.world
    if held is None:
        return [str(each) for each in get_args(button.model_fields[name].annotation)]
    if issubclass(held, Enum):
        return [str(each.value) for each in held]
    own = {world.own} if walk.who.person_id == DMITRY else set()
    known: dict[str, list[str]] = {
        "number": [str(each) for each in sorted({world.appeal, world.decided, *world.motions, 77} - own)],
        "upload": [str(world.upload), "3"],
        "document": [str(world.document)],
        "user": ["7", "1"],
        "version": ["1", "2", "3"],
        "place": ["0", "1"],
        "after": ["0", "1"],
        "token": [walk.token or "x"],
        "student": [AIGERIM, TWIN],
        "person": [AIGERIM, TWIN, CHAIR],
        "exam": [reference(WINTER, "MAT1")],
        "period": [WINTER],
        "group": [reference(WINTER, "IS-24-1")],
        "seen": [world.seen],
        "section": ["marks", "requests"],
        "year": ["2025-2026"],
        "last": ["2026-01-31"],
    }
    if name == "course" and held is str:
        return [reference(WINTER, "MAT1"), reference(WINTER, "HIS1")]
    return known.get(name, [usual(held)])


def payloads(button: Button, walk: Walk) -> Iterator[str]:
    """Go through what a button could carry: what is there, then what nothing is, field by field."""
    offered = [values(button, name, walk) for name in button.model_fields]
    forged = [
        [hostile if each == place else known[0] for each, known in enumerate(offered)]
        for place, name in enumerate(button.model_fields)
        if walk.token is None and kind(button, name) in {int, str}
        for hostile in HOSTILE
    ]
    for parts in (*islice(product(*offered), 8 if walk.token is None else 3), *forged):
        data = ":".join([button.__prefix__, *parts])
        if len(data.encode()) <= 64:
            yield data


async def press(walk: Walk, buttons: Iterable[Button]) -> None:
    for button in buttons:
        await walk.tries(button.__prefix__, *(partial(walk.person.presses, each) for each in payloads(button, walk)))


@pytest.fixture(params=WALKERS)
async def walk(  # noqa: PLR0917
    request: pytest.FixtureRequest,
    telegram: Telegram,
    database: Database,
    profile: Profile,
    clock: HandClock,
    linked: Linked,
    tmp_path: Path,
) -> Walk:
    olga = await linked(REGISTRAR, 7)
    world = await build(telegram, database, profile, clock, olga)
    who = WALKERS[request.param]
    known = who.person_id not in {None, REGISTRAR}
    person = await linked(who.person_id, who.user) if known else telegram.person(who.user, "x")
    return Walk(world, who, person, tmp_path / "kenes.db", database)


async def test_every_button_whatever_it_carries(walk: Walk) -> None:
    await walk.tries("menu", partial(walk.person.sends, "/menu"))
    await press(walk, (each for each in every_button() if each not in LAST))
    await press(walk, LAST)
    assert walk.wrong == []


async def test_every_command_whatever_is_written_after_it(walk: Walk) -> None:
    forms = [each for each in every_button() if "token" in each.model_fields]
    sends = walk.person.sends
    for command in (*(name for those in COMMANDS.values() for name in those), "corrections", "unbind"):
        await walk.tries(f"/{command}", partial(sends, f"/{command}"))
        for said in (AIGERIM, CHAIR, "1", str(2**64), "01.01-31.01.2026"):
            await walk.tries(f"/{command}: {said}", partial(sends, said))
            await walk.form()
            if walk.token and said in {AIGERIM, CHAIR}:
                await press(walk, forms)
        walk.token = None
        await walk.tries("/cancel", partial(sends, "/cancel"))
        await walk.tries(f"/{command} …", *(partial(sends, f"/{command} {each}") for each in ("1", *HOSTILE)))
        await walk.tries("/cancel", partial(sends, "/cancel"))
    for word in ("case", "queue", "register", "x" * 40):
        await walk.tries(
            "/start", *(partial(sends, f"/start {word}-{each}") for each in ("1", "2", "appeals", *HOSTILE))
        )
    assert walk.wrong == []


async def test_every_button_and_command_of_a_staff_group(walk: Walk) -> None:
    if walk.who.person_id == ADMIN:
        pytest.skip("an administrator binds groups")
    group, person = walk.world.group, walk.person
    for button in (TakeCase, OpenCase, OpenQueue, BindQueue, UnbindQueue, SetQueueLanguage):
        acts = (partial(person.presses, each, in_=group) for each in payloads(button, walk))
        await walk.tries(button.__prefix__, *acts)
    for command in ("queue", "bind", "unbind", "register", "protocol", "marks"):
        said = (partial(person.sends, f"/{command} {each}", in_=group) for each in ("", "appeals", *HOSTILE))
        await walk.tries(f"/{command}", *said)
    assert walk.wrong == []
