"""GPA, the integral GPA and what passing to the next year asks for (AP 8, AP 9, AP 12)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from policy.calendar import academic_year
from policy.citation import HOUSE, Citation, Cites, encodes
from policy.dated import Chapter
from policy.decision import Refused
from policy.marks import Enrolment, Grade, Result, Standing
from policy.people import Level, StudyForm
from policy.values import NotAllowedError, choice, number, several, share, table, weights, whole

_GRADED_PASSES: Final = Citation("AP", "8")
_IGPA: Final = Citation("AP", "9")
_HUNDREDTH: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)


class Part(StrEnum):
    """What an iGPA is made of."""

    GPA = "gpa"
    RESEARCH = "research"
    IROS = "iros"
    SSCI = "ssci"


def _by_part(read: Callable[[object], dict[str, Any]]) -> Callable[[object], Mapping[Part, Decimal]]:
    return lambda value: {Part(name): part for name, part in read(value).items()}


@dataclass(frozen=True, slots=True)
class DayOfYear:
    """A day that comes every year; raises NotAllowedError for one that does not."""

    month: int
    day: int

    def __post_init__(self) -> None:
        """Check that the day comes every year."""
        try:
            self.of(2001)
        except ValueError:
            raise NotAllowedError(self.day, f"a day that month {self.month} has every year", "day") from None

    def of(self, year: int) -> date:
        """Return the day in a year."""
        return date(year, self.month, self.day)


def _day_of_year(value: object) -> DayOfYear:
    return DayOfYear(**table(month=whole(1, 12), day=whole(1, 31))(value))


_COMPONENTS: Final = (Part.RESEARCH, Part.IROS, Part.SSCI)
_PartNumbers = Mapping[Part, Decimal]
_Years = Annotated[tuple[int, ...], several(whole(1, 8))]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpaRules(Chapter):
    """The numbers of the GPA chapters on one day.

    In years 1-2 the GPA and research make up an inner average (``academic_weights``), which weighs
    ``junior_academic_weight`` against the SSCI; in years 3-4 ``senior_weights`` hold.
    """

    scale: Annotated[Decimal, number(1, 100)]
    igpa_levels: Annotated[tuple[Level, ...], several(choice(Level))]
    igpa_forms: Annotated[tuple[StudyForm, ...], several(choice(StudyForm))]
    junior_years: _Years
    senior_years: _Years
    academic_weights: Annotated[_PartNumbers, _by_part(weights(Part.GPA, Part.RESEARCH))]
    junior_academic_weight: Annotated[Decimal, share]
    junior_ssci_weight: Annotated[Decimal, share]
    senior_weights: Annotated[_PartNumbers, _by_part(weights(Part.GPA, Part.IROS, Part.SSCI))]
    component_maxima: Annotated[_PartNumbers, _by_part(table(**dict.fromkeys(_COMPONENTS, number(1, 1000))))]
    block_share_minimum: Annotated[Decimal, share]
    decision_day: Annotated[DayOfYear, _day_of_year]
    winter_intake_decision_day: Annotated[DayOfYear, _day_of_year]

    def __post_init__(self) -> None:
        """Check what the values say together."""
        if self.junior_academic_weight + self.junior_ssci_weight != 1:
            expected = f"{1 - self.junior_academic_weight}: the two weights sum to 1"
            raise NotAllowedError(str(self.junior_ssci_weight), expected, "junior_ssci_weight")
        if set(self.junior_years) & set(self.senior_years):
            raise NotAllowedError(list(self.senior_years), "years that are not among junior_years", "senior_years")


class GpaBlock(StrEnum):
    """What the first block of the promotion check is in the junior years: AP 9 and AP 12 name two things "GPA"."""

    COMPOSITE = "composite"
    GPA = "gpa"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRules(Chapter):
    """How the university reads the conditions of passing to the next year, on one day."""

    gpa_block: Annotated[GpaBlock, choice(GpaBlock)]


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

    @property
    def counts(self) -> Decimal | None:
        """Return what it counts, None while it is left out."""
        if self.standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
            return _ZERO if self.additional_over else None
        return self.numeric


def course_outcome(enrolment: Enrolment, result: Result, *, additional_over: bool) -> CourseOutcome:
    """Return what the GPA needs to know of a course."""
    return CourseOutcome(
        period=enrolment.period,
        course_code=enrolment.course.code,
        credits=enrolment.credits,
        standing=result.standing,
        numeric=None if result.grade is None else result.grade.numeric,
        additional_over=additional_over,
    )


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


@encodes("AP 8")
def gpa(courses: Iterable[CourseOutcome]) -> Gpa:
    """Return the average of these courses weighed by credits, each course once by its latest outcome (G1)."""
    latest: dict[str, CourseOutcome] = {}
    left_out, superseded = [], []
    for course in sorted(courses, key=lambda one: one.period):
        if course.counts is None:
            left_out.append(course)
            continue
        replaced = latest.pop(course.course_code, None)
        if replaced is not None:
            superseded.append(replaced)
        latest[course.course_code] = course
    counted = tuple(latest.values())
    credit_sum = sum((course.credits for course in counted), _ZERO)
    points = sum((course.credits * (course.counts or _ZERO) for course in counted), _ZERO)
    return Gpa(
        value=points / credit_sum if credit_sum else None,
        credits=credit_sum,
        counted=counted,
        left_out=tuple(left_out),
        superseded=tuple(superseded),
        cites=(_GRADED_PASSES, HOUSE),
    )


def gpa_by_period(courses: Iterable[CourseOutcome]) -> dict[str, Gpa]:
    """Return the GPA of each period, periods in order."""
    return _gpa_by(courses, lambda course: course.period)


def gpa_by_year(courses: Iterable[CourseOutcome]) -> dict[str, Gpa]:
    """Return the GPA of each academic year, years in order."""
    return _gpa_by(courses, lambda course: academic_year(course.period))


def _gpa_by(courses: Iterable[CourseOutcome], span: Callable[[CourseOutcome], str]) -> dict[str, Gpa]:
    grouped: dict[str, list[CourseOutcome]] = {}
    for course in courses:
        grouped.setdefault(span(course), []).append(course)
    return {name: gpa(grouped[name]) for name in sorted(grouped)}


def what_if(courses: Iterable[CourseOutcome], grades: Mapping[tuple[str, str], Grade]) -> tuple[CourseOutcome, ...]:
    """Return the courses as if those named by (period, course code) had these letters.

    Raises KeyError for a course that is not among them.
    """
    known = {(course.period, course.course_code): course for course in courses}
    for key, grade in grades.items():
        known[key] = replace(known[key], standing=grade.standing, numeric=grade.numeric)
    return tuple(known.values())


def shown(value: Decimal) -> Decimal:
    """Return a GPA as people see it: two decimals, halves up."""
    return value.quantize(_HUNDREDTH, ROUND_HALF_UP)


def decimals_apart(value: Decimal, required: Decimal) -> int:
    """Return with how many decimals a value is shown that falls short: two, or what it takes to see that it does.

    1.996 of 2 would read 2.00, short by 0.00. Raises ValueError for one that does not fall short.
    """
    if value >= required:
        raise ValueError(f"{value} does not fall short of {required}")
    places = 2
    while value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) >= required:
        places += 1
    return places


@dataclass(frozen=True, slots=True)
class Components:
    """The university's records for an academic year, each on its own scale; None is not known, which is not zero."""

    research: Decimal | None = None
    iros: Decimal | None = None
    ssci: Decimal | None = None


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

    ``inputs`` are the parts, scaled, None where missing; ``weights`` how each part enters the whole (they sum to 1).
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


@encodes("AP 9")
def igpa(
    gpa_value: Decimal | None, components: Components, rules: GpaRules, *, level: Level, form: StudyForm, year: int
) -> Igpa | Refused[IgpaRefusal]:
    """Return the iGPA of somebody who was in this year of study, from the GPA of that academic year (G2-G5, G7).

    Raises ValueError for a part outside its scale.
    """
    formula = _formula(level, form, year, rules)
    if isinstance(formula, Refused):
        return formula
    parts = _scaled(gpa_value, components, rules)
    academic = None
    if formula is Formula.JUNIOR:
        inner = rules.academic_weights
        part_weights = {part: rules.junior_academic_weight * weight for part, weight in inner.items()}
        part_weights[Part.SSCI] = rules.junior_ssci_weight
        if parts[Part.GPA] is not None and parts[Part.RESEARCH] is not None:
            academic = sum(((parts[part] or _ZERO) * weight for part, weight in inner.items()), _ZERO)
        cites = rules.cited("academic_weights", "junior_academic_weight")
    else:
        part_weights = dict(rules.senior_weights)
        cites = rules.cited("senior_weights")
    inputs = {part: parts[part] for part in part_weights}
    missing = tuple(part for part, value in inputs.items() if value is None)
    low = sum((weight * (inputs[part] or _ZERO) for part, weight in part_weights.items()), _ZERO)
    high = low + sum((part_weights[part] * rules.scale for part in missing), _ZERO)
    return Igpa(
        formula=formula,
        inputs=inputs,
        weights=part_weights,
        academic=academic,
        value=None if missing else low,
        low=low,
        high=high,
        missing=missing,
        cites=cites,
    )


def _formula(level: Level, form: StudyForm, year: int, rules: GpaRules) -> Formula | Refused[IgpaRefusal]:
    """Tell which formula holds for somebody, or why none does (G4)."""
    if level not in rules.igpa_levels:
        return Refused(IgpaRefusal.NOT_THIS_LEVEL, rules.cited("igpa_levels"))
    if form not in rules.igpa_forms:
        return Refused(IgpaRefusal.NOT_THIS_FORM, rules.cited("igpa_forms"))
    if year in rules.junior_years:
        return Formula.JUNIOR
    if year in rules.senior_years:
        return Formula.SENIOR
    return Refused(IgpaRefusal.NOT_THIS_YEAR, (_IGPA,))


def _scaled(gpa_value: Decimal | None, components: Components, rules: GpaRules) -> dict[Part, Decimal | None]:
    """Bring every part to the scale of the GPA (G5)."""
    maxima = {Part.GPA: rules.scale, **rules.component_maxima}
    raw = {
        Part.GPA: gpa_value,
        Part.RESEARCH: components.research,
        Part.IROS: components.iros,
        Part.SSCI: components.ssci,
    }
    scaled: dict[Part, Decimal | None] = {}
    for part, value in raw.items():
        if value is not None and not 0 <= value <= maxima[part]:
            raise ValueError(f"{part} {value} is not within 0-{maxima[part]}")
        scaled[part] = None if value is None else value * rules.scale / maxima[part]
    return scaled


class BlockPart(StrEnum):
    """A block of the promotion check; academic: the average of GPA and research."""

    ACADEMIC = "academic"
    GPA = "gpa"
    IROS = "iros"
    SSCI = "ssci"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the promotion check; ``value`` on the scale of the GPA, ``shortfall`` 0 where it is met."""

    part: BlockPart
    value: Decimal | None
    required: Decimal
    shortfall: Decimal | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether somebody passes to the next year: False when a block falls short, None when one is not known yet.

    ``gpa_block`` is what the university takes for the block of the GPA; None in the senior years, where nothing is to
    be chosen.
    """

    blocks: tuple[Block, ...]
    passes: bool | None
    gpa_block: GpaBlock | None
    cites: Cites


@encodes("AP 12")
def promotion(
    gpa_value: Decimal | None,
    components: Components,
    rules: GpaRules,
    reading: PromotionRules,
    *,
    level: Level,
    form: StudyForm,
    year: int,
) -> Promotion | Refused[IgpaRefusal]:
    """Check every block against its minimum share of the maximum (G6); defined for those who have an iGPA.

    What the block of the GPA is in the junior years, and that iROS is asked for in the senior years only, is the
    university's reading. Raises ValueError for a part outside its scale.
    """
    defined = igpa(gpa_value, components, rules, level=level, form=form, year=year)
    if isinstance(defined, Refused):
        return defined
    parts = _scaled(gpa_value, components, rules)
    values: dict[BlockPart, Decimal | None] = {}
    junior = defined.formula is Formula.JUNIOR
    if junior and reading.gpa_block is GpaBlock.COMPOSITE:
        values[BlockPart.ACADEMIC] = defined.academic
    else:
        values[BlockPart.GPA] = parts[Part.GPA]
    if not junior:
        values[BlockPart.IROS] = parts[Part.IROS]
    values[BlockPart.SSCI] = parts[Part.SSCI]
    required = rules.block_share_minimum * rules.scale
    blocks = tuple(_block(part, value, required) for part, value in values.items())
    met = [block.met for block in blocks]
    passes = False if False in met else None if None in met else True
    cites = tuple(dict.fromkeys((*rules.cited("block_share_minimum"), *reading.cited("gpa_block"))))
    return Promotion(blocks, passes, reading.gpa_block if junior else None, cites)


def _block(part: BlockPart, value: Decimal | None, required: Decimal) -> Block:
    if value is None:
        return Block(part, None, required, None, None)
    return Block(part, value, required, max(required - value, _ZERO), value >= required)


@encodes("AP 12")
def promotion_day(year: str, rules: GpaRules, *, winter_intake: bool = False) -> date:
    """Return the day by which promotion after an academic year (``2025-2026``) is decided (G6).

    The winter intake of master's and doctoral students begins half a year later and is decided in the next January.
    """
    ends = int(year.partition("-")[2])
    return rules.winter_intake_decision_day.of(ends + 1) if winter_intake else rules.decision_day.of(ends)
