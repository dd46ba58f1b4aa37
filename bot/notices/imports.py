"""What became of files of the watched folder."""

import asyncio
from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import exports
from services.importing import refused_csv
from services.importing.exports import LOADED_EXPORT, PASSED_EXPORT, REFUSED_EXPORT, refusals_of


async def _loaded_export(telling: Telling) -> Screen:
    return exports.loaded_export(telling.texts, telling.content)


async def _passed_export(telling: Telling) -> Screen:
    return exports.passed_export(telling.texts, telling.content)


async def _refused_export(telling: Telling) -> Screen:
    refusals = await refusals_of(telling.storage, telling.content.get("all"))
    table = await asyncio.to_thread(refused_csv, refusals, telling.texts.language.value) if refusals else None
    return exports.refused_export(telling.texts, telling.content, table)


NOTICES: Mapping[str, Notice] = {
    LOADED_EXPORT: _loaded_export,
    PASSED_EXPORT: _passed_export,
    REFUSED_EXPORT: _refused_export,
}
