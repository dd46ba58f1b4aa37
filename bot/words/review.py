"""The words the staff's side goes by: queues, and why a step was not taken."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.i18n import Html, Texts, msgid
from bot.words.desks import DESK_WORDS
from bot.words.requests import REFUSALS as OF_FILING
from bot.words.requests import refusal as filing_refusal
from bot.words.windows import moment
from policy.appeals import UpholdRefusal
from policy.decision import Refused
from policy.marks import ChangeRefusal
from policy.profile import Desk, Profile
from policy.requests import Queue
from policy.review import ReviewRefusal
from policy.two_people import TwoPeopleRefusal
from services.requests.cases import Case, CaseRefusal
from services.requests.reviewing import ReviewingRefusal

REFUSALS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    ReviewRefusal: {
        ReviewRefusal.NO_ROLE: msgid("You hold no role that lets you do this."),
        ReviewRefusal.TERM_OVER: msgid("The term of your role is over."),
        ReviewRefusal.OTHER_INSTITUTE: msgid("Your role is for another institute."),
        ReviewRefusal.OWN_REQUEST: msgid("This is your own request: others deal with it."),
        ReviewRefusal.LECTURER: msgid(
            "You teach or examine this course. To avoid a conflict of interest others decide."
        ),
        ReviewRefusal.OWN_PROPOSAL: msgid("You prepared this decision yourself: somebody else has to sign it."),
        ReviewRefusal.NOT_IN_THIS_STATE: msgid("As the case stands now, this cannot be done."),
        ReviewRefusal.TAKEN_BY_OTHER: msgid("{name} took this case: {at}."),
        ReviewRefusal.ALREADY_DECIDED: msgid("{name} has decided this case already: {at}."),
        ReviewRefusal.WITHDRAWN: msgid("The student has withdrawn this request."),
        ReviewRefusal.PAUSED: msgid("The case waits for the student's answer."),
        ReviewRefusal.SHEET_LOCKED: msgid("The final mark sheet is printed: its marks no longer change."),
        ReviewRefusal.NOTHING_PROPOSED: msgid("No decision is prepared yet that could be signed."),
    },
    CaseRefusal: {
        CaseRefusal.UNKNOWN: msgid("There is no such case, or it is not one for your role."),
        CaseRefusal.CHANGED_SINCE: msgid("The case has changed meanwhile. This is how it stands now."),
    },
    ReviewingRefusal: {
        ReviewingRefusal.NO_REASON: msgid("A reason is needed."),
        ReviewingRefusal.REASON_TOO_LONG: msgid("The text is too long."),
        ReviewingRefusal.NO_SUCH_OUTCOME: msgid("This cannot be decided so."),
        ReviewingRefusal.NO_POINTS: msgid("It has to be said how many points are added."),
        ReviewingRefusal.NOT_TAKEN: msgid("Nobody has taken this case."),
        ReviewingRefusal.IN_PAST: msgid("This time has passed already."),
        ReviewingRefusal.NO_ROOM: msgid("The room is missing."),
        ReviewingRefusal.NO_SEAT: msgid("No time is set for this exam."),
        ReviewingRefusal.ENTERED_BEFORE: msgid("This mark was entered already."),
        ReviewingRefusal.NOT_NEEDED: msgid(
            "Somebody without a conflict of interest can sign: no substitute is needed."
        ),
        ReviewingRefusal.NOT_STAFF: msgid("This person cannot sign this case."),
    },
    TwoPeopleRefusal: {
        TwoPeopleRefusal.SAME_PERSON: msgid("You prepared this decision yourself: somebody else has to sign it."),
        TwoPeopleRefusal.MADE_ABLE: msgid(
            "You and who prepared it count as one for a week: one has invited the other, moved their link or replaced "
            "their phone. Somebody else has to sign it."
        ),
    },
    UpholdRefusal: {
        UpholdRefusal.NO_MARK: msgid("There is no exam mark yet that points could be added to."),
        UpholdRefusal.TOO_FEW: msgid("At least one point has to be added."),
        UpholdRefusal.TOO_MANY: msgid("With so many points the exam mark would be above 100."),
        UpholdRefusal.SHEET_LOCKED: msgid("The final mark sheet is printed: its marks no longer change."),
    },
    ChangeRefusal: {
        ChangeRefusal.ALREADY_POSTED: msgid("This mark is posted already."),
        ChangeRefusal.SHEET_LOCKED: msgid("The final mark sheet is printed: its marks no longer change."),
        ChangeRefusal.WOULD_FALL: msgid("A mark is never lowered."),
        ChangeRefusal.NOT_THE_EXAM_MARK: msgid("Only the exam mark can change by an appeal."),
    },
}


def queue_name(texts: Texts, queue: Queue) -> str:
    """Return what a queue is called: the name of those who decide there."""
    return texts.plain(DESK_WORDS[queue].name)


def refusal(texts: Texts, refused: Refused[Any], case: Case | None = None, *, now: datetime) -> Html:
    """Say why a step was not taken; of a `case` also who was first, and when."""
    reason = refused.reason
    if type(reason) in OF_FILING:
        return filing_refusal(texts, refused, case.request.kind if case else None, now=now)
    name, at = _first(case) if case else (None, None)
    if reason in _NAMED and (name is None or at is None):
        return texts("As the case stands now, this cannot be done.")
    return texts(REFUSALS[type(reason)][reason], name=name or "", at=moment(texts, at, now) if at else "")


def desk_of(profile: Profile, queue: Queue) -> Desk:
    """Return where a human answers for a queue."""
    return DESK_WORDS[queue].contact(profile)


_NAMED = (ReviewRefusal.TAKEN_BY_OTHER, ReviewRefusal.ALREADY_DECIDED)


def _first(case: Case) -> tuple[str | None, datetime | None]:
    """Return who was first to take a case, or decided it, and when."""
    if case.decisions:
        return case.name(case.decisions[-1].signed_by), case.decisions[-1].signed_at
    return (case.name(case.request.taken_by), case.request.taken_at) if case.request.taken_by else (None, None)
