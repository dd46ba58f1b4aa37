"""Documents of requests: photos and files that a student sends, by themselves or as albums."""

from dataclasses import replace

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.delivery.worded import owed_screen
from bot.feature import Feature
from bot.filters import Where
from bot.handlers.filing import (
    ANSWER,
    CORRECTION,
    DOCUMENTS,
    FORM,
    Form,
    answer,
    ask,
    file,
    follow,
    keep,
    read_file,
    studies,
    way_of,
    with_file,
    write_file,
)
from bot.handlers.requests import shown, unknown
from bot.middlewares.applicant import Applicant, of_applicants
from bot.middlewares.context import WRITES, Said
from bot.notices.documents import NOTICES
from bot.screen import Screen
from bot.screens.fallback import only_text
from bot.screens.requests import changing, documents, form, own
from bot.screens.requests.buttons import AddDocuments, GiveDocuments
from policy.decision import Refused
from policy.instant import MessageInstant
from services.requests.filing import FilingRefusal, add_document
from services.requests.kinds import FiledBy
from services.requests.telling import owe_documents
from storage.records import Acquaintance, Draft
from storage.requests import Document, Request, SentFile


async def receive(message: Message, draft: Draft | None, applicant: Applicant, filed: MessageInstant) -> Said:
    """Take a document: for the form that is open, for an answer, for a request; or ask which one it is for."""
    sent = sent_file(message)
    if draft and draft.form == FORM:
        return await _for_form(message, Form.of(draft), applicant, filed)
    if draft and draft.form == ANSWER and (asked := applicant.request(draft.content["request"])):
        return await _for_answer(message, asked, applicant, filed)
    those = [one for one in applicant.study.requests if own.takes_documents(one, filed.at)]
    chosen = draft.content["request"] if draft and draft.form in {DOCUMENTS, CORRECTION} else None
    mine = [one for one in those if one.id == chosen] or those
    if not mine:
        return await _once(message, applicant, documents.no_place(applicant.texts, applicant.study, applicant.profile))
    if len(mine) == 1:
        return await _add(message, mine[0], applicant, filed)
    return await _ask_which(message, those, draft, applicant, write_file(sent, filed))


async def give(_: CallbackQuery, callback_data: GiveDocuments, applicant: Applicant) -> Said:
    """Add the documents that waited to the request that was chosen."""
    draft = await applicant.storage.drafts.of(applicant.user, applicant.user)
    files = draft.content["files"] if draft and draft.form == DOCUMENTS else ()
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    if not files:
        return documents.documents_over(applicant.texts)
    done = [await _kept(applicant, one, *read_file(each)) for each in files]
    await follow(applicant, one)
    if refused := [each for each in done if isinstance(each, Refused)]:
        return await shown(applicant, one, refused[0])
    return documents.with_documents(applicant.texts, one, await _number(applicant, one))


async def invite(_: CallbackQuery, callback_data: AddDocuments, applicant: Applicant) -> Said:
    """Wait for documents of one request."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    if not own.takes_documents(one, applicant.now):
        return replace(documents.no_place(applicant.texts, applicant.study, applicant.profile), anew=True)
    await follow(applicant, one)
    return documents.ask_documents(applicant.texts, applicant.study, one)


async def insist(_: Message, draft: Draft | None, applicant: Applicant, who: Acquaintance) -> Said:
    """Answer what is neither text nor a document: nothing of it is kept, and a form stays open."""
    if draft and draft.form == FORM:
        return await ask(applicant, Form.of(draft), form.not_understood(applicant.texts))
    asked = applicant.request(draft.content["request"]) if draft and draft.form in {ANSWER, CORRECTION} else None
    if draft and asked:
        again = changing.ask_answer(applicant.texts, asked)
        if draft.form == CORRECTION:
            again = changing.ask_reason(applicant.texts, asked, applicant.now)
        return Screen(form.not_understood(applicant.texts)), again
    if any(own.takes_documents(one, applicant.now) for one in applicant.study.requests):
        return documents.files_only(applicant.texts)
    return only_text(applicant.texts, who)


def sent_file(message: Message) -> SentFile:
    """Return the document of a message; raises LookupError for a message without one."""
    if message.document:
        kept = message.document
        name = kept.file_name or "document"
        return SentFile(name, "document", kept.mime_type, kept.file_size, kept.file_id, kept.file_unique_id)
    if message.photo:
        best = message.photo[-1]
        name = f"photo-{message.message_id}.jpg"
        return SentFile(name, "photo", "image/jpeg", best.file_size, best.file_id, best.file_unique_id)
    raise LookupError("neither a photo nor a document")


async def _for_form(message: Message, one: Form, applicant: Applicant, filed: MessageInstant) -> Said:
    """File by the document or by its caption, where that is what files; else keep it for when the form is filed."""
    sent, way = sent_file(message), way_of(applicant, one)
    if way is FiledBy.DOCUMENT or (way is FiledBy.TEXT and message.caption):
        return await file(applicant, one, filed, reason=message.caption, document=sent)
    said = form.key_next if way is FiledBy.KEY else form.text_first
    asked = await ask(applicant, with_file(one, sent, filed), said(applicant.texts))
    return await _once(message, applicant, asked)


async def _for_answer(message: Message, one: Request, applicant: Applicant, filed: MessageInstant) -> Said:
    """Add a document to what is being answered; a caption is the answer."""
    if not message.caption:
        return await _add(message, one, applicant, filed)
    done = await _kept(applicant, one, sent_file(message), filed)
    if isinstance(done, Refused):
        return await _refused(message, one, applicant, done)
    said = await answer(applicant, one, message.caption, filed)
    await follow(applicant, one)
    return said


async def _add(message: Message, one: Request, applicant: Applicant, filed: MessageInstant) -> Said:
    done = await _kept(applicant, one, sent_file(message), filed)
    if isinstance(done, Refused):
        return await _refused(message, one, applicant, done)
    if message.media_group_id:
        await owe_documents(
            applicant.storage,
            applicant.student_id,
            one.id,
            chat=applicant.user,
            album=message.media_group_id,
            now=applicant.now,
        )
        return None
    return documents.with_documents(applicant.texts, one, await _number(applicant, one))


async def _ask_which(
    message: Message, those: list[Request], draft: Draft | None, applicant: Applicant, file: dict[str, object]
) -> Said:
    before = draft.content["files"] if draft and draft.form == DOCUMENTS else []
    files = [*before, file]
    await keep(applicant, DOCUMENTS, {"request": None, "files": files})
    if message.media_group_id:
        await owe_documents(
            applicant.storage,
            applicant.student_id,
            None,
            chat=applicant.user,
            album=message.media_group_id,
            now=applicant.now,
        )
        return None
    return documents.which_request(applicant.texts, applicant.study, those, len(files))


async def _kept(
    applicant: Applicant, one: Request, file: SentFile, sent: MessageInstant
) -> Document | Refused[FilingRefusal]:
    return await add_document(
        applicant.storage,
        request_id=one.id,
        document=file,
        student_id=applicant.student_id,
        sent=sent,
        now=applicant.now,
        profile=applicant.profile,
    )


async def _number(applicant: Applicant, one: Request) -> int:
    return len(await applicant.storage.requests.documents_of(one.id))


async def _refused(message: Message, one: Request, applicant: Applicant, no: Refused[FilingRefusal]) -> Said:
    said = changing.not_done(applicant.texts, no, one, applicant.profile, applicant.now)
    return await _once(message, applicant, said, no.reason)


async def _once(message: Message, applicant: Applicant, said: Screen, what: str = "") -> Said:
    """Say it; of an album, once for all its parts."""
    if message.media_group_id is None:
        return said
    owed = owed_screen(applicant.user, said, now=applicant.now)
    await applicant.storage.outbox.add(replace(owed, dedupe_key=f"album:{message.media_group_id}:{what}"))
    await applicant.storage.commit()
    return None


def router() -> Router:
    """Return the routes of this feature."""
    router = of_applicants(__name__)
    router.message.filter(studies)
    router.message.register(receive, Where(F.photo | F.document), flags=WRITES)
    router.message.register(
        insist, Where(F.voice | F.video | F.video_note | F.audio | F.sticker | F.location), flags=WRITES
    )
    router.callback_query.register(give, GiveDocuments.filter(), flags=WRITES)
    router.callback_query.register(invite, AddDocuments.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, notices=NOTICES)
