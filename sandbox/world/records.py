"""What the made-up university consists of: the rows of its import files, and who of it is on Telegram.

The fields of a row are the columns of its file, by canonical name and in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from sandbox.cast import Group, Person


@dataclass(frozen=True, slots=True)
class StudentRow:
    """One row of `students.csv`."""

    student_id: str
    surname: str
    given_name: str
    patronymic: str
    sex: str
    birth_year: int
    phone: str
    institute: str
    degree_programme: str
    level: str
    form: str
    year: int
    group: str
    funding: str
    language: str
    status: str
    penalty: bool
    credits_total: int
    dormitory: str


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One row of `staff.csv`: one role of one person."""

    person_id: str
    surname: str
    given_name: str
    patronymic: str
    role: str
    scope: str
    phone: str
    language: str
    until: date


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One row of `calendar.csv`; both days belong to what it names."""

    period: str
    kind: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class DayRow:
    """One row of `days.csv`: the university's own working day or day off."""

    date: date
    working: bool
    name: str


@dataclass(frozen=True, slots=True)
class ExamRow:
    """One row of `exams.csv`, in local time."""

    period: str
    course_code: str
    group: str
    exam_form: str
    date: date
    starts: time
    ends: time
    room: str
    lecturer_id: str


@dataclass(frozen=True, slots=True)
class ComponentsRow:
    """One row of `components.csv`, on a scale of 0-4; None is not yet known."""

    student_id: str
    academic_year: str
    research: Decimal | None
    iros: Decimal | None
    ssci: Decimal | None


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One row of a flat mark export: one sitting of one course; `posted_at` is local and None while it is pending.

    `exam_date` is None while nobody has set it.
    """

    student_id: str
    period: str
    course_code: str
    course_kk: str
    course_ru: str
    credits: int
    exam_form: str
    rating1: Decimal | None
    rating2: Decimal | None
    exam: Decimal | None
    outcome: str
    course_work: bool | None
    missed_percent: int
    fees_cleared: bool
    group: str
    exam_date: date | None
    posted_at: datetime | None
    attempt: int


@dataclass(frozen=True, slots=True)
class MarkSheet:
    """One course and group as the registrar prints it, in the language of the sheet."""

    language: str
    number: int
    exam: ExamRow
    lecturer: str
    rows: tuple[MarkRow, ...]


@dataclass(frozen=True, slots=True)
class University:
    """The whole made-up university at the moment the demo starts.

    `marks` are the earlier years; `ratings` and `session` are the current session: all its ratings, and the exams
    posted so far; `new_ratings` are of students whose first ones did not admit them. `nightly` and `sheets` are not
    loaded: they are for the demo's registrar to load by hand.
    `people` and `groups` are on Telegram; `person_ids` says whom in the records a Telegram id belongs to.
    """

    students: tuple[StudentRow, ...]
    staff: tuple[StaffRow, ...]
    calendar: tuple[CalendarRow, ...]
    days: tuple[DayRow, ...]
    exams: tuple[ExamRow, ...]
    components: tuple[ComponentsRow, ...]
    marks: tuple[MarkRow, ...]
    ratings: tuple[MarkRow, ...]
    session: tuple[MarkRow, ...]
    new_ratings: tuple[MarkRow, ...]
    nightly: tuple[MarkRow, ...]
    sheets: tuple[MarkSheet, ...]
    people: tuple[Person, ...]
    groups: tuple[Group, ...]
    person_ids: Mapping[int, str]
