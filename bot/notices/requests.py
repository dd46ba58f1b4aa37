"""What a student is told of their requests."""

from collections.abc import Mapping
from datetime import datetime

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens.requests import news as request_news
from bot.screens.requests.news import still_so
from services.requests.cases import Case, case_of
from services.requests.history import OBJECT
from services.requests.telling import (
    REQUEST_NEWS,
    SEAT_REMINDER,
    News,
)


async def _request_news(telling: Telling) -> Screen | None:
    """Tell of a step of a request, unless it was undone before anybody was told."""
    case, what = await _case(telling), News(telling.content["news"])
    if case is None or not still_so(case, what):
        return None
    decision = next((each for each in case.decisions if each.id == telling.content["decision"]), None)
    steps = await telling.storage.changes.of(OBJECT, (str(case.request.id),))
    why = next((each.why for each in reversed(steps) if each.why), None)
    return request_news.news(telling.texts, case, what, telling.profile, decision=decision, why=why)


async def _seat_reminder(telling: Telling) -> Screen | None:
    case = await _case(telling)
    seat = case.request.seat if case else None
    if case is None or seat is None or seat.starts_at != datetime.fromisoformat(telling.content["starts_at"]):
        return None
    return request_news.seat_reminder(telling.texts, case)


async def _case(telling: Telling) -> Case | None:
    request = await telling.storage.requests.by_id(telling.content["request"])
    return await case_of(telling.storage, request, now=telling.now, profile=telling.profile) if request else None


NOTICES: Mapping[str, Notice] = {
    REQUEST_NEWS: _request_news,
    SEAT_REMINDER: _seat_reminder,
}
