"""Texts, dates and numbers in both languages; the catalogues whole."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import catalogues
from bot.i18n import Html, Texts, load_texts
from policy.people import Language

VOICES = load_texts(ZoneInfo("Asia/Almaty"))
KK, RU = VOICES[Language.KK], VOICES[Language.RU]
DAY = date(2026, 3, 5)
ONE_O_CLOCK = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (KK, ["2026 ж. 5 наурыз", "5 наурыз", "5 наурыз, бейсенбі", "05.03.2026", "13:00", "5 наурыз, 13:00"]),
        (RU, ["5 марта 2026 года", "5 марта", "5 марта, четверг", "05.03.2026", "13:00", "5 марта, 13:00"]),
    ],
)
def test_days_and_instants_are_written_as_each_language_does(texts: Texts, written: list[str]) -> None:
    days = [texts.date_in_full(DAY), texts.day(DAY), texts.weekday(DAY), texts.figures(DAY)]
    assert [*days, texts.time(ONE_O_CLOCK), texts.instant(ONE_O_CLOCK)] == written


@pytest.mark.parametrize("texts", [KK, RU])
def test_numbers_have_a_decimal_comma_and_are_rounded_only_when_asked_halves_up(texts: Texts) -> None:
    assert texts.number(Decimal("84.60")) == "84,6"
    assert texts.number(Decimal(100)) == "100"
    assert texts.number(Decimal("3.265"), 2) == "3,27"
    assert texts.number(Decimal(3), 2) == "3,00"
    assert texts.number(Decimal("49.5"), 0) == "50"
    assert texts.money(21600).replace("\N{NO-BREAK SPACE}", " ") == "21 600 ₸"


def test_values_are_escaped_unless_they_are_html_already() -> None:
    sentence = "<b>{name}</b>, is this you?"
    assert RU(sentence, name="<i> & Ко") == "<b>&lt;i&gt; &amp; Ко</b>, это вы?"
    assert RU(sentence, name=Html("<i>Ия</i>")) == "<b><i>Ия</i></b>, это вы?"
    assert RU.plain("Phone: {phone}", phone="<1>") == "Телефон: <1>"


def test_values_speak_the_language_by_themselves() -> None:
    assert KK("Phone: {phone}", phone=Decimal("3.5")) == "Телефон: 3,5"
    assert KK("Phone: {phone}", phone=DAY) == "Телефон: 2026 ж. 5 наурыз"
    assert RU("Phone: {phone}", phone=ONE_O_CLOCK) == "Телефон: 5 марта, 13:00"


@pytest.mark.parametrize("value", [1.5, True, None, b"x"])
def test_what_has_no_single_way_to_be_said_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        RU("Phone: {phone}", phone=value)


def test_russian_has_three_forms_and_the_kazakh_noun_stays_singular() -> None:
    one = "After leaving the university you can read your records here for {n} day."
    several = "After leaving the university you can read your records here for {n} days."
    russian = [RU.many(one, several, n).rsplit(" ", 1)[1] for n in (1, 2, 5, 11, 21, 22, 365)]
    assert russian == ["день.", "дня.", "дней.", "дней.", "день.", "дня.", "дней."]
    assert all(f"тағы {n} күн оқи аласыз." in KK.many(one, several, n) for n in (1, 2, 365))


def test_the_catalogues_are_whole() -> None:
    assert list(catalogues.check()) == []


def test_what_people_would_read_must_stand_in_the_catalogues() -> None:
    found = dict(
        catalogues.literals('"""Ескерту."""\nx = "Мәзір"\nScreen("Hello")\nHtml(f"<b>{x}</b>")\nButton(f"Go {x}")\n')
    )
    assert sorted(found) == [2, 3, 5]


SOUND = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "Phone: {phone}"\nmsgstr ""\n', "untranslated"),
        ('msgid "Phone: {phone}"\nmsgstr "Телефон: {fone}"\n', "places differ"),
        ('msgid "<b>{name}</b>, is this you?"\nmsgstr "{name}, это вы?"\n', "tags differ"),
        ('#, fuzzy\nmsgid "Help"\nmsgstr "Көмек"\n', "fuzzy"),
        ('msgid "Never said"\nmsgstr "x"\n', "no longer said"),
        ('#~ msgid "Gone"\n#~ msgstr "x"\n', "no longer said: 'Gone'"),
    ],
)
def test_a_catalogue_that_is_not_whole_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str, problem: str
) -> None:
    (tmp_path / "messages.po").write_text(SOUND + entry, "utf-8")
    monkeypatch.setattr(catalogues, "catalogue_path", lambda _: tmp_path / "messages.po")
    told = list(catalogues.check())
    assert any(problem in line for line in told)
    assert any("missing" in line for line in told)
