"""/gpa: averages as numbers and as a chart, iGPA laid open, and what the GPA would be if."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screen import Event
from bot.screens import gpa as screens
from bot.screens import marks as marks_screens
from bot.screens.gpa import OpenYear, WhatIf
from bot.screens.menu import OpenGpa
from policy.people import Student
from policy.profile import Profile
from services.papers import gpa_chart
from services.standing import study_of, years_of
from storage.unit import Storage


async def open_gpa(
    _: Event, storage: Storage, student: Student | None, texts: Texts, now: datetime, profile: Profile
) -> Said:
    """Show the GPA with its chart."""
    if student is None:
        return marks_screens.not_a_student(texts, profile)
    study = await study_of(storage, student=student, now=now, profile=profile)
    years = await years_of(storage, study)
    points = screens.chart_points(study.gpa_by_period)
    words = screens.chart_words(texts)
    chart = await gpa_chart(points, words=words, language=texts.language) if study.gpa.value is not None else None
    return screens.gpa(texts, study, years, chart)


async def open_year(
    _: CallbackQuery,
    *,
    callback_data: OpenYear,
    storage: Storage,
    student: Student | None,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Lay one year's iGPA open."""
    if student is None:
        return marks_screens.not_a_student(texts, profile)
    study = await study_of(storage, student=student, now=now, profile=profile)
    return screens.year(texts, study, await years_of(storage, study), callback_data.year)


async def assume(
    _: CallbackQuery,
    *,
    callback_data: WhatIf,
    storage: Storage,
    student: Student | None,
    texts: Texts,
    now: datetime,
    profile: Profile,
) -> Said:
    """Show the GPA as if."""
    if student is None:
        return marks_screens.not_a_student(texts, profile)
    study = await study_of(storage, student=student, now=now, profile=profile)
    return screens.what_if(texts, study, callback_data)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(open_gpa, Command("gpa"))
    router.callback_query.register(open_gpa, OpenGpa.filter())
    router.callback_query.register(open_year, OpenYear.filter())
    router.callback_query.register(assume, WhatIf.filter())
    return router
