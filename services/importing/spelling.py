"""One spelling for one thing: codes and groups typed on different keyboards are the same, shown as first written."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_LOOKALIKES = str.maketrans(
    # Latin capitals, and Kazakh ones, for the Cyrillic ones they look like, in capitals or in small letters
    "ABCEHҺIӀKMOPTXYҮSJQWƏƟ",
    "АВСЕННІІКМОРТХУУЅЈԚԜӘӨ",
)
_FULL_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_UNSEEN = {"Cf", "Cc", "Zs", "Zl", "Zp"}
_UNSEEN_OTHERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(0xFE00 + n) for n in range(16)}


@lru_cache(20_000)
def compared(text: str) -> str:
    """Return a code or the name of a group as it is compared: no case, spaces or invisible signs, one kind of dash.

    Letters of the Latin and the Cyrillic alphabet that look alike are one letter. What can be seen stays: a raised ¹ is
    no 1.
    """
    plain = unicodedata.normalize("NFC", text.translate(_FULL_WIDTH)).upper().translate(_LOOKALIKES)
    return "".join(
        "-" if sign == "−" or unicodedata.category(sign) == "Pd" else sign for sign in plain if not is_unseen(sign)
    )


def is_unseen(sign: str) -> bool:
    """Tell whether a sign cannot be seen: a space of any width, a format character."""
    return unicodedata.category(sign) in _UNSEEN or sign in _UNSEEN_OTHERS


class Spellings:
    """What is written already, tier by tier; what is in none is first written here."""

    def __init__(self, tiers: Iterable[Iterable[str]]) -> None:
        """Take the spellings; an earlier tier counts before a later one."""
        self._known: dict[str, list[str]] = {}
        for tier in tiers:
            alike: dict[str, list[str]] = {}
            for each in sorted(tier):
                alike.setdefault(compared(each), []).append(each)
            self._known = alike | self._known
        self._meant: dict[str, str] = {}

    def of(self, written: str) -> str:
        """Return how this is written: as it stands, where that is known, else as what it looks like, else as it is."""
        meant = self._meant.get(written)
        if meant is None:
            known = self._known.setdefault(compared(written), [written])
            meant = self._meant[written] = written if written in known else known[0]
        return meant

    def twice(self) -> list[list[str]]:
        """Return what is written in two ways."""
        return [each for each in self._known.values() if len(each) > 1]
