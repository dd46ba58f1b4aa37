"""Kazakhstan's days off and worked weekends, from the `holidays` library into our own table of days."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from policy.calendar import DaySource, SpecialDay
from storage.unit import Storage

# The library speaks Kazakh; these are our Russian names for the holidays it can name.
_RUSSIAN = {
    "Жаңа жыл": "Новый год",
    "Православиелік Рождество": "Православное Рождество",
    "Халықаралық әйелдер күні": "Международный женский день",
    "Наурыз мейрамы": "Наурыз мейрамы",
    "Қазақстан халқының бірлігі мерекесі": "Праздник единства народа Казахстана",
    "Отан Қорғаушы күні": "День защитника Отечества",
    "Жеңіс күні": "День Победы",
    "Астана күні": "День столицы",
    "Қазақстан Республикасының Конституциясы күні": "День Конституции Республики Казахстан",
    "Қазақстан Республикасы күні": "День Республики Казахстан",
    "Республика күні": "День Республики",
    "Қазақстан Республикасының Тұңғыш Президенті күні": "День Первого Президента Республики Казахстан",
    "Тәуелсіздік күні": "День Независимости",
    "Құрбан айт": "Курбан-айт",
}
_NOTES = {
    "қайта белгіленген демалыс": "перенос выходного",
    "бағаланған": "дата приблизительная",
    "қайта белгіленген демалыс, бағаланған": "перенос выходного, дата приблизительная",
}
_MOVED = re.compile(r"Демалыс күні \((?P<day>\d\d\.\d\d\.\d{4}) бастап ауыстырылды\)")


def public_days(years: Iterable[int]) -> list[SpecialDay]:
    """Give the state's days of these years: holidays, their transfers, and weekends worked instead of another day.

    The dates of Kurban Ait to come are an estimate and say so. The government's yearly transfers are known only for the
    years the library has; what it moves by law is reckoned for a working week of five days.
    """
    import holidays

    those = sorted(set(years))
    found = holidays.country_holidays("KZ", years=those, language="kk")
    days = [SpecialDay(day, False, *_names(found[day]), DaySource.STATE) for day in sorted(found)]
    for year in those:
        day = date(year, 1, 1)
        while day.year == year:
            if day.weekday() >= 5 and day not in found and found.is_working_day(day):
                days.append(
                    SpecialDay(day, True, "Жұмыс күні (ауыстырылған)", "Рабочий день (перенос)", DaySource.STATE)
                )
            day += timedelta(days=1)
    return sorted(days, key=lambda each: each.day)


async def seed_public_days(storage: Storage, years: Iterable[int]) -> None:
    """Put the state's days of these years into the calendar; what the university says about its days stays."""
    years = list(years)
    await storage.calendar.replace_state_days(years, public_days(years))


def _names(kazakh: str) -> tuple[str, str]:
    """Give both names; of a day with several holidays, joined."""
    return kazakh, "; ".join(map(_russian, kazakh.split("; ")))


def _russian(kazakh: str) -> str:
    if moved := _MOVED.fullmatch(kazakh):
        return f"Выходной день (перенос с {moved['day']})"
    for name, russian in _RUSSIAN.items():
        if kazakh == name:
            return russian
        if kazakh.startswith(f"{name} (") and kazakh[len(name) + 2 : -1] in _NOTES:
            return f"{russian} ({_NOTES[kazakh[len(name) + 2 : -1]]})"
    return kazakh  # a holiday this list does not know yet is better in Kazakh than not at all
