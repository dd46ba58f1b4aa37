"""Outlook: what an upheld appeal would bring, shown to whoever decides before they do."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from policy.appeals import may_uphold, upheld
from policy.citation import HOUSE
from policy.decision import Refused
from policy.gpa import Gpa
from policy.marks import Standing
from policy.requests import OPEN, RequestState
from services.requests.cases import Case, CaseRefusal
from services.requests.kinds import KINDS
from services.standing import CourseStanding
from storage.requests import Request


@dataclass(frozen=True, slots=True)
class Outlook:
    """A course and the overall GPA without and with the points; `voided` are retake applications it takes away.

    The marks are those of the exam that is appealed.
    """

    mark_before: Decimal
    mark_after: Decimal
    before: CourseStanding
    after: CourseStanding
    gpa_before: Gpa
    gpa_after: Gpa
    voided: tuple[Request, ...]


def outlook_of(case: Case, points: int) -> Outlook | Refused[Any]:
    """Work out what these points on the exam mark of an appeal lead to, or say why they cannot be added."""
    if case.standing is None or case.attempt is None:
        return Refused(CaseRefusal.UNKNOWN, (HOUSE,))
    allowed = may_uphold(points, case.attempt, sheet_locked=case.reviewed.sheet_locked)
    if isinstance(allowed, Refused):
        return allowed
    raised = upheld(case.attempt, points)
    enrolment = case.standing.enrolment
    attempts = tuple(raised if each.number == raised.number else each for each in enrolment.attempts)
    after = case.study.standing(replace(enrolment, attempts=attempts))
    grade = after.result.grade
    grades = {(enrolment.period, enrolment.course.code): grade} if grade else {}
    still_fx = any(each.attempt == raised.number and each.standing is Standing.FX for each in after.attempts)
    sat = any(each.number > raised.number and each.concluded for each in attempts)
    closed = not still_fx and not sat
    return Outlook(
        mark_before=case.attempt.exam or _ZERO,
        mark_after=raised.exam or _ZERO,
        before=case.standing,
        after=after,
        gpa_before=case.study.gpa,
        gpa_after=case.study.gpa_if(grades),
        voided=tuple(filter(_asks_for_retake, case.earlier)) if closed else (),
    )


_ZERO = Decimal(0)


def _asks_for_retake(request: Request) -> bool:
    return KINDS[request.kind].after_fx and request.state in {*OPEN, RequestState.APPROVED}
