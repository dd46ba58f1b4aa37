"""Rows of marks against the records: enrolments and their attempts, from a flat export or a mark sheet alike.

What is posted (an attempt that has an outcome) stays: its ratings, exam mark and outcome may be repeated, never changed
(M9), and it keeps the posting time it has. One old mark is no change: the university's system still tells it while an
appeal that raised it is not entered there (A5). Everything else follows the file: a column that is absent keeps what is
stored, an empty cell clears it while nothing of the enrolment is posted.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from policy.decision import Refused
from policy.marks import Attempt, ChangeCause, Course, Enrolment, Outcome, admission_rating, may_change_posted
from policy.people import Student
from services.importing.draft import Draft, Ids, known_student
from services.importing.parsing import ValueRow
from services.importing.problems import Unacceptable
from services.importing.results import disagreement, rules_of
from services.importing.shelves import alone
from services.importing.withdrawn import WITHDRAWN, withdrawn_attempts
from services.objects import Key, attempt_key
from services.tabular import fold
from storage.marks import key_of
from storage.requests import Decision
from storage.unit import Storage

EnrolmentKey = tuple[str, str, str]

_ENROLMENT_COLUMNS = ("exam_form", "group", "course_work", "missed_percent", "fees_cleared")
_OUTCOME_COLUMNS = ("exam", "outcome", "exam_words", "final", "letter")
_ZERO = Decimal(0)


async def compare_marks(draft: Draft) -> None:
    """Compare rows of marks, earlier attempts first."""
    keys = {row.number: key async for row, key in _named(draft)}
    stored = await draft.storage.marks.by_keys(keys.values())
    draft.take("enrolment", {key: alone(enrolment) for key, enrolment in stored.items()})
    draft.take("attempt", {attempt_key(key, each): each for key, those in stored.items() for each in those.attempts})
    await draft.read("course", {(key[2],) for key in keys.values()})
    posted = {key for key, those in stored.items() if any(each.outcome for each in those.attempts)}
    appeals = await _not_entered(draft.storage)
    withdrawn = await withdrawn_attempts(draft.storage, {key[0] for key in keys.values()})
    rows = [row for row in draft.file.rows if row.number in keys]
    for place, row in enumerate(sorted(rows, key=lambda row: row["attempt"] or 1)):
        if place % 1000 == 0:
            await asyncio.sleep(0)  # others have a turn
        key = keys[row.number]
        number = row["attempt"] or 1
        if draft.repeated(row, (key, number), "student_id", row["student_id"] or row["full_name"]):
            continue
        enrolment = _enrolment(draft, row, key, pending=key not in posted)
        if enrolment is None:
            draft.refuse(row, "needed_when_new", "credits", None, who=key[2])
            continue
        was, upheld = withdrawn.get((*key, str(number))), appeals.get((*key, number))
        attempt = _attempt(draft, row, enrolment, number, upheld=upheld, withdrawn=was)
        if attempt is not None:
            course = draft.want("course", (key[2],), _course(draft, row, key[2]))
            draft.count(
                draft.want("attempt", attempt_key(key, attempt), attempt),
                draft.want("enrolment", key, enrolment),
                course,
            )
    await _look_at_periods(draft, {key[1] for key in keys.values()})


async def _named(draft: Draft) -> AsyncIterator[tuple[ValueRow, EnrolmentKey]]:
    """Find what each row is about; refuse rows that name nobody, or nothing, or a student of another institute."""
    ids = Ids(await draft.storage.students.all_ids())
    institutes = {} if draft.scope is None else await draft.storage.students.institute_of_each()
    by_name = await _Names.of(draft)
    for row in draft.file.rows:
        lacking = [column for column in ("period", "course_code") if row[column] is None]
        for column in lacking:
            draft.refuse(row, "value_missing", column)
        who = "student_id" if row["student_id"] is not None else "full_name"
        if who == "student_id":
            student_id = known_student(draft, ids, row)
        elif row["full_name"] is not None and row["group"] is not None:
            student_id = by_name.find(draft, row)
        else:
            draft.refuse(row, "value_missing", "student_id")
            continue
        if student_id is None:
            continue
        if draft.scope is not None and draft.foreign(row, [institutes.get(student_id)], who, row[who]):
            continue
        if by_name.differs(student_id, row):
            draft.tally("name_differs", f"{student_id} {row['full_name']}")
        if not lacking:
            yield row, (student_id, row["period"], row["course_code"])


class _Names:
    """Students by name, for sheets that print names."""

    def __init__(self, students: dict[str, Student], groups: dict[str, list[Student]]) -> None:
        self._students = students
        self._groups = groups

    @classmethod
    async def of(cls, draft: Draft) -> "_Names":
        """Read the students whose names the file gives."""
        students: dict[str, Student] = {}
        groups: dict[str, list[Student]] = {}
        if "full_name" in draft.file.present:
            written = {row["student_id"] for row in draft.file.rows if row["full_name"] and row["student_id"]}
            students = await draft.storage.students.by_ids(written)
            without = {row["group"] for row in draft.file.rows if not row["student_id"] and row["group"]}
            groups = {group: list(await draft.storage.students.of_group(group)) for group in without}
        return cls(students, groups)

    def differs(self, student_id: str, row: ValueRow) -> bool:
        """Tell whether a row prints another surname than the records have for its id."""
        student = self._students.get(student_id)
        words = fold(row["full_name"] or "").split()
        return bool(student and words and fold(student.name.surname) not in " ".join(words))

    def find(self, draft: Draft, row: ValueRow) -> str | None:
        """Return the one student of the row's group with its name, or refuse the row."""
        words = fold(row["full_name"])
        group = self._groups[row["group"]]
        meant = [student for student in group if fold(student.name.full) == words]
        if not meant:
            meant = [each for each in group if fold(f"{each.name.surname} {each.name.given_name}") == words]
        if len(meant) == 1:
            return meant[0].person_id
        reason = "several_students" if meant else "no_such_student_in_group"
        draft.refuse(row, reason, "full_name", row["full_name"], group=row["group"])
        return None


def _course(draft: Draft, row: ValueRow, code: str) -> Course:
    """Return a course as a row names it; an office of one institute gives no other name to a course of all."""
    before: Course = draft.current("course", (code,)) or Course(code, None, None)
    told = Course(code, row["course_kk"] or before.name_kk, row["course_ru"] or before.name_ru)
    if draft.scope is None:
        return told
    kept = Course(code, before.name_kk or told.name_kk, before.name_ru or told.name_ru)
    if kept != told:
        draft.tally("course_name_kept", code)
    return kept


def _enrolment(draft: Draft, row: ValueRow, key: EnrolmentKey, *, pending: bool) -> Enrolment | None:
    """Return the enrolment a row describes, or None where it is new and has no credits."""
    before: Enrolment | None = draft.current("enrolment", key)
    if before is None:
        if row["credits"] is None:
            return None
        before = Enrolment(key[0], key[1], Course(key[2], None, None), row["credits"], exam_form=None, group=None)
    told: dict[str, Any] = {"credits": row["credits"] or before.credits}
    for column in _ENROLMENT_COLUMNS:
        if row[column] is not None or (pending and column in row):
            told[column] = row[column]
    return replace(before, **told)


def _attempt(
    draft: Draft,
    row: ValueRow,
    enrolment: Enrolment,
    number: int,
    *,
    upheld: Decision | None,
    withdrawn: Attempt | None,
) -> Attempt | None:
    """Return the attempt a row describes, or None where it is refused.

    `upheld` raised it and is not entered yet; `withdrawn` was posted, and taken back with its import.
    """
    key = key_of(enrolment)
    before: Attempt | None = draft.current("attempt", (*key, str(number)))
    earlier: Attempt | None = draft.current("attempt", (*key, str(number - 1))) if number > 1 else None
    if number > 1 and (earlier is None or earlier.outcome is None):
        draft.refuse(row, "earlier_attempt_missing", "attempt", number, earlier=str(number - 1))
        return None
    carried = (earlier.rating1, earlier.rating2) if earlier else (None, None)  # a retake carries its ratings over
    try:
        told = _told(draft, row, before, Attempt(number, *carried))
    except Unacceptable as error:
        draft.refuse_as(row, error, "exam", row["exam"])
        return None
    posted = before is not None and before.outcome is not None
    attempt = _unchanged(draft, row, before, _as_raised(draft, before, told, upheld)) if before and posted else told
    if attempt is None or _refused_result(draft, row, enrolment, attempt, told):
        return None
    if not posted and attempt.outcome is not None:
        _tally_posting(draft, attempt)
        if withdrawn is not None:
            _compare_withdrawn(draft, row, key, withdrawn, attempt)
    return attempt


def _told(draft: Draft, row: ValueRow, before: Attempt | None, new: Attempt) -> Attempt:
    """Return what an attempt, `before` or a new one, becomes by what the row says; raises Unacceptable."""
    attempt = before or new
    posted = attempt.outcome is not None
    told: dict[str, Any] = {
        column: row[column]
        for column in ("rating1", "rating2", "exam_date")
        if row[column] is not None or (column in row and not posted and before is not None)
    }
    if not posted:
        told["posted_at"] = row["posted_at"]
    if not row.layout.places.keys().isdisjoint(_OUTCOME_COLUMNS):
        exam, outcome = _sitting(draft, row, attempt, told)
        if outcome is not None or not posted:
            told.update(exam=exam, outcome=outcome)
    if told.get("outcome", attempt.outcome) is None:
        told["posted_at"] = None
    return replace(attempt, **told)


def _tally_posting(draft: Draft, attempt: Attempt) -> None:
    if attempt.posted_at is None:
        draft.tally("posted_on_confirmation")
    elif attempt.posted_at > draft.now:
        draft.tally("posted_in_future")
    if attempt.outcome is Outcome.TOOK and (attempt.rating1 is None or attempt.rating2 is None):
        draft.tally("ratings_unknown")


def _refused_result(draft: Draft, row: ValueRow, enrolment: Enrolment, attempt: Attempt, told: Attempt) -> bool:
    """Refuse a row whose own total or letter its attempt does not come to; tell whether it was.

    The result of the mark from before an appeal that raised it is none that differs.
    """
    if "final" not in row and "letter" not in row:
        return False
    found = [
        disagreement(row, enrolment, each, rules_of(each, draft.profile, now=draft.now).marks)
        for each in dict.fromkeys((attempt, told))
    ]
    differs = found[0]
    if differs is None or None in found:
        return False
    reason = "result_without_mark" if differs.ours is None else "result_differs"
    draft.refuse(row, reason, differs.column, differs.told, ours=differs.ours or "")
    return True


def _sitting(
    draft: Draft, row: ValueRow, attempt: Attempt, told: Mapping[str, Any]
) -> tuple[Decimal | None, Outcome | None]:
    """Return exam mark and outcome as they are kept, from whichever columns a file says them in.

    `told` is what else the row says of the attempt.

    Printed sheets give 0 to those who were not there; it is no mark. They also put the not admitted under "did not
    come": with an admission rating below the minimum nobody could have come. Raises Unacceptable where mark and outcome
    disagree.
    """
    mark = row["exam"]
    exam = mark if isinstance(mark, Decimal) else None
    words = (row[column] for column in ("outcome", "exam", "exam_words", "final", "letter"))
    outcome = next((each for each in words if isinstance(each, Outcome)), None)
    if outcome is None:
        return exam, None if exam is None else Outcome.TOOK
    if outcome is Outcome.TOOK:
        if exam is None:
            raise Unacceptable("mark_missing")
        return exam, outcome
    if exam:
        raise Unacceptable("mark_and_outcome", outcome=outcome)
    if outcome is Outcome.REMOVED:
        return _ZERO, outcome
    if outcome is Outcome.DID_NOT_COME:
        now_told = replace(attempt, **told)
        rating = admission_rating(now_told.rating1, now_told.rating2)
        rules = rules_of(now_told, draft.profile, now=draft.now).marks
        if rating is not None and rating < rules.admission_rating_minimum:
            outcome = Outcome.NOT_ADMITTED
    return None, outcome


async def _not_entered(storage: Storage) -> dict[tuple[str, str, str, int], Decision]:
    """Return the decisions that raised marks and wait to be entered in the university's system, by their exams."""
    raised = await storage.requests.to_enter()
    decisions = await storage.requests.decisions_of(each.id for each in raised)
    return {
        (each.student_id, each.exam.period, each.exam.course_code, each.exam.attempt): decisions[each.id][-1]
        for each in raised
    }


def _as_raised(draft: Draft, before: Attempt, told: Attempt, upheld: Decision | None) -> Attempt:
    """Return what a file tells with the mark an appeal gave, where it has the one from before that appeal still."""
    if upheld is None or upheld.mark_after != before.exam:
        return told
    if told.exam == before.exam:
        draft.tally("raised_mark_there", f"№ {upheld.request_id}")
    elif told.exam == upheld.mark_before:
        draft.tally("old_mark_of_appeal", f"№ {upheld.request_id}")
        return replace(told, exam=before.exam)
    return told


def _unchanged(draft: Draft, row: ValueRow, before: Attempt, after: Attempt) -> Attempt | None:
    """Return a posted attempt with what may still change; refuse the row for every posted value that would."""
    decision = may_change_posted(before, after, cause=ChangeCause.IMPORT, sheet_locked=False)
    if isinstance(decision, Refused):
        for column, was, told in _differences(before, after, row):
            draft.refuse(row, decision.reason, column, told, posted=_said(was))
        return None
    if row["posted_at"] is not None and row["posted_at"] != before.posted_at:
        draft.tally("posting_time_kept")
    return after


def _compare_withdrawn(draft: Draft, row: ValueRow, key: Key, was: Attempt, attempt: Attempt) -> None:
    """Refuse a row that posts what was posted before and taken back with another value: by two it may be loaded."""
    if isinstance(may_change_posted(was, attempt, cause=ChangeCause.IMPORT, sheet_locked=False), Refused):
        for column, before, told in _differences(was, attempt, row):
            draft.refuse(row, WITHDRAWN, column, told, posted=_said(before))
        draft.reposted.add(key[0])


def _said(value: Any) -> str:
    return "–" if value is None else str(value)


def _differences(before: Attempt, after: Attempt, row: ValueRow) -> Iterator[tuple[str, Any, Any]]:
    for column in ("rating1", "rating2", "exam"):
        if getattr(before, column) != getattr(after, column):
            yield column, getattr(before, column), row[column]
    if before.outcome != after.outcome and before.exam == after.exam:
        columns = ("outcome", "exam_words", "final", "letter", "exam")
        column = next((each for each in columns if isinstance(row[each], Outcome)), "outcome")
        yield column, before.outcome, row[column]


async def _look_at_periods(draft: Draft, periods: set[str]) -> None:
    without = periods - set(await draft.storage.calendar.dates_of(periods))
    if without:
        draft.notice("period_without_dates", periods=", ".join(sorted(without)))
