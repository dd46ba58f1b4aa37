"""Forms as they are printed and exported: pages, sheets one below another, periods in parts, names in one column."""

from typing import Any

import pytest

from services.importing import Preview, describe, refused_csv
from services.importing.cells import Semester, course_and_code, period_part, person_name
from services.importing.problems import Unacceptable
from storage.database import Database
from tests.services.importing_cases import load, look
from tests.services.workbooks import workbook

ALIYA, ORKEN, IKAR = "02600101", "02600102", "02600201"
HEADING = ["№", "Студент ID", "Аты-жөні", "Р1", "Р2", "Емтихан"]


@pytest.fixture
async def university(database: Database) -> Database:
    await load(database, "students", "field/students.csv")
    return database


def titles(course: str = "Физика (PHY1101)", group: str = "ИТ-25-1") -> list[list[Any]]:
    return [["Академиялық кезең: 2025-2026/1"], [f"Пән: {course}"], [f"Топ: {group}"], ["Кредит саны: 5"], []]


def row(student: str | None, exam: object = 90, number: int | None = 1, name: str | None = "Аты") -> list[Any]:
    return [number, student, name, 70, 80, exam]


def reasons(shown: Preview) -> list[tuple[int | None, str]]:
    return [(refusal.row, refusal.reason) for refusal in shown.refusals]


def told(shown: Preview, reason: str) -> str:
    return "; ".join(" ".join(notice.arguments.values()) for notice in shown.notices if notice.reason == reason)


def exams(shown: Preview) -> dict[tuple[str, ...], Any]:
    return {step.key: step.after.exam for step in shown.plan.steps if step.object == "attempt"}


# Pages


async def test_sheets_one_below_another_keep_what_each_says_of_itself(university: Database) -> None:
    data = workbook([
        *titles(), HEADING, row(ALIYA), [], ["Декан: ____________"], [],
        *titles("Химия (CHE1102)", "ЭК-24-2"), HEADING, row(IKAR, 60),
    ])  # fmt: skip

    shown = await look(university, "marks", data)

    assert exams(shown) == {(ALIYA, "2025-2026/1", "PHY1101", "1"): 90, (IKAR, "2025-2026/1", "CHE1102", "1"): 60}
    groups = {step.key[0]: step.after.group for step in shown.plan.steps if step.object == "enrolment"}
    assert groups == {ALIYA: "ИТ-25-1", IKAR: "ЭК-24-2"}


async def test_what_another_sheet_below_leaves_out_is_not_taken_from_the_one_above(university: Database) -> None:
    data = workbook([*titles(), HEADING, row(ALIYA), [], ["Пән: Химия (CHE1102)"], HEADING, row(IKAR)])

    assert reasons(await look(university, "marks", data)) == [(11, "value_missing")]


async def test_a_page_that_only_goes_on_keeps_its_titles(university: Database) -> None:
    data = workbook([*titles(), HEADING, row(ALIYA), ["1-бет / 2"], ["Топ: ИТ-25-1"], HEADING, row(ORKEN)])

    assert {key[2] for key in exams(await look(university, "marks", data))} == {"PHY1101"}


@pytest.mark.parametrize("between", [["1-бет / 2"], [None, "2 стр."], ["Барлығы: 1"], ["Тексерілді"]])
@pytest.mark.parametrize("student", [ORKEN, None])
async def test_a_mark_below_the_end_of_the_table_is_never_dropped(
    university: Database, between: list[Any], student: str | None
) -> None:
    data = workbook([*titles(), HEADING, row(ALIYA), between, row(student)])

    assert reasons(await look(university, "marks", data)) == [(9, "row_after_end")]


@pytest.mark.parametrize(
    "lonely", [[None, None, None, None, None, 90], [None, None, None, None, None, "неявка"], [None, None, None, 70]]
)
async def test_a_lonely_value_without_a_student_is_refused(university: Database, lonely: list[Any]) -> None:
    data = workbook([*titles(), HEADING, row(ALIYA), lonely, row(ORKEN)])

    assert reasons(await look(university, "marks", data)) == [(8, "value_missing")]


async def test_empty_lines_of_a_printed_form_are_nothing(university: Database) -> None:
    data = workbook([*titles(), HEADING, row(ALIYA), [2], [3], row(ORKEN, number=4), [5]])

    assert len(exams(await look(university, "marks", data))) == 2


# Sheets


async def test_sheets_that_are_not_read_are_named_with_what_they_lack(university: Database) -> None:
    flat = [["Студент ID", "Кезең", "Пән коды", "Кредит", "Емтихан"], [ALIYA, "2025-2026/1", "PHY1101", 5, 90]]
    lacks = [["Кезең", "Пән коды", "Кредит", "Емтихан"], ["2025-2026/1", "PHY1101", 5, 90]]
    data = workbook(flat, lacks, [["Пояснения"]], flat, then=lambda _, sheets: sheets[3].hide())

    shown = await look(university, "marks", data)

    assert exams(shown) == {(ALIYA, "2025-2026/1", "PHY1101", "1"): 90}
    assert told(shown, "sheets_left_out") == "Лист2 (student_id), Лист3"
    assert told(shown, "hidden_sheets") == "Лист4"


async def test_a_refusal_says_on_which_of_several_sheets_it_is(university: Database) -> None:
    one, other = [*titles(), HEADING, row(ALIYA)], [*titles(), HEADING, row(ORKEN, 101), row(ALIYA)]

    shown = await look(university, "marks", workbook(one, other))

    assert [(each.sheet, each.row, each.reason) for each in shown.refusals] == [
        ("Лист2", 7, "out_of_range"),
        ("Лист2", 8, "repeated"),
    ]
    assert "7 (Лист1)" in describe(shown.refusals[1], "ru")
    assert (shown.rows.new, shown.rows.refused) == (1, 2)
    table = refused_csv(shown.refusals, "ru").decode("utf-8-sig").splitlines()
    assert table[0] == "строка;столбец;значение;причина;код;лист"
    assert table[1].endswith(";out_of_range;Лист2")


async def test_an_absent_column_of_one_sheet_keeps_what_is_stored_and_an_empty_cell_of_another_clears(
    university: Database,
) -> None:
    header = ["Студент ID", "Кезең", "Пән коды", "Кредит", "Р1", "Р2"]
    both = [header, [ALIYA, "2025-2026/1", "PHY1101", 5, 70, 80], [ORKEN, "2025-2026/1", "PHY1101", 5, 70, 80]]
    await load(university, "marks", workbook(both))
    absent = [header[:5], [ALIYA, "2025-2026/1", "PHY1101", 5, 75]]
    empty = [header, [ORKEN, "2025-2026/1", "PHY1101", 5, 75, None]]

    shown = await look(university, "marks", workbook(absent, empty))

    after = {step.key[0]: step.after for step in shown.plan.steps if step.object == "attempt"}
    assert (str(after[ALIYA].rating2), after[ORKEN].rating2) == ("80", None)


# Periods in parts


@pytest.mark.parametrize(
    ("lines", "period"),
    [
        (["Учебный год: 2025-2026", "Семестр: 1"], "2025-2026/1"),
        (["Семестр: көктемгі", "Оқу жылы: 2025/2026"], "2025-2026/2"),
        (["Учебный год: 2025-2026", "Семестр: летний"], "2025-2026/3"),
        (["Оқу жылы: 2025-2026", "Семестр: II семестр"], "2025-2026/2"),
        (["Академиялық кезең: 2025-2026/1", "Учебный год: 2025-2026"], "2025-2026/1"),
    ],
)
async def test_a_period_may_stand_in_two_lines(university: Database, lines: list[str], period: str) -> None:
    data = workbook([*([line] for line in lines), *titles()[1:], HEADING, row(ALIYA)])

    assert [key[1] for key in exams(await look(university, "marks", data))] == [period]


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (["Учебный год: 2025-2026", "Семестр: 3"], [(8, "semester_unclear")]),
        (["Учебный год: 2024-2025", "Академиялық кезең: 2025-2026/1"], [(8, "periods_disagree")]),
        (["Семестр: 1"], [(6, "column_missing")]),
        (["Учебный год: 2025-2026"], [(6, "column_missing")]),
    ],
)
async def test_a_period_that_is_not_said_for_certain_is_refused(
    university: Database, lines: list[str], refused: list[tuple[int, str]]
) -> None:
    data = workbook([*([line] for line in lines), *titles()[1:], HEADING, row(ALIYA)])

    assert reasons(await look(university, "marks", data)) == refused


async def test_a_period_may_stand_in_two_columns(university: Database) -> None:
    header = "Студент ID,Учебный год,Семестр,Пән коды,Кредит,Емтихан"

    shown = await look(university, "marks", f"{header}\n{ALIYA},2025-2026,2,PHY1101,5,90\n".encode())

    assert [key[1] for key in exams(shown)] == ["2025-2026/2"]


@pytest.mark.parametrize(
    ("written", "number", "sure"), [("1", 1, True), ("2 семестр", 2, True), ("5", 5, False), ("III", 3, False)]
)
def test_a_semester_from_the_third_on_may_count_those_of_all_the_studies(written: str, number: int, sure: bool) -> None:
    assert period_part(written) == Semester(number, sure, written)


# Whole names


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("АХМЕТОВ НҰРЛАН СЕРІКҰЛЫ", ("Ахметов", "Нұрлан", "Серікұлы")),
        ("Ахметова Гүлнар Серікқызы", ("Ахметова", "Гүлнар", "Серікқызы")),
        ("ІЗТІЛЕУОВ ӘБІЛ-ҚАЙЫР ЫСҚАҚҰЛЫ", ("Ізтілеуов", "Әбіл-Қайыр", "Ысқақұлы")),
        ("Һамитов Ұлан", ("Һамитов", "Ұлан", None)),
        ("Үсенқызы Іңкәр", ("Үсенқызы", "Іңкәр", None)),
        ("Мелентьева Дарья Ильинична", ("Мелентьева", "Дарья", "Ильинична")),
        ("СТЕПАНЮК Глеб Артурович", ("Степанюк", "Глеб", "Артурович")),
        ("Ли Илья Ильич", ("Ли", "Илья", "Ильич")),
        ("МАМЕДОВ ЭЛЬЧИН ГАСАН ОГЛЫ", ("Мамедов", "Эльчин", "Гасан оглы")),
        ("Әбен Ерлан Серік ұлы", ("Әбен", "Ерлан", "Серік ұлы")),
    ],
)
def test_a_whole_name_with_one_meaning_is_taken_apart(written: str, parts: tuple[str, str, str | None]) -> None:
    assert person_name(written, surname_first=True) == parts


@pytest.mark.parametrize(
    "written",
    ["Ли Мин Хо", "Ахметов Н.С.", "Нұрлан Серікұлы", "Нұрлан Серікұлы Ахметов", "Айгерім", "Ван Дер Ваальс Ян"],
)
def test_a_whole_name_with_several_meanings_is_not(written: str) -> None:
    with pytest.raises(Unacceptable, match="name_needs_columns"):
        person_name(written, surname_first=True)


def test_two_words_have_one_order_only_where_the_column_says_it() -> None:
    with pytest.raises(Unacceptable, match="name_needs_columns"):
        person_name("Һамитов Ұлан", surname_first=False)


async def test_a_known_student_s_name_in_one_column_is_no_news_and_a_left_out_patronymic_stays(
    university: Database,
) -> None:
    data = f"Студент ID,ФИО\n{ALIYA},ТОҚСАНБАЕВА ӘЛИЯ\n{ORKEN},Ғалымов Өркен Дулатұлы\n".encode()

    assert (await look(university, "students", data)).nothing_to_do


# Courses and their codes


@pytest.mark.parametrize(
    ("written", "course", "code"),
    [
        ("Математика 1 (MAT1201)", "Математика 1", "MAT1201"),
        ("Физика (1 бөлім) [ФИЗ-1102.1]", "Физика (1 бөлім)", "ФИЗ-1102.1"),
        ("Физика (бөлім)", "Физика (бөлім)", None),
        ("(MAT1201)", "(MAT1201)", None),
        ("Физика", "Физика", None),
    ],
)
def test_a_code_may_stand_in_brackets_behind_its_course(written: str, course: str, code: str | None) -> None:
    assert course_and_code(written) == (course, code)


@pytest.mark.parametrize("written", ["(" * 200_000 + ")", "a(" * 100_000 + "1)", "1-" * 100_000, " " * 200_000 + "(1)"])
def test_a_course_of_brackets_is_not_pondered_over(written: str) -> None:
    assert course_and_code(written)[1] in {None, "1"}


async def test_invisible_signs_are_not_kept(university: Database) -> None:
    header = "Студент ID,Кезең,Пән коды,Пән,Кредит,Емтихан"
    data = f"{header}\n\u200b{ALIYA}\ufeff,2025-2026/1,PHY\u00ad1101\u200d,Фи\u00adзика,5,90\n".encode()

    shown = await look(university, "marks", data)

    assert list(exams(shown)) == [(ALIYA, "2025-2026/1", "PHY1101", "1")]
    assert [step.after.name_kk for step in shown.plan.steps if step.object == "course"] == ["Физика"]
