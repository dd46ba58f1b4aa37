"""GPA, integral GPA and passing to the next year."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.citation import HOUSE
from policy.decision import Refused
from policy.gpa import (
    Components,
    CourseOutcome,
    GpaBlock,
    GpaRules,
    Igpa,
    Part,
    course_outcome,
    decimals_apart,
    gpa,
    gpa_by_period,
    gpa_by_year,
    igpa,
    promotion,
    promotion_day,
    shown,
    what_if,
)
from policy.marks import Attempt, Outcome, Standing, result
from policy.people import Level, StudyForm
from tests.policy.case import Case, cases, exact
from tests.policy.facts import RULES, enrolment

LETTERS = RULES.marks.letters
FULL_TIME_BACHELOR: dict[str, Any] = {"level": Level.BACHELOR, "form": StudyForm.FULL_TIME}


def course(facts: Sequence[Any], *, additional_over: bool = False) -> CourseOutcome:
    period, code, credit_count, standing, *numeric = facts
    return CourseOutcome(
        period, code, Decimal(credit_count), Standing(standing), exact(numeric[0] if numeric else None), additional_over
    )


def rules_of(case: Case) -> GpaRules:
    if "maxima" not in case:
        return RULES.gpa
    return replace(RULES.gpa, component_maxima={Part(name): Decimal(top) for name, top in case["maxima"].items()})


def components_of(case: Case) -> Components:
    return Components(**{name: Decimal(value) for name, value in case["components"].items()})


def somebody(case: Case) -> dict[str, Any]:
    return {
        "level": Level(case.get("level", "bachelor")),
        "form": StudyForm(case.get("form", "full_time")),
        "year": case["year"],
    }


@cases("gpa.gpa")
def test_gpa(case: Case) -> None:
    courses = [course(facts, additional_over=case.get("additional_over", False)) for facts in case["courses"]]
    got = gpa(courses)
    assert got.value == exact(case.get("value"))
    assert [one.course_code for one in got.left_out] == case.get("left_out", [])
    assert [one.period for one in got.superseded] == case.get("superseded", [])
    assert got.credits == sum(one.credits for one in got.counted)
    assert len(got.counted) + len(got.left_out) + len(got.superseded) == len(courses)


def test_a_period_counts_its_own_enrolment_and_a_year_the_latest_within_it() -> None:
    courses = [
        course(("2025-2026/1", "A", 5, "f", "0")),
        course(("2025-2026/3", "A", 5, "passed", "3.0")),
        course(("2024-2025/1", "B", 5, "passed", "2.0")),
    ]
    by_period = gpa_by_period(courses)
    assert list(by_period) == ["2024-2025/1", "2025-2026/1", "2025-2026/3"]
    assert by_period["2025-2026/1"].value == 0
    assert {year: one.value for year, one in gpa_by_year(courses).items()} == {"2024-2025": 2, "2025-2026": 3}


def test_a_course_reaches_the_gpa_with_its_letter() -> None:
    enrolled = enrolment(Attempt(1, Decimal(90), Decimal(90), Decimal(40)))
    fx = course_outcome(enrolled, result(enrolled, RULES.marks), additional_over=False)
    assert fx.counts == Decimal("0.5")
    absent = enrolment(Attempt(1, Decimal(90), Decimal(90), outcome=Outcome.DID_NOT_COME))
    assert course_outcome(absent, result(absent, RULES.marks), additional_over=False).counts is None
    assert course_outcome(absent, result(absent, RULES.marks), additional_over=True).counts == 0


def test_what_if_puts_letters_in_and_leaves_the_rest() -> None:
    courses = [course(("2025-2026/1", "A", 5, "pending")), course(("2025-2026/1", "B", 5, "passed", "3.0"))]
    assumed = what_if(courses, {("2025-2026/1", "A"): LETTERS.named("A")})
    assert gpa(assumed).value == Decimal("3.5")
    assert gpa(courses).value == 3
    with pytest.raises(KeyError):
        what_if(courses, {("2025-2026/2", "A"): LETTERS.named("A")})


@pytest.mark.parametrize(
    ("value", "expected"), [("2.345", "2.35"), ("2.3449", "2.34"), ("4", "4.00"), ("0.005", "0.01")]
)
def test_a_gpa_is_shown_with_two_decimals_halves_up(value: str, expected: str) -> None:
    assert str(shown(Decimal(value))) == expected


@st.composite
def outcomes(draw: st.DrawFn) -> CourseOutcome:
    grade = draw(st.sampled_from(LETTERS.grades))
    absent = draw(st.sampled_from([None, Standing.DID_NOT_COME, Standing.NOT_ADMITTED, Standing.PENDING]))
    return CourseOutcome(
        period=f"2025-2026/{draw(st.integers(1, 3))}",
        course_code=draw(st.sampled_from("ABCDEFGH")),
        credits=draw(st.decimals(0, 12, places=1)),
        standing=absent or grade.standing,
        numeric=None if absent else grade.numeric,
        additional_over=draw(st.booleans()),
    )


@given(st.lists(outcomes(), unique_by=lambda one: (one.period, one.course_code)), st.randoms())
def test_a_gpa_lies_between_0_and_4_whatever_the_order(courses: list[CourseOutcome], random: Any) -> None:
    got = gpa(courses)
    assert got.value is None or 0 <= got.value <= 4
    shuffled = list(courses)
    random.shuffle(shuffled)
    assert gpa(shuffled).value == got.value
    codes = [one.course_code for one in got.counted]
    assert len(codes) == len(set(codes))


@cases("gpa.igpa")
def test_igpa(case: Case) -> None:
    got = igpa(exact(case.get("gpa")), components_of(case), rules_of(case), **somebody(case))
    if "refused" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["refused"]
        return
    assert isinstance(got, Igpa)
    assert got.value == exact(case.get("value"))
    assert list(got.missing) == case.get("missing", [])
    assert got.low == exact(case.get("low", case.get("value")))
    assert got.high == exact(case.get("high", case.get("value")))
    assert got.academic == exact(case.get("academic"))


scale = st.decimals(0, 4, places=2)


@given(
    year=st.integers(1, 4),
    full=st.fixed_dictionaries(dict.fromkeys(Part, scale)),
    known=st.sets(st.sampled_from(Part)),
)
def test_the_range_of_an_igpa_contains_every_completion(year: int, full: dict[Part, Decimal], known: set[Part]) -> None:
    def of(parts: set[Part]) -> Igpa:
        values = {part.value: full[part] if part in parts else None for part in Part}
        gpa_value = values.pop("gpa")
        got = igpa(gpa_value, Components(**values), RULES.gpa, year=year, **FULL_TIME_BACHELOR)
        assert isinstance(got, Igpa)
        return got

    complete, partial = of(set(Part)), of(known)
    assert complete.value is not None
    assert 0 <= partial.low <= complete.value <= partial.high <= 4
    assert sum(partial.weights.values()) == 1
    assert (partial.value is None) is bool(partial.missing)


def test_a_component_outside_its_scale_is_an_error() -> None:
    with pytest.raises(ValueError, match="ssci 5 is not within 0-4"):
        igpa(Decimal(3), Components(ssci=Decimal(5)), RULES.gpa, year=1, **FULL_TIME_BACHELOR)


@cases("gpa.promotion")
def test_promotion(case: Case) -> None:
    reading = replace(RULES.promotion, gpa_block=GpaBlock(case.get("gpa_block", "composite")))
    got = promotion(exact(case.get("gpa")), components_of(case), rules_of(case), reading, **somebody(case))
    if "refused" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["refused"]
        return
    assert not isinstance(got, Refused)
    assert got.passes is case.get("passes")
    expected = case["shortfall"] | dict.fromkeys(case.get("unknown", []))
    assert {block.part: block.shortfall for block in got.blocks} == expected
    assert all(block.met is (None if block.shortfall is None else block.shortfall == 0) for block in got.blocks)
    assert got.gpa_block == (None if case["year"] > 2 else reading.gpa_block)
    assert HOUSE in got.cites


@pytest.mark.parametrize(
    ("value", "places"),
    [("1.5", 2), ("1.99", 2), ("1.994", 2), ("1.995", 3), ("1.996", 3), ("1.9994", 3), ("1.9995", 4), ("1.999999", 6)],
)
def test_a_value_that_falls_short_is_never_shown_as_if_it_did_not(value: str, places: int) -> None:
    assert decimals_apart(Decimal(value), Decimal(2)) == places


@given(st.decimals(0, 4, places=6), st.decimals(0, 4, places=2))
def test_neither_a_value_nor_its_shortfall_reads_as_enough(value: Decimal, required: Decimal) -> None:
    if value >= required:
        with pytest.raises(ValueError, match="does not fall short"):
            decimals_apart(value, required)
        return
    place = Decimal(1).scaleb(-decimals_apart(value, required))
    assert value.quantize(place, ROUND_HALF_UP) < required
    assert (required - value).quantize(place, ROUND_HALF_UP) > 0


@cases("gpa.promotion_day")
def test_promotion_day(case: Case) -> None:
    day = promotion_day(case["academic_year"], RULES.gpa, winter_intake=case.get("winter_intake", False))
    assert day == case["expect"]
