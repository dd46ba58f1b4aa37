"""Labels and values as they are compared: written alike by different keyboards, they are the same."""

import re
import unicodedata

_LATIN_LOOKALIKES = str.maketrans("aceikmoptxyh", "асеикмортхух")
_KAZAKH_TO_RUSSIAN = str.maketrans("әғқңөұүһіё", "агкноуухие")
_SEPARATORS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return a label or a value as it is compared: no case or punctuation, one letter for those that look alike.

    Latin letters typed for Cyrillic ones (``P1``) and Russian letters typed for Kazakh ones fall together, because the
    code pages and keyboards of offices mix them.
    """
    folded = unicodedata.normalize("NFC", text.replace("№", " номер ")).casefold()
    return _SEPARATORS.sub(" ", folded.translate(_LATIN_LOOKALIKES).translate(_KAZAKH_TO_RUSSIAN)).strip()


def without_remark(label: str) -> str:
    """Return a label without the remark in brackets at its end."""
    label = label.rstrip()
    if label[-1:] not in {")", "]"}:
        return label
    after = max(label.rfind(")", 0, -1), label.rfind("]", 0, -1)) + 1
    begins = [place for bracket in "([" if (place := label.find(bracket, after)) >= 0]
    return label[: min(begins)].rstrip() if begins else label
