"""Made-up people and marks for the tests of storage."""

from datetime import UTC, date, datetime
from decimal import Decimal

from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.people import Funding, Language, Level, Name, Sex, Status, Student, StudyForm
from storage.records import Person

NOW = datetime(2026, 1, 12, 6, 30, tzinfo=UTC)
PERIOD = "2025-2026/1"
REGISTRAR = Person("T0001", Name("Ахметова", "Гүлнар", "Серікқызы"), Language.KK, "+77052000000")
DEAN = Person("T0002", Name("Ли", "Ольга"), Language.RU)


def student(student_id: str = "02500000", surname: str = "Нұрғалиева", phone: str | None = "8 701 100 0137") -> Student:
    """Make a student."""
    return Student(
        person_id=student_id,
        name=Name(surname, "Виктория", "Болатқызы"),
        sex=Sex.F,
        birth_year=2007,
        phone=phone,
        institute="Энергетика мектебі",
        degree_programme="6B07102",
        level=Level.BACHELOR,
        form=StudyForm.FULL_TIME,
        year=1,
        group="ЭН-25-1",
        funding=Funding.GRANT,
        language=Language.RU,
        status=Status.ACTIVE,
        penalty=False,
        credits_total=Decimal(240),
        dormitory="2-жатақхана",
    )


def enrolment(student_id: str = "02500000", code: str = "MAT1201", period: str = PERIOD) -> Enrolment:
    """Make an enrolment with an FX and the retake of it."""
    return Enrolment(
        student_id=student_id,
        period=period,
        course=Course(code, "Математика 1", None),
        credits=Decimal(5),
        exam_form=ExamForm.WRITTEN,
        group="ЭН-25-1",
        course_work=None,
        missed_percent=Decimal("12.5"),
        fees_cleared=True,
        attempts=(
            Attempt(
                1,
                Decimal("81.05"),
                Decimal(77),
                Decimal("49.4999"),
                Outcome.TOOK,
                date(2026, 1, 9),
                datetime(2026, 1, 9, 14, 40, tzinfo=UTC),
            ),
            Attempt(2, Decimal("81.05"), Decimal(77), None, None, date(2026, 1, 21)),
        ),
    )
