"""Cards: what a staff chat, or a member of the staff, reads of a request; no marks, no reasons."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.review.buttons import ChooseSubstitute, OpenCase, OpenQueue, TakeCase
from bot.words.requests import became, exam_title, filed_late, kind_name, number, stands, state_name
from bot.words.review import queue_name
from bot.words.windows import moment, until
from policy.marks import Course
from policy.requests import DESKS, Queue, RequestState
from services.requests.cases import Case
from storage.requests import Request

NAMED = 5  # overdue requests by their numbers
LISTED = 15  # requests of a queue in its group


def card(texts: Texts, case: Case, *, queue: Queue, link: str | None, now: datetime) -> Screen:
    """Say which case waits, whose, until when, and what became of it.

    `link` is the address of the bot for a group; None: the reader's private chat, where the case opens in place.
    """
    request, student = case.request, case.student
    to_enter = DESKS[queue].enters_marks and case.kind.gives_points
    return Screen(
        paragraphs(
            bold(texts("{number}. {kind}", number=number(texts, request.id), kind=kind_name(texts, request.kind))),
            lines(
                texts("Student: {name}, {group}", name=student.name.full, group=student.group),
                texts("Course: {course}", course=exam_title(texts, _course(case), request.exam)),
                texts("Filed: {at}", at=moment(texts, request.filed_at, now)),
                filed_late(texts, request.closes_at, now) if request.late else None,
                _event(texts, case, now),
                texts("Answer until: <b>{until}</b>", until=until(texts, request.due_at, now))
                if request.open and request.paused_at is None
                else None,
            ),
            lines(*(_entry(texts, case, now) if to_enter else _state(texts, case, now))),
            _untold(texts, case),
        ),
        _buttons(texts, case, link, to_enter=to_enter),
    )


def summary(
    texts: Texts, queue: Queue, waiting: Sequence[Request], *, overdue: int, link: str | None, now: datetime
) -> Screen:
    """Say how many requests wait in a queue, for a time when one card each would be too many."""
    running = [each for each in waiting if each.paused_at is None]
    return Screen(
        paragraphs(
            bold(queue_name(texts, queue)),
            lines(
                texts("Requests that wait: <b>{n}</b>", n=len(waiting)) if waiting else texts("Nothing waits."),
                texts("Nearest deadline: {until}", until=until(texts, running[0].due_at, now)) if running else None,
                texts("Overdue: {n}", n=overdue) if overdue else None,
            ),
            texts("Many come now, so each gets no card of its own. The list: /queue") if waiting else None,
        ),
        _to_queue(texts, queue, link),
    )


def listed(texts: Texts, queue: Queue, waiting: Sequence[Request], *, overdue: int, link: str, now: datetime) -> Screen:
    """List what waits in a queue for its group: numbers, kinds and deadlines, nobody's name."""
    lined = [
        texts(
            "{number}. {kind}: {until}",
            number=number(texts, each.id),
            kind=kind_name(texts, each.kind),
            until=stands(texts, each) if each.paused_at else until(texts, each.due_at, now),
        )
        for each in waiting[:LISTED]
    ]
    return Screen(
        paragraphs(
            bold(queue_name(texts, queue)),
            lines(
                texts("Requests that wait: <b>{n}</b>", n=len(waiting)) if waiting else texts("Nothing waits."),
                texts("Overdue: {n}", n=overdue) if overdue else None,
            ),
            lines(*lined, texts("and {n} more", n=len(waiting) - LISTED) if len(waiting) > LISTED else None),
        ),
        _to_queue(texts, queue, link),
    )


def elsewhere(texts: Texts, link: str) -> Screen:
    """Say that no queue is bound to this place, and where one's own queue is read."""
    return Screen(
        texts("No queue's cards come here. Your own queue opens in the private chat."),
        ((Button(texts.plain("What waits"), url=f"{link}?start=queue"),),),
    )


def not_yours(texts: Texts) -> Screen:
    """Say that what waits is for those who deal with it."""
    return Screen(texts("You hold no role that lets you do this."))


def overdue(texts: Texts, queue: Queue, late: Sequence[Request], *, link: str | None, now: datetime) -> Screen:
    """Remind of requests whose answer is late."""
    named = [
        texts(
            "{number}. {kind}, answer was due: {until}",
            number=number(texts, each.id),
            kind=kind_name(texts, each.kind),
            until=until(texts, each.due_at, now),
        )
        for each in late[:NAMED]
    ]
    return Screen(
        paragraphs(
            texts("⏰ <b>{queue}</b>: answers are late", queue=queue_name(texts, queue)),
            lines(*named, texts("and {n} more", n=len(late) - NAMED) if len(late) > NAMED else None),
        ),
        _to_queue(texts, queue, link),
    )


def unread_group(texts: Texts, queue: Queue) -> Screen:
    """Tell who bound a group that the bot cannot write there."""
    return Screen(
        paragraphs(
            texts("⚠️ The bot cannot write in the group of this queue: <b>{queue}</b>", queue=queue_name(texts, queue)),
            texts("Requests go on coming, and nobody reads their cards. What waits is under /queue."),
            texts("Let the bot write there again, or send /bind in another group."),
        )
    )


def no_longer_yours(texts: Texts) -> Screen:
    """Take back what a card said to somebody whose work it is no longer."""
    return Screen(texts("This case is no longer for you: your role has ended, or you have an interest in it."))


def substitute_needed(texts: Texts, case: Case) -> Screen:
    """Ask an administrator to name somebody who signs, because nobody who could is free of conflict."""
    return Screen(
        paragraphs(
            bold(
                texts(
                    "{number}. {kind}", number=number(texts, case.request.id), kind=kind_name(texts, case.request.kind)
                )
            ),
            texts("Everybody who could sign this case has a conflict of interest, or nobody holds the role."),
            texts("Name a substitute for this one case."),
        ),
        ((Button(texts.plain("Name a substitute"), ChooseSubstitute(number=case.request.id)),),),
    )


def _course(case: Case) -> Course:
    code = case.request.exam.course_code
    return case.standing.enrolment.course if case.standing else Course(code, None, None)


def _event(texts: Texts, case: Case, now: datetime) -> Html | None:
    """Say what became of the mark since, while it is to be decided."""
    if not case.events or not (case.request.open or case.request.proposal):
        return None
    latest = case.events[-1]
    return texts("⚠️ {at}: <b>{what}</b>", at=moment(texts, latest.at, now), what=became(texts, latest))


def _state(texts: Texts, case: Case, now: datetime) -> Iterable[Html | None]:
    request = case.request
    match request.state:
        case RequestState.FILED:
            yield texts("🆕 Nobody has taken it yet")
        case RequestState.IN_REVIEW if request.paused_at is not None:
            yield texts(
                "⏸ Waits for the student since {at}: the time to answer stands still",
                at=moment(texts, request.paused_at, now),
            )
        case RequestState.PROPOSED | RequestState.REFUSED if request.proposal:
            yield texts("✍️ Waits for a signature. Prepared by: {name}", name=case.name(request.proposal.by))
        case RequestState.WITHDRAWN | RequestState.VOID:
            yield texts("⚪️ {state}", state=stands(texts, request))
    if request.open and request.taken_by and request.taken_at:
        yield texts(
            "👤 Taken by {name}: {at}", name=case.name(request.taken_by), at=moment(texts, request.taken_at, now)
        )
    yield from (_decision(texts, case, place, now) for place in range(len(case.decisions)))
    if request.seat:
        yield texts("🗓 Exam: {at}, room {room}", at=moment(texts, request.seat.starts_at, now), room=request.seat.room)
    if request.entered_at:
        yield _entered(texts, case, request.entered_at, now)


def _entry(texts: Texts, case: Case, now: datetime) -> Iterable[Html]:
    """Say of an upheld mark whether the registrar's office has entered it."""
    yield from (_decision(texts, case, place, now) for place in range(len(case.decisions)))
    if case.request.entered_at:
        yield _entered(texts, case, case.request.entered_at, now)
    else:
        yield texts("📥 To be entered in the university's system")


def _entered(texts: Texts, case: Case, at: datetime, now: datetime) -> Html:
    return texts("📥 Entered by {name}: {at}", name=case.name(case.request.entered_by), at=moment(texts, at, now))


def _decision(texts: Texts, case: Case, place: int, now: datetime) -> Html:
    decision = case.decisions[place]
    return texts(
        "{sign} {outcome}. Decided by {name}: {at}",
        sign="❌" if decision.outcome is RequestState.REFUSED else "✅",
        outcome=state_name(texts, case.request.kind, decision.outcome).capitalize(),
        name=case.name(decision.signed_by),
        at=moment(texts, decision.signed_at, now),
    )


def _untold(texts: Texts, case: Case) -> Html | None:
    """Say that the bot cannot reach the student, so that somebody does."""
    if case.told.unreachable:
        return texts("⚠️ The student could not be told: they blocked the bot. Reach them another way.")
    if case.told.not_linked:
        return texts("⚠️ The student could not be told: they are not linked to the bot. Reach them another way.")
    return None


def _buttons(texts: Texts, case: Case, link: str | None, *, to_enter: bool) -> Rows:
    request = case.request
    opens = (
        Button(texts.plain("Open"), OpenCase(number=request.id, anew=True))
        if link is None
        else Button(texts.plain("Open"), url=f"{link}?start=case-{request.id}")
    )
    if request.state is RequestState.FILED and not to_enter:
        return ((Button(texts.plain("Take"), TakeCase(number=request.id, anew=True)), opens),)
    return ((opens,),)


def _to_queue(texts: Texts, queue: Queue, link: str | None) -> Rows:
    label = texts.plain("What waits")
    return (
        (
            Button(label, OpenQueue(queue=queue, anew=True))
            if link is None
            else Button(label, url=f"{link}?start=queue"),
        ),
    )
