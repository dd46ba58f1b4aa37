"""The lists a student files from: what stands in each, and how it is reached."""

from dataclasses import dataclass

from bot.buttons import CallbackData
from bot.i18n import Texts, msgid
from bot.screen import Button
from bot.screens.menu import OpenAppeals, OpenComplaints, OpenRetakes
from policy.requests import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Kinds that are offered together: `label` opens the list, `back` leads back to it."""

    kinds: tuple[Kind, ...]
    title: str
    nothing: str
    opens: CallbackData
    label: str
    back: str

    def button(self, texts: Texts) -> Button:
        """Return the button that opens the list."""
        return Button(texts.plain(self.label), self.opens)


APPEALS = Listing(
    kinds=(Kind.APPEAL,),
    title=msgid("<b>Appeal</b>"),
    nothing=msgid("No mark of yours can be appealed now."),
    opens=OpenAppeals(),
    label=msgid("Appeal"),
    back=msgid("« Appeal"),
)
COMPLAINTS = Listing(
    kinds=(Kind.APPEAL_PROCEDURE,),
    title=msgid("<b>Complaint about how the exam was held</b>"),
    nothing=msgid("There is no exam of yours that can be complained of now."),
    opens=OpenComplaints(),
    label=msgid("Complain about how an exam was held"),
    back=msgid("« Complaints"),
)
RETAKES = Listing(
    kinds=(Kind.RETAKE, Kind.MISSED_EXAM),
    title=msgid("<b>Retake and additional period</b>"),
    nothing=msgid("No retake of yours can be applied for now."),
    opens=OpenRetakes(),
    label=msgid("Retake"),
    back=msgid("« Retakes"),
)
LISTS = (APPEALS, COMPLAINTS, RETAKES)


def beside(texts: Texts, listing: Listing) -> tuple[Button, ...]:
    """Return the buttons that lead from a list to the one that is meant as often as not."""
    if listing is APPEALS:
        return (COMPLAINTS.button(texts),)
    return (back_to(texts, APPEALS.kinds[0]),) if listing is COMPLAINTS else ()


def list_of(kind: Kind) -> Listing:
    """Return the list a kind is offered in."""
    return next(each for each in LISTS if kind in each.kinds)


def back_to(texts: Texts, kind: Kind) -> Button:
    """Return the button that leads back to the list a kind is in."""
    listing = list_of(kind)
    return Button(texts.plain(listing.back), listing.opens)


def lists_row(texts: Texts) -> tuple[Button, ...]:
    """Return the row that opens what can be filed."""
    return (APPEALS.button(texts), RETAKES.button(texts))
