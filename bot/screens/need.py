"""What is needed on the exam: the smallest mark for each letter, for a course or for any two ratings."""

from collections.abc import Sequence
from decimal import Decimal

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Html, Texts, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.clauses import clauses
from bot.screens.marks import course_name
from bot.screens.menu import OpenNeed, back
from policy.marks import MarkRules, Needed, NeededMark, needed
from services.standing import OpenExam


class NeedInCourse(CallbackData, prefix="need1"):
    """What is needed in one course."""

    period: str
    code: str


def need(texts: Texts, exams: Sequence[OpenExam]) -> Screen:
    """List the exams still to come with what a pass needs, a button each."""
    if not exams:
        return Screen(
            paragraphs(
                texts("<b>What do I need on the exam?</b>"),
                texts("No exam of yours is still to come."),
                _any_ratings(texts),
            ),
            (back(texts),),
        )
    return Screen(
        paragraphs(
            texts("<b>What do I need on the exam?</b>"),
            lines(*(_summary(texts, exam) for exam in exams)),
            _any_ratings(texts),
        ),
        (
            *(
                (
                    Button(
                        course_name(texts, exam.enrolment.course),
                        NeedInCourse(period=exam.enrolment.period, code=exam.enrolment.course.code),
                    ),
                )
                for exam in exams
                if exam.needed
            ),
            back(texts),
        ),
    )


def _any_ratings(texts: Texts) -> Html:
    return texts("For any two ratings, write for example: <code>/need 70 85</code>")


def _summary(texts: Texts, exam: OpenExam) -> Html:
    name = course_name(texts, exam.enrolment.course)
    if exam.needed is None:
        return texts("▫️ {course}: a rating is still missing", course=name)
    if not exam.needed.admitted:
        return texts("❌ {course}: the rating is too low for the exam", course=name)
    passing = [one for one in exam.needed.marks if one.grade.passing and one.exam is not None]
    best, least = passing[0], passing[-1]
    return texts(
        "▫️ {course}: {least} to pass, {best} for {letter}",
        course=name,
        least=least.exam or 0,
        best=best.exam or 0,
        letter=best.grade.letter,
    )


def needed_in(texts: Texts, exam: OpenExam, rules: MarkRules) -> Screen:
    """Show the table of one course."""
    title = texts("<b>{course}</b>", course=course_name(texts, exam.enrolment.course))
    if exam.needed is None:
        text = paragraphs(title, texts("A rating is still missing, so this cannot be computed yet."))
        return Screen(text, ((_all(texts),),))
    return Screen(paragraphs(title, *_table(texts, rules, exam.needed)), ((_all(texts),),))


def needed_for(texts: Texts, rules: MarkRules, rating1: Decimal, rating2: Decimal) -> Screen:
    """Show the table for two ratings somebody wrote."""
    title = texts("<b>Ratings {rating1} and {rating2}</b>", rating1=rating1, rating2=rating2)
    return Screen(paragraphs(title, *_table(texts, rules, needed(rating1, rating2, rules))), ((_all(texts),),))


def not_ratings(texts: Texts) -> Screen:
    """Explain how two ratings are written."""
    return Screen(
        paragraphs(
            texts("These are not two ratings. A rating is a number from 0 to 100."),
            _any_ratings(texts),
        ),
        ((_all(texts),),),
    )


def _all(texts: Texts) -> Button:
    return Button(texts.plain("« All exams"), OpenNeed())


def _table(texts: Texts, rules: MarkRules, what: Needed) -> Sequence[Html | None]:
    rating = texts("Admission rating: <b>{mark}</b>", mark=what.admission_rating)
    if not what.admitted:
        return (
            rating,
            texts("At least {minimum} is needed to be admitted to the exam.", minimum=rules.admission_rating_minimum),
            clauses(texts, what.cites),
        )
    least = min(one.exam for one in what.marks if one.grade.passing and one.exam is not None)
    return (
        rating,
        lines(
            texts("The smallest exam mark for each letter:"),
            *(_row(texts, one) for one in what.marks if one.grade.passing),
        ),
        texts("Under {least} on the exam the course is not passed, whatever the ratings.", least=least)
        if rules.exam_decides_failure
        else None,
        clauses(texts, what.cites),
    )


def _row(texts: Texts, one: NeededMark) -> Html:
    if one.exam is None:
        return texts("<code>{letter}</code> out of reach", letter=one.grade.letter.ljust(2))
    return texts("<code>{letter}</code> exam from <b>{exam}</b>", letter=one.grade.letter.ljust(2), exam=one.exam)
