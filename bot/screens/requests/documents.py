"""Documents of a request: sending them, what has come, and for which request they are."""

from collections.abc import Sequence

from bot.i18n import Texts, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.menu import back
from bot.screens.requests.buttons import (
    GiveDocuments,
    SendAnswer,
    WriteAnswer,
)
from bot.screens.requests.lists import LISTS, lists_row
from bot.screens.requests.offers import desk_of
from bot.screens.requests.own import exam_of, mine, open_request
from bot.words.requests import (
    kind_name,
    number,
)
from bot.words.windows import left, until
from policy.profile import Profile
from services.standing import Study
from storage.requests import Request


def ask_documents(texts: Texts, study: Study, one: Request) -> Screen:
    """Say that documents can be sent now, and until when."""
    return Screen(
        lines(
            texts("📎 Send photos or files here: they go with <b>{number}</b>.", number=number(texts, one.id)),
            None
            if one.paused_at or one.late
            else texts(
                "⏰ Until <b>{until}</b> ({left} left)",
                until=until(texts, one.closes_at, study.now),
                left=left(texts, study.now, one.closes_at),
            ),
        ),
        ((open_request(texts, one),),),
        anew=True,
    )


def with_documents(texts: Texts, one: Request, documents: int) -> Screen:
    """Confirm what has come, as one answer however many came at once; a question waits for its answer still."""
    asked = one.open and one.paused_at is not None
    answers = (
        (Button(texts.plain("Answer"), WriteAnswer(number=one.id)),),
        (Button(texts.plain("Send the documents without words"), SendAnswer(number=one.id)),),
    )
    return Screen(
        lines(
            texts("📎 Documents with <b>{number}</b> now: {n}", number=number(texts, one.id), n=documents),
            texts("❓ The answer is not sent yet: write it, or press a button below.") if asked else None,
        ),
        (*(answers if asked else ()), (open_request(texts, one),), mine(texts)),
    )


def which_request(texts: Texts, study: Study, those: Sequence[Request], documents: int) -> Screen:
    """Ask which request documents are for."""
    return Screen(
        paragraphs(
            lines(
                texts("Which request are these documents for? Choose below."),
                texts("They are not added yet: {n}", n=documents),
            ),
            lines(
                *(
                    texts("{number} · {exam}", number=number(texts, each.id), exam=exam_of(texts, study, each.exam))
                    for each in those
                )
            ),
        ),
        (
            *(
                (
                    Button(
                        texts.plain(
                            "{number} · {kind}", number=number(texts, each.id), kind=kind_name(texts, each.kind)
                        ),
                        GiveDocuments(number=each.id),
                    ),
                )
                for each in those
            ),
            mine(texts),
        ),
    )


def no_place(texts: Texts, study: Study, profile: Profile) -> Screen:
    """Say that a document was not kept, because no request takes any now."""
    latest = next((each for each in reversed(study.requests) if each.open), None)
    return Screen(
        paragraphs(
            lines(
                texts("❌ The document is not kept: no request of yours takes documents now."),
                texts(
                    "{number} took them until {until}.",
                    number=number(texts, latest.id),
                    until=until(texts, latest.closes_at, study.now),
                )
                if latest
                else texts("First file the request, then send the documents."),
            ),
            desk_of(texts, latest.kind if latest else LISTS[0].kinds[0], profile),
        ),
        (
            lists_row(texts),
            mine(texts),
            back(texts),
        ),
    )


def files_only(texts: Texts) -> Screen:
    """Say what a document can be."""
    return Screen(
        texts("❌ Not added. Documents are taken as photos or files: no voice, video or stickers."),
        (mine(texts), back(texts)),
    )


def documents_over(texts: Texts) -> Screen:
    """Say that documents that waited for a choice are not kept any more."""
    return Screen(texts("The documents are not kept any more. Please send them again."), (mine(texts), back(texts)))
