"""Rows of the academic calendar, of the university's own days and of the exam timetable against the records."""

from datetime import datetime

from policy.calendar import DateSpan, DaySource, ExamSlot, SpecialDay
from services.importing.draft import Draft
from services.importing.objects import exam_key
from services.importing.parsing import ValueRow


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
        if "name" in draft.file.present or before is None:
            name_kk, _, name_ru = (row["name"] or "").partition(" / ")
        else:
            name_kk, name_ru = before.name_kk, before.name_ru
        day = SpecialDay(row["date"], row["working"], name_kk, name_ru or name_kk, DaySource.UNIVERSITY)
        draft.count(draft.want("special_day", key, day))


async def compare_exams(draft: Draft) -> None:
    """Compare rows of the timetable.

    Another start for the same period, course and group moves the exam if its old start is still ahead; when that is over,
    it is another exam (a retake).
    """
    rows = draft.file.rows
    stored = await draft.storage.calendar.exams_in({row["period"] for row in rows})
    written = {row.number: exam_key(slot) for row in rows if (slot := _slot(draft, row, None))}
    await draft.read("exam", [exam_key(slot) for slot in stored])
    people = await draft.storage.people.all_ids()
    moved: set[tuple[str, ...]] = set()
    for row in rows:
        if row.number not in written:
            draft.refuse(row, "ends_before_it_starts", "ends", row["ends"], starts=row["starts"].isoformat("minutes"))
            continue
        key = written[row.number]
        if draft.repeated(row, key, "course_code", row["course_code"]):
            continue
        old = None
        if draft.current("exam", key) is None:
            old = next(
                (
                    slot
                    for slot in stored
                    if exam_key(slot)[:3] == key[:3]
                    and slot.starts > draft.now
                    and exam_key(slot) not in moved.union(written.values())
                ),
                None,
            )
        before: ExamSlot | None = old or draft.current("exam", key)
        slot = _slot(draft, row, before)
        assert slot is not None
        if row["exam_form"] is None and before is None:
            draft.refuse(row, "needed_when_new", "exam_form", None, who=row["course_code"])
            continue
        if slot.lecturer_id and slot.lecturer_id not in people:
            draft.tally("lecturer_unknown", slot.lecturer_id)
        outcome = draft.want("exam", key, slot)
        if old is not None:
            moved.add(exam_key(old))
            draft.replace("exam", exam_key(old))
            outcome = "changed"
        draft.count(outcome)


def _slot(draft: Draft, row: ValueRow, before: ExamSlot | None) -> ExamSlot | None:
    """Return the line a row makes, or None where it ends before it starts."""
    zone = draft.profile.university.zone
    present = draft.file.present
    starts = datetime.combine(row["date"], row["starts"], zone)
    ends = datetime.combine(row["date"], row["ends"], zone)
    if ends <= starts:
        return None
    return ExamSlot(
        row["period"],
        row["course_code"],
        row["group"],
        row["exam_form"] or (before and before.exam_form),
        starts,
        ends,
        row["room"] if "room" in present or before is None else before.room,
        row["lecturer_id"] if "lecturer_id" in present or before is None else before.lecturer_id,
    )
