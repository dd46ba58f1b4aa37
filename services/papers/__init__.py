"""Papers: what is printed or shown as a picture, drawn in a worker thread from the templates beside it."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

import segno

from policy.people import Language
from services.papers.typesetting import draw, forget


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """One card of the sheet, in the words that stand on it."""

    name: str
    group: str | None
    link: str  # https://t.me/<bot>?start=<code>; also what the QR code says
    expires: date  # the last day on which the link works


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period of the chart; a label may have two lines, `value` is None while the period has no outcome."""

    label: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class ChartWords:
    """The chart's texts in its reader's language."""

    title: str
    threshold: str = ""  # what the threshold line means


async def invitation_sheet(cards: Sequence[InvitationCard]) -> bytes:
    """Lay out cards to cut, eight to an A4 page, as PDF; each explains itself in both languages.

    Takes some 4 ms and 0.2 MB of memory a card: split what is long.
    """
    return await asyncio.to_thread(_invitation_sheet, cards)


def qr_picture(text: str) -> bytes:
    """Draw a QR code as PNG, large enough to be read from a phone held up to another."""
    drawing = io.BytesIO()
    segno.make_qr(text, error="m").save(drawing, kind="png", scale=12, border=4)
    return drawing.getvalue()


async def gpa_chart(
    points: Sequence[ChartPoint], *, words: ChartWords, language: Language, threshold: Decimal | None = None
) -> bytes:
    """Draw GPA by period, oldest first, on a scale of 0 to 4 as PNG, 1080 pixels wide.

    Values are written as given, with a comma. Raises ValueError without points or with a value off the scale.
    """
    if not points:
        raise ValueError("a chart needs at least one period")
    shown = [point.value for point in points] + [threshold]
    if any(value is not None and not 0 <= value <= 4 for value in shown):
        raise ValueError("a GPA is between 0 and 4")
    data = {
        "language": language,
        "title": words.title,
        "points": [
            {"label": point.label, "value": _comma(point.value), "height": _height(point.value)} for point in points
        ],
        "threshold": None
        if threshold is None
        else {"label": f"{words.threshold}: {_comma(threshold)}", "height": float(threshold)},
    }
    return await asyncio.to_thread(draw, "gpa_chart.typ", data, "png")


def _comma(value: Decimal | None) -> str | None:
    return None if value is None else str(value).replace(".", ",")


def _height(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _invitation_sheet(cards: Sequence[InvitationCard]) -> bytes:
    data = [
        {
            "name": card.name,
            "group": card.group,
            "link": card.link,
            "bot": urlsplit(card.link).path.strip("/"),
            "qr": _qr(card.link),
            "expires": f"{card.expires:%d.%m.%Y}",
        }
        for card in cards
    ]
    sheet = draw("invitation_sheet.typ", data, "pdf")
    forget()
    return sheet


def _qr(text: str) -> str:
    drawing = io.BytesIO()
    segno.make_qr(text, error="m").save(drawing, kind="svg", border=2, omitsize=True, xmldecl=False)
    return drawing.getvalue().decode()
