"""Papers: what is printed or shown as a picture, drawn by typst in a worker thread from templates beside this file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from policy.people import Language


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """One card of the sheet, in the words that stand on it."""

    name: str
    group: str | None
    link: str  # also what the QR code says
    expires: date  # the last day on which the link works


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period of the chart; `value` is rounded for display and None while the period has no outcome."""

    label: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class ChartWords:
    """The chart's texts in its reader's language."""

    title: str
    threshold: str  # what the threshold line is called; unused without a threshold


async def invitation_sheet(cards: Sequence[InvitationCard], *, language: Language) -> bytes:
    """Lay out cards to cut, eight to an A4 page, as PDF; each explains itself in both languages, `language` first."""
    raise NotImplementedError


async def gpa_chart(
    points: Sequence[ChartPoint], *, words: ChartWords, language: Language, threshold: Decimal | None = None
) -> bytes:
    """Draw GPA by period on a scale of 0 to 4 as PNG, 1080 pixels wide; raises ValueError without points."""
    raise NotImplementedError
