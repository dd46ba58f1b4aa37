"""/marks: a student's own marks, period by period, course by course."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import Said
from bot.middlewares.study import of_own_study
from bot.notices.marks import NOTICES
from bot.screen import Event, Screen
from bot.screens import course as course_screens
from bot.screens import marks as screens
from bot.screens.course import WhyThen
from bot.screens.marks import OpenCourse, OpenPeriod
from bot.screens.menu import OpenMarks
from policy.profile import Profile
from services.standing import Study


async def open_marks(_: Event, study: Study, as_of: datetime | None, texts: Texts, profile: Profile) -> Said:
    """Show the latest period."""
    return _period(texts, study, as_of, profile)


async def open_period(
    _: CallbackQuery, callback_data: OpenPeriod, study: Study, as_of: datetime | None, texts: Texts, profile: Profile
) -> Said:
    """Show one period."""
    return _period(texts, study, as_of, profile, callback_data.period)


async def open_course(
    _: CallbackQuery,
    callback_data: OpenCourse | WhyThen,
    study: Study,
    as_of: datetime | None,
    texts: Texts,
    profile: Profile,
) -> Said:
    """Lay one course open, or explain one of its deadlines."""
    enrolment = screens.enrolment_of(study, callback_data.course)
    if enrolment is None:
        return _period(texts, study, as_of, profile, toast=texts.plain("This course is not in your records."))
    standing = study.standing(enrolment)
    if isinstance(callback_data, WhyThen):
        sitting = standing.sitting(callback_data.attempt)
        explained = course_screens.why_then(texts, study, sitting, callback_data.deadline) if sitting else None
        if explained:
            return explained
    return course_screens.course(texts, study, standing, profile)


def _period(
    texts: Texts,
    study: Study,
    as_of: datetime | None,
    profile: Profile,
    period: str | None = None,
    *,
    toast: str | None = None,
) -> Screen:
    """Show a period of this student's, the latest where there is no such one."""
    if not study.periods:
        return screens.no_marks(texts, profile)
    shown = period if period in study.periods else study.periods[0]
    return screens.period_marks(texts, study, shown, as_of=as_of, toast=toast)


def router() -> Router:
    """Return the routes of this feature."""
    router = of_own_study(__name__)
    router.message.register(open_marks, Command("marks"))
    router.callback_query.register(open_marks, OpenMarks.filter())
    router.callback_query.register(open_period, OpenPeriod.filter())
    router.callback_query.register(open_course, OpenCourse.filter())
    router.callback_query.register(open_course, WhyThen.filter())
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("marks", msgid("My marks"), 2),), notices=NOTICES)
