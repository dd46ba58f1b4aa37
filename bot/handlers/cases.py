"""Cases: laid open, taken, let go, signed, entered; their documents and their application."""

from dataclasses import replace
from typing import Any

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature
from bot.i18n import Html, lines
from bot.middlewares.context import FINAL, WRITES, Said
from bot.middlewares.review import Reviewer, of_staff
from bot.screen import Screen
from bot.screens.review import case as screens
from bot.screens.review.buttons import (
    ChooseSubstitute,
    EnterMark,
    NameSubstitute,
    OpenCase,
    ReleaseCase,
    SignCase,
    TakeCase,
)
from bot.words.review import refusal
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.requests import Queue, RequestState
from policy.review import Act, ReviewRefusal
from policy.two_people import TwoPeopleRefusal
from services.reads import record_read
from services.requests.cases import (
    Case,
    CaseRefusal,
    acts_again,
    acts_of,
    asked_for,
    case_for,
    case_of,
    free_signers,
    note_refused,
    open_case,
)
from services.requests.reviewing import ReviewingRefusal, enter, name_substitute, release, sign, sign_again, take
from services.requests.substitutes import could_substitute
from services.requests.telling import readers_of

CASE_FORM = "case"
OUTSIDE = (ReviewRefusal.NO_ROLE, ReviewRefusal.TERM_OVER, ReviewRefusal.OTHER_INSTITUTE)


async def open_by_link(_: Message, command: CommandObject, reviewer: Reviewer) -> Said:
    """Lay open the case that a card in a group leads to."""
    return await shown(reviewer, int((command.args or "").removeprefix("case-")))


async def open_one(_: CallbackQuery, callback_data: OpenCase, reviewer: Reviewer) -> Said:
    """Lay a case open, out of any form about it."""
    await reviewer.leave(CASE_FORM)
    return replace(await shown(reviewer, callback_data.number), anew=callback_data.anew)


async def take_here(_: CallbackQuery, callback_data: TakeCase, reviewer: Reviewer) -> Said:
    """Take a case and show it."""
    done = await take(reviewer.storage, callback_data.number, reviewer.acting())
    said = await after(reviewer, callback_data.number, done, reviewer.texts("👤 You have taken this case."))
    return replace(said, anew=callback_data.anew)


async def let_go(_: CallbackQuery, callback_data: ReleaseCase, reviewer: Reviewer) -> Said:
    """Let a case go, back to everybody."""
    done = await release(reviewer.storage, callback_data.number, reviewer.acting(callback_data.version))
    return await after(reviewer, callback_data.number, done, reviewer.texts("The case waits for everybody again."))


async def sign_proposal(_: CallbackQuery, callback_data: SignCase, reviewer: Reviewer) -> Said:
    """Sign the decision that was shown."""
    request = await reviewer.storage.requests.by_id(callback_data.number)
    again = request is not None and request.state is RequestState.REFUSED
    signs = sign_again if again else sign
    done = await signs(reviewer.storage, callback_data.number, reviewer.acting(callback_data.version))
    said = reviewer.texts("✅ Signed. The student is told.")
    return await after(reviewer, callback_data.number, done, said)


async def enter_mark(_: CallbackQuery, callback_data: EnterMark, reviewer: Reviewer) -> Said:
    """Note that an upheld mark stands in the university's system."""
    done = await enter(reviewer.storage, callback_data.number, reviewer.acting())
    said = reviewer.texts("✅ Noted: the mark is entered. The student is told.")
    return await after(reviewer, callback_data.number, done, said)


async def choose_substitute(_: CallbackQuery, callback_data: ChooseSubstitute, reviewer: Reviewer) -> Said:
    """Offer those who could sign in place of everybody in conflict."""
    return await _substitutes(reviewer, callback_data.number)


async def name_one(_: CallbackQuery, callback_data: NameSubstitute, reviewer: Reviewer) -> Said:
    """Let somebody sign this one case."""
    acting = reviewer.acting(callback_data.version)
    done = await name_substitute(reviewer.storage, callback_data.number, callback_data.person, acting)
    if isinstance(done, Refused):
        return await why(reviewer, callback_data.number, done)
    case = await case_of(reviewer.storage, done, now=reviewer.now, profile=reviewer.profile)
    person = await reviewer.storage.people.by_id(callback_data.person)
    if person is None:
        raise LookupError("a substitute whom nobody knows")
    return screens.substituted(reviewer.texts, case, person)


async def shown(reviewer: Reviewer, number: int, said: Html | None = None) -> Screen:
    """Return a case as this person may see it, under whatever was just `said`; or why they may not."""
    case = await open_case(
        reviewer.storage, request_id=number, by=reviewer.by, now=reviewer.now, profile=reviewer.profile
    )
    if not isinstance(case, Refused):
        return await _opened(reviewer, case, said)
    if case.reason in OUTSIDE:
        entry = await _asked(reviewer, Act.ENTER, number)
        if not isinstance(entry, Refused):
            await record_read(
                reviewer.storage,
                of=[entry.student.person_id],
                what="request",
                cause="request",
                by=reviewer.by,
                now=reviewer.now,
            )
            await reviewer.storage.commit()
            return screens.entry(reviewer.texts, entry, now=reviewer.now, said=said)
        if not isinstance(await _asked(reviewer, Act.NAME_SUBSTITUTE, number), Refused):
            return await _substitutes(reviewer, number)
    note_refused(case, number, by=reviewer.by, now=reviewer.now)
    return await _refused(reviewer, number, case)


async def after(reviewer: Reviewer, number: int, done: Any, said: Html) -> Screen:
    """Show a case after a step, or why the step was not taken."""
    return await why(reviewer, number, done) if isinstance(done, Refused) else await shown(reviewer, number, said)


async def why(reviewer: Reviewer, number: int, refused: Refused[Any]) -> Screen:
    """Say why a step was not taken, above the case as it stands now where this person may see it."""
    request = await reviewer.storage.requests.by_id(number)
    if request is None or refused.reason in {CaseRefusal.UNKNOWN, *OUTSIDE}:
        return await _refused(reviewer, number, refused)
    case = await case_of(reviewer.storage, request, now=reviewer.now, profile=reviewer.profile)
    sentence = reviewer.texts("❌ {why}", why=refusal(reviewer.texts, refused, case, now=reviewer.now))
    if refused.reason in {ReviewRefusal.OWN_PROPOSAL, TwoPeopleRefusal.MADE_ABLE}:
        sentence = lines(sentence, await _could_sign(reviewer, case))
    return await shown(reviewer, number, sentence)


async def _could_sign(reviewer: Reviewer, case: Case) -> Html:
    """Say who is free to sign, and that an administrator names somebody where nobody is."""
    those = await free_signers(reviewer.storage, case, now=reviewer.now, profile=reviewer.profile)
    people = await reviewer.storage.people.by_ids(each for each in those if each != case.reviewed.prepared_by)
    if not people:
        return reviewer.texts("Nobody else can sign it now: an administrator names a substitute.")
    return reviewer.texts("Could sign: {names}", names=", ".join(each.name.short for each in people.values()))


async def _opened(reviewer: Reviewer, case: Case, said: Html | None) -> Screen:
    grants = await reviewer.storage.roles.of_person(reviewer.by)
    return screens.opened(
        reviewer.texts,
        case,
        acts_of(case, by=reviewer.by, grants=grants, profile=reviewer.profile),
        by=reviewer.by,
        again=acts_again(case, by=reviewer.by, grants=grants, profile=reviewer.profile),
        signable=bool(await free_signers(reviewer.storage, case, now=reviewer.now, profile=reviewer.profile)),
        now=reviewer.now,
        profile=reviewer.profile,
        said=said,
    )


async def _substitutes(reviewer: Reviewer, number: int) -> Screen:
    storage, now, profile = reviewer.storage, reviewer.now, reviewer.profile
    case = await case_for(storage, Act.NAME_SUBSTITUTE, request_id=number, by=reviewer.by, now=now, profile=profile)
    if isinstance(case, Refused):
        return await _refused(reviewer, number, case)
    if await free_signers(storage, case, now=now, profile=profile):
        return await _refused(reviewer, number, Refused(ReviewingRefusal.NOT_NEEDED, ()))
    of = [case.student.person_id]
    await record_read(storage, of=of, what="request", cause="request", by=reviewer.by, now=now)
    await storage.commit()
    those = await could_substitute(storage, case, now=now, profile=profile)
    return screens.substitutes(reviewer.texts, case, those)


async def _asked(reviewer: Reviewer, act: Act, number: int) -> Case | Refused[Any]:
    return await asked_for(
        reviewer.storage, act, request_id=number, by=reviewer.by, now=reviewer.now, profile=reviewer.profile
    )


async def _refused(reviewer: Reviewer, number: int, refused: Refused[Any]) -> Screen:
    said = as_outside(refused, reviewer.roles, reviewer.profile)
    sentence = refusal(reviewer.texts, said, now=reviewer.now)
    request = await reviewer.storage.requests.by_id(number) if said is refused else None
    return screens.closed(reviewer.texts, sentence, reviewer.profile, request.kind.queue if request else None)


def as_outside(refused: Refused[Any], roles: tuple[RoleGrant, ...], profile: Profile) -> Refused[Any]:
    """Return a refusal as whoever may not meet the case hears it: the same where there is none of this number."""
    if refused.reason not in {CaseRefusal.UNKNOWN, *OUTSIDE}:
        return refused
    deals = {Role.REGISTRAR, Role.ADMIN, *(role for queue in Queue for role in readers_of(queue, profile.requests))}
    works_here = any(grant.role in deals for grant in roles)
    return Refused(CaseRefusal.UNKNOWN if works_here else ReviewRefusal.NO_ROLE, ())


def router() -> Router:
    """Return the routes of this feature in private chats."""
    router = of_staff(__name__)
    router.message.register(
        open_by_link, CommandStart(deep_link=True, magic=F.args.regexp(r"^case-\d{1,18}$")), flags=WRITES
    )
    router.callback_query.register(open_one, OpenCase.filter(), flags=WRITES)
    router.callback_query.register(take_here, TakeCase.filter(), flags=WRITES)
    router.callback_query.register(let_go, ReleaseCase.filter(), flags=WRITES)
    router.callback_query.register(sign_proposal, SignCase.filter(), flags=FINAL)
    router.callback_query.register(enter_mark, EnterMark.filter(), flags=WRITES)
    router.callback_query.register(choose_substitute, ChooseSubstitute.filter(), flags=WRITES)
    router.callback_query.register(name_one, NameSubstitute.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router)
