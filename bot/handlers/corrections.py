"""/correct and /corrections: a registrar proposes to correct a posted mark, a second person decides."""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.i18n import Html, Texts
from bot.middlewares.context import FINAL, WRITES, Answers, Holds, Said
from bot.screen import Elsewhere, Event, Screen
from bot.screens import corrections as screens
from bot.screens.corrections import (
    ConfirmCorrection,
    EarlierPeriods,
    Form,
    OpenCorrection,
    PickOutcome,
    PickSitting,
    PickStudent,
    PickValue,
    Propose,
    RefuseCorrection,
    StartCorrection,
    StepBack,
    Value,
)
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.marks import reference
from bot.screens.menu import OpenCorrections
from bot.voices import voice_of
from policy.decision import Refused
from policy.people import Language, Role, RoleGrant, holds
from policy.profile import Profile
from services.corrections import (
    CorrectionRefusal,
    case_of,
    compare,
    confirm_correction,
    propose_correction,
    refuse_correction,
    second_people,
    waiting_corrections,
    would_correct,
)
from services.reads import record_read
from storage.records import Correction, CorrectionState, Draft, Person
from storage.unit import Storage

FORM = "correct mark"
REFUSAL = "refuse correction"
SEARCHED = 50  # people looked through for students
MARK = re.compile(r"\d{1,3}([.,]\d{1,2})?")

Answer = PickStudent | EarlierPeriods | PickValue | PickOutcome | StepBack


@dataclass(frozen=True, slots=True)
class Counter:
    """Who is at work on a correction, and through what."""

    storage: Storage
    texts: Texts
    voices: Mapping[Language, Texts]
    person: Person
    user: int
    now: datetime
    today: date
    profile: Profile


async def open_waiting(_: Event, counter: Counter, roles: tuple[RoleGrant, ...]) -> Said:
    """List what waits for a second person."""
    storage = counter.storage
    those = await waiting_corrections(storage, by=counter.person.person_id, now=counter.now, profile=counter.profile)
    people = await storage.people.by_ids(each.student_id for each in those)
    await _seen(counter, people, "person")
    await storage.commit()
    may_propose = holds(roles, Role.REGISTRAR, on=counter.today)
    return screens.waiting(counter.texts, those, people, may_propose=may_propose)


async def begin(_: Event, counter: Counter) -> Said:
    """Ask whose mark it is."""
    return await _go_on(counter, Form(_token()))


async def step(_: CallbackQuery, callback_data: Answer | PickSitting, counter: Counter) -> Said:
    """Take an answer given by a button; one from an earlier screen only shows where the form stands."""
    form = await _form(counter)
    if form is None:
        return screens.form_over(counter.texts)
    if form.token != callback_data.token:
        return await _question(counter, form)
    if isinstance(callback_data, PickSitting):
        return await _go_on(counter, await _picked(counter, form, callback_data))
    if isinstance(callback_data, PickStudent):
        await _seen(counter, [callback_data.student], "marks")
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
    """Propose the correction and ask everybody who may confirm it."""
    form, storage = await _form(counter), counter.storage
    if form is None:
        return screens.form_over(counter.texts)
    if form.token != callback_data.token or form.reason is None:
        return await _question(counter, form)
    await storage.drafts.drop(counter.user, counter.user)
    done = await propose_correction(storage, **_target(counter, form), reason=form.reason)
    if isinstance(done, Refused):
        return screens.form_refused(counter.texts, form, done)
    cards = await _cards(counter, done.correction_id)
    return screens.proposed(counter.texts, done, len(cards)), *cards


async def open_one(_: CallbackQuery, callback_data: OpenCorrection, counter: Counter) -> Said:
    """Show a correction that waits."""
    correction = await counter.storage.corrections.by_id(callback_data.number)
    if correction is None or correction.state is not CorrectionState.PROPOSED:
        return await _why(counter, callback_data.number, _not_open(correction))
    shown = await case_of(counter.storage, correction=correction, now=counter.now, profile=counter.profile)
    await _seen(counter, [correction.student_id], "marks")
    await counter.storage.commit()
    return screens.case(counter.texts, shown, counter.person.person_id)


async def confirm(_: CallbackQuery, callback_data: ConfirmCorrection, counter: Counter) -> Said:
    """Confirm a correction, of which the student is owed the news, and tell whoever proposed it."""
    storage, texts = counter.storage, counter.texts
    number, by = callback_data.number, counter.person
    done = await confirm_correction(
        storage, correction_id=number, by=by.person_id, now=counter.now, profile=counter.profile
    )
    if isinstance(done, Refused):
        return await _why(counter, number, done)
    correction = await storage.corrections.by_id(number)
    proposer = await _told(counter, correction, lambda theirs: screens.told_confirmed(theirs, done, by.name))
    account = await storage.accounts.of_person(done.student_id)
    told = account is not None and account.unreachable_since is None
    return screens.confirmed(texts, done, told=told), *proposer


async def ask_refusal(_: CallbackQuery, callback_data: RefuseCorrection, counter: Counter) -> Said:
    """Ask why."""
    correction = await counter.storage.corrections.by_id(callback_data.number)
    if correction is None or correction.state is not CorrectionState.PROPOSED:
        return await _why(counter, callback_data.number, _not_open(correction))
    await counter.storage.drafts.keep(counter.user, counter.user, REFUSAL, {"number": correction.id}, at=counter.now)
    await counter.storage.commit()
    own = correction.proposed_by == counter.person.person_id
    return (screens.ask_withdrawal if own else screens.ask_refusal)(counter.texts, correction)


async def refuse(message: Message, draft: Draft, counter: Counter) -> Said:
    """Refuse a correction, for the reason written, and tell whoever proposed it."""
    storage, number, reason = counter.storage, draft.content["number"], (message.text or "").strip()
    if len(reason) > LONGEST_REASON:
        return too_long(counter.texts, len(reason))
    done = await refuse_correction(
        storage,
        correction_id=number,
        by=counter.person.person_id,
        reason=reason,
        now=counter.now,
        profile=counter.profile,
    )
    await storage.drafts.drop(counter.user, counter.user)
    await storage.commit()
    if isinstance(done, Refused):
        return await _why(counter, number, done)
    name = counter.person.name
    proposer = await _told(counter, done, lambda theirs: screens.told_declined(theirs, done, name, reason))
    return screens.declined(counter.texts, done), *proposer


async def _go_on(counter: Counter, form: Form) -> Screen:
    """Keep the form and show its next question; a value that cannot be proposed is asked for again, with the reason."""
    said: tuple[Html, ...] = ()
    if form.new is not None:
        would = await would_correct(counter.storage, **_target(counter, form))
        if isinstance(would, Refused):
            form = replace(form, new=None, reason=None)
            said = (screens.why(counter.texts, would),)
    form = replace(form, token=_token())
    await counter.storage.drafts.keep(counter.user, counter.user, FORM, asdict(form), at=counter.now)
    await counter.storage.commit()
    return await _question(counter, form, *said)


async def _question(counter: Counter, form: Form, *said: Html) -> Screen:
    """Return the screen at which a form stands."""
    storage, texts = counter.storage, counter.texts
    student = await storage.students.by_id(form.student) if form.student else None
    if student is None:
        return screens.ask_student(texts, *said)
    enrolments = [each for each in await storage.marks.of_student(student.person_id) if screens.posted(each)]
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
        return screens.form_refused(texts, form, would)
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
    found = await counter.storage.people.found(text, limit=SEARCHED)
    students = await counter.storage.students.by_ids(person.person_id for person in found)
    those = [students[person.person_id] for person in found if person.person_id in students]
    if not those:
        return screens.ask_student(counter.texts, screens.nobody_found(counter.texts))
    if len(those) == 1:
        await _seen(counter, [those[0].person_id], "marks")
        return await _go_on(counter, replace(form, student=those[0].person_id))
    await _seen(counter, (each.person_id for each in those[: screens.PEOPLE_SHOWN]), "person")
    await counter.storage.commit()
    return screens.choose_student(counter.texts, form, those)


async def _seen(counter: Counter, people: Iterable[str], what: str) -> None:
    """Keep whose records are shown, and to whom; the caller commits."""
    await record_read(
        counter.storage, of=people, what=what, cause="correction", by=counter.person.person_id, now=counter.now
    )


async def _picked(counter: Counter, form: Form, answer: PickSitting) -> Form:
    for each in await counter.storage.marks.of_student(form.student or ""):
        if reference(each.period, each.course.code) == answer.course:
            return replace(form, period=each.period, course=each.course.code, attempt=answer.attempt)
    return form


def _answered(form: Form, answer: Answer) -> Form:
    match answer:
        case PickStudent():
            return replace(form, student=answer.student)
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


async def _cards(counter: Counter, number: int) -> tuple[Elsewhere, ...]:
    """Return the correction for everybody who may decide it."""
    storage = counter.storage
    correction = await storage.corrections.by_id(number)
    if correction is None:
        raise LookupError("a correction proposed a moment ago is gone")
    shown = await case_of(storage, correction=correction, now=counter.now, profile=counter.profile)
    accounts = await second_people(
        storage,
        student=shown.student,
        proposed_by=correction.proposed_by,
        today=counter.today,
        profile=counter.profile,
    )
    for account in accounts:
        await record_read(
            storage,
            of=[correction.student_id],
            what="marks",
            cause="correction",
            by=account.person_id,
            now=counter.now,
        )
    await storage.commit()
    return tuple(
        [
            Elsewhere(
                account.user_id,
                screens.case(await voice_of(storage, counter.voices, account.user_id), shown, account.person_id or ""),
            )
            for account in accounts
        ]
    )


async def _told(
    counter: Counter, correction: Correction | None, write: Callable[[Texts], Screen]
) -> tuple[Elsewhere, ...]:
    """Tell whoever proposed a correction, unless it is this person or nobody linked."""
    if correction is None or correction.proposed_by == counter.person.person_id:
        return ()
    account = await counter.storage.accounts.of_person(correction.proposed_by)
    if account is None:
        return ()
    theirs = await voice_of(counter.storage, counter.voices, account.user_id)
    return (Elsewhere(account.user_id, write(theirs)),)


def _not_open(correction: Correction | None) -> Refused[CorrectionRefusal]:
    if correction is None:
        return Refused(CorrectionRefusal.UNKNOWN, ())
    expired = correction.state is CorrectionState.EXPIRED
    return Refused(CorrectionRefusal.EXPIRED if expired else CorrectionRefusal.ALREADY_DECIDED, ())


async def _why(counter: Counter, number: int, refused: Refused[CorrectionRefusal]) -> Screen:
    """Say why a correction was not decided; of one that is decided already, by whom."""
    correction = await counter.storage.corrections.by_id(number)
    if refused.reason is not CorrectionRefusal.ALREADY_DECIDED or correction is None:
        return screens.refused(counter.texts, refused)
    decider = await counter.storage.people.by_id(correction.decided_by or "")
    return screens.decided(counter.texts, correction, decider.name if decider else None)


async def _concerned(_event: TelegramObject, roles: tuple[RoleGrant, ...], profile: Profile) -> bool:
    """Tell whether somebody proposes or decides corrections."""
    return any(grant.role in {Role.REGISTRAR, *profile.service.correction_confirmed_by} for grant in roles)


async def _open_counter(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Give the handlers of this feature what they all need."""
    names = ("storage", "texts", "voices", "person", "now", "today", "profile")
    data["counter"] = Counter(user=data["event_context"].user_id, **{name: data[name] for name in names})
    return await handler(event, data)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(_concerned)
        observer.middleware(_open_counter)
    registrar = Holds(Role.REGISTRAR)
    router.message.register(open_waiting, Command("corrections"), flags=WRITES)
    router.message.register(begin, Command("correct"), registrar, flags=WRITES)
    router.message.register(write, Answers(FORM), registrar, flags=WRITES)
    router.message.register(refuse, Answers(REFUSAL), flags=WRITES)
    router.callback_query.register(open_waiting, OpenCorrections.filter(), flags=WRITES)
    router.callback_query.register(begin, StartCorrection.filter(), registrar, flags=WRITES)
    for button in (PickStudent, EarlierPeriods, PickSitting, PickValue, PickOutcome, StepBack):
        router.callback_query.register(step, button.filter(), registrar, flags=WRITES)
    router.callback_query.register(propose, Propose.filter(), registrar, flags=WRITES)
    router.callback_query.register(open_one, OpenCorrection.filter(), flags=WRITES)
    router.callback_query.register(confirm, ConfirmCorrection.filter(), flags=FINAL)
    router.callback_query.register(ask_refusal, RefuseCorrection.filter(), flags=WRITES)
    return router
