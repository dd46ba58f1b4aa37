"""Templates: reasons that are given often, kept in both languages by those who give them."""

import tomllib
from datetime import date, datetime
from importlib.resources import files

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import RoleGrant
from policy.profile import Profile
from policy.requests import DESKS, Kind, Queue, RequestState
from policy.review import ReviewRefusal, signers
from services.requests.kinds import KINDS
from services.requests.reviewing import REASON_LENGTH, ReviewingRefusal
from services.requests.telling import kinds_of
from storage.queues import ReasonTemplate
from storage.records import Change
from storage.unit import Storage

OBJECT = "reason_template"


def queues_worded_by(grants: tuple[RoleGrant, ...], *, on: date, profile: Profile) -> tuple[Queue, ...]:
    """Return the queues whose templates somebody may change: those they sign for, and the secretary's."""
    held = {grant.role for grant in grants if grant.holds_on(on)}
    found = []
    for queue in Queue:
        may = {role for kind in kinds_of(queue) for role in signers(kind, profile.requests)}
        if held & {*may, *DESKS[queue].worded_by}:
            found.append(queue)
    return tuple(found)


def outcomes_of(queue: Queue) -> tuple[RequestState, ...]:
    """Return the decisions there are in a queue."""
    kinds: tuple[Kind, ...] = kinds_of(queue)
    return tuple(dict.fromkeys(outcome for kind in kinds for outcome in KINDS[kind].decisions))


async def add_template(
    storage: Storage,
    queue: Queue,
    outcome: RequestState,
    *,
    text_kk: str,
    text_ru: str,
    by: str,
    now: datetime,
    profile: Profile,
) -> int | Refused[ReviewRefusal] | Refused[ReviewingRefusal]:
    """Keep a reason in both languages (1 to 2000 characters each) and return its number. Commits."""
    if refused := await _stranger(storage, queue, by=by, now=now, profile=profile):
        return refused
    if not text_kk.strip() or not text_ru.strip():
        return Refused(ReviewingRefusal.NO_REASON, (HOUSE,))
    if max(len(text_kk), len(text_ru)) > REASON_LENGTH:
        return Refused(ReviewingRefusal.REASON_TOO_LONG, (HOUSE,))
    number = await _added(storage, queue, outcome, text_kk.strip(), text_ru.strip(), by=by, now=now)
    await storage.commit()
    return number


async def add_usual_templates(
    storage: Storage, queue: Queue, *, by: str, now: datetime, profile: Profile
) -> int | Refused[ReviewRefusal] | Refused[ReviewingRefusal]:
    """Keep the reasons a queue may begin with and return how many there are; 0 when it has some already. Commits."""
    if refused := await _stranger(storage, queue, by=by, now=now, profile=profile):
        return refused
    for outcome in outcomes_of(queue):
        if await storage.queues.templates(queue, outcome):
            return 0
    told = tomllib.loads(files(__package__).joinpath("reasons.toml").read_text(encoding="utf-8"))
    usual = [reason for reason in told["reasons"] if reason["queue"] == queue]
    for reason in usual:
        outcome = RequestState(reason["outcome"])
        await _added(storage, queue, outcome, reason["kk"], reason["ru"], by=by, now=now)
    await storage.commit()
    return len(usual)


async def _added(
    storage: Storage, queue: Queue, outcome: RequestState, kk: str, ru: str, *, by: str, now: datetime
) -> int:
    number = await storage.queues.add_template(queue, outcome, text_kk=kk, text_ru=ru, by=by, at=now)
    told = {"queue": queue, "outcome": outcome, "kk": kk, "ru": ru}
    await storage.changes.record([Change(OBJECT, (str(number),), None, told, "request", now, actor=by)])
    return number


async def retire_template(
    storage: Storage, template_id: int, *, by: str, now: datetime, profile: Profile
) -> ReasonTemplate | Refused[ReviewRefusal] | None:
    """Offer a reason no more; None when it was not offered. Commits."""
    template = await storage.queues.template(template_id)
    if template is None:
        return None
    if refused := await _stranger(storage, template.queue, by=by, now=now, profile=profile):
        return refused
    await storage.queues.retire_template(template_id, at=now)
    told = {"queue": template.queue, "outcome": template.outcome, "kk": template.text_kk, "ru": template.text_ru}
    await storage.changes.record([Change(OBJECT, (str(template_id),), told, None, "request", now, actor=by)])
    await storage.commit()
    return template


async def _stranger(
    storage: Storage, queue: Queue, *, by: str, now: datetime, profile: Profile
) -> Refused[ReviewRefusal] | None:
    today = now.astimezone(profile.university.zone).date()
    worded = queues_worded_by(await storage.roles.of_person(by), on=today, profile=profile)
    return None if queue in worded else Refused(ReviewRefusal.NO_ROLE, (HOUSE,))
