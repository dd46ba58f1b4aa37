"""The words that a mark, a course and a period go by everywhere."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b

from bot.i18n import Html, Texts, msgid
from policy.marks import Course, Result, Standing
from policy.people import Language, Sex
from services.standing import Study

BUTTON_LETTERS = 30  # of a course's name: what a narrow phone shows on one button
LINE_LETTERS = 90  # of a course's name in a list: the whole name stands where the course is laid open

SUMMER = "3"  # the number of the summer semester among the periods of a year

WITHOUT_MARK = {
    (Standing.DID_NOT_COME, Sex.M): msgid("he did not come"),
    (Standing.DID_NOT_COME, Sex.F): msgid("she did not come"),
    (Standing.NOT_ADMITTED, Sex.M): msgid("he is not admitted"),
    (Standing.NOT_ADMITTED, Sex.F): msgid("she is not admitted"),
}


@lru_cache(10_000)
def reference(period: str, code: str) -> str:
    """Return what names a course of a period in a button: a code of any length would not fit into its 64 bytes."""
    return urlsafe_b64encode(blake2b(f"{period} {code}".encode(), digest_size=9).digest()).decode()


def course_name(texts: Texts, course: Course) -> str:
    """Return a course's name in this language, in the other where it has none, else its code."""
    names = (course.name_kk, course.name_ru)
    first, second = names if texts.language is Language.KK else names[::-1]
    return first or second or course.code


def shortened(name: str, letters: int) -> str:
    """Return a name that is no longer than this."""
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def period_name(texts: Texts, period: str, *, summer: bool | None = None) -> str:
    """Return a period as people say it; `summer` tells whether it is the summer semester, where the dates are known."""
    return texts.plain("{year}, {part}", year=year_name(period), part=part_name(texts, period, summer=summer))


def part_name(texts: Texts, period: str, *, summer: bool | None = None) -> str:
    """Return which part of its academic year a period is."""
    number = period.partition("/")[2]
    if number == SUMMER if summer is None else summer:
        return texts.plain("summer semester")
    return texts.plain("period {number}", number=number)


def year_name(period: str) -> str:
    """Return the academic year of a period, or an academic year, as it is printed: 2025–2026."""
    return period.partition("/")[0].replace("-", "–")


def short_year(period: str) -> str:
    """Return the academic year of a period for where there is little room: 2025–26."""
    first, last = period.partition("/")[0].split("-")
    return f"{first}–{last[2:]}"


def without_mark(texts: Texts, study: Study, standing: Standing) -> str:
    """Say that somebody did not come, or was not admitted."""
    return texts.plain(WITHOUT_MARK[standing, study.student.sex])


def mark(texts: Texts, study: Study, result: Result) -> Html:
    """Return what stands for the final mark: the mark and letter, or in words why there is none."""
    if result.standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
        return texts("<b>{words}</b>", words=without_mark(texts, study, result.standing))
    if result.grade is None:
        return texts("no mark yet")
    if result.final is None:
        return texts("<b>{letter}</b>, exam {exam}", letter=result.grade.letter, exam=result.exam or 0)
    if result.standing is Standing.REMOVED:
        return texts("<b>{mark}</b> · {letter}, result void", mark=result.final, letter=result.grade.letter)
    return texts("<b>{mark}</b> · {letter}", mark=result.final, letter=result.grade.letter)
