"""Who is a second person."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policy.decision import Allowed, Refused
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.two_people import Enabling, Matter, Tie, are_two_humans, may_be_second
from tests.policy.case import Case, cases

SERVICE = load_profile(None).service
WEEK = timedelta(days=SERVICE.second_human_days)
TODAY, NOW = date(2026, 1, 16), datetime(2026, 1, 16, 5, 0, tzinfo=UTC)


@cases("two_people.may_be_second")
def test_may_be_second(case: Case) -> None:
    second = case.get("second", "T0002")
    got = may_be_second(
        Matter(
            roles=SERVICE.correction_confirmed_by,
            scopes=frozenset(each or None for each in case.get("concerns", ["IT"])),
            gains=frozenset(case.get("gains", [])),
            lecturers=frozenset(case.get("lecturers", [])),
        ),
        first=case.get("first", "T0001") or None,
        second=second,
        grants=tuple(
            RoleGrant(second, Role(role), case.get("scope"), case.get("until"))
            for role in case.get("roles", ["registrar"])
        ),
        enablings=[Enabling(**{**each, "how": Tie(each["how"])}) for each in case.get("enablings", [])],
        now=NOW,
        on=TODAY,
        week=WEEK,
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
        assert got.until == case.get("over")
    else:
        assert isinstance(got, Allowed)
    assert got.cites


@cases("two_people.are_two_humans")
def test_are_two_humans(case: Case) -> None:
    enablings = [Enabling(**{**each, "how": Tie(each["how"])}) for each in case.get("enablings", [])]
    first = case.get("first", "T0001") or None
    got = are_two_humans(first, case.get("second", "T0002"), enablings, now=NOW, week=WEEK)
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
        assert got.until == case.get("over")
    else:
        assert isinstance(got, Allowed)


people = st.sampled_from(["T0001", "T0002", "T0003"])
enablings = st.lists(st.builds(Enabling, people, people, st.sampled_from(Tie), st.just(NOW)), max_size=4)


@given(people, people, enablings)
def test_whether_two_are_two_humans_does_not_depend_on_who_was_first(
    one: str, other: str, ties: list[Enabling]
) -> None:
    def answer(first: str, second: str) -> bool:
        grants = (RoleGrant(second, Role.REGISTRAR),)
        matter = Matter(roles=(Role.REGISTRAR,), scopes=frozenset({"IT"}))
        got = may_be_second(
            matter, first=first, second=second, grants=grants, enablings=ties, now=NOW, on=TODAY, week=WEEK
        )
        return isinstance(got, Allowed)

    assert answer(one, other) == answer(other, one)
