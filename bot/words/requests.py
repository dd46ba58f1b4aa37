"""The words requests go by on both sides: kinds, states, numbers, exams, and why something was refused."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.i18n import Html, Texts, msgid
from bot.words.contacts import said
from bot.words.courses import course_name, period_name
from bot.words.desks import DESK_WORDS
from bot.words.kinds import KIND_WORDS
from bot.words.windows import ended, until
from policy.appeals import AppealRefusal
from policy.decision import Refused
from policy.marks import Course
from policy.profile import Profile
from policy.requests import Kind, RequestState
from policy.retakes import MissedCause, MissedExamRefusal, RetakeRefusal
from services.requests.filing import FilingRefusal
from storage.marks import MarkChange
from storage.requests import ExamKey, Request

STATES: Mapping[RequestState, str] = {
    RequestState.FILED: msgid("waits for review"),
    RequestState.IN_REVIEW: msgid("in review"),
    RequestState.PROPOSED: msgid("a decision waits for its signature"),
    RequestState.UPHELD: msgid("upheld"),
    RequestState.APPROVED: msgid("approved"),
    RequestState.REFUSED: msgid("not approved"),
    RequestState.WITHDRAWN: msgid("withdrawn by the student"),
    RequestState.VOID: msgid("no longer in force"),
}
CAUSES: Mapping[MissedCause, str] = {
    MissedCause.FEES: msgid("the fees were not paid"),
    MissedCause.DID_NOT_COME: msgid("absence from the exam"),
    MissedCause.RATING: msgid("the admission rating was too low"),
}
REFUSALS: Mapping[type[StrEnum], Mapping[Any, str]] = {  # values of different enumerations may be equal
    AppealRefusal: {
        AppealRefusal.NOT_POSTED: msgid("The exam mark is not posted yet."),
        AppealRefusal.FORM_UNKNOWN: msgid("The records do not say yet how this exam is held."),
        AppealRefusal.TIMETABLE_UNKNOWN: msgid(
            "A computer test can be appealed while it is running, and the timetable does not have it."
        ),
        AppealRefusal.EXAM_DATE_UNKNOWN: msgid("The records do not have the day of this exam."),
        AppealRefusal.DID_NOT_SIT: msgid("This exam was not taken: there is no mark to appeal."),
        AppealRefusal.REMOVED: msgid("A removal from the exam cannot be appealed."),
        AppealRefusal.NOT_OPEN_YET: msgid("The time to appeal has not begun yet."),
        AppealRefusal.WINDOW_CLOSED: msgid("The time to appeal is over: {until}."),
        AppealRefusal.SHEET_LOCKED: msgid("The final mark sheet is printed: appeals are over."),
        AppealRefusal.ALREADY_FILED: msgid("An appeal on this exam is open already."),
        AppealRefusal.ALREADY_DECIDED: msgid("The appeal on this exam is decided: there is no second one."),
    },
    RetakeRefusal: {
        RetakeRefusal.NO_RESULT: msgid("This exam has no result yet."),
        RetakeRefusal.PASSED: msgid("This exam is passed. A better mark is possible in the summer semester only."),
        RetakeRefusal.FAILED_WITH_F: msgid("After an F the exam cannot be retaken."),
        RetakeRefusal.REMOVED: msgid("After a removal the exam cannot be retaken."),
        RetakeRefusal.MISSED_THE_EXAM: msgid("This exam was missed. It can be taken in the additional period."),
        RetakeRefusal.SECOND_FX: msgid("After a second FX the exam cannot be retaken."),
        RetakeRefusal.RETAKE_USED: msgid("The retake is used up."),
        RetakeRefusal.RETAKE_PENDING: msgid("The mark of the retake is still to come."),
        RetakeRefusal.STATE_EXAM: msgid("The state exam cannot be retaken."),
        RetakeRefusal.SESSION_UNKNOWN: msgid("The academic calendar does not have the dates of this session yet."),
        RetakeRefusal.WINDOW_CLOSED: msgid("The time to apply for a retake is over: {until}."),
        RetakeRefusal.NOT_OPEN_YET: msgid("The time to apply for a retake has not begun yet."),
        RetakeRefusal.ALREADY_FILED: msgid("There is an application for this retake already."),
    },
    MissedExamRefusal: {
        MissedExamRefusal.NO_RESULT: msgid("The records do not say that this exam was missed."),
        MissedExamRefusal.SAT: msgid("This exam was taken."),
        MissedExamRefusal.RETAKE_USED: msgid("The exam that was missed was the retake: it is used up."),
        MissedExamRefusal.ATTENDANCE: msgid(
            "Too many classes were missed: the course has to be taken again in summer."
        ),
        MissedExamRefusal.COURSE_WORK: msgid("The course work was not handed in."),
        MissedExamRefusal.SESSION_UNKNOWN: msgid("The academic calendar does not have the dates of this session yet."),
        MissedExamRefusal.ALREADY_FILED: msgid("There is an application for this exam already."),
        MissedExamRefusal.NOT_OPEN_YET: msgid("The time to apply has not begun yet."),
        MissedExamRefusal.WINDOW_CLOSED: msgid("The additional period is over: {until}."),
        MissedExamRefusal.WRONG_CAUSE: msgid("The records name another cause."),
        MissedExamRefusal.RATING_STILL_TOO_LOW: msgid("The admission rating is still too low: new ratings come first."),
    },
    FilingRefusal: {
        FilingRefusal.NO_SUCH_EXAM: msgid("There is no such exam in your records now."),
        FilingRefusal.NO_REASON: msgid("The text is missing."),
        FilingRefusal.NO_DOCUMENT: msgid("A document is missing."),
        FilingRefusal.NOT_STUDYING: msgid("Only those who study now can file requests."),
        FilingRefusal.UNKNOWN: msgid("There is no such request of yours."),
        FilingRefusal.NOT_OPEN: msgid("This request is closed already: nothing can be changed in it."),
        FilingRefusal.TAKEN: msgid("This request is in review already: its text stays as it is."),
        FilingRefusal.WINDOW_CLOSED: msgid("The time for this is over: {until}."),
        FilingRefusal.TOO_MANY_DOCUMENTS: msgid("There are as many documents as a request can hold."),
        FilingRefusal.TOO_LARGE: msgid("The file is too large."),
        FilingRefusal.NO_ROOM: msgid("Your documents take as much room as one student has. Bring it to the desk."),
        FilingRefusal.HAS_IT: msgid("This document is there already."),
        FilingRefusal.CHANGED_SINCE: msgid("The request has changed meanwhile."),
        FilingRefusal.IN_FUTURE: msgid("The time of receipt is later than now."),
    },
}
AGAIN = msgid("The course has to be taken again: in the summer semester or a later period.")


def kind_name(texts: Texts, kind: Kind) -> str:
    """Return what a kind of request is called."""
    return texts.plain(KIND_WORDS[kind].name)


def state_name(texts: Texts, kind: Kind, state: RequestState) -> str:
    """Return how far a request of this kind has come; appeals and complaints are refused in words of their own."""
    refused = DESK_WORDS[kind.queue].refused if state is RequestState.REFUSED else None
    return texts.plain(refused or STATES[state])


def stands(texts: Texts, request: Request) -> str:
    """Return how a request stands: its state, or that it waits for the student's answer."""
    if request.open and request.paused_at is not None:
        return texts.plain("waits for the student's answer")
    return state_name(texts, request.kind, request.state)


def cause_name(texts: Texts, choice: str) -> str:
    """Return what a choice is called: so far only what kept somebody from an exam is chosen."""
    return texts.plain(CAUSES[MissedCause(choice)])


def number(texts: Texts, request_id: int) -> str:
    """Return what a request is called by: its number."""
    return texts.plain("№ {number}", number=request_id)


def exam_title(texts: Texts, course: Course, exam: ExamKey, *, summer: bool | None = None) -> str:
    """Return a sitting as people say it: course and period, the attempt unless it is the first."""
    name, period = course_name(texts, course), period_name(texts, exam.period, summer=summer)
    if exam.attempt == 1:
        return texts.plain("{course}, {period}", course=name, period=period)
    return texts.plain("{course}, {period}, attempt {n}", course=name, period=period, n=exam.attempt)


def refusal(texts: Texts, refused: Refused[Any], kind: Kind | None = None, *, now: datetime) -> Html:
    """Say why something was not filed, or not done to a request, until when it was possible included.

    Raises KeyError for the reasons of reviewing, which are the staff's.
    """
    reason = refused.reason
    sentence = REFUSALS[type(reason)][reason]
    for own, said_of_it in (KIND_WORDS[kind].refusals if kind else {}).items():
        if own is reason:  # values of different enumerations may be equal
            sentence = said_of_it
    return texts(sentence, until=ended(texts, refused.until, now) if refused.until else "")


def late(texts: Texts, closes: datetime) -> Html:
    """Say that something was filed after its time, and goes before the commission all the same."""
    return texts("⚠️ Late: the time was over {until}. The commission sees this.", until=until(texts, closes))


def filed_late(texts: Texts, closes: datetime, now: datetime | None = None) -> Html:
    """Say the same to the staff."""
    return texts("⚠️ Filed late: the time was over {until}", until=until(texts, closes, now))


_BECAME = {
    (False, True): msgid("the mark was posted"),
    (True, False): msgid("the mark was withdrawn"),
    (True, True): msgid("the mark was changed"),
}


def became(texts: Texts, event: MarkChange) -> str:
    """Return what became of a mark after something was filed about it."""
    there = [each is not None and each.concluded for each in (event.before, event.after)]
    return texts.plain(_BECAME[there[0], there[1]])


def clock(texts: Texts, at: datetime) -> str:
    """Return the time of day to the second: 12:59:59."""
    return f"{at.astimezone(texts.zone):%H:%M:%S}"


def received(texts: Texts, at: datetime, profile: Profile) -> Html:
    """Say when something was received: day, time to the second, and by which clock."""
    day = at.astimezone(texts.zone).date()
    zone = said(texts, profile.university.zone_name)
    return texts("{day}, {time}, {zone}", day=day, time=clock(texts, at), zone=zone)
