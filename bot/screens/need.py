"""What is needed on the exam: the smallest mark for each letter, for a course or for any two ratings."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, lines, paragraphs
from bot.screen import Button, Screen
from bot.screens.menu import OpenNeed, back
from bot.words.clauses import clauses
from bot.words.courses import BUTTON_LETTERS, LINE_LETTERS, course_name, reference, shortened
from policy.marks import MarkRules, Needed, NeededMark, Standing, needed
from services.standing import OpenExam


class NeedInCourse(CallbackData, prefix="need1"):
    """What is needed in one course."""

    course: str


def need(texts: Texts, exams: Sequence[OpenExam]) -> Screen:
    """List the exams still to come with what a pass needs, a button each."""
    return Screen(
        paragraphs(
            texts("<b>What do I need on the exam?</b>"),
            lines(*(_summary(texts, exam) for exam in exams)) or texts("No exam of yours is waiting for a mark."),
            any_ratings(texts),
        ),
        (
            *(
                (
                    Button(
                        shortened(course_name(texts, exam.enrolment.course), BUTTON_LETTERS),
                        NeedInCourse(course=reference(exam.enrolment.period, exam.enrolment.course.code)),
                    ),
                )
                for exam in exams
                if exam.needed
            ),
            back(texts),
        ),
    )


def any_ratings(texts: Texts) -> Html:
    """Tell how any two ratings are asked about."""
    return texts("For any two ratings, write for example: <code>/need 70 85</code>")


def _summary(texts: Texts, exam: OpenExam) -> Html:
    name = shortened(course_name(texts, exam.enrolment.course), LINE_LETTERS)
    if exam.result.standing is Standing.FX:
        name = texts.plain("{course} (retake)", course=name)
    if exam.needed is None:
        return texts("▫️ {course}: a rating is still missing", course=name)
    if not exam.needed.admitted:
        return texts("❌ {course}: the rating is too low for the exam", course=name)
    passing = _reachable(exam.needed)
    if not passing:
        return texts("❌ {course}: a pass is out of reach", course=name)
    best, least = passing[0], passing[-1]
    return texts(
        "▫️ {course}: {least} to pass, {best} for {letter}",
        course=name,
        least=least.exam or 0,
        best=best.exam or 0,
        letter=best.grade.letter,
    )


def _reachable(what: Needed) -> list[NeededMark]:
    """Return the passing letters that some exam mark gives, the best first."""
    return [one for one in what.marks if one.grade.passing and one.exam is not None]


def needed_in(texts: Texts, exam: OpenExam, rules: MarkRules) -> Screen:
    """Show the table of one course."""
    title = texts("<b>{course}</b>", course=course_name(texts, exam.enrolment.course))
    if exam.needed is None:
        text = paragraphs(title, texts("A rating is still missing, so this cannot be computed yet."))
        return Screen(text, ((_all(texts),),))
    return Screen(paragraphs(title, *_table(texts, rules, exam.needed)), ((_all(texts),),))


def needed_for(texts: Texts, rules: MarkRules, rating1: Decimal, rating2: Decimal) -> Screen:
    """Show the table for two ratings somebody wrote."""
    title = texts("<b>Ratings: {rating1} and {rating2}</b>", rating1=rating1, rating2=rating2)
    return Screen(paragraphs(title, *_table(texts, rules, needed(rating1, rating2, rules))), ((_all(texts),),))


def not_ratings(texts: Texts) -> Screen:
    """Explain how two ratings are written."""
    return Screen(
        paragraphs(texts("Two ratings are needed, each a number from 0 to 100."), any_ratings(texts)),
        ((_all(texts),),),
    )


def _all(texts: Texts) -> Button:
    return Button(texts.plain("« All exams"), OpenNeed())


def _table(texts: Texts, rules: MarkRules, what: Needed) -> Iterable[Html]:
    yield texts("Admission rating: {mark}", mark=what.admission_rating)
    passing = _reachable(what)
    if not what.admitted:
        yield texts("At least {minimum} is needed to be admitted to the exam.", minimum=rules.admission_rating_minimum)
    elif not passing:
        yield texts("No exam mark gives a pass with these ratings.")
    else:
        best = what.marks.index(passing[0])
        yield lines(
            texts("The smallest exam mark for each letter:"),
            *(texts("<code>{mark}</code> {letter}", mark=_figures(one), letter=one.grade.letter) for one in passing),
            texts("Out of reach: {letters}", letters=", ".join(one.grade.letter for one in what.marks[:best]))
            if best
            else None,
        )
        if rules.exam_decides_failure:
            yield texts(
                "Under {least} on the exam the course is not passed, whatever the ratings.", least=_least(rules)
            )
    yield clauses(texts, what.cites)


def _figures(one: NeededMark) -> str:
    """Return an exam mark in three places, so that the letters stand under each other."""
    return str(one.exam).rjust(3)


def _least(rules: MarkRules) -> int:
    return min(grade.lowest for grade in rules.letters if grade.passing)
