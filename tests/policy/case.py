"""The cases of a rule: sentences with facts and what must come of them, one TOML file per rule."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "cases"

Case = dict[str, Any]


def cases(rule: str) -> pytest.MarkDecorator:
    """Parametrize a test over the cases of ``module.rule``; numbers with a point are exact decimals."""
    entries = tomllib.loads((FOLDER / f"{rule}.toml").read_text(encoding="utf-8"), parse_float=Decimal)["case"]
    return pytest.mark.parametrize("case", [pytest.param(entry, id=entry["name"]) for entry in entries])


def exact(number: int | Decimal | None) -> Decimal | None:
    """Return a case's number as a decimal; what the case leaves out stays out."""
    return None if number is None else Decimal(number)
