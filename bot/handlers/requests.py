"""/appeal, /retake, /requests: what can be filed, one's own requests, withdrawing one."""

from dataclasses import replace
from datetime import datetime

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature, NamedCommand
from bot.filters import Where
from bot.i18n import Texts, msgid
from bot.middlewares.applicant import Applicant, of_applicants
from bot.middlewares.context import FINAL, Said
from bot.notices.requests import NOTICES
from bot.screen import Event, Screen
from bot.screens.menu import OpenAppeals, OpenComplaints, OpenRequests, OpenRetakes
from bot.screens.requests import changing, form, offers, own
from bot.screens.requests.buttons import AskWithdrawal, OpenRequest, WhyOpen, Withdraw, sitting_of
from bot.screens.requests.lists import APPEALS, COMPLAINTS, RETAKES
from bot.words.requests import refusal
from policy.citation import HOUSE
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.people import Student
from services.requests.cases import case_of
from services.requests.filing import FilingRefusal, could_file_again, withdraw
from services.requests.history import DOCUMENT, OBJECT
from storage.requests import Request
from storage.unit import Storage


async def open_appeals(_: Event, applicant: Applicant) -> Said:
    """List what can be appealed."""
    return offers.offered(applicant.texts, applicant.study, applicant.profile, APPEALS)


async def open_complaints(_: CallbackQuery, applicant: Applicant) -> Said:
    """List the exams whose holding can be complained of."""
    return offers.offered(applicant.texts, applicant.study, applicant.profile, COMPLAINTS)


async def open_retakes(_: Event, applicant: Applicant) -> Said:
    """List the retakes and missed exams that can be applied for."""
    return offers.offered(applicant.texts, applicant.study, applicant.profile, RETAKES)


async def explain(_: CallbackQuery, callback_data: WhyOpen, applicant: Applicant) -> Said:
    """Explain a deadline day by day."""
    texts, study, kind = applicant.texts, applicant.study, callback_data.kind
    sitting = sitting_of(study, callback_data)
    explained = offers.why_open(texts, study, sitting, kind) if sitting else None
    return explained or offers.listed(texts, study, applicant.profile, kind, form.form_gone(texts))


async def open_requests(_: Event, applicant: Applicant, callback_data: OpenRequests | None = None) -> Said:
    """List one's own requests."""
    listed = own.requests(applicant.texts, applicant.study)
    return replace(listed, anew=callback_data is not None and callback_data.anew)


async def open_request(_: CallbackQuery, callback_data: OpenRequest, applicant: Applicant) -> Said:
    """Lay one request open."""
    one = applicant.request(callback_data.number)
    return replace(await shown(applicant, one) if one else unknown(applicant), anew=callback_data.anew)


async def ask_withdrawal(_: CallbackQuery, callback_data: AskWithdrawal, applicant: Applicant) -> Said:
    """Ask whether it is meant, and say whether it could be filed again."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    if not one.open:
        return replace(await shown(applicant, one, Refused(FilingRefusal.NOT_OPEN, (HOUSE,))), anew=True)
    again = could_file_again(one, applicant.study, MessageInstant(applicant.now))
    return changing.ask_withdrawal(applicant.texts, applicant.study, one, again=again)


async def take_back(_: CallbackQuery, callback_data: Withdraw, applicant: Applicant) -> Said:
    """Withdraw a request, unless something happened to it since it was shown."""
    one = applicant.request(callback_data.number)
    if one is None:
        return unknown(applicant)
    done = await withdraw(
        applicant.storage,
        request_id=one.id,
        version=callback_data.version,
        student_id=applicant.student_id,
        now=applicant.now,
    )
    if isinstance(done, Refused):
        return await shown(applicant, one, done)
    again = could_file_again(done, applicant.study, MessageInstant(applicant.now))
    return changing.withdrawn(applicant.texts, applicant.study, done, again=again)


async def notice_edit(message: Message, storage: Storage, student: Student | None, texts: Texts, now: datetime) -> Said:
    """Tell who edits the message that filed a request that this changes nothing; other edits are passed over."""
    filed = await storage.requests.of_student(student.person_id) if student and message.text else ()
    one = next((each for each in filed if each.open and each.reason and each.filed_at == message.date), None)
    return changing.edited(texts, one, may_correct=own.may_correct(one, now)) if one else None


async def shown(applicant: Applicant, one: Request, no: Refused[FilingRefusal] | None = None) -> Screen:
    """Return a request as it stands now, under why something was not done to it."""
    storage, texts = applicant.storage, applicant.texts
    current = await storage.requests.by_id(one.id) or one
    case = await case_of(storage, current, now=applicant.now, profile=applicant.profile)
    key = (str(one.id),)
    history = [*await storage.changes.of(OBJECT, key), *await storage.changes.of(DOCUMENT, key)]
    said = changing.why_not(texts, no, one, applicant.profile, applicant.now) if no else ()
    return own.request(texts, case, history, applicant.profile, *said)


def unknown(applicant: Applicant) -> Screen:
    """Return the requests there are in place of one there is not."""
    no = Refused(FilingRefusal.UNKNOWN, (HOUSE,))
    return own.requests(applicant.texts, applicant.study, refusal(applicant.texts, no, now=applicant.now))


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.edited_message.register(notice_edit, Where(F.chat.type == "private"))
    mine = of_applicants(f"{__name__}.own")
    for show, command, button in (
        (open_appeals, "appeal", OpenAppeals),
        (open_retakes, "retake", OpenRetakes),
        (open_requests, "requests", OpenRequests),
    ):
        mine.message.register(show, Command(command))
        mine.callback_query.register(show, button.filter())
    mine.callback_query.register(open_complaints, OpenComplaints.filter())
    mine.callback_query.register(explain, WhyOpen.filter())
    mine.callback_query.register(open_request, OpenRequest.filter())
    mine.callback_query.register(ask_withdrawal, AskWithdrawal.filter())
    mine.callback_query.register(take_back, Withdraw.filter(), flags=FINAL)
    router.include_router(mine)
    return router


FEATURE = Feature(
    router=router,
    commands=(
        NamedCommand("appeal", msgid("Appeal against a mark"), 5),
        NamedCommand("retake", msgid("Apply for a retake or a missed exam"), 6),
        NamedCommand("requests", msgid("My requests and what became of them"), 7),
    ),
    notices=NOTICES,
)
