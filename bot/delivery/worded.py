"""Screens that are owed as they were worded, and how they are stored until they arrive."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, Literal

from bot.i18n import Html
from bot.screen import Button, Elsewhere, File, Paper, Screen, SentBefore, Standing
from services.owing import otherwise
from storage.outbox import NewOwed, Priority

_OF_SCREENS = tuple(field.name for field in fields(Screen))
SCREEN = "screen"  # worded when it was owed, as an answer to somebody's own action is; `content` is `stored(screen)`


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
    packed = {name: getattr(screen, name) for name in _OF_SCREENS}
    packed["buttons"] = [[_packed(button) for button in row] for row in screen.buttons]
    for name in ("picture", "document"):
        match getattr(screen, name):
            case File(of, content):
                packed[name] = {"name": of, "content": b64encode(content).decode()}
            case SentBefore() | Paper() as file:
                packed[name] = asdict(file)
    return packed


def restored(packed: Mapping[str, Any]) -> Screen:
    """Return the screen that `stored` wrote, whatever else is there; its buttons hold packed data."""
    files = {name: _file(packed[name]) for name in ("picture", "document") if packed[name]}
    buttons = [[Button(**button) for button in row] for row in packed["buttons"]]
    kept = {name: packed[name] for name in _OF_SCREENS}
    return Screen(**{**kept, **files, "text": Html(packed["text"]), "buttons": buttons})


def _file(packed: Mapping[str, Any]) -> File | SentBefore | Paper:
    if "file_id" in packed:
        return SentBefore(**packed)
    if "what" in packed:
        return Paper(**packed)
    return File(packed["name"], b64decode(packed["content"]))


def _packed(button: Button) -> dict[str, Any]:
    data = button.data if button.data is None or isinstance(button.data, str) else button.data.pack()
    return {"text": button.text, "data": data, "url": button.url}
