"""The profile of a university: every value it may set differently, checked before anything starts."""

import tomllib
import zoneinfo
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_type_hints

from policy.appeals import AppealRules
from policy.citation import HOUSE, Citation
from policy.dated import Chapter, DatedValue, Parameter
from policy.gpa import GpaRules, PromotionRules, promotion_day
from policy.marks import Enrolment, MarkRules
from policy.people import Role
from policy.requests import RequestRules
from policy.retakes import RetakeRules
from policy.values import NotAllowedError, choice, hour, near, several, table, text, text_or_nothing, whole, zone

COLUMNS: Final = "columns"
"""The chapter of a profile that holds no values of rules, but words of files."""

_C = TypeVar("_C", bound=Chapter)


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


def _bilingual(value: object) -> Bilingual:
    return Bilingual(**table(kk=text, ru=text)(value))


def _bilingual_or_nothing(value: object) -> Bilingual:
    return Bilingual(**table(kk=text_or_nothing, ru=text_or_nothing)(value))


def _desk(value: object) -> Desk:
    parts = table(desk=_bilingual, place=_bilingual_or_nothing, hours=_bilingual_or_nothing, phone=text_or_nothing)(
        value
    )
    return Desk(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class University(Chapter):
    """Who and where the university is; ``working_week`` is 5 or 6 days."""

    name: Annotated[Bilingual, _bilingual]
    short_name: Annotated[Bilingual, _bilingual]
    zone: Annotated[zoneinfo.ZoneInfo, zone]
    zone_name: Annotated[Bilingual, _bilingual]
    working_week: Annotated[int, whole(5, 6)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts(Chapter):
    """The desks a refusal may point to."""

    service_desk: Annotated[Desk, _desk]
    registrar: Annotated[Desk, _desk]
    dean_office: Annotated[Desk, _desk]
    appeal_commission: Annotated[Desk, _desk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Chapter):
    """How the program itself behaves (ours)."""

    quiet_from: Annotated[time, hour]
    quiet_until: Annotated[time, hour]
    reminder_lead_hours: Annotated[tuple[int, ...], several(whole(1, 24 * 30))]
    invitation_days: Annotated[int, whole(1, 366)]
    free_wrong_codes: Annotated[int, whole(1, 100)]
    """In a row, before an account has to wait."""
    wrong_code_waits_minutes: Annotated[tuple[int, ...], several(whole(1, 60 * 24))]
    """After each further one; the last stays."""
    link_offer_hours: Annotated[int, whole(1, 24 * 30)]
    """For its owner to agree to a link, and for an old account to let it move."""
    correction_days: Annotated[int, whole(1, 30)]
    """For the second person to confirm."""
    correction_confirmed_by: Annotated[tuple[Role, ...], several(choice(Role))]
    """The roles a second person needs one of."""
    second_human_days: Annotated[int, whole(0, 366)]
    """So long two people are not two where one has moved the other's link, invited them or replaced their phone."""
    undo_alone_minutes: Annotated[int, whole(0, 60)]
    """So long one person takes an import of posted marks back, while nobody has been told of it."""
    read_access_days_after_leaving: Annotated[int, whole(0, 3660)]
    marks_told_days: Annotated[int, whole(0, 366)]
    """Students are told of imported marks that were posted so many days ago at most."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Every regulation's values on one day."""

    marks: MarkRules
    appeals: AppealRules
    retakes: RetakeRules
    gpa: GpaRules
    promotion: PromotionRules


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """What the files of a university call a column, besides the words everybody's are known by.

    ``kind`` and ``column`` are as `services.importing` names them, which also checks them.
    """

    kind: str
    column: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A university's values; ask ``on`` for those of a day."""

    university: University
    contacts: Contacts
    service: Service
    requests: RequestRules
    parameters: Mapping[str, Parameter]
    editions: tuple[tuple[date, Rules], ...]
    """The rules from each day on which some value changes, in order."""
    columns: tuple[OwnColumn, ...] = ()

    def on(self, day: date) -> Rules:
        """Return the rules in force on a day; results from before the first edition are read by the first (ours)."""
        later = bisect_right(self.editions, day, key=lambda edition: edition[0])
        return self.editions[max(later - 1, 0)][1]

    def of(self, enrolment: Enrolment) -> Rules | None:
        """Return the rules a course's marks are read by, never those of today: of the day of its last exam (ours).

        While that is not known, of the day the mark was posted; of an exam still to come, of its day. None while no day
        is known.
        """
        held = [each for each in enrolment.attempts if each.concluded] or enrolment.attempts
        days = [each.exam_date or self._local_day(each.posted_at) for each in held]
        known = [day for day in days if day is not None]
        return self.on(max(known)) if known else None

    def of_year(self, academic_year: str) -> Rules:
        """Return the rules an academic year is judged by: those of the day promotion after it is decided (G6, ours)."""
        _, _, ends = academic_year.partition("-")
        return self.on(promotion_day(academic_year, self.on(date(int(ends), 1, 1)).gpa))

    def _local_day(self, instant: datetime | None) -> date | None:
        return None if instant is None else instant.astimezone(self.university.zone).date()


_UNDATED: Final[Mapping[str, type[Chapter]]] = {
    "university": University,
    "contacts": Contacts,
    "service": Service,
    "requests": RequestRules,
}
_DATED: Final[Mapping[str, type[Chapter]]] = {
    "marks": MarkRules,
    "appeals": AppealRules,
    "retakes": RetakeRules,
    "gpa": GpaRules,
    "promotion": PromotionRules,
}
_CHAPTERS: Final = {**_UNDATED, **_DATED}


def load_profile(path: Path | None) -> Profile:
    """Return the default profile, or that of a university whose TOML file overrides it by the same keys.

    In the file ``[appeals]`` with ``window_days = 3`` replaces a value for good, and
    ``window_days = [{ from = 2026-09-01, value = 3 }]`` from a day on. An overridden value is the university's own and
    cites ``HOUSE``.

    Raises ProfileError for a file that cannot be read, an unknown key, a wrong type or range, a letter table with gaps,
    weights that do not sum to 1, an unknown zone.
    """
    parameters = dict(_defaults())
    chapters = _chapters(path)
    columns = _columns(chapters.pop(COLUMNS, {}))
    for key, raw in _overrides(chapters).items():
        parameters[key] = _overridden(parameters[key], raw)
    dated = [parameter for key, parameter in parameters.items() if key.partition(".")[0] in _DATED]
    complete_from = max(parameter.values[0].first_day for parameter in dated)
    first_days = {value.first_day for parameter in dated for value in parameter.values}
    editions = sorted(first for first in first_days if first >= complete_from)
    return Profile(
        university=_chapter(University, "university", parameters, date.max),
        contacts=_chapter(Contacts, "contacts", parameters, date.max),
        service=_chapter(Service, "service", parameters, date.max),
        requests=_chapter(RequestRules, "requests", parameters, date.max),
        parameters=parameters,
        editions=tuple((first, _rules(parameters, first)) for first in editions),
        columns=columns,
    )


def use_pinned_time_zones() -> None:
    """Make the pinned tzdata win over the system's files (T1); call it before anything else asks for a zone.

    Raises RuntimeError when Almaty is not at UTC+5 in 2026: every deadline would be an hour off.
    """
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        offset = new_year.astimezone(zoneinfo.ZoneInfo("Asia/Almaty")).utcoffset()
    except zoneinfo.ZoneInfoNotFoundError as error:
        raise RuntimeError("the tzdata package is not installed") from error
    if offset != timedelta(hours=5):
        raise RuntimeError(f"the tzdata package is out of date: Almaty at UTC+{offset} on {new_year:%Y-%m-%d}")


@cache
def _readers(chapter: str) -> Mapping[str, Callable[[object], Any]]:
    hints = get_type_hints(_CHAPTERS[chapter], include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


@cache
def _defaults() -> Mapping[str, Parameter]:
    """Read the parameter files; each chapter's fields and its file name the same parameters."""
    parameters = {}
    for chapter in _CHAPTERS:
        entries = _parsed(resources.files("policy").joinpath(f"parameters/{chapter}.toml").read_text(encoding="utf-8"))
        for name in _readers(chapter):
            entry = entries.pop(name)
            key = f"{chapter}.{name}"
            dated = entry.get("values") or [{"from": date.min, "value": entry["value"]}]
            cites = Citation.parse(entry["cites"])
            values = tuple(DatedValue(one["from"], _read(key, one["value"]), cites) for one in dated)
            parameters[key] = Parameter(key, entry["unit"], values)
        if entries:
            raise ProfileError(f"{chapter}.{next(iter(entries))}", "in the parameter file", "a field of the chapter")
    return parameters


def _chapters(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(str(path), str(error), "a readable TOML file in UTF-8") from None


def _columns(kinds: object) -> tuple[OwnColumn, ...]:
    """Read ``[columns.marks] exam = ["..."]``; what kinds and columns there are is checked by who reads files."""
    if not isinstance(kinds, dict):
        raise ProfileError(COLUMNS, kinds, "a table of kinds of files")
    own = []
    for kind, columns in kinds.items():
        if not isinstance(columns, dict):
            raise ProfileError(f"{COLUMNS}.{kind}", columns, "a table of columns")
        for column, words in columns.items():
            try:
                own.append(OwnColumn(kind, column, several(text)(words)))
            except NotAllowedError as error:
                raise _profile_error(f"{COLUMNS}.{kind}.{column}", error) from None
    return tuple(own)


def _overrides(chapters: Mapping[str, object]) -> dict[str, object]:
    """Return a university's values as dotted key -> raw value."""
    raw = {}
    for chapter, entries in chapters.items():
        if chapter not in _CHAPTERS:
            known = (*_CHAPTERS, COLUMNS)
            raise ProfileError(chapter, entries, f"one of {', '.join(known)}{near(chapter, known)}")
        if not isinstance(entries, dict):
            raise ProfileError(chapter, entries, "a table of values")
        for name, value in entries.items():
            readers = _readers(chapter)
            if name not in readers:
                raise ProfileError(f"{chapter}.{name}", value, f"one of {', '.join(readers)}{near(name, readers)}")
            raw[f"{chapter}.{name}"] = value
    return raw


def _overridden(default: Parameter, raw: object) -> Parameter:
    """Put a university's value over the default, for good or from a day on."""
    key = default.key
    if not isinstance(raw, list) or not raw or not all(isinstance(one, dict) and "from" in one for one in raw):
        return replace(default, values=(DatedValue(date.min, _read(key, raw), HOUSE),))
    if key.partition(".")[0] in _UNDATED:
        raise ProfileError(key, raw, "one value: this one does not change on a day")
    values: list[DatedValue] = []
    for place, one in enumerate(raw):
        if set(one) != {"from", "value"}:
            raise ProfileError(f"{key}[{place}]", one, "a table with from and value")
        first = one["from"]
        if isinstance(first, datetime) or not isinstance(first, date):
            raise ProfileError(f"{key}[{place}].from", first, "a day, as 2026-09-01")
        if values and first <= values[-1].first_day:
            raise ProfileError(f"{key}[{place}].from", first, f"a day after {values[-1].first_day}")
        values.append(DatedValue(first, _read(key, one["value"]), HOUSE))
    kept = tuple(value for value in default.values if value.first_day < values[0].first_day)
    return replace(default, values=(*kept, *values))


def _read(key: str, raw: object) -> Any:
    chapter, _, name = key.partition(".")
    try:
        return _readers(chapter)[name](raw)
    except NotAllowedError as error:
        raise _profile_error(key, error) from None


def _profile_error(key: str, error: NotAllowedError) -> ProfileError:
    separator = "." if error.path and not error.path.startswith("[") else ""
    return ProfileError(f"{key}{separator}{error.path}", error.value, error.allowed)


def _chapter(kind: type[_C], name: str, parameters: Mapping[str, Parameter], day: date) -> _C:
    mine = {
        field.name: parameters[f"{name}.{field.name}"].on(day)
        for field in fields(kind)
        if field.init and field.name != "cites"
    }
    values: dict[str, Any] = {field: held.value for field, held in mine.items()}
    try:
        return kind(cites={field: held.cites for field, held in mine.items()}, **values)
    except NotAllowedError as error:
        raise _profile_error(name, error) from None


def _rules(parameters: Mapping[str, Parameter], day: date) -> Rules:
    rules = Rules(
        marks=_chapter(MarkRules, "marks", parameters, day),
        appeals=_chapter(AppealRules, "appeals", parameters, day),
        retakes=_chapter(RetakeRules, "retakes", parameters, day),
        gpa=_chapter(GpaRules, "gpa", parameters, day),
        promotion=_chapter(PromotionRules, "promotion", parameters, day),
    )
    best = next(iter(rules.marks.letters)).numeric
    if best != rules.gpa.scale:
        raise ProfileError("gpa.scale", str(rules.gpa.scale), f"{best}, as the best letter of marks.letters counts")
    return rules


def _parsed(text_of_file: str) -> dict[str, Any]:
    return tomllib.loads(text_of_file, parse_float=Decimal)
