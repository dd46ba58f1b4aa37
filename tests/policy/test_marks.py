"""Marks, letters, admission, what is needed, and when a mark may change."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.decision import Allowed, Refused
from policy.marks import (
    Attempt,
    ChangeCause,
    MarkRules,
    Outcome,
    admission,
    looks_like_placeholder,
    may_change_posted,
    needed,
    result,
)
from policy.people import Level
from tests.policy.case import Case, cases, exact
from tests.policy.facts import RULES, attempt, enrolment, sat

MARKS = RULES.marks

points = st.decimals(min_value=0, max_value=100, places=1)
admitting = st.decimals(min_value=50, max_value=100, places=1)


def rules_of(case: Case) -> MarkRules:
    return replace(MARKS, exam_decides_failure=case.get("exam_decides_failure", True))


@cases("marks.result")
def test_result(case: Case) -> None:
    got = result(enrolment(*sat(*case["attempts"])), rules_of(case))
    expect = case["expect"]
    assert got.standing == expect["standing"]
    assert got.exam == expect.get("exam")
    assert got.final == expect.get("final")
    assert got.exam_decided == expect.get("exam_decided", False)
    assert (got.grade and got.grade.letter) == expect.get("letter")
    if "computed" in expect:
        assert got.computed == expect["computed"]
    if "traditional" in expect:
        assert got.grade is not None
        assert got.grade.traditional == expect["traditional"]


@cases("marks.admission")
def test_admission(case: Case) -> None:
    facts = case["facts"]
    enrolled = enrolment(
        attempt(1, facts),
        course_work=facts.get("course_work"),
        fees_cleared=facts.get("fees_cleared"),
        missed_percent=exact(facts.get("missed_percent")),
    )
    got = admission(enrolled, Level(case.get("level", "bachelor")), MARKS)
    assert {check.requirement: check.met for check in got.checks} == case["met"] | dict.fromkeys(
        case.get("unknown", [])
    )
    assert got.admitted is case.get("admitted")
    assert all(check.cites for check in got.checks)


@cases("marks.needed")
def test_needed(case: Case) -> None:
    got = needed(Decimal(case["rating1"]), Decimal(case["rating2"]), rules_of(case))
    assert {mark.grade.letter: mark.exam for mark in got.marks if mark.exam is not None} == case["expect"]
    assert [mark.grade.letter for mark in got.marks] == [grade.letter for grade in MARKS.letters]
    assert got.admitted is case.get("admitted", True)


@given(rating1=admitting, rating2=admitting)
def test_the_needed_mark_gives_the_letter_and_one_point_less_does_not(rating1: Decimal, rating2: Decimal) -> None:
    for mark in needed(rating1, rating2, MARKS).marks:
        if mark.exam is None:
            continue
        made = result(enrolment(Attempt(1, rating1, rating2, Decimal(mark.exam))), MARKS)
        assert made.grade == mark.grade
        assert made.final == mark.final
        if mark.exam:
            less = result(enrolment(Attempt(1, rating1, rating2, Decimal(mark.exam - 1))), MARKS)
            assert less.grade is not None
            assert less.grade.numeric < mark.grade.numeric


@given(rating1=admitting, rating2=admitting)
def test_letters_out_of_reach_are_above_a_full_exam_or_below_a_bare_pass(rating1: Decimal, rating2: Decimal) -> None:
    full = result(enrolment(Attempt(1, rating1, rating2, Decimal(100))), MARKS).grade
    bare = result(enrolment(Attempt(1, rating1, rating2, Decimal(50))), MARKS).grade
    assert full is not None
    assert bare is not None
    for mark in needed(rating1, rating2, MARKS).marks:
        if mark.grade.passing:
            in_reach = bare.numeric <= mark.grade.numeric <= full.numeric
            assert (mark.exam is not None) is in_reach
            assert mark.exam is None or mark.exam >= 50


@given(rating1=admitting, rating2=admitting, exam=points, more=points)
def test_a_better_exam_never_makes_a_worse_letter(
    rating1: Decimal, rating2: Decimal, exam: Decimal, more: Decimal
) -> None:
    low, high = (result(enrolment(Attempt(1, rating1, rating2, mark)), MARKS).grade for mark in sorted((exam, more)))
    assert low is not None
    assert high is not None
    assert low.numeric <= high.numeric


@given(mark=st.integers(0, 100))
def test_every_whole_mark_has_one_letter(mark: int) -> None:
    grade = MARKS.letters.of(mark)
    assert [other for other in MARKS.letters if other.lowest <= mark <= other.highest] == [grade]
    assert MARKS.letters.named(grade.letter) == grade


@pytest.mark.parametrize("mark", [-1, 101])
def test_there_is_no_letter_outside_the_scale(mark: int) -> None:
    with pytest.raises(ValueError, match="is no mark"):
        MARKS.letters.of(mark)


@pytest.mark.parametrize(
    ("sitting", "suspicious"),
    [
        (Attempt(1, Decimal(80), Decimal(80), Decimal(0), Outcome.TOOK), True),
        (Attempt(1, Decimal(80), Decimal(80), Decimal(0)), True),
        (Attempt(1, Decimal(80), Decimal(80), Decimal(1), Outcome.TOOK), False),
        (Attempt(1, Decimal(80), Decimal(80), Decimal(0), Outcome.DID_NOT_COME), False),
        (Attempt(1, Decimal(80), Decimal(80), Decimal(0), Outcome.REMOVED), False),
        (Attempt(1, Decimal(80), Decimal(0)), True),
        (Attempt(1, Decimal(80)), False),
    ],
)
def test_a_zero_nobody_explains_looks_like_a_placeholder(sitting: Attempt, suspicious: bool) -> None:
    assert looks_like_placeholder(sitting) is suspicious


@cases("marks.may_change_posted")
def test_may_change_posted(case: Case) -> None:
    posted = datetime(2026, 1, 16, 8, tzinfo=UTC)
    got = may_change_posted(
        replace(attempt(1, case["before"]), posted_at=posted),
        attempt(1, case["after"]),
        cause=ChangeCause(case["cause"]),
        sheet_locked=case.get("sheet_locked", False),
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
