"""/sheets: the registrar sees what keeps final mark sheets from being printed, and notes which are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.delivery.updates import Handling
from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.jobs.motions import proposed
from bot.middlewares.context import FINAL, WRITES, Answers, Holds, Said
from bot.screen import Event, Screen
from bot.screens import sheets as screens
from bot.screens.cancel import cancel_button
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.menu import OpenSheets
from bot.screens.motions import why
from bot.screens.sheets import AskPrint, AskUnlock, OpenGroup, OpenGroups, OpenSheet, PrintSheet
from bot.words.courses import reference
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from services.sheets import SheetStanding, groups_for, print_sheet, propose_unlock, sheets_for
from storage.records import Draft
from storage.unit import Storage

UNLOCK = "undo lock"


@dataclass(frozen=True, slots=True)
class Desk:
    """Which registrar is at work, and through what."""

    storage: Storage
    texts: Texts
    by: str
    now: datetime
    profile: Profile


async def open_sheets(_: Event, desk: Desk) -> Said:
    """List the groups of the latest period."""
    periods = await desk.storage.sheets.periods(limit=screens.PERIODS_SHOWN)
    return await _groups(desk, OpenGroups(period=periods[0], page=0)) if periods else screens.nothing(desk.texts)


async def open_groups(_: CallbackQuery, callback_data: OpenGroups, desk: Desk) -> Said:
    """List the groups of a period."""
    return await _groups(desk, callback_data)


async def open_group(_: CallbackQuery, callback_data: OpenGroup, desk: Desk) -> Said:
    """List the sheets of a group."""
    found = await _sheets(desk, callback_data)
    return screens.group(desk.texts, found, desk.now) if found else screens.gone(desk.texts)


async def open_sheet(_: CallbackQuery, callback_data: OpenSheet, desk: Desk) -> Said:
    """Show one sheet."""
    found = await _sheet(desk, callback_data)
    return screens.sheet(desk.texts, found, desk.now) if found else screens.gone(desk.texts)


async def ask(_: CallbackQuery, callback_data: AskPrint, desk: Desk) -> Said:
    """Ask whether it is meant."""
    found = await _sheet(desk, callback_data)
    if found is None:
        return screens.gone(desk.texts)
    if isinstance(found.decision, Refused):
        return screens.refused(desk.texts, found, found.decision, desk.now)
    return screens.ask(desk.texts, found, desk.now)


async def note_printed(_: CallbackQuery, callback_data: PrintSheet, desk: Desk, handling: Handling) -> Said:
    """Lock the marks of a printed sheet, unless what was sent before may still be an appeal."""
    texts, now = desk.texts, desk.now
    found = await _sheet(desk, callback_data)
    if found is None:
        return screens.gone(texts)
    which = {"period": found.period, "course_code": found.course.code, "group": found.group}
    under_way = await handling.older_wait()
    done = await print_sheet(desk.storage, **which, under_way=under_way, by=desk.by, now=now, profile=desk.profile)
    after = await _sheet(desk, callback_data) or found
    return screens.refused(texts, after, done, now) if isinstance(done, Refused) else screens.printed(texts, after, now)


async def ask_unlock(press: CallbackQuery, callback_data: AskUnlock, desk: Desk) -> Said:
    """Ask why the lock of a printed sheet is to be undone."""
    found = await _sheet(desk, callback_data)
    if found is None:
        return screens.gone(desk.texts)
    user = press.from_user.id
    content = {"period": found.period, "course_code": found.course.code, "group": found.group}
    await desk.storage.drafts.keep(user, user, UNLOCK, content, at=desk.now)
    await desk.storage.commit()
    return screens.ask_unlock(desk.texts, found)


async def unlock(message: Message, draft: Draft, desk: Desk) -> Said:
    """Propose to undo a lock, for the reason written."""
    storage, texts, by, now, profile = desk.storage, desk.texts, desk.by, desk.now, desk.profile
    reason = (message.text or "").strip()
    if len(reason) > LONGEST_REASON:
        return too_long(texts, len(reason))
    motion = await propose_unlock(storage, **draft.content, reason=reason, by=by, now=now, profile=profile)
    if isinstance(motion, Refused):
        return Screen(why(texts, motion), (cancel_button(texts),))
    await storage.drafts.drop(message.chat.id, message.chat.id)
    await storage.commit()
    return await proposed(storage, motion, texts, by=by, now=now, profile=profile)


async def _groups(desk: Desk, shown: OpenGroups) -> Said:
    return screens.groups(
        desk.texts,
        await desk.storage.sheets.periods(limit=screens.PERIODS_SHOWN),
        shown,
        await groups_for(desk.storage, shown.period, by=desk.by, now=desk.now, profile=desk.profile),
    )


async def _sheets(
    desk: Desk, of: OpenGroup | OpenSheet | AskPrint | PrintSheet | AskUnlock
) -> tuple[SheetStanding, ...]:
    """Return the sheets of a group that are this registrar's."""
    for group, _, _ in await desk.storage.sheets.groups_in(of.period):
        if reference(of.period, group) == of.group:
            return await sheets_for(desk.storage, of.period, group, by=desk.by, now=desk.now, profile=desk.profile)
    return ()


async def _sheet(desk: Desk, of: OpenSheet | AskPrint | PrintSheet | AskUnlock) -> SheetStanding | None:
    found = await _sheets(desk, of)
    return next((each for each in found if reference(of.period, each.course.code) == of.course), None)


async def _open_desk(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Give the handlers of this feature what they all need."""
    names = ("storage", "texts", "now", "profile")
    data["desk"] = Desk(by=data["person"].person_id, **{name: data[name] for name in names})
    return await handler(event, data)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(Role.REGISTRAR))
        observer.middleware(_open_desk)
    router.message.register(open_sheets, Command("sheets"))
    router.message.register(unlock, Answers(UNLOCK), flags=WRITES)
    router.callback_query.register(open_sheets, OpenSheets.filter())
    router.callback_query.register(open_groups, OpenGroups.filter())
    router.callback_query.register(open_group, OpenGroup.filter())
    router.callback_query.register(open_sheet, OpenSheet.filter())
    router.callback_query.register(ask, AskPrint.filter())
    router.callback_query.register(ask_unlock, AskUnlock.filter(), flags=WRITES)
    router.callback_query.register(note_printed, PrintSheet.filter(), flags=FINAL)
    return router


FEATURE = Feature(
    router=router,
    commands=(
        NamedCommand("sheets", msgid("Final mark sheets: what keeps each from being printed"), 3, Audience.OFFICE),
    ),
)
