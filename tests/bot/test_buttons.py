"""What a button carries is bounded before anything reads it, whichever class of buttons is added."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from enum import Enum, StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import pytest
from aiogram.filters.callback_data import CallbackData as AnyCallbackData

import bot
from bot.buttons import LARGEST, CallbackData
from bot.screens.review.buttons import OpenCase
from bot.screens.review.papers import MakeRegister
from policy.requests import Queue

for module in pkgutil.walk_packages(bot.__path__, "bot."):
    importlib.import_module(module.name)


def every_button() -> list[type[AnyCallbackData]]:
    """Return every class of buttons the bot has."""
    return sorted(_under(AnyCallbackData), key=lambda each: each.__prefix__)


def _under(base: type[AnyCallbackData]) -> Iterator[type[AnyCallbackData]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("bot."):
            if each is not CallbackData:
                yield each
            yield from _under(each)


def kind_of(annotation: Any) -> type[Any]:
    """Return what a field holds where it holds something."""
    if get_origin(annotation) is Annotated:
        return kind_of(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        words: Any = StrEnum
        return cast("type[Any]", words("Words", [(each, each) for each in get_args(annotation)]))
    if get_origin(annotation) in {Union, UnionType}:
        return kind_of(next(each for each in get_args(annotation) if each is not type(None)))
    kind: type[Any] = annotation
    return kind


def usual(kind: type[Any]) -> str:
    """Return a value a button of ours could carry."""
    if issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return {int: "1", bool: "1", str: "x", date: "2026-01-15"}[kind]


FIELDS = [
    (button, name, kind_of(field.annotation))
    for button in every_button()
    for name, field in button.model_fields.items()
]
FORGED = {
    int: [str(LARGEST + 1), str(-LARGEST - 1), str(10**30), "", "one", "1.5", "9" * 5000],
    bool: ["2", "", "maybe"],
    str: ["x" * 65, "Ә" * 33, "\0", "a\nb", "\x1b", "\ud800"],
    date: ["", "2026-02-30", "15.01.2026", "0001-01-01", "9999-12-31", "1999-12-31", "2100-01-01", "99999999999999999"],
}


def packed(button: type[AnyCallbackData], name: str, value: str) -> str:
    fields = button.model_fields.items()
    parts = [value if each == name else usual(kind_of(field.annotation)) for each, field in fields]
    return button.__separator__.join([button.__prefix__, *parts])


def test_there_are_buttons_and_each_stands_on_the_bounded_class() -> None:
    assert len(every_button()) > 100
    assert [each.__name__ for each in every_button() if not issubclass(each, CallbackData)] == []


@pytest.mark.parametrize("button", every_button(), ids=lambda each: each.__name__)
def test_a_button_unpacks_what_is_usual(button: type[AnyCallbackData]) -> None:
    whole = packed(button, "", "")
    assert button.unpack(whole).pack() == whole


@pytest.mark.parametrize(("button", "name", "kind"), FIELDS, ids=lambda each: getattr(each, "__name__", each))
def test_a_button_unpacks_nothing_that_no_button_of_ours_has(
    button: type[AnyCallbackData], name: str, kind: type[Any]
) -> None:
    forged = ["nothing like it", ""] if issubclass(kind, Enum) else FORGED[kind]
    field = button.model_fields[name]
    for value in forged:
        if value == "" and not field.is_required():
            continue  # aiogram reads it as the default
        with pytest.raises(ValueError):  # noqa: PT011 - what aiogram's filter takes for no press of this button
            button.unpack(packed(button, name, value))


def test_the_largest_number_and_the_days_of_our_time_are_carried() -> None:
    assert OpenCase.unpack(f"case:{LARGEST}:0").number == LARGEST
    written = MakeRegister(queue=Queue.APPEALS, first=date(2026, 1, 1), last=date(2026, 1, 31)).pack()
    assert written == "regx:appeals:2026-01-01:2026-01-31"
    assert MakeRegister.unpack(written).last == date(2026, 1, 31)


def test_a_class_that_does_not_stand_on_it_would_be_found() -> None:
    class Unbounded(AnyCallbackData, prefix="unbounded"):
        number: int

    Unbounded.__module__ = "bot.screens.new"
    assert Unbounded in every_button()
    assert Unbounded.unpack(f"unbounded:{10**30}").number == 10**30
    Unbounded.__module__ = __name__
    assert Unbounded not in every_button()
