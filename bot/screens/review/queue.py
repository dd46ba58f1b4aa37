"""A queue as somebody who deals with it reads it: what waits, the nearest deadline first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.menu import back
from bot.screens.review.buttons import OpenCase, OpenQueue
from bot.words.contacts import desk
from bot.words.requests import kind_name, number, stands
from bot.words.review import queue_name
from bot.words.windows import moment, until
from policy.people import Language
from policy.profile import Profile
from policy.requests import DESKS, Queue, RequestState
from services.requests.cases import Queued, Waiting
from storage.records import Person
from storage.requests import Request

Listed = TypeVar("Listed")
PAGE = 6
TO_ENTER = "to_enter"  # upheld marks, beside what `Waiting` knows
FILTERS: Mapping[str, str] = {
    Waiting.ALL: msgid("All"),
    Waiting.NEW: msgid("New"),
    Waiting.MINE: msgid("Mine"),
    Waiting.TO_SIGN: msgid("To sign"),
    Waiting.OVERDUE: msgid("Overdue"),
    Waiting.PAUSED: msgid("Wait for the student"),
    TO_ENTER: msgid("To enter"),
}
EMPTY: Mapping[str, str] = {
    Waiting.ALL: msgid("Nothing waits. New requests come here by themselves."),
    Waiting.NEW: msgid("There is nothing new."),
    Waiting.MINE: msgid('You have taken no case. New ones are under "New".'),
    Waiting.TO_SIGN: msgid("Nothing waits for a signature."),
    Waiting.OVERDUE: msgid("Nothing is overdue."),
    Waiting.PAUSED: msgid("No case waits for a student's answer."),
    TO_ENTER: msgid("No upheld mark waits to be entered."),
}


def page_of(button: OpenQueue, those: Sequence[Listed]) -> Sequence[Listed]:
    """Return what stands on a page; on one that there is not, the first."""
    first = button.page * PAGE if button.page * PAGE < len(those) else 0
    return those[first : first + PAGE]


def queue(
    texts: Texts,
    button: OpenQueue,
    those: Sequence[Queued],
    mine: Sequence[Queue],
    more: Rows,
    *,
    entries: int,
    now: datetime,
) -> Screen:
    """Show a page of a queue, and how many marks wait to be entered besides.

    `mine` are the queues this person deals with, `more` is what else can be done here.
    """
    page = page_of(button, those)
    return Screen(
        paragraphs(
            lines(bold(queue_name(texts, button.queue)), texts(FILTERS[button.which])),
            texts("Requests: {n}", n=len(those)) if those else texts(EMPTY[button.which]),
            *(_entry(texts, each, now) for each in page),
            texts("📥 Marks to be entered in the university's system: <b>{n}</b>", n=entries) if entries else None,
        ),
        (
            *_numbered([each.request for each in page], texts),
            *_pages(texts, button, len(those)),
            *_filters(texts, button),
            *_others(texts, button, mine),
            *more,
            back(texts),
        ),
        anew=button.anew,
        protected=True,
    )


def to_enter(
    texts: Texts, button: OpenQueue, those: Sequence[tuple[Request, Person]], mine: Sequence[Queue], *, now: datetime
) -> Screen:
    """Show the upheld marks that are still to be entered."""
    page = page_of(button, those)
    return Screen(
        paragraphs(
            lines(bold(queue_name(texts, button.queue)), texts(FILTERS[TO_ENTER])),
            texts("Requests: {n}", n=len(those)) if those else texts(EMPTY[TO_ENTER]),
            *(
                texts(
                    "<b>{number}</b>. {name}, {course}. Filed: {at}",
                    number=number(texts, request.id),
                    name=person.name.short,
                    course=request.exam.course_code,
                    at=moment(texts, request.filed_at, now),
                )
                for request, person in page
            ),
        ),
        (
            *_numbered([request for request, _ in page], texts),
            *_pages(texts, button, len(those)),
            *_filters(texts, button),
            *_others(texts, button, mine),
            back(texts),
        ),
        anew=button.anew,
    )


def no_queue(texts: Texts, profile: Profile) -> Screen:
    """Tell somebody who deals with no requests where students ask."""
    return Screen(
        paragraphs(
            texts("You hold no role today that deals with students' requests."),
            desk(texts, profile.contacts.service_desk),
        ),
        (back(texts),),
    )


def _entry(texts: Texts, each: Queued, now: datetime) -> Html:
    request = each.request
    course = each.course_kk if texts.language is Language.KK else each.course_ru
    name = texts(
        "{sign} <b>{number}</b>. {kind}",
        sign=_sign(each),
        number=number(texts, request.id),
        kind=kind_name(texts, request.kind),
    )
    return lines(
        name,
        texts("{name}, {group}. {course}", name=each.student.name.short, group=each.student.group, course=course),
        texts(
            "{state}. Answer until: {until}",
            state=stands(texts, request).capitalize(),
            until=until(texts, request.due_at, now),
        )
        if request.paused_at is None
        else stands(texts, request).capitalize(),
    )


def _sign(each: Queued) -> str:
    if each.request.paused_at is not None:
        return "⏸"
    if each.overdue:
        return "⏰"
    return {RequestState.FILED: "🆕", RequestState.PROPOSED: "✍️"}.get(each.request.state, "👤")


def _numbered(those: Sequence[Request], texts: Texts) -> Rows:
    buttons = [Button(number(texts, each.id), OpenCase(number=each.id)) for each in those]
    return [buttons[start : start + 3] for start in range(0, len(buttons), 3)]


def _pages(texts: Texts, button: OpenQueue, total: int) -> Rows:
    turned = []
    if button.page > 0:
        turned.append(Button(texts.plain("« Earlier"), _to(button, page=button.page - 1)))
    if (button.page + 1) * PAGE < total:
        turned.append(Button(texts.plain("Later »"), _to(button, page=button.page + 1)))
    return [turned] if turned else []


def _filters(texts: Texts, button: OpenQueue) -> Rows:
    offered = [which for which in FILTERS if _fits(which, button.queue)]
    buttons = [
        Button(("• " if which == button.which else "") + texts.plain(FILTERS[which]), _to(button, which=which))
        for which in offered
    ]
    return [buttons[start : start + 3] for start in range(0, len(buttons), 3)]


def _fits(which: str, queue: Queue) -> bool:
    if which == TO_ENTER:
        return DESKS[queue].enters_marks
    return which != Waiting.TO_SIGN or DESKS[queue].commission


def _others(texts: Texts, button: OpenQueue, mine: Sequence[Queue]) -> Iterable[tuple[Button, ...]]:
    for each in mine:
        if each is not button.queue:
            yield (Button(queue_name(texts, each), OpenQueue(queue=each)),)


def _to(button: OpenQueue, *, which: str | None = None, page: int = 0) -> OpenQueue:
    return OpenQueue(queue=button.queue, which=which or button.which, page=page)
