"""Marks: ratings, exam, final, letter, and what an outcome means (AP 8)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from policy.citation import Cites
from policy.decision import Decision
from policy.people import Level


class ExamForm(StrEnum):
    """How a course is examined."""

    WRITTEN = "written"
    ORAL = "oral"
    COMPUTER_TEST = "computer_test"
    CREATIVE = "creative"
    STATE = "state"
    PASS = "pass"


class Outcome(StrEnum):
    """How a sitting ended; nothing yet (pending) is None."""

    TOOK = "took"
    DID_NOT_COME = "did_not_come"
    NOT_ADMITTED = "not_admitted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Course:
    """A course; a name may be missing in one language."""

    code: str
    name_kk: str | None
    name_ru: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sitting: ratings and exam mark 0-100 as posted, unrounded.

    ``posted_at`` starts the appeal clock; ``corrected_at`` is the latest correction of a clerical error, which opens a
    new appeal window.
    """

    number: int
    rating1: Decimal | None = None
    rating2: Decimal | None = None
    exam: Decimal | None = None
    outcome: Outcome | None = None
    exam_date: date | None = None
    posted_at: datetime | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A student in a course in a period, with every attempt in order.

    ``exam_form`` is None where the records do not say yet; ``course_work`` None: none asked, or not known;
    ``missed_percent`` 0-100; ``group`` at the time of the exam.
    """

    student_id: str
    period: str
    course: Course
    credits: Decimal
    exam_form: ExamForm | None
    group: str | None
    course_work: bool | None = None
    missed_percent: Decimal | None = None
    fees_cleared: bool | None = None
    attempts: tuple[Attempt, ...] = ()


class Traditional(StrEnum):
    """The older four-grade scale."""

    EXCELLENT = "excellent"
    GOOD = "good"
    SATISFACTORY = "satisfactory"
    UNSATISFACTORY = "unsatisfactory"


@dataclass(frozen=True, slots=True)
class Grade:
    """A row of the letter table: whole marks ``lowest`` to ``highest``, both inclusive."""

    letter: str
    numeric: Decimal
    lowest: int
    highest: int
    traditional: Traditional

    @property
    def passing(self) -> bool:
        """Tell whether the letter is a pass."""
        return self.traditional is not Traditional.UNSATISFACTORY


class LetterTable:
    """The letters, which cover 0-100 without gap or overlap; iterates from the best down."""

    def of(self, mark: int) -> Grade:
        """Return the letter of a whole mark 0-100."""
        raise NotImplementedError

    def named(self, letter: str) -> Grade:
        """Return a letter's row; raises KeyError."""
        raise NotImplementedError


class Standing(StrEnum):
    """Where a course stands."""

    PENDING = "pending"
    PASSED = "passed"
    FX = "fx"
    F = "f"
    DID_NOT_COME = "did_not_come"
    NOT_ADMITTED = "not_admitted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class MarkRules:
    """The numbers of AP 8 on marks, on one day; see ``parameters/marks.toml``."""

    letters: LetterTable
    rating_weight: Decimal
    exam_weight: Decimal
    exam_decides_failure: bool
    admission_rating_minimum: Decimal
    missed_percent_maximum: Decimal
    missed_percent_levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt amounts to.

    ``admission_rating`` is unrounded; ``exam`` is rounded to a whole point; ``computed`` is the rounded weighted total
    (None while a part of it is missing). ``final`` is that total where it is a result, 0 after a removal, and None while
    pending, after not coming or not being admitted, and where the exam decided failure (M4: show ``computed`` as
    what it is). ``grade`` is None where there is no letter.
    """

    attempt: int
    rating1: Decimal | None
    rating2: Decimal | None
    admission_rating: Decimal | None
    exam: int | None
    computed: int | None
    final: int | None
    grade: Grade | None
    standing: Standing
    exam_decided: bool
    cites: Cites


def attempt_results(enrolment: Enrolment, rules: MarkRules) -> tuple[Result, ...]:
    """Return what each attempt amounts to, in order; an FX retake carries its ratings over."""
    raise NotImplementedError


def result(enrolment: Enrolment, rules: MarkRules) -> Result:
    """Return the result that counts: of the latest attempt with an outcome, else of the latest (pending)."""
    raise NotImplementedError


def with_exam(enrolment: Enrolment, exam: Decimal, rules: MarkRules) -> Result:
    """Return the result the latest attempt would have with this exam mark: for "what if"."""
    raise NotImplementedError


class Requirement(StrEnum):
    """What admission to the exam asks for (M5)."""

    RATING = "rating"
    COURSE_WORK = "course_work"
    FEES = "fees"
    ATTENDANCE = "attendance"


@dataclass(frozen=True, slots=True)
class AdmissionCheck:
    """One requirement with its fact and limit; ``met`` is None while the fact is not known."""

    requirement: Requirement
    met: bool | None
    fact: Decimal | bool | None
    limit: Decimal | None
    cites: Cites


@dataclass(frozen=True, slots=True)
class Admission:
    """Every check; ``admitted`` is False when one fails, None when none fails but some are not known yet."""

    checks: tuple[AdmissionCheck, ...]
    admitted: bool | None


def admission(enrolment: Enrolment, level: Level, rules: MarkRules) -> Admission:
    """Check the requirements that apply to this course and level; course work only where it is asked for."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NeededMark:
    """The smallest whole exam mark that gives a letter, and the final it makes; None where it is out of reach."""

    grade: Grade
    exam: int | None
    final: int | None


@dataclass(frozen=True, slots=True)
class Needed:
    """What the exam can still bring, best letter first; no letter is in reach when the rating is too low for admission."""

    admission_rating: Decimal
    admitted: bool
    marks: tuple[NeededMark, ...]
    cites: Cites


def needed(rating1: Decimal, rating2: Decimal, rules: MarkRules) -> Needed:
    """Return the smallest whole exam mark for each letter with these ratings (M8)."""
    raise NotImplementedError


def looks_like_placeholder(attempt: Attempt) -> bool:
    """Tell whether a 0 in this attempt may stand for "not entered yet" rather than for a mark (ours)."""
    raise NotImplementedError


class ChangeCause(StrEnum):
    """What would change a mark."""

    IMPORT = "import"
    APPEAL = "appeal"
    CORRECTION = "correction"


class ChangeRefusal(StrEnum):
    """Why a mark may not change."""

    ALREADY_POSTED = "already_posted"
    SHEET_LOCKED = "sheet_locked"
    WOULD_FALL = "would_fall"
    NOT_THE_EXAM_MARK = "not_the_exam_mark"


def may_change_posted(
    before: Attempt, after: Attempt, *, cause: ChangeCause, sheet_locked: bool
) -> Decision[ChangeRefusal]:
    """Tell whether what is stored for an attempt may become something else (M9)."""
    raise NotImplementedError


class CorrectionRefusal(StrEnum):
    """Why a correction may not be applied."""

    NO_REASON = "no_reason"
    NOT_CONFIRMED = "not_confirmed"
    CONFIRMED_BY_AUTHOR = "confirmed_by_author"


def may_correct(*, reason: str, author: str, confirmed_by: str | None) -> Decision[CorrectionRefusal]:
    """Tell whether a clerical correction may be applied: a reason, and a second person (M9, ours)."""
    raise NotImplementedError
