"""What can be filed now, and why the rest cannot: appeals, complaints of how an exam was held, retakes."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Any

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.menu import back
from bot.screens.requests.buttons import OpenForm, OpenRequest, WhyOpen, about
from bot.screens.requests.lists import Listing, back_to, beside, list_of
from bot.words.clauses import clauses
from bot.words.contacts import desk
from bot.words.courses import BUTTON_LETTERS, LINE_LETTERS, course_name, mark, shortened
from bot.words.desks import DESK_WORDS
from bot.words.kinds import KIND_WORDS
from bot.words.requests import AGAIN, cause_name, kind_name, number, refusal
from bot.words.windows import ended, explanation, left, moment, until
from policy.appeals import AppealRefusal
from policy.calendar import Window, Windows
from policy.citation import HOUSE
from policy.decision import Allowed, Refused
from policy.instant import MessageInstant
from policy.marks import Standing
from policy.people import Status
from policy.profile import Profile
from policy.requests import Kind, RequestState
from policy.retakes import MissedExamRefusal, RetakeRefusal
from services.requests.filing import FilingRefusal, Offer, offer_of, offers
from services.requests.kinds import KINDS, RequestKind
from services.sittings import Sitting
from services.standing import CourseStanding, Study

RECENT = timedelta(days=7)  # a window that closed is spoken of so long
EXPLAINED = 3  # deadlines at most that a list offers to explain, the latest
BESIDE_THE_POINT = frozenset(  # nobody would think of filing for such an exam
    {
        (RetakeRefusal, RetakeRefusal.NO_RESULT),
        (RetakeRefusal, RetakeRefusal.PASSED),
        (RetakeRefusal, RetakeRefusal.MISSED_THE_EXAM),
        (MissedExamRefusal, MissedExamRefusal.NO_RESULT),
        (MissedExamRefusal, MissedExamRefusal.SAT),
    }
)
REPEATED: frozenset[Any] = frozenset(
    {
        RetakeRefusal.FAILED_WITH_F,
        RetakeRefusal.REMOVED,
        RetakeRefusal.SECOND_FX,
        RetakeRefusal.RETAKE_USED,
        RetakeRefusal.STATE_EXAM,
        RetakeRefusal.WINDOW_CLOSED,
    }
)


def listed(texts: Texts, study: Study, profile: Profile, kind: Kind, *said: Html) -> Screen:
    """Show the list a kind is offered in."""
    return offered(texts, study, profile, list_of(kind), *said)


def offered(texts: Texts, study: Study, profile: Profile, listing: Listing, *said: Html) -> Screen:
    """List what of a list can be filed now, and why the other exams cannot."""
    kinds = listing.kinds
    now = MessageInstant(study.now)
    if study.student.status is not Status.ACTIVE:
        no = Refused(FilingRefusal.NOT_STUDYING, (HOUSE,))
        why = refusal(texts, no, now=study.now), clauses(texts, no.cites), desk_of(texts, kinds[0], profile)
        return Screen(paragraphs(*said, *why), (back(texts),))
    those = [each for kind in kinds for each in offers(study, kind, now) if _sensible(study, each)]
    possible = [each for each in those if isinstance(each.decision, Allowed)]
    impossible = [each for each in those if isinstance(each.decision, Refused)]
    possible.sort(key=lambda each: (each.late, _closing(each)))
    return Screen(
        paragraphs(
            *said,
            texts(listing.title),
            lines(texts("Possible now, choose the exam below:"), *(_possible(texts, study, each) for each in possible))
            if possible
            else texts(listing.nothing),
            lines(texts("Not possible:"), *_impossible(texts, study, impossible)) if impossible else None,
            texts(AGAIN) if any(_repeated(each.decision) for each in impossible) else None,
            clauses(texts, tuple(chain.from_iterable(each.decision.cites for each in those))) if those else None,
            None if possible else desk_of(texts, kinds[0], profile),
        ),
        (
            *((_button(texts, each),) for each in possible),
            *_ways(texts, study, impossible),
            *((each,) for each in beside(texts, listing)),
            back(texts),
        ),
    )


def open_offers(study: Study, standing: CourseStanding) -> Iterator[Offer]:
    """Give what could be filed about a course now."""
    if study.student.status is not Status.ACTIVE:
        return
    for sitting in standing.sittings:
        for kind in Kind:
            if sitting.latest or KINDS[kind].each_sitting:
                offer = offer_of(sitting, kind, MessageInstant(study.now))
                if isinstance(offer.decision, Allowed):
                    yield offer


def desk_of(texts: Texts, kind: Kind, profile: Profile) -> Html:
    """Say who answers questions about a kind."""
    return desk(texts, DESK_WORDS[kind.queue].contact(profile))


def why_open(texts: Texts, study: Study, sitting: Sitting, kind: Kind) -> Screen | None:
    """Explain day by day until when something can be filed about a sitting; None where nobody can say."""
    windows = KINDS[kind].windows(sitting, study.now)
    if isinstance(windows, Refused):
        return None
    title = lines(bold(kind_name(texts, kind)), sitting_name(texts, sitting))
    window = windows.at(study.now)
    return explanation(texts, title, window, now=study.now, back=((back_to(texts, kind),), back(texts)))


def refused(
    texts: Texts, study: Study, sitting: Sitting | None, kind: Kind, no: Refused[Any], *, profile: Profile
) -> Screen:
    """Say why something is not filed: the reason with its clause, what can be done instead, who answers."""
    return Screen(
        paragraphs(
            texts("❌ Not filed. {why}", why=why_not(texts, study, sitting, kind, no)),
            lines(bold(kind_name(texts, kind)), sitting_name(texts, sitting)) if sitting else None,
            instead(texts, sitting.course if sitting else None, no),
            clauses(texts, no.cites),
            desk_of(texts, kind, profile),
        ),
        (
            *(((why,),) if sitting and (why := _why_button(texts, study, sitting, kind, no)) else ()),
            *((open_button,) for open_button in filed_already(texts, sitting, kind)),
            *((each,) for each in _others(texts, study, sitting, kind)),
            (back_to(texts, kind),),
            back(texts),
        ),
    )


def choose_cause(texts: Texts, study: Study, sitting: Sitting, profile: Profile, kind: RequestKind) -> Screen:
    """Ask what kept the student from an exam; a cause that does not hold (any more) says why."""
    answers = {cause: kind.may_file(sitting, MessageInstant(study.now), cause) for cause in kind.choices(sitting)}
    no = {cause: answer for cause, answer in answers.items() if isinstance(answer, Refused)}
    return Screen(
        paragraphs(
            texts("What kept you from the exam? Choose below."),
            bold(course_name(texts, sitting.course.enrolment.course)),
            lines(
                *(
                    texts("▫️ {cause}: {why}", cause=cause_name(texts, cause), why=refusal(texts, answer, now=study.now))
                    for cause, answer in no.items()
                )
            ),
            clauses(texts, tuple(chain.from_iterable(answer.cites for answer in no.values()))) if no else None,
            desk_of(texts, kind.kind, profile) if no else None,
        ),
        (
            *(
                (Button(cause_name(texts, cause), OpenForm(kind=kind.kind, **about(sitting), choice=cause)),)
                for cause in answers
                if cause not in no
            ),
            (back_to(texts, kind.kind),),
        ),
    )


def form_button(texts: Texts, sitting: Sitting, kind: Kind, label: str | None = None) -> Button:
    """Return the button that begins to file a kind about a sitting, by its name unless there is a `label`."""
    return Button(label or sitting_name(texts, sitting, BUTTON_LETTERS), OpenForm(kind=kind, **about(sitting)))


def offer_button(texts: Texts, offer: Offer) -> Button:
    """Return the button of what could be filed where the course is known: what it is, and about which sitting."""
    late = KIND_WORDS[offer.kind.kind].late if offer.late else None
    kind = texts.plain(late) if late else kind_name(texts, offer.kind.kind)
    if len(offer.sitting.course.sittings) > 1 and offer.kind.each_sitting:
        kind = texts.plain("{kind}, attempt {n}", kind=kind, n=offer.sitting.attempt.number)
    return form_button(texts, offer.sitting, offer.kind.kind, kind)


def sitting_name(texts: Texts, sitting: Sitting, letters: int | None = None) -> str:
    """Return what a sitting is called, of a course whose name may have so many letters: the attempt where needed."""
    course = course_name(texts, sitting.course.enrolment.course)
    name = course if letters is None else shortened(course, letters)
    attempt, several = sitting.attempt.number, len(sitting.course.sittings) > 1
    return texts.plain("{course}, attempt {n}", course=name, n=attempt) if several or attempt > 1 else name


def filed_already(texts: Texts, sitting: Sitting | None, kind: Kind | None = None) -> Iterator[Button]:
    """Give a button for each request about a sitting that is open or granted, of a kind or all."""
    for request in sitting.requests if sitting else ():
        if (request.open or request.state is RequestState.APPROVED) and kind in (None, request.kind):
            name = texts.plain("Open {number}", number=number(texts, request.id))
            yield Button(name, OpenRequest(number=request.id))


def why_not(texts: Texts, study: Study, sitting: Sitting | None, kind: Kind, no: Refused[Any]) -> Html:
    """Say why something cannot be filed, and from when it can where that is only a matter of time."""
    windows = KINDS[kind].windows(sitting, study.now) if sitting else None
    why = refusal(texts, no, kind, now=study.now)
    window = windows.at(study.now) if isinstance(windows, Windows) else None
    if window and study.now < window.opens and no.until is None:
        return texts("{why} It begins: {opens}.", why=why, opens=moment(texts, window.opens, study.now))
    return why


def instead(texts: Texts, standing: CourseStanding | None, no: Refused[Any]) -> Html | None:
    """Say what can be done in place of what is refused, besides what the buttons offer."""
    if isinstance(no.reason, FilingRefusal):
        return None
    if isinstance(no.reason, AppealRefusal):
        if standing is None or no.reason not in (AppealRefusal.WINDOW_CLOSED, AppealRefusal.SHEET_LOCKED):
            return None
        return texts("A mark that was entered by mistake is put right by the registrar's office at any time.")
    if _repeated(no) and not (standing and standing.taken_again):
        return texts(AGAIN)
    if no.reason == MissedExamRefusal.ATTENDANCE:
        return texts("With documents of a good cause the dean's office may still admit you to the exam.")
    return None


def _closing(offer: Offer) -> float:
    return offer.window.closes.timestamp() if isinstance(offer.window, Window) else 0.0


def _sensible(study: Study, offer: Offer) -> bool:
    """Tell whether a sitting is worth a word: it can be filed for, or it is of now and not beside the point."""
    sitting = offer.sitting
    of_now = sitting.course.enrolment.period == study.periods[0]
    if isinstance(offer.decision, Allowed):
        return not offer.late or (of_now and sitting.latest)
    reason = offer.decision.reason
    if sitting.course.taken_again or (type(reason), reason) in BESIDE_THE_POINT:
        return False
    return (of_now and sitting.latest) or _just_over(study, offer)


def _just_over(study: Study, offer: Offer) -> bool:
    """Tell whether the time to file is ahead or was over a short while ago."""
    return isinstance(offer.window, Window) and study.now - offer.window.closes < RECENT


def _button(texts: Texts, offer: Offer) -> Button:
    return form_button(texts, offer.sitting, offer.kind.kind)


def _possible(texts: Texts, study: Study, offer: Offer) -> Html:
    result = offer.sitting.result
    name = sitting_name(texts, offer.sitting, LINE_LETTERS)
    closes = offer.window.closes if isinstance(offer.window, Window) else study.now
    if offer.late:
        return lines(
            texts("▫️ {course}", course=name),
            texts("   ↳ the time was over: {ended}. It would be marked late", ended=ended(texts, closes, study.now)),
        )
    return lines(
        texts("▫️ {course}", course=name)
        if result.standing is Standing.PENDING
        else texts("▫️ {course}: {mark}", course=name, mark=mark(texts, study, result)),
        texts(
            "   ↳ until <b>{until}</b> ({left} left)",
            until=until(texts, closes, study.now),
            left=left(texts, study.now, closes),
        ),
    )


def _impossible(texts: Texts, study: Study, those: Iterable[Offer]) -> Iterator[Html]:
    """Say each reason once, with the courses it holds for."""
    courses: dict[Html, list[str]] = {}
    for offer in those:
        if isinstance(offer.decision, Refused):
            why = why_not(texts, study, offer.sitting, offer.kind.kind, offer.decision)
            courses.setdefault(why, []).append(sitting_name(texts, offer.sitting, LINE_LETTERS))
    for why, names in courses.items():
        yield texts("▫️ {courses}. {why}", courses=", ".join(names), why=why)


def _ways(texts: Texts, study: Study, those: Iterable[Offer]) -> Rows:
    """Return the buttons of what is not possible: the request there is, or how its deadline came to be."""
    those = sorted(those, key=_closing, reverse=True)
    whys = [
        why
        for offer in those
        if isinstance(offer.decision, Refused) and _just_over(study, offer)
        if (why := _why_button(texts, study, offer.sitting, offer.kind.kind, offer.decision))
    ]
    filed = chain.from_iterable(filed_already(texts, offer.sitting, offer.kind.kind) for offer in those)
    return [(button,) for button in (*filed, *whys[:EXPLAINED])]


def _why_button(texts: Texts, study: Study, sitting: Sitting, kind: Kind, no: Refused[Any]) -> Button | None:
    """Return the button that explains a deadline that has passed."""
    if no.until is None or isinstance(KINDS[kind].windows(sitting, study.now), Refused):
        return None
    name = sitting_name(texts, sitting, BUTTON_LETTERS)
    return Button(texts.plain("Why is it late? {course}", course=name), WhyOpen(kind=kind, **about(sitting)))


def _others(texts: Texts, study: Study, sitting: Sitting | None, kind: Kind) -> Iterator[Button]:
    """Give the buttons of what else could be filed about a course now."""
    for offer in open_offers(study, sitting.course) if sitting else ():
        if offer.kind.kind is not kind or offer.sitting.attempt != (sitting and sitting.attempt):
            yield offer_button(texts, offer)


def _repeated(decision: Allowed | Refused[Any]) -> bool:
    """Tell whether the course has to be taken again; the reasons of appeals have values that are equal to these."""
    if isinstance(decision, Allowed) or isinstance(decision.reason, AppealRefusal):
        return False
    return decision.reason in REPEATED
