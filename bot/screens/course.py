"""One course laid open: its marks, the rule behind them, what can still be done about them and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.marks import OpenPeriod, exam_time, open_course
from bot.screens.requests.offers import filed_already, offer_button, open_offers, sitting_name
from bot.words.clauses import clauses
from bot.words.contacts import desk
from bot.words.courses import course_name, mark, period_name, without_mark
from bot.words.records import WORDS
from bot.words.requests import AGAIN
from bot.words.windows import dated, ended, explanation, left, moment, until
from policy.appeals import AppealRefusal
from policy.calendar import Window, Windows
from policy.decision import Refused
from policy.marks import (
    AdmissionCheck,
    Enrolment,
    Requirement,
    Standing,
    Traditional,
    looks_like_placeholder,
)
from policy.profile import Profile
from policy.retakes import MissedExamRefusal, RetakeBasis, RetakeRefusal
from services.sittings import Sitting
from services.standing import CourseStanding, Study

TRADITIONAL = {
    Traditional.EXCELLENT: msgid("excellent"),
    Traditional.GOOD: msgid("good"),
    Traditional.SATISFACTORY: msgid("satisfactory"),
    Traditional.UNSATISFACTORY: msgid("unsatisfactory"),
}
NO_APPEAL = {  # what is not here needs no words: there is nothing to appeal yet
    AppealRefusal.FORM_UNKNOWN: msgid("Appeal: the records do not say yet how this exam is held."),
    AppealRefusal.TIMETABLE_UNKNOWN: msgid("Appeal: only while the test is running; the timetable does not have it."),
    AppealRefusal.EXAM_DATE_UNKNOWN: msgid("Appeal: the records do not have the day of this exam."),
    AppealRefusal.REMOVED: msgid(
        "Appeal: not against a removal. A complaint about how the exam was held goes to the appeal commission."
    ),
    AppealRefusal.SHEET_LOCKED: msgid("Appeal: over. The final mark sheet is printed."),
}
NO_RETAKE = {
    RetakeRefusal.FAILED_WITH_F: (msgid("Retake: there is none after an F."), AGAIN),
    RetakeRefusal.REMOVED: (msgid("Retake: there is none after a removal."), AGAIN),
    RetakeRefusal.SECOND_FX: (msgid("Retake: there is none after a second FX."), AGAIN),
    RetakeRefusal.RETAKE_USED: (msgid("Retake: it is used up."), AGAIN),
    RetakeRefusal.RETAKE_PENDING: (msgid("Retake: its mark is still to come."),),
    RetakeRefusal.STATE_EXAM: (msgid("Retake: there is none for the state exam."), AGAIN),
    RetakeRefusal.SESSION_UNKNOWN: (msgid("Retake: the academic calendar does not have this session yet."),),
}
LIMITS = {
    Requirement.RATING: msgid("admission rating {fact}, at least {limit} needed"),
    Requirement.ATTENDANCE: msgid("classes missed: {fact} %, at most {limit} % allowed"),
}
YES_OR_NO = {
    (Requirement.COURSE_WORK, True): msgid("course work handed in"),
    (Requirement.COURSE_WORK, False): msgid("course work not handed in"),
    (Requirement.FEES, True): msgid("fees cleared"),
    (Requirement.FEES, False): msgid("fees not cleared"),
}


class Deadline(StrEnum):
    """Which deadline is to be explained."""

    APPEAL = "a"
    RETAKE = "r"
    ADDITIONAL = "x"


class WhyThen(CallbackData, prefix="why"):
    """Explain a deadline day by day."""

    deadline: Deadline
    course: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Wording:
    """How a window is spoken of before it opens, while it is open, when it is over, and where it is explained."""

    early: str
    running: str
    over: str
    why: str
    title: str

    def say(self, texts: Texts, window: Window, now: datetime) -> Html:
        """Return where a window stands now, counted down while it is open."""
        if now >= window.closes:
            return texts(self.over, ended=ended(texts, window.closes, now))
        closes = until(texts, window.closes, now)
        if now < window.opens:
            return texts(self.early, opens=moment(texts, window.opens, now), until=closes)
        return texts(self.running, until=closes, left=left(texts, now, window.closes))


WORDINGS = {
    Deadline.APPEAL: Wording(
        early=msgid("Appeal: from {opens}, until {until}"),
        running=msgid("Appeal until: <b>{until}</b> ({left} left)"),
        over=msgid("Appeal: the time is over ({ended})"),
        why=msgid("Why this deadline for the appeal?"),
        title=msgid("<b>Deadline of the appeal</b>"),
    ),
    Deadline.RETAKE: Wording(
        early=msgid("Apply for a retake: from {opens}, until {until}"),
        running=msgid("Apply for a retake until: <b>{until}</b> ({left} left)"),
        over=msgid("Retake: the time to apply is over ({ended})"),
        why=msgid("Why this deadline for the retake?"),
        title=msgid("<b>Deadline of the retake application</b>"),
    ),
    Deadline.ADDITIONAL: Wording(
        early=msgid("End of the additional period: <b>{until}</b>"),
        running=msgid("End of the additional period: <b>{until}</b> ({left} left)"),
        over=msgid("The additional period is over ({ended})."),
        why=msgid("Why does the additional period end then?"),
        title=msgid("<b>End of the additional period</b>"),
    ),
}


def course(texts: Texts, study: Study, standing: CourseStanding, profile: Profile) -> Screen:
    """Lay one course open: what was posted, what it comes to, by which rule, and what can still be done."""
    enrolment = standing.enrolment
    cites = *standing.result.cites, *(cite for check in _kept_out(standing) for cite in check.cites)
    return Screen(
        paragraphs(
            lines(
                texts("<b>{course}</b>", course=course_name(texts, enrolment.course)),
                _about(texts, study, enrolment),
            ),
            lines(*_numbers(texts, study, standing)),
            _admission(texts, standing),
            _attempts(texts, study, standing),
            _elsewhere(texts, study, standing),
            lines(*_appeals(texts, study, standing, profile)),
            lines(*_retake(texts, study, standing, profile)),
            clauses(texts, cites),
        ),
        (
            *_whys(texts, study, standing),
            *_requests(texts, study, standing),
            (Button(texts.plain("« All marks of the period"), OpenPeriod(period=enrolment.period)),),
        ),
    )


def _requests(texts: Texts, study: Study, standing: CourseStanding) -> Rows:
    """Return a button for each kind of request that could be filed now, and for those that are open."""
    buttons = [offer_button(texts, offer) for offer in open_offers(study, standing)]
    filed = [button for sitting in standing.sittings for button in filed_already(texts, sitting)]
    return [(button,) for button in (*buttons, *filed)]


def _whys(texts: Texts, study: Study, standing: CourseStanding) -> Rows:
    """Return a button for each deadline the course has now: of appeals, that of every sitting."""
    course = open_course(standing.enrolment).course
    spoken_of = _appealed(study, standing)
    whys = [(Deadline.APPEAL, sitting) for sitting in spoken_of]
    whys += [(which, standing.latest) for which in (Deadline.RETAKE, Deadline.ADDITIONAL)]
    return [
        (
            Button(
                texts.plain("{why} Attempt {n}", why=why, n=sitting.attempt.number)
                if which is Deadline.APPEAL and len(spoken_of) > 1
                else why,
                WhyThen(deadline=which, course=course, attempt=sitting.attempt.number),
            ),
        )
        for which, sitting in whys
        if _window(study, sitting, which)
        for why in (texts.plain(WORDINGS[which].why),)
    ]


def _appealed(study: Study, standing: CourseStanding) -> list[Sitting]:
    """Return the sittings whose time to appeal is worth a word: the latest, and any that is not over."""
    return [
        sitting
        for sitting in standing.sittings
        if sitting.latest or (isinstance(sitting.appeal, Windows) and study.now < sitting.appeal.closes)
    ]


def _about(texts: Texts, study: Study, enrolment: Enrolment) -> str:
    form = texts.plain(WORDS[enrolment.exam_form]) if enrolment.exam_form else None
    parts = (enrolment.course.code, _credits(texts, enrolment.credits), form)
    return "\n".join(
        (
            period_name(texts, enrolment.period, summer=study.is_summer(enrolment.period)),
            " · ".join(part for part in parts if part),
        )
    )


def _credits(texts: Texts, number: Decimal) -> str:
    if number == int(number):
        return texts.many("{n} credit", "{n} credits", int(number))
    return texts.plain("{n} of a credit", n=number)


def _numbers(texts: Texts, study: Study, standing: CourseStanding) -> Iterable[Html | None]:
    """Say what was posted and what it comes to, rounding shown."""
    result = standing.result
    attempt = next((one for one in standing.enrolment.attempts if one.number == result.attempt), None)
    if result.rating1 is not None:
        yield texts("Rating 1: {mark}", mark=result.rating1)
    if result.rating2 is not None:
        yield texts("Rating 2: {mark}", mark=result.rating2)
    if result.admission_rating is not None:
        yield texts("Admission rating: {mark}", mark=result.admission_rating)
    yield _exam(texts, study, standing, None if attempt is None else attempt.exam)
    yield from _final(texts, study, standing)
    if attempt is None:
        return
    if attempt.corrected_at:
        yield texts("Corrected: {at}", at=moment(texts, attempt.corrected_at, study.now))
    elif attempt.posted_at and result.standing is not Standing.PENDING:
        yield texts("Posted: {at}", at=moment(texts, attempt.posted_at, study.now))
    if looks_like_placeholder(attempt):
        yield texts("⚠️ This 0 may stand for a mark that is not entered yet: the registrar's office can tell.")


def _exam(texts: Texts, study: Study, standing: CourseStanding, posted: Decimal | None) -> Html:
    result = standing.result
    if result.standing is Standing.REMOVED:
        return texts("Exam: <b>result void</b>, put out of the exam")
    if result.standing in (Standing.DID_NOT_COME, Standing.NOT_ADMITTED):
        return texts("Exam: <b>{words}</b>", words=without_mark(texts, study, result.standing))
    if result.exam is None:
        return _exam_to_come(texts, study, standing)
    if posted is not None and posted != result.exam:
        return texts("Exam: {posted}, rounded <b>{mark}</b>", posted=posted, mark=result.exam)
    return texts("Exam: <b>{mark}</b>", mark=result.exam)


def _exam_to_come(texts: Texts, study: Study, standing: CourseStanding) -> Html:
    slot = standing.slot
    if slot is None:
        return texts("Exam: no mark yet")
    if study.now >= slot.ends:
        return texts(
            "Exam: it was on {day}, no mark yet", day=dated(texts, study.calendar.local_day(slot.starts), study.now)
        )
    when = exam_time(texts, slot, study.now)
    return texts("⏳ {when}, room {room}", when=when, room=slot.room) if slot.room else texts("⏳ {when}", when=when)


def _final(texts: Texts, study: Study, standing: CourseStanding) -> Iterable[Html]:
    result, grade = standing.result, standing.result.grade
    if grade is None:
        return
    sum_ = None if standing.weighted is None else _sum(texts, study, standing, standing.weighted)
    if result.final is not None:
        yield texts("Final mark: <b>{mark}</b>", mark=result.final)
    yield texts(
        "Letter: <b>{letter}</b> ({numeric}), {words}",
        letter=grade.letter,
        numeric=texts.number(grade.numeric, 2),
        words=texts.plain(TRADITIONAL[grade.traditional]),
    )
    if sum_ is not None:
        yield sum_
    if result.final is None and result.computed is not None:
        yield texts(
            "Computed {computed}, but the exam is not passed: that is why it is {letter}.",
            computed=result.computed,
            letter=grade.letter,
        )


def _sum(texts: Texts, study: Study, standing: CourseStanding, total: Decimal) -> Html:
    rules, result = study.rules(standing.enrolment).marks, standing.result
    figures = texts(
        "{weight} × {rating} + {exam_weight} × {exam} = {total}",
        weight=rules.rating_weight,
        rating=result.admission_rating,
        exam_weight=rules.exam_weight,
        exam=result.exam,
        total=total,
    )
    return figures if total == result.computed else texts("{sum}, rounded {mark}", sum=figures, mark=result.computed)


def _kept_out(standing: CourseStanding) -> list[AdmissionCheck]:
    """Return the requirements that keep somebody out of the exam, or kept out."""
    if standing.result.standing not in (Standing.PENDING, Standing.NOT_ADMITTED):
        return []
    return [check for check in standing.admission.checks if check.met is False]


def _admission(texts: Texts, standing: CourseStanding) -> Html | None:
    """Return the checks where they matter: all before the exam, what failed for who was kept out of it."""
    kept_out = _kept_out(standing)
    if standing.result.standing is Standing.NOT_ADMITTED:
        if not kept_out:
            return texts("The records do not say why.")
        return lines(texts("Why not admitted:"), *(_check(texts, check) for check in kept_out))
    known = [check for check in standing.admission.checks if check.met is not None]
    if standing.result.standing is not Standing.PENDING or not known:
        return None
    return lines(texts("Admission to the exam:"), *(_check(texts, check) for check in known))


def _check(texts: Texts, check: AdmissionCheck) -> Html:
    if check.requirement in LIMITS:
        said = texts(LIMITS[check.requirement], fact=check.fact, limit=check.limit)
    else:
        said = texts(YES_OR_NO[check.requirement, bool(check.fact)])
    return texts("{sign} {check}", sign="✅" if check.met else "❌", check=said)


def _attempts(texts: Texts, study: Study, standing: CourseStanding) -> Html | None:
    """Return the attempts that do not count, or not yet."""
    others = [
        (attempt, result)
        for attempt, result in zip(standing.enrolment.attempts, standing.attempts, strict=True)
        if result.attempt != standing.result.attempt
    ]
    if not others:
        return None
    return lines(
        texts("Other attempts:"),
        *(
            texts(
                "{number}. {mark} ({day})",
                number=result.attempt,
                mark=mark(texts, study, result),
                day=dated(texts, attempt.exam_date, study.now),
            )
            if attempt.exam_date
            else texts("{number}. {mark}", number=result.attempt, mark=mark(texts, study, result))
            for attempt, result in others
        ),
    )


def _elsewhere(texts: Texts, study: Study, standing: CourseStanding) -> Html | None:
    if not standing.elsewhere:
        return None
    return lines(
        texts("This course in other periods:"),
        *(
            texts(
                "{period}: {mark}",
                period=period_name(texts, other.period, summer=study.is_summer(other.period)),
                mark=mark(texts, study, result),
            )
            for other, result in standing.elsewhere
        ),
    )


def _window(study: Study, sitting: Sitting, which: Deadline) -> Window | None:
    """Return a deadline that a sitting has now."""
    standing = sitting.course
    if which is Deadline.APPEAL:
        return sitting.appeal.at(study.now) if isinstance(sitting.appeal, Windows) else None
    if standing.taken_again:
        return None
    if which is Deadline.RETAKE:
        return standing.retake.at(study.now) if isinstance(standing.retake, Windows) else None
    return None if isinstance(standing.missed_causes, Refused) else _missed(study, standing)


def _missed(study: Study, standing: CourseStanding) -> Window | None:
    """Return until when a missed exam can be taken, or applied for where that is longer."""
    windows = standing.missed_exam
    window = windows.at(study.now) if isinstance(windows, Windows) else None
    return window if window and window.basis is RetakeBasis.GRACE else standing.additional


def _appeals(texts: Texts, study: Study, standing: CourseStanding, profile: Profile) -> Iterable[Html]:
    """Say until when each sitting can be appealed."""
    spoken_of = _appealed(study, standing)
    for sitting in spoken_of:
        said = lines(*_appeal(texts, study, sitting, profile))
        if said and len(spoken_of) > 1:
            yield texts("Attempt {n}", n=sitting.attempt.number)
        yield said


def _appeal(texts: Texts, study: Study, sitting: Sitting, profile: Profile) -> Iterable[Html]:
    appeal = sitting.appeal
    if isinstance(appeal, Refused):
        if appeal.reason in NO_APPEAL:
            yield texts(NO_APPEAL[appeal.reason])
        if appeal.reason is AppealRefusal.REMOVED:
            yield desk(texts, profile.contacts.appeal_commission)
        return
    yield WORDINGS[Deadline.APPEAL].say(texts, appeal.at(study.now), study.now)
    if study.now in appeal:
        yield desk(texts, profile.contacts.appeal_commission)


def _retake(texts: Texts, study: Study, standing: CourseStanding, profile: Profile) -> Iterable[Html]:
    """Say how a course that is not passed goes on, unless it has gone on already."""
    if standing.taken_again:
        return
    retake = standing.retake
    if isinstance(retake, Windows):
        yield WORDINGS[Deadline.RETAKE].say(texts, retake.at(study.now), study.now)
        if study.now < retake.closes:
            yield desk(texts, profile.contacts.service_desk)
        else:
            yield texts(AGAIN)
    elif retake.reason is RetakeRefusal.MISSED_THE_EXAM:
        yield from _another_chance(texts, study, standing, profile)
    else:
        yield from (texts(sentence) for sentence in NO_RETAKE.get(retake.reason, ()))


def _another_chance(texts: Texts, study: Study, standing: CourseStanding, profile: Profile) -> Iterable[Html]:
    """Say what somebody who missed the exam can do, by what kept them from it."""
    causes = standing.missed_causes
    if isinstance(causes, Refused):
        if causes.reason is MissedExamRefusal.ATTENDANCE:
            yield texts(
                "The course has to be taken in the summer semester. "
                "With documents of a good cause the dean's office may still admit you to the exam."
            )
        else:
            yield texts("What can be done now, the dean's office will tell.")
        yield desk(texts, profile.contacts.dean_office)
        return
    closing = _missed(study, standing)
    if closing is not None and study.now >= closing.closes:
        yield WORDINGS[Deadline.ADDITIONAL].say(texts, closing, study.now)
        yield texts(AGAIN)
        return
    failed = [check for check in standing.admission.checks if check.met is False]
    for check in failed:
        if check.requirement is Requirement.FEES:
            yield texts("Once the fees are paid, the exam can be taken in the additional period.")
        else:
            yield texts(
                "Once new ratings of {limit} or more are entered, the exam can be taken in the additional period.",
                limit=check.limit,
            )
    if not failed:
        yield texts("The exam can be taken in the additional period.")
    if closing is None:
        yield texts("The academic calendar does not have the dates of this session yet.")
    elif closing.basis is RetakeBasis.GRACE:
        yield texts(
            "Apply for the exam until: <b>{until}</b> ({left} left)",
            until=until(texts, closing.closes, study.now),
            left=left(texts, study.now, closing.closes),
        )
    else:
        yield WORDINGS[Deadline.ADDITIONAL].say(texts, closing, study.now)
    yield desk(texts, profile.contacts.registrar)


def why_then(texts: Texts, study: Study, sitting: Sitting, which: Deadline) -> Screen | None:
    """Explain a deadline day by day; None when the sitting has no such deadline (any more)."""
    window = _window(study, sitting, which)
    if window is None:
        return None
    title = lines(texts(WORDINGS[which].title), sitting_name(texts, sitting))
    here = open_course(sitting.course.enrolment)
    return explanation(texts, title, window, now=study.now, back=((Button(texts.plain("« Course"), here),),))
