"""Sheets: when the final mark sheet of a course and group may be printed, and which marks that locks (AP 8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policy.citation import HOUSE, Citation, encodes
from policy.decision import Allowed, Decision, Refused
from policy.marks import Attempt

_SHEETS: Final = Citation("AP", "8")
UNDER_WAY: Final = timedelta(minutes=5)  # ours: what was sent in time has arrived by then


class SheetRefusal(StrEnum):
    """Why a final sheet is not printed."""

    MARKS_MISSING = "marks_missing"
    APPEALS_OPEN = "appeals_open"
    WINDOWS_OPEN = "windows_open"  # `Refused.until` is when the last of them closes
    TEXTS_UNDER_WAY = "texts_under_way"  # sent in time, they may still arrive; `until` as above, where it is known
    PRINTED_BEFORE = "printed_before"  # and no mark was posted since


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A mark sheet as far as it matters to printing it.

    ``marks`` are posted since it was printed last, ``missing`` are still to come; ``open_appeals`` counts complaints of
    how the exam was held too; ``closes`` is when the last appeal or complaint of them could be filed.
    """

    marks: int
    missing: int = 0
    open_appeals: int = 0
    closes: datetime | None = None
    printed_at: datetime | None = None


@encodes("AP 8", "HOUSE")
def may_print(sheet: Sheet, now: datetime, *, back_at: datetime | None = None) -> Decision[SheetRefusal]:
    """Tell whether the final sheet may be printed: all its marks there, every window over, every appeal decided (A7).

    Five minutes longer it waits for texts that were sent in time and are under way, after an outage since it was over
    (``back_at``) too. A sheet that was printed may be printed again with the marks of later attempts.
    """
    if sheet.missing or not sheet.marks:
        nothing_new = sheet.printed_at is not None and not sheet.missing
        return Refused(SheetRefusal.PRINTED_BEFORE if nothing_new else SheetRefusal.MARKS_MISSING, (_SHEETS,))
    if sheet.open_appeals:
        return Refused(SheetRefusal.APPEALS_OPEN, (_SHEETS,))
    if sheet.closes is not None and now < sheet.closes:
        return Refused(SheetRefusal.WINDOWS_OPEN, (_SHEETS,), until=sheet.closes)
    for held_up in (sheet.closes, back_at):
        if held_up is not None and held_up <= now < held_up + UNDER_WAY:
            return Refused(SheetRefusal.TEXTS_UNDER_WAY, (HOUSE,), until=held_up + UNDER_WAY)
    return Allowed((_SHEETS,))


@encodes("AP 8")
def is_printed(attempt: Attempt, printed_at: datetime | None) -> bool:
    """Tell whether an attempt's mark stands on a sheet printed then, and so is locked (M9): not one posted since."""
    return printed_at is not None and attempt.posted_at is not None and attempt.posted_at <= printed_at
