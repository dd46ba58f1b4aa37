"""A university's profile: what it may override, and how a wrong one is told."""

import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from policy.calendar import DayCounting
from policy.citation import HOUSE, Citation
from policy.dated import DatedValue, MissingValueError, Parameter
from policy.marks import Attempt
from policy.profile import OwnColumn, Profile, ProfileError, load_profile, use_pinned_time_zones
from tests.policy.facts import enrolment

TODAY = date(2026, 1, 10)
AP8 = Citation("AP", "8")

Load = Callable[[str], Profile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a profile from its text."""

    def load_text(text: str) -> Profile:
        path = tmp_path / "university.toml"
        path.write_text(text, encoding="utf-8")
        return load_profile(path)

    return load_text


def test_the_default_profile_is_that_of_the_regulations() -> None:
    rules = load_profile(None).on(TODAY)
    assert rules.marks.rating_weight == Decimal("0.6")
    assert [(grade.letter, str(grade.numeric), grade.lowest) for grade in rules.marks.letters] == [
        ("A", "4.0", 95), ("A-", "3.67", 90), ("B+", "3.33", 85), ("B", "3.0", 80), ("B-", "2.67", 75),
        ("C+", "2.33", 70), ("C", "2.0", 65), ("C-", "1.67", 60), ("D+", "1.33", 55), ("D", "1.0", 50),
        ("FX", "0.5", 25), ("F", "0", 0),
    ]  # fmt: skip
    assert rules.appeals.cited("window_days", "window_counting") == (AP8,)
    assert rules.marks.cited("exam_decides_failure") == (HOUSE,)


def test_an_empty_profile_changes_nothing(load: Load) -> None:
    assert load("") == load_profile(None)


def test_an_override_holds_for_good_and_is_the_universitys_own(load: Load) -> None:
    profile = load('[appeals]\nwindow_days = 3\nwindow_counting = "working"\nwindow_closes_at = "end_of_day"\n')
    appeals = profile.on(TODAY).appeals
    assert (appeals.window_days, appeals.window_counting, appeals.window_closes_at) == (3, DayCounting.WORKING, None)
    assert appeals.cited("window_days", "state_exam_days") == (HOUSE, AP8)


def test_an_override_from_a_day_on_leaves_the_days_before_as_they_were(load: Load) -> None:
    profile = load("[appeals]\nwindow_days = [{ from = 2026-09-01, value = 3 }]\n")
    before, after = profile.on(date(2026, 8, 31)).appeals, profile.on(date(2026, 9, 1)).appeals
    assert (before.window_days, before.cited("window_days")) == (1, (AP8,))
    assert (after.window_days, after.cited("window_days")) == (3, (HOUSE,))


def test_rules_of_a_day_are_made_once() -> None:
    profile = load_profile(None)
    assert profile.on(TODAY) is profile.on(date(2030, 1, 1))


def test_results_from_before_the_first_edition_are_read_by_it(load: Load) -> None:
    profile = load("[marks]\nadmission_rating_minimum = [{ from = 2026-09-01, value = 60 }]\n")
    assert profile.on(date(2019, 1, 1)).marks.admission_rating_minimum == 50
    assert [first for first, _ in profile.editions] == [date(2025, 8, 27), date(2026, 9, 1)]


NEW_EDITION = "[marks]\nadmission_rating_minimum = [{ from = 2026-02-01, value = 60 }]\n"
JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 1)
LAST_EVENING, MIDNIGHT = datetime(2026, 1, 31, 18, 59, 59, tzinfo=UTC), datetime(2026, 1, 31, 19, tzinfo=UTC)
MARK = Decimal(60)


@pytest.mark.parametrize(
    ("attempts", "minimum"),
    [
        ([Attempt(1, exam=MARK, exam_date=JANUARY, posted_at=MIDNIGHT)], 50),
        ([Attempt(1, exam=MARK, exam_date=FEBRUARY, posted_at=MIDNIGHT)], 60),
        ([Attempt(1, exam=MARK, posted_at=LAST_EVENING)], 50),
        ([Attempt(1, exam=MARK, posted_at=MIDNIGHT)], 60),
        ([Attempt(1, exam=MARK, exam_date=JANUARY), Attempt(2, exam=MARK, posted_at=MIDNIGHT)], 60),
        ([Attempt(1, exam=MARK, exam_date=JANUARY), Attempt(2, exam_date=FEBRUARY)], 50),
        ([Attempt(1, exam_date=FEBRUARY)], 60),
        ([Attempt(1)], None),
        ([], None),
    ],
    ids=[
        "the day of the exam, whenever it was posted",
        "an exam on the first day of the new edition",
        "without it the day of posting, in the university's zone",
        "posted a second later",
        "the last of two exams",
        "not a retake that is still to come",
        "of one that is, its own day",
        "no day is known",
        "no attempt",
    ],
)
def test_a_mark_is_read_by_the_rules_of_its_exam_else_of_its_posting_and_never_by_todays(
    load: Load, attempts: list[Attempt], minimum: int | None
) -> None:
    rules = load(NEW_EDITION).of(enrolment(*attempts))
    assert (rules and rules.marks.admission_rating_minimum) == minimum


def test_an_academic_year_is_judged_by_the_rules_of_the_day_it_is_decided(load: Load) -> None:
    shares = "{ from = 2026-08-25, value = 0.6 }, { from = 2026-08-26, value = 0.7 }"
    profile = load(f"[gpa]\nblock_share_minimum = [{shares}]\n")
    found = [profile.of_year(year).gpa.block_share_minimum for year in ("2024-2025", "2025-2026", "2026-2027")]
    assert found == [Decimal("0.5"), Decimal("0.6"), Decimal("0.7")]


def test_a_parameter_without_a_value_on_a_day_is_an_error_not_zero() -> None:
    parameter = Parameter("x.y", "points", (DatedValue(date(2025, 8, 27), 50, AP8),))
    assert parameter.on(date(2025, 8, 27)).value == 50
    with pytest.raises(MissingValueError, match=r"x\.y has no value on 2025-08-26"):
        parameter.on(date(2025, 8, 26))


def test_a_university_may_have_another_letter_table(load: Load) -> None:
    rows = (
        '{ letter = "P", numeric = 4, lowest = 50, highest = 100, traditional = "good" }, '
        '{ letter = "F", numeric = 0, lowest = 0, highest = 49, traditional = "unsatisfactory" }'
    )
    letters = load(f"[marks]\nletters = [{rows}]\n").on(TODAY).marks.letters
    assert (letters.of(50).letter, letters.of(49).letter) == ("P", "F")


def test_contacts_tell_where_a_human_answers(load: Load) -> None:
    desk = (
        '[contacts.registrar]\ndesk = { kk = "Тіркеуші", ru = "Регистратор" }\n'
        'place = { kk = "Г1-101", ru = "Г1-101" }\nhours = { kk = "9-18", ru = "9-18" }\nphone = "+7 700 000 00 00"\n'
    )
    profile = load(desk)
    assert profile.contacts.registrar.place.kk == "Г1-101"
    assert profile.contacts.dean_office == load_profile(None).contacts.dean_office


LETTER = '{{ letter = "{}", numeric = {}, lowest = {}, highest = {}, traditional = "{}" }}'


def letters(*rows: tuple[str, int, int, int, str]) -> str:
    return "[marks]\nletters = [" + ", ".join(LETTER.format(*row) for row in rows) + "]\n"


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("[mark]\nx = 1\n", "mark", "did you mean marks?"),
        ("marks = 1\n", "marks", "a table of values"),
        ("[appeals]\nwindow_day = 1\n", "appeals.window_day", "did you mean window_days?"),
        ("[appeals]\nwindow_days = 0\n", "appeals.window_days", "a whole number from 1 to 30"),
        ("[appeals]\nwindow_days = true\n", "appeals.window_days", "a whole number from 1 to 30"),
        ("[appeals]\nwindow_days = 1.5\n", "appeals.window_days", "a whole number from 1 to 30"),
        ('[appeals]\nwindow_days = "one"\n', "appeals.window_days", "a whole number from 1 to 30"),
        ('[appeals]\nwindow_counting = "lunar"\n', "appeals.window_counting", "one of calendar, working"),
        ("[appeals]\nwindow_closes_at = 13\n", "appeals.window_closes_at", '"end_of_day"'),
        ("[service]\nquiet_from = 22\n", "service.quiet_from", "a local time"),
        ("[marks]\nexam_decides_failure = 1\n", "marks.exam_decides_failure", "true or false"),
        ("[marks]\nadmission_rating_minimum = 101\n", "marks.admission_rating_minimum", "a number from 0 to 100"),
        ("[marks]\nadmission_rating_minimum = nan\n", "marks.admission_rating_minimum", "a number from 0 to 100"),
        ("[marks]\nrating_weight = 0.7\n", "marks.exam_weight", "0.3: the two weights sum to 1"),
        ("[gpa]\njunior_ssci_weight = 0.2\n", "gpa.junior_ssci_weight", "0.15: the two weights sum to 1"),
        ("[gpa]\nsenior_weights = { gpa = 0.5, iros = 0.3, ssci = 0.15 }\n", "gpa.senior_weights", "sum to 1"),
        ("[gpa]\nsenior_weights = { gpa = 1.0 }\n", "gpa.senior_weights.iros", "missing"),
        ("[gpa]\nsenior_weights = { gpa = 0.5, iros = 0.35, sci = 0.15 }\n", "gpa.senior_weights.sci", "mean ssci?"),
        ("[gpa]\nsenior_years = [2, 3]\n", "gpa.senior_years", "not among junior_years"),
        ("[gpa]\nsenior_years = []\n", "gpa.senior_years", "at least one"),
        ("[gpa]\nsenior_years = [3, 3]\n", "gpa.senior_years", "without repetition"),
        ("[gpa]\nsenior_years = [3, 9]\n", "gpa.senior_years[1]", "a whole number from 1 to 8"),
        ("[gpa]\nscale = 5\n", "gpa.scale", "4.0, as the best letter"),
        ("[gpa]\ndecision_day = { month = 2, day = 29 }\n", "gpa.decision_day.day", "every year"),
        ('[university]\nzone = "Asia/Almati"\n', "university.zone", "did you mean Asia/Almaty?"),
        ("[university]\nworking_week = 7\n", "university.working_week", "a whole number from 5 to 6"),
        ('[university]\nname = { kk = "Университет" }\n', "university.name.ru", "missing"),
        ('[university]\nname = { kk = " ", ru = "У" }\n', "university.name.kk", "not empty"),
        ("[university]\nworking_week = [{ from = 2026-09-01, value = 6 }]\n", "university.working_week", "one value"),
        ("[appeals]\nwindow_days = [{ from = 2026-09-01 }]\n", "appeals.window_days[0]", "from and value"),
        ('[appeals]\nwindow_days = [{ from = "soon", value = 2 }]\n', "appeals.window_days[0].from", "a day"),
        (
            "[appeals]\nwindow_days = [{ from = 2026-09-01, value = 2 }, { from = 2026-09-01, value = 3 }]\n",
            "appeals.window_days[1].from",
            "a day after 2026-09-01",
        ),
        ("[contacts.registrar]\nphone = 8\n", "contacts.registrar.desk", "missing"),
        ("[requests]\noffice_until = 09:00:00\n", "requests.office_until", "after 09:00:00"),
        ("[requests]\nappeals_signed_by = []\n", "requests.appeals_signed_by", "at least one"),
        ("[requests]\ndocument_megabytes = 21\n", "requests.document_megabytes", "from 1 to 20"),
        (letters(("A", 4, 51, 100, "good"), ("F", 0, 0, 49, "unsatisfactory")), "marks.letters[1].highest", "50:"),
        (letters(("A", 4, 50, 100, "good"), ("F", 0, 0, 50, "unsatisfactory")), "marks.letters[1].highest", "49:"),
        (letters(("A", 4, 50, 99, "good"), ("F", 0, 0, 49, "unsatisfactory")), "marks.letters[0].highest", "100:"),
        (letters(("A", 4, 50, 100, "good"), ("F", 0, 1, 49, "unsatisfactory")), "marks.letters", "down to 0"),
        (letters(("A", 4, 50, 100, "good"), ("A", 0, 0, 49, "unsatisfactory")), "marks.letters", "without repetition"),
        (letters(("A", 3, 50, 100, "good"), ("F", 4, 0, 49, "unsatisfactory")), "marks.letters[1].numeric", "no more"),
        (
            letters(("A", 4, 50, 100, "unsatisfactory"), ("F", 0, 0, 49, "good")),
            "marks.letters[1].traditional",
            "unsat",
        ),
        (
            letters(("A", 4, 50, 100, "fine"), ("F", 0, 0, 49, "good")),
            "marks.letters[0].traditional",
            "one of excellent",
        ),
    ],
)
def test_a_wrong_profile_names_the_key_the_value_and_what_is_allowed(
    load: Load, text: str, key: str, allowed: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        load(text)
    assert caught.value.key == key
    assert allowed in caught.value.allowed
    assert key in str(caught.value)
    assert repr(caught.value.value) in str(caught.value)


@pytest.mark.parametrize("content", [b"[marks\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "university.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"university\.toml"):
        load_profile(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="nowhere"):
        load_profile(tmp_path / "nowhere.toml")


@pytest.fixture
def own_time_zones() -> Iterator[None]:
    """Put the search path for time zones back."""
    before = zoneinfo.TZPATH
    yield
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("own_time_zones")
def test_the_pinned_time_zones_win_over_the_systems(tmp_path: Path) -> None:
    stale = tmp_path / "Asia"
    stale.mkdir()
    (stale / "Almaty").write_bytes(files("tzdata").joinpath("zoneinfo", "Etc", "GMT-6").read_bytes())
    zoneinfo.reset_tzpath(to=(tmp_path,))
    zoneinfo.ZoneInfo.clear_cache()
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_year.astimezone(zoneinfo.ZoneInfo("Asia/Almaty")).hour == 6
    use_pinned_time_zones()
    assert new_year.astimezone(zoneinfo.ZoneInfo("Asia/Almaty")).hour == 5


@pytest.mark.usefixtures("own_time_zones")
def test_time_zones_of_the_wrong_year_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stale(zoneinfo.ZoneInfo):
        def __new__(cls, _key: str) -> "Stale":
            return super().__new__(cls, "Etc/GMT-6")

    monkeypatch.setattr(zoneinfo, "ZoneInfo", Stale)
    with pytest.raises(RuntimeError, match="out of date"):
        use_pinned_time_zones()


def test_words_of_columns_are_kept_for_who_reads_files(load: Load) -> None:
    told = load('[columns.marks]\nexam = ["Итоговый тест", "Балл теста"]\n[columns.students]\ngroup = ["Ағым"]\n')

    assert told.columns == (
        OwnColumn("marks", "exam", ("Итоговый тест", "Балл теста")),
        OwnColumn("students", "group", ("Ағым",)),
    )
    assert load("").columns == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('columns = "marks"', "columns"),
        ('[columns]\nmarks = "exam"', "columns.marks"),
        ('[columns.marks]\nexam = "Итог"', "columns.marks.exam"),
        ("[columns.marks]\nexam = []", "columns.marks.exam"),
        ('[columns.marks]\nexam = ["Тест", "Тест"]', "columns.marks.exam"),
        ('[columns.marks]\nexam = ["Тест", " "]', "columns.marks.exam[1]"),
    ],
)
def test_words_of_columns_that_are_none_are_named(load: Load, text: str, key: str) -> None:
    with pytest.raises(ProfileError) as raised:
        load(text)
    assert raised.value.key == key
