"""One cell at a time: every habit of writing with one meaning is read, everything else is refused by name."""

from datetime import date, datetime, time
from decimal import Decimal
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from policy.marks import Outcome
from services.importing import cells
from services.importing.columns import Kind, columns_of, words_of
from services.importing.problems import Unacceptable
from services.importing.wording import texts

ALMATY = ZoneInfo("Asia/Almaty")


@pytest.mark.parametrize("written", ["49,5", "49.5", "49,50", " 49.5".strip(), Decimal("49.5")])
def test_a_number_has_a_comma_or_a_point(written: Any) -> None:
    assert cells.number(written, 100) == Decimal("49.5")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("n/a", "not_a_number"),
        ("беш", "not_a_number"),
        ("=A1+1", "not_a_number"),
        ("1,234.5", "not_a_number"),
        ("1e2", "not_a_number"),
        ("NaN", "not_a_number"),
        ("101", "out_of_range"),
        ("100,1", "out_of_range"),
        ("-1", "out_of_range"),
        (date(2026, 1, 5), "not_a_number"),
        (True, "not_a_number"),
    ],
)
def test_what_is_no_mark_is_refused(written: Any, reason: str) -> None:
    with pytest.raises(Unacceptable) as raised:
        cells.number(written, 100)
    assert raised.value.reason == reason


@pytest.mark.parametrize("mark", ["0", "100", "0,0", "100.00"])
def test_the_ends_of_the_scale_are_marks(mark: str) -> None:
    assert cells.number(mark, 100) in {0, 100}


@pytest.mark.parametrize(
    "written",
    [
        "05.01.2026",
        "5.1.2026",
        "2026-01-05",
        "05.01.2026 ж.",
        "05.01.2026 г.",
        "05/01/2026",
        "2026-01-05 00:00",
        date(2026, 1, 5),
        datetime(2026, 1, 5),  # noqa: DTZ001 - as a workbook holds it
    ],
)
def test_a_date_is_real_or_written_in_either_order(written: Any) -> None:
    assert cells.day(written) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("31.02.2026", "no_such_date"),
        ("2026-13-01", "no_such_date"),
        ("05.01.26", "not_a_date"),
        (Decimal(46000), "not_a_date"),
    ],
)
def test_a_date_that_is_none_is_refused(written: Any, reason: str) -> None:
    with pytest.raises(Unacceptable) as raised:
        cells.day(written)
    assert raised.value.reason == reason


@pytest.mark.parametrize("written", ["06.01.2026 10:00", "2026-01-06 10:00", "2026-01-06T10:00:00", "6.1.2026 10.00"])
def test_an_instant_is_in_the_university_s_zone(written: str) -> None:
    assert cells.instant(written, ALMATY) == datetime(2026, 1, 6, 10, tzinfo=ALMATY)


def test_a_date_alone_is_no_instant_because_a_window_would_run_from_it() -> None:
    with pytest.raises(Unacceptable, match="no_time_of_day"):
        cells.instant("06.01.2026", ALMATY)


@pytest.mark.parametrize("written", ["09:00", "9:00", "09.00", time(9)])
def test_a_time_of_day(written: Any) -> None:
    assert cells.hour(written) == time(9)


@pytest.mark.parametrize(
    "written",
    [
        "2025-2026/1",
        "2025-2026 оқу жылы, 1-семестр",
        "2025-2026 учебный год, 1 семестр",
        "1 семестр 2025/2026 учебного года",
        "Күзгі семестр 2025-2026",
        "осенний семестр 2025–2026 уч. г.",
        "2025-2026 / I",
    ],
)
def test_a_period_is_understood_as_offices_write_it(written: str) -> None:
    assert cells.period(written) == "2025-2026/1"


@pytest.mark.parametrize("written", ["2025-2026", "2025-2027/1", "1 семестр", "2025-2026/9", "2025-2026 1 2"])
def test_a_period_that_is_none_or_two_is_refused(written: str) -> None:
    with pytest.raises(Unacceptable, match="not_a_period"):
        cells.period(written)


@pytest.mark.parametrize(
    ("written", "read"), [("02500065", "02500065"), (Decimal(2500065), "2500065"), ("2500065.0", "2500065")]
)
def test_an_id_is_text_whatever_a_spreadsheet_made_of_it(written: Any, read: str) -> None:
    assert cells.identifier(written) == read


@pytest.mark.parametrize("written", ["?лиев", "Нұр?алиева", "???"])
def test_a_question_mark_in_a_name_is_a_letter_lost(written: str) -> None:
    with pytest.raises(Unacceptable, match="letters_lost"):
        cells.name(written)


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ("келген жоқ", Outcome.DID_NOT_COME),
        ("не явился(-лась)", Outcome.DID_NOT_COME),
        ("н/я", Outcome.DID_NOT_COME),
        ("Жіберілмеді", Outcome.NOT_ADMITTED),
        ("не допущена", Outcome.NOT_ADMITTED),
        ("жойылды", Outcome.REMOVED),
        ("Аннулировано", Outcome.REMOVED),
    ],
)
def test_an_outcome_may_stand_where_a_mark_would(written: str, outcome: Outcome) -> None:
    assert cells.exam_mark(written) is outcome
    assert cells.computed(written) is outcome


@pytest.mark.parametrize(
    "type_name",
    ["sex", "language", "level", "study_form", "funding", "status", "exam_form", "outcome", "role", "period_kind"],
)
def test_every_canonical_word_is_understood_as_itself(type_name: str) -> None:
    reader = cells.readers(ALMATY, {})[type_name](type_name)

    for value in set(words_of(type_name).values()):
        assert reader(value) == value


@pytest.mark.parametrize("kind", list(Kind))
def test_every_column_is_known_by_its_name_and_has_a_type_that_can_be_read(kind: Kind) -> None:
    columns = columns_of(kind)
    known = cells.readers(ALMATY, {})

    for name, field in columns.fields.items():
        assert columns.recognise(name) == name
        assert field.type in known


def test_every_text_about_a_file_is_there_in_three_languages_with_the_same_arguments() -> None:
    for reason, told in texts().items():
        assert set(told) == {"en", "kk", "ru"}, reason
        arguments = {
            language: {name for _, name, _, _ in Formatter().parse(text) if name} for language, text in told.items()
        }
        assert arguments["kk"] == arguments["ru"] == arguments["en"], reason
