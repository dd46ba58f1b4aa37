"""Papers: what is drawn is what was given, whatever signs it holds."""

import shutil
import struct
import subprocess
from datetime import date
from decimal import Decimal

import pytest
import segno

from policy.people import Language
from services.papers import ChartPoint, ChartWords, InvitationCard, gpa_chart, invitation_sheet

KAZAKH = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі"
MARKUP = '*#panic("!")* $x$ [Берік] \\ "_'
LINK = "https://t.me/kenes_bot?start=" + "Ab-_" * 8
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


def card(name: str = "Нұрғалиева Виктория", group: str | None = "ЭН-25-1") -> InvitationCard:
    return InvitationCard(name, group, LINK, date(2026, 12, 5))


def poppler(pdf: bytes, *command: str) -> bytes:
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout


def text_of(pdf: bytes) -> str:
    return poppler(pdf, "pdftotext", "-layout", "-", "-").decode()


@needs_poppler
async def test_a_sheet_holds_every_card_in_both_languages() -> None:
    text = text_of(await invitation_sheet([card(f"Адам {number}") for number in range(9)]))
    assert text.count("\f") == 2  # eight on a page
    assert all(f"Адам {number}" in text for number in range(9))
    assert text.count("05.12.2026") == text.count("камерасымен") == text.count("Наведите") == 9
    assert text.count("@kenes_bot") == 9


@needs_poppler
async def test_peoples_words_are_printed_and_never_read_as_markup() -> None:
    text = text_of(await invitation_sheet([card(MARKUP, "[#1]"), card(KAZAKH, None)]))
    assert MARKUP in text
    assert "[#1]" in text
    assert KAZAKH in text


@needs_poppler
async def test_the_code_on_a_card_says_its_link() -> None:
    """Read the modules back off the page and compare them with the link's own."""
    pdf = await invitation_sheet([card()])
    page = poppler(pdf, "pdftoppm", "-r", "300", "-gray", "-singlefile", "-")
    _, size, _, pixels = page.split(b"\n", 3)
    width, height = map(int, size.split())
    rows = [pixels[width * y : width * (y + 1)] for y in range(height)]
    expected = [bytes(row) for row in segno.make_qr(LINK, error="m").matrix]
    modules = len(expected)
    module = 38 / 25.4 * 300 / (modules + 4)  # 38 mm with two light modules on each side
    left, top = _corner(rows, module)
    seen = [
        bytes(rows[round(top + (y + 0.5) * module)][round(left + (x + 0.5) * module)] < 128 for x in range(modules))
        for y in range(modules)
    ]
    assert seen == expected


def _corner(rows: list[bytes], module: float) -> tuple[int, int]:
    """Find the top left finder pattern: the first dark run as long as its seven modules."""
    run = b"\0" * round(module * 6)
    dark = bytes.maketrans(bytes(range(256)), bytes(0 if shade < 128 else 1 for shade in range(256)))
    return next((at, y) for y, row in enumerate(rows) if (at := row.translate(dark).find(run)) >= 0)


async def chart(*values: str | None, threshold: str | None = None, label: str = "1-семестр\n2025–26") -> bytes:
    return await gpa_chart(
        [ChartPoint(label, None if value is None else Decimal(value)) for value in values],
        words=ChartWords(f"GPA {KAZAKH} {MARKUP}", "шек"),
        language=Language.KK,
        threshold=None if threshold is None else Decimal(threshold),
    )


@pytest.mark.parametrize("values", [("3.27",), ("4.00", "0.00", None, "0.50"), ("3.00",) * 12])
async def test_a_chart_is_as_wide_as_a_phone_shows_well(values: tuple[str | None, ...]) -> None:
    picture = await chart(*values)
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1080
    assert 540 < height < 1080


async def test_a_threshold_is_drawn_only_when_given() -> None:
    assert await chart("3.27") != await chart("3.27", threshold="2.00")
    assert await chart("3.27") == await chart("3.27")


@pytest.mark.parametrize("values", [(), ("4.01",), ("-0.01",)])
async def test_no_chart_of_nothing_or_off_the_scale(values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"at least one|between 0 and 4"):
        await chart(*values)
