"""Kazakhstan's days off and worked weekends, from the `holidays` library into our own table of days."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

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
_SATURDAY = 5  # as a weekday: whoever works fewer days than that has it off
_MOVED = re.compile(r"Демалыс күні \((?P<day>\d\d\.\d\d\.\d{4}) бастап ауыстырылды\)")


def public_days(years: Iterable[int], *, working_week: int = 5) -> list[SpecialDay]:
    """Give the state's days of these years: holidays, their transfers, and days off worked instead of another day.

    A holiday on a day off moves that day off to the next working day: in a week of six working days (`working_week`) a
    holiday on a Saturday moves nothing. Nor does the government's yearly transfer of a Saturday, which is worked there
    anyway. Such transfers are known only for the years the library has; the dates of Kurban Ait to come are an estimate
    and say so.
    """
    from holidays.countries.kazakhstan import Kazakhstan
    from holidays.observed_holiday_base import SAT_SUN_TO_NEXT_WORKDAY, SUN_TO_NEXT_WORKDAY

    those = sorted(set(years))
    rule = SAT_SUN_TO_NEXT_WORKDAY if working_week <= _SATURDAY else SUN_TO_NEXT_WORKDAY
    found = Kazakhstan(years=those, language="kk", observed_rule=rule)
    off = [day for day in sorted(found) if not _moved_from_a_working_day(found[day], working_week)]
    days = [SpecialDay(day, False, *_names(found[day]), DaySource.STATE) for day in off]
    for year in those:
        day = date(year, 1, 1)
        while day.year == year:
            if day.weekday() >= working_week and day not in found and found.is_working_day(day):
                days.append(
                    SpecialDay(day, True, "Жұмыс күні (ауыстырылған)", "Рабочий день (перенос)", DaySource.STATE)
                )
            day += timedelta(days=1)
    return sorted(days, key=lambda each: each.day)


def _moved_from_a_working_day(kazakh: str, working_week: int) -> bool:
    """Tell whether a day is off only in place of one that this working week works anyway."""
    moved = _MOVED.fullmatch(kazakh)
    return moved is not None and datetime.strptime(moved["day"], "%d.%m.%Y").date().weekday() < working_week  # noqa: DTZ007


async def seed_public_days(storage: Storage, years: Iterable[int], *, working_week: int = 5) -> None:
    """Put the state's days of these years into the calendar; what the university says about its days stays."""
    years = list(years)
    await storage.calendar.replace_state_days(years, public_days(years, working_week=working_week))


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
