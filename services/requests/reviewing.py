"""Reviewing: what the staff does with a request, from taking it to a signed decision and what follows it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from policy.appeals import may_uphold, upheld
from policy.citation import HOUSE
from policy.decision import Refused
from policy.marks import ChangeCause, may_change_posted
from policy.profile import Profile
from policy.requests import RequestState, answer_time_left
from policy.review import Act, ReviewRefusal, decided_in_one_step
from services.owing import owe
from services.requests.cases import (
    Case,
    CaseRefusal,
    case_again,
    case_for,
    free_signers,
    note_refused,
    second_human,
)
from services.requests.consequences import Decided
from services.requests.history import added, recorded
from services.requests.kinds import AFTER_FX
from services.requests.telling import (
    SEAT_REMINDER,
    News,
    news_group,
    owe_card_to,
    owe_news,
    owe_substitute_call,
    rewrite_cards,
)
from storage.outbox import Priority
from storage.requests import Decision, Inquiry, NewDecision, Proposal, Request, Seat
from storage.unit import Storage

REASON_LENGTH = 2000  # characters: it is told to the student and printed


class ReviewingRefusal(StrEnum):
    """Why a step was not taken, besides who may (`policy.review`) and what a decision may be (`policy.appeals`)."""

    NO_REASON = "no_reason"
    REASON_TOO_LONG = "reason_too_long"
    NO_SUCH_OUTCOME = "no_such_outcome"
    NO_POINTS = "no_points"
    NOT_TAKEN = "not_taken"
    IN_PAST = "in_past"  # a seat before now
    NO_ROOM = "no_room"
    NO_SEAT = "no_seat"
    ENTERED_BEFORE = "entered_before"
    NOT_NEEDED = "not_needed"  # somebody free of conflict could sign
    NOT_STAFF = "not_staff"  # the substitute is nobody the records know as staff, or is conflicted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be decided: the outcome, the points to add where the kind gives some, and why."""

    outcome: RequestState
    reason: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, when, and on which version of the request they saw (None: whichever it is)."""

    by: str
    now: datetime
    profile: Profile
    version: int | None = None


async def take(storage: Storage, request_id: int, acting: Acting) -> Request | Refused[Any]:
    """Take a request, so that others leave it alone; the student is told. Commits."""
    case = await _case(storage, Act.TAKE, request_id, acting)
    if isinstance(case, Refused):
        return case
    after = replace(case.request, state=RequestState.IN_REVIEW, taken_by=acting.by, taken_at=acting.now)
    told = News.TAKEN if case.request.taken_by is None else None
    if not await free_signers(storage, case, now=acting.now, profile=acting.profile):
        await owe_substitute_call(storage, case.request, now=acting.now, profile=acting.profile)
    return await _step(storage, case.request, after, acting, news=told)


async def release(storage: Storage, request_id: int, acting: Acting) -> Request | Refused[Any]:
    """Let a request go that one took, back to everybody. Commits."""
    case = await _case(storage, Act.TAKE, request_id, acting)
    if isinstance(case, Refused):
        return case
    if case.request.taken_by is None:
        return Refused(ReviewingRefusal.NOT_TAKEN, (HOUSE,))
    after = replace(case.request, state=RequestState.FILED, taken_by=None, taken_at=None)
    return await _step(storage, case.request, after, acting)


async def ask(storage: Storage, request_id: int, question: str, acting: Acting) -> Request | Refused[Any]:
    """Ask the student for more; the clock of the answer stands still until they answer. Commits."""
    case = await _case(storage, Act.PREPARE, request_id, acting)
    if isinstance(case, Refused):
        return case
    if refused := _unreasoned(question):
        return refused
    request = case.request
    asked = Inquiry(question.strip(), acting.by, acting.now)
    after = replace(
        request,
        inquiries=(*request.inquiries, asked),
        paused_at=request.paused_at or acting.now,
        state=RequestState.IN_REVIEW,
        proposal=None,
        taken_by=request.taken_by or acting.by,
        taken_at=request.taken_at or acting.now,
    )
    return await _step(storage, request, after, acting, news=News.ASKED, why=question.strip())


async def propose(storage: Storage, request_id: int, verdict: Verdict, acting: Acting) -> Request | Refused[Any]:
    """Propose a decision, to be signed by somebody else; it replaces one that nobody signed. Commits."""
    case = await _case(storage, Act.PREPARE, request_id, acting)
    if isinstance(case, Refused):
        return case
    if refused := _unfit(case, verdict):
        return refused
    request = case.request
    proposal = Proposal(verdict.outcome, verdict.points, verdict.reason.strip(), acting.by, acting.now)
    after = _going_on(case, replace(request, state=RequestState.PROPOSED, proposal=proposal), acting)
    signing = await free_signers(storage, case, now=acting.now, profile=acting.profile, prepared_by=acting.by)
    await owe_card_to(storage, request, (each for each in signing if each != acting.by), now=acting.now)
    if not signing:
        await owe_substitute_call(storage, request, now=acting.now, profile=acting.profile)
    return await _step(storage, request, after, acting)


async def send_back(storage: Storage, request_id: int, why: str, acting: Acting) -> Request | Refused[Any]:
    """Send a proposal back unsigned to whoever made it, with a reason. Commits."""
    case = await _case(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    if case.request.proposal is None:
        return Refused(ReviewRefusal.NOTHING_PROPOSED, (HOUSE,))
    if refused := _unreasoned(why):
        return refused
    after = replace(case.request, state=RequestState.IN_REVIEW, proposal=None)
    await owe_card_to(storage, case.request, [case.request.proposal.by], now=acting.now)
    return await _step(storage, case.request, after, acting, why=why.strip())


async def sign(storage: Storage, request_id: int, acting: Acting) -> Decision | Refused[Any]:
    """Sign the proposed decision, which takes effect at once. Commits."""
    case = await _case(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    proposal = case.request.proposal
    if proposal is None:
        return Refused(ReviewRefusal.NOTHING_PROPOSED, (HOUSE,))
    if refused := await _one_human(storage, case, acting):
        return refused
    verdict = Verdict(proposal.outcome, proposal.reason, proposal.points)
    return await _decide(storage, case, verdict, acting, prepared=(proposal.by, proposal.at))


async def decide(storage: Storage, request_id: int, verdict: Verdict, acting: Acting) -> Decision | Refused[Any]:
    """Decide in one step, where the kind or the profile allows that. Commits."""
    case = await _case(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    return await _decide(storage, case, verdict, acting, prepared=(acting.by, acting.now))


async def propose_again(storage: Storage, request_id: int, verdict: Verdict, acting: Acting) -> Request | Refused[Any]:
    """Propose to follow a refusal by a decision in the student's favour, to be signed by somebody else. Commits.

    The request stays refused until then, and its student is told nothing.
    """
    case = await _case_again(storage, Act.PREPARE, request_id, acting)
    if isinstance(case, Refused):
        return case
    if refused := _unfit_again(case, verdict):
        return refused
    proposal = Proposal(verdict.outcome, verdict.points, verdict.reason.strip(), acting.by, acting.now)
    signing = await free_signers(storage, case, now=acting.now, profile=acting.profile, prepared_by=acting.by)
    await owe_card_to(storage, case.request, (each for each in signing if each != acting.by), now=acting.now)
    return await _step(storage, case.request, replace(case.request, proposal=proposal), acting)


async def send_back_again(storage: Storage, request_id: int, why: str, acting: Acting) -> Request | Refused[Any]:
    """Send such a proposal back unsigned to whoever made it, with a reason: the refusal stands. Commits."""
    case = await _case_again(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    if case.request.proposal is None:
        return Refused(ReviewRefusal.NOTHING_PROPOSED, (HOUSE,))
    if refused := _unreasoned(why):
        return refused
    await owe_card_to(storage, case.request, [case.request.proposal.by], now=acting.now)
    return await _step(storage, case.request, replace(case.request, proposal=None), acting, why=why.strip())


async def sign_again(storage: Storage, request_id: int, acting: Acting) -> Decision | Refused[Any]:
    """Sign the decision that is proposed to follow a refusal, which stays in the record. Commits."""
    case = await _case_again(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    proposal = case.request.proposal
    if proposal is None:
        return Refused(ReviewRefusal.NOTHING_PROPOSED, (HOUSE,))
    if refused := await _one_human(storage, case, acting):
        return refused
    verdict = Verdict(proposal.outcome, proposal.reason, proposal.points)
    return await _decide(storage, case, verdict, acting, prepared=(proposal.by, proposal.at))


async def decide_again(storage: Storage, request_id: int, verdict: Verdict, acting: Acting) -> Decision | Refused[Any]:
    """Follow a refusal by a decision in the student's favour in one step, where the first took no more. Commits."""
    case = await _case_again(storage, Act.SIGN, request_id, acting)
    if isinstance(case, Refused):
        return case
    if not decided_in_one_step(case.request.kind, acting.profile.requests):
        return Refused(ReviewRefusal.NOTHING_PROPOSED, (HOUSE,))
    if refused := _unfit_again(case, verdict):
        return refused
    return await _decide(storage, case, verdict, acting, prepared=(acting.by, acting.now))


async def give_seat(storage: Storage, request_id: int, seat: Seat, acting: Acting) -> Request | Refused[Any]:
    """Say when and where an approved exam is held, or move it; the student is told and reminded. Commits."""
    case = await _case(storage, Act.SEAT, request_id, acting)
    if isinstance(case, Refused):
        return case
    if seat.starts_at <= acting.now:
        return Refused(ReviewingRefusal.IN_PAST, (HOUSE,))
    if not seat.room.strip():
        return Refused(ReviewingRefusal.NO_ROOM, (HOUSE,))
    request = case.request
    news = News.MOVED if request.seat else News.SEATED
    after = replace(request, seat=Seat(seat.starts_at, seat.room.strip()))
    kept = await _step(storage, request, after, acting, news=news, commit=False)
    if isinstance(kept, Refused):
        return kept
    await _owe_reminder(storage, kept, seat, acting)
    await storage.commit()
    return kept


async def call_off(storage: Storage, request_id: int, why: str, acting: Acting) -> Request | Refused[Any]:
    """Call an approved exam off, with a reason; it can be given another time. Commits."""
    case = await _case(storage, Act.SEAT, request_id, acting)
    if isinstance(case, Refused):
        return case
    if case.request.seat is None:
        return Refused(ReviewingRefusal.NO_SEAT, (HOUSE,))
    if refused := _unreasoned(why):
        return refused
    after = replace(case.request, seat=None)
    return await _step(storage, case.request, after, acting, news=News.CALLED_OFF, why=why.strip())


async def enter(storage: Storage, request_id: int, acting: Acting) -> Request | Refused[Any]:
    """Note that an upheld mark stands in the university's system now; the student is told. Commits."""
    case = await _case(storage, Act.ENTER, request_id, replace(acting, version=None))
    if isinstance(case, Refused):
        return case
    if case.request.entered_at is not None:
        return Refused(ReviewingRefusal.ENTERED_BEFORE, (HOUSE,), until=case.request.entered_at)
    after = replace(case.request, entered_at=acting.now, entered_by=acting.by)
    return await _step(storage, case.request, after, acting, news=News.ENTERED)


async def name_substitute(storage: Storage, request_id: int, person_id: str, acting: Acting) -> Request | Refused[Any]:
    """Let somebody sign one case that everybody who could sign is conflicted in. Commits."""
    case = await _case(storage, Act.NAME_SUBSTITUTE, request_id, acting)
    if isinstance(case, Refused):
        return case
    if await free_signers(storage, case, now=acting.now, profile=acting.profile):
        return Refused(ReviewingRefusal.NOT_NEEDED, (HOUSE,))
    held = await storage.roles.of_person(person_id)
    staff = any(each.holds_on(case.study.today) for each in held)
    if not staff or person_id == case.student.person_id or person_id in case.reviewed.lecturers:
        return Refused(ReviewingRefusal.NOT_STAFF, (HOUSE,))
    if refused := await second_human(storage, case, by=person_id, now=acting.now, profile=acting.profile):
        return refused
    kept = await _step(storage, case.request, replace(case.request, substitute=person_id), acting, commit=False)
    if not isinstance(kept, Refused):
        await owe_card_to(storage, kept, [person_id], now=acting.now)
        await storage.commit()
    return kept


async def _one_human(storage: Storage, case: Case, acting: Acting) -> Refused[Any] | None:
    """Refuse whoever signs what they, or somebody who may be they, prepared."""
    refused = await second_human(storage, case, by=acting.by, now=acting.now, profile=acting.profile)
    if refused:
        note_refused(refused, case.request.id, by=acting.by, now=acting.now)
    return refused


async def _case(storage: Storage, act: Act, request_id: int, acting: Acting) -> Case | Refused[Any]:
    return await case_for(
        storage,
        act,
        request_id=request_id,
        by=acting.by,
        now=acting.now,
        profile=acting.profile,
        version=acting.version,
    )


async def _case_again(storage: Storage, act: Act, request_id: int, acting: Acting) -> Case | Refused[Any]:
    return await case_again(
        storage,
        act,
        request_id=request_id,
        by=acting.by,
        now=acting.now,
        profile=acting.profile,
        version=acting.version,
    )


async def _step(
    storage: Storage,
    before: Request,
    after: Request,
    acting: Acting,
    *,
    news: News | None = None,
    why: str | None = None,
    commit: bool = True,
) -> Request | Refused[Any]:
    """Keep a step with its line of history, tell the student, rewrite the cards."""
    kept = await storage.requests.save(after)
    if kept is None:
        return Refused(CaseRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.changes.record([recorded(before, kept, by=acting.by, now=acting.now, why=why)])
    if news:
        await owe_news(storage, kept, news, now=acting.now)
    await rewrite_cards(storage, kept, now=acting.now)
    if commit:
        await storage.commit()
    return kept


async def _decide(
    storage: Storage, case: Case, verdict: Verdict, acting: Acting, *, prepared: tuple[str, datetime]
) -> Decision | Refused[Any]:
    if refused := _unfit(case, verdict):
        return refused
    after = _going_on(case, replace(case.request, state=verdict.outcome, proposal=None), acting)
    kept = await _step(storage, case.request, after, acting, why=verdict.reason.strip(), commit=False)
    if isinstance(kept, Refused):
        return kept
    mark = case.attempt.exam if case.attempt else None
    decision = await storage.requests.decide(
        NewDecision(
            request_id=kept.id,
            outcome=verdict.outcome,
            points=verdict.points,
            reason=verdict.reason.strip(),
            prepared_by=prepared[0],
            prepared_at=prepared[1],
            signed_by=acting.by,
            signed_at=acting.now,
            mark_before=mark,
            mark_after=_mark_after(case, verdict, mark),
            mark_posted_at=case.attempt.posted_at if case.attempt else None,
            mark_corrected_at=case.attempt.corrected_at if case.attempt else None,
        )
    )
    told = {"decision": decision.id, "outcome": verdict.outcome, "points": verdict.points, "prepared_by": prepared[0]}
    await storage.changes.record([added(kept, "decision", told, by=acting.by, now=acting.now)])
    await owe_news(storage, kept, News.DECIDED, now=acting.now, decision=decision)
    decided = Decided(storage, kept, decision, case.student, acting.now, acting.profile, AFTER_FX)
    for consequence in case.kind.decisions[verdict.outcome]:
        await consequence(decided)
    await storage.commit()
    return decision


def _mark_after(case: Case, verdict: Verdict, mark: Decimal | None) -> Decimal | None:
    if case.attempt and verdict.points and verdict.outcome is RequestState.UPHELD:
        return upheld(case.attempt, verdict.points).exam
    return mark


def _going_on(case: Case, after: Request, acting: Acting) -> Request:
    """End the waiting for the student's answer, where there was any, and say who works on it."""
    if case.request.paused_at is not None:
        due = answer_time_left(case.request.due_at, case.request.paused_at, acting.now, case.study.calendar)
        after = replace(after, due_at=due, paused_at=None)
    if after.taken_by is None:
        after = replace(after, taken_by=acting.by, taken_at=acting.now)
    return after


def _unfit(case: Case, verdict: Verdict) -> Refused[Any] | None:
    """Say why this cannot be the decision (A5, M9)."""
    if verdict.outcome not in case.kind.decisions:
        return Refused(ReviewingRefusal.NO_SUCH_OUTCOME, (HOUSE,))
    if refused := _unreasoned(verdict.reason):
        return refused
    raises = case.kind.gives_points and verdict.outcome is RequestState.UPHELD
    if not raises:
        return Refused(ReviewingRefusal.NO_SUCH_OUTCOME, (HOUSE,)) if verdict.points is not None else None
    if verdict.points is None:
        return Refused(ReviewingRefusal.NO_POINTS, (HOUSE,))
    locked = case.reviewed.sheet_locked
    if case.attempt is None:
        return Refused(ReviewingRefusal.NO_POINTS, (HOUSE,))
    allowed = may_uphold(verdict.points, case.attempt, sheet_locked=locked)
    if isinstance(allowed, Refused):
        return allowed
    after = upheld(case.attempt, verdict.points)
    change = may_change_posted(case.attempt, after, cause=ChangeCause.APPEAL, sheet_locked=locked)
    return change if isinstance(change, Refused) else None


def _unfit_again(case: Case, verdict: Verdict) -> Refused[Any] | None:
    """Say why this cannot follow a refusal."""
    if verdict.outcome is not case.kind.desk.favourable:
        return Refused(ReviewingRefusal.NO_SUCH_OUTCOME, (HOUSE,))
    return _unfit(case, verdict)


def _unreasoned(reason: str) -> Refused[ReviewingRefusal] | None:
    if not reason.strip():
        return Refused(ReviewingRefusal.NO_REASON, (HOUSE,))
    return Refused(ReviewingRefusal.REASON_TOO_LONG, (HOUSE,)) if len(reason) > REASON_LENGTH else None


async def _owe_reminder(storage: Storage, request: Request, seat: Seat, acting: Acting) -> None:
    """Owe the student a reminder of an exam; one that was moved since has nothing to say."""
    before = timedelta(hours=acting.profile.requests.seat_reminder_hours)
    if seat.starts_at - before <= acting.now:
        return
    await owe(
        storage,
        to=request.student_id,
        kind=SEAT_REMINDER,
        content={"request": request.id, "starts_at": seat.starts_at.isoformat()},
        now=acting.now,
        priority=Priority.DEADLINE,
        not_before=seat.starts_at - before,
        expires=seat.starts_at,
        dedupe_key=f"seat:{request.id}:{request.version}",
        group_key=f"{news_group(request.id)}:seat",
    )
