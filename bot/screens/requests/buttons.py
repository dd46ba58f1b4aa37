"""What the buttons of a student's requests send: exams by their reference, requests by their number."""

from typing import Any

from bot.buttons import CallbackData
from bot.words.courses import reference
from policy.requests import Kind
from services.requests.kinds import KINDS
from services.sittings import Sitting
from services.standing import Study


class OpenForm(CallbackData, prefix="myfile"):
    """Begin to file a request about an exam; `choice` where the kind asks for one."""

    kind: Kind
    exam: str
    attempt: int
    choice: str | None = None


class WhyOpen(CallbackData, prefix="mywhy"):
    """Explain day by day until when a kind can be filed about an exam."""

    kind: Kind
    exam: str
    attempt: int


class OpenRequest(CallbackData, prefix="myreq"):
    """Look at a request of one's own; `anew` under what is to stay in the chat."""

    number: int
    anew: bool = False


class AddDocuments(CallbackData, prefix="myadd"):
    """Send documents to a request."""

    number: int


class GiveDocuments(CallbackData, prefix="mygive"):
    """Add the documents that were just sent to this request."""

    number: int


class CorrectReason(CallbackData, prefix="myfix"):
    """Write the reason anew."""

    number: int


class AskWithdrawal(CallbackData, prefix="myoff0"):
    """Ask whether a request is to be withdrawn."""

    number: int


class Withdraw(CallbackData, prefix="myoff"):
    """Withdraw a request as it was then."""

    number: int
    version: int


class WriteAnswer(CallbackData, prefix="myans"):
    """Answer what the staff asked."""

    number: int


class SendAnswer(CallbackData, prefix="myans0"):
    """Answer by the documents that were sent, without words."""

    number: int


class FileText(CallbackData, prefix="text"):
    """File the text that was kept, about this exam."""

    kind: Kind
    exam: str
    attempt: int


class AddText(CallbackData, prefix="textadd"):
    """Add the text that was kept to the reason of a request."""

    number: int


class AnswerText(CallbackData, prefix="textans"):
    """Take the text that was kept as the answer to what the staff asked."""

    number: int


class DropText(CallbackData, prefix="textoff"):
    """Forget the text that was kept."""


AboutExam = OpenForm | WhyOpen | FileText


def about(sitting: Sitting) -> dict[str, Any]:
    """Return how a button names a sitting."""
    exam = sitting.key
    return {"exam": reference(exam.period, exam.course_code), "attempt": exam.attempt}


def sitting_of(study: Study, button: AboutExam) -> Sitting | None:
    """Return the sitting a button names, if it is this student's own and its kind can (still) be about it."""
    for enrolment in study.enrolments:
        if reference(enrolment.period, enrolment.course.code) == button.exam:
            sitting = study.standing(enrolment).sitting(button.attempt)
            return sitting if sitting and (KINDS[button.kind].each_sitting or sitting.latest) else None
    return None
