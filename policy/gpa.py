"""GPA, the integral GPA and what passing to the next year asks for (AP 8, AP 9, AP 12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from policy.citation import Cites
from policy.decision import Refused
from policy.marks import Enrolment, Grade, Result, Standing
from policy.people import Level, StudyForm


@dataclass(frozen=True, slots=True)
class GpaRules:
    """The numbers of the GPA chapters on one day; weights by the names of what they weigh."""

    scale: Decimal
    igpa_levels: tuple[Level, ...]
    igpa_forms: tuple[StudyForm, ...]
    junior_years: tuple[int, ...]
    senior_years: tuple[int, ...]
    academic_weights: Mapping[str, Decimal]
    junior_weights: Mapping[str, Decimal]
    senior_weights: Mapping[str, Decimal]
    component_maxima: Mapping[str, Decimal]
    block_share_minimum: Decimal
    decision_day: tuple[int, int]
    winter_intake_decision_day: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CourseOutcome:
    """A course as the GPA sees it; ``numeric`` is None where no letter stands.

    ``additional_over``: the additional period of its session has ended, so that not coming counts 0 (G1, X5).
    """

    period: str
    course_code: str
    credits: Decimal
    standing: Standing
    numeric: Decimal | None
    additional_over: bool


def course_outcome(enrolment: Enrolment, result: Result, *, additional_over: bool) -> CourseOutcome:
    """Return what the GPA needs to know of a course."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Gpa:
    """An average; ``value`` is unrounded and None when nothing counts yet.

    ``counted`` are the courses in it; ``left_out`` those that have no outcome yet or wait for the additional period;
    ``superseded`` those that a later enrolment replaced.
    """

    value: Decimal | None
    credits: Decimal
    counted: tuple[CourseOutcome, ...]
    left_out: tuple[CourseOutcome, ...]
    superseded: tuple[CourseOutcome, ...]
    cites: Cites


def gpa(courses: Iterable[CourseOutcome]) -> Gpa:
    """Return the average of these courses, each once by its latest outcome (G1)."""
    raise NotImplementedError


def gpa_by_period(courses: Iterable[CourseOutcome]) -> dict[str, Gpa]:
    """Return the GPA of each period, periods in order."""
    raise NotImplementedError


def gpa_by_year(courses: Iterable[CourseOutcome]) -> dict[str, Gpa]:
    """Return the GPA of each academic year, years in order."""
    raise NotImplementedError


def what_if(courses: Iterable[CourseOutcome], grades: Mapping[tuple[str, str], Grade]) -> tuple[CourseOutcome, ...]:
    """Return the courses as if those named by (period, course code) had these letters.

    Raises KeyError for a course that is not among them.
    """
    raise NotImplementedError


def shown(value: Decimal) -> Decimal:
    """Return a GPA as people see it: two decimals, halves up."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Components:
    """The university's records for an academic year, each on its own scale; None is not known, which is not zero."""

    research: Decimal | None = None
    iros: Decimal | None = None
    ssci: Decimal | None = None


class Part(StrEnum):
    """What an iGPA is made of."""

    GPA = "gpa"
    RESEARCH = "research"
    IROS = "iros"
    SSCI = "ssci"


class Formula(StrEnum):
    """Which of the two formulas holds: years 1-2, or 3-4."""

    JUNIOR = "junior"
    SENIOR = "senior"


class IgpaRefusal(StrEnum):
    """For whom iGPA is not defined (G4)."""

    NOT_THIS_LEVEL = "not_this_level"
    NOT_THIS_FORM = "not_this_form"
    NOT_THIS_YEAR = "not_this_year"


@dataclass(frozen=True, slots=True)
class Igpa:
    """An integral GPA laid open, unrounded, on the scale of the GPA.

    ``inputs`` are the parts scaled, None where missing; ``weights`` how each part enters the whole (they sum to 1).
    ``academic`` is the inner average of years 1-2. ``value`` is None while ``missing`` is not empty; ``low`` and
    ``high`` are then the range it can still take, else both equal ``value``.
    """

    formula: Formula
    inputs: Mapping[Part, Decimal | None]
    weights: Mapping[Part, Decimal]
    academic: Decimal | None
    value: Decimal | None
    low: Decimal
    high: Decimal
    missing: tuple[Part, ...]
    cites: Cites


def igpa(
    level: Level, form: StudyForm, year: int, gpa_value: Decimal | None, components: Components, rules: GpaRules
) -> Igpa | Refused[IgpaRefusal]:
    """Return the iGPA of somebody who was in this year of study, from the GPA of that academic year (G2-G5, G7)."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the promotion check; ``value`` on the scale of the GPA, ``shortfall`` 0 where it is met."""

    part: Part
    value: Decimal | None
    required: Decimal
    shortfall: Decimal | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether somebody passes to the next year: False when a block falls short, None when one is not known yet."""

    blocks: tuple[Block, ...]
    passes: bool | None
    cites: Cites


def promotion(
    level: Level, form: StudyForm, year: int, gpa_value: Decimal | None, components: Components, rules: GpaRules
) -> Promotion | Refused[IgpaRefusal]:
    """Check every block against its minimum share (G6)."""
    raise NotImplementedError


def promotion_day(academic_year: str, rules: GpaRules, *, winter_intake: bool = False) -> date:
    """Return the day by which promotion after an academic year (``2025-2026``) is decided (G6)."""
    raise NotImplementedError
