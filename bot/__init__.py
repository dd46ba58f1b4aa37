"""The conversation: screens, handlers, locales, jobs."""

from bot.delivery.models import import_aiogram

import_aiogram()
