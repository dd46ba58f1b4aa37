"""What taking an import back would mean for each mark: a table for whoever proposes it, and for whoever agrees."""

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from policy.marks import Attempt, Enrolment
from policy.people import Language, Student
from policy.profile import Profile
from services.calendar import calendar_of
from services.importing.plan import Step
from services.importing.refused import harmless
from services.importing.undoing import Withdrawal
from services.standing import study_of
from storage.requests import Request
from storage.unit import Storage

_STUDENTS_AT_ONCE = 20  # then others have a turn


@dataclass(frozen=True, slots=True)
class UndoRow:
    """A posted mark that would go: what stands on it, and the student's overall GPA before and after (None: none)."""

    student: Student
    course_code: str
    period: str
    attempt: int
    mark: Attempt
    told: bool
    requests: tuple[Request, ...]
    gpa_before: Decimal | None
    gpa_after: Decimal | None


@dataclass(frozen=True, slots=True)
class UndoTable:
    """All of them, by group and student; ``gpa_changes`` counts the students whose overall GPA would be another."""

    rows: tuple[UndoRow, ...]
    gpa_changes: int


async def undo_table(storage: Storage, those: Withdrawal, *, now: datetime, profile: Profile) -> UndoTable:
    """Work the table out; 10,000 students take a while, in which others have their turns."""
    calendar, dates = await calendar_of(storage, profile=profile), await storage.calendar.dates()
    students = await storage.students.by_ids(those.students)
    by_student: dict[str, list[Step]] = {}
    for step in those.steps:
        if step.object in {"attempt", "enrolment"}:
            by_student.setdefault(step.key[0], []).append(step)
    on_marks: dict[tuple[str, ...], list[Request]] = {}
    for request in (*those.appeals, *those.granted):
        on_marks.setdefault((request.student_id, *map(str, request.exam)), []).append(request)
    rows: list[UndoRow] = []
    changes = 0
    ordered = sorted(students.values(), key=lambda each: (each.group, each.name.full, each.person_id))
    for place, student in enumerate(ordered):
        if place % _STUDENTS_AT_ONCE == 0:
            await asyncio.sleep(0)
        study = await study_of(storage, student=student, now=now, profile=profile, calendar=calendar, dates=dates)
        steps = by_student[student.person_id]
        after = study.with_enrolments(_without(study.enrolments, steps)).gpa.value
        before = study.gpa.value
        changes += before != after
        for step in steps:
            if step.object == "attempt" and step.before.outcome is not None:
                _, period, course, number = step.key
                told = student.person_id in those.told
                requests = tuple(on_marks.get(step.key, ()))
                rows.append(UndoRow(student, course, period, int(number), step.before, told, requests, before, after))
    return UndoTable(tuple(rows), changes)


def _without(enrolments: Iterable[Enrolment], steps: Iterable[Step]) -> tuple[Enrolment, ...]:
    """Return a student's courses as they would be once these steps are taken."""
    going = {step.key: step.after for step in steps}

    def left(enrolment: Enrolment) -> Iterator[Attempt]:
        key = (enrolment.student_id, enrolment.period, enrolment.course.code)
        for attempt in enrolment.attempts:
            one = (*key, str(attempt.number))
            if one not in going:
                yield attempt
            elif going[one] is not None:
                yield going[one]

    return tuple(
        replace(each, attempts=tuple(left(each)))
        for each in enrolments
        if going.get((each.student_id, each.period, each.course.code), each) is not None
    )


_HEADER: Mapping[Language, tuple[str, ...]] = {
    Language.KK: (
        "ID", "аты-жөні", "топ", "кезең", "пән", "тапсыру", "емтихан", "нәтиже", "хабардар", "өтініштер",
        "GPA қазір", "GPA кейін",
    ),
    Language.RU: (
        "ID", "ФИО", "группа", "период", "дисциплина", "попытка", "экзамен", "исход", "оповещён(а)", "заявления",
        "GPA сейчас", "GPA после",
    ),
}  # fmt: skip
_YES: Mapping[Language, str] = {Language.KK: "иә", Language.RU: "да"}


def undo_csv(table: UndoTable, language: Language, outcomes: Mapping[str, str], states: Mapping[str, str]) -> bytes:
    """Return the table as CSV: UTF-8 with mark, semicolons, decimal commas; no cell can act as a formula.

    `outcomes` and `states` are the words for those of marks and of requests, by their values.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_HEADER[language])
    for row in table.rows:
        student, mark = row.student, row.mark
        requests = ", ".join(f"№ {each.id} ({states[each.state]})" for each in row.requests)
        writer.writerow(
            [
                student.person_id,
                harmless(student.name.full),
                harmless(student.group),
                row.period,
                harmless(row.course_code),
                row.attempt,
                _number(mark.exam),
                outcomes[mark.outcome] if mark.outcome else "",
                _YES[language] if row.told else "",
                requests,
                _gpa(row.gpa_before),
                _gpa(row.gpa_after),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _number(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f").replace(".", ",")


def _gpa(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}".replace(".", ",")
