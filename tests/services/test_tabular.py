"""Files become rows, whatever program wrote them; what cannot be read for certain is refused."""

import io
import struct
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.importing.columns import Columns, Kind, columns_of, known_words
from services.tabular import Book, Limits, Reading, Table, Unreadable, ValueMissing, fold, read_source, read_tables
from services.tabular.headings import name_of
from tests.services.compound import compound
from tests.services.workbooks import SHEET as PART
from tests.services.workbooks import changed, parts, workbook

STUDENTS = columns_of(Kind.STUDENTS)
MARKS = columns_of(Kind.MARKS)
SHEET = (Path(__file__).parents[1] / "data" / "mark-sheet.kk.xlsx").read_bytes()
BOMB = changed(SHEET, "<sheetData>", f"{' ' * 3 * 1024 * 1024}<sheetData>")
KAZAKH = "Студент ID;Тегі;Аты;Қаржыландыру\n02500000;Әбдірахманов;Қуаныш;ақылы\n02500001;Ыбырай;Ұлан;грант\n"
RUSSIAN = "ID студента;Фамилия;Имя;Группа\n02500000;Кузнецов;Иван;АЖ-25-1\n02500001;Ли;Ольга;АЖ-25-1\n"


def book(data: bytes, columns: Columns = STUDENTS, limits: Limits = Limits()) -> Book:  # noqa: B008 - never changes
    with Reading(data, known_words(), limits=limits) as reading:
        found = read_tables(reading, columns.recognise)
        return replace(found, tables=tuple(replace(table, rows=iter([*table.rows])) for table in found.tables))


def read(data: bytes, columns: Columns = STUDENTS, limits: Limits = Limits()) -> Table:  # noqa: B008 - never changes
    return book(data, columns, limits).tables[0]


def cells(table: Table) -> list[tuple[object, ...]]:
    return [row.cells for row in table.rows]


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as raised:
        cells(read(data))
    return raised.value.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "kz1048"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_text_file_reads_the_same_in_every_encoding_and_with_every_delimiter(encoding: str, delimiter: str) -> None:
    data = KAZAKH.replace(";", delimiter).replace("\n", "\r\n").encode(encoding)

    assert cells(read(data)) == [
        ("02500000", "Әбдірахманов", "Қуаныш", "ақылы"),
        ("02500001", "Ыбырай", "Ұлан", "грант"),
    ]


def test_a_russian_file_in_windows_1251_keeps_its_letters() -> None:
    assert cells(read(RUSSIAN.encode("cp1251")))[0] == ("02500000", "Кузнецов", "Иван", "АЖ-25-1")


def test_letters_only_kazakh_has_decide_for_kz1048_without_any_known_word() -> None:
    data = "student_id;surname;given_name\n1;Қасым;Ңү\n".encode("kz1048")

    assert cells(read(data)) == [("1", "Қасым", "Ңү")]


def test_letters_that_would_be_ukrainian_in_1251_are_decided_by_the_words_around_them() -> None:
    told = "ID студента;Фамилия;Оқу нысаны\n1;Омаров;күндізгі\n".replace("Оқу нысаны", "Форма обучения")

    assert cells(read(told.encode("kz1048"))) == [("1", "Омаров", "күндізгі")]


def test_a_name_that_two_code_pages_read_differently_is_not_guessed() -> None:
    assert refusal("ID студента;Фамилия;Имя\n1;Їжак;Иван\n".encode("cp1251")) == "ambiguous_encoding"
    assert refusal("ID студента;Фамилия;Имя\n1;Үсен;Иван\n".encode("kz1048")) == "ambiguous_encoding"


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "mac-cyrillic", "iso8859-5"])
def test_other_code_pages_are_refused_rather_than_read_as_nonsense(encoding: str) -> None:
    data = RUSSIAN.replace("ID студента", "student_id").replace("Фамилия", "surname").encode(encoding)

    assert refusal(data) == "unknown_encoding"


def test_a_utf_8_file_cut_in_the_middle_of_a_letter_is_refused() -> None:
    assert refusal(KAZAKH.encode()[:-40] + "Қ".encode()[:1]) == "unknown_encoding"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7\n1 0 obj\n", "pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (compound("EncryptedPackage", b""), "encrypted"),
        (compound("WordDocument", b""), "not_a_workbook"),
        (compound("Book", b""), "old_excel"),
        (b"\x09\x00\x04\x00\x02\x00\x10\x00", "old_excel"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml_spreadsheet"),
        (b"<html><p>no table</p></html>", "not_a_workbook"),
        (b"PK\x03\x04 half of an archive", "damaged"),
        (b"PK\x05\x06" + bytes(18), "not_a_workbook"),
        (b"PK\x07\x08" + bytes(18), "damaged"),
        (b"just some words\nand no table\n", "no_header"),
    ],
)
def test_what_is_no_table_is_called_what_it_is(data: bytes, reason: str) -> None:
    assert refusal(data) == reason


def test_a_heading_in_latin_letters_is_not_taken_for_an_archive() -> None:
    assert cells(read(b"PK1,PK2,student_id\n70,80,1\n", MARKS)) == [("70", "80", "1")]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b" \r\n\r\n"])
def test_an_empty_file_is_called_empty(data: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_source(data)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "marks.csv"
    with file.open("wb") as sparse:
        sparse.truncate(20 * 1024 * 1024 + 1)

    with pytest.raises(Unreadable) as raised:
        read_source(file)

    assert (raised.value.reason, raised.value.arguments) == ("too_large", {"limit": "20"})


def test_a_file_that_is_not_there_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="missing"):
        read_source(tmp_path / "nowhere.csv")


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")

    assert refusal(content.getvalue()) == "not_a_workbook"


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(Unreadable, match="too_much_inside"):
        read(BOMB, MARKS, Limits(unpacked=2 * 1024 * 1024))


def test_a_workbook_that_lies_about_its_size_is_refused() -> None:
    size = len(parts(BOMB)[PART])
    lying = BOMB.replace(struct.pack("<L", size), struct.pack("<L", 100))

    with pytest.raises(Unreadable, match="damaged"):
        read(lying, MARKS, Limits(unpacked=2 * 1024 * 1024))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_a_workbook_is_worse_than_unreadable(data: st.DataObject) -> None:
    content = bytearray(SHEET)
    for _ in range(data.draw(st.integers(1, 10))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = (
        content[: data.draw(st.integers(len(content) // 2, len(content)))] if data.draw(st.booleans()) else content
    )

    with suppress(Unreadable):
        cells(read(bytes(content), MARKS))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_worse_than_unreadable(content: bytes) -> None:
    with suppress(Unreadable):
        cells(read(content, MARKS))


def test_the_header_is_found_in_the_first_twenty_rows_and_not_below() -> None:
    lines = RUSSIAN.splitlines()

    assert read("\n".join(["заголовок"] * 19 + lines).encode()).header_row == 20
    assert refusal("\n".join(["заголовок"] * 20 + lines).encode()) == "no_header"


def test_labels_are_known_in_any_case_and_with_letters_that_look_alike() -> None:
    table = read("ФАМИЛИЯ;Тегi;student_ID;АTЫ\n".replace("Тегi;", "").encode() + "Ли;1;Ян\n".encode())

    assert [column.name for column in table.columns] == ["surname", "student_id", "given_name"]
    assert fold("P1") == fold("Р1") == fold("р 1".replace(" ", ""))


def test_a_label_may_carry_a_remark_in_brackets() -> None:
    table = read("ID студента;Р1 (0-100);Р2 [балл]\n1;2;3\n".encode(), MARKS)

    assert [column.name for column in table.columns] == ["student_id", "rating1", "rating2"]


def test_a_row_keeps_the_number_a_spreadsheet_shows() -> None:
    data = 'ID;Тегі;Аты\n\n1;"Екі\nжол; бір ұяшық";А\n\n2;Б;В\n'.encode()

    table = read(data)

    assert [(row.number, row.cells[1]) for row in table.rows] == [(3, "Екі\nжол; бір ұяшық"), (5, "Б")]


def test_excel_s_own_line_about_the_separator_is_no_row_of_the_table() -> None:
    table = read(("sep=;\n" + RUSSIAN).encode())

    assert table.header_row == 2
    assert len(cells(table)) == 2


def test_a_header_of_two_rows_with_merged_cells_is_read_as_one() -> None:
    rows = [
        ["Ведомость"],
        ["№", "ID студента", "Рейтинг", None, "Экзамен"],
        [None, None, "1", "2", None],
        [1, "02500000", 70, 80, 90],
    ]
    data = workbook(
        rows,
        then=lambda _, sheets: (
            sheets[0].merge_range(1, 2, 1, 3, "Рейтинг"),
            sheets[0].merge_range(1, 1, 2, 1, "ID студента"),
        ),
    )

    table = read(data, MARKS)

    assert [column.name for column in table.columns] == ["number", "student_id", "rating1", "rating2", "exam"]
    assert [row.number for row in table.rows] == [4]


def test_a_cell_merged_downwards_holds_in_every_row() -> None:
    data = workbook(
        [["ID студента", "Группа"], ["1", None], ["2", None], ["3", "Б"]],
        then=lambda _, sheets: sheets[0].merge_range(1, 1, 2, 1, "А"),
    )

    assert cells(read(data)) == [("1", "А"), ("2", "А"), ("3", "Б")]


def test_cells_of_a_workbook_are_numbers_dates_and_texts() -> None:
    data = workbook([["ID студента", "Р1", "Экзамен", "Дата экзамена"], ["007", 70, 49.5, date(2026, 1, 5)]])

    assert cells(read(data, MARKS)) == [("007", Decimal(70), Decimal("49.5"), date(2026, 1, 5))]


def test_a_formula_without_a_value_and_an_error_are_not_empty_cells() -> None:
    def errors(_: Any, sheets: list[Any]) -> None:
        sheets[0].write_formula(2, 2, "=1/0", None, "#DIV/0!")
        sheets[0].write_formula(3, 2, "=80+2", None, 82)

    data = workbook(
        [["ID студента", "Р1", "Экзамен"], ["1", 70, "=B2+1"], ["2", 70, None], ["3", 70, None], ["4", 70, None]],
        then=errors,
    )

    exams = [row[2] for row in cells(read(data, MARKS))]

    assert exams == ["=", "#DIV/0!", Decimal(82), None]
    assert [isinstance(exam, ValueMissing) for exam in exams] == [True, True, False, False]


def test_every_visible_sheet_with_a_header_is_a_table_and_the_others_are_named() -> None:
    table = [["ID студента", "Фамилия"], ["1", "Ли"]]
    data = workbook(
        table, [["Пояснения"]], table, [], table, then=lambda _, sheets: (sheets[1].activate(), sheets[0].hide())
    )

    found = book(data)

    assert [each.sheet for each in found.tables] == ["Лист3", "Лист5"]
    assert [cells(each) for each in found.tables] == [[("1", "Ли")]] * 2
    assert (found.headless, found.hidden) == (("Лист2",), ("Лист1",))


def test_a_heading_of_three_lines_is_read_as_one() -> None:
    rows = [
        ["№ п/п", "ID студента", "Рейтинг", None, "Экзаменационная оценка", None],
        [None, None, "Р1", "Р2", "цифрой", "прописью"],
        [None, None, "балл", "балл", None, None],
        [1, "02500000", 70, 80, 90, "отлично"],
    ]

    table = read(workbook(rows), MARKS)

    assert [column.name for column in table.columns] == [
        "number",
        "student_id",
        *("rating1", "rating2"),
        "exam",
        "exam_words",
    ]
    assert [row.number for row in table.rows] == [4]


def test_a_row_of_words_below_a_heading_is_no_part_of_it() -> None:
    rows = [["ID студента", "Фамилия", "Имя", "Статус"], ["СТ-А", "Группа", "Ян", "студент"]]

    table = read(workbook(rows))

    assert [column.name for column in table.columns] == ["student_id", "surname", "given_name", "status"]
    assert cells(table) == [("СТ-А", "Группа", "Ян", "студент")]


def test_numbers_below_a_heading_number_the_columns_and_only_there() -> None:
    heading = ["№", "ID студента", "Аты-жөні", "Р1", "Р2"]
    rows = [heading, [1, 2, 3, 4, 5], [1, "02500000", "Ли Ян", 70, 80], [2, 3, 4, 5, 6], ["1", "2", "3", "4", "5"]]

    assert [row.number for row in read(workbook(rows), MARKS).rows] == [3, 4, 5]
    assert [row.number for row in read(workbook([heading[1:4], [1, 2, 3]]), MARKS).rows] == [2]


def test_a_heading_that_stands_again_is_marked_with_what_belongs_to_it_left_out() -> None:
    heading = [["№", "ID студента", "Рейтинг", None], [None, None, "Р1", "Р2"], [1, 2, 3, 4]]
    rows = [*heading, [1, "a", 70, 80], ["2-бет"], *heading, [2, "b", 60, 50]]

    found = [(row.number, row.heading) for row in read(workbook(rows), MARKS).rows]

    assert found == [(4, False), (5, False), (6, True), (9, False)]


def test_a_label_of_brackets_is_not_pondered_over() -> None:
    long = "(" * 32_000
    data = workbook([["ID студента", "Р1", long], ["1", 70, 1]])

    assert [column.name for column in read(data, MARKS).columns] == ["student_id", "rating1", None]
    for label in (long, " " * 90 + "(" * 100, "[(" * 50 + ")"):
        assert name_of(label, MARKS.recognise) is None
    assert name_of("Р1 (0-100)", MARKS.recognise) == name_of("Р1 [балл]  ", MARKS.recognise) == "rating1"
