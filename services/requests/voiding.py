"""Voiding: ending requests that something else took their reason from."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from policy.marks import Standing, attempt_results
from policy.profile import Profile
from policy.requests import OPEN, Kind, RequestState
from services.requests.history import recorded
from services.requests.telling import News, owe_news, rewrite_cards
from storage.requests import ExamKey
from storage.unit import Storage

_MAY_END = {*OPEN, RequestState.APPROVED}


async def make_void(storage: Storage, request_id: int, *, by: str | None, why: str, now: datetime) -> None:
    """End a request that what it asks for was taken away from, and tell the student; one that is over stays as it is.

    The caller commits.
    """
    request = await storage.requests.by_id(request_id, lock=True)
    if request is None or request.state not in _MAY_END:
        return
    after = await storage.requests.save(replace(request, state=RequestState.VOID, paused_at=None, proposal=None))
    if after is None:
        raise LookupError("a request moved under its lock")
    await storage.changes.record([recorded(request, after, by=by, now=now, why=why)])
    await owe_news(storage, after, News.VOID, now=now)
    await rewrite_cards(storage, after, now=now)


async def void_retakes(
    storage: Storage,
    student_id: str,
    exam: ExamKey,
    *,
    kinds: Collection[Kind],
    by: str,
    why: str,
    now: datetime,
    profile: Profile,
) -> None:
    """Take away the retake that was applied for or approved, once the exam is no FX any more. The caller commits.

    That is what these `kinds` ask for. One that was sat already stays as it is.
    """
    enrolment = await storage.marks.by_key(student_id, exam.period, exam.course_code)
    if enrolment is None:
        return
    rules = profile.of(enrolment) or profile.on(now.astimezone(profile.university.zone).date())
    if any(each.number > exam.attempt and each.concluded for each in enrolment.attempts):
        return
    results = attempt_results(enrolment, rules.marks)
    if any(each.attempt == exam.attempt and each.standing is Standing.FX for each in results):
        return
    for other in await storage.requests.of_exam(student_id, exam):
        if other.kind in kinds:
            await make_void(storage, other.id, by=by, why=why, now=now)
