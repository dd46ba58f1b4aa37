"""Reasons ready to be given: listed, added in both languages, retired."""

from collections.abc import Mapping, Sequence

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.cancel import cancel_button
from bot.screens.menu import back
from bot.words.courses import shortened
from bot.words.requests import state_name
from bot.words.review import queue_name
from policy.people import Language
from policy.requests import Queue, RequestState
from services.requests.telling import kinds_of
from storage.queues import ReasonTemplate

LETTERS = 40  # of a reason on a button


class OpenTemplates(CallbackData, prefix="tmpls"):
    """See the reasons of a queue."""

    queue: Queue


class OpenTemplate(CallbackData, prefix="tmplo"):
    """Read one reason in both languages."""

    number: int


class AddTemplate(CallbackData, prefix="tmpla"):
    """Add a reason for this decision."""

    queue: Queue
    outcome: RequestState


class AddUsual(CallbackData, prefix="tmplu"):
    """Begin with the usual reasons."""

    queue: Queue


class RetireTemplate(CallbackData, prefix="tmplx"):
    """Offer it no more."""

    number: int


def listed(
    texts: Texts,
    queue: Queue,
    those: Mapping[RequestState, Sequence[ReasonTemplate]],
    others: Sequence[Queue],
    *said: Html,
) -> Screen:
    """Show the reasons of a queue by decision."""
    rows = []
    if empty := not any(those.values()):
        rows.append((Button(texts.plain("Begin with the usual ones"), AddUsual(queue=queue)),))
    for outcome, templates in those.items():
        rows += [(Button(_short(texts, each), OpenTemplate(number=each.id)),) for each in templates]
        label = texts.plain("➕ Add: {outcome}", outcome=outcome_name(texts, queue, outcome))
        rows.append((Button(label, AddTemplate(queue=queue, outcome=outcome)),))
    return Screen(
        paragraphs(
            *said,
            lines(bold(texts("Reasons ready to be given")), queue_name(texts, queue)),
            texts("There are none yet: begin with the usual ones, or add your own.") if empty else None,
            texts("They are offered when a decision is made. Each stands in both languages."),
        ),
        (
            *rows,
            *((Button(queue_name(texts, each), OpenTemplates(queue=each)),) for each in others if each is not queue),
            back(texts),
        ),
    )


def opened(texts: Texts, one: ReasonTemplate) -> Screen:
    """Show a reason in both languages."""
    return Screen(
        paragraphs(
            bold(texts("Decision: {outcome}", outcome=outcome_name(texts, one.queue, one.outcome))),
            texts("In Kazakh: {text}", text=one.text_kk),
            texts("In Russian: {text}", text=one.text_ru),
        ),
        (
            (Button(texts.plain("Offer it no more"), RetireTemplate(number=one.id)),),
            (Button(texts.plain("« Reasons"), OpenTemplates(queue=one.queue)),),
        ),
    )


def ask_text(texts: Texts, queue: Queue, outcome: RequestState, language: Language, *said: Html) -> Screen:
    """Ask for a reason in one language."""
    return Screen(
        paragraphs(
            *said,
            bold(texts("Decision: {outcome}", outcome=outcome_name(texts, queue, outcome))),
            texts("Write the reason in Kazakh.") if language is Language.KK else texts("Write the reason in Russian."),
        ),
        (cancel_button(texts),),
    )


def added(texts: Texts) -> Html:
    """Confirm that a reason is kept."""
    return texts("✅ The reason is kept.")


def added_usual(texts: Texts, number: int) -> Html:
    """Confirm that the usual reasons are kept; none are where there were some already."""
    if not number:
        return texts("There are reasons here already.")
    return texts("✅ The usual reasons are kept. Those that do not suit you can be dropped.")


def retired(texts: Texts) -> Html:
    """Confirm that a reason is offered no more."""
    return texts("The reason is offered no more.")


def no_queue(texts: Texts) -> Screen:
    """Say who may change the reasons."""
    return Screen(
        texts("The reasons are changed by those who sign decisions, and by the commission's secretary."), (back(texts),)
    )


def outcome_name(texts: Texts, queue: Queue, outcome: RequestState) -> str:
    """Return what a decision is called in a queue."""
    return state_name(texts, kinds_of(queue)[0], outcome)


def _short(texts: Texts, template: ReasonTemplate) -> str:
    return shortened(template.text_kk if texts.language is Language.KK else template.text_ru, LETTERS)
