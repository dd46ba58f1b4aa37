"""The form of a request: what is still asked for, by what message it is filed, and until when that message counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.i18n import Html, Texts, bold, escape, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.menu import back
from bot.screens.requests.buttons import AddText, AnswerText, DropText, FileText, about
from bot.screens.requests.lists import back_to
from bot.screens.requests.offers import sitting_name
from bot.words.courses import BUTTON_LETTERS, mark, shortened
from bot.words.kinds import KIND_WORDS
from bot.words.requests import cause_name, clock, kind_name, number
from bot.words.windows import left, until
from policy.calendar import Window
from policy.marks import Standing
from policy.people import Language
from policy.requests import Kind
from services.requests.filing import Offer
from services.requests.kinds import FiledBy
from services.sittings import Sitting
from services.standing import Study
from storage.requests import Request

CANCEL = msgid("✖️ Do not apply")
QUESTIONS: Mapping[FiledBy, str] = {
    FiledBy.TEXT: msgid("✍️ Write your reason in one message. That message files it."),
    FiledBy.KEY: msgid("👇 Press the key «{key}» under the chat. That files it."),
    FiledBy.DOCUMENT: msgid("📎 Send the proof of payment here, as a photo or a file. That files it."),
}
QUOTED = 600  # letters of a text that are shown again


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a form stands: what it files, and by which message; `files` are documents that were sent already.

    `late`: its time is over, and it is taken all the same. `seatless`: an answer may come when no time is left for the
    exam.
    """

    kind: Kind
    sitting: Sitting
    way: FiledBy
    window: Window
    choice: str | None = None
    files: int = 0
    late: bool = False
    seatless: bool = False


def ask(texts: Texts, study: Study, asked: Asked, *said_before: Html) -> Screen:
    """Ask for the message that files a request, and say until when it counts."""
    words = KIND_WORDS[asked.kind]
    keys = (texts.plain(words.key), texts.plain(CANCEL)) if words.key and asked.way is FiledBy.KEY else ()
    return Screen(
        paragraphs(
            *said_before,
            lines(
                texts(QUESTIONS[asked.way], key=keys[0] if keys else ""),
                *_in_time(texts, asked, study.now),
            ),
            texts(
                "⚠️ The answer may come only when the additional period is over: there may be no time left for the exam."
            )
            if asked.seatless
            else None,
            lines(
                bold(kind_name(texts, asked.kind)),
                _exam(texts, study, asked.sitting),
                texts("Cause: {cause}", cause=cause_name(texts, asked.choice)) if asked.choice else None,
            ),
            texts(words.hint) if words.hint else None,
            texts("Documents that will go with it: {n}", n=asked.files) if asked.files else None,
            texts("Photos and files can be added right after that.") if not asked.files else None,
        ),
        () if keys else ((back_to(texts, asked.kind),), cancel_button(texts)),
        keys=keys,
    )


def keys_of(voices: Mapping[Language, Texts], kind: Kind) -> frozenset[str]:
    """Return what the key that files a kind says, in whichever language it was shown."""
    key = KIND_WORDS[kind].key
    return frozenset(texts.plain(key) for texts in voices.values()) if key else frozenset()


def all_keys(voices: Mapping[Language, Texts]) -> frozenset[str]:
    """Return what every key says, under whichever form it stood."""
    return cancel_keys(voices).union(*(keys_of(voices, kind) for kind in KIND_WORDS))


def cancel_keys(voices: Mapping[Language, Texts]) -> frozenset[str]:
    """Return what the key that leaves a form says."""
    return frozenset(texts.plain(CANCEL) for texts in voices.values())


def use_the_key(texts: Texts) -> Html:
    """Say that a text does not file what a key files."""
    return texts("⚠️ Not filed yet: no text is needed, only the key.")


def key_next(texts: Texts) -> Html:
    """Say that documents are kept, and that the key is what files."""
    return texts("⚠️ Not filed yet. The document is kept, now press the key.")


def text_first(texts: Texts) -> Html:
    """Say that documents are kept, and that words are what files."""
    return texts("⚠️ Not filed yet. The document is kept, now write the reason.")


def document_only(texts: Texts) -> Html:
    """Say that words do not stand for the proof."""
    return texts("⚠️ Not filed yet: a photo or a file is needed.")


def not_understood(texts: Texts) -> Html:
    """Answer a voice, a sticker, a video in the middle of a form."""
    return texts("⚠️ Voice, video and stickers do not count. Nothing is filed yet.")


def form_gone(texts: Texts) -> Html:
    """Say that an exam that a form was about cannot be found so any more."""
    return texts("This exam has changed in the records. Nothing was filed.")


def filed_by_key(texts: Texts, request: Request) -> Screen:
    """Give the usual keyboard back."""
    return Screen(texts("{number} is filed.", number=number(texts, request.id)), drop_keyboard=True)


def key_gone(texts: Texts) -> Screen:
    """Give the usual keyboard back: nothing was filed."""
    return Screen(texts("Nothing was filed."), drop_keyboard=True)


def loose_text(texts: Texts, text: str, sent: datetime, those: Sequence[Offer], *, late: bool = False) -> Screen:
    """Offer to file a text that no form waited for, as of when it was sent; `late`: what came after it was too late."""
    return Screen(
        paragraphs(
            lines(
                texts("Is this an appeal? Choose the exam: it is filed as sent at {time}.", time=clock(texts, sent)),
                texts("⚠️ Not filed yet."),
            ),
            texts("What you wrote after that came too late, it is left out.") if late else None,
            quoted(texts, text),
        ),
        (
            *_appeals(texts, those),
            (Button(texts.plain("No, forget it"), DropText()),),
        ),
    )


def more_text(texts: Texts, request: Request, text: str, those: Sequence[Offer]) -> Screen:
    """Offer to add a text to a request that was filed a moment ago, for Telegram cuts what is long, or to file it."""
    return Screen(
        paragraphs(
            lines(
                texts("Add this to the text of {number}?", number=number(texts, request.id)),
                texts("{number} itself is filed.", number=number(texts, request.id)),
            ),
            quoted(texts, text),
        ),
        (
            (Button(texts.plain("Add"), AddText(number=request.id)),),
            *_appeals(texts, those),
            (Button(texts.plain("No, forget it"), DropText()),),
        ),
    )


def answer_text(texts: Texts, request: Request, text: str, those: Sequence[Offer]) -> Screen:
    """Ask whether a text is the answer to what the staff asked, or offer to file it."""
    return Screen(
        paragraphs(
            texts("Is this your answer to the question about {number}?", number=number(texts, request.id)),
            quoted(texts, text),
        ),
        (
            (Button(texts.plain("Yes, send it"), AnswerText(number=request.id)),),
            *_appeals(texts, those),
            (Button(texts.plain("No, forget it"), DropText()),),
        ),
    )


def text_over(texts: Texts) -> Html:
    """Say that a text is not kept any more."""
    return texts("The text is not kept any more. Please write it again.")


def text_dropped(texts: Texts) -> Screen:
    """Confirm that a text is forgotten."""
    return Screen(texts("Forgotten, nothing was filed."), (back(texts),))


def quoted(texts: Texts, text: str) -> Html:
    """Return what somebody wrote, as far as there is room."""
    return texts("<blockquote>{text}</blockquote>", text=shortened(text, QUOTED))


def _in_time(texts: Texts, asked: Asked, now: datetime) -> Iterator[Html]:
    """Say until when the message counts; of a window that is over, that only what was sent before does, or is late."""
    window = asked.window
    closes = until(texts, window.closes, now)
    if asked.late:
        yield texts(
            "⏰ The time was over: <b>{until}</b>. It is marked late and put before the commission.", until=closes
        )
        return
    if now >= window.closes:
        yield texts("⏰ Closed: <b>{until}</b>. It counts only if it was sent before that.", until=closes)
        return
    yield texts(
        "⏰ Until <b>{until}</b> ({left} left): it has to reach Telegram before that.",
        until=closes,
        left=left(texts, now, window.closes),
    )


def _exam(texts: Texts, study: Study, sitting: Sitting) -> Html:
    course = sitting_name(texts, sitting)
    if sitting.result.standing is Standing.PENDING:
        return escape(course)
    return texts("{course}: {mark}", course=course, mark=mark(texts, study, sitting.result))


def _appeals(texts: Texts, those: Sequence[Offer]) -> Rows:
    """Return a button for each exam a text that was kept can be filed about."""
    return [(Button(_label(texts, each), FileText(kind=each.kind.kind, **about(each.sitting))),) for each in those]


def _label(texts: Texts, offer: Offer) -> str:
    name = sitting_name(texts, offer.sitting, BUTTON_LETTERS)
    named = KIND_WORDS[offer.kind.kind].named
    return texts.plain(named, course=name) if named else name
