"""The bot put together: a dispatcher with every feature in its place, and a client to speak through.

How to add a screen.

1. Write it in `bot/screens/<feature>.py`: a function of `Texts` and facts that returns a `Screen`, and a `CallbackData`
   class for each new button (ids only, a short prefix of its own).
2. Write a handler in `bot/handlers/<feature>.py` that asks for what it needs by name (see
   `bot/middlewares/context.py`), calls a use case of `services/` and returns the screen. Register it in that file's
   `router()`, with `flags=WRITES` when it writes; a step that waits for text keeps a draft and is registered with
   `Answers("form")`.
3. A new feature joins the list below; its commands, notices and papers stand in the `FEATURE` of its handlers
   (`bot/feature.py`), its button in `bot/screens/menu.py`.
4. `make i18n`, then write the new sentences in both catalogues.
5. A test in `tests/bot/` with a `Person` (`tests/telegram.py`) who sends, taps and sees, in both languages.
"""

import math
from collections.abc import Mapping

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode

from bot.delivery.client import Client
from bot.delivery.pacing import Pace
from bot.feature import commands_of, merged
from bot.handlers import (
    binding,
    cancel,
    cards,
    cases,
    corrections,
    deciding,
    documents,
    errors,
    fallback,
    filing,
    gpa,
    groups,
    imports,
    language,
    links,
    marks,
    me,
    menu,
    motions,
    need,
    outages,
    outsiders,
    papers,
    queues,
    reach,
    registration,
    requests,
    roles,
    sheets,
    start,
    strangers,
    templates,
    undoing,
    watching,
)
from bot.handlers import help as help_
from bot.i18n import Texts
from bot.jobs.work import Work
from bot.middlewares.context import Context, Speech
from bot.middlewares.floods import Floods
from bot.middlewares.origin import Origin
from bot.routing import Directory
from bot.wording import Wording
from policy.people import Language
from policy.profile import Profile
from services.clock import Clock
from storage.database import Database

_IN_ORDER = (  # asked in this order; the first that knows the update handles it
    marks,  # these three are asked for most and for themselves alone: somebody linked, in private
    gpa,
    need,
    reach,  # takes what nobody waits for an answer to
    binding,
    cards,
    groups,  # takes everything that is not a private chat
    cases,  # before `start`, as the next: a card's link opens a case or a queue
    queues,
    start,
    strangers,  # takes everything from somebody not linked
    menu,
    requests,
    language,
    me,
    deciding,
    papers,
    templates,
    registration,
    imports,
    undoing,
    motions,
    corrections,
    links,
    roles,
    sheets,
    outsiders,  # takes the buttons of the registrar's office from everybody else
    help_,
    cancel,
    documents,  # takes the photos and files of students
    filing,  # takes the texts of students: what no form waits for is none of the above
    fallback,  # takes what is left
    errors,
    outages,  # these have notices only
    watching,
)
FEATURES = tuple(module.FEATURE for module in _IN_ORDER)
COMMANDS = commands_of(FEATURES)


def make_dispatcher(
    *,
    database: Database,
    profile: Profile,
    clock: Clock,
    voices: Mapping[Language, Texts],
    updates_a_minute: float = math.inf,
) -> Dispatcher:
    """Return a dispatcher that holds the whole conversation, spoken by `voices`; it needs a `sender` among its data.

    Of one person, `updates_a_minute` are handled.
    """
    work = Work()
    dispatcher = Directory(disable_fsm=True, work=work, commands=COMMANDS)
    dispatcher.shutdown.register(work.stop)
    dispatcher.update.outer_middleware(Origin())
    dispatcher.update.outer_middleware(Floods(updates_a_minute, database=database, clock=clock, voices=voices))
    dispatcher.update.outer_middleware(Context(database, profile, clock, voices))
    speech = Speech(database)
    dispatcher.message.middleware(speech)
    dispatcher.callback_query.middleware(speech)
    dispatcher.edited_message.middleware(speech)
    for feature in FEATURES:
        if feature.router:
            dispatcher.include_router(feature.router())
    return dispatcher


def make_wording(bot: Bot, profile: Profile, voices: Mapping[Language, Texts]) -> Wording:
    """Return how what the features owe is said by `bot`."""
    notices, papers = (merged(getattr(each, what) for each in FEATURES) for what in ("notices", "papers"))
    return Wording(bot, profile, voices, notices=notices, papers=papers)


def make_bot(token: str, api_url: str, pace: Pace) -> Bot:
    """Return a client of the Bot API server at `api_url` that speaks HTML, keeps to `pace`, shows no link previews."""
    session = Client(api_url)
    session.middleware(pace)
    properties = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True)
    return Bot(token, session=session, default=properties)
