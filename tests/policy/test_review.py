"""Who may do what with a request."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from policy.decision import Allowed, Decision, Refused
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, RequestRules, RequestState
from policy.review import Act, Reviewed, ReviewRefusal, all_conflicted, may_redecide, may_review, readers, signers
from tests.policy.case import Case, cases

REQUESTS = load_profile(None).requests
TODAY, YESTERDAY = date(2026, 1, 16), date(2026, 1, 15)
SOMEBODY, STUDENT = "T0001", "02500000"


def rules_of(case: Case) -> RequestRules:
    return replace(REQUESTS, **case.get("rules", {}))


def reviewed(case: Case, state: RequestState) -> Reviewed:
    kind = Kind(case.get("kind", "appeal"))
    return Reviewed(
        kind=kind,
        state=RequestState(case.get("state", state)),
        student_id=case.get("student_id", STUDENT),
        institute="IT",
        lecturers=frozenset(case.get("lecturers", [])),
        taken_by=case.get("taken_by"),
        prepared_by=case.get("prepared_by"),
        proposed_again=case.get("proposed_again", False),
        substitute=case.get("substitute"),
        paused=case.get("paused", False),
        sheet_locked=case.get("sheet_locked", False),
        raises_mark=case.get("raises_mark", kind is Kind.APPEAL),
        gives_seat=case.get("gives_seat", kind in {Kind.RETAKE, Kind.MISSED_EXAM}),
    )


def grants(case: Case) -> tuple[RoleGrant, ...]:
    scope = case.get("scope")
    return (
        *(RoleGrant(SOMEBODY, Role(role), scope, case.get("until")) for role in case["roles"]),
        *(RoleGrant(SOMEBODY, Role(role), scope, YESTERDAY) for role in case.get("ended", [])),
    )


def check(got: Decision[ReviewRefusal], case: Case) -> None:
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
    else:
        assert isinstance(got, Allowed)
    assert got.cites


@cases("review.may_review")
def test_may_review(case: Case) -> None:
    got = may_review(
        Act(case["act"]),
        reviewed(case, RequestState.PROPOSED),
        by=SOMEBODY,
        grants=grants(case),
        on=TODAY,
        rules=rules_of(case),
    )
    check(got, case)


@cases("review.may_redecide")
def test_may_redecide(case: Case) -> None:
    got = may_redecide(
        Act(case.get("act", "sign")),
        reviewed(case, RequestState.REFUSED),
        by=SOMEBODY,
        grants=grants(case),
        on=TODAY,
        rules=rules_of(case),
    )
    check(got, case)


@cases("review.all_conflicted")
def test_all_conflicted(case: Case) -> None:
    signing = [
        RoleGrant(person, Role(role), case.get("scopes", {}).get(person), case.get("until", {}).get(person))
        for person, role in case["signing"].items()
    ]
    got = all_conflicted(reviewed(case, RequestState.PROPOSED), signing, on=TODAY, rules=REQUESTS)
    assert got is case["expect"]


anything = st.builds(
    Reviewed,
    kind=st.sampled_from(Kind),
    state=st.sampled_from(RequestState),
    student_id=st.sampled_from([STUDENT, SOMEBODY]),
    institute=st.just("IT"),
    lecturers=st.frozensets(st.sampled_from([SOMEBODY, "T0002"])),
    taken_by=st.sampled_from([None, SOMEBODY, "T0002"]),
    prepared_by=st.sampled_from([None, SOMEBODY, "T0002"]),
    proposed_again=st.booleans(),
    substitute=st.sampled_from([None, SOMEBODY, "T0002"]),
    paused=st.booleans(),
    sheet_locked=st.booleans(),
)
acts = st.sampled_from(Act)
one_step_or_two = st.sampled_from([REQUESTS, replace(REQUESTS, appeals_one_step=True)])
EVERY_ROLE = tuple(RoleGrant(SOMEBODY, role) for role in Role)


@given(acts, anything, one_step_or_two)
def test_whatever_their_roles_neither_the_student_nor_the_lecturer_acts(
    act: Act, case: Reviewed, rules: RequestRules
) -> None:
    conflicted = case.student_id == SOMEBODY or SOMEBODY in case.lecturers
    if not conflicted:
        case = replace(case, lecturers=case.lecturers | {SOMEBODY})
    assert isinstance(may_review(act, case, by=SOMEBODY, grants=EVERY_ROLE, on=TODAY, rules=rules), Refused)
    assert isinstance(may_redecide(act, case, by=SOMEBODY, grants=EVERY_ROLE, on=TODAY, rules=rules), Refused)


@given(acts, anything, one_step_or_two)
def test_without_a_role_of_their_own_only_a_substitute_acts(act: Act, case: Reviewed, rules: RequestRules) -> None:
    somebody_elses = tuple(replace(grant, person_id="T0002") for grant in EVERY_ROLE)
    got = may_review(act, case, by=SOMEBODY, grants=somebody_elses, on=TODAY, rules=rules)
    assert isinstance(got, Refused) or case.substitute == SOMEBODY


@given(anything, one_step_or_two)
def test_a_signature_is_given_once_and_by_somebody_else_than_who_proposed(case: Reviewed, rules: RequestRules) -> None:
    got = may_review(Act.SIGN, case, by=SOMEBODY, grants=EVERY_ROLE, on=TODAY, rules=rules)
    if isinstance(got, Allowed):
        assert case.state in {RequestState.FILED, RequestState.IN_REVIEW, RequestState.PROPOSED}
        two_steps = case.kind in {Kind.APPEAL, Kind.APPEAL_PROCEDURE} and not rules.appeals_one_step
        assert not two_steps or (case.state is RequestState.PROPOSED and case.prepared_by != SOMEBODY)


@given(anything, one_step_or_two)
def test_a_decision_that_follows_a_refusal_is_signed_as_the_first_was(case: Reviewed, rules: RequestRules) -> None:
    got = may_redecide(Act.SIGN, case, by=SOMEBODY, grants=EVERY_ROLE, on=TODAY, rules=rules)
    if isinstance(got, Allowed):
        assert case.state is RequestState.REFUSED
        two_steps = case.kind in {Kind.APPEAL, Kind.APPEAL_PROCEDURE} and not rules.appeals_one_step
        assert not two_steps or (case.proposed_again and case.prepared_by != SOMEBODY)


@given(acts, anything)
def test_a_role_that_is_over_or_of_another_institute_is_none(act: Act, case: Reviewed) -> None:
    useless = (
        *(replace(grant, until=YESTERDAY) for grant in EVERY_ROLE),
        *(replace(grant, scope="EN") for grant in EVERY_ROLE),
    )
    case = replace(case, substitute=None)
    got = may_review(act, case, by=SOMEBODY, grants=useless, on=TODAY, rules=REQUESTS)
    assert isinstance(got, Refused)
    assert got.reason is ReviewRefusal.TERM_OVER


def test_who_reads_a_request_is_who_prepares_or_signs_it() -> None:
    assert readers(Kind.APPEAL, REQUESTS) == (*REQUESTS.appeals_prepared_by, *REQUESTS.appeals_signed_by)
    assert readers(Kind.RETAKE, REQUESTS) == signers(Kind.RETAKE, REQUESTS) == (Role.SERVICE_DESK,)
    assert readers(Kind.MISSED_EXAM, REQUESTS) == (Role.REGISTRAR,)
