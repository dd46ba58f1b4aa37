"""Links and invitations as the registrar's office handles them: looked up, taken away, made anew. No marks."""

from collections.abc import Mapping, Sequence

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, both, escape, lines, msgid, paragraphs
from bot.screen import Button, File, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.menu import OpenLinks, back
from bot.words.contacts import desk
from bot.words.records import WORDS
from policy.decision import Refused
from policy.people import Language
from policy.profile import Profile
from services.invitations import Card
from services.links import LinkRecord, OfficeRefusal
from services.papers import qr_picture
from storage.records import Person

PEOPLE_SHOWN = 8
REFUSALS = {
    OfficeRefusal.NOT_ALLOWED: msgid("This student belongs to another institute: your role does not reach there."),
    OfficeRefusal.OWN_LINK: msgid("This is you. Your own link is ended under /me."),
    OfficeRefusal.HOLDS_A_ROLE: msgid("This person holds a role: only an administrator changes their link."),
}


class OpenPerson(CallbackData, prefix="person"):
    """Look at somebody's link."""

    person: str


class AskRelease(CallbackData, prefix="free?"):
    """Begin to take somebody's link away."""

    person: str


class Release(CallbackData, prefix="free"):
    """Really take it away from this Telegram account."""

    person: str
    user: int


class Invite(CallbackData, prefix="invite"):
    """Make somebody an invitation; `after` is the number of the latest one when this was shown."""

    person: str
    after: int


def ask_person(texts: Texts, *said: Html) -> Screen:
    """Ask whose link it is about."""
    return Screen(
        paragraphs(*said, bold(texts("Links and invitations")), texts("Whose? Write an id or a name.")),
        (cancel_button(texts),),
    )


def nobody_found(texts: Texts) -> Html:
    """Say that the search found nobody."""
    return texts("Nobody is found. Check the spelling, or write the id.")


def choose_person(texts: Texts, people: Sequence[Person]) -> Screen:
    """Offer the people a search found."""
    more = texts("There are more: write more of the name, or the id.") if len(people) > PEOPLE_SHOWN else None
    return Screen(
        paragraphs(texts("Which of them?"), more),
        (
            *(
                (Button(f"{each.person_id} · {each.name.full}", OpenPerson(person=each.person_id)),)
                for each in people[:PEOPLE_SHOWN]
            ),
            cancel_button(texts),
        ),
    )


def record(texts: Texts, shown: LinkRecord, *said: Html) -> Screen:
    """Show whether somebody is linked, and what this reader can do about it."""
    refused = shown.may_change if isinstance(shown.may_change, Refused) else None
    return Screen(
        paragraphs(
            *said,
            lines(bold(shown.person.name.full), *_about(texts, shown)),
            lines(_linked(texts, shown), _invited(texts, shown)),
            texts(REFUSALS[refused.reason]) if refused else None,
        ),
        (*(() if refused else _actions(texts, shown)), *_ways(texts)),
    )


def _about(texts: Texts, shown: LinkRecord) -> tuple[Html, ...]:
    roles = ", ".join(dict.fromkeys(texts.plain(WORDS[grant.role]) for grant in shown.roles))
    student = shown.student
    return (
        texts("id: {id}", id=shown.person.person_id),
        *((texts("{group}, {institute}", group=student.group, institute=student.institute),) if student else ()),
        *((escape(roles),) if roles else ()),
    )


def _linked(texts: Texts, shown: LinkRecord) -> Html:
    since = shown.account and shown.account.linked_at
    return texts("🔗 Linked since {at}", at=since) if since else texts("Not linked.")


def _invited(texts: Texts, shown: LinkRecord) -> Html | None:
    return texts("Latest invitation made: {at}", at=shown.invitation.made_at) if shown.invitation else None


def _actions(texts: Texts, shown: LinkRecord) -> Rows:
    person = shown.person.person_id
    invite = Invite(person=person, after=shown.invitation.id if shown.invitation else 0)
    return (
        (Button(texts.plain("Make an invitation"), invite),),
        *(((Button(texts.plain("Take the link away…"), AskRelease(person=person)),),) if shown.account else ()),
    )


def _ways(texts: Texts) -> Rows:
    return ((Button(texts.plain("Somebody else"), OpenLinks()), *back(texts)),)


def ask_release(texts: Texts, shown: LinkRecord, user: int) -> Screen:
    """Ask whether it is meant."""
    person = shown.person.person_id
    return Screen(
        paragraphs(
            bold(texts("Take away the link of {name}?", name=shown.person.name.full)),
            lines(
                texts("Nothing more is shown in that Telegram account, and it is told so."),
                texts("To come back the person needs a new invitation or their number in the records."),
            ),
        ),
        (
            (Button(texts.plain("Yes, take it away"), Release(person=person, user=user)),),
            (Button(texts.plain("No, keep it"), OpenPerson(person=person)),),
        ),
    )


def released(texts: Texts) -> Html:
    """Confirm that the link is gone."""
    return texts("✅ The link is taken away, the Telegram account has been told.")


def changed_since(texts: Texts) -> Html:
    """Say that things are no longer as they were when the button was shown."""
    return texts("Things have changed since that button was shown. This is how they stand:")


def told_released(voices: Mapping[Language, Texts], profile: Profile) -> Screen:
    """Tell the Telegram account that it is linked no more."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts("The registrar's office has ended the link of this chat. Nothing of yours is shown here any more."),
            texts("If you did not ask for it, tell us at once:"),
            desk(texts, profile.contacts.registrar),
        )

    return Screen(both(voices, write))


def invitation(texts: Texts, card: Card, bot: str) -> Screen:
    """Give an invitation just made: as a link to send, and as a code to scan from the screen."""
    link = f"https://t.me/{bot}?start={card.code}"
    return Screen(
        paragraphs(
            texts("Invitation for <b>{name}</b>", name=card.name.full),
            escape(link),
            lines(
                texts("Works once. Last day: {day}", day=texts.day(card.last_day)),
                texts("Earlier invitations of this person no longer work."),
                texts("Let the person scan it from your screen, or send them the link. Give it to nobody else."),
            ),
        ),
        ((Button(texts.plain("How does it stand?"), OpenPerson(person=card.person_id)),), *_ways(texts)),
        picture=File(f"{card.person_id}.png", qr_picture(link)),
        anew=True,
    )
