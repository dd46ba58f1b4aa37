"""What owed messages say: the kinds there are, each worded when it is sent, in the language of who gets it.

How to owe a new kind of message: write an async function of a `Telling` that returns its screen (None: there is nothing
to say any more), name it in `NOTICES`, and call `services.owing.owe` where the fact is written.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from bot.i18n import Html, Texts
from bot.screen import Button, Elsewhere, File, Screen, Standing
from bot.screens import alerts, corrections, exports, news, outages
from policy.marks import Course
from policy.profile import Profile
from services.corrections import applied_of
from services.importing.exports import LOADED_EXPORT, REFUSED_EXPORT
from services.news import CORRECTED_MARK, NEW_MARKS, UNTOLD_CORRECTION, WITHDRAWN_MARKS, news_of
from services.outages import LOST, TOUCHED
from services.owing import otherwise
from services.watching import ALERT
from storage.outbox import NewOwed, Priority
from storage.unit import Storage

SCREEN = "screen"  # worded when it was owed, as an answer to somebody's own action is; `content` is `stored(screen)`


@dataclass(frozen=True, slots=True)
class Telling:
    """What a kind may ask for: a reader, the voice, whom it is for (None: a chat), the content, and now."""

    storage: Storage
    texts: Texts
    content: Mapping[str, Any]
    person_id: str | None
    now: datetime
    profile: Profile


Notice = Callable[[Telling], Awaitable[Screen | None]]


def owed_screen(
    chat: int, screen: Screen, *, now: datetime, thread: int | None = None, instead_of: Standing | None = None
) -> NewOwed:
    """Return a screen as a message to be owed at once, in place of a standing message where that can be."""
    return NewOwed(
        kind=SCREEN,
        content={**stored(screen), "holds": instead_of.holds if instead_of else None},
        made_at=now,
        chat_id=chat,
        thread_id=thread,
        priority=Priority.ANSWER,
        edits_message_id=instead_of.message_id if instead_of else None,
    )


def owed_elsewhere(told: Elsewhere, *, here: int, now: datetime) -> NewOwed:
    """Return a screen for another chat as a message to be owed; who is `here` is told when it cannot arrive."""
    one = owed_screen(told.chat, told.screen, now=now)
    if told.unreachable is None:
        return one
    return replace(one, content={**one.content, **otherwise(here, SCREEN, stored(told.unreachable))})


def holds(content: Mapping[str, Any]) -> Literal["text", "photo"] | None:
    """Return what the message that a screen takes the place of holds."""
    held: Literal["text", "photo"] | None = content.get("holds")
    return held


def stored(screen: Screen) -> dict[str, Any]:
    """Return a screen as JSON values."""
    packed = asdict(screen)
    packed["buttons"] = [[_packed(button) for button in row] for row in screen.buttons]
    for name in ("picture", "document"):
        if file := getattr(screen, name):
            packed[name] = {"name": file.name, "content": b64encode(file.content).decode()}
    return packed


def restored(packed: Mapping[str, Any]) -> Screen:
    """Return the screen that `stored` wrote, whatever else is there; its buttons hold packed data."""
    files = {
        name: File(packed[name]["name"], b64decode(packed[name]["content"]))
        for name in ("picture", "document")
        if packed[name]
    }
    buttons = [[Button(**button) for button in row] for row in packed["buttons"]]
    kept = {field.name: packed[field.name] for field in fields(Screen)}
    return Screen(**{**kept, **files, "text": Html(packed["text"]), "buttons": buttons})


def _packed(button: Button) -> dict[str, Any]:
    data = button.data if button.data is None or isinstance(button.data, str) else button.data.pack()
    return {"text": button.text, "data": data, "url": button.url}


async def _screen(telling: Telling) -> Screen:
    return restored(telling.content)


async def _touched(telling: Telling) -> Screen:
    return outages.touched(telling.texts, telling.content)


async def _lost(telling: Telling) -> Screen:
    return outages.lost(telling.texts, telling.content)


async def _alert(telling: Telling) -> Screen:
    return alerts.alert(telling.texts, telling.content)


async def _loaded_export(telling: Telling) -> Screen:
    return exports.loaded_export(telling.texts, telling.content)


async def _refused_export(telling: Telling) -> Screen:
    return exports.refused_export(telling.texts, telling.content)


async def _new_marks(telling: Telling) -> Screen | None:
    found = await news_of(
        telling.storage,
        telling.content["marks"],
        student_id=telling.person_id or "",
        now=telling.now,
        profile=telling.profile,
    )
    return news.new_marks(telling.texts, found) if found else None


async def _withdrawn_marks(telling: Telling) -> Screen:
    courses = [(period, Course(**course)) for period, course in telling.content["courses"]]
    return news.withdrawn_marks(telling.texts, courses, telling.content["reason"])


async def _corrected_mark(telling: Telling) -> Screen | None:
    number = telling.content["correction"]
    found = await applied_of(telling.storage, number, now=telling.now, profile=telling.profile)
    return corrections.told_student(telling.texts, *found) if found else None


async def _untold_correction(telling: Telling) -> Screen:
    return corrections.untold(telling.texts, telling.content["correction"])


NOTICES: Mapping[str, Notice] = {
    SCREEN: _screen,
    ALERT: _alert,
    LOADED_EXPORT: _loaded_export,
    REFUSED_EXPORT: _refused_export,
    TOUCHED: _touched,
    LOST: _lost,
    NEW_MARKS: _new_marks,
    WITHDRAWN_MARKS: _withdrawn_marks,
    CORRECTED_MARK: _corrected_mark,
    UNTOLD_CORRECTION: _untold_correction,
}
"""How each kind is worded."""
