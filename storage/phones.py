"""Telephone numbers as digits, so that one number is one text however it was written."""


def phone_digits(text: str | None) -> str | None:
    """Keep the digits of a number: `8 701 1234567`, `+7 (701) 123-45-67` and `7011234567` are all `77011234567`.

    So is `877011234567`, an 8 before the whole number, as some exports have it. None when there are no digits. A number
    of another country keeps its digits as they are.
    """
    digits = "".join(sign for sign in text or "" if sign.isascii() and sign.isdigit())
    if len(digits) == 11 and digits[0] == "8":
        return "7" + digits[1:]
    if len(digits) == 12 and digits.startswith("877"):
        return digits[1:]
    if len(digits) == 10 and digits[0] == "7":
        return "7" + digits
    return digits or None
