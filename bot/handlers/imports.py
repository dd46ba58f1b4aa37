"""Files: the registrar's office sends one to the bot, sees what it would change, loads it, takes an import back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Document, Message, TelegramObject

from bot.feature import Audience, Feature, NamedCommand
from bot.filters import Where
from bot.i18n import Texts, msgid
from bot.jobs import imports as jobs
from bot.jobs import motions
from bot.jobs.imports import Office, Piece
from bot.jobs.work import ProgressMessage, Work
from bot.middlewares.context import WRITES, Answers, Holds, Said
from bot.notices.imports import NOTICES
from bot.screen import Event, Screen, answer
from bot.screens import imports as screens
from bot.screens.cancel import cancel_button
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.imports import (
    AllChanges,
    ChooseKind,
    DropUpload,
    LoadKnowing,
    LoadUpload,
    OpenImport,
    ProposeLoad,
    ReadUpload,
    SayPeriod,
    WriteOfFile,
)
from bot.screens.menu import OpenImports
from bot.screens.motions import why
from services.attempts import Stranger, note
from services.importing import Refusal, Unacceptable, describe, read_given
from services.links import OFFICE
from services.motions.moving import unreasoned
from storage.records import Draft, Upload
from storage.unit import Storage

FORM = "propose file"
SAYING = "say of file"


async def open_files(_: Event, storage: Storage, office: Office) -> Said:
    """Say what can be sent and what was loaded lately."""
    return screens.files(office.texts, await jobs.latest(storage, office))


async def receive(message: Message, office: Office, work: Work) -> Said:
    """Say that a file has come and take it in, unless Telegram would not give it to a bot."""
    document = message.document or Document(file_id="", file_unique_id="")
    if (document.file_size or 0) > screens.MEGABYTES * 1024 * 1024:
        return screens.too_large(office.texts, document.file_name or "?")
    key = f"message {office.chat} {message.message_id}"
    if not work.goes_on(key):
        standing = await jobs.acknowledged(office, document)
        piece = await _kept(office, jobs.RECEIVE, jobs.receiving(document), standing)
        work.start(key, jobs.receive(office, piece, document, standing), piece.id)
    return None


async def refuse_picture(_: Message, texts: Texts) -> Said:
    """Ask for the file itself."""
    return screens.not_a_photo(texts)


async def look(press: CallbackQuery, callback_data: ReadUpload, storage: Storage, office: Office, work: Work) -> Said:
    """Show again what loading a waiting file would do."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    return await _look(press, office, work, upload, None)


async def choose_kind(
    press: CallbackQuery, callback_data: ChooseKind, storage: Storage, office: Office, work: Work
) -> Said:
    """Keep what a file is said to hold, and show what loading it would do."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    await storage.uploads.set_kind(upload.id, callback_data.kind)
    await storage.commit()
    return await _look(press, office, work, replace(upload, kind=callback_data.kind), storage)


async def load(
    press: CallbackQuery, callback_data: LoadUpload | LoadKnowing, storage: Storage, office: Office, work: Work
) -> Said:
    """Load a waiting file as it was shown."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None or upload.kind is None:
        return await _gone(storage, office)
    if press.message is None or await _goes_on(press, office, work, upload):
        return None
    await answer(press)
    seen, message = callback_data.seen, ProgressMessage(office.bot, press.message)
    known = (callback_data.over, callback_data.short) if isinstance(callback_data, LoadKnowing) else (0, 0)
    piece = await _kept(office, jobs.LOAD, jobs.loading(upload, seen), message)
    work.start(_key(upload), jobs.load(office, piece, message, upload, seen, known=known), piece.id)
    return None


async def tabulate(
    press: CallbackQuery, callback_data: AllChanges, storage: Storage, office: Office, work: Work
) -> Said:
    """Give all that a waiting file would change, as a table."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None or upload.kind is None:
        return await _gone(storage, office)
    if await _goes_on(press, office, work, upload):
        return None
    await answer(press)
    piece = await _kept(office, jobs.TABULATE, {"upload": upload.id})
    work.start(_key(upload), jobs.tabulate(office, piece, upload), piece.id)
    return None


async def say_period(
    press: CallbackQuery, callback_data: SayPeriod, storage: Storage, office: Office, work: Work
) -> Said:
    """Keep of which period a file is said to be, and look at it again."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    try:
        said = replace(upload, period=read_given("period", callback_data.period.replace(".", "/")))
    except Unacceptable:
        return await _gone(storage, office)
    await _say(storage, said)
    return await _look(press, office, work, said, storage)


async def ask_in_writing(press: CallbackQuery, callback_data: WriteOfFile, storage: Storage, office: Office) -> Said:
    """Wait for a period or a course code in writing."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    user, waits_for = press.from_user.id, {"upload": upload.id, "what": callback_data.what}
    await storage.drafts.keep(user, user, SAYING, waits_for, at=office.now)
    await storage.commit()
    return screens.write_of_file(office.texts, upload, callback_data.what)


async def say_in_writing(message: Message, draft: Draft, storage: Storage, office: Office, work: Work) -> Said:
    """Keep what was written of a file, and look at it again."""
    upload, what = await _waiting(storage, draft.content["upload"], office), draft.content["what"]
    if upload is None:
        await storage.drafts.drop(office.chat, office.chat)
        await storage.commit()
        return await _gone(storage, office)
    try:
        read = read_given(what, message.text or "")
        said = replace(upload, period=read) if what == "period" else replace(upload, course_code=read)
    except Unacceptable as error:
        wrong = describe(Refusal(error.reason, arguments=error.arguments), office.texts.language.value)
        return screens.write_of_file(office.texts, upload, what, wrong)
    await storage.drafts.drop(office.chat, office.chat)
    await _say(storage, said)
    if not work.goes_on(_key(said)):
        piece = await kept_job(storage, office, jobs.LOOK, {"upload": said.id})
        work.start(_key(said), jobs.look(office, piece, None, said), piece.id)
    return None


async def drop(_: CallbackQuery, callback_data: DropUpload, storage: Storage, office: Office) -> Said:
    """Forget a waiting file."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    await storage.uploads.drop(upload.id)
    await storage.commit()
    return screens.dropped(office.texts, upload.file_name)


async def open_import(_: CallbackQuery, callback_data: OpenImport, storage: Storage, office: Office) -> Said:
    """Show an import that was done."""
    return await jobs.one_import(storage, office, callback_data.number)


async def ask_load(_: CallbackQuery, callback_data: ProposeLoad, storage: Storage, office: Office) -> Said:
    """Ask why a file that takes two people is to be loaded."""
    upload = await _waiting(storage, callback_data.upload, office)
    if upload is None:
        return await _gone(storage, office)
    content = {"upload": upload.id, "seen": callback_data.seen}
    await storage.drafts.keep(office.chat, office.chat, FORM, content, at=office.now)
    await storage.commit()
    return screens.ask_load_reason(office.texts, upload.file_name)


async def propose_load(message: Message, draft: Draft, storage: Storage, office: Office, work: Work) -> Said:
    """Propose to load the file, for the reason written."""
    reason = (message.text or "").strip()
    if len(reason) > LONGEST_REASON:
        return too_long(office.texts, len(reason))
    upload = await _waiting(storage, draft.content["upload"], office)
    if refused := unreasoned(reason):
        return Screen(why(office.texts, refused), (cancel_button(office.texts),))
    await storage.drafts.drop(office.chat, office.chat)
    await storage.commit()
    if upload is None:
        return await _gone(storage, office)
    if not work.goes_on(_key(upload)):
        arguments = {"upload": upload.id, "seen": draft.content["seen"], "reason": reason}
        piece = await kept_job(storage, office, motions.PROPOSE, arguments)
        job = motions.propose(office, piece, upload, seen=draft.content["seen"], reason=reason)
        work.start(_key(upload), job, piece.id)
    return None


async def _waiting(storage: Storage, upload_id: int, office: Office) -> Upload | None:
    """Return a file this person sent and that still waits; that they tried another's is noted."""
    upload = await storage.uploads.by_id(upload_id)
    if upload and upload.person_id != office.person_id:
        note(Stranger.NOT_THEIRS, "upload", upload_id, by=office.person_id, cause="import", now=office.now)
        return None
    return upload


async def _say(storage: Storage, upload: Upload) -> None:
    await storage.uploads.say(upload.id, period=upload.period, course_code=upload.course_code)
    await storage.commit()


async def _gone(storage: Storage, office: Office) -> Said:
    return screens.no_longer_waits(office.texts, await jobs.latest(storage, office))


async def _look(press: CallbackQuery, office: Office, work: Work, upload: Upload, storage: Storage | None) -> Said:
    """Begin to read a file in the message that was pressed; the job joins what `storage` writes, if there is one."""
    if press.message is None or await _goes_on(press, office, work, upload):
        return None
    message, arguments = ProgressMessage(office.bot, press.message), {"upload": upload.id}
    if storage:
        piece = await kept_job(storage, office, jobs.LOOK, arguments, message)
    else:
        await answer(press)
        piece = await _kept(office, jobs.LOOK, arguments, message)
    work.start(_key(upload), jobs.look(office, piece, message, upload), piece.id)
    return None


async def _goes_on(press: CallbackQuery, office: Office, work: Work, upload: Upload) -> bool:
    """Tell whether a file is being worked on; if so, say it."""
    if work.goes_on(_key(upload)):
        await answer(press, office.texts.plain("This file is being worked on. One moment."))
        return True
    return False


def _key(upload: Upload) -> str:
    return jobs.key_of(upload.id)


async def _kept(
    office: Office, kind: str, arguments: Mapping[str, Any], message: ProgressMessage | None = None
) -> Piece:
    """Keep that a job begins."""
    async with office.database.write() as storage:
        piece = await kept_job(storage, office, kind, arguments, message)
        await storage.commit()
    return piece


async def kept_job(
    storage: Storage,
    office: Office,
    kind: str,
    arguments: Mapping[str, Any],
    message: ProgressMessage | None = None,
) -> Piece:
    """Write that a job begins; the caller commits."""
    return Piece(
        await storage.jobs.begin(
            kind,
            arguments,
            person_id=office.person_id,
            chat_id=office.chat,
            message_id=message.message_id if message else None,
            at=office.now,
        )
    )


async def open_office(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Give the handlers of this feature what their work needs, and the time to wait for a load that holds the records.

    Until a job is kept its update waits in the inbox: a file that comes meanwhile is late, not lost.
    """
    data["time_limit"].reschedule(None)
    data["office"] = Office(
        bot=data["bot"],
        chat=data["event_context"].chat_id,
        person_id=data["person"].person_id,
        texts=data["texts"],
        profile=data["profile"],
        now=data["now"],
        database=data["database"],
        turn=data["work"].turn,
    )
    return await handler(event, data)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(Holds(*OFFICE))
        observer.middleware(open_office)
    router.message.register(receive, Where(F.document))
    router.message.register(open_files, Command("import"))
    router.message.register(refuse_picture, Where(F.photo))
    router.message.register(propose_load, Answers(FORM), flags=WRITES)
    router.message.register(say_in_writing, Answers(SAYING), flags=WRITES)
    router.callback_query.register(open_files, OpenImports.filter())
    router.callback_query.register(look, ReadUpload.filter())
    router.callback_query.register(choose_kind, ChooseKind.filter(), flags=WRITES)
    router.callback_query.register(load, LoadUpload.filter())
    router.callback_query.register(load, LoadKnowing.filter())
    router.callback_query.register(tabulate, AllChanges.filter())
    router.callback_query.register(say_period, SayPeriod.filter(), flags=WRITES)
    router.callback_query.register(ask_in_writing, WriteOfFile.filter(), flags=WRITES)
    router.callback_query.register(drop, DropUpload.filter(), flags=WRITES)
    router.callback_query.register(open_import, OpenImport.filter())
    router.callback_query.register(ask_load, ProposeLoad.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(NamedCommand("import", msgid("Load a file, or take an import back"), 0, Audience.OFFICE),),
    notices=NOTICES,
)
