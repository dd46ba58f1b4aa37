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

from sandbox.refusal import ApiRefusal, bad_request

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
        choices = [one for one in get_args(annotation) if one not in {NoneType, Default}]
        choices = [one for one in choices if one not in {datetime, timedelta}] or [int]
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
            raise bad_request(f'can\'t parse field "{path}": {value!r} is none of {", ".join(map(str, allowed))}')
        return value

    return literal


@cache
def _structure(model: type[TelegramObject]) -> Check:
    fields: dict[str, Check] = {}
    required: set[str] = set()

    def structure(value: Any, path: str) -> dict[str, Any]:
        value = _opened(value, path)
        if not isinstance(value, dict):
            return _refuse(path, "Object")
        if not fields:
            for key, field in model.model_fields.items():
                name = field.alias or key
                fields[name] = _check_of(field.annotation)
                fixed = get_origin(field.annotation) is Literal or name in {"type", "source"}
                if field.is_required() or (fixed and isinstance(field.default, str)):
                    required.add(name)
        if unknown := [name for name in value if name not in fields]:
            raise bad_request(f"{model.__name__} has no field {unknown[0]!r} (in {path})")
        if missing := [name for name in required if value.get(name) is None]:
            raise bad_request(f'can\'t parse field "{path}": {model.__name__} needs {missing[0]!r}')
        return {name: fields[name](one, f"{path}.{name}") for name, one in value.items() if one is not None}

    def fixed_values(value: Any, path: str) -> dict[str, Any]:
        decoded = structure(value, path)
        for name in required:
            default = model.model_fields[name].default if name in model.model_fields else None
            if isinstance(default, Enum):
                default = default.value
            if isinstance(default, str) and decoded[name] != default:
                raise bad_request(f'can\'t parse field "{path}": {name} {decoded[name]!r} is not {default!r}')
        return decoded

    return fixed_values


def _any_of(choices: list[Any]) -> Check:
    if set(choices) == {int, str}:
        return _chat
    structures = [one for one in choices if isinstance(one, type) and issubclass(one, TelegramObject | list)]
    if not structures or InputFile in choices:
        return _text if str in choices or InputFile in choices else _anything
    checks = [_check_of(one) for one in choices]

    def any_of(value: Any, path: str) -> Any:
        opened = _opened(value, path)
        refusals = []
        for check in checks:
            try:
                return check(opened, path)
            except ApiRefusal as refusal:
                refusals.append(refusal)
        raise _nearest(refusals)

    return any_of


def _chat(value: Any, path: str) -> int | str:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() else value
    return _integer(value, path)


def _nearest(refusals: list[ApiRefusal]) -> ApiRefusal:
    return next((one for one in refusals if "is not" not in str(one) and "needs" not in str(one)), refusals[0])
