"""aiogram's models are built when they are first used, and are what they would have been."""

import re
import subprocess
import sys

import pytest

TELL = """
import {first}
import aiogram.methods, aiogram.types
from pydantic import BaseModel
{then}
models = {{
    each.__name__: each
    for module in (aiogram.types, aiogram.methods)
    for each in map(vars(module).get, module.__all__)
    if isinstance(each, type) and issubclass(each, BaseModel)
}}
print(sum(each.__pydantic_complete__ for each in models.values()) > len(models) / 2)
for name, model in models.items():
    model.model_rebuild()
    each = model.model_fields.items()
    fields = [(key, repr(field.annotation), field.is_required(), field.alias) for key, field in each]
    print(name, model.__pydantic_complete__, fields, model.__pydantic_validator__.title)
"""


def told(first: str, then: str = "") -> list[str]:
    """Return what a process of its own says of the models: whether most are built already, then one after another."""
    command = [sys.executable, "-c", TELL.format(first=first, then=then)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.sub("at 0x[0-9a-f]+", "somewhere", said).splitlines()


@pytest.fixture(scope="module")
def built_at_once() -> list[str]:
    return told("aiogram")


@pytest.mark.parametrize("then", ["", "from bot.delivery.models import warm_up; warm_up()"], ids=["cold", "warm"])
def test_models_are_put_off_and_come_out_the_same(built_at_once: list[str], then: str) -> None:
    at_once, *models = built_at_once
    assert at_once == "True"
    put_off, *same = told("bot", then)
    assert put_off == "False"
    assert len(models) > 400
    assert same == models


def test_where_aiogram_is_there_already_nothing_is_put_off(built_at_once: list[str]) -> None:
    assert told("aiogram, bot") == built_at_once
