"""/sheets: the registrar sees what keeps final mark sheets from being printed, and notes which are."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.i18n import Texts
from bot.middlewares.context import FINAL, Holds, Said
from bot.screen import Event
from bot.screens import sheets as screens
from bot.screens.marks import reference
from bot.screens.menu import OpenSheets
from bot.screens.sheets import AskPrint, OpenGroup, OpenGroups, OpenSheet, PrintSheet
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from services.sheets import SheetStanding, print_sheet, sheets_of_group
from storage.records import Person
from storage.unit import Storage


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


async def _groups(storage: Storage, texts: Texts, shown: OpenGroups) -> Said:
    return screens.groups(
        texts,
        await storage.sheets.periods(limit=screens.PERIODS_SHOWN),
        shown,
        await storage.sheets.groups_in(shown.period),
    )


async def _sheets(
    storage: Storage, of: OpenGroup | OpenSheet | AskPrint | PrintSheet, now: datetime, profile: Profile
) -> tuple[SheetStanding, ...]:
    for group, _, _ in await storage.sheets.groups_in(of.period):
        if reference(of.period, group) == of.group:
            return await sheets_of_group(storage, of.period, group, now=now, profile=profile)
    return ()


async def _sheet(
    storage: Storage, of: OpenSheet | AskPrint | PrintSheet, now: datetime, profile: Profile
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
    router.callback_query.register(note_printed, PrintSheet.filter(), registrar, flags=FINAL)
    return router
