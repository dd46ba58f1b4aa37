"""Marks: a period at a glance."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.menu import back
from bot.words.contacts import desk
from bot.words.courses import (
    BUTTON_LETTERS,
    LINE_LETTERS,
    course_name,
    mark,
    part_name,
    period_name,
    reference,
    short_year,
    shortened,
)
from bot.words.windows import dated, moment, until
from policy.appeals import AppealRefusal
from policy.calendar import ExamSlot, Windows
from policy.decision import Refused
from policy.gpa import shown
from policy.marks import Enrolment, Standing, looks_like_placeholder
from policy.profile import Profile
from policy.requests import Kind
from policy.retakes import RetakeRefusal
from services.sittings import Sitting
from services.standing import CourseStanding, Study

APPEAL_UNTIL = msgid("   ↳ appeal until: {until}")
OTHER_APPEAL_UNTIL = msgid("   ↳ attempt {n}: appeal until {until}")
RETAKE_UNTIL = msgid("   ↳ apply for a retake until: {until}")
ZERO = msgid("   ↳ this 0 may be a mark not entered yet")

SIGNS = {Standing.PASSED: "✅", Standing.PENDING: "⏳"}
FAILED = "❗️"


class OpenPeriod(CallbackData, prefix="marks"):
    """Read the marks of one period."""

    period: str


class OpenCourse(CallbackData, prefix="course"):
    """Lay one course open."""

    course: str


def open_course(enrolment: Enrolment) -> OpenCourse:
    """Return what the button of a course sends."""
    return OpenCourse(course=reference(enrolment.period, enrolment.course.code))


def enrolment_of(study: Study, course: str) -> Enrolment | None:
    """Return what a button names, if it is this student's own."""
    return next((one for one in study.enrolments if reference(one.period, one.course.code) == course), None)


def not_a_student(texts: Texts, profile: Profile) -> Screen:
    """Tell somebody with a role but no studies that there are no marks of theirs."""
    return Screen(
        paragraphs(
            texts("The records do not have you as a student, so there is nothing to show here."),
            desk(texts, profile.contacts.registrar),
        ),
        (back(texts),),
    )


def no_longer_readable(texts: Texts, study: Study, profile: Profile) -> Screen:
    """Tell somebody who has left that the time to read is over, and who answers."""
    last = study.readable_until or study.today
    return Screen(
        paragraphs(
            texts("You could read your marks here until {day}.", day=dated(texts, last, study.now)),
            desk(texts, profile.contacts.registrar),
        ),
        (back(texts),),
    )


def no_marks(texts: Texts, profile: Profile) -> Screen:
    """Tell a student that nothing has come from the university yet, and what happens next."""
    return Screen(
        paragraphs(
            texts("No marks have come from the university's records yet."),
            texts("Your ratings appear here as soon as the registrar's office loads them."),
            desk(texts, profile.contacts.registrar),
        ),
        (back(texts),),
    )


def period_marks(
    texts: Texts, study: Study, period: str, *, as_of: datetime | None, toast: str | None = None
) -> Screen:
    """Show a period's courses with their marks, and the way to each and to the other periods."""
    courses = [study.standing(enrolment) for enrolment in study.of_period(period)]
    average = study.gpa_of(period).value
    return Screen(
        paragraphs(
            texts("<b>{period}</b>", period=period_name(texts, period, summer=study.is_summer(period))),
            lines(*(_course_lines(texts, study, course) for course in courses)),
            None if average is None else texts("GPA of the period: <b>{gpa}</b>", gpa=texts.number(shown(average), 2)),
            reading_ends(texts, study),
            fresh(texts, study, as_of),
        ),
        (*_course_buttons(texts, courses), *_period_buttons(texts, study, period), back(texts)),
        toast=toast,
    )


def reading_ends(texts: Texts, study: Study) -> Html | None:
    """Say until when somebody who has left can read this."""
    if study.readable_until is None:
        return None
    return texts("You can read this here until {day}.", day=dated(texts, study.readable_until, study.now))


def fresh(texts: Texts, study: Study, as_of: datetime | None) -> Html | None:
    """Say how fresh the marks are."""
    return None if as_of is None else texts("<i>Data as of {at}</i>", at=moment(texts, as_of, study.now))


def _course_lines(texts: Texts, study: Study, course: CourseStanding) -> Html:
    enrolment, result = course.enrolment, course.result
    return lines(
        texts(
            "{sign} {course}: {mark}",
            sign=SIGNS.get(result.standing, FAILED),
            course=shortened(course_name(texts, enrolment.course), LINE_LETTERS),
            mark=_pending(texts, study, course) if result.standing is Standing.PENDING else mark(texts, study, result),
        ),
        texts("   ↳ taken again: {mark}", mark=mark(texts, study, course.taken_again[1]))
        if course.taken_again
        else None,
        texts("   ↳ not admitted as things stand")
        if result.standing is Standing.PENDING and course.admission.admitted is False
        else None,
        texts(ZERO) if any(looks_like_placeholder(attempt) for attempt in enrolment.attempts[-1:]) else None,
        *(_appeal(texts, study, sitting) for sitting in course.sittings),
        _retake(texts, study, course) if result.standing is Standing.FX else None,
    )


def _appeal(texts: Texts, study: Study, sitting: Sitting) -> Html | None:
    if sitting.request(Kind.APPEAL):
        return texts("   ↳ the appeal is filed")
    sentence = APPEAL_UNTIL if sitting.latest else OTHER_APPEAL_UNTIL
    return deadline(texts, sentence, sitting.appeal, study.now, n=sitting.attempt.number)


def _retake(texts: Texts, study: Study, course: CourseStanding) -> Html | None:
    if course.latest.applied_for(Kind.RETAKE):
        return texts("   ↳ applied for a retake")
    return deadline(texts, RETAKE_UNTIL, course.retake, study.now)


def _pending(texts: Texts, study: Study, course: CourseStanding) -> Html:
    """Return what is known of a course before its mark: when the exam is, else the ratings."""
    result, slot = course.result, course.slot
    if slot is not None and study.now < slot.ends:
        return exam_time(texts, slot, study.now)
    if slot is None and result.admission_rating is not None:
        return texts("admission rating {mark}", mark=result.admission_rating)
    if slot is None and result.rating1 is not None:
        return texts("rating 1: {mark}", mark=result.rating1)
    return texts("no mark yet")


def exam_time(texts: Texts, slot: ExamSlot, now: datetime) -> Html:
    """Say when an exam is that is not over yet."""
    if now < slot.starts:
        return texts("exam {at}", at=moment(texts, slot.starts, now))
    return texts("exam now, ends at {time}", time=texts.time(slot.ends))


def deadline(
    texts: Texts,
    sentence: str,
    windows: Windows | Refused[AppealRefusal] | Refused[RetakeRefusal],
    now: datetime,
    *,
    n: int = 1,
) -> Html | None:
    """Say until when something can be done, in a sentence with `{until}` and perhaps `{n}`, while it can."""
    if isinstance(windows, Refused) or now not in windows:
        return None
    return texts(sentence, until=until(texts, windows.at(now).closes, now), n=n)


def _course_buttons(texts: Texts, courses: Sequence[CourseStanding]) -> Rows:
    return [
        (
            Button(
                shortened(course_name(texts, course.enrolment.course), BUTTON_LETTERS),
                _opens(course.enrolment.period, course.enrolment.course.code),
            ),
        )
        for course in courses
    ]


@lru_cache(10_000)
def _opens(period: str, code: str) -> str:
    return OpenCourse(course=reference(period, code)).pack()


def _period_buttons(texts: Texts, study: Study, current: str) -> Rows:
    others = [_period_button(texts, period, study.is_summer(period)) for period in study.periods if period != current]
    return [others[start : start + 2] for start in range(0, len(others), 2)]


@lru_cache(1000)  # everybody's are the same
def _period_button(texts: Texts, period: str, summer: bool | None) -> Button:
    part = part_name(texts, period, summer=summer).replace(" ", "\N{NO-BREAK SPACE}")
    label = texts.plain("{year}, {part}", year=short_year(period), part=part)
    return Button(label, OpenPeriod(period=period).pack())
