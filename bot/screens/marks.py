"""Marks: a period at a glance, one course laid open, and why its deadlines are what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.clauses import clauses
from bot.screens.contacts import desk
from bot.screens.menu import back
from bot.screens.windows import explanation, left, until
from bot.screens.words import WORDS
from policy.appeals import AppealRefusal
from policy.calendar import Window
from policy.decision import Refused
from policy.gpa import shown
from policy.marks import (
    AdmissionCheck,
    Course,
    Enrolment,
    Requirement,
    Result,
    Standing,
    Traditional,
    looks_like_placeholder,
)
from policy.people import Language
from policy.profile import Profile
from policy.retakes import RetakeRefusal
from services.standing import CourseStanding, Study

BUTTON_LETTERS = 32  # of a course's name: what a narrow phone shows on one button

SIGNS = {
    Standing.PASSED: "✅",
    Standing.FX: "❗️",
    Standing.F: "❗️",
    Standing.REMOVED: "❗️",
    Standing.DID_NOT_COME: "⚠️",
    Standing.NOT_ADMITTED: "⚠️",
    Standing.PENDING: "⏳",
}
STANDINGS = {
    Standing.PENDING: msgid("no mark yet"),
    Standing.DID_NOT_COME: msgid("did not come"),
    Standing.NOT_ADMITTED: msgid("not admitted"),
    Standing.REMOVED: msgid("result void"),
}
TRADITIONAL = {
    Traditional.EXCELLENT: msgid("excellent"),
    Traditional.GOOD: msgid("good"),
    Traditional.SATISFACTORY: msgid("satisfactory"),
    Traditional.UNSATISFACTORY: msgid("unsatisfactory"),
}
APPEALS: dict[AppealRefusal, tuple[str, ...]] = {  # the sentences that say why there is none
    AppealRefusal.NOT_POSTED: (),
    AppealRefusal.DID_NOT_SIT: (),
    AppealRefusal.FORM_UNKNOWN: (msgid("Appeal: the records do not say yet how this exam is held."),),
    AppealRefusal.TIMETABLE_UNKNOWN: (
        msgid("Appeal: only while the test is running; the timetable does not have it yet."),
    ),
    AppealRefusal.EXAM_DATE_UNKNOWN: (msgid("Appeal: the records do not have the day of this exam."),),
    AppealRefusal.REMOVED: (msgid("Appeal: a removal is not appealed as a mark."),),
    AppealRefusal.SHEET_LOCKED: (msgid("Appeal: the mark sheet is printed, its marks no longer change."),),
}
AGAIN = msgid("The course is taken again: in the summer semester or a later period.")
RETAKES: dict[RetakeRefusal, tuple[str, ...]] = {
    RetakeRefusal.NO_RESULT: (),
    RetakeRefusal.PASSED: (),
    RetakeRefusal.FAILED_WITH_F: (msgid("Retake: not after an F."), AGAIN),
    RetakeRefusal.REMOVED: (msgid("Retake: not after a removal from the exam."), AGAIN),
    RetakeRefusal.MISSED_THE_EXAM: (
        msgid("The exam may be taken in the additional period in the cases the rules name."),
    ),
    RetakeRefusal.SECOND_FX: (msgid("Retake: once only, and this is the second FX."), AGAIN),
    RetakeRefusal.RETAKE_USED: (msgid("Retake: it was used."), AGAIN),
    RetakeRefusal.RETAKE_PENDING: (msgid("Retake: its mark is still to come."),),
    RetakeRefusal.STATE_EXAM: (msgid("Retake: there is none for the state exam."), AGAIN),
    RetakeRefusal.SESSION_UNKNOWN: (msgid("Retake: the academic calendar does not have this session's dates yet."),),
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How a window is spoken of before it opens, while it is open and when it is over."""

    early: str
    running: str
    over: str

    def say(self, texts: Texts, window: Window, now: datetime) -> Html:
        """Return where a window stands now, counted down while it is open."""
        if now in window:
            return texts(self.running, until=until(texts, window.closes), left=left(texts, now, window.closes))
        if now < window.opens:
            return texts(self.early, opens=texts.instant(window.opens))
        return texts(self.over, until=until(texts, window.closes))


APPEAL = Deadlines(
    msgid("Appeal: opens on {opens}"),
    msgid("Appeal: until <b>{until}</b>, {left} left"),
    msgid("Appeal: the time ran out on {until}"),
)
RETAKE = Deadlines(
    msgid("Retake: can be applied for from {opens}"),
    msgid("Retake: apply until <b>{until}</b>, {left} left"),
    msgid("Retake: the time to apply ran out on {until}"),
)


class OpenPeriod(CallbackData, prefix="marks"):
    """Read the marks of one period."""

    period: str


class OpenCourse(CallbackData, prefix="course"):
    """Lay one course open."""

    period: str
    code: str


class Deadline(StrEnum):
    """Which deadline is to be explained."""

    APPEAL = "a"
    RETAKE = "r"


class WhyThen(CallbackData, prefix="why"):
    """Explain a deadline day by day."""

    deadline: Deadline
    period: str
    code: str


def course_name(texts: Texts, course: Course) -> str:
    """Return a course's name in this language, in the other where it has none, else its code."""
    names = (course.name_kk, course.name_ru)
    first, second = names if texts.language is Language.KK else names[::-1]
    return first or second or course.code


def period_name(texts: Texts, period: str) -> str:
    """Return a period as people say it; one that is not written as year and number stays as it is."""
    year, _, number = period.partition("/")
    return texts.plain("{year}, period {number}", year=year.replace("-", "–"), number=number) if number else period


def not_a_student(texts: Texts, profile: Profile) -> Screen:
    """Tell somebody with a role but no studies that there are no marks of theirs."""
    return Screen(
        paragraphs(
            texts("The records do not have you as a student, so there is nothing to show here."),
            desk(texts, profile.contacts.service_desk),
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


def period_marks(texts: Texts, study: Study, period: str) -> Screen:
    """Show a period's courses with their marks, and the way to each and to the other periods."""
    courses = [study.standing(enrolment) for enrolment in study.of_period(period)]
    average = study.gpa_by_period[period].value
    return Screen(
        paragraphs(
            texts("<b>{period}</b>", period=period_name(texts, period)),
            lines(*(_course_lines(texts, course, study.now) for course in courses)),
            None if average is None else texts("GPA of the period: <b>{gpa}</b>", gpa=texts.number(shown(average), 2)),
        ),
        (*_course_buttons(texts, courses), *_period_buttons(texts, study.periods, period), back(texts)),
    )


def _course_lines(texts: Texts, course: CourseStanding, now: datetime) -> Html:
    result, name = course.result, course_name(texts, course.enrolment.course)
    return lines(
        texts("{sign} {course}: {mark}", sign=SIGNS[result.standing], course=name, mark=_mark(texts, result)),
        _open(texts, msgid("      ↳ appeal until {until}"), course.appeal, now),
        _open(texts, msgid("      ↳ retake: apply until {until}"), course.retake, now),
    )


def _mark(texts: Texts, result: Result) -> Html:
    """Return what stands for the final mark: the mark and letter, or in words why there is none."""
    if result.standing in STANDINGS:
        return texts(STANDINGS[result.standing])
    letter = result.grade.letter if result.grade else ""
    if result.final is None:
        return texts("<b>{letter}</b>, exam {exam}", letter=letter, exam=result.exam or 0)
    return texts("<b>{mark}</b> · {letter}", mark=result.final, letter=letter)


def _open(
    texts: Texts, sentence: str, window: Window | Refused[AppealRefusal] | Refused[RetakeRefusal], now: datetime
) -> Html | None:
    if isinstance(window, Refused) or now not in window:
        return None
    return texts(sentence, until=until(texts, window.closes))


def _course_buttons(texts: Texts, courses: Sequence[CourseStanding]) -> Rows:
    return [
        (
            Button(
                _short(course_name(texts, course.enrolment.course)),
                OpenCourse(period=course.enrolment.period, code=course.enrolment.course.code),
            ),
        )
        for course in courses
    ]


def _short(name: str) -> str:
    return name if len(name) <= BUTTON_LETTERS else name[: BUTTON_LETTERS - 1].rstrip() + "…"


def _period_buttons(texts: Texts, periods: Sequence[str], current: str) -> Rows:
    others = [Button(period_name(texts, period), OpenPeriod(period=period)) for period in periods if period != current]
    return [others[start : start + 2] for start in range(0, len(others), 2)]


def course(texts: Texts, study: Study, standing: CourseStanding) -> Screen:
    """Lay one course open: what was posted, what it comes to, by which rule, and what can still be done."""
    enrolment, result = standing.enrolment, standing.result
    return Screen(
        paragraphs(
            lines(
                texts("<b>{course}</b>", course=course_name(texts, enrolment.course)),
                _about(texts, enrolment),
            ),
            _numbers(texts, study, standing),
            _admission(texts, standing),
            _earlier(texts, standing),
            _still(texts, standing, study.now),
            clauses(texts, result.cites),
        ),
        (
            *_why_buttons(texts, standing),
            (Button(texts.plain("« All marks of the period"), OpenPeriod(period=enrolment.period)),),
        ),
    )


def _about(texts: Texts, enrolment: Enrolment) -> Html:
    credits_ = texts.many("{n} credit", "{n} credits", int(enrolment.credits))
    form = texts.plain(WORDS[enrolment.exam_form]) if enrolment.exam_form else None
    parts = (enrolment.course.code, credits_, form, period_name(texts, enrolment.period))
    return texts("{about}", about=" · ".join(part for part in parts if part))


def _numbers(texts: Texts, study: Study, standing: CourseStanding) -> Html:
    result, attempt = standing.result, standing.enrolment.attempts[standing.result.attempt - 1]
    rules = study.rules(standing.enrolment).marks
    computed = None
    if result.admission_rating is not None and result.exam is not None and result.computed is not None:
        computed = texts(
            "{weight} × {rating} + {exam_weight} × {exam} = {computed}",
            weight=rules.rating_weight,
            rating=result.admission_rating,
            exam_weight=rules.exam_weight,
            exam=result.exam,
            computed=result.computed,
        )
    posted = attempt.corrected_at or attempt.posted_at
    return lines(
        None if result.rating1 is None else texts("Rating 1: {mark}", mark=result.rating1),
        None if result.rating2 is None else texts("Rating 2: {mark}", mark=result.rating2),
        None if result.admission_rating is None else texts("Admission rating: {mark}", mark=result.admission_rating),
        _exam(texts, standing, result),
        *_final(texts, result),
        computed,
        None if posted is None else texts("Posted: {at}", at=posted),
        texts("⚠️ A 0 may mean that the mark is not entered yet. Ask before you worry.")
        if looks_like_placeholder(attempt)
        else None,
    )


def _exam(texts: Texts, standing: CourseStanding, result: Result) -> Html | None:
    if result.standing in STANDINGS and result.standing is not Standing.PENDING:
        return texts("Exam: <b>{outcome}</b>", outcome=texts(STANDINGS[result.standing]))
    if result.exam is None:
        slot = standing.slot
        if slot is None:
            return texts("Exam: no mark yet")
        return (
            texts("Exam: {at}, room {room}", at=slot.starts, room=slot.room)
            if slot.room
            else texts("Exam: {at}", at=slot.starts)
        )
    posted = standing.enrolment.attempts[result.attempt - 1].exam
    if posted is not None and posted != result.exam:
        return texts("Exam: {posted}, rounded to <b>{mark}</b>", posted=posted, mark=result.exam)
    return texts("Exam: <b>{mark}</b>", mark=result.exam)


def _final(texts: Texts, result: Result) -> tuple[Html | None, ...]:
    if result.grade is None:
        return ()
    words = texts.plain(TRADITIONAL[result.grade.traditional])
    letter = texts(
        "Letter: <b>{letter}</b> ({numeric}), {words}",
        letter=result.grade.letter,
        numeric=result.grade.numeric,
        words=words,
    )
    if result.final is not None:
        return texts("Final mark: <b>{mark}</b>", mark=result.final), letter
    computed = (
        None
        if result.computed is None
        else texts("Computed {computed}, but the exam is not passed: the exam decides.", computed=result.computed)
    )
    return letter, computed


REQUIREMENTS = {
    Requirement.RATING: msgid("admission rating {fact}, at least {limit} needed"),
    Requirement.ATTENDANCE: msgid("classes missed: {fact} %, at most {limit} % allowed"),
}
YES_OR_NO = {
    (Requirement.COURSE_WORK, True): msgid("course work handed in"),
    (Requirement.COURSE_WORK, False): msgid("course work not handed in"),
    (Requirement.FEES, True): msgid("fees cleared"),
    (Requirement.FEES, False): msgid("fees not cleared"),
}


def _admission(texts: Texts, standing: CourseStanding) -> Html | None:
    """Return the checks where they matter: before the exam, and for who was kept out of it."""
    if standing.result.standing not in (Standing.PENDING, Standing.NOT_ADMITTED):
        return None
    known = [check for check in standing.admission.checks if check.met is not None]
    if not known:
        return None
    return lines(texts("Admission to the exam:"), *(_check(texts, check) for check in known))


def _check(texts: Texts, check: AdmissionCheck) -> Html:
    if check.requirement in REQUIREMENTS:
        said = texts(REQUIREMENTS[check.requirement], fact=check.fact, limit=check.limit)
    else:
        said = texts(YES_OR_NO[check.requirement, bool(check.fact)])
    return texts("{sign} {check}", sign="✅" if check.met else "❌", check=said)


def _earlier(texts: Texts, standing: CourseStanding) -> Html | None:
    earlier = [result for result in standing.attempts if result.attempt != standing.result.attempt]
    if not earlier:
        return None
    return lines(
        texts("Other attempts:"),
        *(texts("{number}. {mark}", number=result.attempt, mark=_mark(texts, result)) for result in earlier),
    )


def _still(texts: Texts, standing: CourseStanding, now: datetime) -> Html:
    """Return what can still be done and until when, and what cannot and why."""
    appeal, retake = standing.appeal, standing.retake
    return lines(
        *(
            [texts(why) for why in APPEALS[appeal.reason]]
            if isinstance(appeal, Refused)
            else [APPEAL.say(texts, appeal, now)]
        ),
        *(
            [texts(why) for why in RETAKES[retake.reason]]
            if isinstance(retake, Refused)
            else [RETAKE.say(texts, retake, now)]
        ),
    )


def _why_buttons(texts: Texts, standing: CourseStanding) -> Rows:
    key = {"period": standing.enrolment.period, "code": standing.enrolment.course.code}
    asked = (
        (standing.appeal, Deadline.APPEAL, texts.plain("Why this deadline for the appeal?")),
        (standing.retake, Deadline.RETAKE, texts.plain("Why this deadline for the retake?")),
    )
    return [
        (Button(label, WhyThen(deadline=deadline, **key)),)
        for window, deadline, label in asked
        if isinstance(window, Window)
    ]


def why_then(texts: Texts, standing: CourseStanding, deadline: Deadline) -> Screen | None:
    """Explain a deadline day by day; None when the course has no such deadline (any more)."""
    window = standing.appeal if deadline is Deadline.APPEAL else standing.retake
    if isinstance(window, Refused):
        return None
    name = course_name(texts, standing.enrolment.course)
    title = (
        texts("<b>Deadline of the appeal</b>\n{course}", course=name)
        if deadline is Deadline.APPEAL
        else texts("<b>Deadline of the retake application</b>\n{course}", course=name)
    )
    here = OpenCourse(period=standing.enrolment.period, code=standing.enrolment.course.code)
    return explanation(texts, title, window, ((Button(texts.plain("« Course"), here),),))
