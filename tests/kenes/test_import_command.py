"""`kenes import` and `kenes undo`: what they answer, and with which exit status."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kenes.__main__ import main
from storage.database import Database
from storage.trouble import TroubleError
from tests.services.importing_cases import SAMPLES, dump


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an empty database, the sample files and an English locale."""
    shutil.copy(sqlite_template, tmp_path / "kenes.db")
    shutil.copytree(SAMPLES, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "BOT_API_URL", "KENES_PROFILE", "KENES_CLOCK", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/kenes.db")
    return tmp_path


def kenes(*words: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=answers)


def facts(folder: Path) -> object:
    async def read() -> object:
        async with Database.open(f"sqlite+aiosqlite:///{folder}/kenes.db") as database:
            return await dump(database)

    return asyncio.run(read())


def test_a_file_is_shown_loaded_and_the_second_time_nothing_is_to_do(folder: Path) -> None:
    first = kenes("import", "students", "data/students.csv", "--yes")
    second = kenes("import", "students", "data/students.csv", "--yes")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "students.csv (students): new 120, changed 0, same 0, refused 0" in first.output
    assert "Done: import 1." in first.output
    assert "Nothing to do" in second.output


def test_a_dry_run_shows_and_changes_nothing(folder: Path) -> None:
    before = facts(folder)

    answer = kenes("import", "students", "data/students.csv", "--dry-run")

    assert answer.exit_code == 0
    assert "new 120" in answer.output
    assert facts(folder) == before


def test_a_dry_run_of_a_broken_file_writes_nothing_beside_it(folder: Path) -> None:
    kenes("import", "students", "data/students.csv", "--yes")
    before = {file: file.stat().st_mtime_ns for file in (folder / "data").rglob("*")}

    answer = kenes("import", "marks", "data/broken/marks.csv", "--dry-run")

    assert answer.exit_code == 1
    assert "row 4, " in answer.output
    assert "Reasons: 8. Without --dry-run all of them are kept in marks.csv.refused.csv." in answer.output
    assert {file: file.stat().st_mtime_ns for file in (folder / "data").rglob("*")} == before


def test_a_dry_run_needs_no_records_and_makes_none(folder: Path) -> None:
    (folder / "kenes.db").unlink()
    there = sorted(folder.iterdir())

    answer = kenes("import", "students", "data/students.csv", "--dry-run")

    assert answer.exit_code == 0
    assert "There are no records yet" in answer.output
    assert "new 120" in answer.output
    assert sorted(folder.iterdir()) == there


@pytest.mark.parametrize(
    "command", [("audit",), ("held",), ("import", "students", "data/students.csv", "--dry-run"), ("doctor",)]
)
def test_a_command_that_only_reads_changes_no_older_database_and_says_what_does(
    folder: Path, command: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(folder / "kenes.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    before = (folder / "kenes.db").read_bytes()
    answer = kenes(*command)
    assert answer.exit_code == 1
    assert "up to date" in answer.output
    assert (folder / "kenes.db").read_bytes() == before


@pytest.mark.parametrize("command", [("audit",), ("held",), ("doctor",)])
def test_a_command_that_only_reads_makes_no_database(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "kenes.db").unlink()
    there = sorted(folder.iterdir())
    answer = kenes(*command)
    assert answer.exit_code == 1
    assert sorted(folder.iterdir()) == there
    if command != ("doctor",):
        assert "There is no database where DATABASE_URL says." in answer.output


def test_records_that_are_no_database_are_one_line(folder: Path) -> None:
    (folder / "kenes.db").write_bytes(b"nonsense" * 1000)
    for command in (("audit",), ("import", "students", "data/students.csv", "--yes"), ("backup", "x.zip")):
        answer = kenes(*command)
        assert answer.exit_code == 1
        assert "he database is damaged" in answer.output
        assert "Traceback" not in answer.output
        assert not isinstance(answer.exception, TroubleError)


def test_a_broken_file_is_refused_with_rows_and_reasons_here_and_in_a_file_beside_it(folder: Path) -> None:
    kenes("import", "students", "data/students.csv", "--yes")
    before = facts(folder)

    answer = kenes("import", "marks", "data/broken/marks.csv", "--yes")

    assert answer.exit_code == 1
    for row in (4, 6, 8, 10, 12, 14, 16, 18):
        assert f"row {row}, " in answer.output
    beside = (folder / "data/broken/marks.csv.refused.csv").read_bytes()
    assert beside.startswith(b"\xef\xbb\xbfrow;column;value;reason;code\r\n4;exam;101;")
    assert len(beside.splitlines()) == 9
    assert facts(folder) == before


def test_every_shape_of_file_gets_its_verdict(folder: Path) -> None:
    kenes("import", "students", "data/field/students.csv", "--yes")
    for path in sorted([*(SAMPLES / "field").iterdir(), *(SAMPLES / "broken").iterdir()]):
        answer = kenes("import", "marks", f"data/{path.parent.name}/{path.name}", "--dry-run")
        assert answer.exit_code in {0, 1}, path.name
        assert isinstance(answer.exception, SystemExit | None), path.name
        assert (answer.exit_code == 1) == ("Refused. Nothing was changed." in answer.output), path.name


def test_what_is_wrong_is_said_in_the_language_of_the_locale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "kk_KZ.UTF-8")
    assert "Файл бос." in kenes("import", "marks", "data/broken/empty.csv", "--yes").output

    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert "Файл пустой." in kenes("import", "marks", "data/broken/empty.csv", "--yes").output


@pytest.mark.parametrize(
    "words",
    [
        ("import", "students", "data/students.csv"),
        ("import", "people", "data/students.csv", "--yes"),
        ("import", "students", "data/nowhere.csv", "--yes"),
        ("import", "students", "data", "--yes"),
        ("import", "students"),
        ("undo", "1"),
        ("undo", "1", "--yes"),
        ("undo", "first", "--yes", "--reason", "x"),
    ],
)
def test_wrong_use_is_status_2_and_changes_nothing(folder: Path, words: tuple[str, ...]) -> None:
    before = facts(folder)

    assert kenes(*words).exit_code == 2
    assert facts(folder) == before


def test_an_import_is_taken_back_by_its_number_once(folder: Path) -> None:
    before = facts(folder)
    kenes("import", "days", "data/days.csv", "--yes")

    first = kenes("undo", "1", "--yes", "--reason", "wrong year")
    second = kenes("undo", "1", "--yes", "--reason", "wrong year")

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "was taken back before" in second.output
    assert facts(folder) == before


def test_an_import_others_stand_on_names_them(folder: Path) -> None:
    for kind, file in (("students", "students.csv"), ("marks", "marks.csv"), ("marks", "marks.retakes.csv")):
        assert kenes("import", kind, f"data/{file}", "--yes").exit_code == 0

    answer = kenes("undo", "2", "--yes", "--reason", "wrong group")

    assert answer.exit_code == 1
    assert "02500002 2025-2026/1 MAT1201 2: import 3" in answer.output


def test_a_profile_that_gives_a_column_a_word_of_another_stops_every_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "profile.toml").write_text('[columns.marks]\nexam = ["Р1"]\n', encoding="utf-8")
    monkeypatch.setenv("KENES_PROFILE", str(folder / "profile.toml"))

    answer = kenes("import", "students", "data/students.csv", "--yes")

    assert answer.exit_code == 1
    assert "columns.marks.exam[0] = 'Р1'; allowed: a label that does not mean rating1 already" in answer.output


SHEET = "Студент ID;Р1;Р2;Емтихан\n02600101;70;80;90\n"
MARKS = "student_id,period,course_code,credits,exam_form,rating1,rating2,exam,posted_at\n"


@pytest.fixture
def office(folder: Path) -> Path:
    """The folder, with the students of the field's files loaded."""
    assert kenes("import", "students", "data/field/students.csv", "--yes").exit_code == 0
    return folder


def test_what_a_file_does_not_say_is_given_with_it(office: Path) -> None:
    (office / "sheet.csv").write_text("Кредит;" + SHEET.replace("\n0", "\n5;0"), encoding="utf-8")

    asked = kenes("import", "marks", "sheet.csv", "--yes")
    assert asked.exit_code == 1
    assert "Say it of the file: --period 2025-2026/1 --course MAT1105" in asked.output

    answer = kenes("import", "marks", "sheet.csv", "--period", "2025-2026 / 1", "--course", "MAT1105", "--yes")
    assert answer.exit_code == 0
    assert "as it was given: 2025-2026/1, MAT1105" in answer.output
    assert "Courses: 1 (MAT1105: 1)" in answer.output
    again = kenes("import", "marks", "sheet.csv", "--period", "2025-2026/1", "--course", "МАТ1105", "--yes")
    assert "Nothing to do" in again.output, "in Cyrillic it is the same course"


def test_what_a_file_says_is_not_given_otherwise(office: Path) -> None:
    (office / "marks.csv").write_text(MARKS + "02600101,2025-2026/1,PHY1101,5,written,70,80,90,\n", encoding="utf-8")

    same = kenes("import", "marks", "marks.csv", "--course", "рhy1101", "--dry-run")
    other = kenes("import", "marks", "marks.csv", "--course", "MAT1105", "--dry-run")

    assert same.exit_code == 0
    assert other.exit_code == 1
    assert (
        "row 2, course_code, “PHY1101”: The file says something else than was given with it: MAT1105." in other.output
    )


@pytest.mark.parametrize(
    "words",
    [
        ("marks", "data/marks.csv", "--period", "2025-2026"),
        ("marks", "data/marks.csv", "--course", "?"),
        ("students", "data/students.csv", "--period", "2025-2026/1"),
        ("days", "data/days.csv", "--course", "MAT1105"),
    ],
)
def test_what_cannot_be_said_of_a_file_is_wrong_use(office: Path, words: tuple[str, ...]) -> None:
    assert kenes("import", *words, "--yes").exit_code == 2


WARNING = "! Students will hear of these marks when they can no longer appeal them: 1 (PHY1101: 1)"


def test_marks_students_could_no_longer_appeal_are_asked_about_once_more(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = datetime.now(UTC) - timedelta(days=4)
    row = f"02600101,2025-2026/1,PHY1101,5,written,70,80,40,{posted:%Y-%m-%d %H:%M}\n"
    (office / "marks.csv").write_text(MARKS + row, encoding="utf-8")
    before = facts(office)

    assert WARNING in kenes("import", "marks", "marks.csv", "--dry-run").output
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    for answers in ("n\n", "y\nn\n"):
        answer = kenes("import", "marks", "marks.csv", answers=answers)
        assert answer.exit_code == 1
        assert WARNING in answer.output
        assert ("Load them though students could not appeal them in time?" in answer.output) == ("y" in answers)
    assert facts(office) == before

    answer = kenes("import", "marks", "marks.csv", "--yes")  # loads without asking, and says it all the same
    assert answer.exit_code == 0
    assert WARNING in answer.output
    assert "Done: import 2." in answer.output
    assert "FX: 1" in answer.output


def test_the_first_load_of_marks_of_past_years_is_not_asked_about_twice(office: Path) -> None:
    row = "02600101,2023-2024/1,PHY1101,5,written,70,80,90,2024-01-09 11:00\n"
    (office / "marks.csv").write_text(MARKS + row, encoding="utf-8")

    answer = kenes("import", "marks", "marks.csv", "--yes")

    assert answer.exit_code == 0
    assert "Posted long ago, so that students are not told of them. Marks: 1" in answer.output


def test_what_changes_is_printed_value_by_value_and_all_of_it_beside_the_file(office: Path) -> None:
    ids = ["02600101", "02600102", "02600103", "02600104", "02600201", "02600202"]
    for rating, exam in (("70", ""), ("75", "90")):
        rows = "".join(f"{each},2025-2026/1,PHY1101,5,written,{rating},80,{exam},\n" for each in ids)
        (office / "marks.csv").write_text(MARKS + rows, encoding="utf-8")
        answer = kenes("import", "marks", "marks.csv", "--yes")
        assert answer.exit_code == 0

    assert "  02600101 2025-2026/1 PHY1101 1: rating 1 70 -> 75" in answer.output
    assert "All 18 changes: marks.csv.changes.csv" in answer.output
    beside = (office / "marks.csv.changes.csv").read_text("utf-8-sig").splitlines()
    assert beside[0] == "object;which;value;was;becomes"
    assert len(beside) == 19
