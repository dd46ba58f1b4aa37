"""Until when an exam mark may be appealed, and by whom."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.appeals import (
    AppealBasis,
    AppealRules,
    DecidedAppeal,
    Exam,
    Stood,
    appeal_windows,
    complaint_window,
    line_at,
    lines_of,
    may_appeal,
    may_complain,
    may_uphold,
    most_points,
    upheld,
)
from policy.calendar import DayCounting, ExamSlot, Window, Windows
from policy.citation import HOUSE
from policy.decision import Allowed, Refused
from policy.instant import CounterInstant, MessageInstant
from policy.marks import Attempt, ChangeCause, ExamForm, Outcome, may_change_posted
from tests.policy.case import Case, cases, exact
from tests.policy.facts import ALMATY, CALENDAR, RULES, attempt, slot, stood

APPEALS = RULES.appeals
EXAM = Decimal(60)
MORNING = datetime(2026, 1, 14, 9, tzinfo=ALMATY)

local_instants = st.datetimes(datetime(2025, 9, 1), datetime(2026, 8, 31), timezones=st.just(ALMATY))  # noqa: DTZ001


def rules_of(case: Case) -> AppealRules:
    changed = case.get("rules")
    if changed is None:
        return APPEALS
    hour = changed["window_closes_at"]
    return replace(
        APPEALS,
        window_days=changed["window_days"],
        window_counting=DayCounting(changed["window_counting"]),
        window_closes_at=None if hour == "end_of_day" else hour,
    )


def lines(case: Case) -> tuple[ExamSlot, ...]:
    return tuple(slot(*times) for times in case.get("lines", []))


@cases("appeals.appeal_windows")
def test_appeal_windows(case: Case) -> None:
    exam = Exam(
        form=ExamForm(case["form"]) if "form" in case else None,
        attempt=attempt(1, case["sitting"]),
        lines=lines(case),
        stood=stood(*case.get("stood", [])),
    )
    got = appeal_windows(exam, CALENDAR, rules_of(case))
    if "refused" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["refused"]
        assert got.cites
        return
    assert isinstance(got, Windows)
    told = case.get("windows") or [case]
    assert [(one.opens, one.closes, one.basis) for one in got.each] == [
        (one["opens"], one["closes"], one["basis"]) for one in told
    ]
    assert all(one.cites for one in got.each)


def windows_of(exam: Exam, rules: AppealRules = APPEALS) -> Windows:
    windows = appeal_windows(exam, CALENDAR, rules)
    assert isinstance(windows, Windows)
    return windows


def test_a_window_explains_itself_day_by_day() -> None:
    rules = replace(APPEALS, window_days=2, window_counting=DayCounting.WORKING)
    friday = datetime(2026, 1, 16, 10, tzinfo=ALMATY)
    (window,) = windows_of(Exam(ExamForm.WRITTEN, Attempt(1, exam=EXAM, posted_at=friday)), rules).each
    assert window.counted_from == date(2026, 1, 16)
    assert [(day.day.day, day.number, day.reason.value) for day in window.days] == [
        (17, None, "weekend"),
        (18, None, "weekend"),
        (19, 1, "working_day"),
        (20, 2, "working_day"),
    ]


def test_a_window_after_a_correction_is_ours() -> None:
    corrected = datetime(2026, 1, 20, 11, tzinfo=ALMATY)
    (window,) = windows_of(Exam(ExamForm.ORAL, Attempt(1, exam=EXAM, corrected_at=corrected))).each
    assert window.cites == (HOUSE,)


def decided(facts: Case) -> DecidedAppeal:
    posting = None if facts.get("unknown") else (facts.get("posted"), facts.get("corrected"))
    return DecidedAppeal(facts["at"], posting, frozenset(map(Decimal, facts["marks"])))


@cases("appeals.may_appeal")
def test_may_appeal(case: Case) -> None:
    sitting = {"exam": 60, "posted": datetime(2026, 1, 15, 19, 40, tzinfo=ALMATY)} | case
    if case.get("no_mark"):
        sitting.pop("exam")
    exam = Exam(
        form=ExamForm(case.get("form", "written")),
        attempt=attempt(1, sitting),
        lines=lines(case),
        stood=stood(*case.get("stood", [])),
        open_appeal=case.get("open_appeal", False),
        decided=tuple(map(decided, case.get("decided", []))),
        sheet_locked=case.get("sheet_locked", False),
    )
    got = may_appeal(exam, MessageInstant(case["filed"]), CALENDAR, APPEALS)
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
        if got.reason == "window_closed":
            assert got.until == case.get("until", datetime(2026, 1, 16, 13, tzinfo=ALMATY))
    else:
        assert isinstance(got, Allowed)
        assert got.until is not None
        assert got.until > case["filed"]
        assert got.until == case.get("until", got.until)


@given(
    posted=local_instants,
    days=st.integers(1, 10),
    counting=st.sampled_from(DayCounting),
    hour=st.none() | st.times(),
)
def test_a_window_never_ends_before_it_starts_and_takes_its_first_instant(
    posted: datetime, days: int, counting: DayCounting, hour: time | None
) -> None:
    rules = replace(APPEALS, window_days=days, window_counting=counting, window_closes_at=hour)
    exam = Exam(ExamForm.WRITTEN, Attempt(1, exam=EXAM, posted_at=posted))
    (window,) = windows_of(exam, rules).each
    assert window.opens <= window.closes
    assert window.closes not in window
    last_moment = MessageInstant(window.closes - timedelta(microseconds=1))
    assert isinstance(may_appeal(exam, last_moment, CALENDAR, rules), Allowed) is (last_moment.at >= window.opens)
    assert isinstance(may_appeal(exam, MessageInstant(window.closes), CALENDAR, rules), Refused)


def test_an_appeal_on_paper_counts_from_when_it_was_taken() -> None:
    posted = datetime(2026, 1, 15, 19, 40, tzinfo=ALMATY)
    exam = Exam(ExamForm.WRITTEN, Attempt(1, exam=EXAM, posted_at=posted))
    late = datetime(2026, 1, 16, 13, tzinfo=ALMATY)
    in_time = CounterInstant(late - timedelta(seconds=1))
    assert isinstance(may_appeal(exam, in_time, CALENDAR, APPEALS), Allowed)
    assert isinstance(may_appeal(exam, CounterInstant(late), CALENDAR, APPEALS), Refused)


@cases("appeals.complaint_window")
def test_complaint_window(case: Case) -> None:
    exam = Exam(
        form=ExamForm(case["form"]) if "form" in case else None,
        attempt=attempt(1, case["sitting"]),
        lines=lines(case),
    )
    got = complaint_window(exam, CALENDAR, rules_of(case))
    if "refused" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["refused"]
    else:
        assert isinstance(got, Window)
        assert (got.opens, got.closes, got.basis) == (case["opens"], case["closes"], AppealBasis.AFTER_EXAM)
    assert HOUSE in got.cites


@cases("appeals.may_complain")
def test_may_complain(case: Case) -> None:
    held = case.get("lines", [[MORNING, MORNING + timedelta(hours=2)]])
    exam = Exam(
        form=ExamForm.WRITTEN,
        attempt=attempt(1, case.get("sitting", {"exam": 60, "posted": datetime(2026, 1, 15, 19, 40, tzinfo=ALMATY)})),
        lines=tuple(slot(*times) for times in held),
        open_appeal=case.get("open_appeal", False),
    )
    got = may_complain(
        exam,
        MessageInstant(case["filed"]),
        CALENDAR,
        APPEALS,
        open_complaint=case.get("open_complaint", False),
        decided=case.get("decided", False),
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
        assert got.until == (None if case.get("late") else datetime(2026, 1, 16, 13, tzinfo=ALMATY))


@given(
    starts=st.none() | local_instants,
    exam_date=st.none() | st.dates(date(2025, 9, 1), date(2026, 8, 31)),
    posted=st.none() | local_instants,
    counting=st.sampled_from(DayCounting),
)
def test_an_exam_of_which_anything_is_known_can_be_complained_of(
    starts: datetime | None, exam_date: date | None, posted: datetime | None, counting: DayCounting
) -> None:
    sitting = Attempt(1, exam=EXAM, exam_date=exam_date, posted_at=posted)
    exam = Exam(ExamForm.WRITTEN, sitting, () if starts is None else (slot(starts, starts + timedelta(hours=2)),))
    window = complaint_window(exam, CALENDAR, replace(APPEALS, window_counting=counting))
    if starts is None and exam_date is None and posted is None:
        assert isinstance(window, Refused)
        return
    assert isinstance(window, Window)
    assert all(at in window for at in (starts, posted) if at is not None and at >= window.opens)
    assert posted is None or posted < window.closes
    first = MessageInstant(window.opens)
    assert isinstance(
        may_complain(
            exam, first, CALENDAR, replace(APPEALS, window_counting=counting), open_complaint=False, decided=False
        ),
        Allowed,
    )


@cases("appeals.may_uphold")
def test_may_uphold(case: Case) -> None:
    sitting = attempt(1, case)
    got = may_uphold(case["points"], sitting, sheet_locked=case.get("sheet_locked", False))
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
        assert upheld(sitting, case["points"]).exam == exact(case["makes"])
    assert got.cites


@given(exam=st.decimals(0, 100, places=1), points=st.integers(-5, 105))
def test_an_upheld_mark_never_falls_and_never_passes_100(exam: Decimal, points: int) -> None:
    before = Attempt(1, Decimal(80), Decimal(80), exam, Outcome.TOOK, posted_at=MORNING)
    allowed = isinstance(may_uphold(points, before, sheet_locked=False), Allowed)
    assert allowed is (1 <= points <= most_points(before))
    if not allowed:
        with pytest.raises(ValueError, match="cannot be added"):
            upheld(before, points)
        return
    after = upheld(before, points)
    assert after.exam is not None
    assert exam < after.exam <= 100
    assert isinstance(may_change_posted(before, after, cause=ChangeCause.APPEAL, sheet_locked=False), Allowed)


@given(exam=st.decimals(0, 100, places=1))
def test_the_most_points_leave_less_than_one_to_100(exam: Decimal) -> None:
    assert 0 <= 100 - exam - most_points(Attempt(1, exam=exam)) < 1


def test_no_points_can_be_added_to_no_mark() -> None:
    assert most_points(Attempt(1)) == 0


@given(
    posted=local_instants,
    after=st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=5)), max_size=4),
    filed_after=st.timedeltas(timedelta(), timedelta(days=20)),
)
def test_no_correction_ever_takes_away_time_to_appeal(
    posted: datetime, after: list[timedelta], filed_after: timedelta
) -> None:
    """What could be appealed at an instant can be, whatever is corrected later."""
    filed = MessageInstant(posted + filed_after)
    exam = Exam(ExamForm.WRITTEN, Attempt(1, exam=EXAM, posted_at=posted))
    allowed = isinstance(may_appeal(exam, filed, CALENDAR, APPEALS), Allowed)
    for gap in after:
        last = exam.attempt.corrected_at or posted
        corrected = replace(exam.attempt, exam=EXAM + 1, corrected_at=last + gap)
        exam = replace(exam, attempt=corrected, stood=(*exam.stood, Stood(exam.attempt, last + gap)))
        still = isinstance(may_appeal(exam, filed, CALENDAR, APPEALS), Allowed)
        assert still or not allowed
        allowed = still


def at(*instants: datetime) -> list[ExamSlot]:
    return [slot(starts, starts + timedelta(hours=1)) for starts in instants]


AFTERNOON = MORNING + timedelta(hours=5)
NEXT_DAY = MORNING + timedelta(days=1)
RETAKE = datetime(2026, 1, 21, 9, tzinfo=ALMATY)
POSTED = datetime(2026, 1, 16, 12, tzinfo=ALMATY)
FX = Attempt(1, exam=Decimal(40), posted_at=POSTED)


@pytest.mark.parametrize(
    ("taken", "instants", "found"),
    [
        ([Attempt(1, exam_date=date(2026, 1, 14))], [RETAKE, MORNING], [[MORNING], [RETAKE]]),
        ([Attempt(1, exam_date=date(2026, 1, 14))], [MORNING, AFTERNOON], [[MORNING, AFTERNOON], []]),
        ([Attempt(1)], [MORNING, AFTERNOON], [[MORNING, AFTERNOON], []]),
        ([Attempt(1)], [MORNING, NEXT_DAY], [[MORNING, NEXT_DAY], []]),
        ([Attempt(1, exam_date=date(2026, 1, 13))], [MORNING], [[MORNING], []]),
        ([FX], [MORNING, RETAKE], [[MORNING], [RETAKE]]),
        ([FX], [MORNING, NEXT_DAY, RETAKE], [[MORNING, NEXT_DAY], [RETAKE]]),
        ([FX], [RETAKE], [[], [RETAKE]]),
        ([replace(FX, exam_date=date(2026, 1, 13))], [MORNING, RETAKE], [[], [MORNING, RETAKE]]),
        ([replace(FX, posted_at=None)], [MORNING, RETAKE], [[MORNING], [RETAKE]]),
        ([FX, Attempt(2)], [MORNING, RETAKE], [[MORNING], [RETAKE], []]),
        ([FX, Attempt(2, exam_date=date(2026, 1, 21))], [MORNING, RETAKE], [[MORNING], [RETAKE], []]),
        ([FX, replace(FX, number=2, posted_at=RETAKE + timedelta(days=1))], [RETAKE], [[], [RETAKE], []]),
        ([], [MORNING], [[MORNING]]),
    ],
)
def test_each_sitting_has_its_lines_of_the_timetable(
    taken: list[Attempt], instants: list[datetime], found: list[list[datetime]]
) -> None:
    got = lines_of(taken, at(*instants), CALENDAR)
    assert [[line.starts for line in those] for those in got] == found


def test_of_two_shifts_the_one_that_is_not_over_is_spoken_of() -> None:
    shifts = at(MORNING, AFTERNOON)
    assert line_at(shifts, MORNING - timedelta(days=1)) == shifts[0]
    assert line_at(shifts, MORNING + timedelta(hours=1)) == shifts[1]
    assert line_at(shifts, AFTERNOON + timedelta(days=1)) == shifts[1]
    assert line_at((), MORNING) is None
