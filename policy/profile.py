"""The profile of a university: every value it may set differently, checked before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

from policy.appeals import AppealRules
from policy.dated import Parameter
from policy.gpa import GpaRules
from policy.marks import MarkRules
from policy.retakes import RetakeRules


class ProfileError(ValueError):
    """A profile that must not be used: which key, what it says, what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        """Keep the three parts, so that whoever shows it can word it."""
        super().__init__(f"{key} = {value!r}; allowed: {allowed}")
        self.key = key
        self.value = value
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in both languages."""

    kk: str
    ru: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a human answers; what the university has not told is empty."""

    desk: Bilingual
    place: Bilingual
    hours: Bilingual
    phone: str


@dataclass(frozen=True, slots=True)
class University:
    """Who and where the university is; ``working_week`` is 5 or 6 days."""

    name: Bilingual
    short_name: Bilingual
    zone: ZoneInfo
    zone_name: Bilingual
    working_week: int


@dataclass(frozen=True, slots=True)
class Contacts:
    """The desks a refusal may point to."""

    service_desk: Desk
    registrar: Desk
    dean_office: Desk
    appeal_commission: Desk


@dataclass(frozen=True, slots=True)
class Service:
    """How the program itself behaves (ours)."""

    quiet_from: time
    quiet_until: time
    reminder_lead_hours: tuple[int, ...]
    invitation_days: int
    free_wrong_codes: int  # in a row, before an account has to wait
    wrong_code_waits_minutes: tuple[int, ...]  # after each further one; the last stays
    move_answer_hours: int  # for the old account to agree that a link moves
    correction_days: int  # for the second person to confirm
    read_access_days_after_leaving: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Every regulation's values on one day."""

    marks: MarkRules
    appeals: AppealRules
    retakes: RetakeRules
    gpa: GpaRules


@dataclass(frozen=True, slots=True)
class Profile:
    """A university's values; ask ``on`` for those of a day (resolved once, then a look-up)."""

    university: University
    contacts: Contacts
    service: Service
    parameters: Mapping[str, Parameter]
    editions: tuple[tuple[date, Rules], ...]

    def on(self, day: date) -> Rules:
        """Return the rules in force on a day; earlier results are read by the oldest edition we know (ours)."""
        raise NotImplementedError


def load_profile(path: Path | None) -> Profile:
    """Return the default profile, or that of a university whose TOML file overrides it by the same keys.

    Raises ProfileError for a file that cannot be read, an unknown key, a wrong type or range, a letter table with gaps,
    weights that do not sum to 1, an unknown zone.
    """
    raise NotImplementedError


def use_pinned_time_zones() -> None:
    """Make the pinned tzdata win over the system's files; raises RuntimeError when Almaty is not at UTC+5 in 2026 (T1)."""
    raise NotImplementedError
