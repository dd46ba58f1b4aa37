"""What is told after an outage."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import outages
from services.outages import LOST, TOUCHED


async def _touched(telling: Telling) -> Screen:
    return outages.touched(telling.texts, telling.content)


async def _lost(telling: Telling) -> Screen:
    return outages.lost(telling.texts, telling.content)


NOTICES: Mapping[str, Notice] = {
    TOUCHED: _touched,
    LOST: _lost,
}
