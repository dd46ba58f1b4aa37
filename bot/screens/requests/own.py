"""A student's own requests: the receipt, the list, one laid open with its decision and all its steps."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from bot.i18n import Html, Texts, bold, escape, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.marks import open_course
from bot.screens.menu import OpenRequests, back
from bot.screens.requests.buttons import (
    AddDocuments,
    AskWithdrawal,
    CorrectReason,
    OpenRequest,
    WriteAnswer,
)
from bot.screens.requests.form import quoted
from bot.screens.requests.lists import lists_row
from bot.words.courses import mark
from bot.words.desks import DESK_WORDS
from bot.words.requests import (
    AGAIN,
    became,
    cause_name,
    exam_title,
    kind_name,
    late,
    number,
    received,
    refusal,
    state_name,
)
from bot.words.windows import moment, until
from policy.calendar import Windows
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.marks import Course, Standing
from policy.profile import Profile
from policy.requests import RequestState
from policy.retakes import RetakeRefusal
from services.requests.cases import Case
from services.requests.filing import Filed
from services.requests.history import DOCUMENT, OBJECT
from services.requests.kinds import KINDS
from services.sittings import Sitting
from services.standing import CourseStanding, Study
from storage.records import Change
from storage.requests import Decision, ExamKey, Request

LISTED = 30  # requests in the list; older ones are in the data of /me
LATE = timedelta(minutes=1)  # a message that took longer to arrive is told that this does not matter
SEATS = {True: msgid("date, time and room given"), False: msgid("date, time and room called off")}


def receipt(texts: Texts, study: Study, filed: Filed, profile: Profile, *, documents: int = 0) -> Screen:
    """Give the receipt: number, exam, mark, instant, the deadline it was measured against, what comes next."""
    request = filed.request
    return Screen(
        paragraphs(
            lines(
                texts("✅ Filed: <b>{number}</b>", number=number(texts, request.id)),
                texts("Received: <b>{at}</b>", at=received(texts, request.filed_at, profile)),
                late(texts, request.closes_at)
                if request.late
                else texts("Deadline: {until}. It is in time.", until=until(texts, filed.window.closes, study.now)),
            ),
            texts("It came to us later, that changes nothing: what counts is when it was sent.")
            if request.received_at - request.filed_at >= LATE
            else None,
            lines(*about_request(texts, study, request), *_mark_now(texts, study, request, filed.sitting)),
            quoted(texts, request.reason) if request.reason else None,
            lines(
                texts(DESK_WORDS[request.kind.queue].next, due=until(texts, request.due_at, study.now)),
                texts("Every step will be told here by itself."),
            ),
            _documents(texts, study, request, documents),
        ),
        (*_changes(texts, study, request), mine(texts, anew=True)),
    )


def requests(texts: Texts, study: Study, *said: Html) -> Screen:
    """List the student's requests, those still open first, then the latest."""
    those = sorted(study.requests, key=lambda each: (not each.open, -each.id))[:LISTED]
    if not those:
        return Screen(
            paragraphs(
                *said,
                texts("You have filed nothing so far."),
                texts("What can be filed now is under the buttons below."),
            ),
            (
                lists_row(texts),
                back(texts),
            ),
        )
    return Screen(
        paragraphs(
            *said,
            texts("<b>My requests</b>"),
            *(
                lines(
                    texts(
                        "{number} · {kind}: <b>{stands}</b>",
                        number=number(texts, each.id),
                        kind=kind_name(texts, each.kind),
                        stands=_stands(texts, each),
                    ),
                    texts("   ↳ {exam}", exam=exam_of(texts, study, each.exam)),
                )
                for each in those
            ),
        ),
        (
            *(
                tuple(Button(number(texts, each.id), OpenRequest(number=each.id)) for each in those[start : start + 3])
                for start in range(0, len(those), 3)
            ),
            back(texts),
        ),
    )


def request(
    texts: Texts, case: Case, history: Sequence[Change], profile: Profile, *said: Html, toast: str | None = None
) -> Screen:
    """Lay one request of the student's open."""
    one, study = case.request, case.study
    return Screen(
        paragraphs(
            *said,
            lines(
                texts("<b>{number}</b> · <b>{stands}</b>", number=number(texts, one.id), stands=_stands(texts, one)),
                *about_request(texts, study, one),
                *(_mark_now(texts, study, one, case.sitting) if case.sitting and not case.decisions else ()),
            ),
            *_now(texts, case),
            *(decided(texts, case, each) for each in reversed(case.decisions)),
            used(texts, case) or seat(texts, one, study.now),
            entered(texts, one, study.now),
            lines(
                texts("Received: {at}", at=received(texts, one.filed_at, profile)),
                late(texts, one.closes_at)
                if one.late
                else texts("Deadline: {until}", until=until(texts, one.closes_at, study.now)),
                texts("Registered from paper by the staff.") if one.registered_by else None,
            ),
            quoted(texts, one.reason) if one.reason else None,
            _documents(texts, study, one, len(case.documents)),
            lines(texts("Steps:"), *_steps(texts, case, history)),
        ),
        (*_changes(texts, study, one, case), mine(texts), back(texts)),
        toast=toast,
    )


def decided(texts: Texts, case: Case, decision: Decision) -> Html:
    """Say how a request was decided and why, and what it did to the mark."""
    favourable = decision.outcome in (RequestState.UPHELD, RequestState.APPROVED)
    return lines(
        texts(
            "{sign} Decision, {at}: <b>{outcome}</b>",
            sign="✅" if favourable else "❌",
            at=moment(texts, decision.signed_at, case.study.now),
            outcome=state_name(texts, case.request.kind, decision.outcome),
        ),
        texts("Grounds: {reason}", reason=decision.reason),
        marks(texts, case, decision),
    )


def marks(texts: Texts, case: Case, decision: Decision) -> Html | None:
    """Say what a decision did to the mark, under a spoiler."""
    if decision.mark_before is None or not case.kind.gives_points:
        return None
    if not decision.points or decision.mark_after is None:
        return texts("The mark stays as it was: <tg-spoiler>{mark}</tg-spoiler>", mark=decision.mark_before)
    now = case.sitting
    change = texts(
        "Exam: {before} → <b>{after}</b> (points added: {points})",
        before=decision.mark_before,
        after=decision.mark_after,
        points=decision.points,
    )
    final = texts("Final mark: {mark}", mark=mark(texts, case.study, now.result)) if now else None
    return texts("<tg-spoiler>{change}</tg-spoiler>", change=lines(change, final))


def opens(texts: Texts, study: Study, standing: CourseStanding) -> Html | None:
    """Say what a course that is not passed still allows: a retake until when, or taking it again."""
    if standing.taken_again or standing.result.standing is Standing.PASSED:
        return None
    retake = standing.retake
    if isinstance(retake, Windows):
        may = standing.may_retake(MessageInstant(study.now))
        if isinstance(may, Refused) and may.reason is RetakeRefusal.ALREADY_FILED:
            return refusal(texts, may, now=study.now)
        if study.now >= retake.closes:
            return texts(AGAIN)
        closes = retake.at(study.now).closes
        return texts("You can apply for a retake until {until}.", until=until(texts, closes, study.now))
    if retake.reason in (RetakeRefusal.NO_RESULT, RetakeRefusal.MISSED_THE_EXAM, RetakeRefusal.RETAKE_PENDING):
        return None
    return lines(refusal(texts, retake, now=study.now), texts(AGAIN))


def used(texts: Texts, case: Case) -> Html | None:
    """Say that the exam which was granted is over and has its mark; None before that."""
    one, taken = case.request, case.standing.enrolment.attempts if case.standing else ()
    held = any(each.number > one.exam.attempt and each.concluded for each in taken)
    return texts("The exam was held, its mark is posted.") if held and one.state is RequestState.APPROVED else None


def seat(texts: Texts, one: Request, now: datetime) -> Html | None:
    """Say when and where an approved exam is, or that this is still to come; None for what gets no seat."""
    if not KINDS[one.kind].gives_seat or one.state is not RequestState.APPROVED:
        return None
    if one.seat is None:
        return texts("Date, time and room of the exam will be told here.")
    return texts("Exam: <b>{at}</b>, room <b>{room}</b>", at=moment(texts, one.seat.starts_at, now), room=one.seat.room)


def entered(texts: Texts, one: Request, now: datetime) -> Html | None:
    """Say whether the new mark stands in the university's system; None for what changes no mark."""
    if not KINDS[one.kind].gives_points or one.state is not RequestState.UPHELD:
        return None
    if one.entered_at is None:
        return texts("The registrar's office will enter the new mark in the university's system.")
    return texts("Entered in the university's system: {at}", at=moment(texts, one.entered_at, now))


def may_correct(one: Request, now: datetime) -> bool:
    """Tell whether it makes sense to offer another text."""
    untouched = one.state is RequestState.FILED and one.taken_by is None
    return bool(one.reason) and untouched and one.takes_until_closed(now)


def takes_documents(one: Request, sent: datetime) -> bool:
    """Tell whether documents sent at an instant can go with a request."""
    return one.open and (one.takes_until_closed(sent) or one.paused_at is not None)


def course_of(study: Study, exam: ExamKey) -> Course:
    """Return the course of a request, by its code alone where the records have it no more."""
    known = (each.course for each in study.enrolments if each.course.code == exam.course_code)
    return next(known, Course(exam.course_code, None, None))


def exam_of(texts: Texts, study: Study, exam: ExamKey) -> str:
    """Return what a request of the student is about."""
    return exam_title(texts, course_of(study, exam), exam, summer=study.is_summer(exam.period))


def about_request(texts: Texts, study: Study, one: Request) -> Iterator[Html]:
    """Give the lines that say what a request is about."""
    yield bold(kind_name(texts, one.kind))
    yield escape(exam_of(texts, study, one.exam))
    if one.choice:
        yield texts("Cause: {cause}", cause=cause_name(texts, one.choice))


def open_request(texts: Texts, one: Request, *, anew: bool = False) -> Button:
    """Return the button that opens a request."""
    name = texts.plain("Open {number}", number=number(texts, one.id))
    return Button(name, OpenRequest(number=one.id, anew=anew))


def mine(texts: Texts, *, anew: bool = False) -> tuple[Button, ...]:
    """Return the row that leads to all requests of the student."""
    return (Button(texts.plain("My requests"), OpenRequests(anew=anew)),)


def _mark_now(texts: Texts, study: Study, one: Request, sitting: Sitting) -> Iterator[Html]:
    """Give the lines that say which mark a request is about: that of the exam, and what came of it."""
    result = sitting.result
    if not KINDS[one.kind].about_mark:
        return
    if result.standing is Standing.PENDING:
        yield texts("There is no mark yet: it is appealed as soon as it is posted.")
        return
    if one.mark and one.mark.exam not in (None, result.exam):
        yield texts("The exam mark was then: {mark}", mark=one.mark.exam)
    if result.exam is not None:
        yield texts("Exam: <b>{mark}</b>", mark=result.exam)
    yield texts("Final mark: {mark}", mark=mark(texts, study, result))


def _stands(texts: Texts, one: Request) -> str:
    """Return how a request stands, said to its student."""
    if one.open and one.paused_at is not None:
        return texts.plain("waits for your answer")
    if one.state is RequestState.WITHDRAWN:
        return texts.plain("you withdrew it")
    return state_name(texts, one.kind, one.state)


def _now(texts: Texts, case: Case) -> Iterator[Html]:
    """Say what an open request waits for."""
    one = case.request
    if not one.open:
        return
    if one.paused_at is not None and one.inquiries:
        yield lines(
            texts("❓ You are asked:"),
            quoted(texts, one.inquiries[-1].question),
            texts("The time of the decision stands still until you answer."),
        )
        return
    yield texts(DESK_WORDS[one.kind.queue].next, due=until(texts, one.due_at, case.study.now))


def _documents(texts: Texts, study: Study, one: Request, documents: int) -> Html | None:
    open_still = takes_documents(one, study.now)
    if not documents and not open_still:
        return None
    return lines(
        texts("Documents: {n}", n=documents) if documents else None,
        texts("📎 More can be sent here as photos or files.")
        if open_still and (one.paused_at or one.late)
        else texts(
            "📎 Photos and files: just send them here until {until}.", until=until(texts, one.closes_at, study.now)
        )
        if open_still
        else None,
    )


def _changes(texts: Texts, study: Study, one: Request, case: Case | None = None) -> Rows:
    """Return the buttons of what the student can do to a request now."""
    course: Rows = ()
    if case and case.standing:
        course = ((Button(texts.plain("The course and its marks"), open_course(case.standing.enrolment)),),)
    if not one.open:
        return course
    return (
        *(((Button(texts.plain("Answer"), WriteAnswer(number=one.id)),),) if one.paused_at else ()),
        *(
            ((Button(texts.plain("Correct the text"), CorrectReason(number=one.id)),),)
            if may_correct(one, study.now)
            else ()
        ),
        *(
            ((Button(texts.plain("Add documents"), AddDocuments(number=one.id)),),)
            if takes_documents(one, study.now)
            else ()
        ),
        (Button(texts.plain("Withdraw"), AskWithdrawal(number=one.id)),),
        *course,
    )


def _steps(texts: Texts, case: Case, history: Sequence[Change]) -> Iterator[Html]:
    steps = [
        (case.request.filed_at if change.object == OBJECT and change.before is None else change.at, step)
        for change in history
        if (step := _step(texts, case, change))
    ]
    steps += [(event.at, became(texts, event)) for event in case.events]
    for at, step in sorted(steps, key=itemgetter(0)):
        yield texts("▫️ {at}: {step}", at=moment(texts, at, case.study.now), step=step)


def _step(texts: Texts, case: Case, change: Change) -> str | None:
    """Say what one line of the history did, as far as it is the student's to know."""
    after, before = change.after or {}, change.before
    if change.object == DOCUMENT:
        if "file_name" in after:
            return texts.plain("document added")
        return texts.plain("document not kept") if "error" in after else None  # that it is stored is no step
    if before is None:
        return texts.plain("filed")
    if after["state"] != before["state"] and after["state"] in _ENDED:
        state = RequestState(after["state"])
        return state_name(texts, case.request.kind, state) if state in _DECIDED else texts.plain(_ENDED[state])
    if after["reason"] != before["reason"]:
        return texts.plain("text corrected")
    if len(after["inquiries"]) > len(before["inquiries"]):
        return texts.plain("you were asked for more")
    if after["inquiries"] != before["inquiries"]:
        return texts.plain("you answered")
    if after["seat"] != before["seat"]:
        return texts.plain(SEATS[bool(after["seat"])])
    if after["entered_at"] != before["entered_at"]:
        return texts.plain("entered in the university's system")
    if after["state"] != before["state"]:
        return state_name(texts, case.request.kind, RequestState(after["state"]))
    return None


_DECIDED = (RequestState.UPHELD, RequestState.APPROVED, RequestState.REFUSED)
_ENDED: Mapping[RequestState, str] = {
    **dict.fromkeys(_DECIDED, ""),
    RequestState.WITHDRAWN: msgid("withdrawn"),
    RequestState.VOID: msgid("no longer in force"),
}
