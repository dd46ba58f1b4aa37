"""The calendar: the dates of the periods, days that are not what their weekday says, and the exam timetable."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, select

from policy.calendar import DateSpan, DaySource, ExamSlot, PeriodDates, PeriodEvent, SpecialDay
from policy.marks import ExamForm
from storage.connection import Connection
from storage.tables import exams, period_dates, special_days
from storage.upsert import upsert


class CalendarDays:
    """What the academic calendar, the state and the timetable fix."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_dates(self, those: Iterable[PeriodDates]) -> None:
        """Keep these spans, over what was kept for the same period and event; spans not given stay."""
        await upsert(
            self._connection,
            period_dates,
            (
                {"period": each.period, "kind": event, "starts": span.starts, "ends": span.ends}
                for each in those
                for event, span in each.spans.items()
            ),
        )

    async def remove_dates(self, those: Iterable[tuple[str, PeriodEvent]]) -> None:
        """Withdraw the spans of these (period, event)."""
        keys = [{"of_period": period, "of_kind": event} for period, event in those]
        if keys:
            await self._connection.execute(_REMOVE_DATES, keys)

    async def dates(self) -> dict[str, PeriodDates]:
        """Give the dates of every period, by period, oldest first."""
        return dates_of_rows(await self._connection.execute(_DATES))

    async def dates_of(self, periods: Iterable[str]) -> dict[str, PeriodDates]:
        """Give the dates of these periods, by period; nothing for a period without dates."""
        return dates_of_rows(await self._connection.execute(_DATES_OF, {"periods": list(dict.fromkeys(periods))}))

    async def save_days(self, days: Iterable[SpecialDay]) -> None:
        """Keep these days, over what the same source said before."""
        await upsert(
            self._connection,
            special_days,
            (
                {
                    "day": each.day,
                    "source": each.source,
                    "working": each.working,
                    "name_kk": each.name_kk,
                    "name_ru": each.name_ru,
                }
                for each in days
            ),
        )

    async def remove_days(self, days: Iterable[date], source: DaySource) -> None:
        """Withdraw what a source said about these days."""
        keys = [{"of_day": day, "of_source": source} for day in days]
        if keys:
            await self._connection.execute(_REMOVE_DAYS, keys)

    async def days(self) -> dict[date, SpecialDay]:
        """Give every special day as it holds: what the university says overrules the state."""
        holding: dict[date, SpecialDay] = {}
        rows = (await self._connection.execute(_HOLDING)).all()  # the state's first, then the university's
        for day, working, name_kk, name_ru, source in rows:
            holding[day] = SpecialDay(day, working, name_kk, name_ru, _SOURCES[source])
        return holding

    async def days_by(self, source: DaySource) -> dict[date, SpecialDay]:
        """Give what one source said, overruled or not."""
        rows = await self._connection.execute(_DAYS.where(special_days.c.source == source))
        return {row.day: SpecialDay(row.day, row.working, row.name_kk, row.name_ru, source) for row in rows}

    async def replace_state_days(self, years: Iterable[int], days: Iterable[SpecialDay]) -> None:
        """Take these days as all that the state says about these years; the university's own stay untouched."""
        for year in years:
            await self._connection.execute(
                special_days.delete().where(
                    special_days.c.source == DaySource.STATE,
                    special_days.c.day.between(date(year, 1, 1), date(year, 12, 31)),
                )
            )
        await self.save_days(days)

    async def save_exams(self, slots: Iterable[ExamSlot]) -> None:
        """Keep these lines of the timetable, over those with the same period, course, group and start."""
        await upsert(
            self._connection,
            exams,
            (
                {
                    "period": each.period,
                    "course_code": each.course_code,
                    "group_name": each.group,
                    "starts_at": each.starts,
                    "ends_at": each.ends,
                    "exam_form": each.exam_form,
                    "room": each.room,
                    "lecturer_id": each.lecturer_id,
                }
                for each in slots
            ),
        )

    async def remove_exams(self, slots: Iterable[ExamSlot]) -> None:
        """Withdraw these lines of the timetable (an exam that was moved or cancelled)."""
        keys = [
            {
                "of_period": each.period,
                "of_course": each.course_code,
                "of_group": each.group,
                "of_start": each.starts,
            }
            for each in slots
        ]
        if keys:
            await self._connection.execute(_REMOVE_EXAMS, keys)

    async def exams_in(self, periods: Iterable[str]) -> tuple[ExamSlot, ...]:
        """Give the timetable of these periods, in order of time."""
        rows = await self._connection.execute(_EXAMS_IN, {"periods": list(dict.fromkeys(periods))})
        return tuple(slot_of(row) for row in rows)

    async def lecturers(self, period: str, course_code: str, group: str | None) -> frozenset[str]:
        """Give who teaches or examines a sheet; `group` None: any sheet of the course."""
        key = {"period": period, "course_code": course_code}
        rows = await self._connection.execute(_LECTURERS, key)
        return frozenset(row.lecturer_id for row in rows if group in {None, row.group_name})

    async def taught_by(self, person_id: str) -> frozenset[tuple[str, str, str]]:
        """Give the sheets somebody teaches or examines: period, course code, group."""
        rows = await self._connection.execute(_TAUGHT_BY, {"person_id": person_id})
        return frozenset((row.period, row.course_code, row.group_name) for row in rows)


def slot_of(row: Sequence[Any]) -> ExamSlot:
    """Read a line of the timetable from the columns of `exams`, in the table's order."""
    period, course_code, group, starts, ends, exam_form, room, lecturer_id = row
    return ExamSlot(period, course_code, group, _FORMS[exam_form], starts, ends, room, lecturer_id)


def dates_of_rows(rows: Iterable[Sequence[Any]]) -> dict[str, PeriodDates]:
    """Read the dates of periods from rows of (period, kind, starts, ends)."""
    spans: dict[str, dict[PeriodEvent, DateSpan]] = {}
    for period, kind, starts, ends in rows:
        spans.setdefault(period, {})[_EVENTS[kind]] = DateSpan(starts, ends)
    return {period: PeriodDates(period, events) for period, events in spans.items()}


_FORMS = {form.value: form for form in ExamForm}
_EVENTS = {event.value: event for event in PeriodEvent}
_DATES = select(period_dates).order_by(period_dates.c.period, period_dates.c.kind)
_DATES_OF = _DATES.where(period_dates.c.period.in_(bindparam("periods", expanding=True)))
_REMOVE_DATES = period_dates.delete().where(
    period_dates.c.period == bindparam("of_period"), period_dates.c.kind == bindparam("of_kind")
)
_SOURCES: Mapping[str, DaySource] = {source.value: source for source in DaySource}
_HOLDING: Select[Any] = select(
    special_days.c.day,
    special_days.c.working,
    special_days.c.name_kk,
    special_days.c.name_ru,
    special_days.c.source,
).order_by(special_days.c.source, special_days.c.day)
_DAYS = select(special_days).order_by(special_days.c.source, special_days.c.day)
_REMOVE_DAYS = special_days.delete().where(
    special_days.c.day == bindparam("of_day"), special_days.c.source == bindparam("of_source")
)
_EXAMS_IN = (
    select(exams)
    .where(exams.c.period.in_(bindparam("periods", expanding=True)))
    .order_by(exams.c.starts_at, exams.c.course_code, exams.c.group_name)
)
_LECTURERS = select(exams.c.group_name, exams.c.lecturer_id).where(
    exams.c.period == bindparam("period"),
    exams.c.course_code == bindparam("course_code"),
    exams.c.lecturer_id.is_not(None),
)
_TAUGHT_BY = (
    select(exams.c.period, exams.c.course_code, exams.c.group_name)
    .where(exams.c.lecturer_id == bindparam("person_id"))
    .distinct()
)
_REMOVE_EXAMS = exams.delete().where(
    exams.c.period == bindparam("of_period"),
    exams.c.course_code == bindparam("of_course"),
    exams.c.group_name == bindparam("of_group"),
    exams.c.starts_at == bindparam("of_start"),
)
