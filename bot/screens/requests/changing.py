"""What a student does to a request that is open: correct its text, answer a question, withdraw it."""

from datetime import datetime

from bot.i18n import Html, Texts, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.menu import back
from bot.screens.requests.buttons import (
    CorrectReason,
    OpenRequest,
    Withdraw,
)
from bot.screens.requests.form import quoted
from bot.screens.requests.lists import list_of
from bot.screens.requests.offers import desk_of
from bot.screens.requests.own import about_request, mine, open_request
from bot.words.clauses import clauses
from bot.words.desks import DESK_WORDS
from bot.words.requests import (
    number,
    received,
    refusal,
)
from bot.words.windows import until
from policy.calendar import Window
from policy.decision import Refused
from policy.profile import Profile
from services.requests.filing import FilingRefusal
from services.standing import Study
from storage.requests import Request


def ask_reason(texts: Texts, one: Request, now: datetime) -> Screen:
    """Ask for another text in place of the reason."""
    return Screen(
        paragraphs(
            texts("✍️ Write the whole text anew, in one message. It takes the place of the old one."),
            texts("⏰ Until somebody takes {number}.", number=number(texts, one.id))
            if one.late
            else texts(
                "⏰ Until <b>{until}</b>, or until somebody takes {number}.",
                until=until(texts, one.closes_at, now),
                number=number(texts, one.id),
            ),
            texts("The old text stays until then:"),
            quoted(texts, one.reason or ""),
        ),
        ((open_request(texts, one),),),
        anew=True,
    )


def corrected(texts: Texts, old: str, one: Request, profile: Profile) -> Screen:
    """Show the text of a request before and after it was corrected."""
    return Screen(
        paragraphs(
            lines(
                texts("✅ The text of <b>{number}</b> is corrected.", number=number(texts, one.id)),
                texts("Received, as before: {at}", at=received(texts, one.filed_at, profile)),
            ),
            lines(texts("Old:"), quoted(texts, old)),
            lines(texts("New:"), quoted(texts, one.reason or "")),
        ),
        ((open_request(texts, one),), mine(texts)),
    )


def added_to(texts: Texts, one: Request) -> Screen:
    """Confirm that a text was added to the reason."""
    said = texts("✅ Added to the text of <b>{number}</b>.", number=number(texts, one.id))
    return Screen(said, ((open_request(texts, one),), mine(texts)))


def too_long(texts: Texts, one: Request, limit: int) -> Screen:
    """Say that a reason cannot be longer."""
    return Screen(
        lines(
            texts("❌ Not added: the text would be longer than {limit} characters.", limit=limit),
            texts("Send the rest as a file: it goes with {number}.", number=number(texts, one.id)),
        ),
        ((open_request(texts, one),),),
    )


def ask_withdrawal(texts: Texts, study: Study, one: Request, *, again: Window | None) -> Screen:
    """Ask whether a request is to be withdrawn, with a warning where it could not be filed again in some window."""
    return Screen(
        paragraphs(
            texts("Withdraw <b>{number}</b>?", number=number(texts, one.id)),
            _again(texts, again, study.now)
            if again
            else texts("⚠️ It could not be filed again: the time for that is over."),
            lines(*about_request(texts, study, one)),
        ),
        (
            (Button(texts.plain("Yes, withdraw"), Withdraw(number=one.id, version=one.version)),),
            (Button(texts.plain("« No, keep it"), OpenRequest(number=one.id)),),
        ),
        anew=True,
    )


def withdrawn(texts: Texts, study: Study, one: Request, *, again: Window | None) -> Screen:
    """Confirm that a request is withdrawn."""
    return Screen(
        paragraphs(
            texts("↩️ <b>{number}</b> is withdrawn.", number=number(texts, one.id)),
            _again(texts, again, study.now) if again else None,
        ),
        (
            *(((list_of(one.kind).button(texts),),) if again else ()),
            mine(texts),
            back(texts),
        ),
    )


def not_done(texts: Texts, no: Refused[FilingRefusal], one: Request, profile: Profile, now: datetime) -> Screen:
    """Say why something was not done to a request."""
    buttons = ((open_request(texts, one),), mine(texts), back(texts))
    return Screen(paragraphs(*why_not(texts, no, one, profile, now)), buttons)


def why_not(
    texts: Texts, no: Refused[FilingRefusal], one: Request, profile: Profile, now: datetime
) -> tuple[Html, ...]:
    """Return what a refusal says: that nothing was changed and why, by which rule, and who answers."""
    why = refusal(texts, no, one.kind, now=now)
    return (
        lines(texts("❌ Nothing was changed. {why}", why=why), clauses(texts, no.cites)),
        desk_of(texts, one.kind, profile),
    )


def ask_answer(texts: Texts, one: Request) -> Screen:
    """Ask for the answer to what the staff asked."""
    question = one.inquiries[-1].question if one.inquiries else ""
    return Screen(
        lines(
            texts("✍️ Write the answer in one message. Photos and files: send them first."),
            texts("Question about <b>{number}</b>:", number=number(texts, one.id)),
            quoted(texts, question),
        ),
        ((open_request(texts, one),),),
        anew=True,
    )


def answered(texts: Texts, one: Request, now: datetime) -> Screen:
    """Confirm that the answer has arrived, and by when the decision comes now."""
    return Screen(
        lines(
            texts("✅ The answer is with <b>{number}</b> now.", number=number(texts, one.id)),
            texts(DESK_WORDS[one.kind.queue].next, due=until(texts, one.due_at, now)),
        ),
        ((open_request(texts, one),), mine(texts)),
    )


def edited(texts: Texts, one: Request, *, may_correct: bool) -> Screen:
    """Say that editing a message changes nothing that was filed."""
    return Screen(
        lines(
            texts("✋ Editing a message does not change <b>{number}</b>.", number=number(texts, one.id)),
            texts("What counts is the text in the receipt."),
        ),
        (
            *(((Button(texts.plain("Correct the text"), CorrectReason(number=one.id)),),) if may_correct else ()),
            (open_request(texts, one),),
        ),
    )


def _again(texts: Texts, window: Window, now: datetime) -> Html:
    """Say until when something can be filed again; of a window that is over, that it would be late."""
    if now >= window.closes:
        return texts("It can be filed again, and would be marked late.")
    return texts("It can be filed again until {until}.", until=until(texts, window.closes, now))
