"""Whose affairs somebody of the staff meets."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from policy.decision import Allowed, Refused
from policy.people import Role, RoleGrant
from policy.reading import Affair, covers, may_see, plays, reach
from tests.policy.case import Case, cases

TODAY = date(2026, 1, 16)
ROLES = (Role.REGISTRAR, Role.ADMIN)


@cases("reading.may_see")
def test_may_see(case: Case) -> None:
    also = [RoleGrant(**{"person_id": "T0001", **each, "role": Role(each["role"])}) for each in case.get("also", [])]
    held = [RoleGrant("T0001", Role(role), case.get("scope"), case.get("until")) for role in case["roles"]]
    got = may_see(
        Affair(
            scopes=frozenset(each or None for each in case.get("scopes", ["IT"])),
            owners=frozenset(case.get("owners", [])),
            lecturers=frozenset(case.get("lecturers", [])),
        ),
        ROLES,
        by="T0001",
        grants=(*held, *also),
        on=TODAY,
    )
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
    assert got.cites


def test_a_role_in_two_institutes_covers_both_and_no_third() -> None:
    held = [RoleGrant("T0001", Role.REGISTRAR, "IT"), RoleGrant("T0001", Role.REGISTRAR, "EN")]
    assert covers(held, {Role.REGISTRAR}, ["IT", "EN"], on=TODAY)
    assert not covers(held, {Role.REGISTRAR}, ["IT", "EN", "LAW"], on=TODAY)
    assert not covers(held, {Role.REGISTRAR}, [None], on=TODAY)
    assert not covers([], {Role.REGISTRAR}, [], on=TODAY)


scopes = st.sampled_from([None, "IT", "EN"])
grants = st.lists(
    st.builds(
        RoleGrant,
        st.just("T0001"),
        st.sampled_from([*ROLES, Role.LECTURER]),
        scopes,
        st.sampled_from([None, TODAY, date(2026, 1, 15)]),
    ),
    max_size=4,
)


@given(grants, st.frozensets(scopes, max_size=2))
def test_what_a_list_is_cut_to_is_what_may_be_seen(held: list[RoleGrant], wanted: frozenset[str | None]) -> None:
    seen = covers(held, ROLES, wanted, on=TODAY)
    reached = reach(held, ROLES, on=TODAY)
    assert seen == (plays(held, ROLES, on=TODAY) and (reached is None or wanted <= reached))
    assert isinstance(may_see(Affair(scopes=wanted), ROLES, by="T0001", grants=held, on=TODAY), Allowed) == seen
