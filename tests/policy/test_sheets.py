"""When a final sheet may be printed, and which marks that locks."""

from policy.decision import Allowed, Refused
from policy.marks import Attempt
from policy.sheets import Sheet, is_printed, may_print
from tests.policy.case import Case, cases


@cases("sheets.may_print")
def test_may_print(case: Case) -> None:
    sheet = Sheet(
        marks=case["marks"],
        missing=case.get("missing", 0),
        open_appeals=case.get("open_appeals", 0),
        closes=case.get("closes"),
        printed_at=case.get("printed"),
    )
    got = may_print(sheet, case["now"], back_at=case.get("back_at"))
    if "expect" in case:
        assert isinstance(got, Refused)
        assert got.reason == case["expect"]
        assert got.until == (case["closes"] if got.reason == "windows_open" else case.get("until"))
    else:
        assert isinstance(got, Allowed)


@cases("sheets.is_printed")
def test_is_printed(case: Case) -> None:
    assert is_printed(Attempt(1, posted_at=case.get("posted")), case.get("printed")) is case["expect"]
