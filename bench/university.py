"""Made-up records of any size, as the files a university would export."""

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

STUDENT_COLUMNS = [
    "student_id",
    "surname",
    "given_name",
    "patronymic",
    "sex",
    "birth_year",
    "phone",
    "institute",
    "degree_programme",
    "level",
    "form",
    "year",
    "group",
    "funding",
    "language",
    "status",
    "penalty",
    "credits_total",
]
MARK_COLUMNS = [
    "student_id",
    "period",
    "course_code",
    "course_kk",
    "course_ru",
    "credits",
    "exam_form",
    "rating1",
    "rating2",
    "exam",
    "outcome",
    "course_work",
    "missed_percent",
    "fees_cleared",
    "group",
    "exam_date",
    "posted_at",
    "attempt",
]
PERIOD_COLUMNS = ["period", "kind", "starts", "ends"]
FIRST_YEAR = 2022
PERIODS = 8


def student_rows(count: int) -> Iterator[Sequence[object]]:
    """Yield one fourth-year student after another; all are bachelors, so that iGPA is theirs too."""
    for number in range(count):
        yield (
            f"022{number:05}", "Ахметов", "Нұрлан", "", "M", 2004, f"+7701{number:07}", "Энергетика мектебі", "6B07102",
            "bachelor", "full_time", 4, f"ЭН-22-{number // 25}", "grant", "kk" if number % 2 else "ru", "active", "no",
            240,
        )  # fmt: skip


def period_rows() -> Iterator[Sequence[object]]:
    """Yield teaching and session of eight periods over four years, columns of `calendar`."""
    for half in range(PERIODS):
        year = FIRST_YEAR + half // 2
        autumn = half % 2 == 0
        period = f"{year}-{year + 1}/{half % 2 + 1}"
        yield period, "teaching", date(year, 9, 1) if autumn else date(year + 1, 2, 2), _end(year, autumn=autumn)
        yield (
            period,
            "session",
            *((date(year, 12, 29), date(year + 1, 1, 17)) if autumn else (date(year + 1, 5, 18), date(year + 1, 6, 6))),
        )


def _end(year: int, *, autumn: bool) -> date:
    return date(year, 12, 13) if autumn else date(year + 1, 5, 16)


def mark_rows(students: int, *, courses: int = 40, seed: int = 1) -> Iterator[Sequence[object]]:
    """Yield `students` x `courses` posted marks, five or so courses a period."""
    chance = random.Random(seed)
    each = courses // PERIODS
    for number in range(students):
        for course in range(courses):
            half = min(course // each, PERIODS - 1)
            year = FIRST_YEAR + half // 2
            autumn = half % 2 == 0
            sat = (date(year, 12, 29) if autumn else date(year + 1, 5, 18)) + timedelta(days=chance.randrange(18))
            yield (
                f"022{number:05}", f"{year}-{year + 1}/{half % 2 + 1}", f"CRS{course:04}", f"Пән {course}",
                f"Дисциплина {course}", 5, "written", chance.randint(50, 100), chance.randint(50, 100),
                chance.randint(25, 100), "took", "", chance.randint(0, 20), "yes", f"ЭН-22-{number // 25}", sat,
                datetime(sat.year, sat.month, sat.day, 18, 30), 1,  # noqa: DTZ001 - a workbook's dates have no zone
            )  # fmt: skip


def write_csv(path: Path, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
    """Write rows as UTF-8 with commas."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def write_workbook(path: Path, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> int:
    """Write rows as a workbook with real dates; returns how many."""
    count = 0
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, columns)
        for count, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(count, column, value)
                else:
                    sheet.write(count, column, value)
    return count
