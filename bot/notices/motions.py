"""What is told of what waits for a second person, and of roles."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import motions
from policy.decision import Refused
from services.motions.cases import MotionCase, motion_case
from services.motions.deciding import MOTION_NEWS, may_read
from services.motions.moving import MOTION_CARD, MotionRefusal
from services.role_news import ROLE_NEWS


async def _motion_card(telling: Telling) -> Screen | None:
    case = await _motion(telling)
    if case is None:
        return motions.refused(telling.texts, Refused(MotionRefusal.UNKNOWN, ())) if telling.stands else None
    return motions.motion(telling.texts, case)


async def _motion_news(telling: Telling) -> Screen | None:
    case = await _motion(telling)
    return motions.news(telling.texts, case) if case else None


async def _role_news(telling: Telling) -> Screen:
    content = telling.content
    named = {content["by"], content["second"], *(each["person"] for each in content["changes"])}
    people = await telling.storage.people.by_ids(each for each in named if each)
    return motions.role_news(telling.texts, content, people)


async def _motion(telling: Telling) -> MotionCase | None:
    """Return a motion as its reader may read it now."""
    motion, by = await telling.storage.motions.by_id(telling.content["motion"]), telling.person_id or ""
    if motion is None:
        return None
    now, profile = telling.now, telling.profile
    if not await may_read(telling.storage, motion, by=by, now=now, profile=profile):
        return None
    return await motion_case(telling.storage, motion, by=by, now=now, profile=profile)


NOTICES: Mapping[str, Notice] = {
    MOTION_CARD: _motion_card,
    MOTION_NEWS: _motion_news,
    ROLE_NEWS: _role_news,
}
