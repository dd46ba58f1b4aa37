"""A case laid open in a private chat: all that is needed to decide it, and what the reader may do with it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.corrections import differing
from bot.screens.documents import LOSSES
from bot.screens.menu import back
from bot.screens.review.buttons import (
    BeginCallOff,
    BeginQuestion,
    BeginReturn,
    BeginSeat,
    BeginVerdict,
    ChooseSubstitute,
    EnterMark,
    NameSubstitute,
    OpenCase,
    OpenQueue,
    PrintApplication,
    ReleaseCase,
    SendFile,
    SignCase,
    TakeCase,
)
from bot.screens.review.outlook import brings
from bot.words.contacts import desk
from bot.words.courses import mark, shortened
from bot.words.records import WORDS
from bot.words.requests import (
    became,
    cause_name,
    exam_title,
    filed_late,
    kind_name,
    number,
    received,
    stands,
    state_name,
)
from bot.words.review import desk_of
from bot.words.windows import BASIS, dated, moment, until
from policy.marks import Attempt, Course, Result
from policy.people import RoleGrant
from policy.profile import Profile
from policy.requests import DESKS, ENTERING, Queue, RequestState
from policy.review import Act, decided_in_one_step
from services.requests.cases import Case
from services.requests.documents import Loss
from services.requests.outlook import Outlook, outlook_of
from storage.marks import MarkChange
from storage.records import Person
from storage.requests import Decision, Request

MINUTE = timedelta(minutes=1)
FILE_LETTERS = 30  # of a document's name on a button


def opened(
    texts: Texts,
    case: Case,
    acts: frozenset[Act],
    *,
    by: str,
    again: frozenset[Act],
    signable: bool,
    now: datetime,
    profile: Profile,
    said: Html | None = None,
) -> Screen:
    """Show a case to somebody who may read it, under whatever was just `said`.

    `acts` are what `by` may do now, `again` how they may follow its refusal; `signable` whether anybody is free to sign
    it.
    """
    request = case.request
    return Screen(
        paragraphs(
            said,
            bold(texts("{number}. {kind}", number=number(texts, request.id), kind=kind_name(texts, request.kind))),
            lines(*_standing(texts, case, signable=signable, now=now)),
            lines(*about(texts, case)),
            lines(*_marks(texts, case, now)),
            texts("Cause: {cause}", cause=cause_name(texts, request.choice)) if request.choice else None,
            texts("<blockquote>{text}</blockquote>", text=request.reason) if request.reason else None,
            lines(*_filing(texts, case, now, profile)),
            *(_event(texts, case, each, now) for each in case.events),
            lines(*_earlier(texts, case)),
            *_inquiries(texts, case, now),
            _proposal(texts, case, now),
            *(_decision(texts, case, each, now) for each in case.decisions),
            lines(*_afterwards(texts, case, now)),
        ),
        (
            *_act_buttons(texts, case, acts, by=by, again=again, profile=profile),
            *_papers(texts, case),
            _back(texts, case),
        ),
        protected=True,
    )


def title(texts: Texts, case: Case) -> Html:
    """Name a case above a form about it."""
    name = texts.plain(
        "{number}. {kind}", number=number(texts, case.request.id), kind=kind_name(texts, case.request.kind)
    )
    return lines(bold(name), *about(texts, case))


def about(texts: Texts, case: Case) -> Iterable[Html]:
    """Say whose a case is, and which exam it is about."""
    student, request = case.student, case.request
    code = request.exam.course_code
    course = case.standing.enrolment.course if case.standing else Course(code, None, None)
    yield texts("Student: {name}, {group}", name=student.name.full, group=student.group)
    yield texts("Id: {id}, institute: {institute}", id=student.person_id, institute=student.institute)
    yield texts("Course: {course}", course=exam_title(texts, course, request.exam))


def entry(texts: Texts, case: Case, *, now: datetime, said: Html | None = None) -> Screen:
    """Show the registrar's office an upheld mark that is to be entered in the university's system."""
    decision, request = case.decisions[-1], case.request
    entered = request.entered_at
    return Screen(
        paragraphs(
            said,
            title(texts, case),
            texts(
                "Exam mark: {before} → <b>{after}</b>",
                before=decision.mark_before or 0,
                after=decision.mark_after or 0,
            ),
            texts(
                "Decided by {name}: {at}", name=case.name(decision.signed_by), at=moment(texts, decision.signed_at, now)
            ),
            texts("📥 Entered by {name}: {at}", name=case.name(request.entered_by), at=moment(texts, entered, now))
            if entered
            else texts("Enter it in the university's system, then press the button. The student is told."),
        ),
        (
            *(() if entered else ((Button(texts.plain("✅ Entered"), EnterMark(number=request.id)),),)),
            (Button(texts.plain("« Queue"), OpenQueue(queue=ENTERING, which="to_enter")),),
        ),
        protected=True,
    )


def substitutes(texts: Texts, case: Case, those: Sequence[tuple[Person, RoleGrant]]) -> Screen:
    """Offer an administrator the people who could sign one case."""
    request = case.request
    return Screen(
        paragraphs(
            title(texts, case),
            texts("Everybody who could sign this case has a conflict of interest, or nobody holds the role."),
            texts("Who signs it instead? This is kept, with your name.")
            if those
            else texts("Nobody is free of conflict. Give somebody a role first: kenes grant"),
        ),
        (
            *(
                (
                    Button(
                        f"{person.name.short}: {texts.plain(WORDS[grant.role])}",
                        NameSubstitute(number=request.id, version=request.version, person=person.person_id),
                    ),
                )
                for person, grant in those
            ),
            back(texts),
        ),
    )


def substituted(texts: Texts, case: Case, person: Person) -> Screen:
    """Confirm who signs in place of the others."""
    return Screen(
        lines(
            texts("✅ {number}: a substitute signs", number=number(texts, case.request.id)),
            texts("Named: {name}", name=person.name.full),
            texts("They are told by a card of their own."),
        ),
        (back(texts),),
    )


def closed(texts: Texts, why: Html, profile: Profile, queue: Queue | None) -> Screen:
    """Say why a case cannot be shown or dealt with, and who answers."""
    answers = desk(texts, desk_of(profile, queue)) if queue else None
    return Screen(paragraphs(texts("❌ {why}", why=why), answers), (back(texts),))


def _standing(texts: Texts, case: Case, *, signable: bool, now: datetime) -> Iterable[Html | None]:
    request = case.request
    yield texts("State: <b>{state}</b>", state=stands(texts, request))
    if request.open and request.paused_at is None:
        sentence = texts("⏰ Answer was due: <b>{until}</b>", until=until(texts, request.due_at, now))
        yield (
            sentence
            if now >= request.due_at
            else texts("Answer until: <b>{until}</b>", until=until(texts, request.due_at, now))
        )
    if request.open and request.taken_by and request.taken_at:
        yield texts(
            "👤 Taken by {name}: {at}", name=case.name(request.taken_by), at=moment(texts, request.taken_at, now)
        )
    if request.open and request.substitute:
        yield texts("Signs as a substitute: {name}", name=case.name(request.substitute))
    elif request.open and not signable:
        yield texts("⚠️ Nobody who could sign is free of conflict. The administrators are asked for a substitute.")
    if case.reviewed.sheet_locked:
        yield texts("🔒 The final mark sheet is printed.")


def _marks(texts: Texts, case: Case, now: datetime) -> Iterable[Html | None]:
    """Say every attempt of the course, ratings, exam mark and what it comes to."""
    if case.standing is None:
        yield texts("⚠️ The course is no longer in the records.")
        return
    yield bold(texts("Marks"))
    taken = zip(case.standing.enrolment.attempts, case.standing.attempts, strict=True)
    for attempt, result in taken:
        yield from _attempt(texts, case, attempt, result, now)


def _attempt(texts: Texts, case: Case, attempt: Attempt, result: Result, now: datetime) -> Iterable[Html]:
    if attempt.number > 1 or case.request.exam.attempt > 1:
        yield texts("Attempt {n}", n=attempt.number)
    ratings = [
        texts("Rating 1: {mark}", mark=attempt.rating1) if attempt.rating1 is not None else None,
        texts("Rating 2: {mark}", mark=attempt.rating2) if attempt.rating2 is not None else None,
        texts("Admission rating: {mark}", mark=result.admission_rating)
        if result.admission_rating is not None
        else None,
    ]
    if any(ratings):
        yield Html(" · ".join(filter(None, ratings)))
    if attempt.exam is not None:
        yield texts("Exam: <b>{mark}</b>", mark=attempt.exam)
    yield texts("Result: {mark}", mark=mark(texts, case.study, result))
    if attempt.exam_date:
        yield texts("Day of the exam: {day}", day=dated(texts, attempt.exam_date, now))
    if attempt.posted_at:
        yield texts("Posted: {at}", at=moment(texts, attempt.posted_at, now))
    if attempt.corrected_at:
        yield texts("Corrected: {at}", at=moment(texts, attempt.corrected_at, now))


def _filing(texts: Texts, case: Case, now: datetime, profile: Profile) -> Iterable[Html | None]:
    request, window, then = case.request, case.window, case.request.mark
    yield texts("Filed: <b>{at}</b>", at=received(texts, request.filed_at, profile))
    if request.late:
        yield filed_late(texts, request.closes_at, now)
    else:
        yield texts("✅ In time: it could be filed until {until}", until=until(texts, request.closes_at, now))
    if window:
        opens, day = moment(texts, window.opens_at, now), dated(texts, window.counted_from, now)
        yield texts(BASIS[window.basis], at=opens, day=day)
    if then and then.exam is not None:
        yield texts("The exam mark was then: {mark}", mark=then.exam)
    if request.received_at - request.filed_at >= MINUTE and not request.registered_by:
        yield texts(
            "The bot got it later: {at}. What counts is when it was sent.",
            at=received(texts, request.received_at, profile),
        )
    if request.registered_by:
        yield texts("📝 Made on paper or at the counter, registered by {name}", name=case.name(request.registered_by))
    yield texts("Documents: {n}", n=len(case.documents))
    for each in case.documents:
        if each.error:
            why = texts.plain(LOSSES[Loss(each.error)])
            yield texts("⚠️ Not kept: {name}. {why}", name=each.file.file_name, why=why)


def _event(texts: Texts, case: Case, event: MarkChange, now: datetime) -> Html:
    """Say what became of the mark since the request was filed, who did it and why."""
    what = became(texts, event)
    blank = Attempt(case.request.exam.attempt)
    before, after = event.before or blank, event.after or blank
    return lines(
        texts("⚠️ {at}: <b>{what}</b>", at=moment(texts, event.at, now), what=what),
        *differing(texts, before, after),
        texts("By: {name}", name=case.name(event.by)) if event.by else None,
        texts("<blockquote>{text}</blockquote>", text=event.why) if event.why else None,
    )


def _earlier(texts: Texts, case: Case) -> Iterable[Html]:
    if case.earlier:
        yield texts("Other requests about this exam:")
    for each in case.earlier:
        yield texts(
            "{number}. {kind}: {state}",
            number=number(texts, each.id),
            kind=kind_name(texts, each.kind),
            state=stands(texts, each),
        )


def _inquiries(texts: Texts, case: Case, now: datetime) -> Iterable[Html]:
    for each in case.request.inquiries:
        yield lines(
            texts("❓ {name}, {at}", name=case.name(each.asked_by), at=moment(texts, each.asked_at, now)),
            texts("<blockquote>{text}</blockquote>", text=each.question),
            texts("Answer of the student, {at}", at=moment(texts, each.answered_at, now))
            if each.answered_at
            else texts("No answer yet."),
            texts("<blockquote>{text}</blockquote>", text=each.answer) if each.answer else None,
        )


def _proposal(texts: Texts, case: Case, now: datetime) -> Html | None:
    proposal = case.request.proposal
    if proposal is None:
        return None
    return lines(
        bold(texts("Waits for a signature: {outcome}", outcome=outcome_of(texts, case, proposal.outcome))),
        _points(texts, case, proposal.points),
        texts("Prepared by {name}: {at}", name=case.name(proposal.by), at=moment(texts, proposal.at, now)),
        texts("<blockquote>{text}</blockquote>", text=proposal.reason),
    )


def _points(texts: Texts, case: Case, points: int | None) -> Html | None:
    outlook = None if points is None else outlook_of(case, points)
    if not isinstance(outlook, Outlook):
        return None
    return lines(texts("Points added: <b>+{points}</b>", points=points), brings(texts, outlook))


def _decision(texts: Texts, case: Case, decision: Decision, now: datetime) -> Html:
    marks = decision.points is not None and decision.mark_before is not None and decision.mark_after is not None
    return lines(
        bold(texts("Decision: {outcome}", outcome=outcome_of(texts, case, decision.outcome))),
        texts(
            "Points: +{points}. Exam mark: {before} → <b>{after}</b>",
            points=decision.points,
            before=decision.mark_before,
            after=decision.mark_after,
        )
        if marks
        else None,
        texts(
            "Prepared by {name}: {at}",
            name=case.name(decision.prepared_by),
            at=moment(texts, decision.prepared_at, now),
        ),
        texts("Signed by {name}: {at}", name=case.name(decision.signed_by), at=moment(texts, decision.signed_at, now)),
        texts("<blockquote>{text}</blockquote>", text=decision.reason),
    )


def outcome_of(texts: Texts, case: Case, outcome: RequestState) -> str:
    """Return what a decision is called, for this kind of request."""
    return state_name(texts, case.request.kind, outcome)


def _afterwards(texts: Texts, case: Case, now: datetime) -> Iterable[Html]:
    request = case.request
    if request.seat:
        yield texts("🗓 Exam: {at}, room {room}", at=moment(texts, request.seat.starts_at, now), room=request.seat.room)
    elif case.kind.gives_seat and request.state is RequestState.APPROVED:
        yield texts("🗓 Date, time and room are not set yet.")
    if request.entered_at:
        yield texts(
            "📥 Entered by {name}: {at}", name=case.name(request.entered_by), at=moment(texts, request.entered_at, now)
        )
    if case.told.unreachable:
        yield texts("⚠️ The student could not be told: they blocked the bot. Reach them another way.")
    elif case.told.not_linked:
        yield texts("⚠️ The student could not be told: they are not linked to the bot. Reach them another way.")


def _act_buttons(
    texts: Texts, case: Case, acts: frozenset[Act], *, by: str, again: frozenset[Act], profile: Profile
) -> Iterable[tuple[Button, ...]]:
    request = case.request
    at: dict[str, Any] = {"number": request.id, "version": request.version}
    signs = Act.SIGN in acts and request.state is RequestState.PROPOSED
    if signs or (Act.SIGN in again and case.reviewed.proposed_again):
        yield (Button(texts.plain("✍️ Sign"), SignCase(**at)), Button(texts.plain("Send back"), BeginReturn(**at)))
    decides = Act.SIGN in acts and decided_in_one_step(request.kind, profile.requests)
    if Act.TAKE in acts and request.taken_by is None:
        yield (Button(texts.plain("Take"), TakeCase(number=request.id)),)
    if (Act.PREPARE in acts or decides) and not signs:
        yield tuple(
            Button(verb(texts, outcome, case.kind.queue), BeginVerdict(**at, outcome=outcome))
            for outcome in case.kind.decisions
        )
    if Act.PREPARE in acts:
        yield (Button(texts.plain("❓ Ask the student"), BeginQuestion(**at)),)
    if Act.TAKE in acts and request.taken_by == by:
        yield (Button(texts.plain("Let it go"), ReleaseCase(**at)),)
    if Act.PREPARE in again and not (Act.SIGN in again and case.reviewed.proposed_again):
        outcome = case.kind.desk.favourable
        label = texts.plain("Decide in the student's favour after all")
        yield (Button(label, BeginVerdict(**at, outcome=outcome, again=True)),)
    if Act.SEAT in acts and case.kind.gives_seat:
        yield from _seat_buttons(texts, request, at)
    if Act.ENTER in acts and request.entered_at is None:
        yield (Button(texts.plain("✅ Entered"), EnterMark(number=request.id)),)
    if Act.NAME_SUBSTITUTE in acts:
        yield (Button(texts.plain("Name a substitute"), ChooseSubstitute(number=request.id)),)


def verb(texts: Texts, outcome: RequestState, queue: Queue) -> str:
    """Return what the button of a decision says; the commission has a word of its own for a refusal."""
    match outcome:
        case RequestState.UPHELD:
            return texts.plain("✅ Uphold")
        case RequestState.APPROVED:
            return texts.plain("✅ Approve")
        case RequestState.REFUSED if DESKS[queue].favourable is RequestState.UPHELD:
            return texts.plain("❌ Do not uphold")
        case _:
            return texts.plain("❌ Refuse")


def _seat_buttons(texts: Texts, request: Request, at: dict[str, Any]) -> Iterable[tuple[Button, ...]]:
    if request.seat is None:
        yield (Button(texts.plain("🗓 Set date, time and room"), BeginSeat(**at)),)
    else:
        yield (
            Button(texts.plain("🗓 Move the exam"), BeginSeat(**at)),
            Button(texts.plain("Call it off"), BeginCallOff(**at)),
        )


def _papers(texts: Texts, case: Case) -> Rows:
    files = [
        (Button(f"📎 {shortened(each.file.file_name, FILE_LETTERS)}", SendFile(document=each.id)),)
        for each in case.documents
    ]
    return [*files, (Button(texts.plain("🖨 Application (PDF)"), PrintApplication(number=case.request.id)),)]


def _back(texts: Texts, case: Case) -> tuple[Button, ...]:
    here = OpenCase(number=case.request.id)
    return (
        Button(texts.plain("Refresh"), here),
        Button(texts.plain("« Queue"), OpenQueue(queue=case.kind.queue)),
    )
