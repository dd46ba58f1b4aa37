"""/need: the smallest exam mark for each letter, in a course or for two ratings somebody writes."""

from datetime import date
from decimal import Decimal

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import Said
from bot.middlewares.study import of_own_study
from bot.screen import Event
from bot.screens import need as screens
from bot.screens.menu import OpenNeed
from bot.screens.need import NeedInCourse
from bot.words.courses import reference
from policy.profile import Profile
from services.standing import Study


async def open_need(_: Event, study: Study, texts: Texts) -> Said:
    """List the exams still to come."""
    return screens.need(texts, study.open_exams)


async def need_for(_: Message, command: CommandObject, texts: Texts, today: date, profile: Profile) -> Said:
    """Compute for the two ratings after the command."""
    given = [_rating(word) for word in (command.args or "").replace(";", " ").split()]
    if len(given) != 2 or given[0] is None or given[1] is None:
        return screens.not_ratings(texts)
    return screens.needed_for(texts, profile.on(today).marks, given[0], given[1])


async def need_in_course(_: CallbackQuery, callback_data: NeedInCourse, study: Study, texts: Texts) -> Said:
    """Show the table of one course, or the list when its exam is no longer to come."""
    for exam in study.open_exams:
        if reference(exam.enrolment.period, exam.enrolment.course.code) == callback_data.course:
            return screens.needed_in(texts, exam, study.rules(exam.enrolment).marks)
    return screens.need(texts, study.open_exams)


def _rating(word: str) -> Decimal | None:
    """Read a rating with a point or a comma; None for what is none."""
    figures = word.rstrip(",").replace(",", ".", 1)
    if not figures.replace(".", "", 1).isdecimal() or len(figures) > 6:
        return None
    rating = Decimal(figures)
    return rating if rating <= 100 else None


def router() -> Router:
    """Return the routes of this feature; two ratings are nobody's own, so anybody may ask about them."""
    router = Router(name=__name__)
    router.message.register(need_for, Command("need", magic=F.args))
    own = of_own_study(f"{__name__}.own")
    own.message.register(open_need, Command("need"))
    own.callback_query.register(open_need, OpenNeed.filter())
    own.callback_query.register(need_in_course, NeedInCourse.filter())
    router.include_router(own)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("need", msgid("What I need on the exam"), 4),))
