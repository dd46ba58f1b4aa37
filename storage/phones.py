"""Telephone numbers as digits, so that one number is one text however it was written."""


def phone_digits(text: str | None) -> str | None:
    """Keep the digits of a number, as `77011234567` for Kazakhstan: `8 701 ...`, `+7 (701) ...` and `701 ...` are alike.

    None when there are no digits. A number of another country keeps its digits as they are.
    """
    digits = "".join(sign for sign in text or "" if sign.isascii() and sign.isdigit())
    if len(digits) == 11 and digits[0] == "8":
        return "7" + digits[1:]
    if len(digits) == 10 and digits[0] == "7":
        return "7" + digits
    return digits or None
