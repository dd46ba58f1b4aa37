"""Names as they are written, and terms of roles."""

from datetime import date

import pytest

from policy.people import Name, Role, RoleGrant


@pytest.mark.parametrize(
    ("name", "full", "short"),
    [
        (Name("Ахметова", "Гүлнар", "Серікқызы"), "Ахметова Гүлнар Серікқызы", "Ахметова Г. С."),
        (Name("Ли", "Ольга"), "Ли Ольга", "Ли О."),
    ],
)
def test_a_name_in_full_and_in_short(name: Name, full: str, short: str) -> None:
    assert (name.full, name.short) == (full, short)


def test_a_role_holds_through_its_last_day() -> None:
    grant = RoleGrant("T0001", Role.APPEALS_CHAIR, until=date(2026, 8, 31))
    assert grant.holds_on(date(2026, 8, 31))
    assert not grant.holds_on(date(2026, 9, 1))
    assert RoleGrant("T0001", Role.REGISTRAR).holds_on(date(2100, 1, 1))
