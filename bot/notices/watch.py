"""What the watch tells the administrators."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import alerts
from services.watching import ALERT


async def _alert(telling: Telling) -> Screen:
    return alerts.alert(telling.texts, telling.content)


NOTICES: Mapping[str, Notice] = {
    ALERT: _alert,
}
