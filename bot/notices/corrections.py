"""What is told of a correction."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import corrections
from services.corrections import applied_of
from services.news import CORRECTED_MARK, UNTOLD_CORRECTION


async def _corrected_mark(telling: Telling) -> Screen | None:
    number = telling.content["correction"]
    found = await applied_of(telling.storage, number, now=telling.now, profile=telling.profile)
    return corrections.told_student(telling.texts, *found) if found else None


async def _untold_correction(telling: Telling) -> Screen:
    return corrections.untold(telling.texts, telling.content["correction"])


NOTICES: Mapping[str, Notice] = {
    CORRECTED_MARK: _corrected_mark,
    UNTOLD_CORRECTION: _untold_correction,
}
