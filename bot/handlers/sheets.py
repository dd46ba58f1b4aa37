"""/sheets: the registrar sees what keeps final mark sheets from being printed, and notes which are."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.i18n import Texts
from bot.jobs.motions import proposed
from bot.middlewares.context import FINAL, WRITES, Answers, Holds, Said
from bot.screen import Event, Screen
from bot.screens import sheets as screens
from bot.screens.cancel import cancel_button
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.marks import reference
from bot.screens.menu import OpenSheets
from bot.screens.motions import why
from bot.screens.sheets import AskPrint, AskUnlock, OpenGroup, OpenGroups, OpenSheet, PrintSheet
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from services.sheets import SheetStanding, print_sheet, propose_unlock, sheets_of_group
from storage.records import Draft, Person
from storage.unit import Storage

UNLOCK = "undo lock"


async def open_sheets(_: Event, storage: Storage, texts: Texts) -> Said:
    """List the groups of the latest period."""
    periods = await storage.sheets.periods(limit=screens.PERIODS_SHOWN)
    return await _groups(storage, texts, OpenGroups(period=periods[0], page=0)) if periods else screens.nothing(texts)


async def open_groups(_: CallbackQuery, callback_data: OpenGroups, storage: Storage, texts: Texts) -> Said:
    """List the groups of a period."""
    return await _groups(storage, texts, callback_data)


async def open_group(
    _: CallbackQuery, callback_data: OpenGroup, *, storage: Storage, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """List the sheets of a group."""
    found = await _sheets(storage, callback_data, now, profile)
    return screens.group(texts, found, now) if found else screens.gone(texts)


async def open_sheet(
    _: CallbackQuery, callback_data: OpenSheet, *, storage: Storage, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """Show one sheet."""
    found = await _sheet(storage, callback_data, now, profile)
    return screens.sheet(texts, found, now) if found else screens.gone(texts)


async def ask(
    _: CallbackQuery, callback_data: AskPrint, *, storage: Storage, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """Ask whether it is meant."""
    found = await _sheet(storage, callback_data, now, profile)
    if found is None:
        return screens.gone(texts)
    if isinstance(found.decision, Refused):
        return screens.refused(texts, found, found.decision, now)
    return screens.ask(texts, found, now)


async def note_printed(
    _: CallbackQuery,
    callback_data: PrintSheet,
    *,
    storage: Storage,
    person: Person,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Lock the marks of a printed sheet."""
    found = await _sheet(storage, callback_data, now, profile)
    if found is None:
        return screens.gone(texts)
    which = {"period": found.period, "course_code": found.course.code, "group": found.group}
    done = await print_sheet(storage, **which, by=person.person_id, now=now, profile=profile)
    after = await _sheet(storage, callback_data, now, profile) or found
    return screens.refused(texts, after, done, now) if isinstance(done, Refused) else screens.printed(texts, after, now)


async def ask_unlock(
    press: CallbackQuery, callback_data: AskUnlock, *, storage: Storage, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """Ask why the lock of a printed sheet is to be undone."""
    found = await _sheet(storage, callback_data, now, profile)
    if found is None:
        return screens.gone(texts)
    user = press.from_user.id
    content = {"period": found.period, "course_code": found.course.code, "group": found.group}
    await storage.drafts.keep(user, user, UNLOCK, content, at=now)
    await storage.commit()
    return screens.ask_unlock(texts, found)


async def unlock(
    message: Message,
    draft: Draft,
    *,
    storage: Storage,
    person: Person,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Propose to undo a lock, for the reason written."""
    reason = (message.text or "").strip()
    if len(reason) > LONGEST_REASON:
        return too_long(texts, len(reason))
    by = person.person_id
    motion = await propose_unlock(storage, **draft.content, reason=reason, by=by, now=now, profile=profile)
    if isinstance(motion, Refused):
        return Screen(why(texts, motion), (cancel_button(texts),))
    await storage.drafts.drop(message.chat.id, message.chat.id)
    await storage.commit()
    return await proposed(storage, motion, texts, by=by, now=now, profile=profile)


async def _groups(storage: Storage, texts: Texts, shown: OpenGroups) -> Said:
    return screens.groups(
        texts,
        await storage.sheets.periods(limit=screens.PERIODS_SHOWN),
        shown,
        await storage.sheets.groups_in(shown.period),
    )


async def _sheets(
    storage: Storage, of: OpenGroup | OpenSheet | AskPrint | PrintSheet | AskUnlock, now: datetime, profile: Profile
) -> tuple[SheetStanding, ...]:
    for group, _, _ in await storage.sheets.groups_in(of.period):
        if reference(of.period, group) == of.group:
            return await sheets_of_group(storage, of.period, group, now=now, profile=profile)
    return ()


async def _sheet(
    storage: Storage, of: OpenSheet | AskPrint | PrintSheet | AskUnlock, now: datetime, profile: Profile
) -> SheetStanding | None:
    found = await _sheets(storage, of, now, profile)
    return next((each for each in found if reference(of.period, each.course.code) == of.course), None)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    registrar = Holds(Role.REGISTRAR)
    router.message.register(open_sheets, Command("sheets"), registrar)
    router.callback_query.register(open_sheets, OpenSheets.filter(), registrar)
    router.callback_query.register(open_groups, OpenGroups.filter(), registrar)
    router.callback_query.register(open_group, OpenGroup.filter(), registrar)
    router.callback_query.register(open_sheet, OpenSheet.filter(), registrar)
    router.callback_query.register(ask, AskPrint.filter(), registrar)
    router.message.register(unlock, Answers(UNLOCK), registrar, flags=WRITES)
    router.callback_query.register(ask_unlock, AskUnlock.filter(), registrar, flags=WRITES)
    router.callback_query.register(note_printed, PrintSheet.filter(), registrar, flags=FINAL)
    return router
