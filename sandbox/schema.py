"""What each Bot API method takes, by aiogram's models: unknown fields are refused, at every depth."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

import aiogram.methods
from aiogram.client.default import Default
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile, TelegramObject

from sandbox.refusal import bad_request

Check = Callable[[Any, str], Any]
"""Takes a value and the path to it; returns the value decoded; raises ApiRefusal."""


@dataclass(frozen=True)
class Method:
    """One method of the Bot API: its name as documented, its fields, which of them must be there."""

    name: str
    fields: Mapping[str, Check]
    required: tuple[str, ...]

    def decode(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields as Python values (of a form everything is text); raises ApiRefusal."""
        values = {}
        for name, value in given.items():
            check = self.fields.get(name)
            if check is None:
                raise bad_request(f"{self.name} has no field {name!r} (the sandbox refuses what is not documented)")
            values[name] = check(value, name)
        return values


@cache
def method_named(name: str) -> Method | None:
    """Return the method (its name in any case), or None when the Bot API has none such."""
    model = _models().get(name.lower())
    if model is None:
        return None
    model.model_rebuild()  # who put that off needs it now
    return Method(
        name=model.__api_method__,
        fields={field.alias or key: _check_of(field.annotation) for key, field in model.model_fields.items()},
        required=tuple(field.alias or key for key, field in model.model_fields.items() if field.is_required()),
    )


@cache
def _models() -> dict[str, type[TelegramMethod[Any]]]:
    models = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        model.__api_method__.lower(): model
        for model in models
        if isinstance(model, type) and issubclass(model, TelegramMethod) and model is not TelegramMethod
    }


def _check_of(annotation: Any) -> Check:
    if get_origin(annotation) is Annotated:
        return _check_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        choices = tuple(one for one in get_args(annotation) if one not in {NoneType, Default, datetime, timedelta})
        return _check_of(choices[0]) if len(choices) == 1 else _any_of(choices)
    if get_origin(annotation) is list:
        return _array(_check_of(get_args(annotation)[0]))
    if get_origin(annotation) is Literal:
        return _literal(get_args(annotation))
    if isinstance(annotation, type):
        if issubclass(annotation, TelegramObject) and not issubclass(annotation, InputFile):
            return _structure(annotation)
        if issubclass(annotation, bool):
            return _boolean
        if issubclass(annotation, int) and not issubclass(annotation, Enum):
            return _integer
        if issubclass(annotation, datetime | timedelta):
            return _integer
        if issubclass(annotation, float):
            return _number
        if issubclass(annotation, str | Enum | InputFile):
            return _text
    return _anything


def _anything(value: Any, path: str) -> Any:  # noqa: ARG001
    return value


def _text(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return value
    raise bad_request(f'can\'t parse field "{path}": must be of type String')


def _integer(value: Any, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if isinstance(value, str):
            return int(value)
    except ValueError:
        pass
    return _refuse(path, "Number")


def _number(value: Any, path: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return _refuse(path, "Number")


def _boolean(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "yes", "1", "false", "no", "0"}:
        return value.lower() in {"true", "yes", "1"}
    return _refuse(path, "Boolean")


def _refuse(path: str, kind: str) -> NoReturn:
    raise bad_request(f'can\'t parse field "{path}": must be of type {kind}')


def _opened(value: Any, path: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise bad_request(f'can\'t parse field "{path}": not a JSON object') from None


def _array(check: Check) -> Check:
    def array(value: Any, path: str) -> list[Any]:
        items = _opened(value, path)
        if not isinstance(items, list):
            return _refuse(path, "Array")
        return [check(item, f"{path}[{number}]") for number, item in enumerate(items)]

    return array


def _literal(allowed: tuple[Any, ...]) -> Check:
    def literal(value: Any, path: str) -> Any:
        if value not in allowed:
            names = ", ".join(str(getattr(one, "value", one)) for one in allowed)
            raise bad_request(f'can\'t parse field "{path}": {value!r} is none of {names}')
        return value

    return literal


class _Structure:
    """Checks an object of the Bot API: no unknown fields, none missing, its fixed values right."""

    def __init__(self, model: type[TelegramObject]) -> None:
        self._model = model
        model.model_rebuild()
        self._fields = {field.alias or key: field.annotation for key, field in model.model_fields.items()}
        self._fixed = {
            field.alias or key: get_args(field.annotation)
            for key, field in model.model_fields.items()
            if get_origin(field.annotation) is Literal
        }
        self._required = [
            field.alias or key
            for key, field in model.model_fields.items()
            if field.is_required() or (field.alias or key) in self._fixed
        ]

    def likeness(self, value: dict[str, Any]) -> tuple[int, int, int]:
        """Tell how much a value looks like this object: by its fixed values, its required fields, then the others."""
        others = sum(value.get(name) not in allowed for name, allowed in self._fixed.items())
        missing = sum(value.get(name) is None for name in self._required)
        return -others, -missing, len(value.keys() & self._fields.keys())

    def __call__(self, value: Any, path: str) -> dict[str, Any]:
        value = _opened(value, path)
        if not isinstance(value, dict):
            return _refuse(path, "Object")
        name = self._model.__name__
        if unknown := [one for one in value if one not in self._fields]:
            raise bad_request(f"{name} has no field {unknown[0]!r} (in {path})")
        if missing := [one for one in self._required if value.get(one) is None]:
            raise bad_request(f'can\'t parse field "{path}": {name} needs {missing[0]!r}')
        return {
            one: _check_of(self._fields[one])(given, f"{path}.{one}")
            for one, given in value.items()
            if given is not None
        }


_structure = cache(_Structure)


def _any_of(choices: tuple[Any, ...]) -> Check:
    if set(choices) == {int, str}:
        return _chat
    if InputFile in choices:
        return _text
    structures = [_structure(one) for one in choices if isinstance(one, type) and issubclass(one, TelegramObject)]
    if len(structures) < len(choices):
        return _anything

    def any_of(value: Any, path: str) -> Any:
        value = _opened(value, path)
        if not isinstance(value, dict):
            _refuse(path, "Object")
        return max(structures, key=lambda one: one.likeness(value))(value, path)

    return any_of


def _chat(value: Any, path: str) -> int | str:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() else value
    return _integer(value, path)
