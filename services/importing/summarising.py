"""Counting what a file of marks brings, for the summary a registrar checks."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from policy.appeals import AppealBasis, AppealRefusal, Exam, appeal_windows, lines_of
from policy.calendar import Calendar, ExamSlot, Windows
from policy.decision import Refused
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome, Standing, attempt_results
from policy.profile import Profile, Rules
from policy.sheets import is_printed
from services.calendar import calendar_of
from services.importing.draft import Draft
from services.importing.plan import Step
from services.importing.results import rules_of
from services.importing.summary import SHORT, Closing, MarksSummary
from storage.records import Lock

_NO_MARK = (AppealRefusal.DID_NOT_SIT, AppealRefusal.REMOVED)  # nobody would ask for a window
_OF_SLOT = (ExamForm.COMPUTER_TEST, ExamForm.STATE)  # whose windows depend on the timetable


async def summarise(draft: Draft, steps: Iterable[Step]) -> MarksSummary:
    """Return what these steps of a file of marks bring."""
    marks = [step for step in steps if step.object == "attempt" and step.after is not None]
    periods = sorted({step.key[1] for step in marks})
    slots: dict[tuple[str, str], list[ExamSlot]] = {}
    for slot in await draft.storage.calendar.exams_in(periods):
        slots.setdefault((slot.period, slot.course_code), []).append(slot)
    tally = _Tally(
        profile=draft.profile,
        calendar=await calendar_of(draft.storage, profile=draft.profile),
        slots=slots,
        locks={period: await draft.storage.sheets.locked_in(period) for period in periods},
        now=draft.now,
        hears=draft.telling.begins(draft.now),
        told_since=draft.telling.since,
    )
    for place, step in enumerate(marks):
        if place % 1000 == 0:
            await asyncio.sleep(0)  # others have a turn
        earlier = [draft.current("attempt", (*step.key[:3], str(number))) for number in range(1, step.after.number)]
        tally.add(step, draft.current("enrolment", step.key[:3]), tuple(each for each in earlier if each))
    return tally.summary(tuple(periods))


class _Tally:
    """Marks being counted, one after another."""

    def __init__(
        self,
        *,
        profile: Profile,
        calendar: Calendar,
        slots: Mapping[tuple[str, str], Sequence[ExamSlot]],
        locks: Mapping[str, Mapping[tuple[str, str], Lock]],
        now: datetime,
        hears: datetime,
        told_since: datetime,
    ) -> None:
        self._profile, self._calendar, self._slots, self._locks = profile, calendar, slots, locks
        self._now, self._hears, self._told_since = now, hears, told_since
        self._courses, self._groups = Counter[str](), Counter[str]()
        self._outcomes = Counter[Standing]()
        self._lowest: Decimal | None = None
        self._highest: Decimal | None = None
        self._by_exam: dict[tuple[Any, ...], Standing] = {}
        self._rules_of: dict[tuple[date | None, datetime | None], tuple[Rules, int]] = {}
        self._pending = self._posted = self._zeros = self._history = 0
        self._windows: dict[tuple[Any, ...], Windows | Refused[AppealRefusal]] = {}
        self._closings: dict[str, list[datetime]] = {}
        self._counts = Counter[str]()
        self._unknown = Counter[AppealRefusal]()
        self._over, self._short = Counter[str](), Counter[str]()
        self._short_until: datetime | None = None

    def add(self, step: Step, enrolment: Enrolment, earlier: tuple[Attempt, ...]) -> None:
        """Count a mark that is made or changed; `earlier` are the attempts before it."""
        after: Attempt = step.after
        self._courses[step.key[2]] += 1
        if enrolment.group:
            self._groups[enrolment.group] += 1
        if after.outcome is None:
            self._pending += 1
        elif step.before is None or step.before.outcome is None:
            self._posted += 1
            posted = after if after.posted_at else replace(after, posted_at=self._now.replace(microsecond=0))
            self._look_at_result(enrolment, posted)
            self._look_at_window(step.key, replace(enrolment, attempts=(*earlier, posted)))

    def _look_at_result(self, enrolment: Enrolment, posted: Attempt) -> None:
        self._outcomes[self._standing(enrolment, posted)] += 1
        exam = posted.exam
        if posted.outcome is Outcome.TOOK and exam is not None:
            self._zeros += exam == 0
            self._lowest = exam if self._lowest is None or exam < self._lowest else self._lowest
            self._highest = exam if self._highest is None or exam > self._highest else self._highest

    def _standing(self, enrolment: Enrolment, posted: Attempt) -> Standing:
        """Return what a mark comes to; where exam and ratings are all no less than a pass, so is their mean."""
        rules, lowest = self._rules(posted)
        alike = id(rules), posted.exam, posted.outcome
        by_exam = self._by_exam.get(alike)
        if by_exam is None:  # what the exam alone says, as where it decides failure
            alone = replace(posted, rating1=None, rating2=None)
            by_exam = self._by_exam[alike] = self._worth(enrolment, alone)
        if by_exam is not Standing.PENDING:
            return by_exam
        told = (posted.exam, posted.rating1, posted.rating2)
        if all(each is not None and each >= lowest for each in told):
            return Standing.PASSED
        return self._worth(enrolment, posted)

    def _worth(self, enrolment: Enrolment, posted: Attempt) -> Standing:
        course = Course("", None, None)
        alone = Enrolment(enrolment.student_id, "", course, enrolment.credits, None, None, attempts=(posted,))
        return attempt_results(alone, self._rules(posted)[0].marks)[0].standing

    def _rules(self, posted: Attempt) -> tuple[Rules, int]:
        """Return the rules of a mark's day, and the lowest mark that passes by them."""
        day = posted.exam_date, posted.posted_at
        if day not in self._rules_of:
            rules = rules_of(posted, self._profile, now=self._now)
            passing = (grade.lowest for grade in rules.marks.letters if grade.passing)
            self._rules_of[day] = rules, min(passing, default=101)
        return self._rules_of[day]

    def _look_at_window(self, key: Sequence[str], enrolment: Enrolment) -> None:
        posted = enrolment.attempts[-1]
        if posted.posted_at is not None and posted.posted_at < self._told_since:
            self._history += 1
            return
        windows = self._windows_of(key, enrolment)
        if isinstance(windows, Refused):
            if windows.reason is AppealRefusal.SHEET_LOCKED:
                self._over[key[2]] += 1
            elif windows.reason not in _NO_MARK:
                self._unknown[windows.reason] += 1
            return
        window = windows.at(self._hears)
        first_and_last = self._closings.setdefault(window.basis, [window.closes, window.closes])
        first_and_last[:] = min(first_and_last[0], window.closes), max(first_and_last[1], window.closes)
        self._counts[window.basis] += 1
        if window.basis == AppealBasis.WHILE_RUNNING:
            return
        left = window.closes - max(self._hears, window.opens)
        if window.closes <= self._hears:
            self._over[key[2]] += 1
        elif left < SHORT:
            self._short[key[2]] += 1
            self._short_until = min(self._short_until or window.closes, window.closes)

    def _windows_of(self, key: Sequence[str], enrolment: Enrolment) -> Windows | Refused[AppealRefusal]:
        """Return when a mark could be appealed; many marks share what that depends on."""
        *earlier, posted = enrolment.attempts
        dates = tuple((each.exam_date, each.posted_at) for each in earlier)
        of_slot = (key[1], key[2], enrolment.group, dates) if enrolment.exam_form in _OF_SLOT else ()
        lock = self._locks[key[1]].get((key[2], enrolment.group or ""))
        alike = (
            enrolment.exam_form,
            posted.outcome,
            posted.exam_date,
            posted.posted_at,
            lock and lock.locked_at,
            of_slot,
        )
        if alike not in self._windows:
            self._windows[alike] = self._worked_out(key, enrolment, lock)
        return self._windows[alike]

    def _worked_out(
        self, key: Sequence[str], enrolment: Enrolment, lock: Lock | None
    ) -> Windows | Refused[AppealRefusal]:
        slots = (
            slot
            for slot in self._slots.get((key[1], key[2]), ())
            if enrolment.group is None or slot.group == enrolment.group
        )
        posted, place = enrolment.attempts[-1], len(enrolment.attempts) - 1
        exam = Exam(enrolment.exam_form, posted, lines_of(enrolment.attempts, slots, self._calendar)[place])
        windows = appeal_windows(exam, self._calendar, self._rules(posted)[0].appeals)
        if isinstance(windows, Windows) and is_printed(posted, lock.locked_at if lock else None):
            return Refused(AppealRefusal.SHEET_LOCKED, windows.each[0].cites, until=windows.closes)
        return windows

    def summary(self, periods: tuple[str, ...]) -> MarksSummary:
        """Return what was counted."""
        return MarksSummary(
            periods=periods,
            courses=self._courses,
            groups=self._groups,
            pending=self._pending,
            posted=self._posted,
            outcomes=self._outcomes,
            zeros=self._zeros,
            lowest=self._lowest,
            highest=self._highest,
            closings=tuple(
                Closing(basis, first, last, self._counts[basis])
                for basis, (first, last) in sorted(self._closings.items())
            ),
            unknown=self._unknown,
            history=self._history,
            over=self._over,
            short=self._short,
            short_until=self._short_until,
        )
