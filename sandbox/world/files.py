"""Write the university down as the files a registrar's office would export."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from sandbox.world.records import (
    CalendarRow,
    ComponentsRow,
    DayRow,
    ExamRow,
    MarkRow,
    MarkSheet,
    StaffRow,
    StudentRow,
    University,
)
from sandbox.world.session import DEMO_MOMENT

LOAD_ORDER = (
    ("students", "students.csv"),
    ("staff", "staff.csv"),
    ("calendar", "calendar.csv"),
    ("days", "days.csv"),
    ("exams", "exams.csv"),
    ("components", "components.csv"),
    ("marks", "marks.csv"),
    ("marks", "ratings.csv"),
    ("marks", "session.csv"),
    ("marks", "new-ratings.csv"),
)
"""Kind of import and file name, in the order in which they can be loaded."""

BY_HAND = "by-hand"
"""The folder, inside the written one, of mark files that are left for the registrar to try: the nightly update
`new-marks.csv`, the printed sheets `mark-sheet.kk.xlsx` and `mark-sheet.ru.xlsx`, and `broken-marks.csv`."""

_MARK_COLUMNS = tuple(one.name for one in fields(MarkRow))
_RATING_COLUMNS = tuple(name for name in _MARK_COLUMNS if name not in {"exam", "outcome", "posted_at", "attempt"})

_SHEET_WORDS = {
    "kk": {
        "university": "Марқакөл университеті",
        "title": "ҮЛГЕРІМНІҢ ҚОРЫТЫНДЫ ВЕДОМОСІ № {}",
        "period": "Академиялық кезең",
        "course": "Пән",
        "group": "Топ",
        "credits": "Кредит саны",
        "form": "Бақылау түрі",
        "lecturer": "Оқытушы",
        "date": "Емтихан күні",
        "header": "№|Тегі, аты, әкесінің аты|Студент ID|Р1|Р2|Рұқсат беру рейтингі|Емтихан бағасы|Қорытынды баға"
        "|Әріптік баға",
        "written": "жазбаша емтихан",
        "not_admitted": "жіберілмеді",
        "did_not_come": "келген жоқ",
        "removed": "жойылды",
        "signature": "Тіркеуші: ____________",
    },
    "ru": {
        "university": "Университет «Маркаколь»",
        "title": "ИТОГОВАЯ ВЕДОМОСТЬ УСПЕВАЕМОСТИ № {}",
        "period": "Академический период",
        "course": "Дисциплина",
        "group": "Группа",
        "credits": "Количество кредитов",
        "form": "Форма контроля",
        "lecturer": "Преподаватель",
        "date": "Дата экзамена",
        "header": "№|Фамилия, имя, отчество|ID студента|Р1|Р2|Рейтинг допуска|Экзаменационная оценка|Итоговая оценка"
        "|Буквенная оценка",
        "written": "письменный экзамен",
        "not_admitted": "не допущен(а)",
        "did_not_come": "не явился(-лась)",
        "removed": "аннулировано",
        "signature": "Регистратор: ____________",
    },
}


def write(university: University, folder: Path) -> None:
    """Write every file of the university into the folder, which is made when it is missing."""
    by_hand = folder / BY_HAND
    by_hand.mkdir(parents=True, exist_ok=True)
    _write_rows(folder / "students.csv", StudentRow, university.students)
    _write_rows(folder / "staff.csv", StaffRow, university.staff)
    _write_rows(folder / "calendar.csv", CalendarRow, university.calendar)
    _write_rows(folder / "days.csv", DayRow, university.days)
    _write_rows(folder / "exams.csv", ExamRow, university.exams)
    _write_rows(folder / "components.csv", ComponentsRow, university.components)
    _write_rows(folder / "marks.csv", MarkRow, university.marks)
    _write_table(folder / "ratings.csv", _RATING_COLUMNS, _cells(_RATING_COLUMNS, university.ratings))
    _write_rows(folder / "session.csv", MarkRow, university.session)
    _write_rows(folder / "new-ratings.csv", MarkRow, university.new_ratings)
    _write_rows(by_hand / "new-marks.csv", MarkRow, university.nightly)
    _write_table(by_hand / "broken-marks.csv", _MARK_COLUMNS, _broken(university))
    names = {row.student_id: f"{row.surname} {row.given_name} {row.patronymic}".strip() for row in university.students}
    for sheet in university.sheets:
        _write_sheet(by_hand / f"mark-sheet.{sheet.language}.xlsx", sheet, names)


def _write_rows(path: Path, kind: type, rows: Iterable[object]) -> None:
    columns = tuple(one.name for one in fields(kind))
    _write_table(path, columns, _cells(columns, rows))


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _cells(columns: Sequence[str], rows: Iterable[object]) -> list[list[str]]:
    return [[_cell(getattr(row, name)) for name in columns] for row in rows]


def _cell(value: object) -> str:
    """Return a value as the canonical files write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value)


def _broken(university: University) -> list[list[str]]:
    """Return the nightly file with a mistake in every second row, and at its end a posted mark that would change."""
    posted = next(row for row in university.session if row.outcome == "took" and row.exam and row.exam < 90)
    rows = _cells(_MARK_COLUMNS, [*university.nightly[:14], replace(posted, exam=(posted.exam or Decimal(0)) + 7)])
    mistakes = (
        ("exam", "101"),
        ("rating1", "-1"),
        ("exam", "n/a"),
        ("student_id", "099999999"),
        ("posted_at", "31.02.2026 14:00"),
        ("course_code", ""),
    )
    for number, (column, text) in enumerate(mistakes):
        rows[2 * number][_MARK_COLUMNS.index(column)] = text
    rows[12] = rows[11]
    return rows


def _write_sheet(path: Path, sheet: MarkSheet, names: dict[str, str]) -> None:
    """Write one mark sheet as it is printed: merged title rows, the table with formulas, a line to sign on."""
    words, exam, course = _SHEET_WORDS[sheet.language], sheet.exam, sheet.rows[0]
    name = course.course_kk if sheet.language == "kk" else course.course_ru
    titles = (
        words["university"],
        words["title"].format(sheet.number),
        f"{words['period']}: {exam.period}",
        f"{words['course']}: {name} ({exam.course_code})",
        f"{words['group']}: {exam.group}",
        f"{words['credits']}: {course.credits}",
        f"{words['form']}: {words[exam.exam_form]}",
        f"{words['lecturer']}: {sheet.lecturer} ({exam.lecturer_id})",
        f"{words['date']}: {exam.date:%d.%m.%Y}",
    )
    header = words["header"].split("|")
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.set_properties({"created": DEMO_MOMENT})
        page = workbook.add_worksheet("Ведомость")
        page.set_column(1, 1, 38)
        page.set_column(2, 8, 14)
        bold = workbook.add_format({"bold": True, "align": "center"})
        for number, title in enumerate(titles):
            page.merge_range(number, 0, number, len(header) - 1, title, bold)
        top = len(titles) + 1
        page.write_row(top, 0, header, workbook.add_format({"bold": True, "border": 1, "text_wrap": True}))
        for number, row in enumerate(sheet.rows, 1):
            line, ratings = top + number, (row.rating1 or Decimal(0), row.rating2 or Decimal(0))
            page.write_row(line, 0, [number, names[row.student_id]])
            page.write_string(line, 2, row.student_id)
            page.write_row(line, 3, ratings)
            page.write_formula(line, 5, f"=(D{line + 1}+E{line + 1})/2", None, sum(ratings) / 2)
            page.write_number(line, 6, row.exam or 0)
            if row.outcome != "took":
                page.write_string(line, 7, words[row.outcome])
        page.write_string(top + len(sheet.rows) + 2, 0, words["signature"])
