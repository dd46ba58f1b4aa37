"""What a registrar must check before marks are loaded: which they are, and until when they can be appealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from policy.appeals import AppealRefusal
from policy.marks import Standing
from services.importing.problems import Notice
from services.importing.wording import texts

SHORT = timedelta(hours=2)
NAMED = 6  # courses and groups


@dataclass(frozen=True, slots=True)
class Closing:
    """When the windows that close by one rule do: the first and the last of them, and how many marks they are for."""

    basis: str
    first: datetime
    last: datetime
    marks: int


@dataclass(frozen=True, slots=True)
class MarksSummary:
    """Marks that an import would bring; ``posted`` counts those with a result, and all below are of them.

    ``courses`` and ``groups`` count rows. ``over`` and ``short`` are the marks, by course, whose windows are over when
    their students hear of them, and those with less than `SHORT` left then, ``short_until`` the first that closes;
    neither counts what nobody is told of because it is older (``history``), nor computer tests, which can be appealed
    only while they run. ``unknown`` says why no window can be told.
    """

    periods: tuple[str, ...]
    courses: Mapping[str, int]
    groups: Mapping[str, int]
    pending: int
    posted: int
    outcomes: Mapping[Standing, int]
    zeros: int
    lowest: Decimal | None
    highest: Decimal | None
    closings: tuple[Closing, ...]
    unknown: Mapping[AppealRefusal, int]
    history: int
    over: Mapping[str, int]
    short: Mapping[str, int]
    short_until: datetime | None

    @property
    def hurries(self) -> tuple[int, int]:
        """How many marks could not be appealed any more, and how many only for a moment: asked about once more."""
        return sum(self.over.values()), sum(self.short.values())

    def facts(self, zone: tzinfo) -> tuple[Notice, ...]:
        """Return it line by line, as texts of wording.toml; what is nothing is left out."""
        told: list[tuple[str, dict[str, object]]] = [
            ("checked_periods", {"what": ", ".join(self.periods)}),
            ("checked_courses", {"n": len(self.courses), "what": _named(self.courses)}),
        ]
        if self.groups:
            told.append(("checked_groups", {"n": len(self.groups), "what": _named(self.groups)}))
        if self.pending:
            told.append(("checked_pending", {"n": self.pending}))
        if self.posted:
            told.append(("checked_posted", {"n": self.posted}))
            told += [
                (f"checked_{standing}", {"n": n})
                for standing in _TOLD_STANDINGS
                if (n := self.outcomes.get(standing, 0))
            ]
            if self.zeros:
                told.append(("checked_zero", {"n": self.zeros}))
        if self.highest is not None:
            told.append(("checked_range", {"lowest": self.lowest, "highest": self.highest}))
        told += [self._closing(each, zone) for each in self.closings]
        told += [(f"no_window_{reason}", {"n": n}) for reason, n in self.unknown.items()]
        if self.history:
            told.append(("marks_of_the_past", {"n": self.history}))
        return tuple(Notice(reason, {name: str(value) for name, value in told_of.items()}) for reason, told_of in told)

    def warnings(self, zone: tzinfo) -> tuple[Notice, ...]:
        """Return what is asked about once more."""
        over, short = self.hurries
        told = []
        if over:
            told.append(Notice("windows_over", {"n": str(over), "what": _named(self.over)}))
        if short:
            until = _instant(self.short_until, zone)
            told.append(Notice("windows_short", {"n": str(short), "what": _named(self.short), "until": until}))
        return tuple(told)

    def _closing(self, closing: Closing, zone: tzinfo) -> tuple[str, dict[str, object]]:
        first, last = _instant(closing.first, zone), _instant(closing.last, zone)
        until = first if first == last else f"{first} – {last}"
        reason = f"window_{closing.basis}"
        return reason if reason in texts() else "window_after_posting", {"n": closing.marks, "until": until}


_TOLD_STANDINGS = (Standing.FX, Standing.F, Standing.DID_NOT_COME, Standing.NOT_ADMITTED, Standing.REMOVED)


def _named(counted: Mapping[str, int]) -> str:
    """Return the largest by name, and how many more there are."""
    names = [f"{name}: {n}" for name, n in sorted(counted.items(), key=lambda each: (-each[1], each[0]))]
    more = f" … +{len(names) - NAMED}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _instant(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M") if at else ""
