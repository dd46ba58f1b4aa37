"""The made-up university: read back by a checker that shares nothing with what wrote it, then loaded."""

import asyncio
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import pytest
from python_calamine import CalamineWorkbook

from policy.profile import load_profile
from sandbox.world import BY_HAND, DEMO_MOMENT, LOAD_ORDER, University, make_world, to_sandbox_world, write
from services.importing import Imported, Kind, Preview, apply, preview
from storage.database import Database
from storage.migrations import migrate

Row = dict[str, str]

NOW = datetime(2026, 1, 12, 10, 0)  # noqa: DTZ001 - the files hold local time
WINTER = "2025-2026/1"
MARK_COLUMNS = (
    "student_id period course_code course_kk course_ru credits exam_form rating1 rating2 exam outcome course_work"
    " missed_percent fees_cleared group exam_date posted_at attempt"
)
COLUMNS = {
    "students.csv": "student_id surname given_name patronymic sex birth_year phone institute degree_programme level"
    " form year group funding language status penalty credits_total dormitory",
    "staff.csv": "person_id surname given_name patronymic role scope phone language until",
    "calendar.csv": "period kind starts ends",
    "days.csv": "date working name",
    "exams.csv": "period course_code group exam_form date starts ends room lecturer_id",
    "components.csv": "student_id academic_year research iros ssci",
    "marks.csv": MARK_COLUMNS,
    "ratings.csv": "student_id period course_code course_kk course_ru credits exam_form rating1 rating2 course_work"
    " missed_percent fees_cleared group exam_date",
    "session.csv": MARK_COLUMNS,
    "new-ratings.csv": MARK_COLUMNS,
    "by-hand/new-marks.csv": MARK_COLUMNS,
    "by-hand/broken-marks.csv": MARK_COLUMNS,
}
LETTERS = (
    (95, 4.0), (90, 3.67), (85, 3.33), (80, 3.0), (75, 2.67), (70, 2.33), (65, 2.0), (60, 1.67), (55, 1.33), (50, 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """The folder, its tables, and the rows of each sitting: student, period, course -> attempts in order."""

    folder: Path
    university: University
    tables: dict[str, list[Row]]
    sittings: dict[tuple[str, str, str], list[Row]]

    def student(self, surname: str, given_name: str, group: str = "") -> Row:
        """Return the one student of that name."""
        (found,) = (
            row
            for row in self.tables["students.csv"]
            if (row["surname"], row["given_name"]) == (surname, given_name) and row["group"].startswith(group)
        )
        return found

    def winter(self, surname: str, given_name: str, course: str) -> list[Row]:
        """Return a student's posted sittings of a course this winter."""
        student_id = self.student(surname, given_name)["student_id"]
        return [row for row in self.sittings.get((student_id, WINTER, course), []) if row in self.tables["session.csv"]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write the default university once and read it back."""
    folder = tmp_path_factory.mktemp("university")
    university = make_world()
    write(university, folder)
    tables = {name: _read(folder / name) for name in COLUMNS}
    sittings = defaultdict(list)
    for row in [*tables["marks.csv"], *tables["session.csv"], *tables["by-hand/new-marks.csv"]]:
        sittings[row["student_id"], row["period"], row["course_code"]].append(row)
    return Written(folder, university, tables, dict(sittings))


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _whole(mark: str) -> int:
    return int(Decimal(mark).quantize(Decimal(1), ROUND_HALF_UP))


def _admission(row: Row) -> Decimal:
    return (Decimal(row["rating1"]) + Decimal(row["rating2"])) / 2


def _result(row: Row) -> str:
    """Return what a sitting came to: "pass", "FX", "F", or its outcome besides a mark."""
    if row["outcome"] not in {"took", ""}:
        return row["outcome"]
    exam = _whole(row["exam"])
    return "F" if exam < 25 else "FX" if exam < 50 else "pass"


def _points(row: Row) -> float:
    if _result(row) != "pass":
        return 0.5 if _result(row) == "FX" else 0.0
    final = _whole(str(Decimal("0.6") * _admission(row) + Decimal("0.4") * _whole(row["exam"])))
    return next(points for lowest, points in LETTERS if final >= lowest)


def _posted(row: Row) -> datetime:
    return datetime.strptime(row["posted_at"], "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the files hold local time


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _appeal_closes(row: Row) -> datetime:
    """Return when the appeal window of a posted mark closes, for the forms that have one after posting."""
    if row["exam_form"] == "state":
        return datetime.combine(_day(row["exam_date"]) + timedelta(days=2), datetime.min.time())
    return datetime.combine(_posted(row).date() + timedelta(days=1), datetime.min.time()) + timedelta(hours=13)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_other_ones(written: Written, tmp_path: Path) -> None:
    write(make_world(), tmp_path / "again")
    write(make_world(seed=7), tmp_path / "other")
    again, other = _contents(tmp_path / "again"), _contents(tmp_path / "other")
    assert again == _contents(written.folder)
    assert other.keys() == again.keys()
    assert {name for name in again if again[name] == other[name]} <= {
        "calendar.csv",
        "days.csv",
        "staff.csv",
        "exams.csv",
    }


@pytest.mark.parametrize("students", [130, 300, 450])
def test_there_are_as_many_students_as_asked_for(students: int) -> None:
    university = make_world(students=students)
    assert len({row.student_id for row in university.students}) == students


def test_too_few_students_to_hold_the_people_of_the_sandbox_are_refused() -> None:
    with pytest.raises(ValueError, match=r"students=10: .* at least [0-9]+"):
        make_world(students=10)


def test_every_file_has_the_canonical_columns_in_order(written: Written) -> None:
    for name, columns in COLUMNS.items():
        header = (written.folder / name).read_text(encoding="utf-8").splitlines()[0]
        assert header.split(",") == columns.split(), name
    loaded = {name for _, name in LOAD_ORDER}
    beside = {path.name for path in (written.folder / BY_HAND).iterdir()}
    assert {path.name for path in written.folder.iterdir()} == loaded | {BY_HAND}
    assert beside == {"new-marks.csv", "broken-marks.csv", "mark-sheet.kk.xlsx", "mark-sheet.ru.xlsx"}


def test_rows_point_only_at_what_is_there(written: Written) -> None:
    tables = written.tables
    students = {row["student_id"]: row for row in tables["students.csv"]}
    staff = {row["person_id"] for row in tables["staff.csv"]}
    sessions = {row["period"] for row in tables["calendar.csv"] if row["kind"] == "session"}
    groups = {row["group"] for row in students.values()}
    assert all(re.fullmatch(r"0\d{7}", student_id) for student_id in students)
    assert {row["scope"] for row in tables["staff.csv"]} - {""} <= {row["institute"] for row in students.values()}
    assert {one for one in staff if not one.startswith("T")} <= set(students)
    assert {row["lecturer_id"] for row in tables["exams.csv"]} <= staff
    assert {row["student_id"] for row in tables["components.csv"]} <= set(students)
    for name in ("marks.csv", "ratings.csv", "session.csv", "by-hand/new-marks.csv"):
        for row in tables[name]:
            assert row["student_id"] in students
            assert row["period"] in sessions
            assert row["group"] in groups
    exams = {(row["course_code"], row["group"], row["date"], row["exam_form"]) for row in tables["exams.csv"]}
    for row in tables["ratings.csv"]:
        assert (row["course_code"], row["group"], row["exam_date"], row["exam_form"]) in exams


def test_no_file_says_the_same_thing_twice(written: Written) -> None:
    for kind, name in LOAD_ORDER:
        keys = {
            "students": ("student_id",),
            "staff": ("person_id", "role", "scope"),
            "calendar": ("period", "kind"),
            "days": ("date",),
            "exams": ("period", "course_code", "group"),
            "components": ("student_id", "academic_year"),
            "marks": ("student_id", "period", "course_code", "attempt"),
        }[kind]
        counted = Counter(tuple(row.get(key, "1") for key in keys) for row in written.tables[name])
        assert not [key for key, times in counted.items() if times > 1], name


def test_a_semester_is_thirty_credits_and_a_fourth_year_student_has_about_forty_courses(written: Written) -> None:
    volume: Counter[tuple[str, str]] = Counter()
    courses = defaultdict(set)
    for row in [*written.tables["marks.csv"], *written.tables["ratings.csv"]]:
        courses[row["student_id"]].add(row["course_code"])
        if row.get("attempt", "1") == "1" and not row["period"].endswith("/3"):
            volume[row["student_id"], row["period"]] += int(row["credits"])
    assert set(volume.values()) == {30}
    fourth = [row for row in written.tables["students.csv"] if row["year"] == "4" and row["status"] == "active"]
    assert len(fourth) > 40
    assert all(40 <= len(courses[row["student_id"]]) <= 46 for row in fourth)


def test_years_of_study_and_terms_past_agree(written: Written) -> None:
    terms = defaultdict(set)
    for row in written.tables["marks.csv"]:
        if not row["period"].endswith("/3"):
            terms[row["student_id"]].add(row["period"])
    repeating = written.student("Қасымов", "Ерасыл")["student_id"]
    for row in written.tables["students.csv"]:
        entered = 2000 + int(row["student_id"][1:3])
        assert entered == 2000 + int(row["group"].split("-")[1]) or row["student_id"] == repeating
        assert len(terms[row["student_id"]]) == (4 if row["status"] == "graduated" else 2 * (2025 - entered))
    assert terms[repeating] == {"2023-2024/1", "2023-2024/2", "2024-2025/1", "2024-2025/2"}


def test_only_who_may_be_examined_has_a_mark_and_who_may_not_has_none(written: Written) -> None:
    levels = {row["student_id"]: row["level"] for row in written.tables["students.csv"]}
    for rows in written.sittings.values():
        for row in rows:
            kept_out = (
                _admission(row) < 50
                or row["fees_cleared"] == "no"
                or row["course_work"] == "no"
                or (levels[row["student_id"]] == "bachelor" and int(row["missed_percent"]) > 50)
            )
            assert (row["outcome"] == "not_admitted") == kept_out, row
            assert bool(row["exam"]) == (row["outcome"] in {"took", "removed", ""}), row
            for mark in (row["rating1"], row["rating2"], row["exam"] or "0"):
                assert 0 <= Decimal(mark) <= 100
            if row["outcome"] == "removed":
                assert row["exam"] == "0"


def test_a_second_attempt_follows_a_failure_that_may_be_sat_again(written: Written) -> None:
    seconds = [rows for rows in written.sittings.values() if len(rows) > 1]
    assert len(seconds) > 100
    for first, second, *more in seconds:
        assert not more
        assert (first["attempt"], second["attempt"]) == ("1", "2")
        assert _result(first) in {"FX", "did_not_come", "not_admitted"}
        assert _posted(first) < _posted(second)
        assert first["exam_form"] != "state" or _result(first) != "FX"
        if _result(first) == "FX":
            assert (first["rating1"], first["rating2"]) == (second["rating1"], second["rating2"])


def test_a_course_is_studied_again_only_after_it_was_failed(written: Written) -> None:
    repeating = written.student("Қасымов", "Ерасыл")["student_id"]
    again = 0
    for (student_id, _), keys in groupby(
        sorted(written.sittings, key=lambda key: (key[0], key[2], key[1])), lambda key: (key[0], key[2])
    ):
        for earlier, later in pairwise(keys):
            again += 1
            assert student_id == repeating or _result(written.sittings[earlier][-1]) != "pass"
            assert _posted(written.sittings[earlier][-1]) < _posted(written.sittings[later][0])
    assert again > 50


def test_exams_are_inside_their_sessions_and_posted_afterwards_but_never_in_the_future(written: Written) -> None:
    dates = {
        (row["period"], row["kind"]): (_day(row["starts"]), _day(row["ends"])) for row in written.tables["calendar.csv"]
    }
    for rows in written.sittings.values():
        for row in rows:
            kind = "additional" if row["attempt"] == "2" and row["period"] != WINTER else "session"
            starts, ends = dates[row["period"], kind]
            assert starts <= _day(row["exam_date"]) <= ends, row
            assert _day(row["exam_date"]) <= _posted(row).date() <= _day(row["exam_date"]) + timedelta(days=5), row
            assert _posted(row) < NOW
    assert (WINTER, "additional") not in dates
    for (period, kind), (starts, ends) in dates.items():
        if kind == "additional":
            weekdays = [starts + timedelta(days=n) for n in range((ends - starts).days + 1)]
            assert sum(day.weekday() < 5 for day in weekdays) <= 10
            assert starts > dates[period, "session"][1]


def test_nobody_and_no_room_is_in_two_places_and_no_group_sits_two_exams_a_day(written: Written) -> None:
    exams = written.tables["exams.csv"]
    holidays = {"2026-01-01", "2026-01-02", "2026-01-07"}
    assert not holidays & {row["date"] for row in exams}
    for who in ("lecturer_id", "room"):
        for one, other in pairwise(sorted(exams, key=lambda row: (row[who], row["date"], row["starts"]))):
            if (one[who], one["date"]) == (other[who], other["date"]):
                assert one["ends"] <= other["starts"], (one, other)
    assert max(Counter((row["group"], row["date"]) for row in exams if row["exam_form"] != "pass").values()) == 1


def test_the_demo_opens_while_windows_are_open_tests_run_and_exams_lie_ahead(written: Written) -> None:
    assert DEMO_MOMENT.replace(tzinfo=None) == NOW
    assert DEMO_MOMENT.utcoffset() == timedelta(hours=5)
    closing = Counter(
        _appeal_closes(row) for row in written.tables["session.csv"] if row["exam_form"] != "computer_test"
    )
    assert closing[NOW.replace(hour=13)] > 50
    assert closing[NOW.replace(day=13, hour=13)] > 50
    assert closing[NOW.replace(day=13, hour=0)] > 10, "yesterday's state exam"
    today = [row for row in written.tables["exams.csv"] if row["date"] == "2026-01-12"]
    running = {row["exam_form"] for row in today if row["starts"] <= "10:00" < row["ends"]}
    assert running == {"computer_test", "state"}
    posted = {(row["student_id"], row["course_code"]) for row in written.tables["session.csv"]}
    ahead = Counter(
        row["student_id"]
        for row in written.tables["ratings.csv"]
        if (row["student_id"], row["course_code"]) not in posted and row["exam_date"] > "2026-01-12"
    )
    studying = {row["student_id"] for row in written.tables["ratings.csv"]}
    without = {row["student_id"] for row in written.tables["students.csv"] if row["group"] == "ДАЖ-24-1"}
    assert studying - set(ahead) == without


@pytest.mark.parametrize(
    ("surname", "given_name", "course", "expected"),
    [
        ("Нұрланов", "Айбек", "LAN1103", "FX"),
        ("Ахметов", "Алмас", "MAT1104", "FX"),
        ("Захаров", "Никита", "MAT1104", "F"),
        ("Есенғалиева", "Мөлдір", "HIS1101", "FX"),
        ("Мұқанов", "Рамазан", "BMT2106", "removed"),
        ("Қалиева", "Ақерке", "DRV3103", "did_not_come"),
        ("Дәуренов", "Қайсар", "SRM2106", "not_admitted"),
        ("Сағындықов", "Олжас", "DSC2105", "not_admitted"),
        ("Тұрсынов", "Санжар", "SEN3104", "not_admitted"),
        ("Хамитов", "Диас", "MEC1104", "not_admitted"),
        ("Сафин", "Марсель", "BNK3101", "pass"),
        ("Ержанов", "Мағжан", "SEC4101", "pass"),
        ("Юлдашев", "Шерзод", "VEN3103", "FX"),
        ("Орлов", "Вадим", "SUP4103", "FX"),
        ("Жақсылықов", "Данияр", "ADM7103", "pass"),
        ("Мейрамова", "Дана", "MAC2104", "pass"),
        ("Нургалиева", "Камила", "OPS3103", "pass"),
        ("Әлімбаев", "Тимур", "VEN3103", "not_admitted"),
    ],
)
def test_the_people_of_the_sandbox_are_in_the_situation_their_note_tells(
    written: Written, surname: str, given_name: str, course: str, expected: str
) -> None:
    (row,) = written.winter(surname, given_name, course)
    assert _result(row) == expected


def test_what_makes_each_situation_is_written_in_the_files(written: Written) -> None:
    (fx_by_exam,) = written.winter("Ахметов", "Алмас", "MAT1104")
    assert Decimal("0.6") * _admission(fx_by_exam) + Decimal("0.4") * Decimal(fx_by_exam["exam"]) == 70
    (closing,) = written.winter("Нұрланов", "Айбек", "LAN1103")
    assert _posted(closing).date() == date(2026, 1, 11)
    assert _posted(closing).hour >= 18
    (morning,) = written.winter("Югай", "Роберт", "LAN1103")
    assert _posted(morning).date() == NOW.date()
    (state,) = written.winter("Смирнов", "Егор", "HIS1101")
    assert (state["exam_form"], state["exam_date"], _result(state)) == ("state", "2026-01-11", "pass")
    (half,) = written.winter("Дәуренов", "Қайсар", "SRM2106")
    assert _admission(half) == Decimal("49.5")
    (absent,) = written.winter("Сағындықов", "Олжас", "DSC2105")
    assert (absent["missed_percent"], _admission(absent) >= 50) == ("56", True)
    (no_work,) = written.winter("Тұрсынов", "Санжар", "SEN3104")
    assert (no_work["course_work"], _admission(no_work) >= 50) == ("no", True)
    (unpaid,) = written.winter("Хамитов", "Диас", "MEC1104")
    assert (unpaid["fees_cleared"], _admission(unpaid) >= 50) == ("no", True)
    assert [
        written.winter(*one)[0]["exam"] for one in (("Сафин", "Марсель", "BNK3101"), ("Ержанов", "Мағжан", "SEC4101"))
    ] == ["49.5", "89.5"]
    (zero,) = written.winter("Төлегенов", "Нұрасыл", "MAT1104")
    assert (zero["exam"], zero["outcome"]) == ("0", "")
    assert [_result(row) for row in written.winter("Розиева", "Дильнара", "MSR2105")] == ["FX", "FX"]
    assert [_result(row) for row in written.winter("Вебер", "Кристина", "ACC2105")] == ["FX", "pass"]
    (over,) = written.winter("Нургалиева", "Камила", "OPS3103")
    assert (over["exam_form"], over["exam_date"]) == ("computer_test", "2026-01-09")
    (again,) = written.tables["new-ratings.csv"]
    assert again["student_id"] == written.student("Әлімбаев", "Тимур")["student_id"]
    assert (again["attempt"], _admission(again), again["exam"], again["exam_date"]) == ("2", Decimal("56.5"), "", "")
    (doctor,) = written.winter("Жақсылықов", "Данияр", "ADM7103")
    assert int(doctor["missed_percent"]) > 50
    pending = {
        (row["student_id"], row["course_code"]): (row["rating1"], row["rating2"])
        for row in written.tables["ratings.csv"]
    }
    for surname, given_name, course, ratings in (
        ("Шаймерденова", "Назым", "PHI2101", ("52", "50")),
        ("Лебедева", "Ксения", "WEB3102", ("100", "100")),
        ("Жүнісова", "Аружан", "ICT1105", ("88", "92")),
    ):
        assert not written.winter(surname, given_name, course)
        assert pending[written.student(surname, given_name)["student_id"], course] == ratings


def test_the_records_hold_the_unusual_people(written: Written) -> None:
    students = written.tables["students.csv"]
    kinds = Counter((row["level"], row["form"], row["year"]) for row in students if row["status"] == "active")
    assert {("bachelor", "full_time", year) for year in "1234"} < set(kinds)
    assert {("bachelor", "distance", "2"), ("bachelor", "evening", "3"), ("master", "full_time", "1")} < set(kinds)
    assert {("master", "full_time", "2"), ("doctor", "full_time", "1")} < set(kinds)
    assert {row["status"] for row in students} == {"active", "academic_leave", "expelled", "graduated"}
    assert {row["penalty"] for row in students} == {"yes", "no"}
    assert {row["funding"] for row in students} == {"grant", "fee"}
    full_names = Counter((row["surname"], row["given_name"], row["patronymic"]) for row in students)
    assert {name for name, times in full_names.items() if times > 1} == {("Ахметова", "Айгерім", "Серікқызы")}
    phones = Counter(re.sub(r"\D", "", row["phone"])[-10:] for row in students)
    assert [times for times in phones.values() if times > 1] == [2]
    shared = next(phone for phone, times in phones.items() if times == 2)
    (mother,) = (person for person in written.university.people if person.phone == f"7{shared}")
    assert (mother.tag, mother.id in written.university.person_ids) == ("guest", False)
    now = {row["student_id"]: row for row in written.tables["components.csv"] if row["academic_year"] == "2025-2026"}
    assert not now[written.student("Ахметова", "Айгерім", "АЖ")["student_id"]]["research"]
    officer = now[written.student("Оспанов", "Темірлан")["student_id"]]
    assert (officer["iros"], officer["ssci"]) == ("", "")
    assert Decimal(now[written.student("Рақышева", "Еңлік")["student_id"]]["ssci"]) < 2
    for row in now.values():
        assert not (row["research"] and row["iros"])


def test_debts_are_left_and_others_were_cleared(written: Written) -> None:
    last = {
        (key[0], key[2]): rows[-1]
        for key, rows in sorted(written.sittings.items(), key=lambda one: one[0][1])
        if key[1] != WINTER
    }
    debts = Counter(key[0] for key, row in last.items() if _result(row) != "pass")
    assert debts[written.student("Смағұлов", "Дамир")["student_id"]] == 2
    assert 10 < len(debts) < 60
    cleared = written.student("Қанат", "Бекарыс")["student_id"]
    assert _result(written.sittings[cleared, "2024-2025/1", "GRD3102"][-1]) == "F"
    assert _result(written.sittings[cleared, "2024-2025/3", "GRD3102"][-1]) == "pass"
    retaken = written.student("Ковальская", "Эвелина")["student_id"]
    assert [_result(row) for row in written.sittings[retaken, "2023-2024/2", "STR2203"]] == ["FX", "pass"]


def test_marks_are_spread_as_marks_are(written: Written) -> None:
    rows = [rows[-1] for rows in written.sittings.values()]
    results = Counter(_result(row) for row in rows)
    assert set(results) == {"pass", "FX", "F", "removed", "not_admitted", "did_not_come"}
    assert 0.9 < results["pass"] / len(rows) < 0.98
    weighed = defaultdict(list)
    for row in rows:
        weighed[row["student_id"]].append((_points(row), int(row["credits"])))
    averages = [sum(p * c for p, c in one) / sum(c for _, c in one) for one in weighed.values()]
    assert 2.3 < median(averages) < 2.9
    assert max(averages) > 3.7
    assert sum(average < 2 for average in averages) > 20


def test_names_agree_with_the_sex_of_the_person(written: Written) -> None:
    female = re.compile(r"(қызы|кызы|овна|евна|ична|ёвна)$")
    for row in written.tables["students.csv"]:
        woman = row["sex"] == "F"
        if row["patronymic"]:
            assert bool(female.search(row["patronymic"])) == woman, row
        if re.search(r"(ов|ев|ёв|ин|ский|цкий|ұлы)$", row["surname"]):
            assert not woman, row
        if re.search(r"(ова|ева|ёва|ина|ская|цкая|қызы)$", row["surname"]):
            assert woman, row
        assert re.fullmatch(r"[А-ЯЁӘҒҚҢӨҰҮІ][а-яёәғқңөұүіһ]+", row["surname"]), row
    languages = Counter(row["language"] for row in written.tables["students.csv"])
    assert 0.5 < languages["kk"] / languages.total() < 0.75


def test_the_staff_hold_every_role_and_one_term_is_over(written: Written) -> None:
    staff = written.tables["staff.csv"]
    assert {row["role"] for row in staff} == {
        "registrar", "service_desk", "dean_office", "quality_commission", "career_centre", "rector_office", "ombudsman",
        "lecturer", "officer", "admin", "appeals.chair", "appeals.deputy", "appeals.member", "appeals.secretary",
        "election.chair", "election.member", "election.secretary",
    }  # fmt: skip
    assert Counter(row["role"] for row in staff if _day(row["until"]) > NOW.date())["registrar"] == 2
    assert [row["role"] for row in staff if _day(row["until"]) < NOW.date()] == ["registrar"]


def test_the_chair_has_set_a_mark_that_may_be_appealed_but_not_that_of_the_first_to_appeal(written: Written) -> None:
    (chair,) = (row["person_id"] for row in written.tables["staff.csv"] if row["role"] == "appeals.chair")
    own = {(row["course_code"], row["group"]) for row in written.tables["exams.csv"] if row["lecturer_id"] == chair}
    (conflict,) = written.winter("Мейрамова", "Дана", "MAC2104")
    (none,) = written.winter("Нұрланов", "Айбек", "LAN1103")
    assert [(row["course_code"], row["group"]) in own for row in (conflict, none)] == [True, False]
    assert _appeal_closes(conflict) == NOW.replace(hour=13)


def test_the_nightly_file_and_the_printed_sheets_bring_only_what_is_pending(written: Written) -> None:
    tables = written.tables
    posted = {(row["student_id"], row["course_code"]) for row in tables["session.csv"]}
    ratings = {(row["student_id"], row["course_code"]): row for row in tables["ratings.csv"]}
    assert len(tables["by-hand/new-marks.csv"]) > 30
    for row in tables["by-hand/new-marks.csv"]:
        key = row["student_id"], row["course_code"]
        assert key not in posted
        assert (ratings[key]["rating1"], ratings[key]["rating2"]) == (row["rating1"], row["rating2"])
    for language, group, course in (("kk", "АЖ-24-1", "PRG2104"), ("ru", "ЭК-22-1", "STG4101")):
        sheet = CalamineWorkbook.from_path(written.folder / BY_HAND / f"mark-sheet.{language}.xlsx").get_sheet_by_index(
            0
        )
        assert len(sheet.merged_cell_ranges or []) == 9
        rows = sheet.to_python()
        assert str(rows[3][0]).endswith(f"({course})")
        assert str(rows[4][0]).endswith(group)
        table = {str(line[2]): line for line in rows if re.fullmatch(r"0\d{7}", str(line[2]))}
        assert set(table) == {key[0] for key, row in ratings.items() if (row["group"], key[1]) == (group, course)}
        for student_id, line in table.items():
            assert (student_id, course) not in posted
            written_ratings = [float(ratings[student_id, course][name]) for name in ("rating1", "rating2")]
            assert line[3:6] == [*written_ratings, sum(written_ratings) / 2]


def test_the_broken_file_holds_one_of_each_mistake_and_a_changed_mark(written: Written) -> None:
    rows, nightly = written.tables["by-hand/broken-marks.csv"], written.tables["by-hand/new-marks.csv"]
    assert [rows[number] == nightly[number] for number in range(12)] == [False, True] * 6
    assert rows[12] == rows[11]
    changed = rows[14]
    (before,) = written.sittings[changed["student_id"], WINTER, changed["course_code"]]
    assert {name for name in before if before[name] != changed[name]} == {"exam"}


def test_the_sandbox_gets_its_people_with_notes_in_both_languages_and_invitations(written: Written) -> None:
    university = written.university
    some_student = written.student("Нұрланов", "Айбек")["student_id"]
    world = to_sandbox_world(university, {some_student: "invitation", "T0001": "another"})
    assert world.start == DEMO_MOMENT
    assert 40 <= len(world.people) <= 75
    assert {person.tag for person in world.people} == {"student", "staff", "officer", "guest"}
    assert [person.first_name for person in world.people if person.start] == ["Айбек", "Гүлнар"]
    for person in world.people:
        assert person.note["kk"] != person.note["ru"]
        assert re.fullmatch(r"7709\d{7}", person.phone or "")
        assert max(map(len, person.note.values())) <= 120
    assert len({person.phone for person in world.people}) == len(world.people)
    names = {row["student_id"]: row["surname"] for row in written.tables["students.csv"]}
    names |= {row["person_id"]: row["surname"] for row in written.tables["staff.csv"]}
    people = {person.id: person for person in world.people}
    assert all(people[number].last_name == names[one] for number, one in university.person_ids.items())


def test_the_commission_and_the_desk_have_a_group_each_with_the_bot_and_an_administrator(written: Written) -> None:
    university = written.university
    students, commission, desk = university.groups
    assert (students.title, commission.title, desk.title) == ("АЖ-25-1", "Апелляциялық комиссия", "СҚКО")
    assert {(group.type, group.bot) for group in university.groups} == {("group", "member")}

    def roles(people: Iterable[int]) -> set[str]:
        ids = {university.person_ids[one] for one in people}
        return {row["role"] for row in written.tables["staff.csv"] if row["person_id"] in ids} - {"lecturer"}

    assert roles(commission.members) == {f"appeals.{one}" for one in ("chair", "deputy", "member", "secretary")}
    assert len(commission.members) == 5
    assert (roles(desk.members), len(desk.members)) == ({"service_desk"}, 2)
    assert roles(commission.admins) == roles(desk.admins) == {"admin"}


async def test_everything_loads_in_order_and_the_files_by_hand_after_it_except_the_broken_one(
    written: Written, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'kenes.db'}"
    await asyncio.to_thread(migrate, url)
    database, profile = Database.open(url), load_profile(None)

    async def load(kind: str, name: str) -> Preview:
        async with database.write() as storage:
            source = written.folder / name
            shown = await preview(
                storage, kind=Kind(kind), source=source, file_name=name, profile=profile, now=DEMO_MOMENT
            )
            if not shown.refused and not shown.nothing_to_do:
                assert isinstance(await apply(storage, shown, now=DEMO_MOMENT, actor=None), Imported)
            return shown

    try:
        for kind, name in LOAD_ORDER:
            shown = await load(kind, name)
            assert (shown.refusals, shown.nothing_to_do) == ((), False), name
            notices = [notice.reason for notice in shown.notices]
            assert notices == (["term_over"] if kind == "staff" else []), name
        broken = await load("marks", "by-hand/broken-marks.csv")
        assert [refusal.row for refusal in broken.refusals] == [2, 4, 6, 8, 10, 12, 14, 16]
        brought = {f"mark-sheet.{sheet.language}.xlsx": len(sheet.rows) for sheet in written.university.sheets}
        brought["new-marks.csv"] = len(written.university.nightly)
        for name, rows in brought.items():
            shown = await load("marks", f"{BY_HAND}/{name}")
            assert (shown.refusals, shown.rows.changed) == ((), rows), name
        assert (await load("marks", "session.csv")).nothing_to_do
    finally:
        await database.close()
