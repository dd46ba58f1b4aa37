"""How files are read, cell by cell: the library and our own reading agree, and nothing a cell shows is lost."""

import io
import random
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from services.spreadsheets.archive import Archive
from services.spreadsheets.careful import read_with_care
from services.spreadsheets.formats import what_shows
from services.spreadsheets.plain import is_plain
from services.spreadsheets.reading import read
from services.spreadsheets.told import Missing, Refused, RowRead, SheetBegins
from services.spreadsheets.workbook import Book
from services.spreadsheets.xlsx import library_rows
from tests.services.compound import DAY, PERCENT, ZEROS, Error, Formula, xls
from tests.services.workbooks import SHEET, changed, packed, parts, workbook

DATA = Path(__file__).parents[1] / "data"
WORKBOOKS = sorted(DATA.rglob("*.xlsx"))
LIMIT = 400 << 20
ALL, TWICE = 't:number-columns-repeated="16384"', 't:number-columns-repeated="2"'
TABLE = [["ID", "Р1", "Емтихан"], ["01", 70, 82.5], ["02", 71, None], ["03", 72, 90]]
FORMATS = [
    *("dd.mm.yyyy", "[$-419]dd mmmm yyyy", "[h]:mm", "h:mm", "[Red]0", '0" dd"', "General", "yyyy/mm/dd;@", "0.00E+00"),
    *("mm:ss.0", "[mm]:ss", r"\d0", "0_d", "*d0", "[$-F800]dddd", "#,##0.00 [$₸-43F]", 'General"д"', "[Green][h]:mm"),
    *('dd.mm.yyyy" г."', "hh AM/PM", "[DBNum1]0", "[>=100]0;d", "[ss].00", "0.0;[Red]d", '"d', "0\\", "# ?/?", "@"),
]


def rows(data: bytes) -> list[tuple[int, list[Any]]]:
    """Return the rows of all visible sheets, empty cells as None, those at the end of a row left out."""
    found = []
    visible = False
    for each in read(data, frozenset(), LIMIT):
        if isinstance(each, SheetBegins):
            visible = each.visible
        elif visible:
            found.append((each.number, shown(each.cells)))
    return found


def shown(cells: list[Any]) -> list[Any]:
    told = [cell.shown if isinstance(cell, Missing) else None if cell == "" else cell for cell in cells]
    while told and told[-1] is None:
        told.pop()
    return told


def values(data: bytes) -> list[list[Any]]:
    return [cells for _, cells in rows(data)]


def reason(data: bytes) -> str:
    with pytest.raises(Refused) as raised:
        rows(data)
    return raised.value.reason


def formatted(*cells: tuple[float, str]) -> bytes:
    """Return a workbook with numbers shown by formats, one row each."""

    def write(book: Any, sheets: list[Any]) -> None:
        for row, (number, code) in enumerate(cells):
            sheets[0].write_number(row, 0, number, book.add_format({"num_format": code}))

    return workbook([], then=write)


# The library and our own reading


@pytest.mark.parametrize(
    "file", [each for each in WORKBOOKS if each.name != "not-a-workbook.xlsx"], ids=lambda f: f.name
)
def test_a_sheet_the_library_is_trusted_with_is_read_alike_by_our_own_reading(file: Path) -> None:
    data = file.read_bytes()
    archive = Archive(data, LIMIT)
    book = Book(archive)
    for sheet in book.sheets:
        if is_plain(archive.pieces(sheet.part), book.telling_styles):
            assert [*by_library(data, sheet.place)] == [*by_care(book, sheet.part)]


@pytest.mark.parametrize("seed", range(4))
def test_numbers_and_dates_of_every_format_are_read_alike_by_our_own_reading(seed: int) -> None:
    chance = random.Random(seed)
    numbers = [
        chance.choice([chance.uniform(0, 3), chance.uniform(0, 2_958_465), chance.randrange(99_999)]) for _ in "12"
    ]
    numbers += [
        chance.randrange(24 * 60) / 1440,
        46_000 + chance.randrange(86_400) / 86_400,
        45_999.999999999,
        59,
        60,
        0,
    ]
    data = formatted(*((number, code) for code in FORMATS for number in numbers))
    if seed % 2:
        data = changed(data, "<workbookPr ", '<workbookPr date1904="1" ', "xl/workbook.xml")
    book = Book(Archive(data, LIMIT))
    ours, theirs = [*by_care(book, SHEET)], [*by_library(data, 0)]
    assert ours == theirs
    assert [[type(cell) for cell in cells] for _, cells in ours] == [
        [type(cell) for cell in cells] for _, cells in theirs
    ]


def by_library(data: bytes, place: int) -> Any:
    from python_calamine import CalamineWorkbook

    found = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(place)
    return ((row.number, shown(row.cells)) for row in library_rows(found))


def by_care(book: Book, part: str) -> Any:
    return ((row.number, shown(row.cells)) for row in read_with_care(book, part))


# The same workbook, written otherwise


def prefixed(xml: str) -> str:
    head, _, body = xml.partition("<worksheet")
    body = ("<worksheet" + body).replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    return head + body.replace("xmlns=", "xmlns:x=")


def without(xml: str, *what: str) -> str:
    for each in what:
        xml = xml.replace(each, "")
    return xml


WRITTEN: dict[str, Callable[[str], str]] = {
    "prefixes": prefixed,
    "single quotes": lambda xml: xml.replace('"', "'"),
    "spaces in tags": lambda xml: xml.replace('<c r="', '<c  r = "').replace("</f>", "</f >").replace("<v>", "<v >"),
    "lines": lambda xml: xml.replace("><", ">\n  <"),
    "other order of attributes": lambda xml: xml.replace('<c r="A2"', '<c s="0" r="A2"'),
    "no references": lambda xml: without(xml, *(f' r="{column}{row}"' for column in "ABCD" for row in range(1, 6))),
    "no rows' numbers": lambda xml: without(xml, *(f' r="{row}"' for row in range(1, 6))),
    "digits as references": lambda xml: xml.replace("<v>70</v>", "<v>&#55;0</v>"),
    "CDATA": lambda xml: xml.replace("<v>70</v>", "<v><![CDATA[70]]></v>"),
    "a comment in a number": lambda xml: xml.replace("<v>70</v>", "<v>7<!-- 1 -->0</v>"),
    "spaces around a number": lambda xml: xml.replace("<v>70</v>", "<v> 70\n</v>"),
    "another encoding": lambda xml: xml.replace('"UTF-8"', '"UTF-16"'),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_sheet_is_read_alike_however_its_xml_is_written(how: str) -> None:
    data = workbook(
        [*TABLE, ["04", "=B2+1", None]], then=lambda _, sheets: sheets[0].write_formula(2, 2, "=1/0", None, "#DIV/0!")
    )
    given = parts(data)
    xml = given[SHEET].decode()
    other = WRITTEN[how](xml)
    assert other != xml
    given[SHEET] = other.encode("utf-16" if how == "another encoding" else "utf-8")

    assert values(packed(given)) == values(data)
    assert values(data)[2:] == [["02", 71.0, "#DIV/0!"], ["03", 72.0, 90.0], ["04", "="]]


@pytest.mark.parametrize(
    "formula",
    ["<f>1+1</f>", "<f>1+1</f><v/>", "<f>1+1</f><v></v>", '<f t="shared" si="0"/>', "<f/>", "<f ca='1'>1</f> <v> </v>"],
)
def test_a_formula_without_a_value_is_found_in_every_shape(formula: str) -> None:
    data = changed(workbook(TABLE), '<c r="C2"><v>82.5</v></c>', f'<c r="C2">{formula}</c>')

    assert values(data)[1] == ["01", 70.0, "="]


@pytest.mark.parametrize("error", ['<c r="C2" t="e"><v>#N/A</v></c>', "<c r='C2' t='e'><f>NA()</f><v>#N/A</v></c>"])
def test_an_error_is_found_in_every_shape(error: str) -> None:
    data = changed(workbook(TABLE), '<c r="C2"><v>82.5</v></c>', error)

    assert values(data)[1] == ["01", 70.0, "#N/A"]


def test_a_formula_with_a_value_needs_no_care() -> None:
    data = workbook(TABLE, then=lambda _, sheets: sheets[0].write_formula(1, 2, "=80+2", None, 82))

    assert is_plain(iter([parts(data)[SHEET]]), set())
    assert values(data)[1] == ["01", 70.0, 82.0]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('t="d"><v>2026-01-05</v>', date(2026, 1, 5)),
        ('t="d"><v>2026-01-05T14:30:00Z</v>', datetime(2026, 1, 5, 14, 30)),  # noqa: DTZ001 - a cell's has no zone
        ('t="d"><v>09:00:00</v>', time(9)),
        ('t="b"><v>1</v>', True),
        ('t="b"><v>0</v>', False),
        ('t="str"><v>a &amp; b_x000D_c</v>', "a & b\rc"),
        ('t="inlineStr"><is><r><t>a</t></r><r><t> b </t></r><rPh sb="0" eb="1"><t>c</t></rPh></is>', "ab"),
        ('t="inlineStr"><is><t xml:space="preserve"> a  b</t></is>', " a  b"),
        ('t="s"><v></v>', None),
        ("><v>seven</v>", "seven"),
    ],
)
@pytest.mark.parametrize("careful", [False, True])
def test_a_cell_of_every_type_is_read_alike_with_and_without_care(cell: str, value: object, careful: bool) -> None:
    data = changed(workbook(TABLE), '<c r="C2"><v>82.5</v></c>', f'<c r="C2" {cell}</c>')
    if careful:
        data = changed(data, "<sheetData>", "<sheetData><!-- -->")

    assert values(data)[1] == ["01", 70.0, *([value] if value is not None else [])]


@pytest.mark.parametrize(
    ("string", "value"),
    [
        ("<t>a &amp; &#1241;</t>", "a & ә"),
        ("<r><t>a</t></r><r><rPr><b/></rPr><t> b </t></r>", "ab"),
        ('<t xml:space="preserve"> a</t>', " a"),
        ("<t>a</t><rPh><t>b</t></rPh>", "a"),
        ("<t>a_x000D_b</t>", "a\rb"),
        ("<t>a<![CDATA[ & b]]></t>", "a & b"),
        ("<t>a<!-- b -->c</t>", "ac"),
        ("<t/>", None),
    ],
)
@pytest.mark.parametrize("careful", [False, True])
def test_a_string_sheets_share_is_read_alike_with_and_without_care(string: str, value: str, careful: bool) -> None:
    data = changed(workbook([["x", "ID"]]), "<t>x</t>", string, "xl/sharedStrings.xml")
    if careful:
        data = changed(data, "<sheetData>", "<sheetData><!-- -->")

    assert values(data) == [[value, "ID"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2"', '<row r="9"'),  # rows in disorder
        ('<row r="4"', '<row r="3"'),
        ('<c r="B2"', '<c r="B7"'),  # a cell of another row
        ('<c r="C2"', '<c r="D3"'),  # of the next one, where there is room
        ('<c r="B2"', '<c r="A2"'),  # a cell twice
        ('<c r="B2"', '<c r="B"'),
        ('<c r="B2"', '<c r="ABCD2"'),
        ('<c r="B2"', '<c r="XFE2"'),
        ('<row r="4"', '<row r="1048577"'),
        ("<v>70</v>", '<v>70</v></c><c r="D2" t="zzz"><v>1</v>'),
        ("<v>70</v>", '<v>70</v></c><c r="D2" t="s"><v>99</v>'),
    ],
)
def test_a_sheet_that_contradicts_itself_is_damaged(old: str, new: str) -> None:
    data = changed(workbook(TABLE), old, new)

    assert reason(data) == "damaged"
    assert reason(changed(data, "<sheetData>", "<sheetData><!-- -->")) == "damaged"


def test_a_document_type_is_refused_wherever_it_stands() -> None:
    data = workbook(TABLE)
    bombed = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    for part in (SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"):
        (first, *_) = parts(data)[part].decode().splitlines()
        assert reason(changed(data, first, first + bombed, part)) == "damaged", part


def test_a_stray_cell_far_out_leaves_the_other_rows_as_they_are() -> None:
    plain = workbook(TABLE)
    for stray in ("XFD1048576", "Z1048576"):
        far = f'<row r="1048576"><c r="{stray}"><v>1</v></c></row></sheetData>'
        *same, last = rows(changed(plain, "</sheetData>", far))
        assert same == rows(plain)
        assert (last[0], last[1][-1]) == (1_048_576, 1.0)
    beside = changed(plain, '<c r="C2"><v>82.5</v></c>', '<c r="C2"><v>82.5</v></c><c r="XFD2"><v>1</v></c>')
    assert rows(beside)[1][1][:3] == rows(plain)[1][1]
    assert rows(beside)[2:] == rows(plain)[2:]


def test_sheets_come_in_their_order_and_hidden_ones_are_known() -> None:
    data = workbook([["a"]], [["b"]], [["c"]], then=lambda _, sheets: (sheets[1].activate(), sheets[0].hide()))

    assert values(data) == [["b"], ["c"]]


@pytest.mark.parametrize("part", ["xl/_rels/workbook.xml.rels", SHEET])
def test_a_workbook_that_lacks_a_part_it_names_is_damaged(part: str) -> None:
    given = parts(workbook(TABLE))
    del given[part]

    assert reason(packed(given)) == "damaged"


def test_parts_may_have_other_names_and_slashes() -> None:
    given = parts(workbook(TABLE))
    given["xl\\worksheets\\Tafel.XML"] = given.pop(SHEET)
    given["xl/_rels/workbook.xml.rels"] = given["xl/_rels/workbook.xml.rels"].replace(b"sheet1.xml", b"tafel.xml")

    assert values(packed(given)) == values(workbook(TABLE))


def test_a_binary_workbook_is_called_what_it_is() -> None:
    given = parts(workbook(TABLE))
    given["_rels/.rels"] = given["_rels/.rels"].replace(b"xl/workbook.xml", b"xl/workbook.bin")
    given["xl/workbook.bin"] = given.pop("xl/workbook.xml")

    assert reason(packed(given)) == "binary_workbook"


# What a cell shows


@pytest.mark.parametrize(
    ("number", "code", "shows"),
    [
        (0.92, "0%", 92.0),
        (0.925, "0.0%", 92.5),
        (0.57, "0%", 57.0),
        (0.29, "0.00%;[Red]-0.00%", 29.0),
        (1, "0%", 100.0),
        (0, "0%;-0%;0", 0.0),
        (0.92, '0"%"', 0.92),
        (92, '0"%"', 92.0),
        (0.92, r"0\%", 0.92),
        (0.92, "[<1]0%;0", "0.92 [[<1]0%;0]"),
        (2600101, "00000000", "02600101"),
        (12345678901, "00000000", "12345678901"),
        (7, "00", "07"),
        (12345, "000-00", "123-45"),
        (123, '"АЖ-"0000', "АЖ-0123"),
        (7.5, "00", 7.5),
        (-7, "00", -7.0),
        (7, "0", 7.0),
        (92, '0" балл"', 92.0),
        (74.5, "00.00", 74.5),
        (1234, "#,##0", 1234.0),
        (46027, "dd.mm.yyyy", date(2026, 1, 5)),
        (46027.6, "dd.mm.yyyy hh:mm", datetime(2026, 1, 5, 14, 24)),  # noqa: DTZ001 - a cell's has no zone
        (0.375, "h:mm", time(9)),
    ],
)
def test_what_a_cell_shows_is_what_counts(number: float, code: str, shows: object) -> None:
    (cells,) = values(formatted((number, code)))

    assert cells == [shows]


@pytest.mark.parametrize(
    "code", ["", ";", "[", '"', "\\", "_", "*", "[h", "%%%%", "0" * 300, ";;;;;;", "[>]%", "[h]%;["]
)
def test_no_format_is_too_odd_to_show_something(code: str) -> None:
    shows, _ = what_shows(code)
    if shows:
        for number in (0.0, 0.5, -1.0, 1e300, 123456789.0):
            shows(number)


# Merged cells


def test_a_cell_merged_downwards_holds_for_rows_that_have_something_of_their_own() -> None:
    data = workbook(
        [["ID", "Топ"], ["1", None], [None, None], ["2", None], ["3", "Б"]],
        then=lambda _, sheets: sheets[0].merge_range(1, 1, 3, 1, "А"),
    )
    expected = [(1, ["ID", "Топ"]), (2, ["1", "А"]), (4, ["2", "А"]), (5, ["3", "Б"])]

    assert rows(data) == expected
    assert rows(changed(data, "<sheetData>", "<sheetData><!-- -->")) == expected


def test_cells_merged_over_whole_columns_cost_nothing_and_fill_only_what_is_there() -> None:
    merges = "".join(f'<mergeCell ref="{column}2:{column}1048576"/>' for column in "DEFGHIJKLMNOPQRSTUVWXYZ")
    data = changed(workbook(TABLE), "</sheetData>", f"</sheetData><mergeCells>{merges}</mergeCells>")
    data = changed(data, '<c r="C2"><v>82.5</v></c>', '<c r="C2"><v>82.5</v></c><c r="D2"><v>5</v></c>')

    assert [cells[3] for cells in values(data)[1:]] == [5.0, 5.0, 5.0]
    assert len(values(data)) == 4


def test_too_many_merged_cells_are_refused() -> None:
    merges = "".join(f'<mergeCell ref="A{row}:A{row + 1}"/>' for row in range(1, 200_004, 2))
    data = changed(workbook(TABLE), "</sheetData>", f"</sheetData><mergeCells>{merges}</mergeCells>")

    assert reason(data) == "too_much_inside"


# XLS


def test_an_old_workbook_shows_the_same_as_a_new_one() -> None:
    empty_text = b"\x03\0\0\0\0\0\xff\xff"
    data = xls(
        [
            ["ID", "Р1", "Дата"],
            [(2600101, ZEROS), (0.92, PERCENT), (46027, DAY)],
            ["2", Error(23), Formula(82)],
            ["3", Formula(b"\x02\0\x07\0\0\0\xff\xff"), Formula(empty_text)],
            ["4", Formula(0.0, flags=2), Formula(b"\0\0\0\0\0\0\xff\xff")],
        ]
    )

    assert values(data) == [
        ["ID", "Р1", "Дата"],
        ["02600101", 92.0, date(2026, 1, 5)],
        ["2", "#REF!", 82.0],
        ["3", "#DIV/0!", "="],
        ["4", "=", "="],
    ]


def test_a_hidden_sheet_of_an_old_workbook_is_not_read_and_an_older_one_is_called_what_it_is() -> None:
    assert values(xls([["ID"], ["1"]], hidden=True)) == []
    assert reason(xls([["ID"], ["1"]], version=0x0500)) == "old_excel"


def test_a_stray_cell_in_the_last_place_of_an_old_workbook_is_bearable() -> None:
    table: list[list[Any]] = [["ID", "Р1"], ["1", 70], *([] for _ in range(65_533)), [None] * 255 + [1]]

    assert [cells[:2] for cells in values(xls(table))] == [["ID", "Р1"], ["1", 70.0], [None, None]]


# OpenDocument


def ods(table: str, styles: str = "", manifest: str = "") -> bytes:
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("o", "office"), ("t", "table"), ("x", "text"), ("s", "style"))
    )
    calc = 'xmlns:c="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    content = f"<o:document-content {spaces} {calc}>{styles}<o:body><o:spreadsheet>{table}</o:spreadsheet></o:body>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
            "content.xml": f"{content}</o:document-content>",
        }
    )


def cell(attributes: str = "", text: str = "") -> str:
    return f"<t:table-cell {attributes}>{f'<x:p>{text}</x:p>' if text else ''}</t:table-cell>"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (cell('o:value-type="float" o:value="92"', "92"), 92),
        (cell('o:value-type="float" o:value="92.5"', "93"), 92.5),
        (cell('o:value-type="percentage" o:value="0.92"', "92%"), 92.0),
        (cell('o:value-type="float" o:value="2600101"', "02600101"), "02600101"),
        (cell('o:value-type="float" o:value="0"', "0"), 0),
        (cell('o:value-type="date" o:date-value="2026-01-05"', "05.01.26"), date(2026, 1, 5)),
        (
            cell('o:value-type="date" o:date-value="2026-01-05T14:30:00"', "05.01.26 14:30"),
            datetime(2026, 1, 5, 14, 30),  # noqa: DTZ001 - a cell's has no zone
        ),
        (cell('o:value-type="time" o:time-value="PT09H00M00S"', "09:00"), time(9)),
        (cell('o:value-type="boolean" o:boolean-value="true"', "ИСТИНА"), True),
        (cell('o:value-type="string"', "А<x:s x:c='2'/>Б<x:tab/>В<x:span> Г</x:span>"), "А  Б\tВ Г"),
        (cell('o:value-type="string" c:value-type="error"', "#REF!"), "#REF!"),
        (cell('t:formula="of:=1+1"'), "="),
        (cell('t:formula="of:=1+1" o:value-type="string" o:string-value=""'), "="),
        (
            "<t:table-cell><o:annotation><x:p>note</x:p></o:annotation><x:p>А</x:p><x:p>Б</x:p></t:table-cell>",
            "А\nБ",
        ),
    ],
)
def test_a_cell_of_an_open_document_shows_what_it_shows(written: str, value: object) -> None:
    data = ods(f'<t:table t:name="Т"><t:table-row>{cell("", "x")}{written}</t:table-row></t:table>')

    assert values(data) == [["x", value]]


def test_rows_and_cells_that_are_repeated_cost_nothing_when_empty() -> None:
    far = cell('t:number-columns-repeated="16383"')
    empty = f'<t:table-row t:number-rows-repeated="1048000">{cell(ALL)}</t:table-row>'
    data = ods(
        f'<t:table t:name="Т"><t:table-row>{cell("", "1")}{far}</t:table-row>{empty}'
        f'<t:table-row t:number-rows-repeated="2">{cell(TWICE, "2")}{cell(ALL)}</t:table-row>{empty}</t:table>'
    )

    assert rows(data) == [(1, ["1"]), (1_048_002, ["2", "2"]), (1_048_003, ["2", "2"])]


@pytest.mark.parametrize(
    "row",
    [
        f'<t:table-row t:number-rows-repeated="1048576">{cell("", "1") * 100}</t:table-row>',
        f"<t:table-row>{cell(ALL, '1')}{cell(TWICE, '1')}</t:table-row>",
        f'<t:table-row t:number-rows-repeated="9999999">{cell("", "1")}</t:table-row>',
    ],
)
def test_rows_and_cells_that_are_repeated_too_often_are_refused(row: str) -> None:
    assert reason(ods(f'<t:table t:name="Т">{row}</t:table>')) == "too_much_inside"


def test_a_hidden_table_of_an_open_document_is_not_read() -> None:
    hidden = '<s:style s:name="h"><s:table-properties t:display="false"/></s:style>'
    tables = "".join(
        f'<t:table t:name="{name}" t:style-name="{style}"><t:table-row>{cell("", name)}</t:table-row></t:table>'
        for name, style in (("А", "h"), ("Б", "v"))
    )

    assert values(ods(tables, styles=hidden)) == [["Б"]]


def test_an_open_document_with_a_password_is_called_that() -> None:
    assert reason(ods("", manifest="<encryption-data/>")) == "encrypted"


def test_a_cell_of_an_open_document_that_spans_rows_stands_for_them_all() -> None:
    spanning = cell('t:number-rows-spanned="2"', "А")
    data = ods(
        f'<t:table t:name="Т"><t:table-row>{cell("", "1")}{spanning}</t:table-row>'
        f"<t:table-row>{cell('', '2')}<t:covered-table-cell/></t:table-row>"
        f"<t:table-row>{cell('', '3')}</t:table-row></t:table>"
    )

    assert values(data) == [["1", "А"], ["2", "А"], ["3"]]


# Web pages


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("<TABLE><TR><TH>ID<TH>Р1<TR><TD>1<TD>70</TABLE>", [["ID", "Р1"], ["1", "70"]]),
        ("<table><tr><td>Аты&nbsp;<b>жөні</b><br>А</td><td>&#1241;</td></tr></table>", [["Аты жөні А", "ә"]]),
        ("<table><tr><td colspan=2>А<td>Б</table>", [["А", None, "Б"]]),
        ("<table><tr><td rowspan=3>А<td>1<tr><td>2<tr></tr><tr><td>3</table>", [["А", "1"], ["А", "2"], ["3"]]),
        ("<table><tr><td>x<table><tr><td>1</table>y</table>", [["1"], ["xy"]]),
        ("<table><tr><td><style>td {}</style>1<script>2</script></table>", [["1"]]),
        ("<table><tr><td>1", [["1"]]),
    ],
)
def test_a_table_of_a_web_page_is_read_as_it_is_shown(page: str, table: list[list[Any]]) -> None:
    assert values(f"<html><body>{page}</body></html>".encode()) == table


def test_a_web_page_in_an_old_code_page_is_read_as_other_texts_are() -> None:
    page = "<html><table><tr><td>Фамилия</td></tr><tr><td>Қасым</td></tr></table></html>"

    assert values(page.encode("kz1048")) == [["Фамилия"], ["Қасым"]]


def test_tables_within_tables_without_end_are_refused() -> None:
    assert reason(b"<html>" + b"<table><tr><td>" * 51) == "damaged"


# Text


def test_an_open_quotation_mark_swallows_no_rows() -> None:
    data = 'ID;Аудитория\n1;"А\n2;Б\n3;В\n'.encode()

    with pytest.raises(Refused) as raised:
        rows(data)
    assert (raised.value.reason, raised.value.arguments) == ("quotes_unpaired", {"row": "2"})


def test_what_separates_cells_is_told_by_known_words_and_not_by_what_is_frequent() -> None:
    known = frozenset({"id", "аты"})
    data = "id;аты\n1;a,b,c,d\n2;a,b,c,d\n".encode()

    (_, first, *_) = read(data, known, LIMIT)
    assert first == RowRead(1, ["id", "аты"])
    assert rows("sep=\t\r\nid\tаты, жөні\r\n".encode()) == [(2, ["id", "аты, жөні"])]


def test_an_archive_with_a_part_twice_is_damaged() -> None:
    content = io.BytesIO(workbook(TABLE))
    with pytest.warns(UserWarning, match="Duplicate"), ZipFile(content, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")

    assert reason(content.getvalue()) == "damaged"


def test_an_archive_of_too_many_parts_is_refused() -> None:
    given: dict[str, bytes | str] = {**parts(workbook(TABLE)), **{f"xl/media/{number}": "" for number in range(5000)}}

    assert reason(packed(given)) == "too_much_inside"
