"""What a row itself says of its result, total or letter, against what its marks come to by the rules of their day."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from policy.marks import Attempt, Enrolment, MarkRules, Outcome, Result, Standing, attempt_results, rounded, weighted
from policy.profile import Profile, Rules
from services.importing.parsing import ValueRow

_MISSED = (Standing.DID_NOT_COME, Standing.NOT_ADMITTED)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """In which column a row says something else than its marks make; ``ours`` None: it has no mark at all."""

    column: str
    told: Decimal | str
    ours: str | None


def rules_of(attempt: Attempt, profile: Profile, *, now: datetime) -> Rules:
    """Return the rules an attempt is judged by: of the day of the exam, else of its posting, which may be now."""
    posted_on = (attempt.posted_at or now).astimezone(profile.university.zone).date()
    return profile.on(attempt.exam_date or posted_on)


def disagreement(row: ValueRow, enrolment: Enrolment, attempt: Attempt, rules: MarkRules) -> Disagreement | None:
    """Return what a row says that its attempt does not come to; None where they agree, or one of them says nothing."""
    final = row["final"] if isinstance(row["final"], Decimal) else None
    letter = None if isinstance(row["letter"], Outcome) else row["letter"]
    if final is None and letter is None:
        return None
    if not attempt.concluded:
        if letter is not None:
            return Disagreement("letter", letter, None)
        return Disagreement("final", final, None) if final else None  # a 0 stands for nothing yet
    (result,) = attempt_results(replace(enrolment, attempts=(attempt,)), rules)
    if letter in {grade.letter for grade in rules.letters} and not _is_letter(letter, result, rules):
        return Disagreement("letter", letter, _ours(result))
    if final is not None and not _is_total(final, result, rules):
        return Disagreement("final", final, _ours(result))
    return None


def _is_letter(letter: str, result: Result, rules: MarkRules) -> bool:
    if result.standing in _MISSED:
        return not rules.letters.named(letter).passing
    return result.grade is None or letter == result.grade.letter


def _is_total(final: Decimal, result: Result, rules: MarkRules) -> bool:
    """Tell whether a total is what these marks make.

    Sheets differ in what they print beside an exam that was not passed or did not take place: 0, the weighted total, or
    the mark that failed. None of them says that it was passed.
    """
    total = rounded(final)
    if not 0 <= total <= 100:
        return False
    if result.standing is Standing.REMOVED:
        return total == 0
    rating = result.admission_rating
    if result.standing in _MISSED:
        without_exam = None if rating is None else rounded(weighted(rating, 0, rules))
        return total == without_exam or not rules.letters.of(total).passing
    if result.exam_decided:
        return total in {result.computed, result.exam} or rules.letters.of(total) == result.grade
    return result.final is None or total == result.final


def _ours(result: Result) -> str:
    if result.grade is None:
        return str(result.standing)
    total = result.computed if result.final is None else result.final
    return result.grade.letter if total is None else f"{total}, {result.grade.letter}"
