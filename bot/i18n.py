"""What is said, in Kazakh and in Russian: texts, dates, numbers, money.

Nothing here is global: a screen is given the `Texts` of one language and returns what to show, so the same screen can
be rendered for anybody at any time. A text is a short English sentence with named places, looked up in the catalogue:

    texts("Your GPA is {gpa}.", gpa=Decimal("3.27")) HTML for a message; every value is escaped
    texts.plain("Back")                              the same without HTML: buttons, toasts, file names
    texts.many("{n} course", "{n} courses", n)       by number; `n` itself is a place too
    msgid("registrar")                               marks a sentence that is looked up later

Values speak the language by themselves: Decimal with a decimal comma, date and datetime in words (datetime in the
university's zone). Markup may stand in the sentence; a value brings its own only as `Html`.
`make i18n` adds new sentences to the catalogues, `make check` tells what is wrong with them (`bot/catalogues.py`).
"""

import gettext
import html
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import LiteralString

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from policy.people import Language

TAG = re.compile(r"</?[a-z][^>]*>")
LOCALES = Path(__file__).parent / "locales"
LOCALE = {Language.KK: Locale("kk", "KZ"), Language.RU: Locale("ru", "KZ")}


class Html(str):
    """Text that is HTML already: it is not escaped again."""

    __slots__ = ()


def msgid(sentence: LiteralString) -> str:
    """Mark a sentence for the catalogues and return it."""
    return sentence


DATE = msgid("d MMMM y")  # CLDR patterns, as each language writes them
DAY = msgid("d MMMM")
WEEKDAY = msgid("d MMMM, EEEE")
FIGURES = msgid("dd.MM.y")


def escape(value: object) -> Html:
    """Return a value as HTML that shows it as it is."""
    return value if isinstance(value, Html) else Html(html.escape(str(value), quote=False))


def lines(*parts: str | None) -> Html:
    """Return the parts that are there as lines; an empty string is an empty line."""
    return Html("\n".join(escape(part) for part in parts if part is not None))


def paragraphs(*parts: str | None) -> Html:
    """Return the parts that are there and not empty, with an empty line between them."""
    return Html("\n\n".join(escape(part) for part in parts if part))


def bold(value: object) -> Html:
    """Return a value in bold."""
    return Html(f"<b>{escape(value)}</b>")


def folded(value: object) -> Html:
    """Return a value as a quotation that opens when it is touched; nothing for nothing."""
    return Html(f"<blockquote expandable>{escape(value)}</blockquote>" if value else "")


class Texts:
    """One language's voice."""

    def __init__(self, language: Language, zone: tzinfo, catalogue: gettext.NullTranslations) -> None:
        """Speak `language`, with instants in `zone` and sentences from `catalogue`."""
        self.language = language
        self.zone = zone
        self._catalogue = catalogue

    def __call__(self, sentence: str, /, **values: object) -> Html:
        """Return a sentence as HTML, its values in this language and escaped."""
        places = {place: escape(self.say(value)) for place, value in values.items()}
        return Html(self._catalogue.gettext(sentence).format_map(places))

    def plain(self, sentence: str, /, **values: object) -> str:
        """Return a sentence as plain text, its values in this language."""
        return self._catalogue.gettext(sentence).format_map({place: self.say(value) for place, value in values.items()})

    def many(self, one: str, several: str, n: int, /, **values: object) -> Html:
        """Return the form that goes with `n`, as HTML; `{n}` is a place too."""
        sentence = self._catalogue.ngettext(one, several, n)
        places = {"n": n, **values}
        return Html(sentence.format_map({place: escape(self.say(value)) for place, value in places.items()}))

    def say(self, value: object) -> str:
        """Return a value as this language writes it; raises TypeError for what has no single way to be written."""
        if isinstance(value, Decimal):
            return self.number(value)
        if isinstance(value, datetime):
            return self.instant(value)
        if isinstance(value, date):
            return self.date_in_full(value)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise TypeError(f"no way to say {type(value).__name__}")

    def number(self, value: Decimal, places: int | None = None) -> str:
        """Return a number with a decimal comma: 84,6; with exactly `places` decimals when given, halves up."""
        return _number(value, places, self.language)

    def money(self, tenge: Decimal | int) -> str:
        """Return a sum in tenge."""
        return format_currency(tenge, "KZT", "#,##0.## ¤", locale=LOCALE[self.language], currency_digits=False)

    def date_in_full(self, day: date) -> str:
        """Return a day with its year in words."""
        return self._dated(day, DATE)

    def day(self, day: date) -> str:
        """Return a day without its year: 5 наурыз."""
        return self._dated(day, DAY)

    def weekday(self, day: date) -> str:
        """Return a day without its year and the day of the week: 5 наурыз, бейсенбі."""
        return self._dated(day, WEEKDAY)

    def figures(self, day: date) -> str:
        """Return a day in figures: 05.03.2026."""
        return self._dated(day, FIGURES)

    def _dated(self, day: date, pattern: str) -> str:
        return _dated(day, self._catalogue.gettext(pattern), self.language)

    def time(self, at: datetime) -> str:
        """Return an instant's time of day in the university's zone: 13:00."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def instant(self, at: datetime) -> str:
        """Return an instant in the university's zone: 5 наурыз, 13:00."""
        return f"{self.day(at.astimezone(self.zone).date())}, {self.time(at)}"


@lru_cache(4096)  # the same few marks and days are said to everybody, and Babel takes its time
def _number(value: Decimal, places: int | None, language: Language) -> str:
    if places is None:
        return format_decimal(value.normalize(), locale=LOCALE[language], decimal_quantization=False)
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    pattern = "#,##0." + "0" * places if places else "#,##0"
    return format_decimal(rounded, pattern, locale=LOCALE[language])


@lru_cache(4096)
def _dated(day: date, pattern: str, language: Language) -> str:
    return format_date(day, pattern, locale=LOCALE[language])


def load_texts(zone: tzinfo) -> Mapping[Language, Texts]:
    """Read the catalogues, compile them in memory; raises OSError or ValueError for one that is missing or broken."""
    return {language: Texts(language, zone, _compiled(language)) for language in Language}


def catalogue_path(language: Language) -> Path:
    """Return where a language's catalogue is kept."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def _compiled(language: Language) -> gettext.GNUTranslations:
    with catalogue_path(language).open("rb") as source:
        catalogue = read_po(source, locale=language.value, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def both(voices: Mapping[Language, Texts], write: Callable[[Texts], Html]) -> Html:
    """Return what `write` makes of each language, one under the other, for somebody whose language is not known."""
    return Html("\n\n— — —\n\n".join(write(voices[language]) for language in Language))
