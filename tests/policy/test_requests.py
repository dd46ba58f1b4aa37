"""Where requests wait, and by when they are answered."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.instant import CounterInstant
from policy.profile import load_profile
from policy.requests import (
    DECIDED,
    OPEN,
    Kind,
    Queue,
    RequestState,
    answer_time,
    answer_time_left,
    desk_of,
)
from tests.policy.case import Case, cases
from tests.policy.facts import ALMATY, CALENDAR

REQUESTS = load_profile(None).requests

kinds = st.sampled_from(Kind)
local_instants = st.datetimes(datetime(2025, 12, 1), datetime(2026, 5, 1), timezones=st.just(ALMATY))  # noqa: DTZ001
pauses = st.timedeltas(timedelta(), timedelta(days=30))


@cases("requests.answer_time")
def test_answer_time(case: Case) -> None:
    got = answer_time(Kind(case["kind"]), case["since"], CALENDAR, REQUESTS)
    assert got.due == case["due"]
    assert got.due == CALENDAR.end_of(got.days[-1].day)
    assert got.cites


@cases("requests.answer_time_left")
def test_answer_time_left(case: Case) -> None:
    assert answer_time_left(case["due"], case["paused"], case["resumed"], CALENDAR) == case["expect"]


@given(kinds, local_instants)
def test_an_answer_is_never_due_before_a_working_day_has_passed(kind: Kind, since: datetime) -> None:
    due = answer_time(kind, since, CALENDAR, REQUESTS).due
    filed_on = CALENDAR.local_day(since)
    passed = [filed_on + timedelta(days=ahead) for ahead in range(1, (due.date() - filed_on).days)]
    assert any(CALENDAR.is_working(day) for day in passed)


@given(kinds, local_instants, pauses, pauses)
def test_a_pause_never_brings_an_answer_forward_and_leaves_a_working_day(
    kind: Kind, since: datetime, until_paused: timedelta, pause: timedelta
) -> None:
    due = answer_time(kind, since, CALENDAR, REQUESTS).due
    paused = since + until_paused
    resumed = paused + pause
    moved = answer_time_left(due, paused, resumed, CALENDAR)
    assert moved >= due
    assert moved >= CALENDAR.end_of(CALENDAR.working_days_after(CALENDAR.local_day(resumed), 1)[-1].day)


@given(kinds, local_instants, pauses, pauses, pauses)
def test_a_longer_pause_never_means_an_earlier_answer(
    kind: Kind, since: datetime, until_paused: timedelta, pause: timedelta, longer: timedelta
) -> None:
    due = answer_time(kind, since, CALENDAR, REQUESTS).due
    paused = since + until_paused
    first, second = (answer_time_left(due, paused, paused + length, CALENDAR) for length in (pause, pause + longer))
    assert first <= second


@pytest.mark.parametrize(
    ("kind", "queue", "best"),
    [
        (Kind.APPEAL, Queue.APPEALS, RequestState.UPHELD),
        (Kind.APPEAL_PROCEDURE, Queue.APPEALS, RequestState.UPHELD),
        (Kind.RETAKE, Queue.SERVICE_DESK, RequestState.APPROVED),
        (Kind.MISSED_EXAM, Queue.REGISTRAR, RequestState.APPROVED),
    ],
)
def test_a_kind_has_a_queue_and_a_decision_in_the_students_favour(kind: Kind, queue: Queue, best: RequestState) -> None:
    assert (kind.queue, desk_of(kind).favourable) == (queue, best)


def test_a_request_is_open_decided_withdrawn_or_void() -> None:
    assert set(RequestState) - {RequestState.WITHDRAWN, RequestState.VOID} == OPEN | DECIDED
    assert not OPEN & DECIDED


def test_what_was_taken_at_the_counter_without_a_time_zone_has_no_instant() -> None:
    noon = datetime(2026, 1, 15, 12, tzinfo=ALMATY)
    assert CounterInstant(noon).at == noon
    with pytest.raises(ValueError, match="no time zone"):
        CounterInstant(noon.replace(tzinfo=None))
