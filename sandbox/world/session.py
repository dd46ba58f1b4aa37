"""The winter session the demo starts in: its timetable, and when each sheet of marks is posted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from sandbox.world.curriculum import Course
from sandbox.world.records import ExamRow
from sandbox.world.studies import StudyGroup
from sandbox.world.years import WINTER

DEMO_MOMENT = datetime(2026, 1, 12, 10, 0, tzinfo=timezone(timedelta(hours=5)))
"""Monday morning inside the session, Almaty time."""

PRINTED = {"АЖ-24-1": "kk", "ЭК-22-1": "ru"}
"""Groups whose sheet of Saturday's exam has come on paper (an XLSX), and its language."""

_SATURDAY = date(2026, 1, 10)
_SUNDAY = date(2026, 1, 11)
_MONDAY = DEMO_MOMENT.date()
_ROOMS = [f"Г{building}-{floor}0{door}" for building in range(1, 7) for floor in range(1, 4) for door in (1, 4, 8)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One course and group of the session.

    `posted_at` (local) is None while there are no marks. `nightly` sheets are posted, but still on their way: in the
    registrar's nightly file. `printed` is the language of a sheet on paper, which has no posting time.
    """

    group: StudyGroup
    course: Course
    exam: ExamRow
    posted_at: datetime | None
    nightly: bool
    printed: str


def timetable(groups: Sequence[StudyGroup], lecturers: Sequence[str]) -> tuple[Sheet, ...]:
    """Return every sheet of the session; no room is taken twice, and no lecturer is in two places at once."""
    staff, rooms = _Rota(lecturers), _Rota(_ROOMS)
    return tuple(
        _sheet(number, group, course, _exam(number, group, course, day, lecturers=staff, rooms=rooms))
        for number, group in enumerate(groups)
        for course, day in _days(number, group.courses)
    )


class _Rota:
    """Hands out people, or rooms, for an hour of a day."""

    def __init__(self, all_of_them: Sequence[str]) -> None:
        self._all = all_of_them
        self._busy: set[tuple[str, date, int]] = set()

    def take(self, number: int, day: date, hour: int) -> str:
        """Return one who is free then, beginning the search with this number, and keep them."""
        start = number % len(self._all)
        chosen = next(one for one in (*self._all[start:], *self._all) if (one, day, hour) not in self._busy)
        self._busy.add((chosen, day, hour))
        return chosen


def _days(number: int, courses: Sequence[Course]) -> Iterator[tuple[Course, date]]:
    """Yield each course of a group with the day of its exam.

    Graded passes come first. A written exam is on Saturday, so that its appeal windows are open. A state exam was on
    Sunday or is today, and a computer test is today, for every second group. The rest fill the other days, the
    end of this week first, so that everybody has an exam to prepare for.
    """
    odd = number % 2
    december, early, middle = date(2025, 12, 30 + odd), date(2026, 1, 5 + odd), date(2026, 1, 8 + odd)
    test_day, other_day = (middle, date(2026, 1, 13)) if odd else (_MONDAY, middle)
    free = iter([date(2026, 1, 15 + odd), december, early, other_day])
    written = next((one for one in courses if one.form == "written"), None)
    test = next((one for one in courses if one.form == "computer_test"), None)
    for course in courses:
        if course.form == "pass":
            yield course, date(2025, 12, 29)
        elif course.form == "state":
            yield course, _MONDAY if odd else _SUNDAY
        elif course is written:
            yield course, _SATURDAY
        elif course is test:
            yield course, test_day
        else:
            yield course, next(free)


def _exam(number: int, group: StudyGroup, course: Course, day: date, *, lecturers: _Rota, rooms: _Rota) -> ExamRow:
    """Return when and where the group sits the exam: a state exam at nine, today's tests at half past nine or two."""
    running = day == _MONDAY and course.form == "computer_test" and number % 4 == 0
    hour = 9 if course.form == "state" else (9, 11, 14, 16)[number % 4]
    starts = datetime.combine(day, time(hour, 30 if running else 0))
    ends = starts + timedelta(minutes=90)
    return ExamRow(
        period=WINTER,
        course_code=course.code,
        group=group.name,
        exam_form=course.form,
        date=day,
        starts=starts.time(),
        ends=ends.time(),
        room=rooms.take(number, day, hour),
        lecturer_id=lecturers.take(number, day, hour),
    )


def _sheet(number: int, group: StudyGroup, course: Course, exam: ExamRow) -> Sheet:
    saturday = exam.date == _SATURDAY
    printed = PRINTED.get(group.name, "") if saturday else ""
    posted_at = None if printed else _posted(number, exam)
    return Sheet(group, course, exam, posted_at, nightly=saturday and number % 4 == 3, printed=printed)


def _posted(number: int, exam: ExamRow) -> datetime | None:
    """Return when the sheet was posted (local), None when it is not yet.

    Saturday's sheets were read on Sunday: posted that evening or this morning, by the group's number.
    """
    if exam.date == _SATURDAY:
        evening, morning = datetime.combine(_SUNDAY, time(19)), datetime.combine(_MONDAY, time(9, 5))
        nightly = datetime.combine(_MONDAY, time(9, 40))
        posted = (evening, morning, evening + timedelta(hours=1), nightly)[number % 4] + timedelta(minutes=number % 17)
    elif exam.exam_form == "written":
        read_on = date(2026, 1, 5) if exam.date == date(2025, 12, 31) else exam.date + timedelta(days=1)
        posted = datetime.combine(read_on, time(16, number))
    elif exam.exam_form in {"computer_test", "state"}:
        posted = datetime.combine(exam.date, exam.ends) + timedelta(minutes=40 + number)
    else:
        posted = datetime.combine(exam.date, time(18, number))
    return posted if posted < DEMO_MOMENT.replace(tzinfo=None) else None
