"""Buttons of the registrar's office under the thumb of somebody who is not, or no longer, of that office."""

from aiogram import Router

from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens import corrections, imports, links, menu, motions, roles, sheets, undoing
from bot.screens.outsiders import not_yours
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


async def refuse(_: Event, who: Acquaintance, texts: Texts) -> Said:
    """Say whose work it is."""
    return not_yours(texts, who)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for button in OFFICE:
        router.callback_query.register(refuse, button.filter())
    return router
