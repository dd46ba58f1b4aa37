"""Binding: a group or a topic of one becomes the place where a queue's cards stand."""

from collections.abc import Sequence

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.review.buttons import BindQueue, SetQueueLanguage, UnbindQueue
from bot.words.records import WORDS
from bot.words.review import queue_name
from policy.people import Language
from policy.requests import Queue
from storage.queues import QueueChat


def bound(texts: Texts, chat: QueueChat, *, moved: bool = False) -> Screen:
    """Say that a queue's cards stand here now, in which language, and how to change it."""
    return Screen(
        paragraphs(
            texts("✅ The cards of this queue stand here now: <b>{queue}</b>", queue=queue_name(texts, chat.queue)),
            texts("They stood in another place until now.") if moved else None,
            texts("Language of the cards: {language}", language=texts.plain(WORDS[chat.language])),
            texts("Marks, reasons and documents never stand here: they open in the private chat."),
        ),
        _languages(texts, chat),
    )


def choose_queue(texts: Texts, here: Sequence[QueueChat], *said: Html) -> Screen:
    """Ask which queue's cards are to stand here."""
    names = [queue_name(texts, chat.queue) for chat in here]
    return Screen(
        paragraphs(
            *said,
            texts("Which queue's cards shall stand here?"),
            texts("Here already: {queues}", queues=", ".join(names)) if names else None,
        ),
        [(Button(queue_name(texts, queue), BindQueue(queue=queue)),) for queue in Queue],
    )


def unknown_queue(texts: Texts) -> Html:
    """Say that there is no such queue."""
    return texts("There is no such queue.")


def unbound(texts: Texts, queue: Queue) -> Screen:
    """Say where the cards go from now on."""
    return Screen(
        lines(
            texts("The cards no longer come here: <b>{queue}</b>", queue=queue_name(texts, queue)),
            texts("They go to each person of the queue in private."),
        )
    )


def choose_unbinding(texts: Texts, here: Sequence[QueueChat]) -> Screen:
    """Ask which queue's cards shall no longer come here."""
    return Screen(
        texts("Which queue's cards shall no longer come here?"),
        [(Button(queue_name(texts, chat.queue), UnbindQueue(queue=chat.queue)),) for chat in here],
    )


def nothing_bound(texts: Texts) -> Screen:
    """Say that no cards come here."""
    return Screen(texts("No queue's cards come here."))


def turn_anonymity_off(texts: Texts) -> Screen:
    """Ask an anonymous administrator to write under their own name."""
    return Screen(
        lines(
            texts("You write here in the group's name, so it cannot be seen who you are."),
            texts('Turn off "Remain anonymous" among your rights in this group, and send the command again.'),
        )
    )


def only_administrators(texts: Texts) -> str:
    """Say who may bind a queue."""
    return texts.plain("Only an administrator of the university's bot may do this.")


def refused(texts: Texts) -> Screen:
    """Say who may bind a queue, to somebody who wrote the command."""
    return Screen(texts("Only an administrator of the university's bot may do this."))


def in_the_group(texts: Texts) -> Screen:
    """Say where the command belongs."""
    return Screen(
        paragraphs(
            bold(texts("Send this command in the staff's group")),
            lines(
                texts("1. Add the bot to the group."),
                texts("2. Write there: /bind"),
            ),
        )
    )


def _languages(texts: Texts, chat: QueueChat) -> Rows:
    return [
        [
            Button(texts.plain(WORDS[language]).capitalize(), SetQueueLanguage(queue=chat.queue, language=language))
            for language in Language
            if language is not chat.language
        ]
    ]
