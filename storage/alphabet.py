"""The Kazakh alphabet: the order of names, and the folding that lets a search find them."""

import unicodedata

_LETTERS = "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ"
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014"
# 0 ends a name, so that a shorter one comes first whatever follows it.
_WEIGHTS = {" ": 1, "\u00a0": 1} | dict.fromkeys(_HYPHENS, 2)
for _sign in "0123456789" + _LETTERS + _LATIN:
    _WEIGHTS[_sign] = len(set(_WEIGHTS.values())) + 1
_OTHER = 255

# What a Russian keyboard, or a careless system, makes of a Kazakh letter.
_FOLDED = str.maketrans("әғқңөұүһіёѓќҳң", "агкноуухиегкхн")


def sort_key(*names: str) -> bytes:
    """Give the place of a name in the Kazakh alphabet, as bytes to be compared: first by the first part, then the next.

    Case does not count, nor does how a letter is composed (NFC). Space and hyphen come before digits and letters, Latin
    letters after Я, any other sign last.
    """
    key = bytearray()
    for name in names:
        for sign in unicodedata.normalize("NFC", name).strip().upper():
            weight = _WEIGHTS.get(sign, _OTHER)
            key.append(weight)
            if weight == _OTHER:
                key += ord(sign).to_bytes(3, "big")
        key.append(0)
    return bytes(key)


def folded(text: str) -> str:
    """Fold a text for searching: no case, no difference between Kazakh letters and the Russian ones typed for them."""
    return unicodedata.normalize("NFC", text).casefold().translate(_FOLDED)
