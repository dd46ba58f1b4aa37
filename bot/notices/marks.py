"""What a student is told of their marks."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import news
from policy.marks import Course
from services.news import NEW_MARKS, WITHDRAWN_MARKS, news_of


async def _new_marks(telling: Telling) -> Screen | None:
    found = await news_of(
        telling.storage,
        telling.content["marks"],
        student_id=telling.person_id or "",
        now=telling.now,
        profile=telling.profile,
    )
    return news.new_marks(telling.texts, found) if found else None


async def _withdrawn_marks(telling: Telling) -> Screen:
    courses = [(period, Course(**course)) for period, course in telling.content["courses"]]
    return news.withdrawn_marks(telling.texts, courses, telling.content["reason"])


NOTICES: Mapping[str, Notice] = {
    NEW_MARKS: _new_marks,
    WITHDRAWN_MARKS: _withdrawn_marks,
}
