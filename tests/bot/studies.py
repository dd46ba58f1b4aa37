"""Marks for the students of `conftest.py`: what a registrar would have loaded, said in a few words."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from policy.calendar import DateSpan, ExamSlot, PeriodDates, PeriodEvent
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.people import Student
from storage.database import Database
from tests.bot.conftest import AIGERIM

ALMATY = ZoneInfo("Asia/Almaty")
WINTER = "2025-2026/1"
SESSION = PeriodDates(WINTER, {PeriodEvent.SESSION: DateSpan(date(2025, 12, 29), date(2026, 1, 17))})
LAST_WINTER = PeriodDates("2024-2025/1", {PeriodEvent.SESSION: DateSpan(date(2024, 12, 30), date(2025, 1, 18))})


def local(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    """Return an instant of the university's clock."""
    return datetime(year, month, day, hour, minute, tzinfo=ALMATY)


def course(
    code: str = "MAT1",
    exam: str | None = None,
    *,
    ratings: tuple[str | None, str | None] = ("80", "84"),
    posted: datetime | None = None,
    outcome: Outcome | None = None,
    names: tuple[str | None, str | None] = ("Математика", "Математический анализ"),
    form: ExamForm | None = ExamForm.WRITTEN,
    period: str = WINTER,
    attempts: Iterable[Attempt] = (),
    **facts: Any,
) -> Enrolment:
    """Make Aigerim's enrolment; `attempts` come after the first, which the other arguments describe."""
    rating1, rating2 = (None if rating is None else Decimal(rating) for rating in ratings)
    concluded = exam is not None or outcome is not None
    posted = posted or (local(1, 10, 12) if concluded else None)
    first = Attempt(
        number=1,
        rating1=rating1,
        rating2=rating2,
        exam=None if exam is None else Decimal(exam),
        outcome=outcome or (Outcome.TOOK if exam is not None else None),
        exam_date=posted.date() - timedelta(days=1) if posted else None,
        posted_at=posted,
    )
    made = Enrolment(
        student_id=AIGERIM,
        period=period,
        course=Course(code, *names),
        credits=Decimal(5),
        exam_form=form,
        group="IS-24-1",
        fees_cleared=True,
        attempts=(first, *attempts),
    )
    return replace(made, **facts)


def slot(code: str, starts: datetime, hours: int = 2, *, form: ExamForm = ExamForm.WRITTEN) -> ExamSlot:
    """Make a line of the timetable for Aigerim's group."""
    return ExamSlot(WINTER, code, "IS-24-1", form, starts, starts + timedelta(hours=hours), "204")


async def load(
    database: Database,
    *enrolments: Enrolment,
    slots: Iterable[ExamSlot] = (),
    dates: Iterable[PeriodDates] = (SESSION,),
    locked: Iterable[str] = (),
) -> None:
    """Put marks, timetable and dates into the records; `locked` are the courses of the session with a printed sheet."""
    async with database.write() as storage:
        await storage.courses.save([enrolment.course for enrolment in enrolments])
        await storage.marks.save(enrolments)
        await storage.calendar.save_dates(dates)
        await storage.calendar.save_exams(slots)
        for code in locked:
            await storage.sheets.lock(code, WINTER, "IS-24-1", at=local(1, 15), by=None)
        await storage.commit()


async def change_student(database: Database, student_id: str = AIGERIM, **facts: Any) -> Student:
    """Change what the records say of a student."""
    async with database.write() as storage:
        known = await storage.students.by_id(student_id)
        assert known
        changed = replace(known, **facts)
        await storage.students.save([changed])
        await storage.commit()
    return changed
