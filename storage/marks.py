"""Marks: enrolments in courses and their attempts, read for one student at once, written by the hundred thousand."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, exists, select

from policy.appeals import Stood
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from storage.calendar import slot_of
from storage.columns import to_json
from storage.connection import Connection
from storage.records import StudyRecord
from storage.requests import ExamKey
from storage.tables import attempts, changes, courses, enrolments, exams, requests, sheets
from storage.upsert import NAMES_AT_ONCE, chunks, insert_missing, upsert

EnrolmentKey = tuple[str, str, str]  # student id, period, course code
AttemptKey = tuple[str, str, str, int]  # and the attempt's number


@dataclass(frozen=True, slots=True)
class MarkChange:
    """What once became of an attempt, as the history tells: `before` None: it was made; `after` None: withdrawn."""

    id: int
    before: Attempt | None
    after: Attempt | None
    at: datetime
    by: str | None
    why: str | None
    cause: str
    cause_id: int | None


class Marks:
    """Enrolments by (student id, period, course code), each with its attempts in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def study_of(self, student_id: str) -> StudyRecord:
        """Give all that a student's marks are shown from, but the calendar, in one round trip."""
        rows = (await self._connection.execute(_RECORD, {"student_id": student_id})).all()
        slots = {(row[1], row[2], row[19]): (row[1], row[2], row[7], *row[19:24]) for row in rows if row[19]}
        return StudyRecord(
            enrolments=tuple(_enrolments(rows)),
            slots=tuple(map(slot_of, slots.values())),
            printed={(row[1], row[2]): row[24] for row in rows if row[24]},
            has_requests=bool(rows and rows[0][25]),
        )

    async def of_student(self, student_id: str) -> tuple[Enrolment, ...]:
        """Give a student's enrolments, oldest period first, then by course code."""
        return tuple(_enrolments((await self._connection.execute(_OF_STUDENT, {"student_id": student_id})).all()))

    async def of_group(self, period: str, group: str) -> tuple[Enrolment, ...]:
        """Give everybody's enrolments on the sheets of a group in a period, by student, then by course code."""
        rows = await self._connection.execute(_OF_GROUP, {"period": period, "group": group})
        return tuple(_enrolments(rows.all()))

    async def by_key(self, student_id: str, period: str, course_code: str) -> Enrolment | None:
        """Give one enrolment with its attempts."""
        key = {"student_id": student_id, "period": period, "course_code": course_code}
        return next(_enrolments((await self._connection.execute(_BY_KEY, key)).all()), None)

    async def by_keys(self, keys: Iterable[EnrolmentKey]) -> dict[EnrolmentKey, Enrolment]:
        """Give those of these enrolments that are there; a whole file's, a hundred students at a time."""
        wanted = set(keys)
        students: dict[str, dict[str, None]] = {}
        for student_id, period, _ in sorted(wanted):
            students.setdefault(period, {})[student_id] = None
        found: dict[EnrolmentKey, Enrolment] = {}
        for period, those in students.items():
            for chunk in chunks(those, NAMES_AT_ONCE):
                rows = await self._connection.execute(_BY_KEYS, {"period": period, "student_ids": chunk})
                for enrolment in _enrolments(rows.all()):
                    key = key_of(enrolment)
                    if key in wanted:
                        found[key] = enrolment
        return found

    async def stood(self, student_id: str, *, since: datetime | None = None) -> dict[ExamKey, tuple[Stood, ...]]:
        """Give what was posted of a student's sittings and stands no longer, oldest first; of what ended after `since`.

        It is read from the history: what a correction, an appeal or an undoing found there.
        """
        statement = _STOOD if since is None else _STOOD.where(changes.c.at > since)
        found: dict[ExamKey, tuple[Stood, ...]] = {}
        for key, before, after, at in await self._connection.execute(statement, {"student_id": student_id}):
            _, period, course_code, number = json.loads(key)
            attempt = _attempt_written(before)
            if attempt.concluded and (after is None or _attempt_written(after) != attempt):
                exam = ExamKey(period, course_code, int(number))
                found[exam] = (*found.get(exam, ()), Stood(attempt, at, withdrawn=after is None))
        return found

    async def changes_of(self, student_id: str, exam: ExamKey, *, since: datetime) -> tuple[MarkChange, ...]:
        """Give what became of one sitting of a student after an instant, oldest first."""
        key = to_json([student_id, exam.period, exam.course_code, str(exam.attempt)])
        rows = await self._connection.execute(_CHANGES, {"key": key, "since": since})
        return tuple(
            MarkChange(
                row.id,
                row.before and _attempt_written(row.before),
                row.after and _attempt_written(row.after),
                row.at,
                row.actor,
                row.why,
                row.cause,
                row.cause_id,
            )
            for row in rows
        )

    async def save(self, those: Iterable[Enrolment]) -> None:
        """Keep these enrolments and the attempts they hold, over what was kept; attempts they do not hold stay.

        Courses must be known (`storage.courses.save`); a course that is not yet is added without touching a known one.
        """
        for chunk in chunks(those, _ENROLMENTS_AT_ONCE):
            known = {each.course.code: each.course for each in chunk}
            await insert_missing(
                self._connection,
                courses,
                ({"code": each.code, "name_kk": each.name_kk, "name_ru": each.name_ru} for each in known.values()),
            )
            await upsert(self._connection, enrolments, map(_enrolment_row, chunk))
            await upsert(
                self._connection,
                attempts,
                (_attempt_row(key_of(each), attempt) for each in chunk for attempt in each.attempts),
            )

    async def save_attempts(self, those: Iterable[tuple[EnrolmentKey, Attempt]]) -> None:
        """Keep these attempts, over what was kept; their enrolments must be there."""
        await upsert(self._connection, attempts, (_attempt_row(key, attempt) for key, attempt in those))

    async def remove(self, keys: Iterable[EnrolmentKey]) -> None:
        """Withdraw enrolments with all their attempts."""
        for chunk in chunks(keys, _ENROLMENTS_AT_ONCE):
            rows = [{"of_student": s, "of_period": p, "of_course": c} for s, p, c in chunk]
            await self._connection.execute(_REMOVE, rows)

    async def remove_attempts(self, keys: Iterable[AttemptKey]) -> None:
        """Withdraw attempts; their enrolment stays."""
        for chunk in chunks(keys, _ENROLMENTS_AT_ONCE):
            rows = [{"of_student": s, "of_period": p, "of_course": c, "of_number": n} for s, p, c, n in chunk]
            await self._connection.execute(_REMOVE_ATTEMPT, rows)


def key_of(enrolment: Enrolment) -> EnrolmentKey:
    """Give what names an enrolment."""
    return (enrolment.student_id, enrolment.period, enrolment.course.code)


_ENROLMENTS_AT_ONCE = 5_000


def _enrolment_row(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "student_id": enrolment.student_id,
        "period": enrolment.period,
        "course_code": enrolment.course.code,
        "credits": enrolment.credits,
        "exam_form": enrolment.exam_form,
        "group_name": enrolment.group,
        "course_work": enrolment.course_work,
        "missed_percent": enrolment.missed_percent,
        "fees_cleared": enrolment.fees_cleared,
    }


def _attempt_row(key: EnrolmentKey, attempt: Attempt) -> dict[str, Any]:
    return {
        "student_id": key[0],
        "period": key[1],
        "course_code": key[2],
        "number": attempt.number,
        "rating1": attempt.rating1,
        "rating2": attempt.rating2,
        "exam": attempt.exam,
        "outcome": attempt.outcome,
        "exam_date": attempt.exam_date,
        "posted_at": attempt.posted_at,
        "corrected_at": attempt.corrected_at,
    }


_FORMS: Mapping[str | None, ExamForm | None] = {None: None} | {form.value: form for form in ExamForm}
_OUTCOMES: Mapping[str | None, Outcome | None] = {None: None} | {outcome.value: outcome for outcome in Outcome}


def _attempt_written(kept: Mapping[str, Any]) -> Attempt:
    """Read an attempt as the history keeps it."""

    def read(name: str, of: Callable[[Any], Any]) -> Any:
        value = kept.get(name)
        return None if value is None else of(value)

    return Attempt(
        kept["number"],
        read("rating1", Decimal),
        read("rating2", Decimal),
        read("exam", Decimal),
        read("outcome", Outcome),
        read("exam_date", date.fromisoformat),
        read("posted_at", datetime.fromisoformat),
        read("corrected_at", datetime.fromisoformat),
    )


def _enrolments(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Enrolment]:
    """Read enrolments from rows of `_COLUMNS`, sorted by enrolment; an attempt may stand in several rows."""
    current: tuple[Any, ...] | None = None
    taken: dict[int, Attempt] = {}
    for row in rows:
        head = row[:11]
        if head[:3] != (current and current[:3]):
            if current is not None:
                yield _enrolment(current, taken)
            current, taken = head, {}
        number = row[11]
        if number is not None and number not in taken:
            rating1, rating2, exam, outcome, exam_date, posted_at, corrected_at = row[12:19]
            taken[number] = Attempt(
                number, rating1, rating2, exam, _OUTCOMES[outcome], exam_date, posted_at, corrected_at
            )
    if current is not None:
        yield _enrolment(current, taken)


def _enrolment(head: tuple[Any, ...], taken: dict[int, Attempt]) -> Enrolment:
    student_id, period, code, name_kk, name_ru, credit_points, form, group, course_work, missed, fees = head
    return Enrolment(
        student_id,
        period,
        Course(code, name_kk, name_ru),
        credit_points,
        _FORMS[form],
        group,
        course_work,
        missed,
        fees,
        tuple(taken.values()),
    )


_COLUMNS = (
    enrolments.c.student_id,
    enrolments.c.period,
    enrolments.c.course_code,
    courses.c.name_kk,
    courses.c.name_ru,
    enrolments.c.credits,
    enrolments.c.exam_form,
    enrolments.c.group_name,
    enrolments.c.course_work,
    enrolments.c.missed_percent,
    enrolments.c.fees_cleared,
    attempts.c.number,
    attempts.c.rating1,
    attempts.c.rating2,
    attempts.c.exam,
    attempts.c.outcome,
    attempts.c.exam_date,
    attempts.c.posted_at,
    attempts.c.corrected_at,
)
_ATTEMPTS_OF_ENROLMENT = and_(
    attempts.c.student_id == enrolments.c.student_id,
    attempts.c.period == enrolments.c.period,
    attempts.c.course_code == enrolments.c.course_code,
)
_ORDER = (enrolments.c.student_id, enrolments.c.period, enrolments.c.course_code, attempts.c.number)
_WITH_ATTEMPTS = enrolments.join(courses).outerjoin(attempts, _ATTEMPTS_OF_ENROLMENT)
_ENROLMENTS: Select[Any] = select(*_COLUMNS).select_from(_WITH_ATTEMPTS).order_by(*_ORDER)
_OF_STUDENT = _ENROLMENTS.where(enrolments.c.student_id == bindparam("student_id"))
_BY_KEY = _OF_STUDENT.where(
    enrolments.c.period == bindparam("period"), enrolments.c.course_code == bindparam("course_code")
)
_BY_KEYS = _ENROLMENTS.where(
    enrolments.c.period == bindparam("period"),
    enrolments.c.student_id.in_(bindparam("student_ids", expanding=True)),
)
_OF_GROUP = _ENROLMENTS.where(enrolments.c.period == bindparam("period"), enrolments.c.group_name == bindparam("group"))
_RECORD: Select[Any] = (  # the columns after _COLUMNS are counted from 19
    select(
        *_COLUMNS,
        exams.c.starts_at,
        exams.c.ends_at,
        exams.c.exam_form,
        exams.c.room,
        exams.c.lecturer_id,
        sheets.c.locked_at,
        exists().where(requests.c.student_id == bindparam("student_id")),
    )
    .select_from(
        _WITH_ATTEMPTS.outerjoin(
            exams,
            and_(
                exams.c.period == enrolments.c.period,
                exams.c.course_code == enrolments.c.course_code,
                exams.c.group_name == enrolments.c.group_name,
            ),
        ).outerjoin(
            sheets,
            and_(
                sheets.c.period == enrolments.c.period,
                sheets.c.course_code == enrolments.c.course_code,
                sheets.c.group_name == enrolments.c.group_name,
            ),
        )
    )
    .where(enrolments.c.student_id == bindparam("student_id"))
    .order_by(*_ORDER, exams.c.starts_at)
)
_STOOD = (
    select(changes.c.key, changes.c.before, changes.c.after, changes.c.at)
    .where(
        changes.c.about == bindparam("student_id"),
        changes.c.object == "attempt",
        changes.c.act.is_(None),
        changes.c.before.is_not(None),
    )
    .order_by(changes.c.id)
)
_CHANGES = (
    select(changes)
    .where(
        changes.c.object == "attempt",
        changes.c.key == bindparam("key"),
        changes.c.act.is_(None),
        changes.c.at > bindparam("since"),
    )
    .order_by(changes.c.id)
)
_REMOVE = enrolments.delete().where(
    enrolments.c.student_id == bindparam("of_student"),
    enrolments.c.period == bindparam("of_period"),
    enrolments.c.course_code == bindparam("of_course"),
)
_REMOVE_ATTEMPT = attempts.delete().where(
    attempts.c.student_id == bindparam("of_student"),
    attempts.c.period == bindparam("of_period"),
    attempts.c.course_code == bindparam("of_course"),
    attempts.c.number == bindparam("of_number"),
)
