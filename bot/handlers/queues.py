"""/queue: what waits for somebody who deals with requests."""

from collections.abc import Iterable

from aiogram import F, Router
from aiogram.filters import Command, CommandStart
from aiogram.types import CallbackQuery

from bot.feature import Audience, Feature, NamedCommand
from bot.i18n import msgid
from bot.middlewares.context import WRITES, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.screen import Event, Screen
from bot.screens.menu import OpenQueues
from bot.screens.review import queue as screens
from bot.screens.review.buttons import OpenQueue
from bot.screens.review.papers import papers_row
from bot.screens.review.registration import paper_row
from policy.decision import Refused
from policy.requests import DESKS, Queue
from services.reads import record_read
from services.requests.cases import Waiting, queue_for
from services.requests.entering import to_enter_for
from services.requests.telling import readers_of


async def open_first(_: Event, reviewer: Reviewer) -> Said:
    """Show the first queue this person deals with."""
    mine = queues_of(reviewer)
    return (
        await _shown(reviewer, OpenQueue(queue=mine[0])) if mine else screens.no_queue(reviewer.texts, reviewer.profile)
    )


async def open_queue(_: CallbackQuery, callback_data: OpenQueue, reviewer: Reviewer) -> Said:
    """Show a queue, filtered, from a page on."""
    return await _shown(reviewer, callback_data)


def queues_of(reviewer: Reviewer) -> list[Queue]:
    """Return the queues somebody deals with today."""
    held = {grant.role for grant in reviewer.roles}
    return [queue for queue in Queue if held & set(readers_of(queue, reviewer.profile.requests))]


async def _shown(reviewer: Reviewer, button: OpenQueue) -> Screen:
    storage, by, now, profile = reviewer.storage, reviewer.by, reviewer.now, reviewer.profile
    mine = queues_of(reviewer)
    waiting = None
    if DESKS[button.queue].enters_marks:
        waiting = await to_enter_for(storage, by=by, now=now, profile=profile)
    if button.which == screens.TO_ENTER and waiting is not None:
        await _seen(reviewer, (person.person_id for _, person in screens.page_of(button, waiting)))
        return screens.to_enter(reviewer.texts, button, waiting, mine, now=now)
    if button.which not in set(Waiting):
        return screens.no_queue(reviewer.texts, profile)
    those = await queue_for(storage, button.queue, by=by, which=Waiting(button.which), now=now, profile=profile)
    if isinstance(those, Refused):
        return screens.no_queue(reviewer.texts, profile)
    await _seen(reviewer, (each.student.person_id for each in screens.page_of(button, those)))
    more = (paper_row(reviewer.texts), papers_row(reviewer.texts))
    return screens.queue(reviewer.texts, button, those, mine, more, entries=len(waiting or ()), now=now)


async def _seen(reviewer: Reviewer, of: Iterable[str]) -> None:
    """Keep who saw whose name in a queue. Commits."""
    await record_read(reviewer.storage, of=of, what="person", cause="queue", by=reviewer.by, now=reviewer.now)
    await reviewer.storage.commit()


def router() -> Router:
    """Return the routes of this feature."""
    router = of_staff(__name__)
    router.message.register(open_first, Command("queue"), flags=WRITES)
    router.message.register(open_first, CommandStart(deep_link=True, magic=F.args == "queue"), flags=WRITES)
    router.callback_query.register(open_first, OpenQueues.filter(), flags=WRITES)
    router.callback_query.register(open_queue, OpenQueue.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("queue", msgid("Requests that wait"), 0, Audience.REVIEWERS),))
