"""What owed messages say: the kinds there are, each worded when it is sent, in the language of who gets it.

How to owe a new kind of message: write an async function of a `Telling` that returns its screen (None: there is nothing
to say any more), name it in `NOTICES`, and call `services.owing.owe` where the fact is written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Bot

from bot.i18n import Texts
from bot.screen import Screen
from bot.screens import alerts, corrections, documents, exports, motions, news, outages
from bot.screens.requests import documents as request_documents
from bot.screens.requests import news as request_news
from bot.screens.requests.news import still_so
from bot.screens.requests.own import takes_documents
from bot.screens.review import cards
from policy.decision import Refused
from policy.marks import Course
from policy.profile import Profile
from policy.requests import OPEN, Queue
from policy.review import Act
from services.corrections import applied_of
from services.importing import refused_csv
from services.importing.exports import LOADED_EXPORT, PASSED_EXPORT, REFUSED_EXPORT, refusals_of
from services.motions.cases import MotionCase, motion_case
from services.motions.deciding import MOTION_NEWS, may_read
from services.motions.moving import MOTION_CARD, MotionRefusal
from services.news import CORRECTED_MARK, NEW_MARKS, UNTOLD_CORRECTION, WITHDRAWN_MARKS, news_of
from services.outages import LOST, TOUCHED
from services.requests.cases import Case, case_of
from services.requests.documents import LOST_DOCUMENT, Loss
from services.requests.history import OBJECT
from services.requests.overdue import overdue_of
from services.requests.reading import readable
from services.requests.telling import (
    OVERDUE,
    QUEUE_SUMMARY,
    REQUEST_CARD,
    REQUEST_DOCUMENTS,
    REQUEST_NEWS,
    SEAT_REMINDER,
    SUBSTITUTE_NEEDED,
    UNREAD_GROUP,
    News,
    kinds_of,
)
from services.role_news import ROLE_NEWS
from services.standing import study_of
from services.watching import ALERT
from storage.requests import Request
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class Telling:
    """What a kind may ask for: a reader, the voice, whom it is for (None: a chat), the content, now, and who speaks.

    `stands`: it was said before, and is worded anew where it stands.
    """

    storage: Storage
    texts: Texts
    content: Mapping[str, Any]
    person_id: str | None
    now: datetime
    profile: Profile
    bot: Bot
    stands: bool = False


Notice = Callable[[Telling], Awaitable[Screen | None]]


async def _touched(telling: Telling) -> Screen:
    return outages.touched(telling.texts, telling.content)


async def _lost(telling: Telling) -> Screen:
    return outages.lost(telling.texts, telling.content)


async def _alert(telling: Telling) -> Screen:
    return alerts.alert(telling.texts, telling.content)


async def _loaded_export(telling: Telling) -> Screen:
    return exports.loaded_export(telling.texts, telling.content)


async def _passed_export(telling: Telling) -> Screen:
    return exports.passed_export(telling.texts, telling.content)


async def _refused_export(telling: Telling) -> Screen:
    refusals = await refusals_of(telling.storage, telling.content.get("all"))
    table = await asyncio.to_thread(refused_csv, refusals, telling.texts.language.value) if refusals else None
    return exports.refused_export(telling.texts, telling.content, table)


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


async def _corrected_mark(telling: Telling) -> Screen | None:
    number = telling.content["correction"]
    found = await applied_of(telling.storage, number, now=telling.now, profile=telling.profile)
    return corrections.told_student(telling.texts, *found) if found else None


async def _motion_card(telling: Telling) -> Screen | None:
    case = await _motion(telling)
    if case is None:
        return motions.refused(telling.texts, Refused(MotionRefusal.UNKNOWN, ())) if telling.stands else None
    return motions.motion(telling.texts, case)


async def _motion_news(telling: Telling) -> Screen | None:
    case = await _motion(telling)
    return motions.news(telling.texts, case) if case else None


async def _motion(telling: Telling) -> MotionCase | None:
    """Return a motion as its reader may read it now."""
    motion, by = await telling.storage.motions.by_id(telling.content["motion"]), telling.person_id or ""
    if motion is None:
        return None
    now, profile = telling.now, telling.profile
    if not await may_read(telling.storage, motion, by=by, now=now, profile=profile):
        return None
    return await motion_case(telling.storage, motion, by=by, now=now, profile=profile)


async def _role_news(telling: Telling) -> Screen:
    content = telling.content
    named = {content["by"], content["second"], *(each["person"] for each in content["changes"])}
    people = await telling.storage.people.by_ids(each for each in named if each)
    return motions.role_news(telling.texts, content, people)


async def _untold_correction(telling: Telling) -> Screen:
    return corrections.untold(telling.texts, telling.content["correction"])


async def _request_card(telling: Telling) -> Screen | None:
    """Say how a request stands; a person reads it as long as their role reaches it and they have no interest in it."""
    request = await telling.storage.requests.by_id(telling.content["request"])
    if request is None:
        return None
    queue, link = Queue(telling.content["queue"]), await _link(telling)
    if not await _theirs(telling, [request]):
        return cards.no_longer_yours(telling.texts) if telling.stands else None
    case = await case_of(telling.storage, request, now=telling.now, profile=telling.profile)
    return cards.card(telling.texts, case, queue=queue, link=link, now=telling.now)


async def _theirs(telling: Telling, those: Iterable[Request]) -> tuple[Request, ...]:
    """Return what of these requests a person may read or enter; a group reads what it was bound for."""
    those = tuple(those)
    if telling.person_id is None:
        return those
    mine = {*await _may(telling, Act.READ, those), *await _may(telling, Act.ENTER, those)}
    return tuple(each for each in those if each.id in mine)


async def _may(telling: Telling, act: Act, those: Iterable[Request]) -> list[int]:
    by, now, profile = telling.person_id or "", telling.now, telling.profile
    return [each.id for each in await readable(telling.storage, those, by=by, now=now, profile=profile, act=act)]


async def _queue_summary(telling: Telling) -> Screen:
    queue = Queue(telling.content["queue"])
    waiting = await _theirs(telling, await telling.storage.requests.in_states(kinds_of(queue), OPEN))
    late = await _theirs(telling, await overdue_of(telling.storage, queue, now=telling.now))
    link = await _link(telling)
    return cards.summary(telling.texts, queue, waiting, overdue=len(late), link=link, now=telling.now)


async def _overdue(telling: Telling) -> Screen | None:
    queue = Queue(telling.content["queue"])
    late = await _theirs(telling, await overdue_of(telling.storage, queue, now=telling.now))
    if not late:
        return None
    return cards.overdue(telling.texts, queue, late, link=await _link(telling), now=telling.now)


async def _unread_group(telling: Telling) -> Screen | None:
    queue = Queue(telling.content["queue"])
    return cards.unread_group(telling.texts, queue) if await telling.storage.queues.chat_of(queue) else None


async def _substitute_needed(telling: Telling) -> Screen | None:
    request = await telling.storage.requests.by_id(telling.content["request"])
    if request is None or not request.open or request.substitute:
        return None
    if not await _may(telling, Act.NAME_SUBSTITUTE, [request]):
        return None
    case = await case_of(telling.storage, request, now=telling.now, profile=telling.profile)
    return cards.substitute_needed(telling.texts, case)


async def _link(telling: Telling) -> str | None:
    """Return the address of the bot, which a group's buttons open; None in a private chat, where they open in place."""
    return None if telling.person_id else f"https://t.me/{(await telling.bot.me()).username}"


async def _lost_document(telling: Telling) -> Screen:
    content = telling.content
    return documents.lost(telling.texts, content["request"], content["file_name"], Loss(content["why"]))


async def _request_news(telling: Telling) -> Screen | None:
    """Tell of a step of a request, unless it was undone before anybody was told."""
    case, what = await _case(telling), News(telling.content["news"])
    if case is None or not still_so(case, what):
        return None
    decision = next((each for each in case.decisions if each.id == telling.content["decision"]), None)
    steps = await telling.storage.changes.of(OBJECT, (str(case.request.id),))
    why = next((each.why for each in reversed(steps) if each.why), None)
    return request_news.news(telling.texts, case, what, telling.profile, decision=decision, why=why)


async def _request_documents(telling: Telling) -> Screen | None:
    """Say how many documents a request has now, or ask which request those that wait are for."""
    storage, texts, number = telling.storage, telling.texts, telling.content["request"]
    student_id = telling.content.get("student") or telling.person_id or ""
    account = await storage.accounts.of_person(student_id)
    if account is None or telling.content.get("chat", account.user_id) != account.user_id:
        return None  # it is somebody else's chat now
    if number is not None:
        request = await storage.requests.by_id(number)
        there = await storage.requests.documents_of(number)
        return request_documents.with_documents(texts, request, len(there)) if request else None
    student = await storage.students.by_id(student_id)
    draft = await storage.drafts.of(account.user_id, account.user_id)
    files = draft.content.get("files") if draft else None
    if student is None or not files:
        return None
    study = await study_of(storage, student=student, now=telling.now, profile=telling.profile)
    those = [each for each in study.requests if takes_documents(each, telling.now)]
    return request_documents.which_request(texts, study, those, len(files)) if those else None


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
    ALERT: _alert,
    LOADED_EXPORT: _loaded_export,
    PASSED_EXPORT: _passed_export,
    REFUSED_EXPORT: _refused_export,
    TOUCHED: _touched,
    LOST: _lost,
    NEW_MARKS: _new_marks,
    WITHDRAWN_MARKS: _withdrawn_marks,
    CORRECTED_MARK: _corrected_mark,
    UNTOLD_CORRECTION: _untold_correction,
    MOTION_CARD: _motion_card,
    MOTION_NEWS: _motion_news,
    ROLE_NEWS: _role_news,
    REQUEST_NEWS: _request_news,
    REQUEST_DOCUMENTS: _request_documents,
    SEAT_REMINDER: _seat_reminder,
    LOST_DOCUMENT: _lost_document,
    REQUEST_CARD: _request_card,
    QUEUE_SUMMARY: _queue_summary,
    OVERDUE: _overdue,
    SUBSTITUTE_NEEDED: _substitute_needed,
    UNREAD_GROUP: _unread_group,
}
"""How each kind is worded."""
