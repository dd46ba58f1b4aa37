"""Papers in chat: the commission's protocol, the register of a period, documents and applications of cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.papers import APPLICATION, BY, PROTOCOL, REGISTER
from bot.screen import Button, Paper, Screen, SentBefore
from bot.screens.menu import back
from bot.words.requests import number
from bot.words.review import queue_name
from policy.requests import Queue
from services.papers.protocol import Function
from services.requests.papers import Member
from storage.queues import Protocol
from storage.requests import Document

FUNCTIONS = {
    Function.CHAIR: msgid("chair"),
    Function.DEPUTY: msgid("deputy chair"),
    Function.SUBSTITUTE: msgid("substitute"),
    Function.MEMBER: msgid("member"),
    Function.SECRETARY: msgid("secretary"),
}


class OpenPapers(CallbackData, prefix="papers"):
    """See the protocols and the registers."""


class BeginProtocol(CallbackData, prefix="prot"):
    """Make the protocol of this day."""

    day: date


class TickMember(CallbackData, prefix="protm"):
    """This member was there, or was not after all."""

    token: str
    person: str


class MakeProtocol(CallbackData, prefix="proty"):
    """Number it and print it."""

    token: str


class PrintProtocol(CallbackData, prefix="protp"):
    """Print it again."""

    number: int


class MakeRegister(CallbackData, prefix="regx"):
    """Write the register of a queue from one day to another."""

    queue: Queue
    first: date
    last: date


def papers(
    texts: Texts,
    *,
    days: Sequence[tuple[date, int]],
    kept: Sequence[Protocol],
    periods: Sequence[tuple[date, date]],
    queues: Sequence[Queue],
    commission: bool,
    said: Html | None = None,
) -> Screen:
    """Offer the protocols of days with decisions, those made before, and registers; `days` with how many decisions."""
    return Screen(
        paragraphs(
            said,
            bold(texts("Protocols and registers")),
            lines(
                texts("A new protocol: choose a day below, or write the day (15.01) or the numbers of cases (12, 14)."),
                None if days else texts("No decision was signed in the last days."),
            )
            if commission
            else None,
            texts("The register is a table (XLSX) of all that was filed in a month. For other days write: 01.01-15.02"),
        ),
        (
            *(
                (
                    Button(
                        texts.plain("Protocol of {day}: decisions {n}", day=texts.day(day), n=n),
                        BeginProtocol(day=day),
                    ),
                )
                for day, n in days
            ),
            *(
                (
                    Button(
                        texts.plain(
                            "🖨 Protocol {number} of {day}",
                            number=number(texts, each.number),
                            day=texts.figures(each.day),
                        ),
                        PrintProtocol(number=each.number),
                    ),
                )
                for each in kept
            ),
            *(register_button(texts, queue, first, last) for queue in queues for first, last in periods),
            back(texts),
        ),
    )


def papers_row(texts: Texts) -> tuple[Button, ...]:
    """Return the row that leads here."""
    return (Button(texts.plain("Protocols and registers"), OpenPapers()),)


def register_button(texts: Texts, queue: Queue, first: date, last: date) -> tuple[Button, ...]:
    """Return the row that writes a register."""
    label = texts.plain(
        "Register {first}–{last}: {queue}",
        first=texts.figures(first),
        last=texts.figures(last),
        queue=queue_name(texts, queue),
    )
    return (Button(label, MakeRegister(queue=queue, first=first, last=last)),)


def choose_register(texts: Texts, queues: Sequence[Queue], first: date, last: date) -> Screen:
    """Offer the registers of the days that were written."""
    return Screen(
        texts("Which register?"), (*(register_button(texts, queue, first, last) for queue in queues), back(texts))
    )


@dataclass(frozen=True, slots=True)
class ProtocolForm:
    """A protocol that is being made: of a day (ISO), of these cases, with these people there.

    `token` is in the buttons of the latest screen and no other.
    """

    token: str
    day: str
    numbers: list[int]
    present: list[str]


def tick_members(texts: Texts, form: ProtocolForm, those: Sequence[Member], *said: Html) -> Screen:
    """Ask who was there when the commission sat."""
    token, present = form.token, form.present
    return Screen(
        paragraphs(
            bold(texts("Protocol of {day}", day=date.fromisoformat(form.day))),
            texts("Cases: {numbers}", numbers=", ".join(number(texts, each) for each in form.numbers)),
            *said,
            texts("Who was there? Press to tick. A conflict of interest is noted by itself."),
        ),
        (
            *(
                (
                    Button(
                        f"{'☑️' if each.person.person_id in present else '⬜️'} {each.person.name.short}, "
                        f"{texts.plain(FUNCTIONS[each.function])}",
                        TickMember(token=token, person=each.person.person_id),
                    ),
                )
                for each in those
            ),
            (Button(texts.plain("✅ Make the protocol"), MakeProtocol(token=token)),),
            (Button(texts.plain("« Papers"), OpenPapers()),),
        ),
    )


def printed_protocol(texts: Texts, kept: Protocol, *, whole: bool, by: str) -> Screen:
    """Hand a protocol out, or the extract of it that its reader may read."""
    return Screen(
        lines(
            texts("Protocol {number} of {day}", number=number(texts, kept.number), day=kept.day),
            texts("Print it and have it signed. It can be printed again from /protocol.")
            if whole
            else texts("An extract: cases that are not for you are left out. Somebody else prints the whole."),
        ),
        ((Button(texts.plain("« Papers"), OpenPapers()),),),
        document=Paper(f"protocol-{kept.number}.pdf", PROTOCOL, {"number": kept.number, BY: by}),
    )


def register(texts: Texts, button: MakeRegister, requests: Sequence[int], *, by: str) -> Screen:
    """Hand a register of these requests out."""
    queue, first, last = button.queue, button.first, button.last
    title = queue_name(texts, queue)
    return Screen(
        lines(
            bold(title),
            texts("Register from {first} to {last}", first=texts.figures(first), last=texts.figures(last)),
            texts("Requests: {n}", n=len(requests)),
        ),
        ((Button(texts.plain("« Papers"), OpenPapers()),),),
        document=Paper(
            f"register-{queue}-{first}-{last}.xlsx",
            REGISTER,
            {"requests": list(requests), "title": title, "language": texts.language, BY: by},
        ),
    )


def no_longer_yours(texts: Texts) -> Screen:
    """Say that a paper was asked for by somebody who may not read it any more."""
    return Screen(texts("This paper is not for you any more: your role has changed since you asked for it."))


def nothing_decided(texts: Texts) -> Html:
    """Say that there is nothing for a protocol."""
    return texts("The commission has signed no decision on this.")


def left_out(texts: Texts, numbers: Sequence[int]) -> Html:
    """Say which of the numbers written do not go into the protocol: there is none decided, or none for its maker."""
    return texts(
        "Left out, for no decision is signed or the case is not for you: {numbers}",
        numbers=", ".join(number(texts, each) for each in numbers),
    )


def nothing_filed(texts: Texts) -> str:
    """Say that a register would be empty."""
    return texts.plain("Nothing was filed in this time.")


def not_understood(texts: Texts) -> Html:
    """Say what can be written."""
    return texts("Write a day (15.01), numbers of cases (12, 14), or two days (01.01-15.02).")


def none_present(texts: Texts) -> str:
    """Ask to tick somebody first."""
    return texts.plain("First tick who was there.")


def document(texts: Texts, one: Document) -> Screen:
    """Hand a document of a case out, from where Telegram keeps it."""
    said = texts("{number}: {file}", number=number(texts, one.request_id), file=one.file.file_name)
    there = SentBefore(one.file.file_id)
    if one.file.media == "photo":
        return Screen(said, picture=there, anew=True, protected=True)
    return Screen(said, document=there, protected=True)


def application(texts: Texts, request_id: int, *, by: str) -> Screen:
    """Hand an application out."""
    return Screen(
        texts("Application {number}", number=number(texts, request_id)),
        document=Paper(f"application-{request_id}.pdf", APPLICATION, {"request": request_id, BY: by}),
    )
