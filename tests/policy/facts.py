"""Facts that tests of the policy are made of."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from policy.appeals import Stood
from policy.calendar import Calendar, DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.profile import Rules, load_profile
from tests.policy.case import Case, exact

ALMATY = ZoneInfo("Asia/Almaty")

RULES: Rules = load_profile(None).on(date(2026, 1, 10))

_HOLIDAYS = {
    date(2026, 1, 1): "Жаңа жыл",
    date(2026, 1, 2): "Жаңа жыл",
    date(2026, 1, 7): "Рождество",
    date(2026, 3, 9): "8 наурыздан ауыстырылған демалыс",
    date(2026, 3, 23): "Наурыз мейрамы",
    date(2026, 3, 24): "Наурыз мейрамы",
    date(2026, 3, 25): "Наурыз мейрамы",
    date(2026, 1, 30): "университет күні",
}
_WORKED = {date(2026, 1, 24): "жұмыс сенбісі"}

SPECIAL_DAYS = {
    day: SpecialDay(day, working, name, name, DaySource.STATE)
    for days, working in ((_HOLIDAYS, False), (_WORKED, True))
    for day, name in days.items()
}

CALENDAR = Calendar(ALMATY, 5, SPECIAL_DAYS)


def attempt(number: int, facts: Case) -> Attempt:
    """Make an attempt of what a case says about it."""
    return Attempt(
        number=number,
        rating1=exact(facts.get("rating1")),
        rating2=exact(facts.get("rating2")),
        exam=exact(facts.get("exam")),
        outcome=Outcome(facts["outcome"]) if "outcome" in facts else None,
        exam_date=facts.get("exam_date"),
        posted_at=facts.get("posted"),
        corrected_at=facts.get("corrected"),
    )


def enrolment(*attempts: Attempt, form: ExamForm = ExamForm.WRITTEN, **facts: Any) -> Enrolment:
    """Make an enrolment with these attempts."""
    known: dict[str, Any] = {
        "student_id": "02500000",
        "period": "2025-2026/1",
        "course": Course("MAT1201", "Математика 1", "Математика 1"),
        "credits": Decimal(5),
        "group": "СӘ-25-1",
    }
    return Enrolment(**(known | facts), exam_form=form, attempts=attempts)


def stood(*versions: Case) -> tuple[Stood, ...]:
    """Make what stood posted of a first sitting before what is now, oldest first."""
    return tuple(Stood(attempt(1, facts), facts["until"], facts.get("withdrawn", False)) for facts in versions)


def sat(*exams: Case) -> tuple[Attempt, ...]:
    """Make the attempts of a case's list."""
    return tuple(attempt(number, facts) for number, facts in enumerate(exams, start=1))


def slot(starts: datetime, ends: datetime, form: ExamForm = ExamForm.COMPUTER_TEST) -> ExamSlot:
    """Make a line of the exam timetable."""
    return ExamSlot("2025-2026/1", "MAT1201", "СӘ-25-1", form, starts, ends)


def period_dates(spans: Mapping[str, Iterable[date]]) -> PeriodDates:
    """Make the dates of a period from lists of first and last day."""
    return PeriodDates("2025-2026/1", {PeriodEvent(event): DateSpan(*days) for event, days in spans.items()})
