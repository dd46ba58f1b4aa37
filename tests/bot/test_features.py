"""Features declare what they bring, and nothing twice."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from bot import handlers
from bot.app import FEATURES
from bot.delivery.worded import SCREEN
from bot.feature import Audience, Feature, NamedCommand, commands_of, merged
from services.owing import REWORDING, WITHDRAWAL


def test_every_module_of_handlers_is_a_feature_that_the_bot_has() -> None:
    named = {file.stem for file in Path(handlers.__path__[0]).glob("*.py")} - {"__init__"}
    assert len(FEATURES) == len(named)


def owed() -> Iterator[str]:
    """Give the kinds of messages that services owe: what they pass as `kind`."""
    for file in Path(services.__path__[0]).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        values = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for argument in call.keywords:
                if argument.arg == "kind" and isinstance(argument.value, ast.Name) and argument.value.id in values:
                    yield values[argument.value.id]


def test_what_is_owed_can_be_worded() -> None:
    known = {*merged(each.notices for each in FEATURES), SCREEN, WITHDRAWAL, REWORDING}
    kinds = set(owed())
    assert len(kinds) > 5
    assert kinds <= known


def test_two_features_do_not_share_a_place_or_a_name() -> None:
    mine, theirs = NamedCommand("a", "A", 0), NamedCommand("b", "B", 0)
    with pytest.raises(ValueError, match="/b"):
        commands_of([Feature(commands=(mine,)), Feature(commands=(theirs,))])
    apart = NamedCommand("b", "B", 0, Audience.OFFICE)
    assert commands_of([Feature(commands=(apart, mine))])[Audience.EVERYBODY] == {"a": "A"}
    with pytest.raises(ValueError, match="card"):
        merged([{"card": 1}, {"card": 2}])
