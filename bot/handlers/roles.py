"""/roles: the office proposes that a role is given, changed or taken; an administrator decides under /confirm."""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.buttons import is_near
from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import Html, Texts, msgid
from bot.jobs.motions import proposed
from bot.middlewares.context import WRITES, Answers, Holds, Said
from bot.screen import Event, Screen
from bot.screens import roles as screens
from bot.screens.corrections import use_buttons
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.motions import why
from bot.screens.roles import (
    BODIES,
    Form,
    NoEnd,
    PickBody,
    PickPerson,
    PickRole,
    PickScope,
    ProposeRole,
    RoleBack,
    StartRole,
    TakeRole,
)
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.reading import reach
from services.links import OFFICE
from services.motions.moving import unreasoned
from services.reads import record_read
from services.roles import colleague, propose_role, would_change
from storage.records import Draft, Person
from storage.unit import Storage

FORM = "propose role"
Answer: TypeAlias = PickPerson | TakeRole | PickBody | PickRole | PickScope | NoEnd | RoleBack


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is at work on a role, and through what."""

    storage: Storage
    texts: Texts
    person: Person
    roles: tuple[RoleGrant, ...]
    user: int
    now: datetime
    profile: Profile


async def begin(
    event: Event,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    roles: tuple[RoleGrant, ...],
    now: datetime,
    profile: Profile,
) -> Said:
    """Ask whose role it is."""
    user = event.chat.id if isinstance(event, Message) else event.from_user.id
    return await _go_on(Desk(storage, texts, person, roles, user, now, profile), Form(_token()))


async def step(
    press: CallbackQuery,
    callback_data: Answer,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    roles: tuple[RoleGrant, ...],
    now: datetime,
    profile: Profile,
) -> Said:
    """Take an answer given by a button; one from an earlier screen only shows where the form stands."""
    desk = Desk(storage, texts, person, roles, press.from_user.id, now, profile)
    form = await _form(desk)
    if form is None:
        return screens.form_over(texts)
    if form.token != callback_data.token:
        return await _question(desk, form)
    return await _go_on(desk, await _answered(desk, form, callback_data))


async def write(
    message: Message,
    draft: Draft,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    roles: tuple[RoleGrant, ...],
    now: datetime,
    profile: Profile,
) -> Said:
    """Take an answer that was written."""
    desk = Desk(storage, texts, person, roles, message.chat.id, now, profile)
    form, text = Form(**draft.content), (message.text or "").strip()
    if form.person is None:
        return await _search(desk, form, text)
    if form.role is None or form.scope is None:
        return await _question(desk, form, use_buttons(texts))
    if form.until is None and not form.takes:
        day = _day(text)
        return (
            await _go_on(desk, replace(form, until=day))
            if day
            else screens.ask_until(texts, form, screens.no_day(texts))
        )
    if len(text) > LONGEST_REASON:
        return too_long(texts, len(text))
    if refused := unreasoned(text):
        return screens.ask_reason(texts, form, why(texts, refused))
    return await _go_on(desk, replace(form, reason=text))


async def propose(
    press: CallbackQuery,
    callback_data: ProposeRole,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    roles: tuple[RoleGrant, ...],
    now: datetime,
    profile: Profile,
) -> Said:
    """Propose the role; every administrator who may confirm it is owed a card."""
    desk = Desk(storage, texts, person, roles, press.from_user.id, now, profile)
    form = await _form(desk)
    if form is None:
        return screens.form_over(texts)
    if form.token != callback_data.token or form.reason is None:
        return await _question(desk, form)
    await storage.drafts.drop(desk.user, desk.user)
    done = await propose_role(storage, **_target(desk, form), reason=form.reason)
    if isinstance(done, Refused):
        return screens.form_refused(texts, form, why(texts, done))
    return await proposed(storage, done, texts, by=person.person_id, now=now, profile=profile)


async def _go_on(desk: Desk, form: Form) -> Screen:
    """Keep the form and show its next question; what cannot be proposed is asked for again, with the reason."""
    said: tuple[Html, ...] = ()
    if form.answered:
        would = await would_change(desk.storage, **_target(desk, form))
        if isinstance(would, Refused):
            form = form.back()
            said = (why(desk.texts, would),)
    form = replace(form, token=_token())
    await desk.storage.drafts.keep(desk.user, desk.user, FORM, asdict(form), at=desk.now)
    await desk.storage.commit()
    return await _question(desk, form, *said)


async def _question(desk: Desk, form: Form, *said: Html) -> Screen:
    """Return the screen at which a form stands."""
    storage, texts = desk.storage, desk.texts
    person = await _colleague(desk, form.person)
    if person is None:
        return screens.ask_person(texts, *said)
    if form.role is None:
        held = await _held(desk, person.person_id)
        return screens.choose_role(texts, form, person, held, *said)
    if form.scope is None:
        return screens.choose_scope(texts, form, await _institutes(storage), *said)
    if form.until is None and not form.takes:
        return screens.ask_until(texts, form, *said)
    if form.reason is None:
        return screens.ask_reason(texts, form, *said)
    would = await would_change(storage, **_target(desk, form))
    if isinstance(would, Refused):
        return screens.form_refused(texts, form, why(texts, would))
    return screens.proposal(texts, form, would, person)


async def _search(desk: Desk, form: Form, text: str) -> Screen:
    within = reach(desk.roles, OFFICE, on=desk.now.astimezone(desk.profile.university.zone).date())
    found = await desk.storage.people.found(text, limit=screens.PEOPLE_SHOWN + 1, within=within, staff=True)
    if not found:
        return screens.ask_person(desk.texts, desk.texts("Nobody is found. Check the spelling, or write the id."))
    await record_read(
        desk.storage,
        of=(each.person_id for each in found[: screens.PEOPLE_SHOWN]),
        what="person",
        cause="role",
        by=desk.person.person_id,
        now=desk.now,
    )
    if len(found) == 1:
        return await _go_on(desk, replace(form, person=found[0].person_id))
    await desk.storage.commit()
    return screens.choose_person(desk.texts, form, found)


async def _answered(desk: Desk, form: Form, answer: Answer) -> Form:
    match answer:
        case PickPerson():
            return replace(form, person=answer.person) if await _colleague(desk, answer.person) else form
        case TakeRole():
            held = await _held(desk, form.person or "")
            if form.person and 0 <= answer.place < len(held):
                grant = held[answer.place]
                return replace(form, takes=True, role=grant.role.value, scope=grant.scope or "")
            return form
        case PickBody():
            return replace(form, body=answer.place) if 0 <= answer.place < len(BODIES) else form
        case PickRole():
            return replace(form, role=answer.role.value) if form.person else form
        case PickScope():
            institutes = await _institutes(desk.storage)
            if answer.place < 0:
                return replace(form, scope="")
            return replace(form, scope=institutes[answer.place]) if answer.place < len(institutes) else form
        case NoEnd():
            return replace(form, until="") if form.scope is not None else form
        case RoleBack():
            return form.back()


async def _colleague(desk: Desk, person_id: str | None) -> Person | None:
    if person_id is None:
        return None
    return await colleague(desk.storage, person_id, by=desk.person.person_id, now=desk.now, profile=desk.profile)


async def _held(desk: Desk, person_id: str) -> tuple[RoleGrant, ...]:
    today = desk.now.astimezone(desk.profile.university.zone).date()
    return tuple(each for each in await desk.storage.roles.of_person(person_id) if each.holds_on(today))


async def _institutes(storage: Storage) -> list[str]:
    return sorted(await storage.students.institutes())


def _target(desk: Desk, form: Form) -> dict[str, Any]:
    """Return what `would_change` and `propose_role` ask for."""
    return {
        "person_id": form.person or "",
        "role": Role(form.role or ""),
        "scope": form.scope or None,
        "term": form.term,
        "by": desk.person.person_id,
        "now": desk.now,
        "profile": desk.profile,
    }


async def _form(desk: Desk) -> Form | None:
    draft = await desk.storage.drafts.of(desk.user, desk.user)
    return Form(**draft.content) if draft and draft.form == FORM else None


def _day(text: str) -> str | None:
    """Read a day written as 31.08.2026 and return it in ISO 8601."""
    for read in (_figures, date.fromisoformat):
        try:
            day = read(text)
        except ValueError:
            continue
        return day.isoformat() if is_near(day) else None
    return None


def _figures(text: str) -> date:
    return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day has no zone


def _token() -> str:
    return secrets.token_hex(4)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(*OFFICE))
    router.message.register(begin, Command("roles"), flags=WRITES)
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.callback_query.register(begin, StartRole.filter(), flags=WRITES)
    for button in (PickPerson, TakeRole, PickBody, PickRole, PickScope, NoEnd, RoleBack):
        router.callback_query.register(step, button.filter(), flags=WRITES)
    router.callback_query.register(propose, ProposeRole.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(
        NamedCommand("roles", msgid("Propose a role, another term for it, or that it is taken"), 4, Audience.OFFICE),
    ),
)
