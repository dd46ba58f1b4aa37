"""No pattern takes more than a few steps a letter of what others write: shown from the patterns themselves.

A pattern that is tried at one place (match, fullmatch) is linear when no two of its unbounded parts can share letters
without a letter between them that is in neither. One that is tried everywhere (search, findall, sub, split) also must
not begin with such a part, unless nothing has to follow it, or it cannot begin in the middle of one.
"""

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "kenes", "policy", "services", "storage")
ONCE = {"match", "fullmatch"}
ALPHABET = "".join(map(chr, [*range(0x500), *range(0x2000, 0x2080), 0x2116, 0x3000]))
FEW = 1000  # at most so many repetitions are as good as none
_CATEGORIES: dict[Any, str] = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
ALL = frozenset(ALPHABET)


def letters(code: Any, value: Any) -> frozenset[str]:
    """Return the letters of the alphabet that one sign of a pattern stands for."""
    if code is codes.LITERAL:
        return frozenset({chr(value)})
    if code is codes.NOT_LITERAL:
        return ALL - {chr(value)}
    if code is codes.RANGE:
        return frozenset(each for each in ALPHABET if value[0] <= ord(each) <= value[1])
    if code is codes.CATEGORY:
        return frozenset(re.findall(_CATEGORIES[value], ALPHABET))
    if code is codes.IN:
        negated = value[0][0] is codes.NEGATE
        told = frozenset().union(*(letters(*each) for each in value[negated:]))
        return ALL - told if negated else told
    return ALL


class Part:
    """A stretch of a pattern: the letters it can hold, whether it must be there, whether it can be of any length."""

    def __init__(self, held: frozenset[str], *, needed: bool, endless: bool) -> None:
        self.held, self.needed, self.endless = held, needed, endless


class Quadratic(Exception):  # noqa: N818 - what a pattern is
    """A pattern that can take more steps than letters."""


def flat(tree: Any) -> Iterator[Part]:
    """Give the parts of a pattern in order, those of alternatives one after another; each may be left out then."""
    for code, value in tree:
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            least, most, body = value
            inner = [*flat(body)]
            if most <= FEW:
                yield from (Part(each.held, needed=each.needed and least > 0, endless=each.endless) for each in inner)
            elif len(inner) == 1 and not inner[0].endless:
                yield Part(inner[0].held, needed=least > 0, endless=True)
            else:
                check([*inner, *inner])  # the end of one turn beside the beginning of the next
                yield Part(frozenset().union(*(each.held for each in inner)), needed=least > 0, endless=True)
        elif code is codes.SUBPATTERN:
            yield from flat(value[3])
        elif code is codes.ATOMIC_GROUP:
            yield from flat(value)
        elif code is codes.BRANCH:
            for branch in value[1]:
                parts = [*flat(branch)]
                check(parts)
                yield from (Part(each.held, needed=False, endless=each.endless) for each in parts)
        elif code in {codes.ASSERT, codes.ASSERT_NOT}:
            if any(each.endless for each in flat(value[1])):
                raise Quadratic("an assertion without end")
        elif code is not codes.AT:
            yield Part(letters(code, value), needed=True, endless=False)


def check(parts: Sequence[Part]) -> None:
    """Raise Quadratic when two endless parts can share letters with nothing between them that keeps them apart."""
    for place, first in enumerate(parts):
        if not first.endless:
            continue
        for later in parts[place + 1 :]:
            if later.endless and first.held & later.held:
                raise Quadratic("two parts without end that can share letters")
            if later.needed and not later.held & first.held:
                break


def prove(pattern: str | bytes, *, once: bool) -> None:
    """Raise Quadratic where it cannot be shown that a pattern takes a few steps a letter."""
    for tree in alternatives([*parser.parse(pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern)]):
        prove_one(tree, once=once)


def alternatives(tree: list[Any]) -> Iterator[list[Any]]:
    """Give what a pattern can be: one for each choice it offers, with and without what it may lack."""
    for place, (code, value) in enumerate(tree):
        if code is codes.SUBPATTERN:
            choices = [value[3]]
        elif code is codes.BRANCH:
            choices = value[1]
        elif code is codes.MAX_REPEAT and value[:2] == (0, 1):
            choices = [[], value[2]]
        else:
            continue
        for choice in choices:
            yield from alternatives([*tree[:place], *choice, *tree[place + 1 :]])
        return
    yield tree


def prove_one(tree: list[Any], *, once: bool) -> None:
    parts = [*flat(tree)]
    check(parts)
    first = next((place for place, part in enumerate(parts) if part.endless), None)
    if once or first is None or not any(part.needed for part in parts[first + 1 :]):
        return
    kept_apart = any(part.needed and not part.held & parts[first].held for part in parts[:first])
    if not kept_apart and not not_within(tree, parts[first].held):
        raise Quadratic("it can begin at each letter of a part without end")


def not_within(tree: Any, held: frozenset[str]) -> bool:
    """Tell whether a pattern begins only where none of these letters stands before it."""
    code, value = tree[0]
    return (
        code is codes.ASSERT_NOT and value[0] < 0 and held <= frozenset().union(*(letters(*each) for each in value[1]))
    )


@cache
def sources() -> dict[str, str]:
    """Return the text of every module by its name."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return {name: path.read_text(encoding="utf-8") for name, path in zip(names, paths, strict=True)}


def written() -> Iterator[tuple[str, str, ast.Call, str]]:
    """Give every call of the re module: where it stands, the function, the call, the name it is kept under."""
    for module, text in sources().items():
        if "import re" not in text:
            continue
        tree = ast.parse(text)
        kept = {
            id(node.value): node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
            ):
                yield module, node.func.attr, node, kept.get(id(node), "")


def used_once(module: str, name: str) -> bool:
    """Tell whether a kept pattern is only ever tried at one place."""
    ways = set(re.findall(rf"\b{name}\.(\w+)\(", sources()[module]))
    return bool(ways) and ways <= ONCE and not any(f"import {name}" in text for text in sources().values())


OWN_TEXTS = {
    ("bot.i18n", "TAG"),  # our catalogues
    ("bot.catalogues", "CYRILLIC"),
    ("bot.catalogues", ""),
    ("storage.holidays", "_MOVED"),  # names the library of holidays gives
}


def test_every_pattern_takes_a_few_steps_a_letter() -> None:
    shown, made = [], []
    for module, function, call, name in written():
        if (module, name) in OWN_TEXTS or function in {"escape", "Pattern"}:
            continue
        once = used_once(module, name) if name else function in ONCE
        told = call.args[0]
        if isinstance(told, ast.Constant) and isinstance(told.value, str | bytes):
            prove(told.value, once=once)
        elif name:
            prove(getattr(importlib.import_module(module), name).pattern, once=once)
        else:
            made.append(module)
            continue
        shown.append((module, name))
    assert len(shown) > 25
    assert made == ["services.spreadsheets.plain"], "shown below"


def test_a_pattern_that_is_made_takes_a_few_steps_a_letter() -> None:
    from services.spreadsheets import plain

    prove(plain._style((1, 20, 300)).pattern, once=False)


@pytest.mark.parametrize(
    "pattern",
    [
        r"№?\s*\d{1,9}(\s*[,;\s]\s*№?\s*\d{1,9})*",
        r"(.+?)\s*[(\[]\s*([^\W_][\w./-]*\d[\w./-]*)\s*[)\]]\s*",
        r"(a+)+b",
        r"(a|b)*(b|c)*d",
        r"\w*\d*x",
        r"(\s*a?)*b",
    ],
)
def test_a_pattern_that_can_take_more_is_found(pattern: str) -> None:
    with pytest.raises(Quadratic):
        prove(pattern, once=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s*[(\[][^)\]]*[)\]]\s*$",
        r"\d{3,}:[A-Za-z0-9_-]{20,}",
        rb"<c\b([^>]*)>\s*<f\b",
        r"\s+x",
        r"(?<!\s)\d+x",
        r"(?:ab)*c",
    ],
)
def test_a_pattern_that_can_take_more_when_it_is_tried_everywhere_is_found(pattern: str | bytes) -> None:
    with pytest.raises(Quadratic):
        prove(pattern, once=False)


@pytest.mark.parametrize("pattern", [r"[\W_]+", r"(?<!\d)\d{3,}:\w", r"</\w+:", r"<f[^<>]*/>", r"a\s*b\s*c", r"\s*a"])
def test_a_pattern_that_takes_a_few_steps_a_letter_is_let_be(pattern: str) -> None:
    prove(pattern, once=pattern == r"\s*a")
