"""/protocol: the commission's protocols and the registers; the application and the documents of a case."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.buttons import is_near
from bot.feature import Audience, Feature, NamedCommand
from bot.handlers.cases import why
from bot.handlers.queues import queues_of
from bot.i18n import Html, msgid
from bot.middlewares.context import WRITES, Answers, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.papers import PAPERS
from bot.screen import Event, Screen, Toast
from bot.screens.review import papers as screens
from bot.screens.review import queue as queue_screens
from bot.screens.review.buttons import PrintApplication, SendFile
from bot.screens.review.papers import (
    BeginProtocol,
    MakeProtocol,
    MakeRegister,
    OpenPapers,
    PrintProtocol,
    ProtocolForm,
    TickMember,
)
from policy.decision import Refused
from policy.requests import DESKS
from policy.review import Act, ReviewRefusal
from services.attempts import note
from services.reads import record_read
from services.requests.cases import CaseRefusal, case_for
from services.requests.papers import (
    decided_on,
    filed_in,
    for_protocol,
    make_protocol,
    members,
    protocol_for,
    protocols_for,
    students_in,
)

FORM = "papers"
PROTOCOL = "protocol"
DAYS = 7  # looked through for decisions
KEPT = 5  # protocols offered again
MOST_CASES = 100  # of one protocol
DAY = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?")
SPAN = re.compile(rf"({DAY.pattern})\s*[-–—]\s*({DAY.pattern})")
BETWEEN_NUMBERS = str.maketrans(dict.fromkeys("№,;", " "))


async def open_papers(_: Event, reviewer: Reviewer) -> Said:
    """Show what can be printed, and wait for a day, numbers or two days."""
    if not queues_of(reviewer):
        return queue_screens.no_queue(reviewer.texts, reviewer.profile)
    await reviewer.keep(FORM, {})
    return await _papers(reviewer)


async def write(message: Message, reviewer: Reviewer) -> Said:
    """Take a day, numbers of cases, or two days."""
    text = (message.text or "").strip()
    if found := SPAN.fullmatch(text):
        first, last = (day_written(found[place], reviewer.today) for place in (1, 5))
        if first and last and first <= last:
            return screens.choose_register(reviewer.texts, queues_of(reviewer), first, last)
    elif DAY.fullmatch(text) and (day := day_written(text, reviewer.today)):
        return await _begin(reviewer, day, await _decided_on(reviewer, day))
    elif numbers := _numbers_written(text):
        return await _begin(reviewer, reviewer.today, numbers)
    return await _papers(reviewer, screens.not_understood(reviewer.texts))


async def begin_protocol(_: CallbackQuery, callback_data: BeginProtocol, reviewer: Reviewer) -> Said:
    """Ask who was there on a day."""
    day = callback_data.day
    return await _begin(reviewer, day, await _decided_on(reviewer, day))


async def tick(_: CallbackQuery, callback_data: TickMember, reviewer: Reviewer) -> Said:
    """Note that somebody was there, or was not after all."""
    form = await _form(reviewer)
    if form is None or form.token != callback_data.token:
        return await _papers(reviewer)
    present = set(form.present) ^ {callback_data.person}
    return await _go_on(reviewer, replace(form, present=sorted(present)))


async def make(_: CallbackQuery, callback_data: MakeProtocol, reviewer: Reviewer) -> Said:
    """Number the protocol, keep it, print it."""
    form = await _form(reviewer)
    if form is None or form.token != callback_data.token or not _in_commission(reviewer):
        return await _papers(reviewer)
    if not form.present:
        return Toast(screens.none_present(reviewer.texts))
    kept = await make_protocol(
        reviewer.storage,
        day=date.fromisoformat(form.day),
        numbers=form.numbers,
        present=form.present,
        by=reviewer.by,
        now=reviewer.now,
        profile=reviewer.profile,
    )
    await reviewer.leave(PROTOCOL)
    return await _printed(reviewer, kept.number) if kept else await _papers(reviewer)


async def print_again(_: CallbackQuery, callback_data: PrintProtocol, reviewer: Reviewer) -> Said:
    """Print a protocol as it was made, as far as it is for this person."""
    return await _printed(reviewer, callback_data.number)


async def _printed(reviewer: Reviewer, number: int) -> Screen:
    storage, now, profile = reviewer.storage, reviewer.now, reviewer.profile
    found = await protocol_for(storage, number, by=reviewer.by, now=now, profile=profile)
    if found is None or not _in_commission(reviewer):
        return await _papers(reviewer)
    kept, seen = found
    of = await students_in(storage, seen)
    await record_read(storage, of=of, what="request", cause="protocol", by=reviewer.by, now=reviewer.now)
    await storage.commit()
    whole = len(seen) == len(kept.content["cases"])
    return screens.printed_protocol(reviewer.texts, kept, whole=whole, by=reviewer.by)


async def make_register(_: CallbackQuery, callback_data: MakeRegister, reviewer: Reviewer) -> Said:
    """Write the register of a queue, and keep who saw whom in it."""
    queue, storage = callback_data.queue, reviewer.storage
    if queue not in queues_of(reviewer):
        note(ReviewRefusal.NO_ROLE, "register", queue, by=reviewer.by, cause="register", now=reviewer.now)
        return queue_screens.no_queue(reviewer.texts, reviewer.profile)
    filed = await filed_in(
        storage,
        queue,
        first=callback_data.first,
        last=callback_data.last,
        by=reviewer.by,
        now=reviewer.now,
        profile=reviewer.profile,
    )
    if not filed:
        return Toast(screens.nothing_filed(reviewer.texts))
    of = (each.student_id for each in filed)
    await record_read(storage, of=of, what="request", cause="register", by=reviewer.by, now=reviewer.now)
    await storage.commit()
    return screens.register(reviewer.texts, callback_data, [each.id for each in filed], by=reviewer.by)


async def print_application(_: CallbackQuery, callback_data: PrintApplication, reviewer: Reviewer) -> Said:
    """Send the application of a case to print."""
    storage, number, now, profile = reviewer.storage, callback_data.number, reviewer.now, reviewer.profile
    case = await case_for(storage, Act.PRINT, request_id=number, by=reviewer.by, now=now, profile=profile)
    if isinstance(case, Refused):
        return await why(reviewer, number, case)
    await record_read(storage, of=[case.student.person_id], what="request", cause="request", by=reviewer.by, now=now)
    await storage.commit()
    return screens.application(reviewer.texts, number, by=reviewer.by)


async def send_file(_: CallbackQuery, callback_data: SendFile, reviewer: Reviewer) -> Said:
    """Send a document of a case to whoever may read it."""
    storage, now, profile = reviewer.storage, reviewer.now, reviewer.profile
    document = await storage.requests.document(callback_data.document)
    number = document.request_id if document else 0
    case = await case_for(storage, Act.READ, request_id=number, by=reviewer.by, now=now, profile=profile)
    if document is None or isinstance(case, Refused):
        return await why(reviewer, number, case if isinstance(case, Refused) else Refused(CaseRefusal.UNKNOWN, ()))
    of = [case.student.person_id]
    await record_read(storage, of=of, what="request_document", cause="request", by=reviewer.by, now=now)
    await storage.commit()
    return screens.document(reviewer.texts, document)


async def _begin(reviewer: Reviewer, day: date, numbers: Sequence[int]) -> Screen:
    """Ask who was there, with everybody of the commission ticked who decided or is at work today."""
    if not _in_commission(reviewer):
        return queue_screens.no_queue(reviewer.texts, reviewer.profile)
    wanted = list(dict.fromkeys(numbers))[:MOST_CASES]
    decided = await for_protocol(reviewer.storage, wanted, by=reviewer.by, now=reviewer.now, profile=reviewer.profile)
    if not decided:
        return await _papers(reviewer, screens.nothing_decided(reviewer.texts))
    there = [each.person.person_id for each in await members(reviewer.storage, decided, today=day)]
    missing = [each for each in wanted if each not in decided]
    said = [screens.left_out(reviewer.texts, missing)] if missing else []
    return await _go_on(reviewer, ProtocolForm("", str(day), list(decided), there), *said)


async def _go_on(reviewer: Reviewer, form: ProtocolForm, *said: Html) -> Screen:
    form = replace(form, token=secrets.token_hex(4))
    await reviewer.keep(PROTOCOL, asdict(form))
    those = await members(reviewer.storage, form.numbers, today=date.fromisoformat(form.day))
    return screens.tick_members(reviewer.texts, form, those, *said)


async def _decided_on(reviewer: Reviewer, day: date) -> tuple[int, ...]:
    return await decided_on(reviewer.storage, day, by=reviewer.by, now=reviewer.now, profile=reviewer.profile)


def _numbers_written(text: str) -> list[int]:
    """Return the numbers of cases in a text that holds nothing else."""
    written = text.translate(BETWEEN_NUMBERS).split()
    return [int(each) for each in written] if all(each.isdecimal() and len(each) < 10 for each in written) else []


async def _form(reviewer: Reviewer) -> ProtocolForm | None:
    draft = await reviewer.draft(PROTOCOL)
    return ProtocolForm(**draft.content) if draft else None


async def _papers(reviewer: Reviewer, said: Html | None = None) -> Screen:
    storage, today = reviewer.storage, reviewer.today
    commission = _in_commission(reviewer)
    days = [today - timedelta(days=each) for each in range(DAYS)] if commission else []
    decided = [(day, len(await _decided_on(reviewer, day))) for day in days]
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return screens.papers(
        reviewer.texts,
        days=[(day, number) for day, number in decided if number],
        kept=await protocols_for(storage, by=reviewer.by, limit=KEPT, now=reviewer.now, profile=reviewer.profile)
        if commission
        else (),
        periods=[(first, today), (before, first - timedelta(days=1))],
        queues=queues_of(reviewer),
        commission=commission,
        said=said,
    )


def _in_commission(reviewer: Reviewer) -> bool:
    return any(DESKS[queue].commission for queue in queues_of(reviewer))


def day_written(text: str, today: date) -> date | None:
    """Return the day that was written: without a year the latest such day. None: there is no such day."""
    found = DAY.fullmatch(text)
    if found is None:
        return None
    try:
        day = date(int(found[3] or today.year), int(found[2]), int(found[1]))
        day = day if found[3] or day <= today else day.replace(year=day.year - 1)
        return day if is_near(day) else None
    except ValueError:
        return None


def router() -> Router:
    """Return the routes of this feature."""
    router = of_staff(__name__)
    router.message.register(open_papers, Command("protocol"), flags=WRITES)
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.callback_query.register(open_papers, OpenPapers.filter(), flags=WRITES)
    router.callback_query.register(begin_protocol, BeginProtocol.filter(), flags=WRITES)
    router.callback_query.register(tick, TickMember.filter(), flags=WRITES)
    router.callback_query.register(make, MakeProtocol.filter(), flags=WRITES)
    router.callback_query.register(print_again, PrintProtocol.filter(), flags=WRITES)
    router.callback_query.register(make_register, MakeRegister.filter(), flags=WRITES)
    router.callback_query.register(print_application, PrintApplication.filter(), flags=WRITES)
    router.callback_query.register(send_file, SendFile.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(
        NamedCommand("protocol", msgid("The commission's protocol, the register of requests"), 3, Audience.REVIEWERS),
    ),
    papers=PAPERS,
)
