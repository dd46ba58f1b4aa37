"""Filing a request: the form, the message that files it, texts that came without a form, corrections and answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.feature import Feature
from bot.filters import Where
from bot.handlers.requests import shown, unknown
from bot.i18n import Html, Texts
from bot.middlewares.applicant import Applicant, of_applicants
from bot.middlewares.context import WRITES, Answers, Said
from bot.screen import Screen
from bot.screens.fallback import unknown_text
from bot.screens.requests import changing, form, offers, own
from bot.screens.requests.buttons import (
    AddText,
    AnswerText,
    CorrectReason,
    DropText,
    FileText,
    OpenForm,
    SendAnswer,
    WriteAnswer,
    sitting_of,
)
from bot.screens.requests.form import Asked
from bot.screens.requests.lists import RETAKES
from policy.appeals import AppealRefusal
from policy.calendar import Window, Windows
from policy.citation import HOUSE
from policy.decision import Allowed, Refused
from policy.instant import MessageInstant
from policy.people import Language, Status, Student
from policy.requests import Kind, RequestState
from policy.retakes import MissedExamRefusal, RetakeRefusal
from services.requests.filing import (
    REASON_LENGTH,
    Filed,
    FilingRefusal,
    Offer,
    add_document,
    answer_inquiry,
    correct_reason,
    file_request,
    may_still_be_seated,
    offer_of,
)
from services.requests.filing import (
    offers as offers_of,
)
from services.requests.kinds import KINDS, FiledBy
from services.sittings import Sitting
from storage.records import Acquaintance, Draft
from storage.requests import ExamKey, Request, SentFile

FORM = "request"
CORRECTION = "correct request"
ANSWER = "answer question"
LOOSE = "loose text"
DOCUMENTS = "documents"
LATE_FORM = timedelta(days=1)  # Telegram keeps what was sent for so long: a text may still come that was in time
RIGHT_AFTER = timedelta(minutes=2)  # what is written so soon after a filing may be the rest of it
LONG_AGO = timedelta(minutes=1)  # a message that took so long came after an outage, maybe with others
CLOSED = (  # refused now, and perhaps not when a text was sent that is still on its way
    AppealRefusal.WINDOW_CLOSED,
    AppealRefusal.NOT_OPEN_YET,
    RetakeRefusal.WINDOW_CLOSED,
    MissedExamRefusal.WINDOW_CLOSED,
)
SHORTEST = 10  # characters of a text that may be a reason: "hello" is none
MOST_TEXT = 2 * REASON_LENGTH  # a reason cut in two by Telegram, whole again


@dataclass(frozen=True, slots=True)
class Form:
    """A request that is being filed; `files` were sent before the message that files it."""

    kind: Kind
    exam: ExamKey
    choice: str | None
    files: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, draft: Draft) -> "Form":
        """Read it from the draft it is kept in."""
        kept = draft.content
        return cls(Kind(kept["kind"]), ExamKey(*kept["exam"]), kept["choice"], tuple(kept["files"]))

    def kept(self) -> dict[str, Any]:
        """Return it as a draft keeps it; `keyboard` tells that a keyboard stands under the chat."""
        return {"kind": self.kind, "exam": list(self.exam), "choice": self.choice, "files": list(self.files)}


async def begin(_: CallbackQuery, callback_data: OpenForm, applicant: Applicant) -> Said:
    """Open the form of a request about an exam, or say why there is none."""
    texts, study, kind = applicant.texts, applicant.study, callback_data.kind
    sitting = sitting_of(study, callback_data)
    if sitting is None:
        return offers.listed(texts, study, applicant.profile, kind, form.form_gone(texts))
    choices = KINDS[kind].choices(sitting)
    choice = choices[0] if len(choices) == 1 else next((one for one in choices if one == callback_data.choice), None)
    if choices and choice is None:
        return offers.choose_cause(texts, study, sitting, applicant.profile, KINDS[kind])
    if no := _closed(applicant, sitting, kind, choice):
        return offers.refused(texts, study, sitting, kind, no, profile=applicant.profile)
    if said := await _kept_text(applicant, sitting, kind):
        return said
    return await ask(applicant, Form(kind, sitting.key, choice))


async def press(message: Message, draft: Draft | None, applicant: Applicant, filed: MessageInstant) -> Said:
    """Take a key: one of the form that is open files or leaves it, any other files nothing."""
    one = Form.of(draft) if draft and draft.form == FORM else None
    if one is None or way_of(applicant, one) is not FiledBy.KEY:
        texts = applicant.texts
        return form.key_gone(texts), offers.offered(texts, applicant.study, applicant.profile, RETAKES)
    if message.text in form.keys_of(applicant.voices, one.kind):
        return await file(applicant, one, filed)
    if message.text in form.cancel_keys(applicant.voices):
        return await leave(applicant, one.kind)
    return await ask(applicant, one, form.use_the_key(applicant.texts))


async def write(message: Message, draft: Draft, applicant: Applicant, filed: MessageInstant) -> Said:
    """Take the message that files a request by text; where no text is due, say what is."""
    one, text = Form.of(draft), message.text or ""
    way = way_of(applicant, one)
    if way is FiledBy.TEXT:
        return await file(applicant, one, filed, reason=text)
    late = applicant.now - filed.at >= LONG_AGO
    if late and (offered := await _offer(applicant, text, filed, None)):  # the form may be older than what came since
        return form.key_gone(applicant.texts), offered
    said = form.use_the_key if way is FiledBy.KEY else form.document_only
    return await ask(applicant, one, said(applicant.texts))


async def leave(applicant: Applicant, kind: Kind) -> Said:
    """Leave a form by its key."""
    await applicant.storage.drafts.drop(applicant.user, applicant.user)
    await applicant.storage.commit()
    texts = applicant.texts
    return form.key_gone(texts), offers.listed(texts, applicant.study, applicant.profile, kind)


async def file(
    applicant: Applicant,
    one: Form,
    filed: MessageInstant,
    *,
    reason: str | None = None,
    document: SentFile | None = None,
) -> Said:
    """File a request with the documents that came before it, and give the receipt."""
    storage, texts, study = applicant.storage, applicant.texts, applicant.study
    done = await file_request(
        storage,
        kind=one.kind,
        study=study,
        exam=one.exam,
        filed=filed,
        by=applicant.student_id,
        now=applicant.now,
        profile=applicant.profile,
        choice=one.choice,
        reason=reason,
        document=document,
    )
    key = (form.key_gone(texts),) if way_of(applicant, one) is FiledBy.KEY else ()
    if isinstance(done, Refused):
        await storage.drafts.drop(applicant.user, applicant.user)
        await storage.commit()
        sitting = _sitting(applicant, one)
        refused = offers.refused(texts, study, sitting, one.kind, done, profile=applicant.profile)
        other = await _offer(applicant, reason, filed, None) if reason else None
        return *key, refused, *((other,) if other else ())
    added = await _add(applicant, done, one.files)
    await follow(applicant, done.request)
    key = (form.filed_by_key(texts, done.request),) if key else ()
    return *key, own.receipt(texts, study, done, applicant.profile, documents=added + bool(document))


async def follow(applicant: Applicant, one: Request) -> None:
    """Remember which request what is sent next goes with; the request itself is kept already."""
    await applicant.storage.drafts.keep(
        applicant.user, applicant.user, DOCUMENTS, {"request": one.id, "files": [], "done": True}, at=applicant.now
    )
    await applicant.storage.commit()


async def hear(
    message: Message, draft: Draft | None, applicant: Applicant, filed: MessageInstant, who: Acquaintance
) -> Said:
    """Keep a text that no form waited for, with its instant, and ask what it is."""
    text, texts = message.text or "", applicant.texts
    paused, cut = _paused(applicant), _just_filed(applicant, filed)
    if len(paused) == 1 or cut:
        await _keep_text(applicant, text, filed.at)
        those = [each for each in _fileable(applicant, filed, text) if each.kind.gives_points]
        if len(paused) == 1:
            return form.answer_text(texts, paused[0], text, those)
        return form.more_text(texts, cut, text, those) if cut else None
    if message.forward_origin is not None:
        return unknown_text(texts, who)
    return await _offer(applicant, text, filed, draft) or unknown_text(texts, who)


async def file_text(_: CallbackQuery, callback_data: FileText, applicant: Applicant) -> Said:
    """File the text that was kept, as of when it was sent."""
    kept, sitting = await _text(applicant), sitting_of(applicant.study, callback_data)
    texts, kind = applicant.texts, callback_data.kind
    if kept is None or sitting is None:
        said = form.form_gone(texts) if kept else form.text_over(texts)
        return offers.listed(texts, applicant.study, applicant.profile, kind, said)
    text, at = kept
    return await file(applicant, Form(kind, sitting.key, None), MessageInstant(at), reason=text)


async def add_text(_: CallbackQuery, callback_data: AddText, applicant: Applicant) -> Said:
    """Add the text that was kept to the reason of a request."""
    kept, one = await _text(applicant), applicant.request(callback_data.number)
    if kept is None or one is None or one.reason is None:
        return own.requests(applicant.texts, applicant.study, form.text_over(applicant.texts))
    text, at = kept
    whole = f"{one.reason}\n{text}"
    if len(whole) > MOST_TEXT:
        return changing.too_long(applicant.texts, one, MOST_TEXT)
    done = await _correct(applicant, one, whole, MessageInstant(at))
    return done if isinstance(done, Screen) else changing.added_to(applicant.texts, done)


async def answer_with_text(_: CallbackQuery, callback_data: AnswerText, applicant: Applicant) -> Said:
    """Take the text that was kept as the answer to a question."""
    kept, one = await _text(applicant), applicant.request(callback_data.number)
    if kept is None or one is None:
        return own.requests(applicant.texts, applicant.study, form.text_over(applicant.texts))
    text, at = kept
    return await answer(applicant, one, text, MessageInstant(at))


async def drop_text(_: CallbackQuery, applicant: Applicant) -> Said:
    """Forget the text that was kept."""
    if await _text(applicant):
        await applicant.storage.drafts.drop(applicant.user, applicant.user)
        await applicant.storage.commit()
    return form.text_dropped(applicant.texts)


async def ask_reason(_: CallbackQuery, callback_data: CorrectReason, applicant: Applicant) -> Said:
    """Ask for another text, or say why it stays as it is."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    if not own.may_correct(one, applicant.now):
        in_time = one.takes_until_closed(applicant.now)
        no = FilingRefusal.TAKEN if in_time else FilingRefusal.WINDOW_CLOSED
        why = Refused(no if one.open else FilingRefusal.NOT_OPEN, (HOUSE,), one.closes_at)
        return replace(await shown(applicant, one, why), anew=True)
    await keep(applicant, CORRECTION, {"request": one.id})
    return changing.ask_reason(applicant.texts, one, applicant.now)


async def rewrite(message: Message, draft: Draft, applicant: Applicant, filed: MessageInstant) -> Said:
    """Put what was written in place of the reason."""
    one = applicant.request(draft.content["request"])
    if one is None:
        return unknown(applicant)
    done = await _correct(applicant, one, message.text or "", filed)
    if isinstance(done, Screen):
        return done
    return changing.corrected(applicant.texts, one.reason or "", done, applicant.profile)


async def ask_answer(_: CallbackQuery, callback_data: WriteAnswer, applicant: Applicant) -> Said:
    """Ask for the answer to what the staff asked."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    if not one.open or one.paused_at is None:
        return replace(await shown(applicant, one, Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))), anew=True)
    await keep(applicant, ANSWER, {"request": one.id})
    return changing.ask_answer(applicant.texts, one)


async def write_answer(message: Message, draft: Draft, applicant: Applicant, filed: MessageInstant) -> Said:
    """Take the answer that was written."""
    one = applicant.request(draft.content["request"])
    return await answer(applicant, one, message.text or "", filed) if one else unknown(applicant)


async def send_answer(_: CallbackQuery, callback_data: SendAnswer, applicant: Applicant) -> Said:
    """Answer by the documents that were sent since the question, as of the last of them."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    asked = one.inquiries[-1].asked_at if one.inquiries else one.filed_at
    documents = await applicant.storage.requests.documents_of(one.id)
    sent = [each.sent_at for each in documents if each.sent_at >= asked.replace(microsecond=0)]
    if not sent:
        return await shown(applicant, one, Refused(FilingRefusal.NO_DOCUMENT, (HOUSE,)))
    words = applicant.texts.plain("The answer is in the documents.")
    return await answer(applicant, one, words, MessageInstant(max(sent)))


async def answer(applicant: Applicant, one: Request, text: str, written: MessageInstant) -> Screen:
    """Answer what the staff asked about a request."""
    done = await answer_inquiry(
        applicant.storage,
        request_id=one.id,
        answer=text,
        student_id=applicant.student_id,
        written=written,
        now=applicant.now,
        study=applicant.study,
    )
    await applicant.storage.drafts.drop(applicant.user, applicant.user)
    await applicant.storage.commit()
    if isinstance(done, Refused):
        return await shown(applicant, one, done)
    return changing.answered(applicant.texts, done, applicant.now)


def _closed(applicant: Applicant, sitting: Sitting, kind: Kind, choice: str | None) -> Refused[Any] | None:
    """Say why a form cannot be opened; one that is closed for less than a day can: a text may be on its way."""
    if applicant.study.student.status is not Status.ACTIVE:
        return Refused(FilingRefusal.NOT_STUDYING, (HOUSE,))
    windows = KINDS[kind].windows(sitting, applicant.now)
    if isinstance(windows, Refused):
        return windows
    answer = KINDS[kind].may_file(sitting, MessageInstant(applicant.now), choice)
    if isinstance(answer, Allowed):
        return None
    just_closed = any(timedelta() <= applicant.now - window.closes < LATE_FORM for window in windows.each)
    just_closed = just_closed and answer.reason in CLOSED
    by_key = KINDS[kind].filed_by(choice, applicant.profile.requests) is FiledBy.KEY  # there was none to press before
    return None if just_closed and not by_key else answer


async def ask(applicant: Applicant, one: Form, *said: Html) -> Screen:
    """Keep a form and show what it asks for."""
    sitting = _sitting(applicant, one)
    windows = KINDS[one.kind].windows(sitting, applicant.now) if sitting else None
    way = way_of(applicant, one)
    if sitting is None or not isinstance(windows, Windows):
        return offers.listed(
            applicant.texts, applicant.study, applicant.profile, one.kind, form.form_gone(applicant.texts)
        )
    await keep(applicant, FORM, {**one.kept(), "keyboard": way is FiledBy.KEY})
    offer = offer_of(sitting, one.kind, MessageInstant(applicant.now))
    asked = Asked(
        one.kind,
        sitting,
        way,
        _open_last(windows, applicant.now),
        one.choice,
        len(one.files),
        late=offer.late,
        seatless=isinstance(offer.decision, Allowed) and not may_still_be_seated(offer, applicant.profile),
    )
    return form.ask(applicant.texts, applicant.study, asked, *said)


def way_of(applicant: Applicant, one: Form) -> FiledBy:
    return KINDS[one.kind].filed_by(one.choice, applicant.profile.requests)


def _sitting(applicant: Applicant, one: Form) -> Sitting | None:
    named = ((each, applicant.study.standing(each).sitting(one.exam.attempt)) for each in applicant.study.enrolments)
    sitting = next((found for _, found in named if found and found.key == one.exam), None)
    return sitting if sitting and (KINDS[one.kind].each_sitting or sitting.latest) else None


def _open_last(windows: Windows, now: datetime) -> Window:
    """Return the window to speak of: one that is open; between two, the one a text on its way may be from."""
    closed = [window for window in windows.each if window.closes <= now]
    return windows.at(now) if now in windows or not closed else max(closed, key=lambda window: window.closes)


async def keep(applicant: Applicant, name: str, content: Mapping[str, Any]) -> None:
    await applicant.storage.drafts.keep(applicant.user, applicant.user, name, content, at=applicant.now)
    await applicant.storage.commit()


async def _add(applicant: Applicant, done: Filed, files: tuple[Mapping[str, Any], ...]) -> int:
    """Add the documents that came before a request was filed; return how many it took."""
    taken = 0
    for kept in files:
        file, sent = read_file(kept)
        added = await add_document(
            applicant.storage,
            request_id=done.request.id,
            document=file,
            student_id=applicant.student_id,
            sent=sent,
            now=applicant.now,
            profile=applicant.profile,
        )
        taken += not isinstance(added, Refused)
    return taken


async def _correct(applicant: Applicant, one: Request, reason: str, written: MessageInstant) -> Request | Screen:
    """Put another text in place of the reason and leave the form; a screen says why it was not done."""
    done = await correct_reason(
        applicant.storage,
        request_id=one.id,
        reason=reason,
        student_id=applicant.student_id,
        written=written,
        now=applicant.now,
    )
    await follow(applicant, one)
    return await shown(applicant, one, done) if isinstance(done, Refused) else done


async def _keep_text(applicant: Applicant, text: str, at: datetime) -> None:
    await keep(applicant, LOOSE, {"text": text, "at": at.isoformat()})


async def _text(applicant: Applicant) -> tuple[str, datetime] | None:
    """Return the text that was kept, and when it was sent."""
    draft = await applicant.storage.drafts.of(applicant.user, applicant.user)
    if draft is None or draft.form != LOOSE:
        return None
    return draft.content["text"], datetime.fromisoformat(draft.content["at"])


async def _kept_text(applicant: Applicant, sitting: Sitting, kind: Kind) -> Screen | None:
    """Offer to file a text that was kept before its exam was chosen, if that was in time."""
    if KINDS[kind].filed_by(None, applicant.profile.requests) is not FiledBy.TEXT:
        return None
    kept = await _text(applicant)
    if kept is None:
        return None
    text, at = kept
    those = [each for each in _fileable(applicant, MessageInstant(at), text) if each.kind.kind is kind]
    mine = [each for each in those if each.exam == sitting.key]
    return form.loose_text(applicant.texts, text, at, mine) if mine else None


async def _offer(applicant: Applicant, text: str, filed: MessageInstant, draft: Draft | None) -> Screen | None:
    """Offer to file a text where something could be filed when it was sent; with it, what was written before it."""
    before = (draft.content["text"], draft.content["at"]) if draft and draft.form == LOOSE else None
    those = _fileable(applicant, filed, text)
    if those:
        whole = f"{before[0]}\n{text}" if before else text
        await _keep_text(applicant, whole[:MOST_TEXT], filed.at)
        return form.loose_text(applicant.texts, whole, filed.at, those)
    if before is None:
        return None
    at = datetime.fromisoformat(before[1])
    those = _fileable(applicant, MessageInstant(at), before[0])
    return form.loose_text(applicant.texts, before[0], at, those, late=True) if those else None


def _fileable(applicant: Applicant, filed: MessageInstant, text: str) -> list[Offer]:
    """Return what a text could have filed at an instant; a word in passing nothing."""
    if len(text) < SHORTEST or applicant.study.student.status is not Status.ACTIVE:
        return []
    return [
        each
        for kind in Kind
        if KINDS[kind].filed_by(None, applicant.profile.requests) is FiledBy.TEXT
        for each in offers_of(applicant.study, kind, filed)
        if isinstance(each.decision, Allowed) and not each.late
    ]


def _paused(applicant: Applicant) -> list[Request]:
    return [each for each in applicant.study.requests if each.open and each.paused_at is not None]


def _just_filed(applicant: Applicant, filed: MessageInstant) -> Request | None:
    """Return the request that a text may be the rest of."""
    for one in reversed(applicant.study.requests):
        waits = one.reason and one.state is RequestState.FILED and one.taken_by is None
        if waits and timedelta() <= filed.at - one.filed_at <= RIGHT_AFTER and one.takes_until_closed(filed.at):
            return one
    return None


def write_file(file: SentFile, sent: MessageInstant) -> dict[str, Any]:
    """Return a document that was sent as a draft keeps it."""
    return {**asdict(file), "sent": sent.at.isoformat()}


def read_file(kept: Mapping[str, Any]) -> tuple[SentFile, MessageInstant]:
    """Return a document that a draft kept, and when it was sent."""
    file = {name: value for name, value in kept.items() if name != "sent"}
    return SentFile(**file), MessageInstant(datetime.fromisoformat(kept["sent"]))


def with_file(one: Form, file: SentFile, sent: MessageInstant) -> Form:
    """Return a form with one document more, each but once."""
    known = {each["file_unique_id"] for each in one.files}
    return one if file.file_unique_id in known else replace(one, files=(*one.files, write_file(file, sent)))


async def _is_key(message: Message, voices: Mapping[Language, Texts]) -> bool:
    """Tell whether a text is what a key says, in either language."""
    return message.text in form.all_keys(voices)


async def studies(_: TelegramObject, student: Student | None) -> bool:
    """Tell whether somebody is a student."""
    return student is not None


def router() -> Router:
    """Return the routes of this feature."""
    router = of_applicants(__name__)
    router.message.filter(studies)
    router.message.register(press, _is_key, flags=WRITES)
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.message.register(rewrite, Answers(CORRECTION), flags=WRITES)
    router.message.register(write_answer, Answers(ANSWER), flags=WRITES)
    router.message.register(hear, Where(F.text & ~F.text.startswith("/")), flags=WRITES)
    router.callback_query.register(begin, OpenForm.filter(), flags=WRITES)
    router.callback_query.register(file_text, FileText.filter(), flags=WRITES)
    router.callback_query.register(add_text, AddText.filter(), flags=WRITES)
    router.callback_query.register(answer_with_text, AnswerText.filter(), flags=WRITES)
    router.callback_query.register(drop_text, DropText.filter(), flags=WRITES)
    router.callback_query.register(ask_reason, CorrectReason.filter(), flags=WRITES)
    router.callback_query.register(ask_answer, WriteAnswer.filter(), flags=WRITES)
    router.callback_query.register(send_answer, SendAnswer.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router)
