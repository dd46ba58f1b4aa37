"""National identity numbers are no ids: told from others, never read from their column, never kept, never shown."""

import pytest

from services.importing import Preview, refused_csv
from services.importing.identity import is_identity_number, without_identity_numbers
from storage.database import Database
from tests.services.importing_cases import dump, load, look
from tests.services.workbooks import workbook

BORN_1990 = "900515300127"
BORN_2005 = "050101500010"
STUDENT = "surname,given_name,sex,institute,degree_programme,level,form,year,group,funding,language,credits_total"
FACTS = "Ли,Ян,M,IT,6B06101,bachelor,full_time,1,ИТ-25-1,grant,kk,240"


def left_over(eleven: str) -> tuple[int, int]:
    """Return what is left of both weighted sums of the first eleven digits."""
    weights = (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
    one, two = (sum(weight * int(digit) for weight, digit in zip(each, eleven, strict=True)) % 11 for each in weights)
    return one, two


def checked(eleven: str) -> str:
    """Return these digits with the check digit that fits."""
    one, two = left_over(eleven)
    return f"{eleven}{two if one == 10 else one}"


def said(shown: Preview) -> str:
    """Return all that is told of a file."""
    return f"{shown.refusals} {shown.notices} {refused_csv(shown.refusals, 'ru').decode()}"


@pytest.mark.parametrize("number", [BORN_1990, BORN_2005, checked("04022950001"), checked("00010160001")])
def test_a_birth_date_a_century_and_a_check_digit_make_the_number(number: str) -> None:
    assert is_identity_number(number)
    assert not is_identity_number(f"{number[:-1]}{(int(number[-1]) + 1) % 10}")


@pytest.mark.parametrize(
    "eleven",
    [
        "90131530012",  # the thirteenth month
        "90053230012",  # the thirty-second day
        "03022950001",  # no leap year
        "90051570012",  # no such century
        "90051500012",
    ],
)
def test_what_is_no_birth_date_is_no_such_number_though_the_check_digit_fits(eleven: str) -> None:
    assert not is_identity_number(checked(eleven))


@pytest.mark.parametrize("digits", [BORN_1990[:-1], f"{BORN_1990}0", "٩٠٠٥١٥٣٠٠١٢٧", ""])
def test_it_has_twelve_digits_of_the_usual_kind(digits: str) -> None:
    assert not is_identity_number(digits)


def test_where_ten_is_left_other_weights_make_the_check_digit_and_ten_again_is_no_number() -> None:
    left = {first: left_over(first) for serial in range(2000) if (first := f"9005153{serial:04}")}
    second = next(first for first, (one, two) in left.items() if one == 10 and two < 10)
    never = next(first for first, (one, two) in left.items() if one == two == 10)

    assert is_identity_number(f"{second}{left[second][1]}")
    assert not any(is_identity_number(f"{never}{digit}") for digit in range(10))


def test_it_is_hidden_wherever_it_stands() -> None:
    told = f"Ли Ян {BORN_1990}, {BORN_2005.lstrip('0')}; +7 701 000 01 01, 77010000101, 202500000001"

    assert (
        without_identity_numbers(told)
        == "Ли Ян ············, ············; +7 701 000 01 01, 77010000101, 202500000001"
    )


@pytest.mark.parametrize("label", ["ИИН", "ЖСН", "iin", "Студенттің ЖСН-ы", "ИИН обучающегося", "ID (ИИН)", "ЖСН коды"])
async def test_a_column_of_them_is_left_out_and_named(database: Database, label: str) -> None:
    data = f"student_id,{label},{STUDENT}\n77,{BORN_1990},{FACTS}\n".encode()

    shown = await look(database, "students", data)

    assert shown.refusals == ()
    assert [notice.arguments for notice in shown.notices] == [{"columns": label}]
    assert BORN_1990 not in f"{said(shown)} {shown.plan.steps}"
    await load(database, "students", data)
    assert BORN_1990 not in str(await dump(database))


@pytest.mark.parametrize("number", [BORN_1990, BORN_2005, f"'{BORN_1990}"])
async def test_it_is_refused_as_an_id_without_being_shown(database: Database, number: str) -> None:
    shown = await look(database, "students", f"student_id,{STUDENT}\n{number},{FACTS}\n".encode())

    assert [(each.row, each.column, each.reason) for each in shown.refusals] == [(2, "student_id", "identity_number")]
    assert number.strip("'") not in said(shown)


@pytest.mark.parametrize("column", ["dormitory", "phone", "group"])
async def test_it_is_kept_in_no_other_column_either(database: Database, column: str) -> None:
    facts = dict(zip(STUDENT.split(","), FACTS.split(","), strict=True)) | {column: BORN_1990}
    data = "\n".join([",".join(["student_id", *facts]), ",".join(["77", *facts.values()])]).encode()

    shown = await look(database, "students", data)

    assert [(each.column, each.reason) for each in shown.refusals] == [(column, "identity_number")]
    assert BORN_1990 not in said(shown)


async def test_a_column_of_numbers_that_lost_their_zeros_is_one_of_them(database: Database) -> None:
    born_after_2000 = [int(checked(f"0{year}0101500{number:02}")) for number, year in enumerate((4, 5, 6, 7))]
    header = ["student_id", *STUDENT.split(",")]

    shown = await look(
        database, "students", workbook([header, *([number, *FACTS.split(",")] for number in born_after_2000)])
    )

    assert [(each.row, each.reason) for each in shown.refusals] == [(row, "identity_number") for row in (2, 3, 4, 5)]
    assert not any(str(number) in said(shown) for number in born_after_2000)
    by_chance = [born_after_2000[0], 30_000_000_001, 30_000_000_002]
    shown = await look(database, "students", workbook([header, *([number, *FACTS.split(",")] for number in by_chance)]))
    assert shown.refusals == ()
