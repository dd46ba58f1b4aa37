"""Rows of the academic calendar, of the university's own days and of the exam timetable against the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from policy.calendar import DateSpan, DaySource, ExamSlot, SpecialDay
from services.importing.draft import Draft
from services.objects import exam_key, exam_key_at


async def compare_calendar(draft: Draft) -> None:
    """Compare rows of periods; both days are inclusive."""
    await draft.read("period_dates", [(row["period"], str(row["kind"])) for row in draft.file.rows])
    for row in draft.file.rows:
        key = (row["period"], str(row["kind"]))
        if draft.repeated(row, key, "kind", row["kind"]):
            continue
        if row["ends"] < row["starts"]:
            draft.refuse(row, "ends_before_it_starts", "ends", row["ends"], starts=row["starts"].isoformat())
            continue
        draft.count(draft.want("period_dates", key, DateSpan(row["starts"], row["ends"])))


async def compare_days(draft: Draft) -> None:
    """Compare rows of days; a name "қазақша / по-русски" is split, any other stands for both languages."""
    await draft.read("special_day", [(row["date"].isoformat(),) for row in draft.file.rows])
    for row in draft.file.rows:
        key = (row["date"].isoformat(),)
        if draft.repeated(row, key, "date", row["date"]):
            continue
        before: SpecialDay | None = draft.current("special_day", key)
        if "name" in row or before is None:
            name_kk, _, name_ru = (row["name"] or "").partition(" / ")
        else:
            name_kk, name_ru = before.name_kk, before.name_ru
        day = SpecialDay(row["date"], row["working"], name_kk, name_ru or name_kk, DaySource.UNIVERSITY)
        draft.count(draft.want("special_day", key, day))


async def compare_exams(draft: Draft) -> None:
    """Compare rows of the timetable; a row may name several groups, which have an exam each.

    Another start for the same period, course and group moves the exam if its old start is still ahead; when that is
    over, it is another exam (a retake).
    """
    zone = draft.profile.university.zone
    stored = {exam_key(slot): slot for slot in await draft.storage.calendar.exams_in(_periods(draft))}
    draft.take("exam", dict(stored))
    lines = [
        (row, (row["period"], row["course_code"], group), datetime.combine(row["date"], row["starts"], zone))
        for row in draft.file.rows
        for group in row["group"]
    ]
    named = {exam_key_at(sheet, starts) for _, sheet, starts in lines}
    free = {key: slot for key, slot in stored.items() if slot.starts > draft.now and key not in named}  # may be moved
    people = await draft.storage.people.all_ids()
    sitting = await _Sitting.of(draft)
    outcomes: dict[int, list[str]] = {}
    for row, sheet, starts in lines:
        key = exam_key_at(sheet, starts)
        if draft.foreign(row, sitting.institutes.get(sheet[2], ()), "group", sheet[2]):
            continue
        if draft.repeated(row, key, "course_code", row["course_code"]):
            continue
        ends = datetime.combine(row["date"], row["ends"], zone)
        if ends <= starts:
            draft.refuse(row, "ends_before_it_starts", "ends", row["ends"], starts=row["starts"].isoformat("minutes"))
            continue
        before: ExamSlot | None = stored.get(key)
        moved = None if before else next((old for old in free if old[:3] == key[:3]), None)
        if moved:
            before = free.pop(moved)
        exam_form = row["exam_form"] or (before.exam_form if before else None)
        if exam_form is None:
            draft.refuse(row, "needed_when_new", "exam_form", None, who=row["course_code"])
            continue
        kept = {
            column: row[column] if before is None or column in row else getattr(before, column)
            for column in ("room", "lecturer_id")
        }
        if kept["lecturer_id"] and kept["lecturer_id"] not in people:
            draft.tally("lecturer_unknown", kept["lecturer_id"])
        if missing := sitting.missing(sheet):
            draft.tally(missing, sheet[2] if missing == "group_of_nobody" else f"{sheet[1]} {sheet[2]}")
        slot = ExamSlot(*sheet, exam_form=exam_form, starts=starts, ends=ends, **kept)
        outcome = draft.want("exam", key, slot)
        if moved:
            draft.withdraw("exam", moved)
            outcome = "changed"
        outcomes.setdefault(row.number, []).append(outcome)
    for of_row in outcomes.values():
        draft.count(*of_row)


@dataclass(frozen=True, slots=True)
class _Sitting:
    """Who sits exams: the institutes of each group's students, and the sheets that somebody is on."""

    institutes: Mapping[str, set[str]]
    sheets: frozenset[tuple[str, str, str | None]]
    groups: frozenset[tuple[str, str | None]]  # of a period
    periods: frozenset[str]  # of which it is known who takes what

    @classmethod
    async def of(cls, draft: Draft) -> "_Sitting":
        institutes = await draft.storage.students.institutes_of_groups()
        sheets = await draft.storage.spellings.sheets_in(_periods(draft))
        return cls(
            institutes,
            sheets,
            frozenset((period, group) for period, _, group in sheets),
            frozenset(p for p, *_ in sheets),
        )

    def missing(self, sheet: tuple[str, str, str]) -> str | None:
        """Return why nobody sits an exam, None where somebody does."""
        period, course_code, group = sheet
        if sheet in self.sheets:
            return None
        if group not in self.institutes and (period, group) not in self.groups:
            return "group_of_nobody"
        if period not in self.periods or (period, course_code, None) in self.sheets:
            return None
        return "course_of_nobody"


def _periods(draft: Draft) -> set[str]:
    return {row["period"] for row in draft.file.rows}
