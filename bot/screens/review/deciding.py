"""Forms about a case: points, a reason, a question, a seat; each is shown whole before it is done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, Screen
from bot.screens.menu import back
from bot.screens.review.buttons import (
    ConfirmStep,
    OpenCase,
    PickSlot,
    SetPoints,
    StepBack,
    StepOn,
    UseTemplate,
)
from bot.screens.review.case import outcome_of, title
from bot.screens.review.outlook import brings
from bot.words.courses import shortened
from bot.words.windows import moment
from policy.calendar import ExamSlot
from policy.people import Language
from policy.requests import RequestState
from services.requests.cases import Case
from services.requests.outlook import Outlook
from services.requests.reviewing import REASON_LENGTH
from storage.queues import ReasonTemplate
from storage.requests import Seat

TEMPLATE_LETTERS = 40  # of a reason on a button
STEPS = (-5, -1, 1, 5)


class Doing(StrEnum):
    """What a form is for."""

    VERDICT = "verdict"
    AGAIN = "again"  # a verdict that follows a refusal
    RETURN_AGAIN = "return_again"  # such a verdict is not signed
    QUESTION = "question"
    RETURN = "return"
    SEAT = "seat"
    CALL_OFF = "call_off"


class Asks(StrEnum):
    """What a form waits for."""

    POINTS = "points"
    TEXT = "text"
    SEAT = "seat"
    CONFIRM = "confirm"


TASKS = {
    Doing.QUESTION: msgid("Write the question to the student. The time to answer stands still until they reply."),
    Doing.RETURN: msgid("Write why the decision goes back unsigned. Whoever prepared it reads this."),
    Doing.RETURN_AGAIN: msgid("Write why the decision goes back unsigned. Whoever prepared it reads this."),
    Doing.CALL_OFF: msgid("Write why the exam is called off. The student reads this."),
}
TITLES = {
    Doing.QUESTION: msgid("Question to the student"),
    Doing.RETURN: msgid("Send back unsigned"),
    Doing.RETURN_AGAIN: msgid("Send back unsigned"),
    Doing.CALL_OFF: msgid("Call the exam off"),
    Doing.SEAT: msgid("Date, time and room of the exam"),
}
CONFIRMS = {
    Doing.QUESTION: msgid("✅ Ask"),
    Doing.RETURN: msgid("✅ Send back"),
    Doing.RETURN_AGAIN: msgid("✅ Send back"),
    Doing.CALL_OFF: msgid("✅ Call it off"),
    Doing.SEAT: msgid("✅ Set it"),
}


@dataclass(frozen=True, slots=True)
class CaseForm:
    """How far somebody is with a case; `token` is in the buttons of the latest screen and no other.

    `version` is that of the case when the form was begun, `seat_at` an ISO instant.
    """

    token: str
    number: int
    version: int
    doing: Doing
    asks: Asks
    outcome: RequestState | None = None
    points: int | None = None
    text: str | None = None
    seat_at: str | None = None
    room: str | None = None

    @property
    def seat(self) -> Seat | None:
        """Return when and where the exam is to be held."""
        return Seat(datetime.fromisoformat(self.seat_at), self.room or "") if self.seat_at else None

    def written(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, kept: Any) -> "CaseForm":
        """Return the form that `written` wrote."""
        outcome = kept["outcome"]
        return cls(
            **{
                **kept,
                "doing": Doing(kept["doing"]),
                "asks": Asks(kept["asks"]),
                "outcome": outcome and RequestState(outcome),
            }
        )

    def back(self) -> "CaseForm":
        """Return the form at its last answer; the first one when there is none before it."""
        if self.asks is Asks.CONFIRM:
            return replace(self, asks=Asks.SEAT if self.doing is Doing.SEAT else Asks.TEXT, text=None)
        return replace(self, asks=Asks.POINTS) if self.points is not None else self


def ask_points(texts: Texts, case: Case, form: CaseForm, outlook: Outlook, *said: Html) -> Screen:
    """Ask how many points are added, and show what they come to."""
    points = form.points or 1
    steps = [
        Button(f"{'+' if step > 0 else '−'}{abs(step)}", SetPoints(token=form.token, points=points + step))
        for step in STEPS
    ]
    return Screen(
        paragraphs(
            *said,
            title(texts, case),
            texts("Points added: <b>+{points}</b>", points=points),
            brings(texts, outlook),
            texts("Change the number by the buttons, or write it."),
        ),
        (
            steps,
            (Button(texts.plain("On: the reason »"), StepOn(token=form.token)),),
            (_leave(texts, form),),
        ),
        protected=True,
    )


def ask_text(texts: Texts, case: Case, form: CaseForm, templates: Sequence[ReasonTemplate], *said: Html) -> Screen:
    """Ask for a reason, or whatever else is written."""
    if form.outcome is None:
        task, name = texts(TASKS[form.doing]), texts.plain(TITLES[form.doing])
    else:
        task = (
            texts("Write the reason: it is told to the student and stands in the protocol.")
            if case.kind.desk.commission
            else texts("Write the reason: the student reads it.")
        )
        name = _name(texts, case, form)
    return Screen(
        paragraphs(
            *said,
            title(texts, case),
            bold(name),
            texts("Points added: <b>+{points}</b>", points=form.points) if form.points else None,
            lines(task, texts("Or choose one below.") if templates else None),
            texts("At most {n} characters.", n=REASON_LENGTH),
        ),
        (
            *((Button(_template(texts, each), UseTemplate(token=form.token, template=each.id)),) for each in templates),
            _ways(texts, form),
        ),
        protected=True,
    )


def ask_seat(texts: Texts, case: Case, form: CaseForm, slots: Sequence[ExamSlot], now: datetime, *said: Html) -> Screen:
    """Ask when and where an approved exam is held."""
    return Screen(
        paragraphs(
            *said,
            title(texts, case),
            bold(texts(TITLES[Doing.SEAT])),
            texts("Write day, time and room, for instance: <code>25.01 10:00 305</code>"),
            texts("Or choose a line of the timetable below.") if slots else None,
        ),
        (
            *(
                (Button(_slot(texts, each, now), PickSlot(token=form.token, place=place)),)
                for place, each in enumerate(slots)
            ),
            (_leave(texts, form),),
        ),
    )


def confirm(
    texts: Texts,
    case: Case,
    form: CaseForm,
    *said: Html,
    outlook: Outlook | None,
    signs: bool,
    now: datetime,
) -> Screen:
    """Show what is about to be done; `signs` tells whether it takes effect at once, or waits for a signature."""
    seat = form.seat
    label = texts.plain(CONFIRMS[form.doing]) if form.doing in CONFIRMS else _decides(texts, signs=signs)
    return Screen(
        paragraphs(
            *said,
            title(texts, case),
            bold(_name(texts, case, form)),
            texts("Points added: <b>+{points}</b>", points=form.points) if form.points else None,
            brings(texts, outlook) if outlook else None,
            texts("<b>{at}</b>, room {room}", at=_weekday(texts, seat.starts_at, now), room=seat.room)
            if seat
            else None,
            texts("<blockquote>{text}</blockquote>", text=form.text) if form.text else None,
            _effect(texts, form, signs=signs),
        ),
        ((Button(label, ConfirmStep(token=form.token)),), _ways(texts, form)),
        protected=True,
    )


def not_points(texts: Texts) -> Html:
    """Say that no number was written."""
    return texts("Write a whole number of points, for instance 5.")


def not_a_seat(texts: Texts) -> Html:
    """Say that no date, time and room were understood."""
    return texts("Day, time and room are needed, in this order.")


def too_long(texts: Texts, length: int) -> Html:
    """Ask for a shorter text."""
    return texts("Too long: {length} characters. At most {limit} are kept.", length=length, limit=REASON_LENGTH)


def use_buttons(texts: Texts) -> Html:
    """Say that what is shown is to be confirmed or changed."""
    return texts("Confirm or change it by the buttons below.")


def only_text(texts: Texts) -> Html:
    """Say that a voice, a picture or a sticker is no answer here."""
    return texts("Only text is understood here. Nothing is lost: go on where you were.")


def over(texts: Texts) -> Screen:
    """Say that a button belongs to a form that is no longer filled in."""
    return Screen(texts("This form is closed. Begin anew from the case."), (back(texts),))


def your_text(texts: Texts, form: CaseForm) -> Html | None:
    """Give back what somebody wrote for a step that could not be taken."""
    return texts("Your text was: {text}", text=form.text) if form.text else None


def done(texts: Texts, form: CaseForm, *, signs: bool) -> Html:
    """Confirm that a step was taken."""
    match form.doing:
        case Doing.QUESTION:
            return texts("✅ The student is asked.")
        case Doing.RETURN | Doing.RETURN_AGAIN:
            return texts("✅ Sent back unsigned.")
        case Doing.SEAT:
            return texts("✅ Set. The student is told and reminded.")
        case Doing.CALL_OFF:
            return texts("✅ Called off. The student is told.")
    return texts("✅ Decided. The student is told.") if signs else texts("✅ Prepared. It waits for a signature.")


def _name(texts: Texts, case: Case, form: CaseForm) -> str:
    if form.outcome is None:
        return texts.plain(TITLES[form.doing])
    return texts.plain("Decision: {outcome}", outcome=outcome_of(texts, case, form.outcome))


def _decides(texts: Texts, *, signs: bool) -> str:
    return texts.plain("✅ Decide") if signs else texts.plain("✅ To be signed")


def _effect(texts: Texts, form: CaseForm, *, signs: bool) -> Html | None:
    if form.outcome is None:
        return None
    stays = texts("The refusal stays in the record, this decision follows it.") if form.doing is Doing.AGAIN else None
    return lines(
        stays,
        texts("It takes effect at once.") if signs else texts("It takes effect when chair or deputy has signed."),
    )


def _template(texts: Texts, template: ReasonTemplate) -> str:
    text = template.text_kk if texts.language is Language.KK else template.text_ru
    return shortened(text, TEMPLATE_LETTERS)


def _slot(texts: Texts, slot: ExamSlot, now: datetime) -> str:
    return ", ".join(filter(None, (moment(texts, slot.starts, now), slot.room)))


def _weekday(texts: Texts, at: datetime, now: datetime) -> str:
    local = at.astimezone(texts.zone)
    day = texts.weekday(local.date())
    year = "" if local.year == now.astimezone(texts.zone).year else f" {local.year}"
    return texts.plain("{day}, {time}", day=f"{day}{year}", time=texts.time(at))


def _ways(texts: Texts, form: CaseForm) -> tuple[Button, ...]:
    first = form.back() == form
    back = () if first else (Button(texts.plain("« Back"), StepBack(token=form.token)),)
    return (*back, _leave(texts, form))


def _leave(texts: Texts, form: CaseForm) -> Button:
    return Button(texts.plain("« Case"), OpenCase(number=form.number))
