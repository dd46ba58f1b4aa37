"""Number formats: what a cell shows of the number in it (ECMA-376, 18.8.30), as far as it changes what the number is.

92 % is stored as 0.92, a date as a count of days, 00123 as 123. How many decimals are shown changes nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

Shows = Callable[[float], Any]

_BUILT_IN = {9: "0%", 10: "0.00%", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0"}
_BUILT_IN |= dict.fromkeys((*range(14, 23), *range(27, 37), *range(50, 59)), "yyyy-mm-dd")
_FIRST_DAY, _FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a cell's date has no zone
_DAY = 86_400_000  # milliseconds, finer than which nothing is
_TOO_LATE = 2_958_466  # days: the year 10000
_SHOWN_AS_THEY_ARE = frozenset("$-+/():!^&'~{}<>= ")


class Section(NamedTuple):
    """One section of a format: what is in brackets, and the rest as (sign, whether it is a sign of the format)."""

    brackets: list[str]
    signs: list[tuple[str, bool]]

    @property
    def own(self) -> str:
        """The signs that are no literal text."""
        return "".join(sign for sign, own in self.signs if own)

    @property
    def conditional(self) -> bool:
        """Whether it says itself to which numbers it applies."""
        return any(each[:1] in {"<", ">", "="} for each in self.brackets)


def code_of(number: int, custom: dict[int, str]) -> str:
    """Return the code of a format by its number."""
    return custom.get(number) or _BUILT_IN.get(number, "General")


def what_shows(code: str, *, since_1904: bool = False) -> tuple[Shows | None, bool]:
    """Return what makes of a number what a format shows (None: the number itself), and whether that is a date."""
    sections = _sections(code)
    first = sections[0]
    own = first.own.lower()
    if any(len(set(each.lower())) == 1 and each[0] in "hmsHMS" for each in first.brackets if each):
        return _lasting, True
    if "general" not in own and any(sign in own for sign in "ymdhs"):
        return (lambda number: moment(number, since_1904=since_1904)), True
    if any("%" in section.own for section in sections):
        if any(section.conditional for section in sections):
            return (lambda number: f"{number} [{code}]"), False  # no number: which it shows is not for us to guess
        return (lambda number: _percent(number, sections)), False
    if first.own.count("0") > 1 and set(first.own) <= {"0"} | _SHOWN_AS_THEY_ARE and not first.conditional:
        return (lambda number: _padded(number, first)), False
    return None, False


def moment(days: float, *, since_1904: bool = False) -> Any:
    """Return the date, the instant or the time of day a count of days is; the number where it is none."""
    if not 0 <= days < _TOO_LATE - (1462 if since_1904 else 0):
        return days
    if not since_1904 and 1 <= days < 60:
        days += 1  # 1900 has a 29th of February there
    milliseconds = int(days * _DAY + 0.5)
    at = (_FIRST_DAY_1904 if since_1904 else _FIRST_DAY) + timedelta(milliseconds=milliseconds)
    if days < 1:
        return at.time()
    return at if days % 1 else at.date()


def _lasting(days: float) -> Any:
    return timedelta(milliseconds=int(days * _DAY + 0.5)) if abs(days) < _TOO_LATE else days


def _percent(number: float, sections: list[Section]) -> float:
    applied = sections[0]
    if number < 0 and len(sections) > 1:
        applied = sections[1]
    elif number == 0 and len(sections) > 2:
        applied = sections[2]
    return float(f"{Decimal(repr(number)).scaleb(2 * applied.own.count('%')):.15g}")


def _padded(number: float, section: Section) -> Any:
    if number < 0 or number % 1:
        return number
    places = section.own.count("0")
    digits = str(int(number)).rjust(places, "0")
    digits, first = digits[len(digits) - places + 1 :], digits[: len(digits) - places + 1]
    shown, left = [], iter((first, *digits))
    for sign, own in section.signs:
        shown.append(next(left) if own and sign == "0" else sign)
    return "".join(shown)


def _sections(code: str) -> list[Section]:
    sections = [Section([], [])]
    signs = iter(code)
    for sign in signs:
        if sign == ";":
            sections.append(Section([], []))
        elif sign == "[":
            sections[-1].brackets.append(_until("]", signs))
        elif sign == '"':
            sections[-1].signs.extend((each, False) for each in _until('"', signs))
        elif sign == "\\":
            sections[-1].signs.append((next(signs, ""), False))
        elif sign == "_":
            next(signs, "")
            sections[-1].signs.append((" ", False))
        elif sign == "*":
            next(signs, "")
        else:
            sections[-1].signs.append((sign, True))
    return sections


def _until(end: str, signs: Any) -> str:
    taken = []
    for sign in signs:
        if sign == end:
            break
        taken.append(sign)
    return "".join(taken)
