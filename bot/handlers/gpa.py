"""/gpa: averages as numbers and as a chart, iGPA laid open, and what the GPA would be if."""

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from bot.feature import Feature, NamedCommand
from bot.i18n import Texts, msgid
from bot.middlewares.context import Said
from bot.middlewares.study import of_own_study
from bot.screen import Event
from bot.screens import gpa as screens
from bot.screens.gpa import OpenYear, WhatIf
from bot.screens.menu import OpenGpa
from services.papers import gpa_chart
from services.standing import Study, years_of
from storage.unit import Storage

CHART_SCALE = 4  # the chart is drawn for no other; the numbers stand without it


async def open_gpa(_: Event, storage: Storage, study: Study, as_of: datetime | None, texts: Texts) -> Said:
    """Show the GPA with its chart."""
    years = await years_of(storage, study)
    if study.gpa.value is None or study.rules_now.gpa.scale > CHART_SCALE:
        return screens.gpa(texts, study, years, None, as_of=as_of)
    points, words = screens.chart_points(texts, study), screens.chart_words(texts)
    chart = await gpa_chart(points, words=words, language=texts.language)
    return screens.gpa(texts, study, years, chart, as_of=as_of)


async def open_year(_: CallbackQuery, callback_data: OpenYear, storage: Storage, study: Study, texts: Texts) -> Said:
    """Lay one year's iGPA open."""
    return screens.year(texts, study, await years_of(storage, study), callback_data.year)


async def assume(_: CallbackQuery, callback_data: WhatIf, study: Study, texts: Texts) -> Said:
    """Show the GPA as if."""
    return screens.what_if(texts, study, callback_data)


def router() -> Router:
    """Return the routes of this feature."""
    router = of_own_study(__name__)
    router.message.register(open_gpa, Command("gpa"))
    router.callback_query.register(open_gpa, OpenGpa.filter())
    router.callback_query.register(open_year, OpenYear.filter())
    router.callback_query.register(assume, WhatIf.filter())
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("gpa", msgid("My GPA and iGPA"), 3),))
