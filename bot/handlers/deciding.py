"""Forms about a case: a decision with its points and reason, a question, a seat; filled in step by step, then done."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from bot.buttons import is_near
from bot.feature import Feature
from bot.handlers.cases import CASE_FORM, after, why
from bot.i18n import Html, paragraphs
from bot.middlewares.context import FINAL, WRITES, Answers, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.screen import Screen
from bot.screens.review import deciding as screens
from bot.screens.review.buttons import (
    BeginCallOff,
    BeginQuestion,
    BeginReturn,
    BeginSeat,
    BeginVerdict,
    ConfirmStep,
    PickSlot,
    SetPoints,
    StepBack,
    StepOn,
    UseTemplate,
)
from bot.screens.review.deciding import Asks, CaseForm, Doing
from bot.words.review import refusal
from policy.calendar import ExamSlot
from policy.decision import Refused
from policy.people import Language
from policy.requests import RequestState
from policy.review import Act, decided_in_one_step
from services.requests.cases import Case, acts_again, acts_of, case_again, case_for
from services.requests.outlook import Outlook, outlook_of
from services.requests.reviewing import (
    REASON_LENGTH,
    Verdict,
    ask,
    call_off,
    decide,
    decide_again,
    give_seat,
    propose,
    propose_again,
    send_back,
    send_back_again,
)
from storage.queues import ReasonTemplate
from storage.records import Draft

POINTS = re.compile(r"\+?\s*(\d{1,3})")
SEAT = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?,?\s+(\d{1,2})[:.](\d{2}),?\s+(\S.*)")
SLOTS = 5  # lines of the timetable offered
NEEDED = {
    Doing.VERDICT: Act.PREPARE,
    Doing.QUESTION: Act.PREPARE,
    Doing.RETURN: Act.SIGN,
    Doing.SEAT: Act.SEAT,
    Doing.CALL_OFF: Act.SEAT,
}
AGAIN = {Doing.AGAIN: Act.PREPARE, Doing.RETURN_AGAIN: Act.SIGN}  # where a refusal is followed
Begin = BeginQuestion | BeginReturn | BeginSeat | BeginCallOff
BEGINS: dict[type[Begin], Doing] = {
    BeginQuestion: Doing.QUESTION,
    BeginReturn: Doing.RETURN,
    BeginSeat: Doing.SEAT,
    BeginCallOff: Doing.CALL_OFF,
}

Step = SetPoints | StepOn | StepBack | UseTemplate | PickSlot


async def begin_verdict(_: CallbackQuery, callback_data: BeginVerdict, reviewer: Reviewer) -> Said:
    """Begin a decision: its points, where it has some, else its reason."""
    doing = Doing.AGAIN if callback_data.again else Doing.VERDICT
    return await _begin(reviewer, callback_data.number, callback_data.version, doing, callback_data.outcome)


async def begin(_: CallbackQuery, callback_data: Begin, reviewer: Reviewer) -> Said:
    """Begin any other form."""
    doing = BEGINS[type(callback_data)]
    request = await reviewer.storage.requests.by_id(callback_data.number)
    if doing is Doing.RETURN and request and request.state is RequestState.REFUSED:
        doing = Doing.RETURN_AGAIN
    return await _begin(reviewer, callback_data.number, callback_data.version, doing)


async def step(_: CallbackQuery, callback_data: Step, reviewer: Reviewer) -> Said:
    """Take an answer given by a button; one from an earlier screen only shows where the form stands."""
    form = await _form(reviewer)
    if form is None or form.token != callback_data.token:
        return await _elsewhere(reviewer, form)
    case = await _case(reviewer, form)
    if isinstance(case, Refused):
        return await _stop(reviewer, form, case)
    match callback_data:
        case SetPoints(points=points):
            return await _set_points(reviewer, case, form, points)
        case StepOn():
            return await _go_on(reviewer, case, replace(form, asks=Asks.TEXT))
        case StepBack():
            return await _go_on(reviewer, case, form.back())
        case UseTemplate(template=number):
            return await _use_template(reviewer, case, form, number)
        case PickSlot(place=place):
            return await _pick_slot(reviewer, case, form, place)


async def write(message: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Take an answer that was written."""
    form, text = CaseForm.read(draft.content), (message.text or "").strip()
    case = await _case(reviewer, form)
    if isinstance(case, Refused):
        return await _stop(reviewer, replace(form, text=text), case)
    match form.asks:
        case Asks.POINTS:
            found = POINTS.fullmatch(text)
            if found is None:
                return await _question(reviewer, case, form, screens.not_points(reviewer.texts))
            return await _set_points(reviewer, case, form, int(found[1]))
        case Asks.TEXT:
            return await _set_text(reviewer, case, form, text)
        case Asks.SEAT:
            return await _set_seat(reviewer, case, form, text)
        case Asks.CONFIRM:
            return await _question(reviewer, case, form, screens.use_buttons(reviewer.texts))


async def ask_for_text(_: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Say that a voice, a picture or a sticker is no answer, and ask again."""
    form = CaseForm.read(draft.content)
    case = await _case(reviewer, form)
    if isinstance(case, Refused):
        return await _stop(reviewer, form, case)
    return await _question(reviewer, case, form, screens.only_text(reviewer.texts))


async def confirm(_: CallbackQuery, callback_data: ConfirmStep, reviewer: Reviewer) -> Said:
    """Do what the form says, as it was shown."""
    form = await _form(reviewer)
    if form is None or form.token != callback_data.token or form.asks is not Asks.CONFIRM:
        return await _elsewhere(reviewer, form)
    case = await _case(reviewer, form)
    if isinstance(case, Refused):
        return await _stop(reviewer, form, case)
    signs = await _signs(reviewer, case, form)
    done = await _do(reviewer, form, signs=signs)
    if isinstance(done, Refused):
        return await _stop(reviewer, form, done)
    await reviewer.leave(CASE_FORM)
    return await after(reviewer, form.number, done, screens.done(reviewer.texts, form, signs=signs))


async def _begin(
    reviewer: Reviewer, number: int, version: int, doing: Doing, outcome: RequestState | None = None
) -> Screen:
    form = CaseForm("", number, version, doing, Asks.SEAT if doing is Doing.SEAT else Asks.TEXT, outcome)
    case = await _case(reviewer, form)
    if isinstance(case, Refused):
        return await why(reviewer, number, case)
    if case.kind.gives_points and outcome is RequestState.UPHELD:
        possible = outlook_of(case, 1)
        if isinstance(possible, Refused):
            return await why(reviewer, number, possible)
        form = replace(form, asks=Asks.POINTS, points=1)
    return await _go_on(reviewer, case, form)


async def _stop(reviewer: Reviewer, form: CaseForm, refused: Refused[Any]) -> Screen:
    """Leave a form whose step can no longer be taken, and give back what was written."""
    await reviewer.leave(CASE_FORM)
    said, text = await why(reviewer, form.number, refused), screens.your_text(reviewer.texts, form)
    return replace(said, text=paragraphs(said.text, text)) if text else said


async def _case(reviewer: Reviewer, form: CaseForm) -> Case | Refused[Any]:
    """Return the case of a form, if this person may still do this to it as it was when they began."""
    opens, act = (case_for, NEEDED[form.doing]) if form.doing in NEEDED else (case_again, AGAIN[form.doing])
    return await opens(
        reviewer.storage,
        act,
        request_id=form.number,
        by=reviewer.by,
        now=reviewer.now,
        profile=reviewer.profile,
        version=form.version,
    )


async def _go_on(reviewer: Reviewer, case: Case, form: CaseForm, *said: Html) -> Screen:
    """Keep the form and show its next question."""
    form = replace(form, token=secrets.token_hex(4))
    await reviewer.keep(CASE_FORM, form.written())
    return await _question(reviewer, case, form, *said)


async def _question(reviewer: Reviewer, case: Case, form: CaseForm, *said: Html) -> Screen:
    """Return the screen at which a form stands."""
    texts, now = reviewer.texts, reviewer.now
    outlook = outlook_of(case, form.points) if form.points else None
    seen = outlook if isinstance(outlook, Outlook) else None
    if form.asks is Asks.POINTS and seen:
        return screens.ask_points(texts, case, form, seen, *said)
    if form.asks is Asks.SEAT:
        return screens.ask_seat(texts, case, form, _slots(case), now, *said)
    if form.asks is Asks.TEXT:
        return screens.ask_text(texts, case, form, await _templates(reviewer, case, form), *said)
    signs = await _signs(reviewer, case, form)
    return screens.confirm(texts, case, form, *said, outlook=seen, signs=signs, now=now)


async def _set_points(reviewer: Reviewer, case: Case, form: CaseForm, points: int) -> Screen:
    outlook = outlook_of(case, points)
    if isinstance(outlook, Refused):
        return await _question(reviewer, case, form, refusal(reviewer.texts, outlook, now=reviewer.now))
    return await _go_on(reviewer, case, replace(form, points=points, asks=Asks.POINTS))


async def _set_text(reviewer: Reviewer, case: Case, form: CaseForm, text: str) -> Screen:
    if len(text) > REASON_LENGTH:
        return await _question(reviewer, case, form, screens.too_long(reviewer.texts, len(text)))
    return await _go_on(reviewer, case, replace(form, text=text, asks=Asks.CONFIRM))


async def _set_seat(reviewer: Reviewer, case: Case, form: CaseForm, text: str) -> Screen:
    found = SEAT.fullmatch(text)
    starts = found and seat_instant(*found.groups()[:5], now=reviewer.now.astimezone(reviewer.texts.zone))
    if found is None or starts is None:
        return await _question(reviewer, case, form, screens.not_a_seat(reviewer.texts))
    seat = replace(form, seat_at=starts.isoformat(), room=found[6].strip(), asks=Asks.CONFIRM)
    return await _go_on(reviewer, case, seat)


async def _use_template(reviewer: Reviewer, case: Case, form: CaseForm, number: int) -> Screen:
    template = await reviewer.storage.queues.template(number)
    if template is None or form.asks is not Asks.TEXT:
        return await _question(reviewer, case, form)
    text = template.text_kk if case.student.language is Language.KK else template.text_ru
    return await _go_on(reviewer, case, replace(form, text=text, asks=Asks.CONFIRM))


async def _pick_slot(reviewer: Reviewer, case: Case, form: CaseForm, place: int) -> Screen:
    slots = _slots(case)
    if place >= len(slots):
        return await _question(reviewer, case, form)
    slot = slots[place]
    if not slot.room:
        return await _question(reviewer, case, form, screens.not_a_seat(reviewer.texts))
    seat = replace(form, seat_at=slot.starts.isoformat(), room=slot.room, asks=Asks.CONFIRM)
    return await _go_on(reviewer, case, seat)


async def _do(reviewer: Reviewer, form: CaseForm, *, signs: bool) -> Any:
    """Take the step; returns what its use case returns."""
    storage, acting, text = reviewer.storage, reviewer.acting(form.version), form.text or ""
    match form.doing:
        case Doing.QUESTION:
            return await ask(storage, form.number, text, acting)
        case Doing.RETURN:
            return await send_back(storage, form.number, text, acting)
        case Doing.RETURN_AGAIN:
            return await send_back_again(storage, form.number, text, acting)
        case Doing.CALL_OFF:
            return await call_off(storage, form.number, text, acting)
        case Doing.SEAT if form.seat:
            return await give_seat(storage, form.number, form.seat, acting)
    verdict = Verdict(form.outcome or RequestState.REFUSED, text, form.points)
    if form.doing is Doing.AGAIN:
        return await (decide_again if signs else propose_again)(storage, form.number, verdict, acting)
    return await (decide if signs else propose)(storage, form.number, verdict, acting)


async def _signs(reviewer: Reviewer, case: Case, form: CaseForm) -> bool:
    """Tell whether what is decided takes effect at once."""
    grants = await reviewer.storage.roles.of_person(reviewer.by)
    may = acts_again if form.doing is Doing.AGAIN else acts_of
    acts = may(case, by=reviewer.by, grants=grants, profile=reviewer.profile)
    return Act.SIGN in acts and decided_in_one_step(case.request.kind, reviewer.profile.requests)


async def _templates(reviewer: Reviewer, case: Case, form: CaseForm) -> Sequence[ReasonTemplate]:
    return await reviewer.storage.queues.templates(case.kind.queue, form.outcome) if form.outcome else ()


def _slots(case: Case) -> Sequence[ExamSlot]:
    return case.study.slots_ahead(case.standing.enrolment)[:SLOTS] if case.standing else ()


async def _form(reviewer: Reviewer) -> CaseForm | None:
    draft = await reviewer.draft(CASE_FORM)
    return CaseForm.read(draft.content) if draft else None


async def _elsewhere(reviewer: Reviewer, form: CaseForm | None) -> Screen:
    """Show where the form stands that a button does not belong to."""
    if form is None:
        return screens.over(reviewer.texts)
    case = await _case(reviewer, form)
    return (
        await why(reviewer, form.number, case) if isinstance(case, Refused) else await _question(reviewer, case, form)
    )


def seat_instant(day: str, month: str, year: str | None, hour: str, minute: str, *, now: datetime) -> datetime | None:
    """Return the instant that was written, in the zone of `now`: without a year the next such day; None: none."""
    try:
        at = now.replace(
            year=int(year or now.year),
            month=int(month),
            day=int(day),
            hour=int(hour),
            minute=int(minute),
            second=0,
            microsecond=0,
        )
        at = at if year or at.date() >= now.date() else at.replace(year=at.year + 1)
        return at if is_near(at.date()) else None
    except ValueError:
        return None


class _NotText(Filter):
    """Passes what is no text while the form is open."""

    async def __call__(self, message: Message, draft: Draft | None) -> bool:
        """Tell whether this message cannot answer the form."""
        return draft is not None and draft.form == CASE_FORM and message.text is None


def router() -> Router:
    """Return the routes of this feature."""
    router = of_staff(__name__)
    router.message.register(write, Answers(CASE_FORM), flags=WRITES)
    router.message.register(ask_for_text, _NotText(), flags=WRITES)
    router.callback_query.register(begin_verdict, BeginVerdict.filter(), flags=WRITES)
    for first in BEGINS:
        router.callback_query.register(begin, first.filter(), flags=WRITES)
    for button in (SetPoints, StepOn, StepBack, UseTemplate, PickSlot):
        router.callback_query.register(step, button.filter(), flags=WRITES)
    router.callback_query.register(confirm, ConfirmStep.filter(), flags=FINAL)
    return router


FEATURE = Feature(router=router)
