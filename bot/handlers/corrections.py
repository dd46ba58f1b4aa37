"""/correct: a registrar proposes to correct a posted mark, step by step."""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import Html, Texts, msgid
from bot.jobs.motions import proposed
from bot.middlewares.context import WRITES, Answers, Holds, Said
from bot.notices.corrections import NOTICES
from bot.screen import Event, Screen
from bot.screens import corrections as screens
from bot.screens.corrections import (
    EarlierPeriods,
    Form,
    PickOutcome,
    PickSitting,
    PickStudent,
    PickValue,
    Propose,
    StartCorrection,
    StepBack,
    Value,
)
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.motions import why
from bot.words.courses import reference
from policy.decision import Refused
from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from policy.reading import reach
from services.corrections import (
    CorrectionRefusal,
    compare,
    correctable,
    may_correct,
    propose_correction,
    would_correct,
)
from services.reads import record_read
from storage.records import Draft, Person
from storage.unit import Storage

FORM = "correct mark"
MARK = re.compile(r"\d{1,3}([.,]\d{1,2})?")

Answer = EarlierPeriods | PickValue | PickOutcome | StepBack


@dataclass(frozen=True, slots=True)
class Counter:
    """Who is at work on a correction, and through what."""

    storage: Storage
    texts: Texts
    voices: Mapping[Language, Texts]
    person: Person
    roles: tuple[RoleGrant, ...]
    user: int
    now: datetime
    today: date
    profile: Profile


async def begin(_: Event, counter: Counter) -> Said:
    """Ask whose mark it is."""
    return await _go_on(counter, Form(_token()))


async def step(_: CallbackQuery, callback_data: Answer | PickStudent | PickSitting, counter: Counter) -> Said:
    """Take an answer given by a button; one from an earlier screen only shows where the form stands."""
    form = await _form(counter)
    if form is None:
        return screens.form_over(counter.texts)
    if form.token != callback_data.token:
        return await _question(counter, form)
    if isinstance(callback_data, PickSitting):
        return await _go_on(counter, await _picked(counter, form, callback_data))
    if isinstance(callback_data, PickStudent):
        return await _chosen(counter, form, callback_data.student)
    return await _go_on(counter, _answered(form, callback_data))


async def write(message: Message, draft: Draft, counter: Counter) -> Said:
    """Take an answer that was written."""
    form, text = _read(draft), (message.text or "").strip()
    if form.student is None:
        return await _search(counter, form, text)
    if form.course is None or form.value is None or (form.new is None and form.value is Value.OUTCOME):
        return await _question(counter, form, screens.use_buttons(counter.texts))
    if form.new is None:
        if not MARK.fullmatch(text):
            return await _question(counter, form, screens.no_mark(counter.texts))
        return await _go_on(counter, replace(form, new=text.replace(",", ".")))
    if len(text) > LONGEST_REASON:
        return too_long(counter.texts, len(text))
    return await _go_on(counter, replace(form, reason=text))


async def propose(_: CallbackQuery, callback_data: Propose, counter: Counter) -> Said:
    """Propose the correction; everybody who may confirm it is owed a card."""
    form, storage = await _form(counter), counter.storage
    if form is None:
        return screens.form_over(counter.texts)
    if form.token != callback_data.token or form.reason is None:
        return await _question(counter, form)
    await storage.drafts.drop(counter.user, counter.user)
    done = await propose_correction(storage, **_target(counter, form), reason=form.reason)
    if isinstance(done, Refused):
        return screens.form_refused(counter.texts, form, why(counter.texts, done))
    return await proposed(
        storage, done.motion, counter.texts, by=counter.person.person_id, now=counter.now, profile=counter.profile
    )


async def _go_on(counter: Counter, form: Form) -> Screen:
    """Keep the form and show its next question; a value that cannot be proposed is asked for again, with the reason."""
    said: tuple[Html, ...] = ()
    if form.new is not None:
        would = await would_correct(counter.storage, **_target(counter, form))
        if isinstance(would, Refused):
            form = replace(form, new=None, reason=None)
            said = (why(counter.texts, would),)
    form = replace(form, token=_token())
    await counter.storage.drafts.keep(counter.user, counter.user, FORM, asdict(form), at=counter.now)
    await counter.storage.commit()
    return await _question(counter, form, *said)


async def _question(counter: Counter, form: Form, *said: Html) -> Screen:
    """Return the screen at which a form stands."""
    storage, texts = counter.storage, counter.texts
    if form.student is None:
        return screens.ask_student(texts, *said)
    by, now, profile = counter.person.person_id, counter.now, counter.profile
    student = await may_correct(storage, form.student, by=by, now=now, profile=profile)
    if isinstance(student, Refused):
        return screens.ask_student(texts, *said, screens.nobody_found(texts))
    enrolments = [each for each in await correctable(storage, student.person_id, by=by) if screens.posted(each)]
    chosen = [each for each in enrolments if (each.period, each.course.code) == (form.period, form.course)]
    attempt = next((each for enrolment in chosen for each in enrolment.attempts if each.number == form.attempt), None)
    if attempt is None:
        return screens.choose_sitting(texts, form, student, enrolments, *said)
    if form.value is None:
        return screens.choose_value(texts, form, student, chosen[0].course, attempt, *said)
    if form.new is None:
        return screens.ask_new(texts, form, attempt, *said)
    if form.reason is None:
        return screens.ask_reason(texts, form, *said)
    target = _target(counter, form)
    would = await would_correct(storage, **target)
    if isinstance(would, Refused):
        return screens.form_refused(texts, form, why(texts, would))
    compared = await compare(
        storage,
        student=student,
        period=target["period"],
        course_code=target["course_code"],
        before=would.before,
        after=would.after,
        now=counter.now,
        profile=counter.profile,
    )
    return screens.proposal(texts, form, student, compared)


async def _search(counter: Counter, form: Form, text: str) -> Screen:
    within = reach(counter.roles, {Role.REGISTRAR}, on=counter.today)
    those = await counter.storage.students.found(text, limit=screens.PEOPLE_SHOWN + 1, within=within)
    if not those:
        return screens.ask_student(counter.texts, screens.nobody_found(counter.texts))
    if len(those) == 1:
        return await _chosen(counter, form, those[0].person_id)
    await _seen(counter, (each.person_id for each in those[: screens.PEOPLE_SHOWN]), "person")
    await counter.storage.commit()
    return screens.choose_student(counter.texts, form, those)


async def _chosen(counter: Counter, form: Form, student_id: str) -> Screen:
    """Go on with a student whose marks may be shown, and keep that they were; else ask again."""
    by, now, profile = counter.person.person_id, counter.now, counter.profile
    student = await may_correct(counter.storage, student_id, by=by, now=now, profile=profile)
    if isinstance(student, Refused):
        own = student.reason is CorrectionRefusal.OWN_MARK
        said = why(counter.texts, student) if own else screens.nobody_found(counter.texts)
        return screens.ask_student(counter.texts, said)
    await _seen(counter, [student_id], "marks")
    return await _go_on(counter, replace(form, student=student_id))


async def _seen(counter: Counter, people: Iterable[str], what: str) -> None:
    """Keep whose records are shown, and to whom; the caller commits."""
    await record_read(
        counter.storage, of=people, what=what, cause="correction", by=counter.person.person_id, now=counter.now
    )


async def _picked(counter: Counter, form: Form, answer: PickSitting) -> Form:
    for each in await correctable(counter.storage, form.student or "", by=counter.person.person_id):
        if reference(each.period, each.course.code) == answer.course:
            return replace(form, period=each.period, course=each.course.code, attempt=answer.attempt)
    return form


def _answered(form: Form, answer: Answer) -> Form:
    match answer:
        case EarlierPeriods():
            return replace(form, skipped=form.skipped + screens.PERIODS_SHOWN)
        case PickValue():
            return replace(form, value=answer.value)
        case PickOutcome():
            return replace(form, new=answer.outcome) if form.value is Value.OUTCOME else form
        case StepBack():
            return form.back()


def _target(counter: Counter, form: Form) -> dict[str, Any]:
    """Return what `would_correct` and `propose_correction` ask for."""
    return {
        "student_id": form.student or "",
        "period": form.period or "",
        "course_code": form.course or "",
        "attempt": form.attempt,
        "values": form.values,
        "by": counter.person.person_id,
        "now": counter.now,
        "profile": counter.profile,
    }


async def _form(counter: Counter) -> Form | None:
    draft = await counter.storage.drafts.of(counter.user, counter.user)
    return _read(draft) if draft and draft.form == FORM else None


def _read(draft: Draft) -> Form:
    value = draft.content["value"]
    return Form(**{**draft.content, "value": value and Value(value)})


def _token() -> str:
    return secrets.token_hex(4)


async def _open_counter(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Give the handlers of this feature what they all need."""
    names = ("storage", "texts", "voices", "person", "roles", "now", "today", "profile")
    data["counter"] = Counter(user=data["event_context"].user_id, **{name: data[name] for name in names})
    return await handler(event, data)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(Role.REGISTRAR))
        observer.middleware(_open_counter)
    router.message.register(begin, Command("correct"), flags=WRITES)
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.callback_query.register(begin, StartCorrection.filter(), flags=WRITES)
    for button in (PickStudent, EarlierPeriods, PickSitting, PickValue, PickOutcome, StepBack):
        router.callback_query.register(step, button.filter(), flags=WRITES)
    router.callback_query.register(propose, Propose.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(NamedCommand("correct", msgid("Correct a posted mark"), 1, Audience.OFFICE),),
    notices=NOTICES,
)
