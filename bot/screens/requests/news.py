"""What a student is told of a request unasked: taken, asked, decided, entered, a seat and the reminder of it."""

from collections.abc import Mapping

from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Button, Screen
from bot.screens.requests.buttons import WriteAnswer
from bot.screens.requests.form import quoted
from bot.screens.requests.offers import desk_of
from bot.screens.requests.own import about_request, entered, marks, mine, open_request, opens, seat
from bot.words.clauses import clauses
from bot.words.requests import number, received, state_name
from bot.words.windows import until
from policy.profile import Profile
from policy.requests import RequestState
from services.requests.cases import Case
from services.requests.telling import News
from storage.requests import Decision

TITLES: Mapping[News, str] = {
    News.REGISTERED: msgid("📄 Your paper request is registered: <b>{number}</b>"),
    News.TAKEN: msgid("👀 <b>{number}</b> is being reviewed now."),
    News.ASKED: msgid("❓ A question about <b>{number}</b>. Please answer."),
    News.ENTERED: msgid("🏛 <b>{number}</b>: the new mark is entered in the university's system."),
    News.SEATED: msgid("📅 <b>{number}</b>: the exam has its date, time and room."),
    News.MOVED: msgid("📅 <b>{number}</b>: the exam is moved."),
    News.CALLED_OFF: msgid("🚫 <b>{number}</b>: the exam is called off."),
    News.VOID: msgid("↩️ <b>{number}</b> is no longer in force."),
}


def news(
    texts: Texts, case: Case, what: News, profile: Profile, *, decision: Decision | None, why: str | None
) -> Screen:
    """Tell a student of one step; `decision` is the one that was made, `why` the reason kept with a step."""
    one = case.request
    if decision is not None:
        return _decided(texts, case, decision, profile)
    return Screen(
        paragraphs(
            texts(TITLES[what], number=number(texts, one.id)),
            texts("Reason: {reason}", reason=why) if why and what in (News.CALLED_OFF, News.VOID) else None,
            _step(texts, case, what, profile),
            lines(*about_request(texts, case.study, one)),
            desk_of(texts, one.kind, profile) if what in (News.CALLED_OFF, News.VOID) else None,
        ),
        (
            *(((Button(texts.plain("Answer"), WriteAnswer(number=one.id)),),) if what is News.ASKED else ()),
            (open_request(texts, one, anew=True),),
            mine(texts, anew=True),
        ),
    )


def still_so(case: Case, what: News) -> bool:
    """Tell whether a step still stands when its news is sent: later ones may have overtaken it."""
    one = case.request
    match what:
        case News.TAKEN:
            return one.open and one.taken_by is not None
        case News.ASKED:
            return one.open and one.paused_at is not None
        case News.SEATED | News.MOVED:
            return one.seat is not None
        case News.CALLED_OFF:
            return one.state is RequestState.APPROVED and one.seat is None
    return True


def seat_reminder(texts: Texts, case: Case) -> Screen:
    """Remind of an exam that is soon."""
    one = case.request
    return Screen(
        paragraphs(
            texts("⏰ <b>{number}</b>: your exam is soon.", number=number(texts, one.id)),
            seat(texts, one, case.study.now),
            lines(*about_request(texts, case.study, one)),
        ),
        ((open_request(texts, one, anew=True),),),
    )


def _step(texts: Texts, case: Case, what: News, profile: Profile) -> Html | None:
    """Say what matters most about a step."""
    one, now = case.request, case.study.now
    match what:
        case News.REGISTERED:
            return lines(
                texts("Received: <b>{at}</b>", at=received(texts, one.filed_at, profile)),
                texts("Answer until: {due}", due=until(texts, one.due_at, now)),
            )
        case News.TAKEN:
            return texts("Answer until: {due}", due=until(texts, one.due_at, now))
        case News.ASKED:
            return lines(
                quoted(texts, one.inquiries[-1].question if one.inquiries else ""),
                texts("The time of the decision stands still until you answer."),
            )
        case News.ENTERED:
            return entered(texts, one, now)
        case News.SEATED | News.MOVED | News.CALLED_OFF:
            return seat(texts, one, now)
    return None


def _decided(texts: Texts, case: Case, decision: Decision, profile: Profile) -> Screen:
    """Tell of a decision: what it is, why, what it does to the mark and what comes next."""
    one = case.request
    favourable = decision.outcome in (RequestState.UPHELD, RequestState.APPROVED)
    return Screen(
        paragraphs(
            lines(
                texts(
                    "{sign} <b>{number}</b>: <b>{outcome}</b>",
                    sign="✅" if favourable else "❌",
                    number=number(texts, one.id),
                    outcome=state_name(texts, one.kind, decision.outcome),
                ),
                *about_request(texts, case.study, one),
            ),
            texts("Grounds: {reason}", reason=decision.reason),
            marks(texts, case, decision),
            _what_next(texts, case),
            seat(texts, one, case.study.now),
            entered(texts, one, case.study.now),
            clauses(texts, case.cites) if case.cites else None,
            None if favourable else desk_of(texts, one.kind, profile),
        ),
        ((open_request(texts, one, anew=True),), mine(texts, anew=True)),
    )


def _what_next(texts: Texts, case: Case) -> Html | None:
    """Say what a course that is not passed still allows, under a spoiler: it would give the mark away."""
    if case.standing is None or not case.kind.about_mark:
        return None
    said = opens(texts, case.study, case.standing)
    if said is None or case.request.state is RequestState.APPROVED:
        return None
    return texts("<tg-spoiler>{what}</tg-spoiler>", what=said)
