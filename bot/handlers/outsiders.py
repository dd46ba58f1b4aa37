"""Buttons of the registrar's office under the thumb of somebody who is not, or no longer, of that office."""

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screens import corrections, imports, links, menu, motions, roles, sheets, undoing
from bot.screens.outsiders import not_yours
from services.attempts import Stranger, note
from storage.records import Acquaintance

OFFICE = (
    menu.OpenImports,
    imports.ReadUpload,
    imports.ChooseKind,
    imports.LoadUpload,
    imports.DropUpload,
    imports.OpenImport,
    imports.AskUndo,
    imports.ProposeLoad,
    undoing.UndoAlone,
    undoing.ProposeUndo,
    undoing.ShowUndoTable,
    menu.OpenMotions,
    corrections.StartCorrection,
    corrections.PickStudent,
    corrections.EarlierPeriods,
    corrections.PickSitting,
    corrections.PickValue,
    corrections.PickOutcome,
    corrections.StepBack,
    corrections.Propose,
    motions.OpenMotion,
    motions.CarryMotion,
    motions.AgreeMotion,
    motions.RefuseMotion,
    roles.StartRole,
    roles.PickPerson,
    roles.TakeRole,
    roles.PickBody,
    roles.PickRole,
    roles.PickScope,
    roles.NoEnd,
    roles.RoleBack,
    roles.ProposeRole,
    menu.OpenLinks,
    links.OpenPerson,
    links.AskRelease,
    links.Release,
    links.Invite,
    menu.OpenSheets,
    sheets.OpenGroups,
    sheets.OpenGroup,
    sheets.OpenSheet,
    sheets.AskPrint,
    sheets.PrintSheet,
    sheets.AskUnlock,
)


async def refuse(press: CallbackQuery, who: Acquaintance, texts: Texts, now: datetime) -> Said:
    """Say whose work it is, and note who tried it."""
    prefix = (press.data or "").partition(":")[0]
    if who.person:
        note(Stranger.NOT_OF_THE_OFFICE, "button", prefix, by=who.person.person_id, cause="button", now=now)
    return not_yours(texts, who)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for button in OFFICE:
        router.callback_query.register(refuse, button.filter())
    return router
