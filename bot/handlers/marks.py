"""/marks: a student's own marks, period by period, course by course."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screen import Event, Screen
from bot.screens import marks as screens
from bot.screens.marks import OpenCourse, OpenPeriod, WhyThen
from bot.screens.menu import OpenMarks
from policy.people import Student
from policy.profile import Profile
from services.standing import Study, study_of
from storage.unit import Storage


async def open_marks(
    _: Event, storage: Storage, student: Student | None, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """Show the latest period."""
    if student is None:
        return screens.not_a_student(texts, profile)
    return _period(texts, await study_of(storage, student=student, now=now, profile=profile), None, profile)


async def open_period(
    _: CallbackQuery,
    *,
    callback_data: OpenPeriod,
    storage: Storage,
    student: Student | None,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Show one period."""
    if student is None:
        return screens.not_a_student(texts, profile)
    study = await study_of(storage, student=student, now=now, profile=profile)
    return _period(texts, study, callback_data.period, profile)


async def open_course(
    _: CallbackQuery,
    *,
    callback_data: OpenCourse | WhyThen,
    storage: Storage,
    student: Student | None,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Lay one course open, or explain one of its deadlines."""
    if student is None:
        return screens.not_a_student(texts, profile)
    study = await study_of(storage, student=student, now=now, profile=profile)
    standing = study.course(callback_data.period, callback_data.code)
    if standing is None:
        return _period(texts, study, callback_data.period, profile)
    explained = isinstance(callback_data, WhyThen) and screens.why_then(texts, standing, callback_data.deadline)
    return explained or screens.course(texts, study, standing)


def _period(texts: Texts, study: Study, period: str | None, profile: Profile) -> Screen:
    """Show a period of this student's, the latest where there is no such one."""
    if not study.periods:
        return screens.no_marks(texts, profile)
    return screens.period_marks(texts, study, period if period in study.periods else study.periods[0])


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_marks, Command("marks"))
    router.callback_query.register(open_marks, OpenMarks.filter())
    router.callback_query.register(open_period, OpenPeriod.filter())
    router.callback_query.register(open_course, OpenCourse.filter())
    router.callback_query.register(open_course, WhyThen.filter())
    return router
