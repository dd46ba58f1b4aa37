"""Roles in the chat: whose, which, where, until when; proposed, never given by one person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from bot.buttons import CallbackData, Place
from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.imports import role_changes
from bot.screens.menu import back
from bot.words.records import WORDS
from policy.people import Role, RoleGrant
from policy.two_people import RoleChange
from services.role_news import written_change
from services.roles import RoleRefusal, Term
from storage.records import Person

PEOPLE_SHOWN = 8
REFUSALS: dict[StrEnum, str] = {
    RoleRefusal.UNKNOWN_PERSON: msgid("The records no longer have this person."),
    RoleRefusal.ALREADY_OVER: msgid("This day has passed: a term ends today or later."),
    RoleRefusal.NOT_HELD: msgid("This role is not held any more."),
    RoleRefusal.NOTHING_CHANGES: msgid("The role is held so already."),
    RoleRefusal.NOT_ALLOWED: msgid("You hold no role today that proposes this."),
}


BODIES: tuple[tuple[str, tuple[Role, ...]], ...] = (
    (msgid("Offices"), tuple(role for role in Role if "." not in role)),
    (msgid("Appeal commission"), tuple(role for role in Role if role.startswith("appeals."))),
    (msgid("Election commission"), tuple(role for role in Role if role.startswith("election."))),
)


@dataclass(frozen=True, slots=True)
class Form:
    """How far somebody is in proposing a role; `token` is in the buttons of the latest screen and no other.

    `scope` is empty for the whole university; `until` the last day in ISO 8601, empty: no end; None: not answered yet.
    """

    token: str
    person: str | None = None
    body: int | None = None
    takes: bool = False
    role: str | None = None
    scope: str | None = None
    until: str | None = None
    reason: str | None = None

    @property
    def term(self) -> Term | None:
        """The term that was answered; None: the role is taken away."""
        if self.takes:
            return None
        return Term(date.fromisoformat(self.until)) if self.until else Term(endless=True)

    @property
    def answered(self) -> bool:
        """Whether all but the reason is answered."""
        return self.role is not None and self.scope is not None and (self.takes or self.until is not None)

    def back(self) -> "Form":
        """Return the form without its last answer."""
        if self.reason is not None:
            return replace(self, reason=None)
        if self.takes:
            return Form(self.token, self.person)
        if self.until is not None:
            return replace(self, until=None)
        if self.scope is not None:
            return replace(self, scope=None)
        if self.role is not None:
            return replace(self, role=None)
        return replace(self, body=None) if self.body is not None else Form(self.token)


class StartRole(CallbackData, prefix="role0"):
    """Begin to propose a role."""


class PickPerson(CallbackData, prefix="role1"):
    """It is about this person."""

    token: str
    person: str


class TakeRole(CallbackData, prefix="role-"):
    """Propose to take this role away; `place` is its place on the screen."""

    token: str
    place: Place


class PickBody(CallbackData, prefix="roleg"):
    """A role of this body, by its place in `BODIES`."""

    token: str
    place: int


class PickRole(CallbackData, prefix="role2"):
    """This role."""

    token: str
    role: Role


class PickScope(CallbackData, prefix="role3"):
    """In this institute, by its place on the screen; -1: in the whole university."""

    token: str
    place: int


class NoEnd(CallbackData, prefix="role4"):
    """The term has no end."""

    token: str


class RoleBack(CallbackData, prefix="roleb"):
    """Change the last answer."""

    token: str


class ProposeRole(CallbackData, prefix="role5"):
    """Propose it as it is shown."""

    token: str


def ask_person(texts: Texts, *said: Html) -> Screen:
    """Ask whose role it is."""
    return Screen(
        paragraphs(
            *said,
            bold(texts("Roles")),
            texts("A role is given, changed and taken by two people: you propose it, an administrator confirms."),
            texts("Whose role? Write an id or a name."),
        ),
        (cancel_button(texts),),
    )


def choose_person(texts: Texts, form: Form, people: Sequence[Person]) -> Screen:
    """Offer the people a search found."""
    more = texts("There are more: write more of the name, or the id.") if len(people) > PEOPLE_SHOWN else None
    return Screen(
        paragraphs(texts("Which of them?"), more),
        (
            *(
                (Button(f"{each.person_id} · {each.name.full}", PickPerson(token=form.token, person=each.person_id)),)
                for each in people[:PEOPLE_SHOWN]
            ),
            cancel_button(texts),
        ),
    )


def choose_role(texts: Texts, form: Form, person: Person, held: Sequence[RoleGrant], *said: Html) -> Screen:
    """Show what somebody holds, each with the way to propose that it is taken, and offer the roles of a body."""
    if form.body is None:
        offered = [
            Button(texts.plain(name), PickBody(token=form.token, place=place)) for place, (name, _) in enumerate(BODIES)
        ]
    else:
        offered = [
            Button(texts.plain(WORDS[role]), PickRole(token=form.token, role=role)) for role in BODIES[form.body][1]
        ]
    return Screen(
        paragraphs(
            *said,
            bold(person.name.full),
            lines(texts("Holds:"), *(_held(texts, grant) for grant in held)) if held else texts("Holds no role."),
            texts("To propose a role, or another term for it, choose it below."),
        ),
        (
            *(
                (Button(f"✖ {_short(texts, grant)}", TakeRole(token=form.token, place=place)),)
                for place, grant in enumerate(held)
                if form.body is None
            ),
            *((button,) for button in offered),
            *_ways(texts, form),
        ),
    )


def _held(texts: Texts, grant: RoleGrant) -> Html:
    (line,) = role_changes(texts, [written_change(RoleChange(grant, grant))], 1, {grant.person_id: "·"})
    return line


def _short(texts: Texts, grant: RoleGrant) -> str:
    return ", ".join(each for each in (texts.plain(WORDS[grant.role]), grant.scope) if each)


def choose_scope(texts: Texts, form: Form, institutes: Sequence[str], *said: Html) -> Screen:
    """Ask where the role holds."""
    return Screen(
        paragraphs(*said, bold(texts(WORDS[Role(form.role or "")])), texts("Where does the role hold?")),
        (
            (Button(texts.plain("the whole university"), PickScope(token=form.token, place=-1)),),
            *(
                (Button(institute, PickScope(token=form.token, place=place)),)
                for place, institute in enumerate(institutes)
            ),
            *_ways(texts, form),
        ),
    )


def ask_until(texts: Texts, form: Form, *said: Html) -> Screen:
    """Ask for the last day of the term."""
    return Screen(
        paragraphs(
            *said,
            bold(texts(WORDS[Role(form.role or "")])),
            texts("Write the last day of the term, for example 31.08.2026, or press the button."),
        ),
        ((Button(texts.plain("Without an end"), NoEnd(token=form.token)),), *_ways(texts, form)),
    )


def no_day(texts: Texts) -> Html:
    """Say that what was written is no day."""
    return texts("This is no day. Write it as 31.08.2026.")


def ask_reason(texts: Texts, form: Form, *said: Html) -> Screen:
    """Ask why."""
    return Screen(
        paragraphs(*said, texts("Write why: ten letters or more. The administrators will read it, and then decide.")),
        _ways(texts, form),
    )


def proposal(texts: Texts, form: Form, change: RoleChange, person: Person) -> Screen:
    """Show what would be proposed."""
    names = {person.person_id: person.name.full}
    return Screen(
        paragraphs(
            bold(texts("This is what you propose")),
            lines(*role_changes(texts, [written_change(change)], 1, names)),
            texts("Reason: {reason}", reason=form.reason or ""),
            texts("It takes effect when an administrator confirms it who gains nothing by it."),
        ),
        ((Button(texts.plain("Propose"), ProposeRole(token=form.token)),), *_ways(texts, form)),
    )


def form_over(texts: Texts) -> Screen:
    """Answer a button of a form that was left."""
    return Screen(
        texts("This form is over. Begin anew:"),
        ((Button(texts.plain("Roles"), StartRole()),), back(texts)),
        anew=True,
    )


def form_refused(texts: Texts, form: Form, why: Html) -> Screen:
    """Say why it cannot be proposed, with the way back into the form."""
    return Screen(why, _ways(texts, form))


def _ways(texts: Texts, form: Form) -> Rows:
    return ((Button(texts.plain("« Back"), RoleBack(token=form.token)), *cancel_button(texts)),)
