"""The texts of refusals and notices, in Kazakh, Russian and, for the command line, English."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from services.importing.problems import Notice, Refusal

Tongue = Literal["kk", "ru", "en"]


def describe(problem: Refusal | Notice, language: Tongue) -> str:
    """Return what is wrong or worth knowing, as a sentence; where it is (row, column, value) the caller says."""
    return texts()[problem.reason][language].format_map(problem.arguments)


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return every text: reason -> language -> sentence with named arguments."""
    told: dict[str, dict[str, str]] = tomllib.loads(
        files("services.importing").joinpath("wording.toml").read_text(encoding="utf-8")
    )
    return told
