"""Requests as people see them, from the message that files one to the signed decision, against a running bot."""

import csv
import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bench.university import MARK_COLUMNS
from bot.screens.imports import AskUndo, LoadUpload
from bot.screens.marks import OpenCourse
from bot.screens.requests.buttons import AskWithdrawal, FileText, OpenForm, OpenRequest, WhyOpen, Withdraw
from bot.screens.requests.news import TITLES
from bot.screens.review.buttons import BeginVerdict, ConfirmStep, EnterMark, OpenCase, SignCase, TakeCase
from bot.words.courses import reference
from bot.words.kinds import KIND_WORDS
from bot.words.requests import AGAIN
from bot.words.requests import REFUSALS as OF_FILING
from bot.words.review import REFUSALS as OF_REVIEW
from bot.words.windows import BASIS, ended, moment
from policy.appeals import AppealBasis, AppealRefusal
from policy.calendar import ExamSlot
from policy.marks import Attempt, Enrolment, ExamForm, Outcome
from policy.people import Language
from policy.requests import Kind, Queue, RequestState
from policy.retakes import RetakeRefusal
from policy.review import ReviewRefusal
from sandbox.acts import Groups
from sandbox.files import Upload
from services.requests.filing import FilingRefusal
from services.requests.telling import News
from storage.requests import Request
from tests.bot.studies import course
from tests.conftest import emptied
from tests.whole.commission import (
    ACCOUNTS,
    ADMIN,
    AUTUMN,
    CHAIR,
    COMMISSION,
    DEPUTY,
    DESK,
    FORMER,
    GROUP,
    MEMBER,
    REASON,
    REGISTRAR,
    SECRETARY,
    SERVICE_DESK,
    SPRING,
    STAFF,
    WHY,
    Empty,
    Records,
    University,
    is_card,
    local,
    opens_form,
    prepares,
    signs,
    student_id,
    text_of,
)
from tests.whole.scene import buttons

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENING = local(12, 9, 18, 30)  # a Tuesday: its marks can be appealed until Wednesday, 13:00
BY_EXAM, SECOND_FX, ROBBED, THIEF, RACED, WITHDRAWN, TAUGHT, ENDED, GONE = range(1, 10)
TEST, TEST_OVER, STATE, STATE_OVER, FRIDAY, FRIDAY_OVER, HELD_UP, LATE, TWICE = range(11, 20)
MOVED, NEW_YEAR, NEW_YEAR_OVER, NAURYZ, NAURYZ_OVER = range(21, 26)
FIVE_MINUTES, SECOND = timedelta(minutes=5), timedelta(seconds=1)


def written(code: str, exam: str | None = "60", posted: datetime = EVENING, **facts: Any) -> Enrolment:
    """Return a course with a written exam; 60 is a pass, 45 an FX."""
    return course(code, exam, posted=posted, **{"period": AUTUMN, **facts})


def slot(code: str, starts: datetime, form: ExamForm, lecturer: str | None = None) -> ExamSlot:
    """Return an exam of two hours."""
    return ExamSlot(AUTUMN, code, GROUP, form, starts, starts + timedelta(hours=2), "204", lecturer)


FX_TWICE = written(
    "SEC1", "45", attempts=[Attempt(2, Decimal(80), Decimal(84), Decimal(40), Outcome.TOOK, None, EVENING)]
)
_POSTED = written("HIS1", form=ExamForm.STATE)
STATE_EXAM = replace(_POSTED, attempts=(replace(_POSTED.attempts[0], exam_date=EVENING.date()),))  # on the day itself

RECORDS = Records(
    {
        BY_EXAM: (written("BYE1", "40", ratings=("90", "90")),),
        SECOND_FX: (FX_TWICE,),
        **{one: (written(f"EXM{one}"),) for one in (ROBBED, THIEF, RACED, WITHDRAWN, ENDED, GONE)},
        TAUGHT: (written("TAU1"),),
        TEST: (course("TST1", period=AUTUMN, form=ExamForm.COMPUTER_TEST),),
        TEST_OVER: (course("TST1", period=AUTUMN, form=ExamForm.COMPUTER_TEST),),
        STATE: (STATE_EXAM,),
        STATE_OVER: (STATE_EXAM,),
        FRIDAY: (written("FRI1", posted=local(12, 12, 19, 40)),),
        FRIDAY_OVER: (written("FRI1", posted=local(12, 12, 19, 40)),),
        HELD_UP: (written("HEL1", posted=local(12, 15, 18, 30)),),
        LATE: (written("LAT1", posted=local(12, 16, 18, 30)),),
        TWICE: (written("TWI1", None),),
        **{one: (written("NEW1", "45", local(12, 18, 18, 30)),) for one in (MOVED, NEW_YEAR, NEW_YEAR_OVER)},
        **{
            one: (written("NAU1", "45", local(3, 12, 18, 30, year=2026), period=SPRING),)
            for one in (NAURYZ, NAURYZ_OVER)
        },
    },
    (
        slot("TST1", local(12, 10, 10), ExamForm.COMPUTER_TEST),
        slot("TAU1", local(12, 8, 10), ExamForm.WRITTEN, CHAIR),
    ),
)


@pytest.fixture(scope="module", params=[(Language.KK, "sqlite"), (Language.RU, "sqlite")], ids="-".join)
def voice(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Language, Empty]:
    """Give the language everybody reads, and what makes an empty database for them."""
    language, engine = request.param
    url: str | None = request.getfixturevalue("postgres_url") if engine == "postgresql" else None

    async def empty() -> tuple[str, Path]:
        folder = tmp_path_factory.mktemp("requests")
        if url:
            await emptied(url)
            return url, folder
        shutil.copy(sqlite_template, folder / "kenes.db")
        return f"sqlite+aiosqlite:///{folder}/kenes.db", folder

    return language, empty


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def university(voice: tuple[Language, Empty]) -> AsyncIterator[University]:
    """Give a university that goes on from one scene to the next."""
    there = University(RECORDS, *voice)
    yield there
    await there.close()


on_both_engines = pytest.mark.parametrize(
    "voice",
    [(Language.KK, "sqlite"), (Language.RU, "sqlite"), (Language.KK, "postgresql")],
    indirect=True,
    ids="-".join,
)


async def files(university: University, number: int, command: str = "/appeal", text: str = REASON) -> Request:
    """File a request and see its receipt; returns it as the records have it."""
    phone = university.student(number)
    await opens_form(phone, command)
    phone.says(text)
    await phone.reads("✅ Filed: <b>{number}</b>", number=...)
    return (await university.requests(number))[-1]


def key(university: University) -> str:
    """Return what the key says that files a retake."""
    return university.texts.plain(KIND_WORDS[Kind.RETAKE].key or "")


async def card_says(university: University, chat: int, request: Request, *fragments: str) -> None:
    """Wait until the card of a request in a group says this."""
    anybody = university.staff(ADMIN, chat)
    await anybody.sees(*fragments, matching=lambda message: is_card(message, request.id))


# --- Wednesday, 10 December: what may be filed, and by whom


async def test_an_fx_by_the_exam_mark_is_applied_for_and_an_upheld_appeal_ends_that(university: University) -> None:
    await university.at(local(12, 10, 10))
    student = university.student(BY_EXAM)
    student.says("/marks")
    await student.press(OpenCourse)
    sentence = "Computed {computed}, but the exam is not passed: that is why it is {letter}."
    await student.reads(sentence, computed=70, letter="FX")
    retake = await files(university, BY_EXAM, "/retake", key(university))
    await card_says(university, SERVICE_DESK, retake)
    appeal = await files(university, BY_EXAM)
    await prepares(university.staff(SECRETARY), appeal.id, RequestState.UPHELD, points=10)
    await signs(university.staff(DEPUTY), appeal.id)
    await student.reads("Exam: {before} → <b>{after}</b> (points added: {points})", before=40, after=50, points=10)
    await student.reads(TITLES[News.VOID], number=f"№ {retake.id}")
    registrar = university.staff(REGISTRAR)
    await registrar.press(OpenCase, appeal.id)
    await registrar.press(EnterMark, appeal.id)
    await student.reads(TITLES[News.ENTERED], number=f"№ {appeal.id}")
    assert [one.state for one in await university.requests(BY_EXAM)] == [RequestState.VOID, RequestState.UPHELD]
    async with university.records() as storage:
        marked = await storage.marks.by_key(student_id(BY_EXAM), AUTUMN, "BYE1")
        assert not await storage.requests.to_enter()
    assert marked
    assert marked.attempts[-1].exam == Decimal(50)


async def test_after_a_second_fx_there_is_no_retake_but_the_summer_semester(university: University) -> None:
    await university.at(local(12, 10, 10, 5))
    student = university.student(SECOND_FX)
    student.says("/retake")
    await student.reads(OF_FILING[RetakeRefusal][RetakeRefusal.SECOND_FX])
    shown = await student.reads(AGAIN)
    forged = OpenForm(kind=Kind.RETAKE, exam=reference(AUTUMN, "SEC1"), attempt=2)
    student.presses(forged.pack(), shown["message_id"])
    await student.reads("❌ Not filed. {why}", why=student.said(OF_FILING[RetakeRefusal][RetakeRefusal.SECOND_FX]))
    assert await university.requests(SECOND_FX) == ()


async def test_a_forged_button_reaches_nobody_elses_exam_or_request(university: University) -> None:
    await university.at(local(12, 10, 10, 10))
    theirs = await files(university, ROBBED)
    thief = university.student(THIEF)
    exam: dict[str, Any] = {"kind": Kind.APPEAL, "exam": reference(AUTUMN, f"EXM{ROBBED}"), "attempt": 1}
    thief.says(REASON)  # kept until it is said which exam it is about
    offered = await thief.sees(REASON)
    for forged in (FileText(**exam), OpenForm(**exam)):
        thief.presses(forged.pack(), offered["message_id"])
        await thief.reads("This exam has changed in the records. Nothing was filed.")
        offered = thief.says("/appeal")
        await thief.reads("Possible now, choose the exam below:")
    for about_theirs in (Withdraw(number=theirs.id, version=theirs.version), OpenRequest(number=theirs.id)):
        thief.says("/requests")
        shown = await thief.reads("You have filed nothing so far.")
        thief.presses(about_theirs.pack(), shown["message_id"])
        await thief.reads(OF_FILING[FilingRefusal][FilingRefusal.UNKNOWN])
    assert await university.requests(THIEF) == ()
    assert await university.requests(ROBBED) == (theirs,)


# --- two people, one case


@on_both_engines
async def test_of_two_commissioners_at_once_one_decides_and_the_other_is_told_whose_it_is(
    university: University,
) -> None:
    await university.at(local(12, 10, 10, 20))
    request = await files(university, RACED)
    in_group = [university.staff(each, COMMISSION) for each in (SECRETARY, MEMBER)]
    for phone in in_group:
        await phone.sees(f"№ {request.id}", matching=lambda message: bool(buttons(message)))
    presses = [await each.press(TakeCase, request.id) for each in in_group]
    taken, other = [await each.told(press) for each, press in zip(in_group, presses, strict=True)]
    assert taken == university.texts.plain("You have taken this case. Open it in the private chat.")
    assert STAFF[SECRETARY][0].short in other
    await prepares(university.staff(SECRETARY), request.id, RequestState.UPHELD, points=5)
    signing = [university.staff(each) for each in (CHAIR, DEPUTY)]
    for phone in signing:
        phone.does("start", payload=f"case-{request.id}")
        await phone.reads("Waits for a signature: {outcome}", outcome=...)
    for phone in signing:
        await phone.press(SignCase, request.id)
    student = university.student(RACED)
    sentence = "Exam: {before} → <b>{after}</b> (points added: {points})"
    await student.reads(sentence, before=60, after=65, points=5)
    async with university.records() as storage:
        (decision,) = (await storage.requests.decisions_of([request.id]))[request.id]
    first, second = signing if decision.signed_by == CHAIR else reversed(signing)
    await first.reads("✅ Signed. The student is told.")
    name = STAFF[decision.signed_by][0].short
    await second.reads(OF_REVIEW[ReviewRefusal][ReviewRefusal.ALREADY_DECIDED], name=name, at=...)


@on_both_engines
async def test_a_case_withdrawn_a_second_before_is_not_decided(university: University) -> None:
    await university.at(local(12, 10, 10, 30))
    request = await files(university, WITHDRAWN)
    student, chair = university.student(WITHDRAWN), university.staff(CHAIR)
    await prepares(university.staff(SECRETARY), request.id, RequestState.REFUSED)
    chair.does("start", payload=f"case-{request.id}")
    await chair.reads("Waits for a signature: {outcome}", outcome=...)
    student.says("/requests")
    await student.press(OpenRequest, request.id)
    await student.press(AskWithdrawal, request.id)
    await student.press(Withdraw, request.id)
    await student.reads("↩️ <b>{number}</b> is withdrawn.", number=f"№ {request.id}")
    await chair.press(SignCase, request.id)
    await chair.reads(OF_REVIEW[ReviewRefusal][ReviewRefusal.WITHDRAWN])
    await card_says(university, COMMISSION, request, chair.said("withdrawn by the student"))
    async with university.records() as storage:
        assert await storage.requests.decisions_of([request.id]) == {}
    assert [one.state for one in await university.requests(WITHDRAWN)] == [RequestState.WITHDRAWN]


async def test_the_chair_who_teaches_the_course_is_refused_and_the_deputy_signs(university: University) -> None:
    await university.at(local(12, 10, 10, 40))
    request = await files(university, TAUGHT)
    await prepares(university.staff(SECRETARY), request.id, RequestState.UPHELD, points=3)
    chair = university.staff(CHAIR)
    chair.does("start", payload=f"case-{request.id}")
    shown = await chair.reads(OF_REVIEW[ReviewRefusal][ReviewRefusal.LECTURER])
    assert REASON not in text_of(shown)
    (proposed,) = await university.requests(TAUGHT)
    chair.says("/start")
    shown = await chair.sees()
    chair.presses(SignCase(number=request.id, version=proposed.version).pack(), shown["message_id"])
    await chair.reads(OF_REVIEW[ReviewRefusal][ReviewRefusal.LECTURER])
    await signs(university.staff(DEPUTY), request.id)
    async with university.records() as storage:
        (decision,) = (await storage.requests.decisions_of([request.id]))[request.id]
    assert (decision.signed_by, decision.mark_after) == (DEPUTY, Decimal(63))


async def test_whose_role_ended_yesterday_takes_and_reads_nothing(university: University) -> None:
    await university.at(local(12, 10, 10, 50))
    request = await files(university, ENDED)
    in_group, in_private = university.staff(FORMER, COMMISSION), university.staff(FORMER)
    over = OF_REVIEW[ReviewRefusal][ReviewRefusal.NO_ROLE]
    assert await in_group.told(await in_group.press(TakeCase, request.id)) == in_group.said(over)
    in_private.does("start", payload=f"case-{request.id}")
    shown = await in_private.reads(over)
    assert REASON not in text_of(shown)
    assert await university.requests(ENDED) == (request,)


async def test_the_card_says_that_a_student_who_blocked_the_bot_could_not_be_told(university: University) -> None:
    await university.at(local(12, 10, 11))
    request = await files(university, GONE)
    student = university.student(GONE)
    student.does("block")
    await prepares(university.staff(SECRETARY), request.id, RequestState.REFUSED)
    await signs(university.staff(CHAIR), request.id)
    await card_says(
        university,
        COMMISSION,
        request,
        STAFF[CHAIR][0].short,
        student.said("⚠️ The student could not be told: they blocked the bot. Reach them another way."),
    )
    assert [one.state for one in await university.requests(GONE)] == [RequestState.REFUSED]
    student.does("unblock")
    student.says("/requests")
    await student.press(OpenRequest, request.id)
    await student.sees(WHY)


# --- until when


@pytest.mark.parametrize(
    ("in_time", "late", "closes"),
    [
        pytest.param(TEST, TEST_OVER, local(12, 10, 12), id="computer-test-while-it-runs"),
        pytest.param(STATE, STATE_OVER, local(12, 11), id="state-exam-to-the-end-of-the-next-day"),
        pytest.param(FRIDAY, FRIDAY_OVER, local(12, 13, 13), id="posted-on-friday-evening-to-saturday-13-00"),
    ],
)
async def test_an_appeal_counts_to_the_last_second_and_not_at_the_next(
    university: University, in_time: int, late: int, closes: datetime
) -> None:
    await university.at(closes - FIVE_MINUTES)
    phones = [university.student(one) for one in (in_time, late)]
    for phone in phones:
        await opens_form(phone, "/appeal")
    await university.at(closes - SECOND)
    phones[0].says(REASON)
    await university.at(closes)
    phones[1].says(REASON)
    last_second = f"{closes - SECOND:%H:%M:%S}"
    await phones[0].sees(phones[0].said("✅ Filed: <b>{number}</b>", number=""), last_second)
    over = OF_FILING[AppealRefusal][AppealRefusal.WINDOW_CLOSED]
    await phones[1].reads(over, until=ended(university.texts, closes, closes))
    (filed,) = await university.requests(in_time)
    assert (filed.filed_at, filed.closes_at, filed.state) == (closes - SECOND, closes, RequestState.FILED)
    assert await university.requests(late) == ()


async def test_a_reason_sent_at_12_59_59_and_delivered_at_13_20_is_in_time(university: University) -> None:
    await university.at(local(12, 16, 12, 55))
    student = university.student(HELD_UP)
    await opens_form(student, "/appeal")
    await university.stage.stop()
    await university.at(local(12, 16, 12, 59, 59))
    student.says(REASON)
    await university.at(local(12, 16, 13, 20))
    await university.stage.start()
    await student.sees(student.said("✅ Filed: <b>{number}</b>", number=""), "12:59:59")
    await student.reads("It came to us later, that changes nothing: what counts is when it was sent.")
    (filed,) = await university.requests(HELD_UP)
    assert (filed.state, filed.filed_at) == (RequestState.FILED, local(12, 16, 12, 59, 59))
    assert filed.received_at >= local(12, 16, 13, 20)
    await card_says(university, COMMISSION, filed)


async def test_a_reason_dated_13_00_00_is_late_and_the_deadline_is_explained_day_by_day(university: University) -> None:
    await university.at(local(12, 17, 12, 55))
    student = university.student(LATE)
    await opens_form(student, "/appeal")
    await university.at(local(12, 17, 13))
    student.says(REASON)
    await student.reads(OF_FILING[AppealRefusal][AppealRefusal.WINDOW_CLOSED], until=...)
    await student.press(WhyOpen)
    texts = university.texts
    await student.reads(BASIS[AppealBasis.AFTER_POSTING], at=moment(texts, local(12, 16, 18, 30)))
    await student.reads("<b>{number}.</b> {day}: {why}", number=1, day=texts.weekday(date(2025, 12, 17)), why=...)
    await student.reads("{before} is in time, {at} is late.", before="12:59", at="13:00")
    assert await university.requests(LATE) == ()


async def test_a_mark_posted_twice_keeps_the_window_of_the_first_time(university: University) -> None:
    student, registrar = university.student(TWICE), university.staff(REGISTRAR)
    await university.at(local(12, 17, 18))
    loads_mark(university, "2025-12-17T17:00:00")
    await registrar.press(LoadUpload)
    await registrar.press(AskUndo)
    await university.at(local(12, 18, 9))
    loads_mark(university, "2025-12-18T08:30:00")
    await university.at(local(12, 18, 12, 55))
    await opens_form(student, "/appeal")
    await university.at(local(12, 18, 13))
    student.says(REASON)
    await student.reads(OF_FILING[AppealRefusal][AppealRefusal.WINDOW_CLOSED], until=...)
    assert await university.requests(TWICE) == ()


def loads_mark(university: University, posted: str) -> None:
    """Let the registrar send a file with one mark."""
    row = (
        student_id(TWICE), AUTUMN, "TWI1", "Математика", "Математика", 5, "written",
        80, 84, 60, "took", "", 0, "yes", GROUP, "2025-12-16", posted, 1,
    )  # fmt: skip
    sheet = io.StringIO()
    csv.writer(sheet).writerows([MARK_COLUMNS, row])
    user = ACCOUNTS[REGISTRAR]
    file = Upload(sheet.getvalue().encode(), f"{posted[:10]}.csv", "text/csv")
    university.stage.people.upload({"as": user, "chat": user, "do": "upload"}, [file])


# --- the group


async def test_cards_follow_a_group_that_became_a_supergroup(university: University) -> None:
    await university.at(local(1, 5, 12, year=2026))
    request = await files(university, MOVED, "/retake", key(university))
    await card_says(university, SERVICE_DESK, request)
    group = Groups(university.stage.telegram).change({"id": SERVICE_DESK, "migrate": True})
    await card_says(university, group.id, request)
    desk = university.staff(DESK)
    desk.does("start", payload=f"case-{request.id}")
    await desk.press(BeginVerdict, request.id, RequestState.APPROVED)
    desk.says(WHY)
    await desk.press(ConfirmStep)
    await card_says(university, group.id, request, STAFF[DESK][0].short)
    async with university.records() as storage:
        bound = await storage.queues.chat_of(Queue.SERVICE_DESK)
        cards = [card for card in await storage.queues.cards_of(request.id) if card.chat_id is not None]
    assert bound
    assert bound.chat_id == group.id
    assert [card.chat_id for card in cards] == [group.id]


# --- ten working days


@pytest.mark.parametrize(
    ("in_time", "late", "closes", "off"),
    [
        pytest.param(NEW_YEAR, NEW_YEAR_OVER, local(1, 7, year=2026), date(2026, 1, 1), id="over-new-year"),
        pytest.param(NAURYZ, NAURYZ_OVER, local(4, 2, year=2026), date(2026, 3, 23), id="over-nauryz"),
    ],
)
async def test_a_retake_can_be_applied_for_on_ten_working_days_after_the_session(
    university: University, in_time: int, late: int, closes: datetime, off: date
) -> None:
    await university.at(closes - FIVE_MINUTES)
    phones = [university.student(one) for one in (in_time, late)]
    for phone in phones:
        await opens_form(phone, "/retake")
    await university.at(closes - SECOND)
    phones[0].says(key(university))
    await university.at(closes)
    phones[1].says(key(university))
    await phones[0].sees(phones[0].said("✅ Filed: <b>{number}</b>", number=""), "23:59:59")
    await phones[1].reads(
        OF_FILING[RetakeRefusal][RetakeRefusal.WINDOW_CLOSED], until=ended(university.texts, closes, closes)
    )
    await phones[1].press(WhyOpen)
    texts = university.texts
    last = (closes - SECOND).date()
    await phones[1].reads("<b>{number}.</b> {day}: {why}", number=10, day=texts.weekday(last), why=...)
    await phones[1].reads("▫️ {day}: {why}", day=texts.weekday(off), why=texts.plain("day off, not counted"))
    (filed,) = await university.requests(in_time)
    assert (filed.filed_at, filed.closes_at) == (closes - SECOND, closes)
    assert await university.requests(late) == ()
