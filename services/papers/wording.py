"""The words of the papers about requests, and how instants, periods and marks stand on them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from policy.marks import Outcome
from policy.people import Language

SUMMER = "3"  # the number of the summer semester among the periods of a year


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return every text: part of a paper -> name -> language -> words with named arguments."""
    told: Mapping[str, Mapping[str, Mapping[str, str]]] = tomllib.loads(
        files("services.papers").joinpath("wording.toml").read_text(encoding="utf-8")
    )
    return told


@dataclass(frozen=True, slots=True)
class Words:
    """The words in one language, for a university in one zone."""

    language: Language
    zone: ZoneInfo

    def __call__(self, part: str, name: str, **arguments: object) -> str:
        """Return the words with their arguments; raises KeyError where there are none."""
        return texts()[part][name][self.language].format_map(arguments)

    def part(self, part: str) -> dict[str, str]:
        """Return all words of a part of a paper by name, arguments open."""
        return {name: words[self.language] for name, words in texts()[part].items()}

    def instant(self, at: datetime) -> str:
        """Return an instant to the second in local time, with how far it was from UTC on that day."""
        local = at.astimezone(self.zone)
        return self("common", "instant", at=f"{local:%d.%m.%Y %H:%M:%S}", zone=_from_utc(local))

    def limit(self, until: datetime, *, filed: datetime) -> str:
        """Return the end of a time limit, and whether something was filed late; midnight is the day before's end."""
        local = until.astimezone(self.zone)
        shown = self.instant(until)
        if local.time() == time.min:
            day = local - timedelta(days=1)
            shown = self("common", "instant", at=f"{day:%d.%m.%Y} 24:00:00", zone=_from_utc(local))
        return self("common", "late", until=shown) if filed >= until else shown

    def period(self, period: str) -> str:
        """Return a period given as `2025-2026/1`."""
        year, _, number = period.partition("/")
        return self("common", "summer" if number == SUMMER else "period", year=year.replace("-", "–"), number=number)

    def mark_as_it_stood(self, value: Decimal | int | None, outcome: Outcome | None) -> str:
        """Return an exam mark, or how the sitting ended without one, or that none was posted."""
        if outcome is not None and outcome is not Outcome.TOOK:
            return self("outcomes", outcome)
        return self("common", "no_mark") if value is None else mark(value)


def day(value: date) -> str:
    """Return a day as both languages write it."""
    return f"{value:%d.%m.%Y}"


def mark(value: Decimal | int) -> str:
    """Return a mark with a comma, without zeros behind it."""
    whole, _, rest = f"{value:f}".partition(".")
    return f"{whole},{rest}" if (rest := rest.rstrip("0")) else whole


def _from_utc(local: datetime) -> str:
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
