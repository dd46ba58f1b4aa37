"""The academic years of a student: GPA, iGPA and promotion of each."""

from dataclasses import dataclass

from policy.decision import Refused
from policy.gpa import (
    Components,
    Gpa,
    Igpa,
    IgpaRefusal,
    Promotion,
    gpa,
    gpa_by_year,
    igpa,
    promotion,
)
from policy.people import Student
from policy.profile import Rules
from services.standing.study import Study
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class YearStanding:
    """One academic year (`2025-2026`) of a student's GPA and iGPA; `year` of study, None where no record says it.

    `rules` are those it is judged by.
    """

    academic_year: str
    rules: Rules
    year: int | None
    gpa: Gpa
    components: Components
    igpa: Igpa | Refused[IgpaRefusal] | None
    promotion: Promotion | Refused[IgpaRefusal] | None


async def years_of(storage: Storage, study: Study) -> tuple[YearStanding, ...]:
    """Return GPA, iGPA and promotion of every academic year the student has courses or components in, latest first.

    The formula is that of the year of study the student was in then; the current record fills in for the latest
    academic year when no export said it.
    """
    components = await storage.components.of_student(study.student.person_id)
    years = await storage.students.years_of(study.student.person_id)
    averages = gpa_by_year(study.outcomes)
    known = sorted({*averages, *components}, reverse=True)
    standings = []
    for name in known:
        year = years.get(name, study.student.year if name == known[0] else None)
        average, parts = averages.get(name) or gpa(()), components.get(name) or Components()
        rules = study.rules_of_year(name)
        standings.append(_year(study.student, name, year, average=average, parts=parts, rules=rules))
    return tuple(standings)


def _year(
    student: Student, name: str, year: int | None, *, average: Gpa, parts: Components, rules: Rules
) -> YearStanding:
    if year is None:
        return YearStanding(name, rules, None, average, parts, None, None)
    return YearStanding(
        academic_year=name,
        rules=rules,
        year=year,
        gpa=average,
        components=parts,
        igpa=igpa(average.value, parts, rules.gpa, level=student.level, form=student.form, year=year),
        promotion=promotion(
            average.value, parts, rules.gpa, rules.promotion, level=student.level, form=student.form, year=year
        ),
    )
