"""National identity numbers (ИИН, ЖСН): told from other numbers, so that none is read, kept or shown."""

import re
from datetime import date

_RUN = re.compile(r"\d+")
_LENGTH = 12
LENGTHS_WITHOUT_ZEROS = (10, 11)  # of somebody born from 2000 to 2009, where a spreadsheet dropped the zeros
_CENTURIES = {1: 1800, 2: 1800, 3: 1900, 4: 1900, 5: 2000, 6: 2000}
_WEIGHTS = (tuple(range(1, 12)), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
HIDDEN = "············"


def is_identity_number(digits: str) -> bool:
    """Tell whether 12 digits are such a number: a birth date, a digit of century and sex, a check digit that fits."""
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdecimal()):
        return False
    numbers = [int(digit) for digit in digits]
    century = _CENTURIES.get(numbers[6])
    if century is None or not _is_date(century + int(digits[:2]), digits):
        return False
    for weights in _WEIGHTS:
        check = sum(weight * number for weight, number in zip(weights, numbers, strict=False)) % 11
        if check != 10:
            return check == numbers[11]
    return False


def _is_date(year: int, digits: str) -> bool:
    try:
        date(year, int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return False
    return True


def holds_identity_number(written: str) -> bool:
    """Tell whether such a number stands in a text."""
    return any(is_identity_number(run[0]) for run in _RUN.finditer(written))


def may_have_lost_zeros(written: str) -> bool:
    """Tell whether a number may be one of somebody born from 2000 to 2009, whose zeros a spreadsheet dropped.

    One of 14 numbers that begin as a date does is so by chance: that many in a column are not.
    """
    return len(written) in LENGTHS_WITHOUT_ZEROS and is_identity_number(written.zfill(_LENGTH))


def without_identity_numbers(written: str) -> str:
    """Return a text with such numbers hidden, also those that may have lost their zeros."""
    return _RUN.sub(lambda run: HIDDEN if _is_one(run[0]) else run[0], written)


def _is_one(run: str) -> bool:
    return is_identity_number(run) or may_have_lost_zeros(run)
