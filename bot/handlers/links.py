"""/link: the registrar's office looks somebody's link up, takes it away, makes an invitation."""

from collections.abc import Mapping
from datetime import date, datetime

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Answers, Holds, Said
from bot.screen import Elsewhere, Event
from bot.screens import links as screens
from bot.screens.links import AskRelease, Invite, OpenPerson, Release
from bot.screens.menu import OpenLinks
from policy.decision import Refused
from policy.people import Language, RoleGrant
from policy.profile import Profile
from policy.reading import reach
from services import accounts, invitations
from services.links import OFFICE, LinkRecord, link_record, note_unchanged
from services.reads import record_read
from storage.records import Person
from storage.unit import Storage

FORM = "look up link"


async def open_links(event: Event, storage: Storage, texts: Texts, now: datetime) -> Said:
    """Ask whose link it is about."""
    user = event.chat.id if isinstance(event, Message) else event.from_user.id
    await storage.drafts.keep(user, user, FORM, {}, at=now)
    await storage.commit()
    return screens.ask_person(texts)


async def find(
    message: Message,
    *,
    storage: Storage,
    person: Person,
    roles: tuple[RoleGrant, ...],
    texts: Texts,
    now: datetime,
    today: date,
) -> Said:
    """Look people up by what was written, as far as this office reaches."""
    within = reach(roles, OFFICE, on=today)
    found = await storage.people.found(message.text or "", limit=screens.PEOPLE_SHOWN + 1, within=within)
    if not found:
        return screens.ask_person(texts, screens.nobody_found(texts))
    shown = await link_record(storage, person_id=found[0].person_id, by=person.person_id, now=now, today=today)
    if len(found) > 1 or shown is None:
        seen = (each.person_id for each in found[: screens.PEOPLE_SHOWN])
        await record_read(storage, of=seen, what="person", cause="search", by=person.person_id, now=now)
        await storage.commit()
        return screens.choose_person(texts, found)
    await _leave(storage, message.chat.id, shown, person, now)
    return screens.record(texts, shown)


async def open_person(
    press: CallbackQuery,
    *,
    callback_data: OpenPerson,
    storage: Storage,
    person: Person,
    texts: Texts,
    now: datetime,
    today: date,
) -> Said:
    """Show whether somebody is linked."""
    shown = await link_record(storage, person_id=callback_data.person, by=person.person_id, now=now, today=today)
    if shown is None:
        return screens.ask_person(texts, screens.nobody_found(texts))
    await _leave(storage, press.from_user.id, shown, person, now)
    return screens.record(texts, shown)


async def ask_release(
    _: CallbackQuery,
    *,
    callback_data: AskRelease,
    storage: Storage,
    person: Person,
    texts: Texts,
    now: datetime,
    today: date,
) -> Said:
    """Ask whether it is meant."""
    shown = await link_record(storage, person_id=callback_data.person, by=person.person_id, now=now, today=today)
    if shown is None:
        return screens.ask_person(texts, screens.nobody_found(texts))
    if isinstance(shown.may_change, Refused) or shown.account is None:
        _note(shown, person, now)
        return screens.record(texts, shown, screens.changed_since(texts))
    return screens.ask_release(texts, shown, shown.account.user_id)


async def release(
    _: CallbackQuery,
    *,
    callback_data: Release,
    storage: Storage,
    person: Person,
    texts: Texts,
    voices: Mapping[Language, Texts],
    now: datetime,
    today: date,
    profile: Profile,
) -> Said:
    """Take a link away from the account it was shown on, and tell that account."""
    shown = await link_record(storage, person_id=callback_data.person, by=person.person_id, now=now, today=today)
    if shown is None:
        return screens.ask_person(texts, screens.nobody_found(texts))
    on = shown.account.user_id if shown.account else None
    if isinstance(shown.may_change, Refused) or on != callback_data.user:
        _note(shown, person, now)
        return screens.record(texts, shown, screens.changed_since(texts))
    await accounts.release(storage, person_id=callback_data.person, actor=person.person_id, now=now)
    await storage.commit()
    after = await link_record(storage, person_id=callback_data.person, by=person.person_id, now=now, today=today)
    told = Elsewhere(callback_data.user, screens.told_released(voices, profile))
    return screens.record(texts, after or shown, screens.released(texts)), told


async def invite(
    _: CallbackQuery,
    *,
    callback_data: Invite,
    bot: Bot,
    storage: Storage,
    person: Person,
    texts: Texts,
    now: datetime,
    today: date,
    profile: Profile,
) -> Said:
    """Make an invitation, unless one was made since the button was shown."""
    shown = await link_record(storage, person_id=callback_data.person, by=person.person_id, now=now, today=today)
    if shown is None:
        return screens.ask_person(texts, screens.nobody_found(texts))
    if isinstance(shown.may_change, Refused) or _latest(shown) != callback_data.after:
        _note(shown, person, now)
        return screens.record(texts, shown, screens.changed_since(texts))
    (card,) = await invitations.invite(
        storage, person_ids=[callback_data.person], actor=person.person_id, now=now, profile=profile
    )
    await storage.commit()
    return screens.invitation(texts, card, (await bot.me()).username or "")


def _note(shown: LinkRecord, by: Person, now: datetime) -> None:
    """Note that somebody pressed what is not offered to them; a screen that has only grown old is nothing tried."""
    if isinstance(shown.may_change, Refused):
        note_unchanged(shown.may_change, shown.person.person_id, by=by.person_id, now=now)


def _latest(shown: LinkRecord) -> int:
    return shown.invitation.id if shown.invitation else 0


async def _leave(storage: Storage, user: int, shown: LinkRecord, by: Person, now: datetime) -> None:
    """Stop waiting for a name: somebody was found, and it is kept who saw them."""
    draft = await storage.drafts.of(user, user)
    if draft and draft.form == FORM:
        await storage.drafts.drop(user, user)
    await record_read(storage, of=[shown.person.person_id], what="link", cause="link", by=by.person_id, now=now)
    await storage.commit()


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(*OFFICE))
    router.message.register(open_links, Command("link"), flags=WRITES)
    router.message.register(find, Answers(FORM), flags=WRITES)
    router.callback_query.register(open_links, OpenLinks.filter(), flags=WRITES)
    router.callback_query.register(open_person, OpenPerson.filter(), flags=WRITES)
    router.callback_query.register(ask_release, AskRelease.filter())
    router.callback_query.register(release, Release.filter(), flags=WRITES)
    router.callback_query.register(invite, Invite.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("link", msgid("Links and invitations"), 5, Audience.OFFICE),))
