"""Until when an FX may be retaken, and when it may not."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policy.calendar import Window, Windows
from policy.decision import Allowed, Refused
from policy.instant import MessageInstant
from policy.marks import Attempt, Enrolment, ExamForm
from policy.people import Level
from policy.retakes import (
    MissedCause,
    RetakeBasis,
    additional_period,
    may_be_seated,
    may_retake,
    may_take_missed_exam,
    missed_causes,
    missed_exam_windows,
    retake_windows,
)
from tests.policy.case import Case, cases, exact
from tests.policy.facts import ALMATY, CALENDAR, RULES, enrolment, period_dates, sat

RETAKES, MARKS = RULES.retakes, RULES.marks

WINTER = {"session": (date(2025, 12, 29), date(2026, 1, 17))}
FX = Attempt(1, Decimal(80), Decimal(80), Decimal(40), posted_at=datetime(2026, 1, 9, 10, tzinfo=ALMATY))


def is_as_told(got: Windows | Refused[Any], case: Case) -> None:
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


@cases("retakes.additional_period")
def test_additional_period(case: Case) -> None:
    got = additional_period(period_dates(case["dates"]), CALENDAR, RETAKES)
    expect = (case["opens"], case["closes"], case["basis"]) if "opens" in case else None
    assert (got and (got.opens, got.closes, got.basis)) == expect
    if got is not None:
        assert got.closes == CALENDAR.end_of(got.days[-1].day)


def test_without_any_dates_the_additional_period_is_not_known() -> None:
    assert additional_period(None, CALENDAR, RETAKES) is None


@cases("retakes.retake_windows")
def test_retake_windows(case: Case) -> None:
    got = retake_windows(
        enrolment(*sat(*case["attempts"]), form=ExamForm(case.get("form", "written"))),
        CALENDAR,
        RETAKES,
        MARKS,
        dates=period_dates(case.get("dates", WINTER)),
        decided_at=case.get("decided"),
        earlier=[enrolment(*sat(*each), period="2024-2025/1") for each in case.get("earlier", [])],
    )
    is_as_told(got, case)


@cases("retakes.may_retake")
def test_may_retake(case: Case) -> None:
    facts = {"rating1": 80, "rating2": 80, "exam": 40, "posted": FX.posted_at} | case
    got = may_retake(
        enrolment(*sat(facts)),
        MessageInstant(case["filed"]),
        CALENDAR,
        RETAKES,
        MARKS,
        dates=period_dates(WINTER),
        open_request=case.get("open_request", False),
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
    if case.get("expect") in (None, "window_closed"):
        assert got.until == case.get("until", datetime(2026, 1, 30, tzinfo=ALMATY))


@given(
    posted=st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 31), timezones=st.just(ALMATY)),  # noqa: DTZ001
    decided_after=st.none() | st.timedeltas(timedelta(), timedelta(days=60)),
    additional_ends=st.none() | st.dates(date(2026, 1, 1), date(2026, 2, 28)),
)
def test_an_fx_can_be_applied_for_when_it_is_settled_and_two_working_days_longer(
    posted: datetime, decided_after: timedelta | None, additional_ends: date | None
) -> None:
    spans = dict(WINTER)
    if additional_ends is not None:
        spans["additional"] = (min(date(2026, 1, 19), additional_ends), additional_ends)
    decided_at = None if decided_after is None else posted + decided_after
    windows = retake_windows(
        enrolment(Attempt(1, FX.rating1, FX.rating2, FX.exam, posted_at=posted)),
        CALENDAR,
        RETAKES,
        MARKS,
        dates=period_dates(spans),
        decided_at=decided_at,
    )
    assert isinstance(windows, Windows)
    settled = decided_at or posted
    assert posted in windows
    assert settled in windows
    two_days = CALENDAR.working_days_after(CALENDAR.local_day(settled), 2)[-1].day
    assert windows.at(settled).closes >= CALENDAR.end_of(two_days) - timedelta(seconds=1)
    for window in windows.each:
        assert window.opens < window.closes
        assert window.basis is RetakeBasis.GRACE or window.closes <= datetime(2026, 1, 30, tzinfo=ALMATY)


MISSED = {"rating1": 80, "rating2": 80, "outcome": "did_not_come", "posted": datetime(2026, 1, 12, 10, tzinfo=ALMATY)}


def missed(case: Case) -> Enrolment:
    attempts = [{"posted": MISSED["posted"]} | facts for facts in case.get("attempts", [MISSED])]
    return enrolment(
        *sat(*attempts),
        form=ExamForm(case.get("form", "written")),
        course_work=case.get("course_work"),
        fees_cleared=case.get("fees_cleared"),
        missed_percent=exact(case.get("missed_percent")),
    )


@cases("retakes.missed_causes")
def test_missed_causes(case: Case) -> None:
    got = missed_causes(missed(case), Level(case.get("level", "bachelor")), MARKS)
    if "refused" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["refused"]
        assert got.cites
    else:
        assert got == tuple(map(MissedCause, case["expect"]))


@cases("retakes.missed_exam_windows")
def test_missed_exam_windows(case: Case) -> None:
    enrolled = enrolment(*sat(*case["attempts"]))
    dates = period_dates(case.get("dates", WINTER))
    got = missed_exam_windows(enrolled, Level.BACHELOR, CALENDAR, RETAKES, MARKS, dates=dates)
    is_as_told(got, case)


@cases("retakes.may_take_missed_exam")
def test_may_take_missed_exam(case: Case) -> None:
    got = may_take_missed_exam(
        missed(case),
        Level.BACHELOR,
        CALENDAR,
        RETAKES,
        MARKS,
        cause=MissedCause(case.get("cause", "did_not_come")),
        filed=MessageInstant(case["filed"]),
        dates=period_dates(WINTER),
        open_request=case.get("open_request", False),
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
    if case.get("expect") in (None, "window_closed"):
        assert got.until == case.get("until", datetime(2026, 1, 30, tzinfo=ALMATY))


@cases("retakes.may_be_seated")
def test_may_be_seated(case: Case) -> None:
    additional = additional_period(period_dates(case["dates"]), CALENDAR, RETAKES)
    assert isinstance(additional, Window)
    assert may_be_seated(case["answered_by"], additional) is case["expect"]
