"""Deadlines: until when something can be done, how long that is, and why it is that day and no other."""

from datetime import datetime, timedelta

from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Rows, Screen
from bot.screens.clauses import clauses
from policy.appeals import AppealBasis
from policy.calendar import CountedDay, DayReason, Window
from policy.people import Language
from policy.retakes import RetakeBasis

BASIS = {
    AppealBasis.AFTER_POSTING: msgid("The mark was posted on {day}. The time to appeal runs from that moment."),
    AppealBasis.AFTER_CORRECTION: msgid("The mark was corrected on {day}. The time to appeal runs from that moment."),
    AppealBasis.WHILE_RUNNING: msgid("A computer test is appealed while it is running. It is on {day}."),
    AppealBasis.AFTER_STATE_EXAM: msgid("The state exam was on {day}. It can be appealed on the next day too."),
    RetakeBasis.ACADEMIC_CALENDAR: msgid(
        "The session ends on {day}. The academic calendar fixes the additional period."
    ),
    RetakeBasis.WORKING_DAYS: msgid("The session ends on {day}. Working days are counted from the day after."),
    RetakeBasis.GRACE: msgid("The result was settled on {day}, after the additional period."),
}
REASONS = {
    DayReason.WORKING_DAY: msgid("working day"),
    DayReason.WORKED_BY_ORDER: msgid("worked by order"),
    DayReason.CALENDAR_DAY: msgid("counts"),
    DayReason.WEEKEND: msgid("weekend, not counted"),
    DayReason.DAY_OFF: msgid("day off, not counted"),
}


def left(texts: Texts, now: datetime, until: datetime) -> str:
    """Return how long it is until an instant in its two largest units, rounded down: never longer than it is."""
    minutes = max(until - now, timedelta()) // timedelta(minutes=1)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        texts.many("{n} day", "{n} days", days) if days else None,
        texts.many("{n} hour", "{n} hours", hours) if hours else None,
        texts.many("{n} minute", "{n} minutes", rest) if rest and not days else None,
    ]
    return " ".join(part for part in parts if part) or texts.plain("less than a minute")


def until(texts: Texts, closes: datetime) -> str:
    """Return the end of a window as people say it: a day's end is that day, not 00:00 of the next."""
    local = closes.astimezone(texts.zone)
    if (local.hour, local.minute) == (0, 0):
        last = (local - timedelta(days=1)).date()
        return texts.plain("{day}, end of the day", day=texts.day(last))
    return texts.instant(closes)


def explanation(texts: Texts, title: Html, window: Window, back: Rows) -> Screen:
    """Show how a deadline came to be, each day counted or skipped and why."""
    return Screen(
        paragraphs(
            title,
            texts(BASIS[window.basis], day=texts.weekday(window.counted_from)),
            lines(*(_counted(texts, day) for day in window.days)),
            texts("Until: <b>{until}</b>", until=until(texts, window.closes)),
            clauses(texts, window.cites),
        ),
        back,
    )


def _counted(texts: Texts, day: CountedDay) -> Html:
    name = day.name_kk if texts.language is Language.KK else day.name_ru
    reason = texts.plain(REASONS[day.reason])
    why = f"{reason} ({name})" if name else reason
    if day.number is None:
        return texts("▫️ {day}: {why}", day=texts.weekday(day.day), why=why)
    return texts("<b>{number}.</b> {day}: {why}", number=day.number, day=texts.weekday(day.day), why=why)
