"""Taking an import back: the reason, what it would mean, then alone or proposed to a second person."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature
from bot.handlers.imports import kept_job, open_office
from bot.jobs import undoing as jobs
from bot.jobs.imports import Office, Piece, one_import
from bot.jobs.work import Work
from bot.middlewares.context import FINAL, WRITES, Answers, Holds, Said
from bot.screen import Screen
from bot.screens import undoing as screens
from bot.screens.cancel import cancel_button
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.imports import AskUndo
from bot.screens.motions import why
from bot.screens.undoing import ProposeUndo, ShowUndoTable, UndoAlone
from services.importing.reading import import_for
from services.links import OFFICE
from services.motions.moving import unreasoned
from storage.records import Draft
from storage.unit import Storage

FORM = "undo import"


async def ask(press: CallbackQuery, callback_data: AskUndo, storage: Storage, office: Office) -> Said:
    """Ask why an import is taken back."""
    number, by, now = callback_data.number, office.person_id, office.now
    done = await import_for(storage, number, by=by, now=now, profile=office.profile)
    if done is None or done.undone_at is not None:
        return await one_import(storage, office, number)
    user = press.from_user.id
    await storage.drafts.keep(user, user, FORM, {"number": done.id}, at=office.now)
    await storage.commit()
    return screens.ask_undo(office.texts, done)


async def reason(message: Message, draft: Draft, storage: Storage, office: Office, work: Work) -> Said:
    """Show what it would mean, for the reason written; the reason is kept until a button is pressed."""
    text = (message.text or "").strip()
    if len(text) > LONGEST_REASON:
        return too_long(office.texts, len(text))
    if refused := unreasoned(text):
        return Screen(why(office.texts, refused), (cancel_button(office.texts),))
    number: int = draft.content["number"]
    kept = {"number": number, "reason": text}
    await storage.drafts.keep(office.chat, office.chat, FORM, kept, at=office.now)
    await _start(
        storage,
        office,
        work,
        kind=jobs.LOOK_BACK,
        number=number,
        job=lambda piece: jobs.look_back(office, piece, number, text),
    )
    return None


async def take_back(
    _: CallbackQuery, callback_data: UndoAlone | ProposeUndo, storage: Storage, office: Office, work: Work
) -> Said:
    """Take an import back alone, or propose it, for the reason that was written."""
    number = callback_data.number
    draft = await storage.drafts.of(office.chat, office.chat)
    kept = draft.content if draft and draft.form == FORM else {}
    if kept.get("number") != number or "reason" not in kept:
        return screens.reason_gone(office.texts, number)
    await storage.drafts.drop(office.chat, office.chat)
    alone = isinstance(callback_data, UndoAlone)
    await _start(
        storage,
        office,
        work,
        kind=jobs.TAKE_BACK,
        number=number,
        job=lambda piece: jobs.take_back(office, piece, number, kept["reason"], alone=alone),
    )
    return None


async def show_table(
    _: CallbackQuery, callback_data: ShowUndoTable, storage: Storage, office: Office, work: Work
) -> Said:
    """Send the table of what it would mean."""
    number = callback_data.number
    await _start(
        storage,
        office,
        work,
        kind=jobs.TABLE,
        number=number,
        job=lambda piece: jobs.show_table(office, piece, number),
    )
    return None


async def _start(
    storage: Storage,
    office: Office,
    work: Work,
    *,
    kind: str,
    number: int,
    job: Callable[[Piece], Coroutine[Any, Any, None]],
) -> None:
    """Begin a job about an import, unless one goes on."""
    key = jobs.key_of(number)
    if not work.goes_on(key):
        piece = await kept_job(storage, office, kind, {"number": number})
        work.start(key, job(piece), piece.id)
    await storage.commit()


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(*OFFICE))
        observer.middleware(open_office)
    router.message.register(reason, Answers(FORM), flags=WRITES)
    router.callback_query.register(ask, AskUndo.filter(), flags=WRITES)
    router.callback_query.register(take_back, UndoAlone.filter(), flags=FINAL)
    router.callback_query.register(take_back, ProposeUndo.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router)
