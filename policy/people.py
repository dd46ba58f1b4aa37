"""The people the regulations speak about, with the values the university's records use."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Language(StrEnum):
    """A language the program speaks."""

    KK = "kk"
    RU = "ru"


class Sex(StrEnum):
    """As in the records."""

    M = "M"
    F = "F"


class Level(StrEnum):
    """Level of study."""

    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


class StudyForm(StrEnum):
    """Form of study."""

    FULL_TIME = "full_time"
    DISTANCE = "distance"
    EVENING = "evening"


class Funding(StrEnum):
    """Who pays."""

    GRANT = "grant"
    FEE = "fee"


class Status(StrEnum):
    """Whether somebody studies now."""

    ACTIVE = "active"
    ACADEMIC_LEAVE = "academic_leave"
    EXPELLED = "expelled"
    GRADUATED = "graduated"


class Role(StrEnum):
    """What somebody may do besides being a student."""

    REGISTRAR = "registrar"
    SERVICE_DESK = "service_desk"
    DEAN_OFFICE = "dean_office"
    QUALITY_COMMISSION = "quality_commission"
    CAREER_CENTRE = "career_centre"
    RECTOR_OFFICE = "rector_office"
    OMBUDSMAN = "ombudsman"
    LECTURER = "lecturer"
    OFFICER = "officer"
    ADMIN = "admin"
    APPEALS_CHAIR = "appeals.chair"
    APPEALS_DEPUTY = "appeals.deputy"
    APPEALS_MEMBER = "appeals.member"
    APPEALS_SECRETARY = "appeals.secretary"
    ELECTION_CHAIR = "election.chair"
    ELECTION_DEPUTY = "election.deputy"
    ELECTION_MEMBER = "election.member"
    ELECTION_SECRETARY = "election.secretary"


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; not everybody has a patronymic."""

    surname: str
    given_name: str
    patronymic: str | None = None

    @property
    def full(self) -> str:
        """Return surname, given name, patronymic."""
        return " ".join(part for part in (self.surname, self.given_name, self.patronymic) if part)

    @property
    def short(self) -> str:
        """Return the surname with initials: "Ахметова Г. С."."""
        initials = (f"{part[0]}." for part in (self.given_name, self.patronymic) if part)
        return " ".join((self.surname, *initials))


@dataclass(frozen=True, slots=True)
class Student:
    """A student as the records have them; ``person_id`` is the student id, ``phone`` as written in the records."""

    person_id: str
    name: Name
    sex: Sex
    birth_year: int
    phone: str | None
    institute: str
    degree_programme: str
    level: Level
    form: StudyForm
    year: int
    group: str
    funding: Funding
    language: Language
    status: Status
    penalty: bool
    credits_total: Decimal
    dormitory: str | None = None


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role somebody holds: for one institute or for all (``scope`` None), to the end of ``until`` or without end."""

    person_id: str
    role: Role
    scope: str | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the term still runs on this day; ``until`` is its last day."""
        return self.until is None or day <= self.until
