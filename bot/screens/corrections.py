"""Corrections of posted marks: proposed step by step, decided by a second person, told to the student."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.marks import open_course
from bot.screens.menu import OpenMotions, back
from bot.words.courses import course_name, period_name, reference, shortened
from bot.words.records import WORDS
from bot.words.requests import kind_name, number, stands
from bot.words.windows import until
from policy.calendar import Windows
from policy.marks import Attempt, Course, Enrolment, Outcome, Result, Standing
from policy.people import Student
from policy.requests import desk_of
from services.corrections import Applied, Comparison, CorrectionRefusal, Values
from services.sittings import Sitting
from services.standing import CourseStanding

PERIODS_SHOWN = 2
LONGEST_NAME = 20  # characters of a course's name on a button
PEOPLE_SHOWN = 8
NO_MARK = "–"


class Value(StrEnum):
    """What of an attempt is corrected, by its name in the records."""

    EXAM = "exam"
    RATING1 = "rating1"
    RATING2 = "rating2"
    OUTCOME = "outcome"


VALUES = {
    Value.EXAM: msgid("Exam mark"),
    Value.RATING1: msgid("Rating 1"),
    Value.RATING2: msgid("Rating 2"),
    Value.OUTCOME: msgid("Outcome"),
}
INSTEAD = (Outcome.DID_NOT_COME, Outcome.NOT_ADMITTED, Outcome.REMOVED)
"""Outcomes in place of a mark; that the exam was taken is said by its mark."""

REFUSALS: dict[StrEnum, str] = {
    CorrectionRefusal.NOT_ALLOWED: msgid("You hold no role today that corrects this student's marks."),
    CorrectionRefusal.OWN_MARK: msgid("Nobody corrects their own marks. Ask another registrar."),
    CorrectionRefusal.LECTURER: msgid(
        "You teach or examine this course. To avoid a conflict of interest others correct its marks."
    ),
    CorrectionRefusal.NO_SUCH_ATTEMPT: msgid("The records no longer have this mark."),
    CorrectionRefusal.NOT_POSTED: msgid("This value is not posted yet: it comes with a file, not with a correction."),
    CorrectionRefusal.OUT_OF_RANGE: msgid("A mark is a number from 0 to 100."),
    CorrectionRefusal.MARK_WITHOUT_EXAM: msgid("That the exam was taken is said by its mark: correct the exam mark."),
    CorrectionRefusal.NOTHING_CHANGES: msgid("The records say that already."),
}


@dataclass(frozen=True, slots=True)
class Form:
    """How far somebody is in proposing a correction; `token` is in the buttons of the latest screen and no other."""

    token: str
    student: str | None = None
    skipped: int = 0
    period: str | None = None
    course: str | None = None
    attempt: int | None = None
    value: Value | None = None
    new: str | None = None
    reason: str | None = None

    @property
    def values(self) -> Values:
        """What is to change."""
        if self.value is None or self.new is None:
            return Values()
        if self.value is Value.OUTCOME:
            return Values(outcome=Outcome(self.new))
        new = {self.value: Decimal(self.new)}
        return Values(new.get(Value.RATING1), new.get(Value.RATING2), new.get(Value.EXAM))

    def back(self) -> "Form":
        """Return the form without its last answer."""
        if self.reason is not None:
            return replace(self, reason=None)
        if self.new is not None:
            return replace(self, new=None)
        if self.value is not None:
            return replace(self, value=None)
        if self.course is not None:
            return replace(self, period=None, course=None, attempt=None)
        return Form(self.token)


class StartCorrection(CallbackData, prefix="fix"):
    """Begin to propose a correction."""


class PickStudent(CallbackData, prefix="fix1"):
    """It is about this student."""

    token: str
    student: str


class EarlierPeriods(CallbackData, prefix="fixp"):
    """It is about an earlier period."""

    token: str


class PickSitting(CallbackData, prefix="fix2"):
    """It is about this attempt of this course."""

    token: str
    course: str  # as `reference` names it
    attempt: int


class PickValue(CallbackData, prefix="fix3"):
    """This value is wrong."""

    token: str
    value: Value


class PickOutcome(CallbackData, prefix="fix4"):
    """This is the right outcome."""

    token: str
    outcome: Outcome


class StepBack(CallbackData, prefix="fixb"):
    """Change the last answer."""

    token: str


class Propose(CallbackData, prefix="fix5"):
    """Propose it as it is shown."""

    token: str


def ask_student(texts: Texts, *said: str | None) -> Screen:
    """Ask whose mark it is."""
    return Screen(
        paragraphs(*said, bold(texts("Correct a mark")), texts("Whose? Write the student's id or name.")),
        (cancel_button(texts),),
    )


def nobody_found(texts: Texts) -> Html:
    """Say that the search found no student."""
    return texts("No student is found. Check the spelling, or write the id.")


def choose_student(texts: Texts, form: Form, students: Sequence[Student]) -> Screen:
    """Offer the students a search found."""
    return found_students(texts, students, lambda each: PickStudent(token=form.token, student=each))


def found_students(texts: Texts, students: Sequence[Student], pick: Callable[[str], CallbackData]) -> Screen:
    """Offer students to pick one by their id."""
    many = len(students) > PEOPLE_SHOWN
    return Screen(
        paragraphs(
            texts("Which of them?"), texts("There are more: write more of the name, or the id.") if many else None
        ),
        (
            *(
                (Button(f"{each.person_id} · {each.group} · {each.name.full}", pick(each.person_id)),)
                for each in students[:PEOPLE_SHOWN]
            ),
            cancel_button(texts),
        ),
    )


def _who(texts: Texts, student: Student) -> Html:
    return texts("<b>{name}</b>, {group}, {id}", name=student.name.full, group=student.group, id=student.person_id)


def _ways(texts: Texts, form: Form) -> Rows:
    return ((Button(texts.plain("« Back"), StepBack(token=form.token)), *cancel_button(texts)),)


def choose_sitting(texts: Texts, form: Form, student: Student, enrolments: Sequence[Enrolment], *said: Html) -> Screen:
    """Offer the courses of two periods with something posted, the latest first."""
    periods = sorted({each.period for each in enrolments}, reverse=True)
    first = form.skipped if form.skipped < len(periods) else 0
    shown = periods[first : first + PERIODS_SHOWN]
    rows = [
        (Button(_sitting(texts, each, attempt), _pick(form, each, attempt)),)
        for period in shown
        for each in enrolments
        if each.period == period
        for attempt in posted(each)
    ]
    earlier = (Button(texts.plain("Other periods"), EarlierPeriods(token=form.token)),)
    return Screen(
        paragraphs(
            *said,
            _who(texts, student),
            texts("Which course?") if shown else texts("Nothing is posted for this student yet."),
            texts("{periods}", periods=", ".join(period_name(texts, period) for period in shown)) if shown else None,
        ),
        (*rows, *((earlier,) if len(periods) > PERIODS_SHOWN else ()), *_ways(texts, form)),
    )


def posted(enrolment: Enrolment) -> tuple[Attempt, ...]:
    """Return the attempts that have something to correct."""
    return tuple(
        each
        for each in enrolment.attempts
        if any(value is not None for value in (each.rating1, each.rating2, each.exam, each.outcome))
    )


def _pick(form: Form, enrolment: Enrolment, attempt: Attempt) -> PickSitting:
    course = reference(enrolment.period, enrolment.course.code)
    return PickSitting(token=form.token, course=course, attempt=attempt.number)


def _sitting(texts: Texts, enrolment: Enrolment, attempt: Attempt) -> str:
    name = shortened(course_name(texts, enrolment.course), LONGEST_NAME)
    parts = (name, enrolment.course.code, texts.plain("attempt {n}", n=attempt.number) if attempt.number > 1 else "")
    return " · ".join(part for part in parts if part)


def _about(texts: Texts, student: Student, course: Course, period: str, attempt: int) -> Html:
    return lines(
        _who(texts, student),
        texts("{course} ({code})", course=course_name(texts, course), code=course.code),
        texts("{period}", period=period_name(texts, period)),
        texts("Attempt: {n}", n=attempt) if attempt > 1 else None,
    )


def choose_value(texts: Texts, form: Form, student: Student, course: Course, attempt: Attempt, *said: Html) -> Screen:
    """Ask which value is wrong, with what stands there now."""
    return Screen(
        paragraphs(
            *said,
            _about(texts, student, course, form.period or "", attempt.number),
            texts("Which value is wrong?"),
        ),
        (
            *(
                (
                    Button(
                        f"{texts.plain(name)}: {value_of(texts, attempt, value)}",
                        PickValue(token=form.token, value=value),
                    ),
                )
                for value, name in VALUES.items()
            ),
            *_ways(texts, form),
        ),
        protected=True,
    )


def value_of(texts: Texts, attempt: Attempt, value: Value) -> str:
    """Return what an attempt has for a value, in words."""
    found = getattr(attempt, value)
    if found is None:
        return NO_MARK
    return texts.plain(WORDS[found]) if isinstance(found, Outcome) else texts.say(found)


def ask_new(texts: Texts, form: Form, attempt: Attempt, *said: Html) -> Screen:
    """Ask for the right value: a number to write, or an outcome to choose."""
    value = form.value or Value.EXAM
    now = texts("{value}, now: <b>{now}</b>", value=texts(VALUES[value]), now=value_of(texts, attempt, value))
    if value is not Value.OUTCOME:
        return Screen(
            paragraphs(*said, now, texts("Write the right mark: a number from 0 to 100, for example 84,5.")),
            _ways(texts, form),
            protected=True,
        )
    outcomes = [
        (Button(texts.plain(WORDS[outcome]), PickOutcome(token=form.token, outcome=outcome)),) for outcome in INSTEAD
    ]
    hint = texts("If the exam was taken after all, go back and correct the exam mark.")
    return Screen(
        paragraphs(*said, now, texts("Which outcome is right?"), hint), (*outcomes, *_ways(texts, form)), protected=True
    )


def no_mark(texts: Texts) -> Html:
    """Say that what was written is no mark."""
    return texts("This is not a mark: a number from 0 to 100 is needed, with two decimals at most.")


def ask_reason(texts: Texts, form: Form, *said: Html) -> Screen:
    """Ask what was wrong and how it is known."""
    return Screen(
        paragraphs(
            *said,
            texts("Write the reason: what is wrong and how it is known. The student will read it."),
        ),
        _ways(texts, form),
    )


def use_buttons(texts: Texts) -> Html:
    """Say that this step is answered with a button."""
    return texts("Choose with a button below.")


def proposal(texts: Texts, form: Form, student: Student, compared: Comparison) -> Screen:
    """Show what would be proposed."""
    return Screen(
        paragraphs(
            bold(texts("This is what you propose")),
            change(texts, student, compared),
            texts("Reason: {reason}", reason=form.reason or ""),
            texts("When a second person confirms it, the student is told and a new appeal window opens."),
        ),
        (
            (Button(texts.plain("Propose"), Propose(token=form.token)),),
            *_ways(texts, form),
        ),
        protected=True,
    )


def change(texts: Texts, student: Student, compared: Comparison) -> Html:
    """Say which mark it is, and what would differ."""
    enrolment, attempt = compared.after.enrolment, compared.after.enrolment.attempts[-1]
    return paragraphs(
        _about(texts, student, enrolment.course, enrolment.period, attempt.number),
        differences(texts, compared),
        lines(*_appeals(texts, compared.after.latest)),
    )


def _appeals(texts: Texts, sitting: Sitting) -> Iterator[Html]:
    """Name the appeals and complaints that stand on a mark, open or decided."""
    standing = [each for each in sitting.requests if desk_of(each.kind).commission and each.stands]
    if standing:
        yield texts("⚠️ Filed about this exam:")
    for each in standing:
        yield texts(
            "{number}. {kind}: {state}",
            number=number(texts, each.id),
            kind=kind_name(texts, each.kind),
            state=stands(texts, each),
        )


def differences(texts: Texts, compared: Comparison) -> Html:
    """Say each value that differs, and what the course comes to before and after."""
    before, after = compared.before.enrolment.attempts[-1], compared.after.enrolment.attempts[-1]
    outcomes = final(texts, compared.before), final(texts, compared.after)
    return lines(
        *differing(texts, before, after),
        texts("Final mark: {before} → <b>{after}</b>", before=outcomes[0], after=outcomes[1])
        if outcomes[0] != outcomes[1]
        else None,
        texts("Final mark: {mark}, as before", mark=outcomes[0]) if outcomes[0] == outcomes[1] != NO_MARK else None,
    )


def differing(texts: Texts, before: Attempt, after: Attempt) -> Iterator[Html]:
    """Say each value of an attempt that differs."""
    for value, name in VALUES.items():
        if getattr(before, value) != getattr(after, value):
            yield texts(
                "{value}: {before} → <b>{after}</b>",
                value=texts(name),
                before=value_of(texts, before, value),
                after=value_of(texts, after, value),
            )


def final(texts: Texts, standing: CourseStanding) -> str:
    """Return what the latest attempt comes to: final mark and letter, where it has any."""
    result: Result = standing.attempts[-1]
    if result.standing is Standing.PENDING or result.grade is None:
        return NO_MARK
    mark = None if result.final is None else texts.say(result.final)
    return " · ".join(part for part in (mark, result.grade.letter) if part)


def form_refused(texts: Texts, form: Form, why: Html) -> Screen:
    """Say why it cannot be proposed, with the way back into the form."""
    return Screen(why, _ways(texts, form))


def form_over(texts: Texts) -> Screen:
    """Answer a button of a form that was left."""
    return Screen(
        texts("This form is over. Begin anew:"),
        ((Button(texts.plain("Correct a mark"), StartCorrection()),), back(texts)),
        anew=True,
    )


def untold(texts: Texts, number: int) -> Screen:
    """Tell who confirmed a correction that its student cannot be reached."""
    return Screen(
        texts("⚠️ Correction № {number}: the student cannot be reached. Tell them yourself.", number=number),
        ((Button(texts.plain("« For a second person"), OpenMotions()),),),
    )


def told_student(texts: Texts, done: Applied, compared: Comparison) -> Screen:
    """Tell the student what was corrected and why, and until when it can be appealed."""
    appeal, course = compared.after.appeal, compared.after.enrolment.course
    return Screen(
        paragraphs(
            lines(
                bold(texts("Your mark was corrected")),
                texts("{course}, {period}", course=course_name(texts, course), period=period_name(texts, done.period)),
            ),
            texts("<tg-spoiler>{change}</tg-spoiler>", change=differences(texts, compared)),
            texts("Reason: {reason}", reason=done.reason),
            texts("You can appeal until <b>{until}</b>.", until=until(texts, appeal.closes))
            if isinstance(appeal, Windows)
            else None,
        ),
        ((Button(texts.plain("Open the course"), open_course(compared.after.enrolment)),),),
    )
