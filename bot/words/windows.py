"""Deadlines: until when something can be done, how long that is, and why it is that day and no other."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Rows, Screen
from bot.words.clauses import clauses
from policy.appeals import AppealBasis
from policy.calendar import CountedDay, DayReason, Window
from policy.people import Language
from policy.retakes import RetakeBasis

MINUTE = timedelta(minutes=1)
BASIS: Mapping[str, str] = {  # by the values of the policy
    AppealBasis.AFTER_POSTING: msgid("The time to appeal runs from when the mark was posted: {at}."),
    AppealBasis.AFTER_CORRECTION: msgid("The time to appeal runs from when the mark was corrected: {at}."),
    AppealBasis.WHILE_RUNNING: msgid("A computer test can be appealed only while it is running. It begins: {at}."),
    AppealBasis.AFTER_STATE_EXAM: msgid("The time to appeal a state exam is counted from its day: {day}."),
    AppealBasis.AFTER_EXAM: msgid(
        "The time to complain of how an exam was held is counted from the day of the exam or of its mark: {day}."
    ),
    RetakeBasis.ACADEMIC_CALENDAR: msgid(
        "The last day of the session is {day}. The academic calendar says when the additional period ends."
    ),
    RetakeBasis.WORKING_DAYS: msgid("The last day of the session is {day}. Working days are counted from the next."),
    RetakeBasis.GRACE: msgid(
        "The result was settled near the end of the additional period or after it: {at}. Working days are counted."
    ),
}
REASONS = {
    DayReason.WORKING_DAY: msgid("working day"),
    DayReason.WORKED_BY_ORDER: msgid("worked by order"),
    DayReason.CALENDAR_DAY: msgid("counts"),
    DayReason.WEEKEND: msgid("weekend, not counted"),
    DayReason.DAY_OFF: msgid("day off, not counted"),
    DayReason.SAME_DATE: msgid("the same date of an earlier month"),
    DayReason.LAST_OF_MONTH: msgid("an earlier month has no such date: its last day"),
}


def left(texts: Texts, now: datetime, until: datetime) -> str:
    """Return how long it is until an instant in its two largest units, rounded down: never longer than it is."""
    minutes = max(until - now, timedelta()) // MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        texts.many("{n} day", "{n} days", days) if days else None,
        texts.many("{n} hour", "{n} hours", hours) if hours else None,
        texts.many("{n} minute", "{n} minutes", rest) if rest and not days else None,
    ]
    return " ".join(part for part in parts if part) or texts.plain("less than a minute")


def until(texts: Texts, closes: datetime, now: datetime | None = None) -> str:
    """Return the end of a window as people say it: a day's end is that day, not 00:00 of the next.

    The year is said when it is not that of `now`.
    """
    if _ends_a_day(texts, closes):
        return texts.plain("{day}, end of the day", day=dated(texts, _day(texts, closes - MINUTE), now))
    return moment(texts, closes, now)


def ended(texts: Texts, closes: datetime, now: datetime) -> str:
    """Return when a window ended: the day alone when it was the day's end."""
    if _ends_a_day(texts, closes):
        return dated(texts, _day(texts, closes - MINUTE), now)
    return moment(texts, closes, now)


def moment(texts: Texts, at: datetime, now: datetime | None = None) -> str:
    """Return an instant, its year only when it is not this year's."""
    return texts.plain("{day}, {time}", day=dated(texts, _day(texts, at), now), time=texts.time(at))


def dated(texts: Texts, day: date, now: datetime | None = None) -> str:
    """Return a day, its year only when it is not this year's."""
    return texts.day(day) if now is None or day.year == _day(texts, now).year else texts.date_in_full(day)


def _day(texts: Texts, at: datetime) -> date:
    return at.astimezone(texts.zone).date()


def _ends_a_day(texts: Texts, closes: datetime) -> bool:
    local = closes.astimezone(texts.zone)
    return (local.hour, local.minute) == (0, 0)


def explanation(texts: Texts, title: Html, window: Window, *, now: datetime, back: Rows) -> Screen:
    """Show how a deadline came to be, each day counted or skipped and why."""
    return Screen(
        paragraphs(
            title,
            texts(
                BASIS[window.basis],
                at=moment(texts, window.opens, now),
                day=dated(texts, window.counted_from, now),
            ),
            lines(*(_counted(texts, day) for day in window.days)),
            lines(
                texts("Deadline: <b>{until}</b>", until=until(texts, window.closes, now)),
                None
                if _ends_a_day(texts, window.closes)
                else texts(
                    "{before} is in time, {at} is late.",
                    before=texts.time(window.closes - MINUTE),
                    at=texts.time(window.closes),
                ),
            ),
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
