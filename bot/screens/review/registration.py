"""Registration of a request made on paper: asked for step by step, shown whole, then filed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.cancel import cancel_button
from bot.screens.corrections import found_students
from bot.screens.menu import back
from bot.screens.requests.offers import sitting_name
from bot.screens.review.buttons import OpenCase, OpenQueue
from bot.words.contacts import desk
from bot.words.courses import BUTTON_LETTERS, reference
from bot.words.requests import cause_name, exam_title, filed_late, kind_name, number, received
from bot.words.review import desk_of
from bot.words.windows import until
from policy.calendar import Window
from policy.people import Student
from policy.profile import Profile
from policy.requests import Kind
from services.requests.filing import Filed, Offer
from storage.requests import SentFile


class Step(StrEnum):
    """What the form waits for."""

    STUDENT = "student"
    KIND = "kind"
    EXAM = "exam"
    CAUSE = "cause"
    INSTANT = "instant"
    REASON = "reason"
    SCAN = "scan"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class PaperForm:
    """How far a registration has come; `token` is in the buttons of the latest screen and no other.

    `course` is as `reference` names it, `attempt` which sitting of it, `at` an ISO instant, `scan` the fields of a
    SentFile.
    """

    token: str = ""
    step: Step = Step.STUDENT
    student: str | None = None
    kind: Kind | None = None
    course: str | None = None
    attempt: int = 1
    choice: str | None = None
    at: str | None = None
    reason: str | None = None
    scan: dict[str, Any] | None = None

    def written(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, kept: Any) -> "PaperForm":
        """Return the form that `written` wrote."""
        kind = kept["kind"]
        return cls(**{**kept, "step": Step(kept["step"]), "kind": kind and Kind(kind)})

    @property
    def sent(self) -> SentFile | None:
        """Return the scan."""
        return SentFile(**self.scan) if self.scan else None

    def back(self) -> "PaperForm":
        """Return the form at the choice of the kind, or at its beginning."""
        if self.step in {Step.STUDENT, Step.KIND}:
            return PaperForm()
        return PaperForm(step=Step.KIND, student=self.student)


class StartPaper(CallbackData, prefix="pap"):
    """Register a request made on paper."""


class PickApplicant(CallbackData, prefix="pap1"):
    """It is this student's."""

    token: str
    student: str


class PickKind(CallbackData, prefix="pap2"):
    """It is of this kind."""

    token: str
    kind: Kind


class PickExam(CallbackData, prefix="pap3"):
    """It is about this sitting."""

    token: str
    course: str
    attempt: int


class PickCause(CallbackData, prefix="pap4"):
    """This kept the student from the exam."""

    token: str
    choice: str


class TakenNow(CallbackData, prefix="pap5"):
    """It was brought just now."""

    token: str


class WithoutScan(CallbackData, prefix="pap6"):
    """There is no scan."""

    token: str


class PaperBack(CallbackData, prefix="papb"):
    """Back to the choice of the kind."""

    token: str


class FilePaper(CallbackData, prefix="papy"):
    """File it as it is shown."""

    token: str


def ask_student(texts: Texts, *said: Html) -> Screen:
    """Ask whose request it is."""
    return Screen(
        paragraphs(
            *said,
            bold(texts("A request made on paper")),
            texts("Whose? Write the student's id or name."),
        ),
        (cancel_button(texts),),
    )


def choose_student(texts: Texts, form: PaperForm, students: Sequence[Student]) -> Screen:
    """Offer the students a search found."""
    return found_students(texts, students, lambda each: PickApplicant(token=form.token, student=each))


def choose_kind(texts: Texts, form: PaperForm, student: Student, kinds: Sequence[Kind], *said: Html) -> Screen:
    """Ask what the student asks for."""
    return Screen(
        paragraphs(*said, _who(texts, student), texts("What does the student ask for?")),
        (
            *((Button(kind_name(texts, each), PickKind(token=form.token, kind=each)),) for each in kinds),
            cancel_button(texts),
        ),
    )


def choose_exam(texts: Texts, form: PaperForm, student: Student, those: Sequence[Offer], *said: Html) -> Screen:
    """Ask which exam it is about."""
    return Screen(
        paragraphs(
            *said,
            _who(texts, student),
            texts("Which exam is it about?") if those else texts("There is no exam such a request could be about."),
        ),
        (
            *(
                (
                    Button(
                        sitting_name(texts, each.sitting, BUTTON_LETTERS),
                        PickExam(token=form.token, course=course_reference(each), attempt=each.exam.attempt),
                    ),
                )
                for each in those
            ),
            _ways(texts, form),
        ),
    )


def choose_cause(texts: Texts, form: PaperForm, student: Student, causes: Sequence[str]) -> Screen:
    """Ask what kept the student from the exam."""
    return Screen(
        paragraphs(_who(texts, student), texts("What kept the student from the exam?")),
        (
            *(
                (Button(cause_name(texts, each).capitalize(), PickCause(token=form.token, choice=each)),)
                for each in causes
            ),
            _ways(texts, form),
        ),
    )


def ask_instant(texts: Texts, form: PaperForm, offer: Offer, *said: Html) -> Screen:
    """Ask when the paper was taken: that instant is measured against the deadline."""
    return Screen(
        paragraphs(
            *said,
            _what(texts, form, offer),
            texts("When was it taken? Write day and time, for instance: <code>15.01 12:40</code>"),
            texts("This instant is measured against the deadline, and you answer for it."),
        ),
        ((Button(texts.plain("Just now"), TakenNow(token=form.token)),), _ways(texts, form)),
    )


def ask_reason(texts: Texts, form: PaperForm, offer: Offer, *said: Html) -> Screen:
    """Ask for what the student wrote."""
    return Screen(
        paragraphs(*said, _what(texts, form, offer), texts("Write the student's reason as it stands on the paper.")),
        (_ways(texts, form),),
    )


def ask_scan(texts: Texts, form: PaperForm, offer: Offer, *said: Html, needed: bool) -> Screen:
    """Ask for a scan of the paper, or the proof without which it cannot be filed."""
    without = () if needed else ((Button(texts.plain("Without a scan"), WithoutScan(token=form.token)),),)
    return Screen(
        paragraphs(
            *said,
            _what(texts, form, offer),
            texts("Send the proof it must come with, as a photo or a file.")
            if needed
            else texts("Send a scan of the paper, as a photo or a file."),
        ),
        (*without, _ways(texts, form)),
    )


def confirm(texts: Texts, form: PaperForm, student: Student, offer: Offer, profile: Profile) -> Screen:
    """Show the whole before it is filed."""
    return Screen(
        paragraphs(
            _who(texts, student),
            _what(texts, form, offer),
            texts("Taken: <b>{at}</b>", at=received(texts, datetime.fromisoformat(form.at or ""), profile)),
            filed_late(texts, offer.window.closes) if offer.late and isinstance(offer.window, Window) else None,
            texts("Cause: {cause}", cause=cause_name(texts, form.choice)) if form.choice else None,
            texts("<blockquote>{text}</blockquote>", text=form.reason) if form.reason else None,
            texts("Scan: {file}", file=form.sent.file_name) if form.sent else None,
            texts("The student is told of it."),
        ),
        ((Button(texts.plain("✅ Register"), FilePaper(token=form.token)),), _ways(texts, form)),
    )


def registered(texts: Texts, filed: Filed, profile: Profile) -> Screen:
    """Confirm that it is filed."""
    request = filed.request
    return Screen(
        lines(
            texts("✅ Registered: <b>{number}</b>", number=number(texts, request.id)),
            texts("Filed: <b>{at}</b>", at=received(texts, request.filed_at, profile)),
            filed_late(texts, request.closes_at) if request.late else None,
            texts("Answer until: <b>{until}</b>", until=until(texts, request.due_at)),
            texts("The student is told of it."),
        ),
        (
            (Button(texts.plain("Open"), OpenCase(number=request.id)),),
            (Button(texts.plain("« Queue"), OpenQueue(queue=request.kind.queue)),),
        ),
    )


def refused(texts: Texts, why: Html, kind: Kind | None, profile: Profile) -> Html:
    """Say why it cannot be filed, and where a human answers."""
    return lines(texts("❌ {why}", why=why), desk(texts, desk_of(profile, kind.queue)) if kind else None)


def nobody_found(texts: Texts) -> Html:
    """Say that the search found no student."""
    return texts("No student is found. Check the spelling, or write the id.")


def not_an_instant(texts: Texts) -> Html:
    """Say that no day and time were understood."""
    return texts("Day and time are needed, for instance: 15.01 12:40")


def use_buttons(texts: Texts) -> Html:
    """Say that the answer is one of the buttons."""
    return texts("Choose one of the buttons below.")


def only_file(texts: Texts) -> Html:
    """Say that a photo or a file is waited for."""
    return texts("A photo or a file is needed here.")


def over(texts: Texts) -> Screen:
    """Say that the form is no longer filled in."""
    return Screen(
        texts("This form is closed. Begin anew: /register"),
        (back(texts),),
    )


def paper_row(texts: Texts) -> tuple[Button, ...]:
    """Return the row that begins a registration."""
    return (Button(texts.plain("Register a request made on paper"), StartPaper()),)


def _who(texts: Texts, student: Student) -> Html:
    return texts("<b>{name}</b>, {group}, {id}", name=student.name.full, group=student.group, id=student.person_id)


def _what(texts: Texts, form: PaperForm, offer: Offer) -> Html:
    course = offer.sitting.course.enrolment.course
    return lines(bold(kind_name(texts, form.kind or offer.kind.kind)), exam_title(texts, course, offer.exam))


def course_reference(offer: Offer) -> str:
    """Return what names the course of an offer in a button."""
    return reference(offer.exam.period, offer.exam.course_code)


def _ways(texts: Texts, form: PaperForm) -> tuple[Button, ...]:
    return (Button(texts.plain("« Back"), PaperBack(token=form.token)), *cancel_button(texts))
