"""Which language somebody is spoken to in."""

from collections.abc import Mapping

from bot.i18n import Texts
from policy.people import Language
from storage.records import Acquaintance
from storage.unit import Storage


def language_of(known: Acquaintance | None, telegram: str | None) -> Language:
    """Return the chosen language, else the records' once linked, else Russian for `ru`, else Kazakh."""
    if known and known.account.language:
        return known.account.language
    if known and known.person:
        return known.person.language
    return Language.RU if telegram and telegram.lower().split("-")[0] == "ru" else Language.KK


async def voice_of(storage: Storage, voices: Mapping[Language, Texts], user: int) -> Texts:
    """Return the voice another Telegram account is spoken to in."""
    return voices[language_of(await storage.accounts.acquaintance(user), None)]
