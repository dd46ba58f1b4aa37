"""/templates: the reasons ready to be given, kept by those who sign decisions."""

from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import Html, msgid
from bot.middlewares.context import WRITES, Answers, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.screen import Event, Screen
from bot.screens.review import templates as screens
from bot.screens.review.deciding import too_long
from bot.screens.review.templates import AddTemplate, AddUsual, OpenTemplate, OpenTemplates, RetireTemplate
from bot.words.review import refusal
from policy.decision import Refused
from policy.people import Language
from policy.requests import Queue, RequestState
from services.requests.reviewing import REASON_LENGTH
from services.requests.templates import (
    add_template,
    add_usual_templates,
    outcomes_of,
    queues_worded_by,
    retire_template,
)
from storage.records import Draft

FORM = "template"


async def open_first(_: Event, reviewer: Reviewer) -> Said:
    """Show the reasons of the first queue this person words."""
    return await _first(reviewer)


async def open_queue(_: CallbackQuery, callback_data: OpenTemplates, reviewer: Reviewer) -> Said:
    """Show the reasons of a queue."""
    return await _listed(reviewer, callback_data.queue)


async def open_one(_: CallbackQuery, callback_data: OpenTemplate, reviewer: Reviewer) -> Said:
    """Show one reason."""
    template = await reviewer.storage.queues.template(callback_data.number)
    if template is None or template.queue not in _mine(reviewer):
        return await _first(reviewer)
    return screens.opened(reviewer.texts, template)


async def begin(_: CallbackQuery, callback_data: AddTemplate, reviewer: Reviewer) -> Said:
    """Ask for the reason in Kazakh."""
    queue, outcome = callback_data.queue, callback_data.outcome
    if queue not in _mine(reviewer):
        return screens.no_queue(reviewer.texts)
    await reviewer.keep(FORM, {"queue": queue, "outcome": outcome, "kk": None})
    return screens.ask_text(reviewer.texts, queue, outcome, Language.KK)


async def write(message: Message, draft: Draft, reviewer: Reviewer) -> Said:
    """Take the reason in one language, then in the other."""
    kept, text = dict(draft.content), (message.text or "").strip()
    queue, outcome = Queue(kept["queue"]), RequestState(kept["outcome"])
    if len(text) > REASON_LENGTH:
        language = Language.RU if kept["kk"] else Language.KK
        return screens.ask_text(reviewer.texts, queue, outcome, language, too_long(reviewer.texts, len(text)))
    if kept["kk"] is None:
        await reviewer.keep(FORM, {**kept, "kk": text})
        return screens.ask_text(reviewer.texts, queue, outcome, Language.RU)
    done = await add_template(
        reviewer.storage,
        queue,
        outcome,
        text_kk=kept["kk"],
        text_ru=text,
        by=reviewer.by,
        now=reviewer.now,
        profile=reviewer.profile,
    )
    await reviewer.leave(FORM)
    return await _listed(reviewer, queue, _said(reviewer, done, screens.added(reviewer.texts)))


async def begin_with_usual(_: CallbackQuery, callback_data: AddUsual, reviewer: Reviewer) -> Said:
    """Keep the reasons a queue may begin with."""
    queue = callback_data.queue
    done = await add_usual_templates(
        reviewer.storage, queue, by=reviewer.by, now=reviewer.now, profile=reviewer.profile
    )
    if isinstance(done, Refused):
        return screens.no_queue(reviewer.texts)
    return await _listed(reviewer, queue, screens.added_usual(reviewer.texts, done))


async def retire(_: CallbackQuery, callback_data: RetireTemplate, reviewer: Reviewer) -> Said:
    """Offer a reason no more."""
    done = await retire_template(
        reviewer.storage, callback_data.number, by=reviewer.by, now=reviewer.now, profile=reviewer.profile
    )
    if done is None or isinstance(done, Refused):
        return await _first(reviewer)
    return await _listed(reviewer, done.queue, screens.retired(reviewer.texts))


async def _first(reviewer: Reviewer) -> Screen:
    mine = _mine(reviewer)
    return await _listed(reviewer, mine[0]) if mine else screens.no_queue(reviewer.texts)


async def _listed(reviewer: Reviewer, queue: Queue, *said: Html) -> Screen:
    mine = _mine(reviewer)
    if queue not in mine:
        return screens.no_queue(reviewer.texts)
    those = {outcome: await reviewer.storage.queues.templates(queue, outcome) for outcome in outcomes_of(queue)}
    return screens.listed(reviewer.texts, queue, those, mine, *said)


def _mine(reviewer: Reviewer) -> tuple[Queue, ...]:
    return queues_worded_by(reviewer.roles, on=reviewer.today, profile=reviewer.profile)


def _said(reviewer: Reviewer, done: Any, otherwise: Html) -> Html:
    return refusal(reviewer.texts, done, now=reviewer.now) if isinstance(done, Refused) else otherwise


def router() -> Router:
    """Return the routes of this feature."""
    router = of_staff(__name__)
    router.message.register(open_first, Command("templates"))
    router.message.register(write, Answers(FORM), flags=WRITES)
    router.callback_query.register(open_queue, OpenTemplates.filter())
    router.callback_query.register(open_one, OpenTemplate.filter())
    router.callback_query.register(begin, AddTemplate.filter(), flags=WRITES)
    router.callback_query.register(begin_with_usual, AddUsual.filter(), flags=WRITES)
    router.callback_query.register(retire, RetireTemplate.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router, commands=(NamedCommand("templates", msgid("Reasons ready to be given"), 2, Audience.REVIEWERS),)
)
