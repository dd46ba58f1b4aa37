"""Files are hostile: whatever one is, reading it costs what it may cost, ends, and says why it gives up."""

import asyncio
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from policy.profile import load_profile
from services.importing import Kind, preview
from services.tabular import Limits, Reading, Unreadable
from services.tabular import reading as module
from storage.database import Database
from tests.services.importing_cases import NOW
from tests.services.workbooks import SHEET, changed, packed, parts, workbook

TABLE = [["ID", "Р1", "Емтихан"], ["01", 70, 82.5], ["02", 71, None]]
PLAIN = workbook(TABLE)
QUICK = Limits(processor=3, memory=300 << 20)  # what any of these may take to be read or refused


def verdict(data: bytes, limits: Limits = QUICK) -> str:
    """Return why a file is not read, or an empty string."""
    with Reading(data, limits=limits) as reading:
        try:
            for sheet in reading.sheets():
                for _ in sheet.records:
                    pass
        except Unreadable as refused:
            return refused.reason
    return ""


def filled(data: bytes, limits: Limits = QUICK) -> list[tuple[object, ...]]:
    """Return the rows of a file that are not blank, each without the empty cells at its end."""
    with Reading(data, limits=limits) as reading:
        return [trimmed for sheet in reading.sheets() for row in sheet.records if (trimmed := trim(row))]


def trim(row: Iterable[object]) -> tuple[object, ...]:
    cells = [*row]
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def deflated(name: str, piece: bytes, times: int, *, head: bytes = b"") -> bytes:
    """Return a workbook with a part that is one piece many times."""
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for other, part in parts(PLAIN).items():
            if other != name:
                archive.writestr(other, part)
        with archive.open(name, "w", force_zip64=True) as written:
            written.write(head)
            for _ in range(times):
                written.write(piece)
    return content.getvalue()


# What once froze everybody, or took all memory


@pytest.mark.parametrize(
    "piece",
    [
        '<c r="A3" t="e" ',
        '<c r="A3"><f ',
        "<row ",
        "<f",
        "</f><v>",
        '<mergeCell ref="A1',
        "&#",
        "<c>",
        "<!--",
        " ",
        "\n\t",
        "<![CDATA[",
    ],
)
@pytest.mark.parametrize("times", [1_000, 200_000])
def test_no_repeated_piece_of_xml_takes_long(piece: str, times: int) -> None:
    given = parts(PLAIN)
    given[SHEET] = given[SHEET].replace(b"<row", piece.encode() * times + b"<row", 1)

    assert verdict(packed(given)) in {"damaged", ""}


def test_stray_cells_far_out_cost_nothing() -> None:
    far = "".join(
        f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>'
        for column, row in [("Z", 1_048_575), ("XFD", 1_048_576)]
    )
    beside = '<c r="XFC2"><v>1</v></c></row><row r="3"'
    data = changed(changed(PLAIN, "</sheetData>", far + "</sheetData>"), '</row><row r="3"', beside)

    first, second, third, *rest = filled(data)
    assert (first, second[:3], third) == (("ID", "Р1", "Емтихан"), ("01", 70, second[2]), ("02", 71))
    assert [len(row) for row in (second, *rest)] == [16_383, 26, 16_384]


def test_a_cell_that_names_a_row_far_below_its_own_is_damaged_and_costs_nothing() -> None:
    assert verdict(changed(PLAIN, '<c r="B2"', '<c r="B1048576"')) == "damaged"


def test_formatted_empty_cells_cost_nothing() -> None:
    empty = "".join(f'<row r="{row}"><c r="A{row}" s="0"/><c r="XFD{row}" s="0"/></row>' for row in range(4, 50_000))

    assert filled(changed(PLAIN, "</sheetData>", empty + "</sheetData>")) == filled(PLAIN)


def test_merged_cells_over_the_whole_sheet_cost_nothing() -> None:
    merged = "".join(
        f'<mergeCell ref="{first}:{last}"/>' for first, last in [("A1", "XFD1048576")] * 1000 + [("B2", "B1048576")]
    )
    data = changed(PLAIN, "</sheetData>", f"</sheetData><mergeCells>{merged}</mergeCells>")

    assert filled(data) == filled(PLAIN)


@pytest.mark.parametrize(
    ("name", "piece", "times", "reason"),
    [
        (SHEET, b"<row/>" * 100_000, 1_000, "too_much_inside"),
        (SHEET, b"<a>" * 300_000, 50, "too_much_inside"),
        ("xl/sharedStrings.xml", b"<si/>" * 100_000, 100, "too_much_inside"),
        ("xl/sharedStrings.xml", b"<si><t>" + b"a" * 1_000_000, 200, "too_much_inside"),
        ("xl/styles.xml", b"<a>" * 300_000, 50, "too_much_inside"),  # as deep as that
        ("xl/workbook.xml", b"<sheet/>" * 100_000, 50, "too_much_inside"),
    ],
)
def test_a_part_that_unpacks_to_very_much_is_refused(name: str, piece: bytes, times: int, reason: str) -> None:
    data = deflated(name, piece, times, head=b"<all>")

    assert len(data) < 2_000_000
    assert verdict(data) == reason


def test_what_nobody_reads_may_be_as_large_as_it_is() -> None:
    data = deflated("xl/media/picture.png", bytes(1 << 20), 20)

    assert filled(data, Limits(unpacked=10 << 20)) == filled(PLAIN)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"])
def test_an_attribute_without_end_is_refused(part: str) -> None:
    data = deflated(part, b"a" * (1 << 20), 20, head=b"<worksheet a='")

    assert verdict(data) in {"damaged", "too_much_inside"}


def test_an_archive_of_archives_is_no_workbook() -> None:
    inner = PLAIN
    for _ in range(5):
        inner = packed({"next.zip": inner})

    assert verdict(inner) == "not_a_workbook"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"," * (19 << 20), "too_much_inside"),
        (b"a" * (19 << 20), "too_much_inside"),
        (b"a;" * (9 << 20), "too_much_inside"),
        (b"\n" * (9 << 20) + b"a", "too_much_inside"),
        (b"a,b\n" * 100_000, ""),
        (b'"' * (19 << 20), "too_much_inside"),
        (b'a;"\n' + b"a\n" * 1000, "quotes_unpaired"),
        (b"\0" * (1 << 20) + b"a", "unknown_encoding"),
        (b"a\0;\0" * 1000 + b"\0\0", "not_a_workbook"),
        ("Ғ".encode("kz1048") * (1 << 20), "ambiguous_encoding"),
        (b"<" * (1 << 20), "not_a_workbook"),
        (b"<table>" * 100_000, "damaged"),
        (b"<table><tr>" + b"<td>" * 100_000, "too_much_inside"),
        (b"<table><tr><td>" + b"&" * (1 << 20), ""),
        (b"<table><tr><td " + b"a" * (1 << 20), ""),
        (b"<table><tr><td>" + b"<!--" * 1_000_000, "takes_too_long"),
        (b"<table><tr>" + b"<td rowspan=65534 colspan=1000>1" * 17, "too_much_inside"),
        (b"<table><tr><td rowspan=65534 colspan=1000>1" + b"<tr><td>1" * 65_000, "too_much_inside"),
        (b"<table><tr><td rowspan=65534>1" + b"<tr><td>1" * 65_000, ""),
    ],
    ids=lambda each: repr(each[:16]),
)
def test_no_text_takes_long(text: bytes, reason: str) -> None:
    assert verdict(text, QUICK) == reason


# The limits, each by itself


def test_a_file_that_needs_more_memory_than_allowed_is_given_up() -> None:
    many = "".join(f"<si><t>{'string' * 20} {number}</t></si>" for number in range(400_000))
    data = changed(PLAIN, "<si><t>ID", many + "<si><t>ID", "xl/sharedStrings.xml")

    assert verdict(data, Limits(memory=64 << 20)) == "too_much_inside"
    assert verdict(data) == ""


def test_a_file_that_needs_more_work_than_allowed_is_given_up() -> None:
    assert verdict(slow(), Limits(processor=1)) == "takes_too_long"


def test_a_file_that_is_waited_for_too_long_is_given_up() -> None:
    assert verdict(slow(), Limits(waiting=0.5)) == "takes_too_long"


def test_a_file_that_tells_more_than_allowed_is_given_up() -> None:
    assert verdict(b"a,b\n" * 100_000, Limits(answer=100_000)) == "too_much_inside"


def slow() -> bytes:
    """Return a workbook whose rows need care, and seconds."""
    row = "".join(f"<c><v>{number}</v></c>" for number in range(100))
    return changed(PLAIN, "</sheetData>", f"<row>{row}</row>" * 10_000 + "</sheetData>")


# The process


def test_the_process_that_reads_knows_nothing_of_the_bot_and_its_records() -> None:
    root = Path(module.__file__).parents[2]
    names = [f"services.spreadsheets.{path.stem}" for path in (root / "services/spreadsheets").glob("*.py")]
    told = f"import sys, importlib; sys.path += sys.argv[1:]; [importlib.import_module(each) for each in {names}]"
    command = [*module._command()[:4], f"{told}; print(*sys.modules)", *module._command()[5:]]
    loaded = set(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split())

    assert "python_calamine" not in loaded, "it is loaded for those files that need it"
    assert {name.split(".")[0] for name in loaded} & {
        "aiogram",
        "sqlalchemy",
        "storage",
        "policy",
        "bot",
        "kenes",
    } == set()
    assert {name for name in loaded if name.startswith("services.")} == {*names, "services.spreadsheets"}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_the_process_that_reads_has_no_settings_and_is_gone_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    reading = Reading(slow())
    outcome: list[str] = []

    def read() -> None:
        try:
            reading.sheets()
        except Unreadable as refused:
            outcome.append(refused.reason)

    thread = threading.Thread(target=read)
    thread.start()
    process = begun(reading)
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    reading.stop()
    thread.join()

    assert b"BOT_TOKEN" not in environment
    assert outcome
    assert process.returncode == -9
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, 0)


def begun(reading: Reading) -> "subprocess.Popen[bytes]":
    while reading._process is None:
        pass
    return reading._process


async def test_a_preview_that_is_cancelled_ends_its_process_at_once(database: Database) -> None:
    reading = Reading(slow())
    async with database.read() as storage:
        shown = asyncio.create_task(
            preview(storage, kind=Kind.MARKS, source=reading, file_name="slow", profile=load_profile(None), now=NOW)
        )
        process = await asyncio.to_thread(begun, reading)
        with reading:
            shown.cancel()
            await asyncio.wait([shown])
    assert await asyncio.to_thread(process.wait) == -9


def test_rows_can_be_walked_again_but_not_once_it_is_over() -> None:
    with Reading(PLAIN) as reading:
        (sheet,) = reading.sheets()
        assert [*sheet.records] == [*sheet.records]
        begun_rows = iter(sheet.records)
    with pytest.raises(Unreadable):
        next(begun_rows)


# Nothing the process says is believed


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"null\n",
        b"[1]\n",
        b'{"refused": "drop table", "arguments": {}}\n',
        b'{"refused": "damaged", "arguments": []}\n',
        b'{"sheets": [["a", true, 1, 0]]}\n',
        b'{"sheets": [["a", true, "x", 0, 1]]}\n',
        b'{"sheets": [["a", true, 1, 0, 99999999]]}\n',
        b'[[1]]\n{"sheets": [["a", true, 1, 0, 6]]}\n',
        b'[{"missing": 1, "date": 2}]\n{"sheets": [["a", true, 1, 0, 30]]}\n',
        b'[{"date": "soon"}]\n{"sheets": [["a", true, 1, 0, 19]]}\n',
        b'[{"__import__": "os"}]\n{"sheets": [["a", true, 1, 0, 23]]}\n',
        b'99999999999\n{"sheets": [["a", true, 99999999999, 0, 12]]}\n',
        b'"text"\n{"sheets": [["a", true, 1, 0, 7]]}\n',
        b"[" * 100_000 + b'\n{"sheets": [["a", true, 1, 0, 100001]]}\n',
        b"\xff\n" + b'{"sheets": [["a", true, 1, 0, 2]]}\n',
    ],
    ids=repr,
)
def test_an_answer_that_is_none_is_a_damaged_file(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    says = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({answer!r})"
    monkeypatch.setattr(module, "_command", lambda: [sys.executable, "-I", "-S", "-c", says])

    assert verdict(PLAIN) == "damaged"


def test_a_process_that_cannot_start_is_our_fault_and_not_the_file_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_command", lambda: [sys.executable, "-I", "-S", "-c", "import nothing"])

    with pytest.raises(RuntimeError, match="does not start"):
        verdict(PLAIN)
