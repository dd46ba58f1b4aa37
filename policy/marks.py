"""Marks: ratings, exam, final, letter, and what an outcome means (AP 8)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Final

from policy.citation import HOUSE, Citation, Cites, encodes
from policy.dated import Chapter
from policy.decision import Allowed, Decision, Refused
from policy.people import Level
from policy.values import NotAllowedError, choice, number, several, share, switch, table, text, whole

_MARKS: Final = Citation("AP", "8")
_WHOLE: Final = Decimal(1)


class ExamForm(StrEnum):
    """How a course is examined."""

    WRITTEN = "written"
    ORAL = "oral"
    COMPUTER_TEST = "computer_test"
    CREATIVE = "creative"
    STATE = "state"
    PASS = "pass"  # noqa: S105 - a graded pass


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

    @property
    def concluded(self) -> bool:
        """Tell whether something is posted for it: a mark, or an outcome that stands for one."""
        return self.exam is not None or self.outcome not in (None, Outcome.TOOK)


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

    @property
    def standing(self) -> Standing:
        """Return where a course with this letter stands; of the letters that are no pass, only FX may be retaken."""
        if self.passing:
            return Standing.PASSED
        return Standing.FX if self.letter == "FX" else Standing.F


@dataclass(frozen=True, slots=True)
class LetterTable:
    """The letters from the best down; raises NotAllowedError unless they cover 0-100 without gap or overlap."""

    grades: tuple[Grade, ...]
    _by_mark: tuple[Grade, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the rows and lay them out by mark."""
        letters = [grade.letter for grade in self.grades]
        if len(set(letters)) != len(letters):
            raise NotAllowedError(letters, "letters without repetition")
        expected = 100
        for place, grade in enumerate(self.grades):
            row = f"[{place}]"
            if grade.highest != expected:
                raise NotAllowedError(grade.highest, f"{expected}: no gap, no overlap", f"{row}.highest")
            if grade.lowest > grade.highest:
                raise NotAllowedError(grade.lowest, f"a whole number from 0 to {grade.highest}", f"{row}.lowest")
            if place and grade.numeric > self.grades[place - 1].numeric:
                raise NotAllowedError(grade.numeric, "no more than the letter above has", f"{row}.numeric")
            if place and grade.passing and not self.grades[place - 1].passing:
                raise NotAllowedError(grade.traditional, "unsatisfactory, as the letter above is", f"{row}.traditional")
            expected = grade.lowest - 1
        if expected != -1:
            raise NotAllowedError(letters, "rows that go down to 0")
        by_mark = tuple(grade for grade in reversed(self.grades) for _ in range(grade.lowest, grade.highest + 1))
        object.__setattr__(self, "_by_mark", by_mark)

    def __iter__(self) -> Iterator[Grade]:
        """Go from the best letter down."""
        return iter(self.grades)

    def of(self, mark: int) -> Grade:
        """Return the letter of a whole mark; raises ValueError outside 0-100."""
        if not 0 <= mark <= 100:
            raise ValueError(f"{mark} is no mark")
        return self._by_mark[mark]

    def named(self, letter: str) -> Grade:
        """Return a letter's row; raises KeyError."""
        for grade in self.grades:
            if grade.letter == letter:
                return grade
        raise KeyError(letter)


def _letters(value: object) -> LetterTable:
    row = table(
        letter=text,
        numeric=number(0, 100),
        lowest=whole(0, 100),
        highest=whole(0, 100),
        traditional=choice(Traditional),
    )
    return LetterTable(tuple(Grade(**grade) for grade in several(row)(value)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRules(Chapter):
    """The numbers of AP 8 on marks, on one day; see ``parameters/marks.toml``."""

    letters: Annotated[LetterTable, _letters]
    rating_weight: Annotated[Decimal, share]
    exam_weight: Annotated[Decimal, share]
    exam_decides_failure: Annotated[bool, switch]
    admission_rating_minimum: Annotated[Decimal, number(0, 100)]
    missed_percent_maximum: Annotated[Decimal, number(0, 100)]
    missed_percent_levels: Annotated[tuple[Level, ...], several(choice(Level))]

    def __post_init__(self) -> None:
        """Check what the values say together."""
        if self.rating_weight + self.exam_weight != 1:
            raise NotAllowedError(
                str(self.exam_weight), f"{1 - self.rating_weight}: the two weights sum to 1", "exam_weight"
            )


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt amounts to.

    ``admission_rating`` is unrounded; ``exam`` is rounded to a whole point; ``computed`` is the rounded weighted total
    (None while a part of it is missing). ``final`` is that total where it is a result, 0 after a removal, and None
    while pending, after not coming or not being admitted, and where the exam decided failure (M4: show ``computed``
    as what it is, never as a result). ``grade`` is None where there is no letter.
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


def rounded(mark: Decimal) -> int:
    """Return a mark as a whole point, halves up (M2)."""
    return int(mark.quantize(_WHOLE, ROUND_HALF_UP))


def admission_rating(rating1: Decimal | None, rating2: Decimal | None) -> Decimal | None:
    """Return the mean of the two ratings, unrounded (M1); None while one is missing."""
    return None if rating1 is None or rating2 is None else (rating1 + rating2) / 2


def attempt_results(enrolment: Enrolment, rules: MarkRules) -> tuple[Result, ...]:
    """Return what each attempt amounts to, in order; ratings an attempt does not bring are those of the one before."""
    results = []
    rating1 = rating2 = None
    for attempt in enrolment.attempts:
        rating1 = rating1 if attempt.rating1 is None else attempt.rating1
        rating2 = rating2 if attempt.rating2 is None else attempt.rating2
        results.append(_attempt_result(attempt, rating1, rating2, rules))
    return tuple(results)


@encodes("AP 8")
def result(enrolment: Enrolment, rules: MarkRules) -> Result:
    """Return the result that counts: the best pass, else that of the latest attempt with an outcome, else pending.

    A pass with later attempts is one that an appeal or a correction made while a retake was sat, which was needless
    then (X4): it takes nothing away, and what it brings more is kept (ours).
    """
    results = attempt_results(enrolment, rules)
    passed = [one for one in results if one.standing is Standing.PASSED]
    if passed:
        return max(passed, key=lambda one: one.final or 0)
    for one in reversed(results):
        if one.standing is not Standing.PENDING:
            return one
    return results[-1] if results else _attempt_result(Attempt(1), None, None, rules)


def results_until_passed(enrolment: Enrolment, rules: MarkRules) -> tuple[Result, ...]:
    """Return the results of the attempts that were needed, in order: none after the first pass."""
    results = attempt_results(enrolment, rules)
    passed = (place for place, one in enumerate(results, start=1) if one.standing is Standing.PASSED)
    return results[: next(passed, len(results))]


def _attempt_result(attempt: Attempt, rating1: Decimal | None, rating2: Decimal | None, rules: MarkRules) -> Result:
    """Work out the final mark, the letter and the standing (M1-M4, M6)."""
    admitted_with = admission_rating(rating1, rating2)
    exam = computed = final = grade = None
    standing = Standing.PENDING
    exam_decided = False
    cites = rules.cited("letters", "rating_weight")
    if attempt.outcome is Outcome.REMOVED:
        exam = final = 0
        grade = rules.letters.of(0)
        standing = Standing.REMOVED
    elif attempt.outcome in (Outcome.DID_NOT_COME, Outcome.NOT_ADMITTED):
        exam = 0
        standing = Standing(attempt.outcome.value)
    elif attempt.exam is not None:
        exam = rounded(attempt.exam)
        computed, final, grade = _graded(admitted_with, exam, rules)
        if grade is not None:
            standing = grade.standing
            exam_decided = final is None
        if exam_decided:
            cites = rules.cited("letters", "rating_weight", "exam_decides_failure")
    return Result(
        attempt=attempt.number,
        rating1=rating1,
        rating2=rating2,
        admission_rating=admitted_with,
        exam=exam,
        computed=computed,
        final=final,
        grade=grade,
        standing=standing,
        exam_decided=exam_decided,
        cites=cites,
    )


def _graded(rating: Decimal | None, exam: int, rules: MarkRules) -> tuple[int | None, int | None, Grade | None]:
    """Return computed total, final mark and letter of a whole exam mark; no final where the exam decides (M4)."""
    computed = None if rating is None else rounded(weighted(rating, exam, rules))
    of_exam = rules.letters.of(exam)
    if rules.exam_decides_failure and not of_exam.passing:
        return computed, None, of_exam
    return computed, computed, None if computed is None else rules.letters.of(computed)


def weighted(rating: Decimal, exam: int, rules: MarkRules) -> Decimal:
    """Return the weighted total of an admission rating and a whole exam mark, before it is rounded (M2)."""
    return rules.rating_weight * rating + rules.exam_weight * exam


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


@encodes("AP 8")
def admission(enrolment: Enrolment, level: Level, rules: MarkRules) -> Admission:
    """Check the requirements that apply to this course and level; course work only where it is asked for (M5)."""
    latest = attempt_results(enrolment, rules)[-1:]
    rating = latest[0].admission_rating if latest else None
    minimum = rules.admission_rating_minimum
    checks = [
        AdmissionCheck(
            Requirement.RATING,
            None if rating is None else rating >= minimum,
            rating,
            minimum,
            rules.cited("admission_rating_minimum"),
        )
    ]
    if enrolment.course_work is not None:
        work = enrolment.course_work
        checks.append(AdmissionCheck(Requirement.COURSE_WORK, work, work, None, (_MARKS,)))
    fees = enrolment.fees_cleared
    checks.append(AdmissionCheck(Requirement.FEES, fees, fees, None, (_MARKS,)))
    if level in rules.missed_percent_levels:
        missed, maximum = enrolment.missed_percent, rules.missed_percent_maximum
        checks.append(
            AdmissionCheck(
                Requirement.ATTENDANCE,
                None if missed is None else missed <= maximum,
                missed,
                maximum,
                rules.cited("missed_percent_maximum"),
            )
        )
    met = [check.met for check in checks]
    return Admission(tuple(checks), False if False in met else None if None in met else True)


@dataclass(frozen=True, slots=True)
class NeededMark:
    """The smallest whole exam mark that gives a letter, or None where it is out of reach.

    ``final`` is the final mark it makes; None out of reach, and where the exam decides failure.
    """

    grade: Grade
    exam: int | None
    final: int | None


@dataclass(frozen=True, slots=True)
class Needed:
    """What the exam can bring, best letter first; nothing is in reach while the rating is too low for admission."""

    admission_rating: Decimal
    admitted: bool
    marks: tuple[NeededMark, ...]
    cites: Cites


@encodes("AP 8")
def needed(rating1: Decimal, rating2: Decimal, rules: MarkRules) -> Needed:
    """Return the smallest whole exam mark for each letter with these ratings (M8).

    Where the exam decides failure, a letter that passes never needs less than a pass on the exam itself.
    """
    rating = (rating1 + rating2) / 2
    admitted = rating >= rules.admission_rating_minimum
    cheapest: dict[str, NeededMark] = {}
    for exam in range(101) if admitted else ():
        _, final, grade = _graded(rating, exam, rules)
        if grade is not None and grade.letter not in cheapest:
            cheapest[grade.letter] = NeededMark(grade, exam, final)
    marks = tuple(cheapest.get(grade.letter, NeededMark(grade, None, None)) for grade in rules.letters)
    cites = rules.cited("letters", "rating_weight", "admission_rating_minimum", "exam_decides_failure")
    return Needed(rating, admitted, marks, cites)


def looks_like_placeholder(attempt: Attempt) -> bool:
    """Tell whether a 0 in this attempt may stand for "not entered yet" rather than for a mark (ours).

    That is an exam mark of exactly 0 without a word on why, or a rating of exactly 0 while the exam is still to come.
    """
    if attempt.concluded:
        return attempt.exam == 0 and attempt.outcome in (None, Outcome.TOOK)
    return attempt.rating1 == 0 or attempt.rating2 == 0


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


@encodes("AP 8")
def may_change_posted(
    before: Attempt, after: Attempt, *, cause: ChangeCause, sheet_locked: bool
) -> Decision[ChangeRefusal]:
    """Tell whether what is stored for an attempt may become something else (M9).

    What is pending may change. What is posted (ratings, exam mark, outcome) changes by an upheld appeal, which only
    raises the exam mark and only before the sheet is locked, or by a correction; a new sitting is a new attempt.
    """
    if _posted_values(before) == _posted_values(after) or not before.concluded:
        return Allowed((_MARKS,))
    if cause is ChangeCause.CORRECTION:
        return Allowed((HOUSE,))
    if cause is ChangeCause.IMPORT:
        return Refused(ChangeRefusal.ALREADY_POSTED, (_MARKS,))
    if sheet_locked:
        return Refused(ChangeRefusal.SHEET_LOCKED, (_MARKS,))
    others_differ = _posted_values(replace(before, exam=None)) != _posted_values(replace(after, exam=None))
    if before.exam is None or after.exam is None or others_differ:
        return Refused(ChangeRefusal.NOT_THE_EXAM_MARK, (_MARKS,))
    if after.exam < before.exam:
        return Refused(ChangeRefusal.WOULD_FALL, (_MARKS,))
    return Allowed((_MARKS,))


def _posted_values(attempt: Attempt) -> tuple[object, ...]:
    return attempt.rating1, attempt.rating2, attempt.exam, attempt.outcome
