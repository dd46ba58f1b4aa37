"""Who and what a sandbox begins with: the bot, the people, the groups and the instant, as values and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_type_hints
from zoneinfo import available_timezones

T = TypeVar("T")

Tag = Literal["student", "staff", "officer", "guest"]
BotStatus = Literal["administrator", "member", "restricted", "left", "kicked"]


class WorldError(ValueError):
    """A world file names something that cannot be; the text says where and what."""


@dataclass(frozen=True)
class BotAccount:
    """The bot's own Telegram account; `id` must be the number in front of the token's colon."""

    id: int = 7_000_000_001
    username: str = "kenes_demo_bot"
    first_name: str = "Kenes"
    reads_all_group_messages: bool = False


@dataclass(frozen=True)
class Person:
    """A Telegram account one can be on the page.

    `note` is what the page says about the person, by language (``{"kk": ..., "ru": ...}``); `tag` groups them in its
    list; `start` is a ready `/start` payload (an invitation). `started` people have already spoken to the bot: it may
    write to them first. `blocked` people have stopped it. `deactivated` accounts no longer exist.
    """

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "kk"
    phone: str | None = None
    note: Mapping[str, str] = field(default_factory=dict)
    tag: Tag = "guest"
    start: str | None = None
    started: bool = False
    blocked: bool = False
    deactivated: bool = False


@dataclass(frozen=True)
class Group:
    """A group chat; `id` is negative, for a supergroup below -1000000000000. `admins` are members too.

    `bot` is the bot's place in it; a restricted bot is there but may not write.
    """

    id: int
    title: str
    members: tuple[int, ...] = ()
    admins: tuple[int, ...] = ()
    type: Literal["group", "supergroup"] = "group"
    bot: BotStatus = "left"
    is_forum: bool = False


@dataclass(frozen=True)
class World:
    """Everything `make_app` needs; JSON form: the same names (`World.load`, `World.dump`).

    `start` is the aware instant the sandbox's clock begins at, past or future; None is now. From there it only goes
    forward. `zone` is the page's time zone. `history_limit` bounds the messages kept per chat, the oldest
    going first; None keeps all.
    """

    bot: BotAccount = field(default_factory=BotAccount)
    people: tuple[Person, ...] = ()
    groups: tuple[Group, ...] = ()
    start: datetime | None = None
    zone: str = "Asia/Almaty"
    history_limit: int | None = None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "World":
        """Read the JSON form; raises WorldError naming what is unknown, missing or of the wrong kind."""
        parts = dict(given)
        parts["bot"] = _build(BotAccount, parts.get("bot", {}), "bot")
        for name, kind in (("people", Person), ("groups", Group)):
            if not isinstance(parts.get(name, []), list):
                raise WorldError(f"world.{name}: {parts[name]!r} is not a list")
            parts[name] = tuple(_build(kind, one, f"{name}[{n}]") for n, one in enumerate(parts.get(name, ())))
        if isinstance(parts.get("start"), str):
            try:
                parts["start"] = datetime.fromisoformat(parts["start"])
            except ValueError as error:
                raise WorldError(f"world.start: {error}") from None
        return _build(cls, parts, "world")

    @classmethod
    def load(cls, path: Path) -> "World":
        """Read a world file; raises OSError or WorldError."""
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except json.JSONDecodeError as error:
            raise WorldError(f"{path}: not JSON: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = asdict(self)
        form["start"] = self.start and self.start.isoformat()
        return form

    def dump(self, path: Path) -> None:
        """Write a world file."""
        path.write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")

    def __post_init__(self) -> None:
        """Refuse a world that contradicts itself."""
        ids = [person.id for person in self.people]
        if len(set(ids)) != len(ids) or self.bot.id in ids:
            raise WorldError("world: two accounts share an id")
        if self.start is not None and self.start.tzinfo is None:
            raise WorldError(f"world.start: {self.start.isoformat()} has no offset from UTC")
        if self.zone not in available_timezones():
            raise WorldError(f"world.zone: there is no {self.zone}")
        for group in self.groups:
            if group.id >= 0 or (group.type == "supergroup") != (group.id < -1_000_000_000_000):
                raise WorldError(f"group {group.id}: not an id of a {group.type}")
            if strangers := {*group.members, *group.admins} - set(ids):
                raise WorldError(f"group {group.id}: unknown members {sorted(strangers)}")


def _build(kind: type[T], given: Any, where: str) -> T:
    if not isinstance(given, Mapping):
        raise WorldError(f"{where}: {given!r} is not an object")
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(given) - known:
        raise WorldError(f"{where}: unknown {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    hints = get_type_hints(kind)
    for name, value in values.items():
        if not _fits(value, hints[name]):
            raise WorldError(f"{where}.{name}: {value!r} is not {hints[name]}")
    try:
        return kind(**values)
    except TypeError as error:
        raise WorldError(f"{where}: {error}") from None


def _fits(value: object, hint: Any) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    origin = getattr(hint, "__origin__", hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, origin)
