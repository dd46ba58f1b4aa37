"""/register: a request made on paper or at the counter becomes one like any other, with its real instant."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.buttons import is_near
from bot.feature import Audience, Feature, NamedCommand
from bot.filters import Where
from bot.handlers.documents import sent_file
from bot.i18n import Html, msgid
from bot.middlewares.context import WRITES, Answers, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.screen import Event, Screen
from bot.screens.corrections import PEOPLE_SHOWN
from bot.screens.review import queue as queue_screens
from bot.screens.review import registration as screens
from bot.screens.review.registration import (
    FilePaper,
    PaperBack,
    PaperForm,
    PickApplicant,
    PickCause,
    PickExam,
    PickKind,
    StartPaper,
    Step,
    TakenNow,
    WithoutScan,
)
from bot.words.review import refusal
from policy.calendar import Window
from policy.citation import HOUSE
from policy.decision import Refused
from policy.instant import CounterInstant
from policy.reading import Affair, may_see, reach
from policy.requests import Kind
from policy.review import readers
from services.attempts import note
from services.reads import record_read
from services.requests.filing import FilingRefusal, Offer, offers
from services.requests.kinds import KINDS, FiledBy
from services.requests.registration import (
    OnPaper,
    kinds_registered_by,
    may_register,
    note_unregistered,
    register_on_paper,
)
from services.standing import Study, study_of
from storage.records import Draft

FORM = "paper"
EXAMS_SHOWN = 12
INSTANT = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?,?\s+(\d{1,2})[:.](\d{2})(?::(\d{2}))?")

Press = PickApplicant | PickKind | PickExam | PickCause | TakenNow | WithoutScan | PaperBack


async def begin(_: Event, reviewer: Reviewer) -> Said:
    """Ask whose request it is."""
    if not _kinds(reviewer):
        return queue_screens.no_queue(reviewer.texts, reviewer.profile)
    return await _go_on(reviewer, PaperForm())


async def press(_: CallbackQuery, callback_data: Press, reviewer: Reviewer) -> Said:
    """Take an answer given by a button; one from an earlier screen only shows where the form stands."""
    form = await _form(reviewer)
    if form is None:
        return screens.over(reviewer.texts)
    if form.token != callback_data.token:
        return await _question(reviewer, form)
    match callback_data:
        case PickApplicant(student=student):
            return await _chosen(reviewer, form, student)
        case PickKind(kind=kind):
            return await _go_on(reviewer, replace(form, kind=kind, step=Step.EXAM))
        case PickExam(course=course, attempt=attempt):
            return await _picked(reviewer, replace(form, course=course, attempt=attempt))
        case PickCause(choice=choice):
            return await _go_on(reviewer, replace(form, choice=choice, step=Step.INSTANT))
        case TakenNow():
            return await _taken(reviewer, form, reviewer.now)
        case WithoutScan():
            return await _go_on(reviewer, replace(form, step=Step.CONFIRM))
        case PaperBack():
            return await _go_on(reviewer, form.back())


async def write(message: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Take an answer that was written."""
    form, text = PaperForm.read(draft.content), (message.text or "").strip()
    match form.step:
        case Step.STUDENT:
            return await _search(reviewer, form, text)
        case Step.INSTANT:
            at = instant_written(text, reviewer.now.astimezone(reviewer.texts.zone))
            if at is None:
                return await _question(reviewer, form, screens.not_an_instant(reviewer.texts))
            return await _taken(reviewer, form, at)
        case Step.REASON:
            return await _go_on(reviewer, replace(form, reason=text, step=Step.SCAN))
        case Step.SCAN:
            return await _question(reviewer, form, screens.only_file(reviewer.texts))
    return await _question(reviewer, form, screens.use_buttons(reviewer.texts))


async def take_scan(message: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Take the scan, where it is waited for."""
    form = PaperForm.read(draft.content)
    if form.step is not Step.SCAN:
        return await _question(reviewer, form, screens.use_buttons(reviewer.texts))
    return await _go_on(reviewer, replace(form, scan=asdict(sent_file(message)), step=Step.CONFIRM))


async def refuse_other(_: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Say that a voice or a sticker is no answer."""
    form = PaperForm.read(draft.content)
    said = screens.only_file(reviewer.texts) if form.step is Step.SCAN else screens.use_buttons(reviewer.texts)
    return await _question(reviewer, form, said)


async def file(_: CallbackQuery, callback_data: FilePaper, reviewer: Reviewer) -> Said:
    """File it as it was shown."""
    form = await _form(reviewer)
    if form is None or form.token != callback_data.token:
        return screens.over(reviewer.texts) if form is None else await _question(reviewer, form)
    study = await _study(reviewer, form)
    offer = _offer(study, form)
    if study is None or offer is None or form.at is None or form.kind is None:
        return await _question(reviewer, form)
    taken = CounterInstant(datetime.fromisoformat(form.at))
    brought = OnPaper(form.kind, offer.exam, taken, form.choice, form.reason, form.sent)
    done = await register_on_paper(
        reviewer.storage, brought, study=study, by=reviewer.by, now=reviewer.now, profile=reviewer.profile
    )
    if isinstance(done, Refused):
        return await _question(reviewer, replace(form, step=Step.INSTANT), _why(reviewer, done, form.kind))
    await reviewer.leave(FORM)
    return screens.registered(reviewer.texts, done, reviewer.profile)


async def _go_on(reviewer: Reviewer, form: PaperForm, *said: Html) -> Screen:
    """Keep the form and show its next question."""
    form = replace(form, token=secrets.token_hex(4))
    await reviewer.keep(FORM, form.written())
    return await _question(reviewer, form, *said)


async def _question(reviewer: Reviewer, form: PaperForm, *said: Html) -> Screen:
    """Return the screen at which a form stands."""
    texts = reviewer.texts
    study = await _study(reviewer, form)
    if study is None:
        return screens.ask_student(texts, *said)
    student, allowed = study.student, await _allowed(reviewer, study)
    if form.kind not in allowed or form.step is Step.KIND:
        return screens.choose_kind(texts, form, student, allowed, *said)
    offer = _offer(study, form)
    if offer is None or form.step is Step.EXAM:
        return screens.choose_exam(texts, form, student, await _offers(reviewer, study, form.kind), *said)
    match form.step:
        case Step.CAUSE:
            return screens.choose_cause(texts, form, student, KINDS[form.kind].choices(offer.sitting))
        case Step.REASON:
            return screens.ask_reason(texts, form, offer, *said)
        case Step.SCAN:
            return screens.ask_scan(texts, form, offer, *said, needed=_way(reviewer, form) is FiledBy.DOCUMENT)
        case Step.CONFIRM:
            return screens.confirm(texts, form, student, offer, reviewer.profile)
    return screens.ask_instant(texts, form, offer, *said)


async def _search(reviewer: Reviewer, form: PaperForm, text: str) -> Screen:
    roles = {role for kind in _kinds(reviewer) for role in readers(kind, reviewer.profile.requests)}
    within = reach(reviewer.roles, roles, on=reviewer.today)
    those = await reviewer.storage.students.found(text, limit=PEOPLE_SHOWN + 1, within=within)
    if not those:
        return screens.ask_student(reviewer.texts, screens.nobody_found(reviewer.texts))
    if len(those) == 1:
        return await _chosen(reviewer, form, those[0].person_id)
    seen = [each.person_id for each in those[:PEOPLE_SHOWN]]
    await record_read(reviewer.storage, of=seen, what="person", cause="search", by=reviewer.by, now=reviewer.now)
    await reviewer.storage.commit()
    return screens.choose_student(reviewer.texts, form, those)


async def _chosen(reviewer: Reviewer, form: PaperForm, student_id: str) -> Screen:
    """Go on with a student of whom this person registers something, and keep that they saw them; else ask again."""
    chosen = replace(form, student=student_id, step=Step.KIND)
    if await _study(reviewer, chosen) is None:
        return screens.ask_student(reviewer.texts, screens.nobody_found(reviewer.texts))
    await record_read(
        reviewer.storage, of=[student_id], what="person", cause="search", by=reviewer.by, now=reviewer.now
    )
    return await _go_on(reviewer, chosen)


async def _picked(reviewer: Reviewer, form: PaperForm) -> Screen:
    """Go on from the exam: to the cause, where there are several, else to the instant."""
    study = await _study(reviewer, form)
    offer = _offer(study, form)
    if study is None or offer is None or form.kind is None:
        return await _question(reviewer, form)
    grants = await reviewer.storage.roles.of_person(reviewer.by)
    allowed = may_register(form.kind, study, offer.exam, by=reviewer.by, grants=grants, profile=reviewer.profile)
    if isinstance(allowed, Refused):
        note_unregistered(allowed, study, by=reviewer.by, now=reviewer.now)
        return await _go_on(reviewer, replace(form, course=None), _why(reviewer, allowed, form.kind))
    causes = KINDS[form.kind].choices(offer.sitting)
    if len(causes) == 1:
        return await _go_on(reviewer, replace(form, choice=causes[0], step=Step.INSTANT))
    return await _go_on(reviewer, replace(form, step=Step.CAUSE if causes else Step.INSTANT))


async def _taken(reviewer: Reviewer, form: PaperForm, at: datetime) -> Screen:
    """Measure the instant against the deadline before anything else is asked."""
    form = replace(form, at=at.isoformat())
    study = await _study(reviewer, form)
    offer = _offer(study, form)
    if offer is None or form.kind is None:
        return await _question(reviewer, form)
    taken = CounterInstant(at)
    allowed: Any = offer.kind.may_file(offer.sitting, taken, form.choice)
    if at > reviewer.now and study is not None:
        allowed = Refused(FilingRefusal.IN_FUTURE, (HOUSE,))
        note_unregistered(allowed.reason, study, by=reviewer.by, now=reviewer.now)
    if isinstance(allowed, Refused):
        return await _question(reviewer, form, _why(reviewer, allowed, form.kind))
    step = Step.REASON if _way(reviewer, form) is FiledBy.TEXT else Step.SCAN
    return await _go_on(reviewer, replace(form, step=step))


async def _allowed(reviewer: Reviewer, study: Study) -> list[Kind]:
    """Return the kinds this person may register for this student."""
    grants = await reviewer.storage.roles.of_person(reviewer.by)
    return [
        kind
        for kind in _kinds(reviewer)
        if not isinstance(
            may_register(kind, study, None, by=reviewer.by, grants=grants, profile=reviewer.profile), Refused
        )
    ]


async def _study(reviewer: Reviewer, form: PaperForm) -> Study | None:
    """Return the study of the form's student, as far as this person's role reaches; that it does not is noted."""
    student = await reviewer.storage.students.by_id(form.student) if form.student else None
    if student is None:
        return None
    roles = {role for kind in _kinds(reviewer) for role in readers(kind, reviewer.profile.requests)}
    lies, by, now = Affair(scopes=frozenset({student.institute})), reviewer.by, reviewer.now
    seen = may_see(lies, roles, by=by, grants=reviewer.roles, on=reviewer.today)
    if isinstance(seen, Refused):
        note(seen, "student", student.person_id, by=by, cause="register", now=now, about=student.person_id)
        return None
    since = datetime.fromisoformat(form.at) if form.at else None
    return await study_of(reviewer.storage, student=student, now=now, profile=reviewer.profile, since=since)


async def _offers(reviewer: Reviewer, study: Study, kind: Kind) -> Sequence[Offer]:
    """Give the exams such a request could ever be about, the latest first; when, the instant will say.

    What lies on a sheet this person teaches is not theirs to register.
    """
    grants = await reviewer.storage.roles.of_person(reviewer.by)
    those = [
        each
        for each in offers(study, kind, CounterInstant(reviewer.now))
        if isinstance(each.window, Window)
        and not isinstance(
            may_register(kind, study, each.exam, by=reviewer.by, grants=grants, profile=reviewer.profile), Refused
        )
    ]
    return those[::-1][:EXAMS_SHOWN]


def _offer(study: Study | None, form: PaperForm) -> Offer | None:
    if study is None or form.kind is None or form.course is None:
        return None
    taken = CounterInstant(datetime.fromisoformat(form.at) if form.at else study.now)
    those = offers(study, form.kind, taken)
    named = (each for each in those if screens.course_reference(each) == form.course)
    return next((each for each in named if each.exam.attempt == form.attempt), None)


def _kinds(reviewer: Reviewer) -> tuple[Kind, ...]:
    return kinds_registered_by(frozenset(grant.role for grant in reviewer.roles), reviewer.profile)


def _way(reviewer: Reviewer, form: PaperForm) -> FiledBy:
    return KINDS[form.kind or next(iter(KINDS))].filed_by(form.choice, reviewer.profile.requests)


def _why(reviewer: Reviewer, refused: Refused[Any], kind: Kind) -> Html:
    said = refusal(reviewer.texts, refused, now=reviewer.now)
    return screens.refused(reviewer.texts, said, kind, reviewer.profile)


async def _form(reviewer: Reviewer) -> PaperForm | None:
    draft = await reviewer.draft(FORM)
    return PaperForm.read(draft.content) if draft else None


async def _waits(_: Message, draft: Draft | None) -> bool:
    return draft is not None and draft.form == FORM


def instant_written(text: str, now: datetime) -> datetime | None:
    """Return the instant that was written, in the zone of `now`: without a year the latest such day; None: none."""
    found = INSTANT.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        at = datetime(
            int(year or now.year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=now.tzinfo
        )
        at = at if year or at.date() <= now.date() else at.replace(year=at.year - 1)
        return at if is_near(at.date()) else None
    except ValueError:
        return None


def router() -> Router:
    """Return the routes of this feature."""
    router = of_staff(__name__)
    router.message.register(begin, Command("register"), flags=WRITES)
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.message.register(take_scan, _waits, Where(F.photo | F.document), flags=WRITES)
    router.message.register(refuse_other, _waits, flags=WRITES)
    router.callback_query.register(begin, StartPaper.filter(), flags=WRITES)
    for button in (PickApplicant, PickKind, PickExam, PickCause, TakenNow, WithoutScan, PaperBack):
        router.callback_query.register(press, button.filter(), flags=WRITES)
    router.callback_query.register(file, FilePaper.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(NamedCommand("register", msgid("Register a request made on paper"), 1, Audience.REVIEWERS),),
)
